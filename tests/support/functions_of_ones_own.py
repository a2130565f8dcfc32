"""Functions of one's own for the tests of autograd.Function."""

from __future__ import annotations

import importlib
from typing import Any


def function(torch: Any, forward: Any, backward: Any, setup: Any = None, **attributes: Any) -> Any:
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward), **attributes}
    if setup is not None:
        body["setup_context"] = staticmethod(setup)
    return type("Foo", (torch.autograd.Function,), body)


def once(torch: Any, backward: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".autograd.function").once_differentiable(backward)


def ones(torch: Any, *shape: int) -> Any:
    return torch.ones(shape).requires_grad_()


def passing(ctx: Any, g: Any) -> Any:
    return g


def writing(torch: Any, position: int = 0, several: bool = False, save: bool = False) -> Any:
    def forward(ctx, *tensors):
        t = tensors[position].mul_(3)
        ctx.mark_dirty(t)
        if save:
            ctx.save_for_backward(t)
        return (t, tensors[0] * 2) if several else t

    def backward(ctx, *gs):
        if save:
            assert ctx.saved_tensors[0].grad_fn.name() in ("FooBackward", "AsStridedBackward0")
        return tuple(gs[0] * (3 if i == position else 7) for i in range(len(ctx.needs_input_grad)))

    return function(torch, forward, backward)


def twice(ctx: Any, *args: Any) -> Any:
    return args[0] * 2


def square(torch: Any) -> Any:
    """An operator that saves its input."""

    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    return function(torch, forward, lambda ctx, g: g * 2 * ctx.saved_tensors[0]).apply
