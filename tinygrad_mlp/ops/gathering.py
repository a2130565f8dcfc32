"""Gathering: operators that take elements along a dimension by a tensor of indices, and those that add them there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import HALVES
from .dims import axis, dtype_word
from .index_refusals import (
    GATHER_DTYPE,
    GATHER_NDIM,
    GATHER_SIZES,
    INDEX_ADD_BY_OTHER,
    INDEX_ADD_COUNT,
    INDEX_ADD_DTYPE,
    INDEX_ADD_DTYPES,
    INDEX_ADD_SHAPES,
    INDEX_OUT_OF_BOUNDS,
    INDEX_OUT_OF_RANGE,
    SCATTER_DTYPE,
    SCATTER_DTYPES,
    SCATTER_NDIM,
    SCATTER_SIZES,
    SCATTER_SIZES_OF_NUMBER,
    SELECT_BY_OTHER,
    SELECT_DTYPE,
    SELECT_FROM_NOTHING,
    SELECT_FROM_NUMBER,
    TAKE_DTYPE,
    TAKE_FROM_NOTHING,
    TAKE_OUT_OF_RANGE,
)
from .indexing import put_at
from .sums import add_at
from .table import Array, check_of_each, operator


@operator(
    {"input": lambda g, input_shape, dim, index: scatter_add(np.zeros_like(g, shape=input_shape), dim, index, g)},
    sample=lambda s: (s.floats(shape := s.shape()), d := s.dim(shape), s.index_along(shape, d)),
    tensors=("input", "index"),
    numbers=False,
)
def gather(input: Array, dim: int, index: Array) -> Array:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on.

    Shapes: the result has the shape of `index`, which has as many dimensions as `input` and is no larger beside
        `dim`.
    Dtypes: any for `input`; `index` has integers.
    Refuses: RuntimeError for other shapes, other indices, and those that are out of bounds.
    """
    d = axis(dim, input.ndim)
    if not index.size:  # of which torch asks nothing else
        return np.zeros_like(input, shape=index.shape)
    if (input.ndim or 1) != (index.ndim or 1):
        raise RuntimeError(GATHER_NDIM)
    for k in range(min(input.ndim, index.ndim)):
        if k != d and index.shape[k] > input.shape[k]:
            raise RuntimeError(
                GATHER_SIZES.format(place=k, index_shape=list(index.shape), shape=list(input.shape), dim=d)
            )
    in_bounds(index, input.shape[d] if input.ndim else 1, d)
    if input.ndim and index.ndim:
        return input[along(index, d)]
    return input.reshape((-1,))[index]  # a number counts as a vector of one element


def along(index: Array, dim: int) -> tuple[Array, ...]:
    """gather's index as NumPy takes it: `index` along `dim`, and along each other dimension the own position."""
    grid = np.ogrid[tuple(slice(n) for n in index.shape)]
    return tuple(index if d == dim else part for d, part in enumerate(grid))


@check_of_each
def in_bounds(index: Array, size: int, dim: int) -> None:
    if index.size and index.dtype not in (np.int64, np.int32):
        raise RuntimeError(GATHER_DTYPE.format(dtype=index.dtype.name))
    wrong = index[(index < 0) | (index >= size)]
    if wrong.size:
        raise RuntimeError(INDEX_OUT_OF_BOUNDS.format(index=wrong.flat[0], dim=dim, size=size))


@operator(
    {"input": lambda g: g, "src": lambda g, dim, index: gather(g, dim, index)},
    tensors=("input", "index", "src"),
    numbers=False,
    inplace=True,
    sample=lambda s: (
        s.floats(shape := s.shape()),
        d := s.dim(shape),
        index := s.index_along(shape, d),
        s.floats(index.shape),
    ),
)
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Array:
    """A copy of `input` to which `src` is added where `index` says along `dim`.

    Shapes: the result has the shape of `input`. `index` and `src` have as many dimensions.
    Dtypes: `input` and `src` of one dtype; `index` has integers.
    Refuses: RuntimeError for different dtypes, and for an index that is out of bounds.
    """
    d = axis(dim, input.ndim)
    refuse_scattered(input, d, index, src)
    in_bounds(index, input.shape[d] if input.ndim else 1, d)
    whole = input.copy()
    if not index.size:
        return whole
    if whole.ndim:
        index, src = (x.reshape((-1,)) if not x.ndim else x for x in (index, src))
        add_at(whole, along(index, d), src[tuple(slice(n) for n in index.shape)])
    else:
        whole += src.reshape(())
    return whole


def refuse_scattered(input: Array, d: int, index: Array, src: Any) -> None:
    """Refuse what a scatter does not take by its shapes and dtypes, in torch's words; `src` may be a number."""
    if index.size and index.dtype not in (np.int64, np.int32):
        raise RuntimeError(SCATTER_DTYPE)
    of_number = not hasattr(src, "dtype")
    if not of_number and src.dtype != input.dtype:
        raise RuntimeError(SCATTER_DTYPES)
    if not index.size:
        return
    shapes = [x.shape or (1,) for x in (input, index, index if of_number else src)]
    for name, shape in (("self", shapes[0]), ("src", shapes[2])):
        if len(shape) != len(shapes[1]):
            raise RuntimeError(SCATTER_NDIM.format(name=name))
    for k, (own, n, other) in enumerate(zip(*shapes, strict=True)):
        if (k != d and n > own) or n > other:
            sizes = {"index": list(index.shape), "shape": list(input.shape), "dim": d}
            if of_number:
                raise RuntimeError(SCATTER_SIZES_OF_NUMBER.format(**sizes))
            raise RuntimeError(SCATTER_SIZES.format(**sizes, src=list(src.shape)))


