"""The p-norm of a vector, and of every vector along dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .basic import no_bool_subtraction
from .dims import axes, axis, dtype_word, in_order
from .fitting import spread
from .pointwise import sign
from .refusals import (
    DIST_OF_INTEGERS,
    NORM_ALONG_NOTHING,
    NORM_AS_INTEGER,
    NORM_NARROWED,
    NORM_OF_INTEGERS,
    NORM_OF_NOTHING,
    RENORM_LIMIT,
    RENORM_NDIM,
    RENORM_ORDER,
)
from .sums import total
from .table import Array, Dims, DType, Number, operator


def _norm_input(g: Array, out: Array, input: Array, ord: float, dim: Any, keepdim: bool) -> Array:
    """The VJP of the norm n: sign(x) |x|^(ord - 1) / n^(ord - 1) times g.

    Where the norm is 0 there are many subgradients, and torch takes 0. For infinity the elements whose size is the norm
    share the cotangent.
    """
    shape = tuple(input.shape)
    g, norm = spread(g, shape, dim, keepdim), spread(out, shape, dim, keepdim)
    if ord == 0:
        return None  # the norm is a count: torch treats it as a constant
    if ord == 1:
        return g * sign(input)
    if ord == 2:
        return g * np.where(norm == 0, 0, input / norm)
    size = np.absolute(input)
    if math.isinf(ord):
        ties = (size == norm) | (input != input)
        return sign(input) * (g / total(ties, axes(dim, len(shape)), True) * ties)
    if ord < 1:
        return sign(input) * np.where(input == 0, 0, size ** (ord - 1)) * g * norm ** (1 - ord)
    slope = sign(input) * size ** (ord - 1) if ord < 2 else input * size ** (ord - 2)
    return slope * np.where(norm == 0, 0, g / norm ** (ord - 1))


def _refuse_nothing(shape: tuple[int, ...], ord: float, dim: Any) -> None:
    """RuntimeError in torch's words, in which the first dimension without elements is counted as the program does."""
    named = () if dim is None else (dim,) if isinstance(dim, int) else dim
    for d in named:
        if not shape[d]:
            raise RuntimeError(NORM_ALONG_NOTHING.format(ord=ord, dim=d))
    raise RuntimeError(NORM_OF_NOTHING.format(ord=ord))


def _floating_alone(input: Array, *args: Any) -> None:
    """RuntimeError for other dtypes."""
    if input.dtype.kind not in FLOATING:
        raise RuntimeError(NORM_OF_INTEGERS.format(word=dtype_word(input)))


def _widened(input: Array, dtype: np.dtype[Any]) -> Array:
    if dtype.kind not in FLOATING:
        raise RuntimeError(NORM_AS_INTEGER.format(word=dtype_word(np.empty(0, dtype))))
    if dtype.itemsize < input.dtype.itemsize:
        raise RuntimeError(NORM_NARROWED.format(word=dtype_word(input), narrower=dtype_word(np.empty(0, dtype))))
    return input.astype(dtype)


@operator(
    {"input": _norm_input},
    method=False,
    check=_floating_alone,
    sample=lambda s: (
        s.moderate(s.floats(shape := s.shape(least=1))),
        s.choice([2, 2.0, 1, 3, 1.5, 0.5, float("inf"), -float("inf"), -2]),
        s.maybe(s.dims(shape)),
        s.boolean(),
    ),
)
def linalg_vector_norm(
    input: Array, ord: float = 2, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None
) -> Array:
    """(the sum of abs(x)^ord)^(1 / ord); the largest for infinity, the number of elements that are not 0 for 0.

    Dtypes: floating ones; the result has `dtype`, which is not narrower than that of `input`.
    Refuses: RuntimeError for no elements where `ord` is negative or infinite, and for a narrower `dtype`.
    As: torch.linalg.vector_norm
    """
    if dtype is not None:
        return linalg_vector_norm.forward(_widened(input, dtype.numpy), ord, dim, keepdim)
    over = axes(dim, input.ndim)
    if (ord < 0 or math.isinf(ord)) and not math.prod(input.shape[d] for d in over):
        _refuse_nothing(input.shape, ord, dim)
    if input.dtype.char in HALVES:  # whose powers overflow: as torch, sum in float32
        return norm(input.astype(np.float32), ord, over, keepdim).astype(input.dtype)
    return norm(input, ord, over, keepdim)


