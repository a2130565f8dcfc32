"""The outputs of a Function: views, marks on what is no input, and how many of them are differentiable."""

from __future__ import annotations

import pytest

from support.functions_of_ones_own import function
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def _apply(torch, forward, *inputs, backward=lambda ctx, *gs: gs[0]):
    return function(torch, forward, backward).apply(*inputs)


def _dirty(ctx, tensor, *others):
    ctx.mark_dirty(tensor)
    tensor.mul_(2)
    return (tensor, *others) if others else tensor


def _first_not_differentiable(ctx, x):
    first, second = x[:1], x[1:]
    ctx.mark_non_differentiable(first)
    return first, second


RETURNED = {
    "the input": lambda ctx, x: x,
    "a view": lambda ctx, x: x.view(-1),
    "a part": lambda ctx, x: x[:1],
    "not differentiable": lambda ctx, x: (ctx.mark_non_differentiable(x), x)[1],
    "a marked view": lambda ctx, x: _dirty(ctx, x.view(-1)),
    "a marked product": lambda ctx, x: _dirty(ctx, x * 2),
}
INPUTS = {
    "computed": lambda torch: _leaf(torch, 3) * 1,
    "a leaf": lambda torch: _leaf(torch, 3),
    "a constant": lambda torch: torch.ones(3),
    "a view": lambda torch: (_leaf(torch, 4) * 1)[1:],
}


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "no grad"])
@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("returned", RETURNED)
def test_writing_into_an_output(returned, given, recorded):
    """Views that a Function made may not be written to on the tape, whether it was recorded or not."""

    def program(torch):
        x = INPUTS[given](torch)
        with torch.set_grad_enabled(recorded):
            y = _apply(torch, RETURNED[returned], x)
        state = y is x, y.requires_grad, y.is_leaf, y._version, x._version
        y.mul_(2)
        return state, y, x, y._version

    same(program)


def two_views_of_which_one_is_differentiable(torch):
    _apply(torch, _first_not_differentiable, _leaf(torch, 3) * 1)[1].mul_(2)


def the_view_that_is_not_differentiable(torch):
    _apply(torch, _first_not_differentiable, _leaf(torch, 3) * 1)[0].mul_(2)


def a_dirty_view_of_a_leaf_and_another_output(torch):
    _apply(torch, lambda ctx, x: _dirty(ctx, x, x * 2), _leaf(torch, 4)[1:])


def one_of_several_views_and_another_output(torch):
    _apply(torch, lambda ctx, x: _dirty(ctx, x, x * 2), (_leaf(torch, 2, 3) * 1).unbind()[0])


def a_numpy_array_as_gradient(torch):
    _apply(torch, lambda ctx, x: x * 2, _leaf(torch, 3), backward=lambda ctx, g: g.numpy()).sum().backward()


def a_numpy_array_saved(torch):
    _apply(torch, lambda ctx, x: (ctx.save_for_backward(x.numpy(force=True)), x * 2)[1], _leaf(torch, 3))


@pytest.mark.parametrize(
    "program",
    [
        two_views_of_which_one_is_differentiable, the_view_that_is_not_differentiable,
        a_dirty_view_of_a_leaf_and_another_output, one_of_several_views_and_another_output,
        a_numpy_array_as_gradient, a_numpy_array_saved,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_refused_as_torch_refuses(program):
    same(program)