@operator(
    {"input": lambda g, input_shape, dim, index: _unselected_along(g, input_shape, dim, index)},
    tensors=("input", "index"),
    numbers=False,
    sample=lambda s: (s.floats(shape := s.shape(1)), d := s.dim(shape), s.indices(shape[d])),
)
def index_select(input: Array, dim: int, index: Array) -> Array:
    """The slices of `input` at the positions `index` along `dim`, copied.

    Shapes: that of `input`, with the length of the vector `index` along `dim`.
    Dtypes: any for `input`; `index` has integers.
    Refuses: IndexError for an index that is not a vector, and for one that is out of range.
    """
    if index.ndim > 1:
        raise IndexError(SELECT_BY_OTHER)
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(SELECT_DTYPE)
    d = axis(dim, input.ndim)
    if index.size and 0 in input.shape[d : d + 1]:
        raise RuntimeError(SELECT_FROM_NOTHING)
    _in_range(index, input.shape[d] if input.ndim else 1)
    if not input.ndim:
        if index.size != 1:
            raise RuntimeError(SELECT_FROM_NUMBER.format(count=index.size))
        return input.copy()
    return np.take(input, index.reshape((-1,)), d)


def _unselected_along(g: Array, input_shape: tuple[int, ...], dim: int, index: Array) -> Array:
    """The VJP of index_select: `g` added at the positions that were taken."""
    if not input_shape:
        return g
    if getattr(g.dtype, "char", "e") in HALVES:  # which are added up in float32; a Tensor does not tell
        return index_add(np.zeros_like(g, shape=input_shape), dim, index, g)
    return put_at(g, input_shape, (*(slice(None),) * axis(dim, len(input_shape)), index.reshape((-1,))))


@check_of_each
def _in_range(index: Array, size: int) -> None:
    if ((index < 0) | (index >= size)).any():
        raise IndexError(INDEX_OUT_OF_RANGE)


@operator(
    {
        "input": lambda g, input_shape, index: put_at(
            g.reshape((-1,)), (math.prod(input_shape),), index.reshape((-1,))
        ).reshape(input_shape)
    },
    tensors=("input", "index"),
    numbers=False,
    sample=lambda s: (s.floats(shape := s.shape(least=1)), s.ints(s.shape(), -(n := math.prod(shape)), n - 1)),
)
def take(input: Array, index: Array) -> Array:
    """The elements at positions in the input as if it were one row.

    Shapes: the result has the shape of `index`.
    Dtypes: any for `input`; `index` is int64.
    Refuses: RuntimeError for another dtype of `index`, IndexError for one that is out of range.
    """
    _in_one_row(index, input.size)
    return input.reshape((-1,))[index]


@check_of_each
def _in_one_row(index: Array, size: int) -> None:
    if index.dtype != np.int64:
        raise RuntimeError(TAKE_DTYPE.format(word=dtype_word(index)))
    if index.size and not size:
        raise IndexError(TAKE_FROM_NOTHING)
    wrong = index[(index < -size) | (index >= size)]
    if wrong.size:
        raise IndexError(TAKE_OUT_OF_RANGE.format(index=wrong.flat[0], count=size))


@operator(
    {"input": lambda g: g, "source": lambda g, dim, index: index_select(g, dim, index)},
    tensors=("input", "index", "source"),
    numbers=False,
    inplace=True,
    sample=lambda s: (
        s.floats(shape := s.shape(1)),
        d := s.dim(shape) % len(shape),
        index := s.indices(shape[d]),
        s.floats((*shape[:d], len(index), *shape[d + 1 :])),
    ),
)
def index_add(input: Array, dim: int, index: Array, source: Array) -> Array:
    """A copy of `input` to which the slices of `source` are added where `index` says along `dim`.

    Shapes: the result has the shape of `input`. `source` has it too, with the length of the vector `index` along
        `dim`.
    Dtypes: `input` and `source` of one dtype; `index` has integers.
    Refuses: RuntimeError for different dtypes, IndexError or RuntimeError for an index outside of the array.
    """
    d = axis(dim, input.ndim)
    _refuse_added(input, d, index, source)
    if input.ndim > 1 and d in (0, input.ndim - 1):
        in_bounds(index, input.shape[d], d)  # torch adds along an outer dimension by scatter_add
    else:
        _in_range(index, input.shape[d] if input.ndim else 1)
    if not input.ndim:
        return input + source
    whole = input.copy()
    add_at(whole, (*(slice(None),) * d, index.reshape((-1,))), source)
    return whole


def _refuse_added(input: Array, d: int, index: Array, source: Array) -> None:
    """Refuse what index_add does not take by its shapes and dtypes, in torch's words."""
    word = dtype_word(index)
    if index.ndim > 1:
        raise IndexError(INDEX_ADD_BY_OTHER.format(ndim=index.ndim, word=word, shape=list(index.shape)))
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(INDEX_ADD_DTYPE.format(word=word))
    if source.dtype != input.dtype:
        raise RuntimeError(INDEX_ADD_DTYPES.format(own=dtype_word(input), other=dtype_word(source)))
    beside = [shape[:d] + shape[d + 1 :] for shape in (input.shape, source.shape)]
    if source.ndim != input.ndim or beside[0] != beside[1]:
        raise RuntimeError(INDEX_ADD_SHAPES.format(shape=list(input.shape), other=list(source.shape)))
    size = source.shape[d] if source.ndim else 1
    if index.size != size:
        raise RuntimeError(INDEX_ADD_COUNT.format(count=index.size, size=size, dim=d))