def norm(input: Array, ord: float, over: tuple[int, ...], keepdim: bool) -> Array:
    if ord == 2:
        return np.sqrt(in_order(total(input * input, over, keepdim)))
    size = np.absolute(input)
    if math.isinf(ord):
        return in_order((np.maximum if ord > 0 else np.minimum).reduce(size, axis=over, keepdims=keepdim))
    powers = (input != 0).astype(input.dtype) if ord == 0 else size if ord == 1 else size**ord
    sums = in_order(total(powers, over, keepdim))
    return sums if ord in (0, 1) else sums ** (1 / ord)


def _scaled_down(norm: Array, maxnorm: Any) -> Array:
    return np.where(norm > maxnorm, maxnorm / (norm + 1e-7), 1)  # torch's guard of a norm of 0


def _renorm_input(g: Array, input: Array, p: float, dim: int, maxnorm: float) -> Array:
    over = _but(input, dim)
    norm = linalg_vector_norm(input, p, over, True)
    slope = np.where(norm > maxnorm, -maxnorm / ((norm + 1e-7) * (norm + 1e-7)), 0) * total(g * input, over, True)
    return g * _scaled_down(norm, maxnorm) + _norm_input(slope, norm, input, p, over, True)


def _but(input: Array, dim: int) -> tuple[int, ...]:
    return tuple(k for k in range(input.ndim) if k != axis(dim, input.ndim))


@operator(
    {"input": _renorm_input},
    inplace=True,
    check=_floating_alone,
    sample=lambda s: (
        s.moderate(s.floats(shape := s.shape(2, least=1))),
        s.choice([2, 1, 3, float("inf")]),
        s.dim(shape),
        s.choice([0.5, 1.0, 100]),
    ),
)
def renorm(input: Array, p: Number, dim: int, maxnorm: Number) -> Array:
    """The input, with each slice along a dimension scaled down to the p-norm `maxnorm` if its norm is above that.

    Refuses: RuntimeError for less than two dimensions, and for a p or a `maxnorm` that is too small.
    """
    if p <= 0:
        raise RuntimeError(RENORM_ORDER)
    if maxnorm < 0:
        raise RuntimeError(RENORM_LIMIT.format(found=maxnorm))
    if input.ndim < 2:
        raise RuntimeError(RENORM_NDIM.format(ndim=input.ndim))
    factors = _scaled_down(linalg_vector_norm.forward(input, p, _but(input, dim), True), maxnorm)
    return np.multiply(input, factors.astype(input.dtype), order="C")


def _can_be_subtracted(input: Array, other: Array, *args: Any) -> None:
    """RuntimeError for bools, and where neither is floating."""
    no_bool_subtraction(input, other)
    if "f" not in (input.dtype.kind, other.dtype.kind):
        raise RuntimeError(DIST_OF_INTEGERS.format(word=dtype_word(input)))


def _dist_input(g: Array, out: Array, input: Array, other: Array, p: float) -> Array:
    return _norm_input(g, out, input - other, p, None, False)


def _dist_other(g: Array, out: Array, input: Array, other: Array, p: float) -> Array:
    slope = _dist_input(g, out, input, other, p)
    return None if slope is None else -slope


@operator(
    {"input": _dist_input, "other": _dist_other},
    tensors=("input", "other"),
    promotion="arithmetic",
    numbers=False,
    check=_can_be_subtracted,
    sample=lambda s: (
        s.moderate(s.floats(shape := s.shape(least=1))),
        s.moderate(s.floats(s.broadcast_into(shape))),
        s.choice([2, 2.0, 1, 3, 1.5, 0.5, -2]),
    ),
)
def dist(input: Array, other: Array, p: float = 2) -> Array:
    """The p-norm of the difference of two arrays, broadcast together.

    Shapes: the result is 0-d.
    """
    return linalg_vector_norm.forward(input - other, p)
