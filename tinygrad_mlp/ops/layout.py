"""The order in which the elements of a new array lie in memory, where torch has another than NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

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


def strides_of(array: Array) -> tuple[int, ...]:
    """How far apart neighbours along each dimension lie in memory, counted in elements.

    Of an array without elements NumPy says 0, and torch what a tensor in C order has.
    """
    if array.size:
        return tuple(step // array.itemsize for step in array.strides)
    return tuple(math.prod(max(n, 1) for n in array.shape[d + 1 :]) for d in range(array.ndim))


def laid_out(array: Array, dims: Sequence[int]) -> Array:
    """The array itself where its dimensions lie in that order without gaps, else a copy in which they do."""
    moved = np.transpose(array, dims)
    if moved.flags.c_contiguous:
        return array
    return np.transpose(moved.copy(), np.argsort(dims).tolist())


def steps(input: Array, index: tuple[Any, ...], ndim: int) -> list[list[int]]:
    """The strides of the input and of the arrays of an index, along the dimensions of what is taken.

    The dimensions that arrays index become those of the arrays broadcast together: in the place of the first of them,
    or in front where others lie between them.
    """
    basic: list[Any] = []
    indexed: list[int] = []  # the places of what the arrays index, from the end where an Ellipsis is before it
    for i in index:
        span = 1 if not hasattr(i, "dtype") else i.ndim if i.dtype == np.bool_ else 1
        if hasattr(i, "dtype"):
            indexed += range(len(basic), len(basic) + span)
        basic += [slice(None) if hasattr(i, "dtype") else i] * span
    strides = list(input[tuple(basic)].strides)
    longer = len(strides) - len(basic)
    dots = next((place for place, i in enumerate(basic) if i is Ellipsis), len(basic))
    indexed = [d + longer if d > dots else d for d in indexed]
    together = indexed[-1] - indexed[0] == len(indexed) - 1
    first = indexed[0] if together else 0
    kept = [step for d, step in enumerate(strides) if d not in indexed]
    count = ndim - len(kept)
    operands = [[*kept[:first], *[0] * count, *kept[first:]]]
    for i in index:
        if hasattr(i, "dtype"):
            mask = i.dtype == np.bool_
            own = [1] if mask else [step * (n > 1) for n, step in zip(i.shape, i.strides, strict=True)]
            operands.append([0] * (first + count - len(own)) + own + [0] * (len(kept) - first))
    return operands


def strided_index(size: Sequence[int], stride: Sequence[int], offset: int) -> Array:
    """Where in memory the elements of a strided array lie, counted in elements."""
    index = np.full(size, offset, np.int64)
    for d, (n, step) in enumerate(zip(size, stride, strict=True)):
        index += (np.arange(n) * step).reshape([-1 if k == d else 1 for k in range(len(size))])
    return index


def laid_out_as(leaf: Array, g: Array) -> Array:
    """A leaf's gradient with the strides of the leaf where that is dense, else in C order, as torch lays it out."""
    if type(g) is not np.ndarray or g.strides == leaf.strides or g.shape != leaf.shape:
        return g
    whole = np.empty_like(leaf, g.dtype)
    if whole.strides != leaf.strides:
        whole = np.empty(g.shape, g.dtype)
    if whole.strides == g.strides:
        return g
    whole[...] = g
    return whole
