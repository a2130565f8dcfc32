"""Reductions, which put many elements into one along some or all dimensions, and running sums and products."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from ..messages import warn
from .basic import sum
from .dims import axes, axis, count, dtype_word, in_order
from .extremes import SHORT, extreme
from .fitting import spread
from .refusals import (
    MEAN_OF_INTEGERS,
    NO_FREEDOM,
    OTHER_OUTPUT_SHAPE,
    SPREAD_OF_INTEGERS,
)
from .shape import flip
from .slices import narrow
from .sums import total
from .table import Array, Dims, DType, SomeDims, by_value, operator

_over_dims: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape)), s.boolean())}
_along_dim: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.dim(shape))}


@operator(
    {
        "input": lambda g, input_shape, dim, keepdim: spread(
            g / (count(input_shape, dim) or 1), input_shape, dim, keepdim
        )
    },
    numpy=np.mean,
    out="cast",
    **_over_dims,
)
def mean(input: Array, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """The arithmetic mean, in `dtype` if given; nan of nothing.

    Dtypes: floating ones, and any where `dtype` is given.
    Refuses: RuntimeError for other dtypes.
    """
    if dtype is not None:
        input = input.astype(dtype.numpy)
    if input.dtype.kind not in FLOATING:
        raise RuntimeError(MEAN_OF_INTEGERS.format(word=dtype_word(input)))
    kind = input.dtype
    if kind.char in HALVES:  # in which the sum overflows, or loses digits; as torch, in float32
        input = input.astype(np.float32)
    sums = total(input, None if dim is None else axes(dim, input.ndim), keepdim)
    means = (sums if dim is None else in_order(sums)) / input.dtype.type(count(input.shape, dim))
    return means if kind == input.dtype else means.astype(kind)


@by_value
def _prod_input(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    if not shape:
        return g
    g = spread(g, shape, dim, keepdim)
    zeros = input == 0
    if not zeros.any():
        return g * (spread(out, shape, dim, keepdim) / input)
    if count(shape, dim) == 1:
        return g  # as torch: there are no others, on which the gradient could depend
    if dim is None and isinstance(g, np.ndarray) and np.count_nonzero(zeros) > 1:  # g will not be differentiated
        return np.zeros_like(g)  # as torch: beside an infinity the products of others would be nan
    return g * _product_of_others(input, dim)


def _product_of_others(input: Array, dim: Any) -> Array:
    """For every element the product of all others: of all before it, times all behind it. A zero forbids dividing."""
    x = input.reshape([-1]) if dim is None else input
    d = axis(dim or 0, x.ndim)
    n, one = x.shape[d], np.zeros_like(narrow(x, d, 0, 1)) + 1
    before = cumprod(np.concatenate([one, narrow(x, d, 0, n - 1)], d), d)
    behind = cumprod(np.concatenate([one, flip(narrow(x, d, 1, n - 1), [d])], d), d)
    return (before * flip(behind, [d])).reshape(tuple(input.shape))


@operator(
    {"input": _prod_input},
    numpy=np.prod,
    sample=lambda s: (s.floats(shape := s.shape()), s.maybe(s.dim(shape)), s.boolean()),
)
def prod(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The product; of integers and bools as int64."""
    dtype = None if input.dtype.kind in FLOATING else np.int64
    over = None if dim is None else axes(dim, input.ndim)
    return in_order(np.multiply.reduce(input, axis=over, keepdims=keepdim and dim is not None, dtype=dtype))


@operator(
    {"input": lambda g, input, dim, keepdim: spread(g, tuple(input.shape), dim, keepdim) * (input == input)},
    **_over_dims,
)
def nansum(input: Array, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """The sum of the elements that are not nan; of integers and bools as int64, or in `dtype`."""
    return sum.forward(np.where(input == input, input, input.dtype.type(0)), dim, keepdim, dtype)


# -- all and any -----------------------------------------------------------------------------------


def _some_axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """As `axes`, but an empty list means no dimension: in torch's `all` and `any`, unlike in its sums."""
    return () if dim is not None and not isinstance(dim, int) and not len(dim) else axes(dim, ndim)


def _as_byte(result: Array, input: Array) -> Array:
    return result.astype(np.uint8) if input.dtype == np.uint8 else result  # uint8 was torch's bool once


@operator(**_over_dims)
def all(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether all elements are true, as a bool (of uint8, as uint8)."""
    return _as_byte(in_order(np.all(input, axis=_some_axes(dim, input.ndim), keepdims=keepdim)), input)


@operator(**_over_dims)
def any(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether any element is true, as a bool (of uint8, as uint8)."""
    return _as_byte(in_order(np.any(input, axis=_some_axes(dim, input.ndim), keepdims=keepdim)), input)


@operator(sample=lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape))))
def count_nonzero(input: Array, dim: Dims = None) -> Array:
    """How many elements are not 0; nan is not.

    Shapes: any; 0-d, or that of `input` without the dimensions `dim`.
    """
    return np.add.reduce(np.not_equal(input, 0, order="C"), axes(dim, input.ndim), np.int64)


