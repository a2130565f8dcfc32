"""Operators that move, join and repeat elements without changing their values, most of them as views."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from .dims import axes, axis, copied, in_order
from .refusals import (
    BLOCK_DIAG_NDIM,
    CAT_NDIM,
    CAT_OF_NOTHING,
    CAT_OF_NUMBER,
    CAT_SIZES,
    FLATTEN_BACKWARDS,
    INFERRED_OF_NOTHING,
    INFERRED_TWICE,
    NEGATIVE_REPEAT,
    NEGATIVE_SIZE,
    NO_SHIFTS,
    NO_TRIANGLE,
    NOT_A_MATRIX_TO_TRANSPOSE,
    OTHER_COUNT,
    PERMUTE_COUNT,
    PERMUTE_TWICE,
    ROLL_OF_NUMBER,
    ROTATED_DIMS,
    ROTATED_NDIM,
    ROTATED_TWICE,
    SHIFTS_AND_DIMS,
    STACK_OF_NOTHING,
    STACK_SHAPES,
    TOO_FEW_REPEATS,
)
from .slices import narrow, select
from .sums import total
from .table import Array, Arrays, Dims, SomeDims, operator


@operator(
    {"input": lambda g, input_shape: g.reshape(input_shape)},
    view=True,
    variadic=True,
    node_name="ViewBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.regrouped(shape)),
)
def reshape(input: Array, shape: Sequence[int]) -> Array:
    """The same elements in another shape; a view where strides allow it, else a copy.

    Shapes: the result has the shape `shape`, in which one size may be -1: it follows from the others.
    Refuses: RuntimeError for another number of elements.
    """
    if shape and min(shape) < -1:  # NumPy takes any negative size for -1
        i = next(i for i, n in enumerate(shape) if n < -1)
        raise RuntimeError(NEGATIVE_SIZE.format(size=shape[i], place=i, shape=list(shape)))
    try:
        return input.reshape(shape)
    except ValueError:
        if list(shape).count(-1) > 1:
            raise RuntimeError(INFERRED_TWICE) from None
        if -1 in shape and not input.size:
            raise RuntimeError(INFERRED_OF_NOTHING.format(shape=list(shape))) from None
        raise RuntimeError(OTHER_COUNT.format(shape=list(shape), count=input.size)) from None


@operator(
    {"input": lambda g, input_shape: g.reshape(input_shape)},
    sample=lambda s: (s.floats(shape := s.shape()), s.dim(shape), s.dim(shape)),
    view=True,
    node_name="ViewBackward0",
)
def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """The dimensions from `start_dim` to `end_dim` as one.

    Shapes: that of `input`, with the product of these sizes in their place.
    Refuses: RuntimeError where `start_dim` is behind `end_dim`.
    """
    start, end = axis(start_dim, input.ndim), axis(end_dim, input.ndim)
    if start > end:
        raise RuntimeError(FLATTEN_BACKWARDS)
    merged = math.prod(input.shape[start : end + 1])
    return input.reshape(*input.shape[:start], merged, *input.shape[end + 1 :])


@operator(
    {"input": lambda g, dim0, dim1: transpose(g, dim0, dim1)},
    view=True,
    numpy=np.swapaxes,
    sample=lambda s: (s.floats(shape := s.shape()), s.dim(shape), s.dim(shape)),
)
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """A view with two dimensions swapped.

    Shapes: that of `input`, with two sizes swapped.
    In place: `Tensor.transpose_`.
    """
    if not input.ndim:
        return input[...] if axis(dim0, 0) == axis(dim1, 0) else input
    return np.swapaxes(input, axis(dim0, input.ndim), axis(dim1, input.ndim))


@operator({"input": lambda g: g.T if g.ndim == 2 else g}, view=True, sample=lambda s: (s.floats(s.shape(0, 2)),))
def t(input: Array) -> Array:
    """The transpose of a matrix, as a view.

    Shapes: (n, m) to (m, n); a vector or a number stays as it is.
    Refuses: RuntimeError for more than two dimensions.
    In place: `Tensor.t_`.
    """
    if input.ndim > 2:
        raise RuntimeError(NOT_A_MATRIX_TO_TRANSPOSE.format(ndim=input.ndim))
    return input.T


@operator(
    {"input": lambda g, dims: permute(g, np.argsort([axis(d, len(dims)) for d in dims]).tolist())},
    view=True,
    variadic=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.permutation(len(shape))),
)
def permute(input: Array, dims: Sequence[int]) -> Array:
    """A view with its dimensions in another order.

    Shapes: the sizes of `input` in the order `dims`.
    Refuses: RuntimeError unless `dims` has every dimension once.
    """
    if len(dims) != input.ndim:
        raise RuntimeError(PERMUTE_COUNT.format(ndim=input.ndim, given=len(dims)))
    if len({axis(d, input.ndim) for d in dims}) != len(dims):
        raise RuntimeError(PERMUTE_TWICE)
    return np.transpose(input, dims)


@operator(
    {"input": lambda g, dim, input_shape: g.reshape(input_shape)},
    view=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape))),
)
def squeeze(input: Array, dim: Dims = None) -> Array:
    """A view without the dimensions of size 1 (of those named by `dim`).

    Shapes: that of `input` without these sizes.
    In place: `Tensor.squeeze_`.
    """
    named = axes(dim, input.ndim) if dim is None or isinstance(dim, int) or len(dim) else ()
    return np.squeeze(input, tuple(d for d in named if input.shape[d] == 1))


@operator(
    {"input": lambda g, input_shape: g.reshape(input_shape)},
    view=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.dim((*shape, 1))),
)
def unsqueeze(input: Array, dim: int) -> Array:
    """A view with a dimension of size 1 put in at `dim`.

    Shapes: that of `input` with a 1 at `dim`.
    In place: `Tensor.unsqueeze_`.
    """
    d = axis(dim, input.ndim + 1)
    return input.reshape((*input.shape[:d], 1, *input.shape[d:]))


@operator(
    {"input": lambda g, dims: flip(g, dims)},
    variadic=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.several_dims(shape)),
)
def flip(input: Array, dims: Sequence[int]) -> Array:
    """A copy with the order of the elements along `dims` reversed."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return copied(np.flip(input, axes(dims, input.ndim)) if dims else input)


