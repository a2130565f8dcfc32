"""A leaf's first gradient has the strides of the leaf, so that what works on the leaf, such as `view`, works on it."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

LEAVES = {
    "C order": lambda t: t.arange(1.0, 7).reshape(2, 3),
    "transposed": lambda t: t.arange(1.0, 7).reshape(3, 2).t(),
    "every second column": lambda t: t.arange(1.0, 13).reshape(2, 6)[:, ::2],
    "expanded": lambda t: t.arange(1.0, 4).expand(2, 3),
}
USES = {
    "times another order": lambda t, w: (w * t.arange(6.0).reshape(3, 2).t()).sum(),
    "squares": lambda t, w: w.square().sum(),
    "the mean": lambda t, w: w.mean(),
    "its transpose": lambda t, w: w.t().exp().sum(),
    "a product": lambda t, w: (w @ t.ones(3, 4)).sum(),
    "a row": lambda t, w: w[0].sum(),
    "the determinant": lambda t, w: t.linalg.det(w @ w.t() + t.eye(w.shape[0])),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("leaf", LEAVES)
def test_the_gradient_of_a_leaf(leaf, use):
    def program(t):
        w = LEAVES[leaf](t).requires_grad_()
        USES[use](t, w).backward()
        return w.grad, w.grad.stride(), w.grad.is_contiguous()

    assert_alike(program, rtol=1e-5)


@pytest.mark.parametrize("name", ["det", "slogdet", "inv"])
def test_gradients_of_linear_algebra_can_be_viewed(name):
    def program(t):
        w = t.tensor([[2.0, 1.0], [0.5, 3.0]], requires_grad=True)
        result = getattr(t.linalg, name)(w)
        (result[1] if name == "slogdet" else result).sum().backward()
        return w.grad.view(-1)

    assert_alike(program, rtol=1e-5)
