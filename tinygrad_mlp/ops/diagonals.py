"""Diagonals of any two dimensions: a view of one, a matrix with one, and their sum, the trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import axis, copied, dtype_word, in_order
from .fitting import expand
from .index_refusals import WRITTEN_SHAPE
from .refusals import DIAGONAL_TWICE, TRACE_OF_BOOLS, TRACE_OF_OTHER
from .slices import unindex
from .table import Array, operator


@operator(
    {"input": lambda g, input_shape, offset, dim1, dim2: _undiagonal(g, input_shape, offset, dim1, dim2)},
    view=True,
    sample=lambda s: (
        s.floats(shape := s.shape(2)),
        s.size(-4, 4),
        (d := s.permutation(len(shape)))[0],
        d[1] - s.choice([0, len(shape)]),
    ),
)
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """A view of a diagonal of two dimensions, which becomes the last dimension.

    Shapes: that of `input` without `dim1` and `dim2`, then the length of the diagonal.
    Refuses: RuntimeError for twice the same dimension.
    """
    first, second = axis(dim1, input.ndim), axis(dim2, input.ndim)
    if first == second:
        raise RuntimeError(DIAGONAL_TWICE.format(dim1=dim1, dim2=dim2))
    return np.diagonal(input, offset, first, second)


def _undiagonal(g: Array, input_shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Array:
    """Zeros of `input_shape` with `g` on a diagonal: the VJP of diagonal."""
    first, second = axis(dim1, len(input_shape)), axis(dim2, len(input_shape))
    steps = np.arange(g.shape[-1])
    others = [d for d in range(len(input_shape)) if d not in (first, second)]
    index: list[Any] = [None] * len(input_shape)
    for place, d in enumerate(others):
        index[d] = np.arange(input_shape[d]).reshape([-1 if k == place else 1 for k in range(g.ndim)])
    index[first], index[second] = steps - min(offset, 0), steps + max(offset, 0)
    return unindex(g, input_shape, tuple(index))


@operator(
    {"A": lambda g, A_shape, offset, dim1, dim2: _undiagonal(g, A_shape, offset, dim1, dim2)},
    tensors=("A",),
    view=True,
    method=False,
    node_name="DiagonalBackward0",
    sample=lambda s: (
        s.floats(shape := s.shape(2)),
        s.size(-4, 4),
        (d := s.permutation(len(shape)))[0],
        d[1] - s.choice([0, len(shape)]),
    ),
)
def linalg_diagonal(A: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """A view of a diagonal of two dimensions, of the last two if none are named.

    Shapes: that of `A` without `dim1` and `dim2`, then the length of the diagonal.
    Refuses: RuntimeError for twice the same dimension.
    As: torch.linalg.diagonal
    """
    return diagonal(A, offset, dim1, dim2)


@operator(
    {
        "input": lambda g, src_shape, offset, dim1, dim2: diagonal_scatter(
            g, np.zeros_like(g, shape=src_shape), offset, dim1, dim2
        ),
        "src": lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
    },
    tensors=("input", "src"),
    numbers=False,
    sample=lambda s: (
        x := s.floats(shape := s.shape(2)),
        s.floats(np.diagonal(x, o := s.size(-2, 2), *(d := s.permutation(len(shape))[:2])).shape),
        o,
        d[0],
        d[1] - s.choice([0, len(shape)]),
    ),
)
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """A copy of `input` with `src` on a diagonal of two dimensions.

    Shapes: the result has the shape of `input`, and `src` that of the diagonal.
    Refuses: RuntimeError for another shape, and for twice the same dimension.
    """
    whole = copied(input)
    place = diagonal(whole, offset, dim1, dim2)
    if place.shape != src.shape:
        raise RuntimeError(WRITTEN_SHAPE.format(src=list(src.shape), shape=list(place.shape)))
    place.flags.writeable = True  # NumPy's diagonal is a view that may not be written to
    place[...] = src
    return whole


@operator(
    {"input": lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2)},
    sample=lambda s: (
        s.floats(shape := s.shape(1)),
        s.size(-2, 2),
        (d := s.permutation(len(shape) + 1))[0],
        d[1] - s.choice([0, len(shape) + 1]),
    ),
)
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices in two dimensions, with the last dimension of the input on a diagonal and zeros beside it.

    Shapes: that of `input` without the last size n, and n + abs(offset) at `dim1` and `dim2`.
    Refuses: RuntimeError for twice the same dimension.
    """
    ndim = input.ndim + 1
    first, second = axis(dim1, ndim), axis(dim2, ndim)
    if first == second:
        raise RuntimeError(DIAGONAL_TWICE.format(dim1=dim1, dim2=dim2))
    steps, size = np.arange(input.shape[-1]), input.shape[-1] + abs(offset)
    whole = np.zeros_like(input, shape=(*input.shape[:-1], size, size))
    whole[..., steps - min(offset, 0), steps + max(offset, 0)] = input
    others = iter(range(ndim - 2))
    places = [ndim - 2 if d == first else ndim - 1 if d == second else next(others) for d in range(ndim)]
    return in_order(np.transpose(whole, places))


@operator(
    {"input": lambda g, input_shape: _undiagonal(expand(g, (min(input_shape),)), input_shape, 0, 0, 1)},
    sample=lambda s: (s.floats(s.shape(2, 2)),),
)
def trace(input: Array) -> Array:
    """The sum of the diagonal of a matrix; of integers as int64.

    Shapes: (n, m) to ().
    Refuses: RuntimeError for what is not a matrix, NotImplementedError for bools.
    """
    if input.ndim != 2:
        raise RuntimeError(TRACE_OF_OTHER.format(ndim=input.ndim))
    if input.dtype.kind == "b":
        raise NotImplementedError(TRACE_OF_BOOLS.format(word=dtype_word(input)))
    kind = None if input.dtype.kind in FLOATING else np.int64
    return np.add.reduce(np.diagonal(input), dtype=kind)