def _unroll(g: Array, shifts: Any, dims: Any) -> Array:
    """The VJP of roll: the cotangent, rolled back."""
    return roll(g, [-n for n in shifts] if isinstance(shifts, Sequence) else -shifts, dims)


@operator(
    {"input": _unroll},
    sample=lambda s: s.rolled(),
)
def roll(input: Array, shifts: SomeDims, dims: Dims = None) -> Array:
    """A copy with the elements moved on along `dims`, and round to the other end; all as one row without `dims`.

    Refuses: RuntimeError for other numbers of shifts than of dimensions.
    """
    shifts, dims = ([] if x is None else x if isinstance(x, Sequence) else [x] for x in (shifts, dims))
    shifts = list(map(index, shifts))
    if not shifts:
        raise RuntimeError(NO_SHIFTS)
    input = in_order(input)
    if not dims and len(shifts) == 1:
        return np.roll(input, shifts[0])
    if len(shifts) != len(dims):
        raise RuntimeError(SHIFTS_AND_DIMS.format(shifts=len(shifts), dims=len(dims)))
    if len(dims) == 1 and not input.size:
        return input.copy()
    if not input.ndim:
        raise IndexError(ROLL_OF_NUMBER.format(dim=dims[0]))
    return np.roll(input, shifts, [axis(d, input.ndim) for d in dims])


def _unrepeat(g: Array, input_shape: tuple[int, ...], repeats: Sequence[int]) -> Array:
    """The VJP of repeat: the sum of the cotangents of all copies."""
    padded = (1,) * (len(repeats) - len(input_shape)) + input_shape
    pairs = [n for pair in zip(repeats, padded, strict=True) for n in pair]
    return total(g.reshape(pairs), tuple(range(0, len(pairs), 2))).reshape(input_shape)


