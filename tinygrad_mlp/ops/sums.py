"""Sums of floating numbers that stay exact however many there are. Every row adds with `total`.

Along the dimension that lies closest in memory NumPy adds in pairs, so that the error grows with the logarithm of the
count. Along any other it adds row to row, and the error grows with the count: in float32 a million times 0.1 is
100958. So where there are many rows they are added in blocks, and then the sums of the blocks in the same way. NumPy
also starts anew for every row, which takes long where rows are short. So a matrix with few columns is transposed
first; and down its columns many rows, which lie one behind the other in memory, are added as one long row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .table import Array, by_value

LONG = 512  # rows that are added one to another without a loss that matters
NARROW, LARGE = 16, 1000  # columns and elements of a matrix that is transposed
FEW = 256  # rows, which are not worth being made fewer


def total(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The sum along dimensions, given as an int or a tuple, or of all; of halves in float32, as in torch."""
    if getattr(x.dtype, "char", "") in HALVES:
        return total(x.astype(np.float32), axis, keepdims).astype(x.dtype)
    if axis is not None and x.ndim:  # a 0-d array may be given the axis 0
        shape, dims = x.shape, (axis,) if isinstance(axis, int) else axis
        if len(dims) == 1 and len(shape) == 2 and 1 < shape[1] <= NARROW and _is_large_matrix(x):
            down = dims[0] % 2 == 0
            if down and shape[0] > FEW:
                x = fewer_rows(x)
            sums = np.add.reduce(x.T.copy(), axis=1 if down else 0, keepdims=keepdims)
            return sums.T if keepdims else sums
        for d in dims:
            if shape[d] > LONG and _is_added_by_rows(x, d):
                return sum_in_blocks(x, axis, keepdims)
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def add_at(whole: Array, index: Any, values: Array) -> None:
    """Add values to the elements at an index, in place, where repeated indices add up; to halves in float32."""
    if whole.dtype.char in HALVES:
        wide = whole.astype(np.float32)
        np.add.at(wide, index, values)
        whole[...] = wide
    else:
        np.add.at(whole, index, values)


def _is_large_matrix(x: Array) -> bool:
    """Whether a matrix of floats in C order is large enough to be transposed. (A Tensor has no flags.)"""
    flags = getattr(x, "flags", None)
    return flags is not None and flags.c_contiguous and x.dtype.kind in FLOATING and bool(x.size >= LARGE)


def _is_added_by_rows(x: Array, dim: int) -> bool:
    """Whether another dimension lies closer in memory. (A Tensor has no strides: it calls the row `sum`.)"""
    strides = getattr(x, "strides", None)
    if strides is None or x.dtype.kind not in FLOATING:
        return False
    return any(abs(step) < abs(strides[dim]) for n, step in zip(x.shape, strides, strict=True) if n > 1)


@by_value
def fewer_rows(x: Array) -> Array:
    """A matrix in C order with few rows and the same sums down its columns: up to 32 stretches of it are added.

    The function stands alone, because a saved program has its text.
    """
    while len(x) > 256:
        stretches, columns = min(32, len(x) // 128), x.shape[1]
        rows = len(x) // stretches
        whole = np.add.reduce(x[: stretches * rows].reshape(stretches, rows * columns))
        x = np.concatenate([whole.reshape(rows, columns), x[stretches * rows :]])
    return x


@by_value
def sum_in_blocks(x: Array, axis: Any, keepdims: bool) -> Array:
    """The sum along dimensions, of which the long ones are added in blocks of 32 first.

    The function stands alone, because a saved program has its text.
    """
    for d in (axis,) if isinstance(axis, int) else axis:
        d = d % x.ndim
        while x.shape[d] > 32:
            blocks, before = x.shape[d] // 32, (slice(None),) * d
            whole = x[(*before, slice(blocks * 32))].reshape((*x.shape[:d], blocks, 32, *x.shape[d + 1 :]))
            rest = x[(*before, slice(blocks * 32, None))]
            sums = np.add.reduce(whole, axis=d + 1)
            x = np.concatenate([sums, rest], d) if rest.shape[d] else sums
    return np.add.reduce(x, axis=axis, keepdims=keepdims)
