"""`fill_diagonal_` in memory of every layout, and `torch._assert`."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike

CALLS = """
t.zeros(4, 3).fill_diagonal_(2.0)
t.zeros(7, 3).fill_diagonal_(2.0, wrap=True)
t.zeros(8, 3).fill_diagonal_(2.0, True)
t.zeros(3, 7).fill_diagonal_(2.0, wrap=True)
t.zeros(3, 4).t().fill_diagonal_(5)
t.zeros(0, 2).fill_diagonal_(1.0)
t.zeros(2, 0).fill_diagonal_(1.0, wrap=True)
t.zeros(3, 3, 3).fill_diagonal_(1)
t.zeros(2, 2, 2, 2).fill_diagonal_(t.tensor(3.0))
t.zeros(3, 3, dtype=t.int64).fill_diagonal_(1.5)
t.zeros(3, 3, 2).fill_diagonal_(1)
t.zeros(3).fill_diagonal_(1)
t._assert(t.tensor(True), 'not said')
t._assert(t.tensor(False), 'said')
t._assert(False, 'said')
t.gcd(t.tensor([12, -8, 0]), t.tensor([18, 6, 5], dtype=t.int8))
t.lcm(t.tensor([100, -128], dtype=t.int8), t.tensor([99, -128], dtype=t.int8))
t.gcd(t.ones(2), t.ones(2))
t.lcm(t.tensor([True]), t.tensor([True]))
t.gcd(t.tensor(4), 2)
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_the_result_is_torchs(call) -> None:
    assert_alike(lambda t: eval(call, {"t": t}), words=6)


@pytest.mark.parametrize("framework", [torch, tinygrad_mlp], ids=["torch", "tinygrad_mlp"])
def test_no_gradient_comes_from_what_is_overwritten(framework) -> None:
    x = framework.ones(3, 2, requires_grad=True)
    y = x * 2
    assert y.fill_diagonal_(7.0) is y
    y.square().sum().backward()
    assert x.grad.tolist() == [[0, 8], [8, 0], [8, 8]]
