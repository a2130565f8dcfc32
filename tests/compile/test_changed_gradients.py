"""A program that takes gradients from the call before does what the step does, whatever has become of them."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from support.changed_gradients import CHANGES, SHAPES, Pair, outcome
from tinygrad_mlp.compiler import compile


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("zeroed", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_changed_gradient(shape, dtype, zeroed, change):
    worlds = Pair(shape, dtype, zeroed), Pair(shape, dtype, zeroed)
    step = compile(worlds[0].step)
    for number in range(10):
        for pair in worlds:
            if number in (4, 7):
                CHANGES[change](pair)
            elif number in (5, 8):
                pair.put_back()
        factor = torch.full(shape, float(number % 3), dtype=getattr(torch, dtype))
        ours, eager = outcome(worlds[0], step, factor), outcome(worlds[1], worlds[1].step, factor)
        assert ours == eager, number
