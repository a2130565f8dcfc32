"""Names of torch.jit: what scripts and traces gives the function or module back, as it is already what shall run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..messages import warn_once
from .futures import Future
from .refusals import NO_TORCHSCRIPT

__all__ = [
    "Attribute", "Error", "TracerWarning", "annotate", "fork", "freeze", "optimize_for_inference", "script", "trace",
    "trace_module", "wait",
]  # fmt: skip


class Attribute(NamedTuple):
    """A value and its type, for an attribute of a scripted module (torch.jit.Attribute)."""

    value: Any
    type: Any


class Error(RuntimeError):
    """What TorchScript raises; nothing here does (torch.jit.Error)."""

    __module__ = "tinygrad_mlp.jit"


class TracerWarning(Warning):
    """What torch warns of while it traces; nothing here does (torch.jit.TracerWarning)."""

    __module__ = "tinygrad_mlp.jit"


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value: only TorchScript reads the type (torch.jit.annotate)."""
    return the_value


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Call a function, at once and in this thread; a future with its result (torch.jit.fork)."""
    future = Future()
    try:
        future.set_result(func(*args, **kwargs))
    except Exception as error:
        future.set_exception(error)
    return future


def wait(future: Future) -> Any:
    """The result of a future (torch.jit.wait)."""
    return future.wait()


def _given_back(name: str, doc: str) -> Callable[..., Any]:
    def function(obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        warn_once(NO_TORCHSCRIPT.format(function=name))
        return function if obj is None else obj

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc} (torch.jit.{name}). A warning says so once."
    return function


script = _given_back("script", "The function, module or class itself")
trace = _given_back("trace", "The function or module itself, which is not called")
trace_module = _given_back("trace_module", "The module itself, none of whose methods is called")
freeze = _given_back("freeze", "The module itself")
optimize_for_inference = _given_back("optimize_for_inference", "The module itself")
