"""What a Function leaves behind, and what torch gets wrong."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support.functions_of_ones_own import function, once, ones, passing, twice, writing


@pytest.mark.parametrize("kind", ["output", "several", "dirty", "dirty view", "once", "refused"])
def test_no_cycle_is_left(kind):
    torch = tinygrad_mlp

    def forward(ctx, a):
        y, z = a * 2, a * 3
        ctx.save_for_backward(a, y, z)
        return (y, z) if kind == "several" else y

    def backward(ctx, *gs):
        assert len(ctx.saved_tensors) == 3
        return gs[0] if kind != "refused" else 5

    Foo = writing(torch, save=True) if "dirty" in kind else function(torch, forward, backward)
    if kind == "once":
        Foo.backward = staticmethod(once(torch, Foo.backward))
    gc.collect()
    gc.disable()
    try:
        a = ones(torch, 3)
        x = a * 1
        result = Foo.apply(x[:2] if kind == "dirty view" else x)
        y = result[0] if isinstance(result, tuple) else result
        node, array = weakref.ref(y.grad_fn), weakref.ref(y.array)
        if kind == "refused":
            with pytest.raises(RuntimeError, match="expected Variable"):
                y.sum().backward()
        elif kind == "output":
            pass  # a graph that nobody ran
        else:
            torch.autograd.grad(y.sum(), a, create_graph=kind != "dirty view")
        del x, y, result
        assert node() is None
        assert array() is None
    finally:
        gc.enable()


def test_saved_tensors_are_freed_by_backward():
    torch = tinygrad_mlp
    kept: list[Any] = []

    def forward(ctx, a):
        inside = a * 3
        kept.append(weakref.ref(inside.array))
        ctx.save_for_backward(inside)
        return a * 2

    y = function(torch, forward, passing).apply(ones(torch, 3)).sum()
    assert kept[0]() is not None
    y.backward()
    assert kept[0]() is None


def test_gradients_given_to_backward_are_float32_as_the_outputs():
    torch = tinygrad_mlp
    seen = []

    def backward(ctx, g):
        seen.append(g.array.dtype)
        return g.double()

    a = ones(torch, 3)
    function(torch, twice, backward).apply(a).double().sum().backward()
    assert seen == [np.float32]
    assert a.grad.array.dtype == np.float32


# -- what torch gets wrong -------------------------------------------------------------------------


def test_dirty_view_that_is_not_the_first_argument():
    torch = tinygrad_mlp
    a, c = ones(torch, 4), ones(torch, 2)
    base = a * 1
    writing(torch, 1).apply(c, base[:2])
    base.sum().backward()
    assert a.grad.tolist() == [3, 3, 1, 1]
    assert c.grad.tolist() == [7, 7]


def test_none_for_a_dirty_view_is_zero():
    torch = tinygrad_mlp

    def forward(ctx, t):
        ctx.mark_dirty(t)
        return t.mul_(3)

    a = ones(torch, 4)
    base = a * 1
    function(torch, forward, lambda ctx, g: None).apply(base[:2])
    base.sum().backward()
    assert a.grad.tolist() == [0, 0, 1, 1]
