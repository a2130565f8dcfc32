"""Writing by positions among all elements, and reducing slices by their index: what other functions say in one way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.captured import refuse_captured, running
from ...messages import warn_once
from ...ops.dims import axis
from ...ops.table import by_value
from ..functions import FUNCTIONS, INPLACE
from ..kinds import checked
from ..later import as_methods
from ..out import with_out
from ..tensor import Tensor
from .refusals import (
    PUT_BOUNDS,
    PUT_COUNT,
    PUT_DTYPES,
    PUT_EMPTY,
    PUT_INDEX,
    REDUCED_BETA,
    REDUCED_BY,
    REDUCED_COUNT,
    REDUCED_DTYPES,
    REDUCED_INDEX,
    REDUCED_NDIM,
    REDUCED_RANGE,
    REDUCED_SHAPES,
)

__all__ = ["index_reduce", "put"]

_f = FUNCTIONS

# -- by positions among all elements ---------------------------------------------------------------


def _refuse_put(self: Tensor, index: Tensor, source: Tensor) -> None:
    """RuntimeError for other dtypes, IndexError for other counts and for a position that there is not."""
    words = [x.dtype.tensor_type[:-6] for x in (self, source, index)]
    if index.array.dtype != np.int64:
        raise RuntimeError(PUT_INDEX.format(word=words[2]))
    if source.array.dtype != self.array.dtype:
        raise RuntimeError(PUT_DTYPES.format(own=words[0], other=words[1]))
    positions, count = index.array, self.array.size
    if positions.size != source.array.size:
        raise IndexError(PUT_COUNT.format(source=source.array.size, index=positions.size))
    if positions.size and not count:
        raise IndexError(PUT_EMPTY)
    _refuse_outside(positions, count)


@by_value
def _refuse_outside(positions: Any, count: int) -> None:
    outside = positions[(positions < -count) | (positions >= count)]
    if outside.size:
        raise IndexError(PUT_BOUNDS.format(index=outside.flat[0], count=count))


@by_value
def _refuse_out_of_range(positions: Any, size: int) -> None:
    if positions.size and not 0 <= positions.min() <= positions.max() < size:
        raise IndexError(REDUCED_RANGE)


def _places(positions: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Positions among all elements as an index for each dimension."""
    positions = positions.reshape((-1,)) % max(math.prod(shape), 1)
    steps = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    return tuple(positions // (step or 1) % (n or 1) for n, step in zip(shape, steps, strict=True))


@checked
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of the input with the elements of `source` at, or added to, positions among all elements (torch.put)."""
    _refuse_put(input, index, source)
    return put_(_f["clone"](input), index, source, accumulate)


@checked
def put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Write the elements of `source` at positions among all elements, or add them there (torch.Tensor.put_)."""
    if running:
        refuse_captured(self, "put_index_", (index, source))
    _refuse_put(self, index, source)
    written = self if self.array.ndim else _f["reshape"](self, (1,))
    places = _places(index.array, written.array.shape)
    INPLACE["put_added_" if accumulate else "put_"](written, places, _f["reshape"](source, (-1,)))
    return self


# -- slices, by their index --------------------------------------------------------------------------


def _spread_index(self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str) -> Tensor:
    """The index for every element of `source`, as scatter_reduce takes it; errors in torch's words."""
    warn_once(REDUCED_BETA)
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(REDUCED_BY.format(found=reduce))
    d = axis(dim, self.array.ndim)
    positions, own, other = index.array, self.array.shape, source.array.shape
    if positions.ndim > 1:
        word, sizes = index.dtype.tensor_type[:-6], list(positions.shape)
        raise IndexError(REDUCED_NDIM.format(ndim=positions.ndim, word=word, sizes=sizes))
    if positions.dtype not in (np.int32, np.int64):
        raise RuntimeError(REDUCED_INDEX.format(word=index.dtype.tensor_type[:-6]))
    if source.array.dtype != self.array.dtype:
        words = [x.dtype.tensor_type[:-6] for x in (self, source)]
        raise RuntimeError(REDUCED_DTYPES.format(own=words[0], other=words[1]))
    size = other[d] if d < len(other) else 1
    if positions.size != size:
        raise RuntimeError(REDUCED_COUNT.format(count=positions.size, size=size, dim=d))
    if len(own) != len(other) or own[:d] + own[d + 1 :] != other[:d] + other[d + 1 :]:
        raise RuntimeError(REDUCED_SHAPES.format(own=list(own), other=list(other)))
    _refuse_out_of_range(positions, own[d] if own else 1)
    if not own:
        return _f["cast"](_f["reshape"](index, ()), np.dtype(np.int64))
    shape = tuple(-1 if k == d else 1 for k in range(len(other)))
    return _f["expand"](_f["cast"](_f["reshape"](index, shape), np.dtype(np.int64)), other)


@with_out
@checked
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of the input in which slices are reduced with those of `source` that `index` has for them.

    `reduce` is "prod", "mean", "amax" or "amin"; the input's own slices take part unless `include_self` is False.
    Source: torch.index_reduce.
    """
    index = _spread_index(input, dim, index, source, reduce)
    return _f["scatter_reduce"](input, dim, index, source, reduce, include_self)


@checked
def index_reduce_(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Reduce slices with those of `source` that `index` has for them (torch.Tensor.index_reduce_)."""
    if running:
        refuse_captured(self, "index_reduce_", (dim, index, source))
    index = _spread_index(self, dim, index, source, reduce)
    return INPLACE["scatter_reduce_"](self, dim, index, source, reduce, include_self)


METHODS = as_methods(index_reduce, index_reduce_, put, put_)
