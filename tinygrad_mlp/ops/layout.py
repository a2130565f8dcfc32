"""The order in which the elements of a new array lie in memory, where torch has another than NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .table import Array


def order(shape: Sequence[int], operands: Sequence[Sequence[int]]) -> list[int]:
    """The dimensions of a result from the slowest in memory to the fastest, after the strides of its operands.

    Two dimensions are in the order of the first operand that has both (a stride of 0 is that of a dimension along
    which it is broadcast), and as they are written where none has. Source: torch's TensorIterator::reorder_dimensions.
    """
    dims = list(range(len(shape)))[::-1]
    for i in range(1, len(dims)):
        place = i
        for j in range(i - 1, -1, -1):
            swapped = _is_slower(dims[j], dims[place], shape, operands)
            if swapped is None:
                continue
            if not swapped:
                break
            dims[j], dims[place] = dims[place], dims[j]
            place = j
    return dims[::-1]


def _is_slower(a: int, b: int, shape: Sequence[int], operands: Sequence[Sequence[int]]) -> bool | None:
    for strides in operands:
        if strides[a] and strides[b]:
            if strides[a] != strides[b]:
                return strides[a] > strides[b]
            if shape[a] > shape[b]:
                return True
    return None


def laid_out(array: Array, dims: Sequence[int]) -> Array:
    """The array itself where its dimensions lie in that order without gaps, else a copy in which they do."""
    moved = np.transpose(array, dims)
    if moved.flags.c_contiguous:
        return array
    return np.transpose(moved.copy(), np.argsort(dims).tolist())
