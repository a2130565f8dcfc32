"""The extremes, the largest and the smallest elements, of all or along dimensions, and where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import axes, axis, in_order, positions
from .fitting import spread
from .gathering import scatter_add
from .refusals import NO_EXTREME_OF_BOOLS, NOTHING_ALONG_DIM, NOTHING_TO_CHOOSE_FROM, NOTHING_TO_REDUCE
from .sums import total
from .table import Array, Dims, operator

_over_dim: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.dim(shape), s.boolean())}


def _share_among_ties(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    ties = input == spread(out, shape, dim, keepdim)
    return spread(g, shape, dim, keepdim) * ties / total(ties, axes(dim, len(shape)), True)


def extreme(ufunc: np.ufunc, x: Array, over: tuple[int, ...], keepdims: bool) -> Array:
    """The largest or smallest element along dimensions: `ufunc` is np.maximum or np.minimum.

    NumPy starts anew for every row, which takes longer than the comparisons where rows are short. So a large matrix
    with short rows is transposed first.
    """
    if len(over) == 1 and x.ndim == 2 and 1 < x.shape[1] <= SHORT and x.size >= LARGE:
        result = ufunc.reduce(x.T.copy(), axis=1 - over[0], keepdims=keepdims)
        return result.T if keepdims else result
    return ufunc.reduce(x, axis=over, keepdims=keepdims)


SHORT, LARGE = 32, 1000  # elements, of a row and of a matrix


def nonempty(input: Array, dim: Any, name: str) -> None:
    if (dim is None or dim in ([], ())) and not input.size:
        raise RuntimeError(NOTHING_TO_REDUCE.format(name=name))
    for d in axes(dim, input.ndim):
        if not input.shape[d]:
            raise IndexError(NOTHING_ALONG_DIM.format(name=name, dim=d))


_nonempty_arrays: dict[str, Any] = {"sample": lambda s: (s.floats(s.shape()),)}
_some_dims: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape)), s.boolean())}


@operator({"input": _share_among_ties}, numpy=np.max, **_some_dims)
def amax(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """The largest element; ties share the cotangent equally.

    Refuses: RuntimeError, or IndexError along `dim`, where there is no element.
    """
    nonempty(input, dim, "amax")
    return in_order(extreme(np.maximum, input, axes(dim, input.ndim), keepdim))


@operator({"input": _share_among_ties}, numpy=np.min, **_some_dims)
def amin(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """The smallest element; ties share the cotangent equally.

    Refuses: RuntimeError, or IndexError along `dim`, where there is no element.
    """
    nonempty(input, dim, "amin")
    return in_order(extreme(np.minimum, input, axes(dim, input.ndim), keepdim))


def share_among_all(g: Array, out: Array, input: Array) -> Array:
    ties = np.where(out == out, input == out, input != input)  # if one is nan the result is, and the nans share
    return np.where(ties, g / np.add.reduce(ties, axis=None), 0)


@operator({"input": share_among_all}, name="max_all", node_name="MaxBackward1", method=False, **_nonempty_arrays)
def max_all(input: Array) -> Array:
    """The largest of all elements; ties share the cotangent equally.

    Shapes: any; the result is 0-d.
    Refuses: RuntimeError where there is no element.
    As: torch.max(input)
    """
    nonempty(input, None, "max")
    return np.maximum.reduce(input, axis=None)


@operator({"input": share_among_all}, name="min_all", node_name="MinBackward1", method=False, **_nonempty_arrays)
def min_all(input: Array) -> Array:
    """The smallest of all elements; ties share the cotangent equally.

    Shapes: any; the result is 0-d.
    Refuses: RuntimeError where there is no element.
    As: torch.min(input)
    """
    nonempty(input, None, "min")
    return np.minimum.reduce(input, axis=None)


def at_index(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int, keepdim: bool) -> Array:
    """The cotangent at the one element that was chosen, zeros elsewhere."""
    if not input_shape:
        return np.copy(g)
    d = axis(dim, len(input_shape))
    chosen = positions(input_shape, d) == spread(indices, input_shape, dim, keepdim)
    return np.where(chosen, spread(g, input_shape, dim, keepdim), 0)


def _extreme(input: Array, dim: int, keepdim: bool, arg: Any, name: str) -> tuple[Array, Array]:
    d = axis(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    nonempty(input, dim, name)
    indices = arg(input, axis=d, keepdims=True)
    values = np.take_along_axis(input, indices, d)
    return (values, indices) if keepdim else (values.squeeze(d), indices.squeeze(d))


@operator(
    {"input": at_index},
    name="max_dim",
    outputs=("values", "indices"),
    node_name="MaxBackward0",
    method=False,
    **_over_dim,
)
def max_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The largest element along a dimension and its index (that of the first among ties).

    Refuses: IndexError where there is no element.
    As: torch.max(input, dim)
    """
    return _extreme(input, dim, keepdim, np.argmax, "max")


@operator(
    {"input": at_index},
    name="min_dim",
    outputs=("values", "indices"),
    node_name="MinBackward0",
    method=False,
    **_over_dim,
)
def min_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The smallest element along a dimension and its index (that of the first among ties).

    Refuses: IndexError where there is no element.
    As: torch.min(input, dim)
    """
    return _extreme(input, dim, keepdim, np.argmin, "min")


_choose: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.maybe(s.dim(shape)), s.boolean())}


@operator(**_choose)
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the largest element, of all or along a dimension.

    Refuses: RuntimeError for bools, IndexError where there is no element.
    """
    return _where_extreme(input, dim, keepdim, np.argmax, "argmax")


@operator(**_choose)
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the smallest element, of all or along a dimension.

    Refuses: RuntimeError for bools, IndexError where there is no element.
    """
    return _where_extreme(input, dim, keepdim, np.argmin, "argmin")


def _where_extreme(input: Array, dim: Any, keepdim: bool, arg: Any, name: str) -> Array:
    if input.dtype == bool:
        raise RuntimeError(NO_EXTREME_OF_BOOLS.format(name=name))
    if dim is None and not input.size:
        raise IndexError(NOTHING_TO_CHOOSE_FROM.format(name=name))
    nonempty(input, dim, name)
    if not input.ndim:
        return np.zeros((), np.int64)
    return arg(input, axis=None if dim is None else axis(dim, input.ndim), keepdims=keepdim)


# -- running extremes --------------------------------------------------------------------------------

_running: dict[str, Any] = {
    "outputs": ("values", "indices"),
    "sample": lambda s: (s.floats(shape := s.shape(least=1)), s.dim(shape)),
}


def _at_indices(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int) -> Array:
    """The cotangents added up at the elements that were chosen, zeros elsewhere."""
    return scatter_add(np.zeros_like(g, shape=input_shape), dim, indices, g)


def _running_extreme(ufunc: np.ufunc, input: Array, dim: int) -> tuple[Array, Array]:
    d = axis(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    values = ufunc.accumulate(in_order(input), d)
    reached = (input == values) | (input != input)  # nan is an extreme anew each time
    return values, np.maximum.accumulate(np.where(reached, positions(input.shape, d), 0), d)


@operator({"input": _at_indices}, **_running)
def cummax(input: Array, dim: int) -> tuple[Array, Array]:
    """The largest element so far along a dimension, and its index (that of the last among ties)."""
    return _running_extreme(np.maximum, input, dim)


@operator({"input": _at_indices}, **_running)
def cummin(input: Array, dim: int) -> tuple[Array, Array]:
    """The smallest element so far along a dimension, and its index (that of the last among ties)."""
    return _running_extreme(np.minimum, input, dim)
