"""Statistics of order (median, mode, the k-th smallest element) and counts of elements by their values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import axis, positions
from .extremes import at_index, nonempty, share_among_all
from .refusals import (
    BIN_COUNT,
    BIN_RANGE_BACKWARDS,
    BIN_RANGE_INFINITE,
    BINCOUNT_INPUT,
    BINCOUNT_LENGTH,
    BINCOUNT_WEIGHTS,
    KTH_OUT_OF_RANGE,
)
from .table import Array, by_value, not_implemented, operator

# -- statistics of order -------------------------------------------------------------------------------

_of_all: dict[str, Any] = {"kinds": "if", "sample": lambda s: (s.floats(s.shape(least=1)),)}
_along_dim: dict[str, Any] = {
    "outputs": ("values", "indices"),
    # Not expanded: there torch's medians read beyond the elements.
    "sample": lambda s: (s.unequal(s.floats(shape := s.shape())), s.dim(shape), s.boolean()),
}


@by_value
def _middle(input: Array, skip_nan: bool) -> Array:
    """The lower of the two middle elements; nan, which an integer cannot be, if one is nan or there are none."""
    flat = input.reshape(-1)
    nans = np.count_nonzero(flat != flat)
    count = flat.size - nans
    if not count or (nans and not skip_nan):
        missing = np.nan if input.dtype.kind in FLOATING else np.iinfo(input.dtype).min
        return np.full((), missing, input.dtype)
    middle = (count - 1) // 2
    return np.asarray(np.partition(flat, middle)[middle])  # which puts nan last


def _chosen(input: Array, indices: Array, d: int, keepdim: bool) -> tuple[Array, Array]:
    """The elements at indices that have the size 1 along a dimension, and the indices."""
    values = np.take_along_axis(input, indices, d)
    return (values, indices) if keepdim else (values.squeeze(d), indices.squeeze(d))


def _middle_along(input: Array, dim: int, keepdim: bool, skip_nan: bool) -> tuple[Array, Array]:
    """The lower of the two middle elements, and the index of the one among its equals that a stable sort puts there."""
    d = axis(dim, input.ndim)
    nonempty(input, dim, "median")
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    nan = input != input
    count = input.shape[d] - np.add.reduce(nan, d, np.int64, keepdims=True)
    order = np.argsort(input, axis=d, kind="stable")
    if skip_nan:
        indices = np.take_along_axis(order, np.maximum(count - 1, 0) // 2, d)
    else:
        middle = np.take(order, [(input.shape[d] - 1) // 2], d)
        indices = np.where(count < input.shape[d], np.argmax(nan, d, keepdims=True), middle)
    return _chosen(input, indices, d, keepdim)


@operator({"input": share_among_all}, name="median_all", node_name="MedianBackward0", method=False, **_of_all)
def median_all(input: Array) -> Array:
    """The median of all elements, the lower of two; nan if one is nan. Equal elements share the cotangent.

    Shapes: any; the result is 0-d.
    As: torch.median(input)
    """
    return _middle(input, False)


@operator({"input": share_among_all}, name="nanmedian_all", node_name="NanmedianBackward0", method=False, **_of_all)
def nanmedian_all(input: Array) -> Array:
    """The median of all elements that are not nan, the lower of two. Equal elements share the cotangent.

    Shapes: any; the result is 0-d.
    As: torch.nanmedian(input)
    """
    return _middle(input, True)


@operator({"input": at_index}, name="median_dim", node_name="MedianBackward1", kinds="if", method=False, **_along_dim)
def median_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The median along a dimension, the lower of two, and its index; the first nan if one is nan.

    Refuses: IndexError where there is no element.
    As: torch.median(input, dim)
    """
    return _middle_along(input, dim, keepdim, False)


