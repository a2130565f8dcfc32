"""The rows of modules whose names begin with an underscore, but which libraries import nevertheless."""

from __future__ import annotations

import typing
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from .rows import Row, answers, classes, functions, gives_back, holds, taken

__all__ = ["MODULES"]

_NO_CORE = "its core is Python, without the classes of torch's C++"


def _without_torch_function(function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Call a function as it is, for a class that does not want `__torch_function__`."""
    return function(*args, **(kwargs or {}))


MODULES: dict[str, tuple[Row, ...]] = {
    "_C": (
        answers(
            None,
            "_get_tracing_state _log_api_usage_once _jit_set_profiling_executor _jit_set_profiling_mode "
            "_jit_override_can_fuse_on_cpu _jit_override_can_fuse_on_gpu _jit_set_texpr_fuser_enabled "
            "_jit_set_nvfuser_enabled",
        ),
        answers(False, "_jit_can_fuse_on_cpu _jit_can_fuse_on_gpu _is_torch_function_mode_enabled"),
        answers("cpu", "_get_default_device"),
        answers("privateuseone", "_get_privateuse1_backend_name"),
        answers(nullcontext, "DisableTorchFunction DisableTorchFunctionSubclass"),
        holds(_disabled_torch_function_impl=_without_torch_function),
        classes("Block Graph Node ScriptFunction ScriptModule ScriptObject Value", _NO_CORE),
        taken("", "Generator Size device dtype"),
        lambda module: {"TensorBase": taken("", "Tensor")(module)["Tensor"]},
    ),
    "_C._functorch": (
        functions("_add_batch_dim _remove_batch_dim get_unwrapped is_batchedtensor is_gradtrackingtensor", _NO_CORE),
    ),
    "_jit_internal": (
        answers(False, "is_scripting"),
        gives_back("_copy_to_script_wrapper _overload _overload_method export ignore unused"),
        holds(Final=typing.Final, **{f"BroadcastingList{n}": list for n in range(1, 7)}),
        taken("absent.futures", "Future"),
    ),
    "_tensor": (taken("", "Tensor"),),
    "storage": (taken("", "TypedStorage UntypedStorage"),),
}
