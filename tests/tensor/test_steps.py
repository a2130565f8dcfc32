"""arange and linspace against torch, bit for bit."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp

_ENDS = [
    (-1, 1, 0.05),
    (0, 1, 0.1),
    (1, -1, -0.07),
    (0.3, 40, 1 / 3),
    (-11.7, 6.3, 0.1),
    (1e6, 1e6 + 30, 0.37),
    (0, 7, 1),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("start, end, step", _ENDS)
def test_arange_is_torchs_to_the_bit(start: float, end: float, step: float, dtype: str) -> None:
    if dtype == "float16" and start == 1e6:
        return  # of infinities
    for last in (end, start + step * 15.5, start + step * 33.5, start + step * 150.5):
        ours, theirs = (m.arange(start, last, step, dtype=getattr(m, dtype)).numpy() for m in (tinygrad_mlp, torch))
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8"])
@pytest.mark.parametrize("start, end, _", _ENDS)
def test_linspace_is_torchs_to_the_bit(start: float, end: float, _: float, dtype: str) -> None:
    if dtype in ("float16", "uint8") and (start == 1e6 or min(start, end) < 0):
        return  # of infinities, and of what no byte can hold
    for count in (0, 1, 2, 3, 17, 40, 100):
        ours, theirs = (m.linspace(start, end, count, dtype=getattr(m, dtype)).numpy() for m in (tinygrad_mlp, torch))
        assert ours.tolist() == theirs.tolist()