@operator(
    {"input": at_index}, name="nanmedian_dim", node_name="NanmedianBackward1", kinds="if", method=False, **_along_dim
)
def nanmedian_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The median of the elements along a dimension that are not nan, the lower of two, and its index.

    Refuses: IndexError where there is no element.
    As: torch.nanmedian(input, dim)
    """
    return _middle_along(input, dim, keepdim, True)


@operator(
    {"input": at_index},
    outputs=("values", "indices"),
    sample=lambda s: (s.moderate(s.floats(shape := s.shape())), s.dim(shape), s.boolean()),
)
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> tuple[Array, Array]:
    """The most frequent element along a dimension, the smallest among several, and the index of the last of its equals.

    Refuses: IndexError where there is no element.
    """
    d = axis(dim, input.ndim)
    nonempty(input, dim, "mode")
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    order = np.argsort(input, axis=d, kind="stable")
    ordered, place = np.take_along_axis(input, order, d), positions(input.shape, d)
    begins = np.where((ordered != np.roll(ordered, 1, d)) | (place == 0), place, 0)
    length = place - np.maximum.accumulate(begins, d)  # of the run of equal elements, up to each
    last = np.argmax(length, d, keepdims=True)
    return _chosen(input, np.take_along_axis(order, last, d), d, keepdim)


@operator(
    {"input": at_index},
    outputs=("values", "indices"),
    kinds="if",
    sample=lambda s: (s.unequal(s.distinct(shape := s.shape(least=1))), s.size(1, (*shape, 1)[0]), 0, s.boolean()),
)
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Array, Array]:
    """The k-th smallest element along a dimension, nan being the largest, and its index.

    Refuses: RuntimeError for a k that is not among 1, 2, ... up to the size; IndexError where there is no element.
    """
    d = axis(dim, input.ndim)
    nonempty(input, dim, "kthvalue")
    if not 1 <= k <= (input.shape[d] if input.ndim else 1):
        raise RuntimeError(KTH_OUT_OF_RANGE.format(dim=d))
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    return _chosen(input, np.take(np.argsort(input, axis=d, kind="stable"), [k - 1], d), d, keepdim)


# -- counts by values ----------------------------------------------------------------------------------


def _draw_counted(s: Any) -> tuple[Any, ...]:
    x = s.moderate(s.floats(s.shape()))
    bounds = (
        s.choice([(0, 0), (-1, 2)]) if x.dtype.kind in FLOATING else (0, 2)
    )  # torch converts them before it refuses
    return x, s.size(1, 5), *bounds


@operator(kinds="f", sample=_draw_counted)
@by_value
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """How many elements lie in each of `bins` intervals of one length from `min` to `max`; by default of all elements.

    Shapes: the result is a vector with `bins` elements.
    Dtypes: floating ones; the result has that of `input`.
    Refuses: RuntimeError for `max` below `min`, for bounds that are not finite, and for no bins.
    """
    if bins <= 0:
        raise RuntimeError(BIN_COUNT.format(bins=bins))
    low, high = float(min), float(max)
    if low == high and input.size:
        low, high = float(np.min(input)), float(np.max(input))
    if low == high:
        low, high = low - 1, high + 1
    if not np.isfinite(high - low):
        raise RuntimeError(BIN_RANGE_INFINITE.format(low=low, high=high))
    if low > high:
        raise RuntimeError(BIN_RANGE_BACKWARDS)
    inside = input[(input >= low) & (input <= high)]
    kind = input.dtype.type
    bin = ((inside - kind(low)) * kind(bins) / (kind(high) - kind(low))).astype(np.int64)
    return np.bincount(np.minimum(bin, bins - 1), minlength=bins).astype(input.dtype)


@operator(
    {"weights": not_implemented("bincount")},
    tensors=("input", "weights"),
    numbers=False,
    node_name="NotImplemented",
    # of no weights at all torch gives int64
    sample=lambda s: (s.ints((n := s.size(1),), 0, 4), s.maybe(s.moderate(s.floats((n,)))), s.size(0, 6)),
)
def bincount(input: Array, weights: Any = None, minlength: int = 0) -> Array:
    """How often each of the integers 0, 1, 2, ... occurs in a vector; or the sum of the weights where it does.

    Shapes: the result is a vector whose size is the largest integer plus one, and at least `minlength`.
    Dtypes: integers; the result has int64, or the dtype of `weights` if that is float32, else float64.
    Refuses: RuntimeError for negative integers, other shapes and a negative `minlength`.
    """
    if input.dtype.kind not in "iu" or input.ndim != 1 or np.any(input < 0):
        refused = NotImplementedError if input.dtype.kind not in "iu" else RuntimeError
        raise refused(BINCOUNT_INPUT)
    if minlength < 0:
        raise RuntimeError(BINCOUNT_LENGTH)
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError(BINCOUNT_WEIGHTS)
    counts = np.bincount(input, weights, minlength)
    if weights is None:
        return counts
    return counts.astype(np.float32 if weights.dtype == np.float32 else np.float64, copy=False)
