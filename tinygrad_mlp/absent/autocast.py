"""Automatic mixed precision (torch.amp.autocast), as far as there is something to do for it.

There are no tensors on other devices, so that their autocast has nothing to convert: for CUDA it is switched off with
a warning, for the rest it is only noted, as in torch. That of the CPU is refused where it is entered: torch would
compute some operators in bfloat16 and some in float32 inside, while the operators here take tensors as they are.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

from ..arrays.devices import device
from ..arrays.dtypes import bfloat16, dtype, float16
from ..messages import type_name, warn
from .refusals import (
    AUTOCAST_ARGUMENT,
    AUTOCAST_DEVICE,
    AUTOCAST_DTYPE,
    AUTOCAST_KEY,
    AUTOCAST_ON_CPU,
    AUTOCAST_SCALAR_TYPE,
    AUTOCAST_WITHOUT_CUDA,
    OLD_FUNCTION,
)

__all__ = [
    "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache", "custom_bwd",
    "custom_fwd",
    "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled", "set_autocast_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype",
]  # fmt: skip


# The types of device for which torch has autocast, and the dtypes that it uses.
_DTYPES = {"cpu": bfloat16, "hpu": bfloat16, "maia": bfloat16, "xla": bfloat16} | dict.fromkeys(
    ("cuda", "ipu", "mps", "mtia", "xpu"), float16
)


class _State(threading.local):
    """What a thread has set: for which types of device autocast is on, and their dtypes."""

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}
        self.dtypes = dict(_DTYPES)
        self.cached = True
        self.depth = 0


_state = _State()


# -- what a program asks and sets ------------------------------------------------------------------


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a type of device in this thread; never for the CPU (torch.is_autocast_enabled)."""
    return _state.enabled.get(_known(device_type, "is_autocast_enabled"), False)


def set_autocast_enabled(device_type: str | bool, enabled: bool = False) -> None:
    """Switch autocast on or off, for CUDA if only a bool is given; NotImplementedError for the CPU (as in torch)."""
    given, enabled = ("cuda", device_type) if isinstance(device_type, bool) else (device_type, enabled)
    kind = _known(given, "set_autocast_enabled")
    if kind == "cpu" and enabled:
        raise NotImplementedError(AUTOCAST_ON_CPU.format(dtype=_state.dtypes["cpu"]))
    _state.enabled[kind] = enabled


def get_autocast_dtype(device_type: str) -> dtype:
    """The dtype that autocast would use for a type of device (torch.get_autocast_dtype)."""
    return _state.dtypes[_known(device_type, "get_autocast_dtype", AUTOCAST_SCALAR_TYPE)]


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    """Choose that dtype (torch.set_autocast_dtype)."""
    _state.dtypes[_known(device_type, "set_autocast_dtype")] = dtype


def _known(device_type: Any, function: str, refusal: str = AUTOCAST_KEY) -> str:
    if not isinstance(device_type, str):
        raise TypeError(AUTOCAST_ARGUMENT.format(function=function, found=type_name(device_type)))
    kind = device(device_type).type
    if kind not in _DTYPES:
        raise RuntimeError(refusal)
    return kind


def is_autocast_available(device_type: str) -> bool:
    """Whether torch has autocast for a type of device (torch.amp.is_autocast_available)."""
    if not isinstance(device_type, str):
        raise TypeError(AUTOCAST_ARGUMENT.format(function="_is_autocast_available", found=type_name(device_type)))
    return device(device_type).type in _DTYPES


