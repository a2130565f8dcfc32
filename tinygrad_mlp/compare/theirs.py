"""Recording a program under torch: a function mode sees every call of a torch function, hooks see modules and steps."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .kept import Kept
from .recorder import Recorder
from .records import Writer

# Files of torch in which a function of torch is only handed on: what calls them is the caller.
_HANDED_ON = tuple(
    os.path.join("torch", *parts)
    for parts in (("overrides.py",), ("_tensor.py",), ("functional.py",), ("nn", "functional.py"), ("_VF.py",))
)


@contextmanager
def recording(writer: Writer, program: str, kept: Kept, steps: int | None = None) -> Iterator[Recorder]:
    """In this block the program's calls of torch are noted."""
    import torch
    from torch.nn.modules import module as modules
    from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
    from torch.overrides import TorchFunctionMode, resolve_name

    folder = os.path.dirname(torch.__file__)
    packages = [folder, os.path.dirname(os.path.dirname(__file__))]

    def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            with torch._C.DisableTorchFunction():
                return function(*args)

        return call

    recorder = Recorder(writer, kept, packages, lambda x: x.detach().numpy(), program, steps, unseen)
    backwards = {torch.autograd.backward: "backward", torch.autograd.grad: "grad", torch.Tensor.backward: "backward"}
    name_of = functools.cache(lambda function: resolve_name(function) or getattr(function, "__name__", ""))
    noted: list[int] = []  # the steps of optimisers that have begun

    class Mode(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            frame: Any = sys._getframe(1)
            if frame.f_code.co_name == "__iter__" and frame.f_code.co_filename.endswith(_HANDED_ON):
                return function(*args, **kwargs)  # of `for row in tensor`, which is no call of the program
            while frame.f_code.co_filename.endswith(_HANDED_ON):
                frame = frame.f_back
            if recorder.is_inside(frame):
                return function(*args, **kwargs)
            if function in backwards:
                losses = args[:1] or kwargs.get("tensors") or kwargs.get("outputs")
                return recorder.backward(backwards[function], losses, lambda: function(*args, **kwargs), frame)
            name = name_of(function)
            if name.endswith(("__get__", "__set__")) or not name:
                return function(*args, **kwargs)
            return recorder.function(name, function, args, kwargs, frame)

    handles = [
        modules.register_module_forward_pre_hook(unseen(recorder.enter)),
        modules.register_module_forward_hook(unseen(recorder.leave), always_call=True),
        register_optimizer_step_pre_hook(unseen(lambda optimizer, *_: noted.append(recorder.step_begins(optimizer)))),
        register_optimizer_step_post_hook(unseen(lambda optimizer, *_: recorder.step_ends(optimizer, noted.pop()))),
    ]
    apply = torch.autograd.Function.__dict__["apply"]

    def noting(cls: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if recorder.is_inside(frame):
            return apply.__func__(cls, *args, **kwargs)
        return recorder.applied(cls, functools.partial(apply.__func__, cls), args, kwargs, frame)

    def run_backward(*args: Any, **kwargs: Any) -> Any:
        with mode:  # it is off while a call is handled, but hooks and Functions make calls, too
            return runs_backward(*args, **kwargs)

    mode = Mode()
    runs_backward = torch.autograd._engine_run_backward
    torch.autograd.Function.apply = classmethod(noting)
    torch.autograd._engine_run_backward = run_backward
    try:
        with mode:
            yield recorder
    finally:
        torch.autograd.Function.apply = apply
        torch.autograd._engine_run_backward = runs_backward
        for handle in handles:
            handle.remove()
