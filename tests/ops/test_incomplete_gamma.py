"""igamma and igammac: the numbers, the derivative that torch has, and what it refuses."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import tinygrad_mlp
from support import oracle
from support.oracle import outcome, torch
from support.parity import same

NAMES = ["igamma", "igammac"]
ORDERS = [0.125, 0.5, 1.0, 2.5, 7.0, 30.0, 200.0]
BOUNDS = [1e-6, 0.25, 1.0, 2.0, 6.5, 31.0, 190.0]


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_exact(name: str) -> None:
    a, x = (m.ravel() for m in np.meshgrid(ORDERS, BOUNDS))
    ours = getattr(tinygrad_mlp, name)(*(tinygrad_mlp.tensor(v) for v in (a, x))).numpy()
    limits = (lambda v: (0, v)) if name == "igamma" else (lambda v: (v, mpmath.inf))
    with mpmath.workdps(40):
        exact = [float(mpmath.gammainc(p, *limits(q), regularized=True)) for p, q in zip(a, x, strict=True)]
    np.testing.assert_allclose(ours, exact, rtol=2e-13, atol=1e-300)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_in_the_second_argument(name: str) -> None:
    def derivatives(m: Any) -> list[Any]:
        a, x = m.tensor([0.5, 1.0, 2.5, 7.0], dtype=m.float64), m.tensor([[0.25], [3.0]], dtype=m.float64)
        x.requires_grad_()
        y = getattr(m, name)(a, x)
        (g,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
        return [y, g, *m.autograd.grad(g.sum(), x)]

    for mine, other in zip(derivatives(tinygrad_mlp), derivatives(torch()), strict=True):
        np.testing.assert_allclose(oracle.to_numpy(mine), oracle.to_numpy(other), rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_edges(name: str) -> None:
    a = [0.0, 0.0, -1.0, 1.0, 1.0, float("inf"), 1.0, float("inf")]
    x = [0.0, 1.0, 1.0, -1.0, 0.0, 1.0, float("inf"), float("inf")]
    same(lambda m: getattr(m, name)(m.tensor(a), m.tensor(x)))
    same(lambda m: getattr(m.special, name.replace("igamma", "gammainc"))(m.tensor(a), m.tensor(x)))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_refused(name: str) -> None:
    for call in (
        lambda m: getattr(m, name)(m.ones(2, requires_grad=True), m.ones(2)).sum().backward(),
        lambda m: getattr(m, name)(m.tensor(1), m.tensor(2)),
        lambda m: getattr(m, name)(1.0, m.tensor(2.0)),
    ):
        ours, theirs = (outcome(call, m) for m in (tinygrad_mlp, torch()))
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))
