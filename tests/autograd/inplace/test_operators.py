"""In-place operators that have no gradient of their own, values that cannot be assigned, and nodes that are called."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal

COMPARISONS = ["eq_", "ne_", "lt_", "le_", "gt_", "ge_"]


@pytest.mark.parametrize("of_view", [False, True], ids=["tensor", "view"])
@pytest.mark.parametrize("other", ["number", "tensor"])
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_in_place_cuts_the_gradient(name, other, of_view):
    def program(torch):
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        w = torch.ones(3, requires_grad=True)
        y = x * 1
        getattr(y[:2] if of_view else y, name)(1.5 if other == "number" else w[:2] if of_view else w)
        (y * 2 + x).sum().backward()
        return y, y.grad_fn.name(), len(y.grad_fn.next_functions), x.grad, w.grad

    assert_alike(program)


@pytest.mark.parametrize("name", [*COMPARISONS, "floor_divide_"])
def test_refused_for_a_leaf(name):
    refusal(lambda torch: getattr(torch.ones(3, requires_grad=True), name)(2))


def compared_with_what_requires_grad(torch):
    x = torch.tensor([1.0, 2.0, 3.0])
    x.eq_(torch.ones(3, requires_grad=True))
    return x.requires_grad, x.grad_fn.name(), x


def logical_operators_leave_the_node(torch):
    x = torch.tensor([0.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y.logical_not_()
    y.sum().backward()
    return y, x.grad


def quotient(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x // 2
    return y, y.requires_grad, y.grad_fn.name(), y.detach() // 2


def quotient_of_a_constant(torch):
    y = torch.tensor([1.0, 2.0]) // torch.ones(2, requires_grad=True)
    with torch.no_grad():
        z = torch.ones(2, requires_grad=True) // 2
    return y.requires_grad, z.requires_grad, (torch.arange(4) // 2).requires_grad


@pytest.mark.parametrize(
    "program",
    [compared_with_what_requires_grad, logical_operators_leave_the_node, quotient, quotient_of_a_constant],
    ids=lambda p: p.__name__,
)
def test_as_torch(program):
    assert_alike(program)


def quotient_in_backward(torch):
    (torch.ones(3, requires_grad=True) // 2).sum().backward()


def quotient_in_place_in_backward(torch):
    y = torch.ones(3, requires_grad=True) * 1
    y //= 2
    y.sum().backward()


def _assigned(value):
    return lambda torch: torch.ones(2, 3).__setitem__(0, value)


REFUSED = [
    quotient_in_backward, quotient_in_place_in_backward,
    *(_assigned(value) for value in ([1.0, 2.0, 3.0], (1, 2, 3), np.ones(3, np.float32), "a", None, {})),
    lambda torch: torch.ones(3)[1.5],
    lambda torch: torch.ones(3)[::0],
    lambda torch: torch.ones(3)[::-1],
]  # fmt: skip


@pytest.mark.parametrize("program", REFUSED, ids=range(len(REFUSED)))
def test_refused(program):
    refusal(program)


def test_none_is_no_operand():
    refusal(lambda torch: torch.mul(torch.ones(3), None), words=3)
    refusal(lambda torch: torch.ones(3).mul_(None), words=0)


def test_the_functions_in_place_are_those_of_torch():
    ours = {name for name in vars(tinygrad_mlp) if name.endswith("_") and not name.startswith("_")}
    theirs = {name for name in dir(torch) if name.endswith("_") and not name.startswith("_")}
    assert ours == {name for name in theirs if hasattr(tinygrad_mlp.Tensor, name)}


@pytest.mark.parametrize("name", ["relu_", "exp_", "zero_", "tanh_", "neg_", "detach_"])
def test_a_function_in_place(name):
    def program(torch):
        x = torch.tensor([0.5, -2.0, 3.0], requires_grad=True)
        y = x * 1
        result = getattr(torch, name)(y)
        if result.requires_grad:
            result.sum().backward()
        return result is y, y, y._version, x.grad

    assert_alike(program, rtol=1e-6)


# -- a node is a function ---------------------------------------------------------------------------


def _x(torch):
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def called(torch):
    y = _x(torch) * _x(torch)
    y.grad_fn.register_hook(lambda inputs, outputs: pytest.fail("no hook is called"))
    return y.grad_fn(torch.ones(3)), y.grad_fn(torch.ones(3) * 2), y.grad_fn(None)


def called_without_grad(torch):
    y = _x(torch).exp()
    with torch.no_grad():
        return y.grad_fn(torch.ones(3)), y.grad_fn(torch.ones(3)).requires_grad


def called_and_differentiated(torch):
    x = _x(torch)
    g = (x * x * x).grad_fn(torch.ones(3))
    g[0].sum().backward()
    return g[0].requires_grad, x.grad


def walked_by_hand(torch):
    """Backward of a chain, as a learner would write it."""
    x = _x(torch)
    node, g = (x * 2).exp().sum().grad_fn, torch.tensor(1.0)
    with torch.no_grad():
        while node is not None and node.next_functions:
            result = node(g)
            g = result if hasattr(result, "shape") else result[0]
            node = node.next_functions[0][0]
        return node.name(), node(g), x.grad


def of_several_outputs(torch):
    node = _x(torch).unbind()[0].grad_fn
    return node(torch.tensor(1.0), None, torch.tensor(2.0))


def of_a_sum_and_a_join(torch):
    x = _x(torch)
    return x.sum().grad_fn(torch.tensor(2.0)), torch.cat([x, x]).grad_fn(torch.ones(6))


CALLED = [
    called,
    called_without_grad,
    called_and_differentiated,
    walked_by_hand,
    of_several_outputs,
    of_a_sum_and_a_join,
]


@pytest.mark.parametrize("program", CALLED, ids=lambda p: p.__name__)
def test_a_node_is_called(program):
    assert_alike(program, rtol=1e-6)


def freed(torch):
    y = _x(torch) * _x(torch)
    y.sum().backward()
    return y.grad_fn(torch.ones(3))


def a_function(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Double.apply(_x(torch)).grad_fn(torch.ones(3))


NOT_CALLED = [
    freed,
    a_function,
    lambda torch: (_x(torch) * 2).grad_fn(),
    lambda torch: (_x(torch) * 2).grad_fn(3),
    lambda torch: _x(torch).unbind()[0].grad_fn(torch.tensor(1.0)),
]


@pytest.mark.parametrize("program", NOT_CALLED, ids=range(len(NOT_CALLED)))
def test_a_call_is_refused(program):
    refusal(program)