@operator(
    {"input": lambda g, k, dims: rot90(g, -k, dims)},
    # not expanded: torch's strides are then others
    sample=lambda s: (s.floats(shape := s.shape(2)).copy(order="K"), s.size(-5, 5), s.permutation(len(shape))[:2]),
)
def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Array:
    """A copy, turned `k` times by 90 degrees in the plane of two dimensions, from the first to the second.

    Shapes: that of `input`, with the two sizes swapped for an odd `k`.
    Refuses: RuntimeError for fewer than two dimensions, and for others than two different ones to turn.
    """
    if len(dims) != 2:
        raise RuntimeError(ROTATED_DIMS.format(count=len(dims)))
    if input.ndim < 2:
        raise RuntimeError(ROTATED_NDIM.format(ndim=input.ndim))
    first, second = (axis(d, input.ndim) for d in dims)
    if first == second:
        raise RuntimeError(ROTATED_TWICE.format(*dims))
    return copied(np.rot90(input, k, (first, second))) if k % 4 else input.copy()


@operator(
    {"input": _unrepeat},
    variadic=True,
    sample=lambda s: (s.floats(shape := s.shape()), [s.size(0, 2) for _ in range(len(shape) + s.size(0, 1))]),
)
def repeat(input: Array, repeats: Sequence[int]) -> Array:
    """Copies of the whole, `repeats` times along each dimension.

    Shapes: the sizes of `input` times `repeats`, which may have more dimensions in front.
    Refuses: RuntimeError for fewer repeats than dimensions, and for a negative one.
    As: torch.Tensor.repeat
    """
    if len(repeats) < input.ndim:
        raise RuntimeError(TOO_FEW_REPEATS)
    if min(repeats, default=0) < 0:
        shape = (1,) * (len(repeats) - input.ndim) + input.shape
        size = [n * times for n, times in zip(shape, repeats, strict=True)]
        raise RuntimeError(NEGATIVE_REPEAT.format(size=min(size), sizes=size))
    return in_order(np.tile(input, repeats))


def _uncat(g: Array, tensors_shape: Sequence[tuple[int, ...]], dim: int) -> list[Array]:
    parts, start = [], 0
    for shape in tensors_shape:
        if shape == (0,):  # torch lets an empty vector join anything
            parts.append(np.zeros_like(g, shape=(0,)))
            continue
        size = shape[axis(dim, len(shape))]
        parts.append(narrow(g, axis(dim, len(shape)), start, size))
        start += size
    return parts


@operator(
    {"tensors": _uncat},
    tensors=("tensors",),
    promotion="arithmetic",
    listed=True,
    sample=lambda s: s.joinable(),
    numpy=np.concatenate,
    aliases="concat concatenate",
    method=False,
    function=True,
)
def cat(tensors: Arrays, dim: int = 0) -> Array:
    """The arrays, joined along a dimension that they have.

    Shapes: alike but for the size along `dim`; the result has the sum of these. An empty vector joins anything.
    Refuses: ValueError for an empty list; RuntimeError for shapes that do not fit and for 0-d arrays.
    """
    if not tensors:
        raise ValueError(CAT_OF_NOTHING)
    if tensors[0].shape not in ((), (0,)):
        try:
            return in_order(np.concatenate(tensors, axis(dim, tensors[0].ndim)))
        except (IndexError, ValueError):  # there are empty vectors, or torch refuses it, too
            pass
    whole = [x for x in tensors if x.shape != (0,)]
    if not whole:
        return np.concatenate(tensors)
    if any(x.ndim == 0 for x in whole):
        position = next(i for i, x in enumerate(tensors) if x.ndim == 0)
        raise RuntimeError(CAT_OF_NUMBER.format(place=position))
    d = axis(dim, whole[0].ndim)
    _refuse_sizes(tensors, whole[0].shape, d)
    return in_order(np.concatenate(whole, d))


def _refuse_sizes(tensors: Arrays, first: tuple[int, ...], d: int) -> None:
    """RuntimeError in torch's words unless all but empty vectors have the sizes `first`, apart from that along `d`."""
    for i, x in enumerate(tensors):
        if x.shape == (0,):
            continue
        if x.ndim != len(first):
            raise RuntimeError(CAT_NDIM.format(first=len(first), other=x.ndim))
        if x.shape[:d] + x.shape[d + 1 :] != first[:d] + first[d + 1 :]:
            own, expected = next(
                (b, a) for k, (a, b) in enumerate(zip(first, x.shape, strict=True)) if k != d and a != b
            )
            raise RuntimeError(CAT_SIZES.format(dim=d, expected=expected, own=own, place=i))


