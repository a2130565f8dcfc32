"""Operators that put many elements into one, along some or all dimensions, and running totals."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..warned import warn
from .dims import axes, axis, count, dtype_word, positions
from .indexing import scatter_add
from .shape import flip, spread
from .table import Array, operator

_over_dims: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape)), s.boolean())}
_over_dim: dict[str, Any] = {"sample": lambda s: (s.distinct(shape := s.shape(1, least=1)), s.dim(shape), s.boolean())}
_along_dim: dict[str, Any] = {"sample": lambda s: (s.floats(shape := s.shape(1)), s.dim(shape))}


@operator(
    {"input": lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim)}, numpy=np.sum, **_over_dims
)
def sum(input: Array, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Array:
    """The sum, of integers and bools as int64; or in `dtype`"""
    kind = dtype.numpy if dtype is not None else None if input.dtype.kind == "f" else np.int64
    return np.add.reduce(input, None if dim is None else axes(dim, input.ndim), kind, None, keepdim)


@operator(
    {
        "input": lambda g, input_shape, dim, keepdim: spread(
            g / (count(input_shape, dim) or 1), input_shape, dim, keepdim
        )
    },
    numpy=np.mean,
    **_over_dims,
)
def mean(input: Array, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Array:
    """The arithmetic mean, in `dtype` if given; nan of nothing"""
    if dtype is not None:
        input = input.astype(dtype.numpy)
    if input.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dtype_word(input)}"
        )
    total = np.add.reduce(input, None if dim is None else axes(dim, input.ndim), None, None, keepdim)
    return total / input.dtype.type(count(input.shape, dim))


def _prod_input(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    g = spread(g, shape, dim, keepdim)
    if not bool((input == 0).any()):
        return g * (spread(out, shape, dim, keepdim) / input)
    return g * _product_of_others(input, dim)


def _product_of_others(input: Array, dim: Any) -> Array:
    """For every element the product of all others: n times the work, so only where a zero forbids dividing."""
    shape = tuple(input.shape)
    flat = input.reshape([1, -1]) if dim is None else np.swapaxes(input, axis(dim, len(shape)), -1)
    n = flat.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, flat.reshape([*flat.shape[:-1], 1, n]))
    result = prod(others, -1)
    return result.reshape(shape) if dim is None else np.swapaxes(result, axis(dim, len(shape)), -1)


@operator(
    {"input": _prod_input},
    numpy=np.prod,
    sample=lambda s: (s.floats(shape := s.shape(1)), s.maybe(s.dim(shape)), s.boolean()),
)
def prod(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The product; of integers and bools as int64"""
    dtype = None if input.dtype.kind == "f" else np.int64
    over = None if dim is None else axes(dim, input.ndim)
    return np.multiply.reduce(input, axis=over, keepdims=keepdim and dim is not None, dtype=dtype)


# -- extremes --------------------------------------------------------------------------------------


