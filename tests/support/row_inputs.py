"""The arguments with which the tests call the rows of the derivative table, and the cotangents of what they get."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_mlp.ops import Operator
from tinygrad_mlp.testing import operator_inputs

# At the ends of what a float holds torch's formulas overflow at other numbers than ours; float16 has tests of its own.
AWKWARD = ("zero", "tie", "infinity", "nan")
LAYOUTS = ("contiguous", "transposed", "strided", "expanded")


def row_inputs(row: Operator, *dtypes: str) -> Any:
    """A strategy of arguments for a row, with arrays for its operands; of several dtypes each array has one."""
    return operator_inputs(row, dtypes or "float32", tensors=False, awkward=AWKWARD, layouts=LAYOUTS)


def normal(shape: tuple[int, ...]) -> Any:
    """A strategy of float64 arrays of normally distributed numbers, all different; they do not shrink."""
    return st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=shape))