# -- variance --------------------------------------------------------------------------------------


def _var_input(g: Array, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    """2 (x - mean) / (n - correction) times g; without degrees of freedom inf or nan, as torch has them."""
    shape = tuple(input.shape)
    freedom = count(shape, dim) - correction
    centre = mean(input, dim, True)
    if freedom <= 0 and (dim is None or not shape):
        return g * np.where(input == centre, float("nan"), float("inf"))
    return spread(g * (2 / freedom if freedom else float("inf")), shape, dim, keepdim) * (input - centre)


def _var(name: str, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    over = axes(dim, input.ndim)
    if input.dtype.itemsize < 8:  # in which squares overflow and underflow: as torch, in float64
        input = input.astype(np.float64)
    if input.size:  # less the first of them, equal elements have the variance 0, however their mean is rounded
        input = input - input[tuple(slice(1 if d in over else None) for d in range(input.ndim))]
    centred = input - mean.forward(input, over, True)
    n = count(input.shape, dim)
    freedom = builtins.max(0.0, n - correction) if n else float("nan")
    if freedom == 0 or (not input.size and correction >= 0):
        warn(NO_FREEDOM.format(name=name))
    return in_order(total(centred * centred, over, keepdim)) / input.dtype.type(freedom)


_spread_sample: dict[str, Any] = {
    "sample": lambda s: (
        s.unequal(s.floats(shape := s.shape())),
        s.maybe(s.dims(shape)),
        s.choice([1, 0, 2, 0.5]),
        s.boolean(),
    )
}


def _floats_alone(input: Array, *args: Any) -> None:
    """RuntimeError for other dtypes."""
    if input.dtype.kind not in FLOATING:
        raise RuntimeError(SPREAD_OF_INTEGERS)


@operator({"input": _var_input}, check=_floats_alone, **_spread_sample)
def var(input: Array, dim: Dims = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The variance, with n - `correction` degrees of freedom.

    Dtypes: floating ones.
    """
    return _var("var", input, dim, correction, keepdim).astype(input.dtype, copy=False)


def _std_input(g: Array, out: Array, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    return _var_input(np.where(out == 0, 0, g / (2 * out)), input, dim, correction, keepdim)


@operator({"input": _std_input}, check=_floats_alone, **_spread_sample)
def std(input: Array, dim: Dims = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The standard deviation, with n - `correction` degrees of freedom.

    Dtypes: floating ones.
    """
    return np.sqrt(_var("std", input, dim, correction, keepdim)).astype(input.dtype, copy=False)


# -- in the log domain -----------------------------------------------------------------------------


def _logsumexp_input(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    return spread(g, shape, dim, keepdim) * np.exp(input - spread(out, shape, dim, keepdim))


@operator(
    {"input": _logsumexp_input},
    promotion="float",
    aliases="special_logsumexp",
    sample=lambda s: (s.floats(shape := s.shape()), s.dims(shape), s.boolean()),
)
def logsumexp(input: Array, dim: SomeDims, keepdim: bool = False) -> Array:
    """log(sum(exp(input))), safe from overflow."""
    over = axes(dim, input.ndim)
    if not input.size:
        return np.log(total(input, over, keepdim))
    if dim in ([], ()) and input.ndim and not keepdim:  # torch refuses it, by a fault of its own
        raise RuntimeError(OTHER_OUTPUT_SHAPE.format(shape=[], broadcast=[1] * input.ndim))
    peak = extreme(np.maximum, input, over, True)
    peak = np.where(np.isfinite(peak), peak, 0)
    result = np.log(total(np.exp(input - peak), over, True)) + peak
    return in_order(result if keepdim else np.squeeze(result, over))


def _turned(input: Array, d: int) -> tuple[Array, int, bool]:
    """The array in C order, and `d`; a matrix whose rows are short, and are what `d` counts along, transposed.

    NumPy starts anew for every row, and so it goes down a few long rows in less time.
    """
    if d == 1 == input.ndim - 1 and 1 < input.shape[1] <= SHORT:
        return input.T.copy(), 0, True
    return in_order(input), d, False


def _softmax_input(g: Array, out: Array, dim: int) -> Array:
    return out * (g - total(g * out, dim, True))


@operator({"input": _softmax_input}, kinds="f", casts=True, aliases="special_softmax", **_along_dim)
def softmax(input: Array, dim: int) -> Array:
    """exp(input), scaled to the sum 1 along `dim`."""
    d = axis(dim, input.ndim)
    if not input.size:
        return np.ones_like(input)
    input, d, turned = _turned(input, d)
    shifted = np.exp(input - np.maximum.reduce(input, d, keepdims=True))
    shifted /= total(shifted, d, True)
    return shifted.T.copy() if turned else shifted


@operator(
    {"input": lambda g, out, dim: g - np.exp(out) * total(g, dim, True)},
    kinds="f",
    casts=True,
    aliases="special_log_softmax",
    **_along_dim,
)
def log_softmax(input: Array, dim: int) -> Array:
    """log(softmax(input)) along `dim`, safe from overflow."""
    d = axis(dim, input.ndim)
    if not input.size:
        return np.zeros_like(input)
    input, kind = in_order(input), input.dtype
    half = kind.char in HALVES
    if half:
        input = input.astype(np.float32)
    shifted = input - extreme(np.maximum, input, axes(dim, input.ndim), True)
    sums = total(np.exp(shifted), d, True)
    if half and d == input.ndim - 1:  # torch's kernel for the last dimension rounds the sum, and its logarithm
        sums = sums.astype(kind)
    shifted -= np.log(sums)
    return shifted.astype(kind) if half else shifted


_LOG_OF_NOTHING = -1e30  # whose exponential is 0; unlike infinity it can be subtracted from itself


def _logcumsumexp_input(g: Array, out: Array, input: Array, dim: int) -> Array:
    """The sum of g[j] exp(input[i] - out[j]) over all j from i on, in the log domain, which no exponential leaves.

    As in torch the positive and the negative cotangents are added apart, because only those have logarithms.
    """
    if not input.ndim:
        return g
    parts = []
    for part in (g, -g):
        logs = np.where(part > 0, np.log(np.where(part > 0, part, 1)), _LOG_OF_NOTHING)
        parts.append(np.exp(flip(logcumsumexp(flip(logs - out, [dim]), dim), [dim]) + input))
    return parts[0] - parts[1]


@operator({"input": _logcumsumexp_input}, kinds="f", **_along_dim)
def logcumsumexp(input: Array, dim: int) -> Array:
    """log(cumsum(exp(input))) along a dimension, safe from overflow."""
    totals = _accumulate(np.logaddexp, input, dim)
    return totals + 0 if input.ndim else totals  # torch adds to log(0), so that it is never -0


# -- running totals --------------------------------------------------------------------------------


def _accumulate(ufunc: np.ufunc, input: Array, dim: int) -> Array:
    d, kind = axis(dim, input.ndim), input.dtype if input.dtype.kind in FLOATING else np.dtype(np.int64)
    if not input.ndim:
        return input.astype(kind)
    wide = np.float64 if kind.kind in FLOATING and kind.itemsize < 8 else kind  # as torch, which rounds each total once
    return ufunc.accumulate(in_order(input), d, wide).astype(kind, copy=False)


@operator(
    {"input": lambda g, dim: flip(cumsum(flip(g, [dim]), dim), [dim])},
    numpy=np.cumsum,
    inplace=True,
    **_along_dim,
)
def cumsum(input: Array, dim: int) -> Array:
    """The running total along a dimension."""
    totals = _accumulate(np.add, input, dim)
    return totals + totals.dtype.type(0) if input.ndim else totals  # torch's sum starts from 0: it is never -0


@by_value
def _cumprod_input(g: Array, out: Array, input: Array, dim: int) -> Array:
    if math.prod(input.shape) <= 1 or input.shape[dim] == 1:
        return g
    if not (input == 0).any():
        return flip(cumsum(flip(g * out, [dim]), dim), [dim]) / input
    if isinstance(g, np.ndarray):  # g will not be differentiated: torch, too, is faster then
        return _cumprod_across_zeros(g, out, input, dim)
    # d out[j] / d input[k] is, for j >= k, the product of the elements up to j without the k-th: n times the work.
    parts, n = [], input.shape[dim]
    for k in range(n):
        before, after = prod(narrow(input, dim, 0, k), dim, True), cumprod(narrow(input, dim, k + 1, n - k - 1), dim)
        parts.append(np.add.reduce(narrow(g, dim, k, n - k) * np.concatenate([before, before * after], dim), axis=dim))
    return np.stack(parts, dim)


def _cumprod_across_zeros(g: Array, out: Array, input: Array, d: int) -> Array:
    """The VJP of cumprod where there are zeros.

    An element before the first zero changes the products that end before it. The first zero changes those from itself
    up to the second one. No later element changes a product: they are all 0.
    """
    zeros = np.add.accumulate(input == 0, d, np.int64)
    before, between = zeros == 0, zeros == 1
    others = np.where(between & (input != 0), input, 1)
    from_zero = np.add.reduce(np.multiply.accumulate(others, d) * np.where(between, g, 0), axis=d, keepdims=True)
    to_zero = np.multiply.reduce(np.where(before, input, 1), axis=d, keepdims=True)
    rest = np.flip(np.add.accumulate(np.flip(np.where(before, g * out, 0), d), d), d)
    return np.where(before, rest / np.where(before, input, 1), np.where(between & (input == 0), to_zero * from_zero, 0))


@operator(
    {"input": _cumprod_input},
    numpy=np.cumprod,
    inplace=True,
    **_along_dim,
)
def cumprod(input: Array, dim: int) -> Array:
    """The running product along a dimension."""
    return _accumulate(np.multiply, input, dim)
