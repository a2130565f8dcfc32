"""The bilinear form of pairs of vectors, which a bilinear layer computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sums import total
from .table import Array, operator


def _of_each_output(g: Array, other: Any) -> Array:
    """g times the other vector, for each output: (n, o) and (n, j) to (o, n, j)."""
    return g.T[:, :, None] * other


@operator(
    {
        "input1": lambda g, weight, input2: total(_of_each_output(g, input2) @ weight.mT, (0,)),
        "weight": lambda g, input1, input2: input1.T @ _of_each_output(g, input2),
        "input2": lambda g, input1, weight: total(_of_each_output(g, 1) * (input1 @ weight), (0,)),
    },
    tensors=("input1", "weight", "input2"),
    promotion="same",
    kinds="if",
    numbers=False,
    method=False,
    sample=lambda s: (
        s.moderate(s.floats((n := s.size(1), i := s.size(1)))),
        s.moderate(s.floats((s.size(1), i, j := s.size(1)))),
        s.moderate(s.floats((n, j))),
    ),
)
def trilinear(input1: Array, weight: Array, input2: Array) -> Array:
    """The bilinear form x^T W y of each matrix W and each pair of rows x and y.

    Shapes: `input1` (n, i), `weight` (o, i, j), `input2` (n, j) to (n, o).
    As: torch.nn.functional.bilinear
    """
    return total(np.matmul(input1, weight) * input2, (2,)).T.copy()
