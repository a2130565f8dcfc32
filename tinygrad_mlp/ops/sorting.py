"""Operators that put elements in order: sort, and the largest or smallest k."""

from __future__ import annotations

import numpy as np

from .dims import axis
from .gathering import scatter_add
from .layout import laid_out, order, strides_of
from .refusals import TOPK_COUNT, TOPK_OF_BOOLS
from .table import Array, operator


@operator(
    {"input": lambda g, indices, input_shape, dim: scatter_add(np.zeros_like(g, shape=input_shape), dim, indices, g)},
    outputs=("values", "indices"),
    sample=lambda s: (s.floats(shape := s.shape()), s.dim(shape), s.boolean()),
)
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple[Array, Array]:
    """The elements in order along a dimension, nan last, and their indices."""
    d = axis(dim, input.ndim)
    indices = _order(input, d, descending)
    values = np.take_along_axis(input, indices, d) if input.ndim else input.copy()
    if values.flags.c_contiguous and not input.flags.c_contiguous:
        dims = order(input.shape, [strides_of(input)])
        values, indices = laid_out(values, dims), laid_out(indices, dims)
    return values, indices


def _order(input: Array, d: int, descending: bool) -> Array:
    if not input.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(input, axis=d, kind="stable")
    # Descending and still stable: the ascending order of the reversed sequence, reversed.
    order = np.flip(np.argsort(np.flip(input, d), axis=d, kind="stable"), d)
    return input.shape[d] - 1 - order


@operator(
    {"input": lambda g, indices, input_shape, dim: scatter_add(np.zeros_like(g, shape=input_shape), dim, indices, g)},
    outputs=("values", "indices"),
    sample=lambda s: (*s.chosen(), s.boolean()),
)
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """The k largest (or smallest) elements along a dimension, in order, and their indices.

    Shapes: that of `input`, with the size k along `dim`.
    Refuses: RuntimeError for bools, and for a k that is larger than the size.
    """
    if input.dtype == bool:
        raise RuntimeError(TOPK_OF_BOOLS)
    d = axis(dim, input.ndim)
    if not 0 <= k <= (input.shape[d] if input.ndim else 1):
        raise RuntimeError(TOPK_COUNT)
    indices = np.take(_order(input, d, largest), np.arange(k), d) if input.ndim else np.zeros((), np.int64)
    return np.take_along_axis(input, indices, d) if input.ndim else input.copy(), indices
