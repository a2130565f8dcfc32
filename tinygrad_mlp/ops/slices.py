"""Views of some of the elements: those that a slice takes, and those at given places in memory (as_strided)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import axis, copied
from .index_refusals import (
    NARROW_END,
    NARROW_NEGATIVE,
    NARROW_OF_NUMBER,
    NARROW_START,
    SELECT_INDEX,
    SELECT_OF_NUMBER,
    SLICE_OF_NUMBER,
    SLICE_STEP,
    UNFOLD_NEGATIVE,
    UNFOLD_SIZE,
    UNFOLD_STEP,
    WRITTEN_SHAPE,
)
from .layout import strided_index
from .sums import add_at, total
from .table import Array, by_value, operator


def _slice(ndim: int, dim: int, index: Any) -> tuple[Any, ...]:
    """An index along `dim` as an index of the whole array."""
    return (*(slice(None),) * axis(dim, ndim), index)


@operator(
    {
        "input": lambda g, input_shape, dim, start, length: unslice(
            g, input_shape, _slice(len(input_shape), dim, _stretch(input_shape, dim, start, length))
        )
    },
    view=True,
    node_name="SliceBackward0",
    sample=lambda s: (
        s.floats(shape := s.shape(1)),
        d := s.dim(shape),
        a := s.size(-shape[d], shape[d]),
        s.size(0, shape[d] - a if a >= 0 else -a),
    ),
)
def narrow(input: Array, dim: int, start: int, length: int) -> Array:
    """A view of `length` elements along `dim`, from `start` on.

    Shapes: that of `input`, with the size `length` along `dim`.
    Refuses: RuntimeError for a 0-d array, a negative length, or an end beyond the last element; IndexError for a
        start that is outside.
    """
    if not input.ndim:
        raise RuntimeError(NARROW_OF_NUMBER)
    size = input.shape[axis(dim, input.ndim)]
    if length < 0:
        raise RuntimeError(NARROW_NEGATIVE)
    if not -size <= start <= size:
        raise IndexError(NARROW_START.format(first=-size, last=size, start=start))
    stretch = _stretch(input.shape, dim, start, length)
    if stretch.stop > size:
        raise RuntimeError(NARROW_END.format(start=stretch.start, length=length, size=size))
    return input[_slice(input.ndim, dim, stretch)]


def _stretch(shape: tuple[int, ...], dim: int, start: int, length: int) -> slice:
    """The slice of `length` elements from `start` on, which may be counted from the end."""
    first = start if start >= 0 else start + shape[axis(dim, len(shape))]
    return slice(first, first + length)


@operator(
    {"input": lambda g, input_shape, dim, index: unslice(g, input_shape, _slice(len(input_shape), dim, index))},
    view=True,
    sample=lambda s: (s.floats(shape := s.shape(1, least=1)), d := s.dim(shape), s.size(-shape[d], shape[d] - 1)),
)
def select(input: Array, dim: int, index: int) -> Array:
    """A view of what is at `index` along `dim`.

    Shapes: that of `input` without `dim`.
    Refuses: IndexError for a 0-d array and for an index that is outside.
    """
    if not input.ndim:
        raise IndexError(SELECT_OF_NUMBER)
    d = axis(dim, input.ndim)
    size = input.shape[d]
    if not -size <= index < size:
        raise IndexError(SELECT_INDEX.format(index=index, shape=list(input.shape), dim=dim))
    return input[index, ...] if not d else input[(*(slice(None),) * d, index, ...)]


@operator(
    {"input": lambda g, index: g[index]},
    method=False,
    sample=lambda s: s.scattered(basic=True),
)
def unslice(input: Array, shape: tuple[int, ...], index: Any) -> Array:
    """Zeros of `shape` with `input` put in at a basic index: what slicing does, backwards.

    Shapes: the result has the shape `shape`.
    As: torch.Tensor.__setitem__ on zeros
    """
    whole = np.zeros_like(input, shape=shape)
    whole[index] = input
    return whole


# -- the views that torch's indexing is made of, and as_strided ------------------------------------


@operator(
    {"input": lambda g, input_shape, dim, index: unslice(g, input_shape, _slice(len(input_shape), dim, index))},
    view=True,
    method=False,
    node_name="SliceBackward0",
    sample=lambda s: (s.floats(shape := s.shape(1)), s.dim(shape), s.slice()),
)
def slice_along(input: Array, dim: int, index: slice) -> Array:
    """A view of the elements that a slice takes along `dim`.

    Shapes: that of `input`, with as many elements along `dim` as the slice takes.
    As: torch.Tensor.__getitem__ with a slice
    """
    return input[index] if dim == 0 < input.ndim else input[_slice(input.ndim, dim, index)]


@operator({"input": lambda g: g}, view=True, method=False, node_name="AliasBackward0")
def alias(input: Array) -> Array:
    """A view of all elements.

    As: torch.Tensor.__getitem__ with an Ellipsis
    """
    return input[...]


@operator(
    {"input": lambda g, shape, index: g[index]},
    method=False,
    sample=lambda s: s.unindexed(),
)
def unindex(input: Array, shape: tuple[int, ...], index: Any) -> Array:
    """Zeros of `shape`, with the elements of `input` added at an index of arrays: what taking them does, backwards.

    Shapes: the result has the shape `shape`.
    As: torch.Tensor.index_put with accumulate=True on zeros
    """
    whole = np.zeros_like(input, shape=shape)
    add_at(whole, index, input)
    return whole


@by_value
def _unstrided(g: Array, size: Any, stride: Any, storage_offset: int, own: tuple[Any, ...]) -> Array:
    """The VJP of as_strided (after torch's as_strided_backward).

    The cotangent is summed up in memory, and taken from there for the elements of the input; those that lie at one
    place share it.
    """
    memory = unindex(g, (own[3],), (strided_index(size, stride, storage_offset),))
    index = strided_index(*own[:3])
    times = np.bincount(index.reshape(-1), minlength=own[3])[index]
    return memory[index] / times if (times > 1).any() else memory[index]


@operator({"input": _unstrided}, view=True, method=False, sample=lambda s: s.strided())
@by_value
def as_strided(
    input: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int, own: tuple[Any, ...]
) -> Array:
    """A view by sizes, strides and an offset in memory; `own` has those of the input, and the size of its memory.

    Shapes: the result has the shape `size`.
    In place: `Tensor.as_strided_`.
    """
    flat = _memory(input)
    if flat.size != own[3] or [n * input.itemsize for n in own[1]] != list(input.strides):
        # It is not the array that `own` describes, for example a cotangent that a rule made: lay it out like that one.
        flat = np.zeros(own[3], input.dtype)
        flat[strided_index(*own[:3])] = input
    strides = [n * flat.itemsize for n in stride]
    return np.ndarray(size, flat.dtype, flat, storage_offset * flat.itemsize, strides)


def _memory(input: Array) -> Array:
    """The memory in which an array lies, as a vector."""
    memory = input
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    return memory.transpose(np.argsort([-n for n in memory.strides], kind="stable")).reshape(-1)


def _windows(input_shape: tuple[int, ...], dimension: int, size: int, step: int) -> tuple[Array, ...]:
    """The index of the elements that unfold takes, an array for each dimension of the input."""
    d = axis(dimension, len(input_shape))
    starts = np.arange(0, input_shape[d] - size + 1, step)
    index = [
        np.arange(n).reshape([-1 if k == e else 1 for k in range(len(input_shape) + 1)])
        for e, n in enumerate(input_shape)
    ]
    index[d] = starts.reshape([-1 if k == d else 1 for k in range(len(input_shape) + 1)]) + np.arange(size)
    return tuple(index)


@operator(
    {
        "input": lambda g, input_shape, dimension, size, step: (
            unindex(g, input_shape, _windows(input_shape, dimension, size, step))
            if input_shape
            else total(g).reshape(())
        )
    },
    view=True,
    function=False,
    sample=lambda s: (
        s.floats(shape := s.shape()),
        d := s.dim(shape),
        s.size(0, shape[d] if shape else 1),
        s.size(1, 3),
    ),
)
def unfold(input: Array, dimension: int, size: int, step: int) -> Array:
    """A view of all slices of `size` elements along a dimension, `step` apart.

    Shapes: that of `input` with the number of slices at `dimension`, then `size`.
    Refuses: RuntimeError for a size that the dimension does not have, and for a step that is not positive.
    As: torch.Tensor.unfold
    """
    d = axis(dimension, input.ndim)
    length = input.shape[d] if input.ndim else 1
    if size < 0:
        raise RuntimeError(UNFOLD_NEGATIVE.format(size=size))
    if size > length:
        raise RuntimeError(UNFOLD_SIZE.format(dim=d, length=length, size=size))
    if step <= 0:
        raise RuntimeError(UNFOLD_STEP.format(step=step))
    shape, strides = list(input.shape), list(input.strides)
    if not shape:
        return as_view(input, (size,), (input.itemsize,))
    along = strides[d]
    shape[d], strides[d] = (length - size) // step + 1, along * step
    return as_view(input, (*shape, size), (*strides, along))


@by_value
def as_view(input: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """A view by a shape and strides in bytes, from the first element of the input on."""
    flat = _memory(input)
    if 0 in shape:  # for which NumPy asks for memory that need not be there
        return flat[:0].reshape(shape)
    return np.ndarray(shape, input.dtype, flat, input.ctypes.data - flat.ctypes.data, strides)


# -- copies, and copies in which a slice is another ------------------------------------------------


def _written(input: Array, part: Any, src: Array) -> Array:
    """A copy of `input` in which the view that `part` takes of it has the elements of `src`."""
    whole = copied(input)
    place = part(whole)
    if place.shape != src.shape:
        raise RuntimeError(WRITTEN_SHAPE.format(src=list(src.shape), shape=list(place.shape)))
    place[...] = src
    return whole


def _nothing(g: Array, shape: tuple[int, ...]) -> Array:
    return np.zeros_like(g, shape=shape)


@operator(
    {
        "input": lambda g, input_shape, dim, start, length: unslice(
            g, input_shape, _slice(len(input_shape), dim, _stretch(input_shape, dim, start, length))
        )
    },
    # torch's own derivative fails for a negative start
    sample=lambda s: (
        s.floats(shape := s.shape(1)),
        d := s.dim(shape),
        a := s.size(0, shape[d]),
        s.size(0, shape[d] - a),
    ),
)
def narrow_copy(input: Array, dim: int, start: int, length: int) -> Array:
    """A copy of `length` elements along `dim`, from `start` on.

    Shapes: that of `input`, with the size `length` along `dim`.
    Refuses: what `narrow` refuses.
    """
    return narrow(input, dim, start, length).copy()


@operator(
    {
        "input": lambda g, src_shape, dim, index: select_scatter(g, _nothing(g, src_shape), dim, index),
        "src": lambda g, dim, index: select(g, dim, index),
    },
    tensors=("input", "src"),
    numbers=False,
    sample=lambda s: (
        s.floats(shape := s.shape(1, least=1)),
        s.floats(shape[: (d := s.dim(shape) % len(shape))] + shape[d + 1 :]),
        d,
        s.size(-shape[d], shape[d] - 1),
    ),
)
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Array:
    """A copy of `input` with `src` at `index` along `dim`.

    Shapes: the result has the shape of `input`, and `src` this without `dim`.
    Refuses: RuntimeError for another shape, IndexError for an index that is outside.
    """
    return _written(input, lambda whole: select(whole, dim, index), src)


def _bounds(length: int, start: int | None, end: int | None, step: int) -> slice:
    """The slice from `start` to `end`, which may be counted from the end and lie outside."""
    return slice(*slice(start, end, step).indices(length))


def _sliced(shape: tuple[int, ...], dim: int, start: int | None, end: int | None, step: int) -> tuple[Any, ...]:
    if not shape:
        raise IndexError(SLICE_OF_NUMBER)
    if step <= 0:
        raise RuntimeError(SLICE_STEP)
    return _slice(len(shape), dim, _bounds(shape[axis(dim, len(shape))], start, end, step))


@operator(
    {
        "input": lambda g, src_shape, dim, start, end, step: slice_scatter(
            g, _nothing(g, src_shape), dim, start, end, step
        ),
        "src": lambda g, input_shape, dim, start, end, step: slice_along(
            g, dim, _sliced(input_shape, dim, start, end, step)[-1]
        ),
    },
    tensors=("input", "src"),
    numbers=False,
    sample=lambda s: s.slice_put(),
)
def slice_scatter(
    input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    """A copy of `input` with `src` in the slice from `start` to `end` along `dim`.

    Shapes: the result has the shape of `input`, and `src` that of the slice.
    Refuses: RuntimeError for another shape, and for a step that is not positive.
    """
    index = _sliced(input.shape, dim, start, end, step)
    return _written(input, lambda whole: whole[index], src)
