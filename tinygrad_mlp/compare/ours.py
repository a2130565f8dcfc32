"""Recording a program under this package: while a program is recorded, the public functions and methods are wrapped."""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import nn, optim
from ..autograd import Function
from ..nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from ..tensor import Tensor
from .recorder import Recorder, common_name
from .records import Writer

_PACKAGE = __name__.partition(".")[0]
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
def recording(writer: Writer, program: str, keep: Any = ()) -> Iterator[Recorder]:
    """In this block the program's calls of the package are noted."""
    package = sys.modules[_PACKAGE]
    folder = os.path.dirname(str(package.__file__))
    recorder = Recorder(writer, Tensor, [folder + os.sep, "<" + _PACKAGE], program, keep)
    replaced: list[tuple[Any, str, Any]] = []

    def replace(owner: Any, name: str, new: Any) -> None:
        replaced.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    for module in (package, nn.functional):
        for name, function in list(vars(module).items()):
            if isinstance(function, types.FunctionType) and not name.startswith("_") and name not in _LEFT:
                replace(module, name, _noting(recorder, name, function))
    for name, method in _methods():
        replace(Tensor, name, _noting(recorder, name, method))
    replace(Tensor, "backward", _noting_backward(recorder, Tensor.backward))
    replace(Function, "apply", classmethod(_noting_apply(recorder, vars(Function)["apply"].__func__)))
    replace(optim.Optimizer, "__init__", _noting_steps(recorder, optim.Optimizer.__init__))
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
            setattr(owner, name, old)


def _methods() -> Iterator[tuple[str, Any]]:
    for name, method in list(vars(Tensor).items()):
        if isinstance(method, types.FunctionType) and name not in _LEFT and (name[:1] != "_" or name[:2] == "__"):
            yield name, method


def _noting(recorder: Recorder, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    common = common_name(name)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return function(*args, **kwargs)
        return recorder.function(common, args, kwargs, lambda: function(*args, **kwargs), frame)

    return call


def _noting_backward(recorder: Recorder, backward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(backward)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return backward(self, *args, **kwargs)
        return recorder.backward(self, lambda: backward(self, *args, **kwargs), frame)

    return call


def _noting_apply(recorder: Recorder, apply: Callable[..., Any]) -> Callable[..., Any]:
    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return apply(cls, *args, **kwargs)
        return recorder.applied(cls, args, lambda: apply(cls, *args, **kwargs), frame)

    return call


def _noting_steps(recorder: Recorder, init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        owner = next(each for each in type(self).__mro__ if "step" in vars(each))
        if not hasattr(owner.step, "is_noted"):
            owner.step = _noting_step(recorder, owner.step)

    return call


def _noting_step(recorder: Recorder, step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = step(self, *args, **kwargs)
        recorder.stepped(self)
        return result

    call.is_noted = True  # type: ignore[attr-defined]
    return call
