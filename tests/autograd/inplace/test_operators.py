"""In-place operators one by one, those without a gradient among them, and values that cannot be assigned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.parity import same
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
    ours = {name for name in dir(tinygrad_mlp) if name.endswith("_") and not name.startswith("_")}
    theirs = {name for name in dir(torch) if name.endswith("_") and not name.startswith("_")}
    activations = {"celu_", "rrelu_", "selu_", "threshold_"}  # functions of torch.nn.functional, which are no methods
    assert ours == {name for name in theirs if hasattr(tinygrad_mlp.Tensor, name)} | activations


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


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def whole_slices_are_the_tensor_itself(torch):
    y = _leaf(torch, 3) * 1
    y[:] = 5.0
    z = _leaf(torch, 3) * 1
    z[...] = torch.zeros(3)
    return y.grad_fn.name().rstrip("0123456789"), z.grad_fn.name(), y._version, z._version


def fused_in_place(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 1
    y.addcmul_(w, x, value=0.5).addcdiv_(x, w, value=2).lerp_(w, 0.25).clamp_min_(2).clamp_max_(9.5)
    y.sum().backward()
    return x.grad, w.grad, y, y._version


def reshaped_in_place(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    y.t_().unsqueeze_(0).transpose_(0, 1).squeeze_(1).swapaxes_(0, 1)
    (y * x).sum().backward()
    return x.grad, y, y._version, y._is_view()


def mask_of_a_number(torch):
    y = _leaf(torch) * 2
    y[y > 0] = y.sum() * 3
    part = y[y > 0]
    part.sum().backward()
    return y, part.shape


def mul_by_itself(torch):
    y = _leaf(torch, 3) * 1
    y.mul_(y)
    y.sum().backward()


def item_of_another_shape(torch):
    y = torch.zeros(2, 3)
    y[0] = torch.zeros(2, 3)


def fill_with_several(torch):
    torch.zeros(3).fill_(torch.zeros(2))


def index_of_a_number(torch):
    x = torch.tensor(1.0)
    x[[0]] = 2.0


SAME = [
    whole_slices_are_the_tensor_itself,
    fused_in_place,
    reshaped_in_place,
    mask_of_a_number,
    mul_by_itself,
    item_of_another_shape,
    fill_with_several,
    index_of_a_number,
]


@pytest.mark.parametrize("program", SAME, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)