def _share_among_ties(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    ties = input == spread(out, shape, dim, keepdim)
    return spread(g, shape, dim, keepdim) * ties / np.add.reduce(ties, axis=axes(dim, len(shape)), keepdims=True)


def _nonempty(input: Array, dim: Any, name: str) -> None:
    if dim is None and not input.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    for d in axes(dim, input.ndim):
        if not input.shape[d]:
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


_nonempty_arrays: dict[str, Any] = {"sample": lambda s: (s.floats(s.shape()),)}
_some_dims: dict[str, Any] = {
    "sample": lambda s: (s.floats(shape := s.shape(least=1)), s.maybe(s.dims(shape)), s.boolean())
}


@operator({"input": _share_among_ties}, numpy=np.max, **_some_dims)
def amax(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The largest element; ties share the cotangent"""
    _nonempty(input, dim, "amax")
    return np.maximum.reduce(input, axis=axes(dim, input.ndim), keepdims=keepdim)


@operator({"input": _share_among_ties}, numpy=np.min, **_some_dims)
def amin(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The smallest element; ties share the cotangent"""
    _nonempty(input, dim, "amin")
    return np.minimum.reduce(input, axis=axes(dim, input.ndim), keepdims=keepdim)


def _share_among_all(g: Array, out: Array, input: Array) -> Array:
    ties = np.where(out == out, input == out, input != input)  # a nan is the extreme, and shares with the other nans
    return np.where(ties, g / np.add.reduce(ties, axis=None), 0)


@operator({"input": _share_among_all}, name="max_all", node_name="MaxBackward1", method=False, **_nonempty_arrays)
def max_all(input: Array) -> Array:
    """The largest element of all; ties share the cotangent"""
    _nonempty(input, None, "max")
    return np.maximum.reduce(input, axis=None)


@operator({"input": _share_among_all}, name="min_all", node_name="MinBackward1", method=False, **_nonempty_arrays)
def min_all(input: Array) -> Array:
    """The smallest element of all; ties share the cotangent"""
    _nonempty(input, None, "min")
    return np.minimum.reduce(input, axis=None)


def _at_index(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int, keepdim: bool) -> Array:
    """The cotangent at the one element that was chosen, zeros elsewhere."""
    if not input_shape:
        return g
    d = axis(dim, len(input_shape))
    chosen = positions(input_shape, d) == spread(indices, input_shape, dim, keepdim)
    return np.where(chosen, spread(g, input_shape, dim, keepdim), 0)


def _extreme(input: Array, dim: int, keepdim: bool, arg: Any, name: str) -> tuple[Array, Array]:
    d = axis(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    _nonempty(input, dim, name)
    indices = arg(input, axis=d, keepdims=True)
    values = np.take_along_axis(input, indices, d)
    return (values, indices) if keepdim else (values.squeeze(d), indices.squeeze(d))


@operator({"input": _at_index}, name="max_dim", outputs=("values", "indices"), node_name="MaxBackward0", **_over_dim)
def max_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The largest element along a dimension and where it is (the first of ties)"""
    return _extreme(input, dim, keepdim, np.argmax, "max")


@operator({"input": _at_index}, name="min_dim", outputs=("values", "indices"), node_name="MinBackward0", **_over_dim)
def min_dim(input: Array, dim: int, keepdim: bool = False) -> tuple[Array, Array]:
    """The smallest element along a dimension and where it is (the first of ties)"""
    return _extreme(input, dim, keepdim, np.argmin, "min")


_choose: dict[str, Any] = {
    "sample": lambda s: (s.distinct(shape := s.shape(1, least=1)), s.maybe(s.dim(shape)), s.boolean())
}


@operator(**_choose)
def argmax(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The index of the largest element, of all or along a dimension"""
    return _where_extreme(input, dim, keepdim, np.argmax, "argmax")


@operator(**_choose)
def argmin(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The index of the smallest element, of all or along a dimension"""
    return _where_extreme(input, dim, keepdim, np.argmin, "argmin")


def _where_extreme(input: Array, dim: Any, keepdim: bool, arg: Any, name: str) -> Array:
    if input.dtype == bool:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None and not input.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    _nonempty(input, dim, name)
    if not input.ndim:
        return np.zeros((), np.int64)
    return arg(input, axis=None if dim is None else axis(dim, input.ndim), keepdims=keepdim)


def _some_axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """As `axes`, but an empty list of dimensions is none of them: torch's `all` and `any` differ from its sums here."""
    return () if dim is not None and not isinstance(dim, int) and not len(dim) else axes(dim, ndim)


def _as_byte(result: Array, input: Array) -> Array:
    return result.astype(np.uint8) if input.dtype == np.uint8 else result  # uint8 was torch's bool once


@operator(**_over_dims)
def all(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """Whether all elements are true"""
    return _as_byte(np.all(input, axis=_some_axes(dim, input.ndim), keepdims=keepdim), input)


@operator(**_over_dims)
def any(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """Whether any element is true"""
    return _as_byte(np.any(input, axis=_some_axes(dim, input.ndim), keepdims=keepdim), input)


# -- spread ----------------------------------------------------------------------------------------


def _var_input(g: Array, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    n = count(shape, dim)
    freedom = n - correction
    scale = 2 / freedom if freedom > 0 else (float("inf") if n else float("nan"))
    over = axes(dim, len(shape))
    return spread(g, shape, dim, keepdim) * scale * (input - mean(input, over, True))


def _var(name: str, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    over = axes(dim, input.ndim)
    centred = input - mean.forward(input, over, True)
    freedom = builtins.max(0.0, count(input.shape, dim) - correction)
    if freedom == 0 or (not input.size and correction >= 0):
        warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel)."
        )
    return np.add.reduce(centred * centred, axis=over, keepdims=keepdim) / input.dtype.type(freedom)


_spread_sample: dict[str, Any] = {
    "sample": lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape) or -1), s.choice([1, 0]), s.boolean())
}


def _floats_alone(input: Array, *args: Any) -> None:
    if input.dtype.kind != "f":
        raise RuntimeError("std and var only support floating point and complex dtypes")


@operator({"input": _var_input}, check=_floats_alone, **_spread_sample)
def var(input: Array, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The variance, with n - `correction` degrees of freedom"""
    return _var("var", input, dim, correction, keepdim)


def _std_input(g: Array, out: Array, input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    return _var_input(np.where(out == 0, 0, g / (2 * out)), input, dim, correction, keepdim)


@operator({"input": _std_input}, check=_floats_alone, **_spread_sample)
def std(input: Array, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Array:
    """The standard deviation, with n - `correction` degrees of freedom"""
    return np.sqrt(_var("std", input, dim, correction, keepdim))


def _norm_input(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    norm = spread(out, shape, dim, keepdim)
    return spread(g, shape, dim, keepdim) * np.where(norm == 0, 0, input / norm)


def _floating_norm(input: Array, *args: Any) -> None:
    if input.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {dtype_word(input)}"
        )


@operator(
    {"input": _norm_input}, node_name="LinalgVectorNormBackward0", method=False, check=_floating_norm, **_over_dims
)
def euclidean_norm(input: Array, dim: Any = None, keepdim: bool = False) -> Array:
    """The root of the sum of squares; the subgradient at 0 is 0"""
    return np.sqrt(np.add.reduce(input * input, axis=axes(dim, input.ndim), keepdims=keepdim))


# -- in the log domain -----------------------------------------------------------------------------


def _logsumexp_input(g: Array, out: Array, input: Array, dim: Any, keepdim: bool) -> Array:
    shape = tuple(input.shape)
    return spread(g, shape, dim, keepdim) * np.exp(input - spread(out, shape, dim, keepdim))


@operator(
    {"input": _logsumexp_input},
    promotion="float",
    sample=lambda s: (s.floats(shape := s.shape(1)), s.dims(shape) or 0, s.boolean()),
)
def logsumexp(input: Array, dim: Any, keepdim: bool = False) -> Array:
    """log(sum(exp(input))), safe from overflow"""
    over = axes(dim, input.ndim)
    if not input.size:
        return np.log(np.add.reduce(input, axis=over, keepdims=keepdim))
    peak = np.maximum.reduce(input, axis=over, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0)
    result = np.log(np.add.reduce(np.exp(input - peak), axis=over, keepdims=True)) + peak
    return result if keepdim else np.squeeze(result, over)


def _softmax_input(g: Array, out: Array, dim: int) -> Array:
    weighted = g * out
    return weighted - out * np.add.reduce(weighted, axis=dim, keepdims=True)


@operator({"input": _softmax_input}, kinds="f", **_along_dim)
def softmax(input: Array, dim: int) -> Array:
    """exp(input), scaled to the sum 1 along `dim`"""
    d = axis(dim, input.ndim)
    if not input.size or not input.ndim:
        return np.ones_like(input)
    shifted = np.exp(input - np.maximum.reduce(input, axis=d, keepdims=True))
    shifted /= np.add.reduce(shifted, axis=d, keepdims=True)
    return shifted


@operator(
    {"input": lambda g, out, dim: g - np.exp(out) * np.add.reduce(g, axis=dim, keepdims=True)}, kinds="f", **_along_dim
)
def log_softmax(input: Array, dim: int) -> Array:
    """log(softmax(input)) along `dim`, safe from overflow"""
    d = axis(dim, input.ndim)
    if not input.size or not input.ndim:
        return np.zeros_like(input)
    shifted = input - np.maximum.reduce(input, axis=d, keepdims=True)
    shifted -= np.log(np.add.reduce(np.exp(shifted), axis=d, keepdims=True))
    return shifted


# -- running totals --------------------------------------------------------------------------------


def _accumulate(ufunc: np.ufunc, input: Array, dim: int) -> Array:
    d, dtype = axis(dim, input.ndim), None if input.dtype.kind == "f" else np.int64
    return ufunc.accumulate(input, d, dtype) if input.ndim else input.astype(dtype or input.dtype)


@operator(
    {"input": lambda g, dim: flip(cumsum(flip(g, [dim]), dim), [dim])}, numpy=np.cumsum, inplace=True, **_along_dim
)
def cumsum(input: Array, dim: int) -> Array:
    """The running total along a dimension"""
    return _accumulate(np.add, input, dim)


def _cumprod_input(g: Array, out: Array, input: Array, dim: int) -> Array:
    if not input.ndim or input.shape[axis(dim, input.ndim)] == 1:
        return g
    if not bool((input == 0).any()):
        return flip(cumsum(flip(g * out, [dim]), dim), [dim]) / input
    # The products of all but one element: n times the work, so only where a zero forbids dividing.
    d = axis(dim, input.ndim)
    g, x = np.swapaxes(g, d, -1), np.swapaxes(input, d, -1)
    n = x.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, x.reshape([*x.shape[:-1], 1, n]))
    terms = np.triu(cumprod(others, -1)) * g.reshape([*g.shape[:-1], 1, n])
    return np.swapaxes(np.add.reduce(terms, axis=-1), d, -1)


@operator(
    {"input": _cumprod_input},
    numpy=np.cumprod,
    inplace=True,  # torch has two formulas for the gradient, which differ where 0 meets infinity
    sample=lambda s: (s.floats(shape := s.shape(1), finite=True), s.dim(shape)),
)
def cumprod(input: Array, dim: int) -> Array:
    """The running product along a dimension"""
    return _accumulate(np.multiply, input, dim)


# -- order -----------------------------------------------------------------------------------------


@operator(
    {"input": lambda g, indices, input_shape, dim: scatter_add(np.zeros_like(g, shape=input_shape), dim, indices, g)},
    outputs=("values", "indices"),
    sample=lambda s: (s.distinct(shape := s.shape(1)), s.dim(shape), s.boolean()),
)
def sort(input: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple[Array, Array]:
    """The elements in order along a dimension, nan last, and where they were"""
    indices = _order(input, axis(dim, input.ndim), descending)
    return np.take_along_axis(input, indices, axis(dim, input.ndim)) if input.ndim else input.copy(), indices


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
    sample=lambda s: (s.distinct(shape := s.shape(1, least=1)), s.size(0, shape[d := s.dim(shape)]), d, s.boolean()),
)
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """The k largest (or smallest) elements along a dimension, in order, and where they were"""
    if input.dtype == bool:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    d = axis(dim, input.ndim)
    if not 0 <= k <= (input.shape[d] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    indices = np.take(_order(input, d, largest), np.arange(k), d) if input.ndim else np.zeros((), np.int64)
    return np.take_along_axis(input, indices, d) if input.ndim else input.copy(), indices