def is_autocast_cache_enabled() -> bool:
    """What was set by `set_autocast_cache_enabled` or the block that was entered (as in torch)."""
    return _state.cached


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Keep whether converted weights are to be kept; none are (torch.set_autocast_cache_enabled)."""
    _state.cached = enabled


def clear_autocast_cache() -> None:
    """Do nothing: no converted weights are kept (torch.clear_autocast_cache)."""


def autocast_increment_nesting() -> int:
    """Count one more block of autocast (torch.autocast_increment_nesting)."""
    _state.depth += 1
    return _state.depth


def autocast_decrement_nesting() -> int:
    """Count one block less (torch.autocast_decrement_nesting)."""
    _state.depth -= 1
    return _state.depth


def _old(old: str, new: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """A function that names its device in its name, and warns that another should be called."""

    def function(*args: Any) -> Any:
        warnings.warn(OLD_FUNCTION.format(old=old, new=new), DeprecationWarning, stacklevel=2)
        return call(*args)

    function.__name__ = function.__qualname__ = old.partition("(")[0]
    function.__doc__ = f"An old name of torch.{new}."
    return function


is_autocast_cpu_enabled = _old(
    "is_autocast_cpu_enabled()", "is_autocast_enabled('cpu')", functools.partial(is_autocast_enabled, "cpu")
)
set_autocast_cpu_enabled = _old(
    "set_autocast_cpu_enabled(enabled)", "set_autocast_enabled('cpu', enabled)",
    functools.partial(set_autocast_enabled, "cpu"),
)  # fmt: skip
get_autocast_cpu_dtype = _old(
    "get_autocast_cpu_dtype()", "get_autocast_dtype('cpu')", functools.partial(get_autocast_dtype, "cpu")
)
get_autocast_gpu_dtype = _old(
    "get_autocast_gpu_dtype()", "get_autocast_dtype('cuda')", functools.partial(get_autocast_dtype, "cuda")
)
set_autocast_cpu_dtype = _old(
    "set_autocast_cpu_dtype(dtype)", "set_autocast_dtype('cpu', dtype)", functools.partial(set_autocast_dtype, "cpu")
)
set_autocast_gpu_dtype = _old(
    "set_autocast_gpu_dtype(dtype)", "set_autocast_dtype('cuda', dtype)", functools.partial(set_autocast_dtype, "cuda")
)


# -- blocks and functions under autocast -----------------------------------------------------------


class autocast:
    """A `with` block, or a decorator, with autocast for a type of device (torch.amp.autocast).

    ValueError for a `device_type` that is no text, RuntimeError for one that torch does not know. For "cuda" it warns
    and is switched off, and for "cpu" with another dtype than bfloat16 or float16. NotImplementedError where an enabled
    one for the CPU is entered.
    """

    __module__ = "tinygrad_mlp.amp.autocast_mode"

    def __init__(
        self, device_type: str, dtype: dtype | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(AUTOCAST_DEVICE.format(found=type(device_type)))
        default = get_autocast_dtype(device_type)
        self.device = device_type
        self.fast_dtype = default if dtype is None else dtype
        if enabled and device_type == "cuda":
            warn(AUTOCAST_WITHOUT_CUDA)
            enabled = False
        if enabled and device_type == "cpu" and self.fast_dtype not in (bfloat16, float16):
            warn(AUTOCAST_DTYPE)
            enabled = False
        self._enabled = enabled
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._before: list[tuple[bool, Any, bool]] = []  # what blocks that were entered found

    def __enter__(self) -> autocast:
        if self._enabled and device(self.device).type == "cpu":
            raise NotImplementedError(AUTOCAST_ON_CPU.format(dtype=self.fast_dtype))
        self._before.append(
            (is_autocast_enabled(self.device), get_autocast_dtype(self.device), is_autocast_cache_enabled())
        )
        self._set(self._enabled, self.fast_dtype, self._cache_enabled)
        autocast_increment_nesting()
        return self

    def __exit__(self, *raised: object) -> None:
        autocast_decrement_nesting()
        self._set(*self._before.pop())

    def _set(self, enabled: bool, dtype: dtype, cached: bool) -> None:
        set_autocast_enabled(self.device, enabled)
        set_autocast_dtype(self.device, dtype)
        set_autocast_cache_enabled(cached)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def under_autocast(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return under_autocast


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: dtype | None = None) -> Any:
    """Decorate `forward` of a Function: note on `ctx` whether autocast is on, for `custom_bwd` (as in torch).

    `cast_inputs` has nothing to convert: it is for tensors on a device with autocast.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = is_autocast_enabled(device_type) and cast_inputs is None
        return fwd(ctx, *args, **kwargs)

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate `backward` of a Function: autocast is in it as it was in its forward (torch.amp.custom_bwd)."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return backward
