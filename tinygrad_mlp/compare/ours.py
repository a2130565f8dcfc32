"""Recording a program under this package: while a program is recorded, the public functions and methods are wrapped."""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import autograd, nn, optim
from ..autograd import Function
from ..nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from ..tensor import Tensor
from .kept import Kept
from .recorder import Recorder
from .records import Writer

_PACKAGE = __name__.partition(".")[0]
_MISSING = object()
# Methods that give no tensor, or that the program does not call itself.
_LEFT = frozenset(
    """__init__ __new__ __repr__ __str__ __format__ __hash__ __len__ __bool__ __int__ __float__ __index__ __contains__
    __array__ __array_ufunc__ __array_function__ __dir__ __setattr__ __getattribute__ __delattr__ __reduce__
    __reduce_ex__ __init_subclass__ __subclasshook__ __class__ __getattr__ __sizeof__ __copy__ __deepcopy__
    __setstate__ __getstate__ __torch_function__ __iter__ __reversed__ __dlpack__ __dlpack_device__
    __treescope_ndarray_adapter__ backward register_hook item tolist numpy size dim stride numel ndimension
    requires_grad_ retain_grad data_ptr element_size is_contiguous storage_offset""".split()  # noqa: SIM905
)


@contextmanager
def recording(writer: Writer, program: str, kept: Kept, steps: int | None = None) -> Iterator[Recorder]:
    """In this block the program's calls of the package are noted."""
    package = sys.modules[_PACKAGE]
    folder = os.path.dirname(str(package.__file__))
    recorder = Recorder(writer, kept, [folder + os.sep, "<" + _PACKAGE], lambda x: x.array, program, steps)
    replaced: list[tuple[Any, str, Any]] = []

    def replace(owner: Any, name: str, new: Any) -> None:
        replaced.append((owner, name, vars(owner).get(name, _MISSING)))
        setattr(owner, name, new)

    for name in package.__all__:  # what is made when it is first asked for cannot be replaced before
        getattr(package, name)
    for name in list(vars(Tensor)):
        getattr(Tensor, name, None)
    owner: Any
    for owner, full in ((package, "torch"), (nn.functional, "torch.nn.functional"), (nn.init, "torch.nn.init")):
        for name, function in list(vars(owner).items()):
            if isinstance(function, types.FunctionType) and not name.startswith("_") and name not in _LEFT:
                replace(owner, name, _noting(recorder, f"{full}.{name}", function))
    for name, method in _methods():
        replace(Tensor, name, _noting(recorder, f"torch.Tensor.{name}", method))
    for owner, name in ((Tensor, "backward"), (autograd, "backward"), (autograd, "grad")):
        replace(owner, name, _noting_backward(recorder, name, vars(owner)[name]))
    replace(Function, "apply", classmethod(_noting_apply(recorder, vars(Function)["apply"].__func__)))
    for optimizer in _optimizers(optim.Optimizer):
        replace(optimizer, "step", _noting_step(recorder, vars(optimizer)["step"]))
    replace(optim.Optimizer, "__init_subclass__", classmethod(_noting_steps(recorder)))
    handles = [
        register_module_forward_pre_hook(recorder.enter),
        register_module_forward_hook(recorder.leave, always_call=True),
    ]
    try:
        yield recorder
    finally:
        for handle in handles:
            handle.remove()
        for owner, name, old in reversed(replaced):
            if old is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, old)


def _methods() -> Iterator[tuple[str, Any]]:
    for name, method in list(vars(Tensor).items()):
        if isinstance(method, types.FunctionType) and name not in _LEFT and (name[:1] != "_" or name[:2] == "__"):
            yield name, method


def _optimizers(base: type) -> Iterator[type]:
    """The classes of optimisers that have a `step` of their own."""
    if "step" in vars(base):
        yield base
    derived: list[type] = type.__subclasses__(base)
    for each in derived:
        yield from _optimizers(each)


def _noting(recorder: Recorder, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return function(*args, **kwargs)
        return recorder.function(name, function, args, kwargs, frame)

    return call


def _noting_backward(recorder: Recorder, name: str, backward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(backward)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return backward(*args, **kwargs)
        return recorder.backward(name, args[:1], lambda: backward(*args, **kwargs), frame)

    return call


def _noting_apply(recorder: Recorder, apply: Callable[..., Any]) -> Callable[..., Any]:
    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return apply(cls, *args, **kwargs)
        return recorder.applied(cls, functools.partial(apply, cls), args, kwargs, frame)

    return call


def _noting_step(recorder: Recorder, step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        noted = recorder.step_begins(self)
        result = step(self, *args, **kwargs)
        recorder.step_ends(self, noted)
        return result

    return call


def _noting_steps(recorder: Recorder) -> Callable[..., None]:
    """The program's own classes of optimisers are noted as they are made."""

    def call(cls: Any, **kwargs: Any) -> None:
        if "step" in vars(cls):
            cls.step = _noting_step(recorder, vars(cls)["step"])

    return call
