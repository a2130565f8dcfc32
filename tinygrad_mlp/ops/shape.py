"""Operators that move, join and repeat elements and change none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import axes, axis, copied, dtype_word, in_order
from .slices import narrow, select
from .table import Array, Arrays, operator


def spread(g: Array, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Array:
    """Repeat the cotangent of a reduction over `dim` along what was reduced."""
    if not keepdim and g.ndim:
        reduced = axes(dim, len(shape))
        g = g.reshape([1 if d in reduced else n for d, n in enumerate(shape)])
    return expand(g, shape)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the dimensions along which `shape` was broadcast to that of `x`."""
    added = x.ndim - len(shape)
    stretched = [added + d for d, n in enumerate(shape) if n == 1 != x.shape[added + d]]
    over = (*range(added), *stretched)  # torch takes no dimensions for all of them
    return (np.add.reduce(x, axis=over, keepdims=True) if over else x).reshape(shape)


def refuse_expansion(x: Array, size: tuple[int, ...]) -> None:
    """RuntimeError in torch's words unless `x` can be broadcast to `size`."""
    added = len(size) - x.ndim
    if added < 0:
        raise RuntimeError(
            f"expand(torch.{dtype_word(x)}Tensor{{{list(x.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({x.ndim})"
        )
    if -1 in size[:added]:
        raise RuntimeError(
            f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {size.index(-1)}"
        )
    for d in reversed(range(added, len(size))):
        n, own = size[d], x.shape[d - added]
        if n != own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at non-singleton "
                f"dimension {d}.  Target sizes: {list(size)}.  Tensor sizes: {list(x.shape)}"
            )


@operator(
    {"input": lambda g, input_shape: sum_to(g, input_shape)},
    view=True,
    variadic=True,
    sample=lambda s: (s.floats(s.broadcast_into(shape := s.shape())), shape),
)
def expand(input: Array, size: Sequence[int]) -> Array:
    """A view with dimensions of size 1 repeated, and new ones in front; -1 keeps a size.

    Shapes: the result has the shape `size`, to which `input` broadcasts.
    Refuses: RuntimeError for a shape that does not.
    As: torch.Tensor.expand
    """
    if type(input) is np.ndarray and not input.ndim and min(size, default=0) >= 0:
        return np.ndarray(size, input.dtype, input, 0, (0,) * len(size))  # np.broadcast_to takes six times as long
    if -1 in size:
        added = len(size) - input.ndim
        size = [input.shape[d - added] if n == -1 and d >= added else n for d, n in enumerate(size)]
    refuse_expansion(input, tuple(size))
    return np.broadcast_to(input, size)


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
    if min(shape, default=0) < -1:  # which NumPy takes for -1
        i = next(i for i, n in enumerate(shape) if n < -1)
        raise RuntimeError(f"invalid shape dimension {shape[i]} at index {i} of shape {list(shape)}")
    try:
        return input.reshape(shape)
    except ValueError:
        if list(shape).count(-1) > 1:
            raise RuntimeError("only one dimension can be inferred") from None
        if -1 in shape and not input.size:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            ) from None
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {input.size}") from None


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
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
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
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
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
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(dims)}"
        )
    if len({axis(d, input.ndim) for d in dims}) != len(dims):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return np.transpose(input, dims)


@operator(
    {"input": lambda g, dim, input_shape: g.reshape(input_shape)},
    view=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape))),
)
def squeeze(input: Array, dim: Any = None) -> Array:
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
    return np.expand_dims(input, axis(dim, input.ndim + 1))


@operator(
    {"input": lambda g, dims: flip(g, dims)},
    variadic=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.several_dims(shape)),
)
def flip(input: Array, dims: Any) -> Array:
    """A copy with the order of the elements along `dims` reversed."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return copied(np.flip(input, axes(dims, input.ndim)) if dims else input)


def _unroll(g: Array, shifts: Any, dims: Any) -> Array:
    return roll(g, [-n for n in shifts] if isinstance(shifts, Sequence) else -shifts, dims)


@operator(
    {"input": _unroll},
    sample=lambda s: s.rolled(),
)
def roll(input: Array, shifts: Any, dims: Any = None) -> Array:
    """A copy with the elements moved on along `dims`, and round to the other end; all as one row without `dims`.

    Refuses: RuntimeError for other numbers of shifts than of dimensions.
    """
    shifts, dims = ([] if x is None else x if isinstance(x, Sequence) else [x] for x in (shifts, dims))
    if not shifts:
        raise RuntimeError("`shifts` required")
    input = in_order(input)
    if not dims and len(shifts) == 1:
        return np.roll(input, shifts[0])
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if len(dims) == 1 and not input.size:
        return input.copy()
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    return np.roll(input, shifts, [axis(d, input.ndim) for d in dims])


def _unrepeat(g: Array, input_shape: tuple[int, ...], repeats: Sequence[int]) -> Array:
    padded = (1,) * (len(repeats) - len(input_shape)) + input_shape
    pairs = [n for pair in zip(repeats, padded, strict=True) for n in pair]
    return np.add.reduce(g.reshape(pairs), axis=tuple(range(0, len(pairs), 2))).reshape(input_shape)


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
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if min(repeats, default=0) < 0:
        shape = (1,) * (len(repeats) - input.ndim) + input.shape
        size = [n * times for n, times in zip(shape, repeats, strict=True)]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {size}")
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
)
def cat(tensors: Arrays, dim: int = 0) -> Array:
    """The arrays, joined along a dimension that they have.

    Shapes: alike but for the size along `dim`; the result has the sum of these. An empty vector joins anything.
    Refuses: ValueError for an empty list; RuntimeError for shapes that do not fit and for 0-d arrays.
    """
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    whole = [x for x in tensors if x.shape != (0,)]
    if not whole:
        return np.concatenate(tensors)
    first = whole[0]
    if any(x.ndim == 0 for x in whole):
        position = next(i for i, x in enumerate(tensors) if x.ndim == 0)
        raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
    d = axis(dim, first.ndim)
    for i, x in enumerate(whole[1:], 1):
        if x.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}")
        if x.shape[:d] + x.shape[d + 1 :] != first.shape[:d] + first.shape[d + 1 :]:
            own, expected = next(
                (b, a) for k, (a, b) in enumerate(zip(first.shape, x.shape, strict=True)) if k != d and a != b
            )
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {d}. Expected size {expected} but got size {own} "
                f"for tensor number {i} in the list."
            )
    return in_order(np.concatenate(whole, d))


@operator(
    {"tensors": lambda g, dim: [select(g, dim, i) for i in range(g.shape[dim])]},
    tensors=("tensors",),
    promotion="arithmetic",
    listed=True,
    numpy=np.stack,
    sample=lambda s: (xs := s.alike(), s.dim((*xs[0].shape, 1))),
)
def stack(tensors: Arrays, dim: int = 0) -> Array:
    """The arrays, joined along a new dimension.

    Shapes: all alike; the result has the number of arrays at `dim`.
    Refuses: RuntimeError for an empty list and for different shapes.
    """
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, x in enumerate(tensors):
        if x.shape != tensors[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return in_order(np.stack(tensors, axis(dim, tensors[0].ndim + 1)))


@operator(
    {"input": lambda g, input_shape, diagonal: np.triu(g, diagonal)},
    numpy=np.triu,
    inplace=True,
    sample=lambda s: (s.floats(s.shape(2)), s.size(-4, 4)),
    overlap="allowed",
)
def triu(input: Array, diagonal: int = 0) -> Array:
    """What is on and above a diagonal, zeros below."""
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
    return np.tril(in_order(input), diagonal)