@operator(
    {"tensors": lambda g, dim: [select(g, dim, i) for i in range(g.shape[dim])]},
    tensors=("tensors",),
    promotion="arithmetic",
    listed=True,
    numpy=np.stack,
    method=False,
    function=True,
    sample=lambda s: (xs := s.alike(), s.dim((*xs[0].shape, 1))),
)
def stack(tensors: Arrays, dim: int = 0) -> Array:
    """The arrays, joined along a new dimension.

    Shapes: all alike; the result has the number of arrays at `dim`.
    Refuses: RuntimeError for an empty list and for different shapes.
    """
    if not tensors:
        raise RuntimeError(STACK_OF_NOTHING)
    first = tensors[0].shape
    d = axis(dim, len(first) + 1)
    if [x.shape for x in tensors].count(first) != len(tensors):  # a third of the time that a loop takes
        i, x = next((i, x) for i, x in enumerate(tensors) if x.shape != first)
        raise RuntimeError(STACK_SHAPES.format(first=list(first), other=list(x.shape), place=i))
    if not d and first:
        return in_order(np.concatenate(tensors)).reshape((len(tensors), *first))  # np.stack reshapes each of the arrays
    return in_order(np.stack(tensors, d))


@operator(
    {"input": lambda g, input_shape, diagonal: np.triu(g, diagonal)},
    numpy=np.triu,
    inplace=True,
    sample=lambda s: (s.floats(s.shape(2)), s.size(-4, 4)),
    overlap="allowed",
)
def triu(input: Array, diagonal: int = 0) -> Array:
    """What is on and above a diagonal, zeros below."""
    _refuse_vector("triu", input)
    return np.triu(in_order(input), diagonal)


@operator(
    {"input": lambda g, diagonal: np.tril(g, diagonal)},
    numpy=np.tril,
    inplace=True,
    sample=lambda s: (s.floats(s.shape(2)), s.size(-4, 4)),
    overlap="allowed",
)
def tril(input: Array, diagonal: int = 0) -> Array:
    """What is on and below a diagonal, zeros above."""
    _refuse_vector("tril", input)
    return np.tril(in_order(input), diagonal)


def _corners(shapes: Sequence[tuple[int, ...]]) -> list[tuple[slice, slice]]:
    """Where in a block diagonal matrix each block stands; a number is a block of one row and column, a vector a row."""
    corners, row, column = [], 0, 0
    for shape in shapes:
        n, m = (1, 1, *shape)[-2:]
        corners.append((slice(row, row + n), slice(column, column + m)))
        row, column = row + n, column + m
    return corners


@operator(
    {
        "tensors": lambda g, tensors_shape: [
            g[corner].reshape(shape) for corner, shape in zip(_corners(tensors_shape), tensors_shape, strict=True)
        ]
    },
    tensors=("tensors",),
    promotion="arithmetic",
    listed=True,
    method=False,
    # not empty: beside one torch gives a number the gradient of another element
    sample=lambda s: ([s.floats(s.shape(0, 2, least=1)) for _ in range(s.size(1, 3))],),
)
def block_diag(tensors: Arrays) -> Array:
    """The matrix that has some matrices on its diagonal, one after the other, and zeros beside them.

    Shapes: matrices of any sizes, vectors, which are matrices of one row, and numbers.
    Refuses: RuntimeError for more than two dimensions.
    """
    for place, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(BLOCK_DIAG_NDIM.format(place=place, ndim=x.ndim))
    corners = _corners([x.shape for x in tensors])
    end = tuple(part.stop for part in corners[-1])
    whole = np.zeros_like(tensors[0], shape=end, order="C")
    for corner, x in zip(corners, tensors, strict=True):
        whole[corner] = x
    return whole


def _refuse_vector(name: str, input: Array) -> None:
    if input.ndim < 2:
        raise RuntimeError(NO_TRIANGLE.format(name=name))
