"""Settings of the whole process that torch's programs make: threads, determinism, precision, the default device.

Here every algorithm is deterministic, float32 products are computed in float32, and all tensors lie on the CPU; so most
of these settings are kept, to be asked for again, and change nothing.
"""

from __future__ import annotations

import os
from typing import Any

from .arrays import CPU, device, on_cpu
from .arrays.devices import entered
from .messages import warn_once

__all__ = [
    "are_deterministic_algorithms_enabled", "compiled_with_cxx11_abi", "get_default_device",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_device",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
]  # fmt: skip

# The texts of what is refused, with when it comes.

# RuntimeError for a number of threads that is no integer, or below 1.
THREADS_TYPE = "{function} expects an int, but got {found}"
THREADS_NEGATIVE = "{function} expects a positive integer"
# use_deterministic_algorithms: TypeError for what is no bool.
MODE_TYPE = "_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {found}"
WARN_ONLY_TYPE = "_set_deterministic_algorithms(): argument 'warn_only' must be bool, not {found}"
# set_deterministic_debug_mode: TypeError for another type, RuntimeError for another value.
DEBUG_MODE_TYPE = "debug_mode must be str or int, but got {found}"
DEBUG_MODE_TEXT = "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {found}"
DEBUG_MODE_NUMBER = "invalid value of debug_mode, expected 0, 1, or 2, but got {found}"
# RuntimeError for what is no bool.
BOOL_TYPE = "{function} expects a bool, but got {found}"
# set_float32_matmul_precision: UserWarning for another text, which is ignored.
PRECISION = (
    "{found} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has no effect."
)

_kept: dict[str, Any] = {
    "deterministic": 0,
    "precision": "highest",
    "warn_always": False,
    "threads": None,
    "interop": None,
}


# -- threads ---------------------------------------------------------------------------------------


def get_num_threads() -> int:
    """How many threads a matrix product may take (torch.get_num_threads).

    NumPy's BLAS is asked by threadpoolctl, if that is installed; else it is the number that was set, or of all cores.
    """
    found = [pool["num_threads"] for pool in _pools() if pool["user_api"] == "blas"]
    return max(found, default=_kept["threads"] or os.cpu_count() or 1)


def set_num_threads(threads: int, /) -> None:
    """Choose how many threads a matrix product may take (torch.set_num_threads).

    NumPy's BLAS is told by threadpoolctl; without it, only the environment that a process starts with decides
    (OPENBLAS_NUM_THREADS). RuntimeError for what is no positive integer.
    """
    _kept["threads"] = _threads("set_num_threads", threads)
    if _pools():
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads, "blas")


def _pools() -> list[Any]:
    try:
        import threadpoolctl
    except ImportError:
        return []
    found: list[Any] = threadpoolctl.threadpool_info()
    return found


def get_num_interop_threads() -> int:
    """The number that was set, or half of the cores; operators never run at the same time here (as in torch)."""
    return _kept["interop"] or max(1, (os.cpu_count() or 1) // 2)


def set_num_interop_threads(threads: int, /) -> None:
    """Keep a number of threads; operators never run at the same time (torch.set_num_interop_threads)."""
    _kept["interop"] = _threads("set_num_interop_threads", threads)


def _threads(function: str, n: Any) -> int:
    if type(n) is not int:
        raise RuntimeError(THREADS_TYPE.format(function=function, found=type(n).__name__))
    if n < 1:
        raise RuntimeError(THREADS_NEGATIVE.format(function=function))
    return n


# -- determinism and precision ---------------------------------------------------------------------


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for deterministic algorithms, which all are here; TypeError for what is no bool (as in torch)."""
    if not isinstance(mode, bool):
        raise TypeError(MODE_TYPE.format(found=type(mode).__name__))
    if not isinstance(warn_only, bool):
        raise TypeError(WARN_ONLY_TYPE.format(found=type(warn_only).__name__))
    _kept["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether the program asked for deterministic algorithms (torch.are_deterministic_algorithms_enabled)."""
    return bool(_kept["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether the program asked for warnings about algorithms that are not deterministic (as in torch)."""
    return bool(_kept["deterministic"] == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 for warnings, or 2 for errors, as the program chose (torch.get_deterministic_debug_mode)."""
    return int(_kept["deterministic"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same as `use_deterministic_algorithms`, by 0, 1, 2, "default", "warn" or "error" (as in torch)."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(DEBUG_MODE_TYPE.format(found=type(debug_mode)))
    names = {"default": 0, "warn": 1, "error": 2}
    mode = names.get(debug_mode) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        text = DEBUG_MODE_TEXT if isinstance(debug_mode, str) else DEBUG_MODE_NUMBER
        raise RuntimeError(text.format(found=debug_mode))
    _kept["deterministic"] = mode


def get_float32_matmul_precision() -> str:
    """The precision that the program chose for products of float32 (torch.get_float32_matmul_precision)."""
    return str(_kept["precision"])


def set_float32_matmul_precision(precision: str) -> None:
    """Keep "highest", "high" or "medium"; products are always computed in full float32 (as in torch)."""
    if precision in ("highest", "high", "medium"):
        _kept["precision"] = precision
    else:
        warn_once(PRECISION.format(found=precision))


def set_flush_denormal(mode: bool, /) -> bool:
    """Ask that numbers too small for full precision count as 0; False, as NumPy cannot (torch.set_flush_denormal)."""
    return not _bool("flush_denormal", mode)


def set_warn_always(b: bool, /) -> None:
    """Keep whether warnings are to come every time; those that come once still do (torch.set_warn_always)."""
    _kept["warn_always"] = _bool("setWarnOnlyOnce", b)


def is_warn_always_enabled() -> bool:
    """What the program chose by `set_warn_always` (torch.is_warn_always_enabled)."""
    return bool(_kept["warn_always"])


def _bool(function: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuntimeError(BOOL_TYPE.format(function=function, found=type(value).__name__))
    return value


def compiled_with_cxx11_abi() -> bool:
    """True, as of every torch that is built today (torch.compiled_with_cxx11_abi)."""
    return True


# -- the device ------------------------------------------------------------------------------------


def get_default_device() -> device:
    """Where new tensors are made: on the CPU, or as a `with` block on a device says (torch.get_default_device)."""
    return entered[-1] if entered else CPU


def set_default_device(device: Any) -> None:
    """Accept the CPU, and refuse any other device as torch refuses one that it lacks (torch.set_default_device)."""
    on_cpu(device)
