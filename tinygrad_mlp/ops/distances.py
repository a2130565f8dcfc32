"""The cross product, and the distances between the vectors of two sets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import axis, dtype_word, mismatch
from .norms import norm
from .pointwise import sign
from .refusals import (
    CDIST_COLUMNS,
    CDIST_DTYPE,
    CDIST_MODE,
    CDIST_NDIM,
    CDIST_NEGATIVE,
    CROSS_NDIM,
    CROSS_SIZE,
    NO_DIM_OF_NUMBER,
    OTHER_SCALAR_TYPE,
)
from .sums import total
from .table import Array, by_value, operator


def _vectors_of_space(s: Any) -> tuple[Any, Any, int]:
    shape = list(s.shape(1))
    dim = s.dim(shape)
    shape[dim] = 3
    return s.floats(tuple(shape)), s.floats(tuple(shape)), dim


def _one_scalar_type(input: Array, other: Array, *args: Any) -> None:
    """RuntimeError for two dtypes."""
    if input.dtype != other.dtype:
        raise RuntimeError(OTHER_SCALAR_TYPE.format(own=dtype_word(input), other=dtype_word(other)))


@operator(
    {
        "input": lambda g, other, dim: linalg_cross(other, g, dim),
        "other": lambda g, input, dim: linalg_cross(g, input, dim),
    },
    tensors=("input", "other"),
    promotion="same",
    check=_one_scalar_type,
    kinds="if",
    method=False,
    function=True,
    sample=_vectors_of_space,
)
@by_value
def linalg_cross(input: Array, other: Array, dim: int = -1) -> Array:
    """The cross product of the vectors of three elements along a dimension.

    Shapes: two that broadcast, with 3 elements along `dim`; the result has the shape of both.
    Refuses: RuntimeError for other shapes.
    As: torch.linalg.cross
    """
    if input.ndim != other.ndim:
        raise RuntimeError(CROSS_NDIM)
    if not input.ndim:
        raise IndexError(NO_DIM_OF_NUMBER.format(dim=dim))
    d = axis(dim, input.ndim)
    if input.shape[d] != 3 or other.shape[d] != 3:
        raise RuntimeError(CROSS_SIZE.format(dim=dim, a=input.shape[d], b=other.shape[d]))
    refusal = mismatch(input.shape, other.shape)
    if refusal is not None:
        raise refusal
    return np.cross(input, other, axis=d)


def _slopes(g: Array, out: Array, differences: Array, p: float) -> Array:
    """g times the derivative of the distance by each of the differences that it is made of.

    Where the distance is 0 there are many subgradients, and torch takes 0. For infinity each of the largest differences
    gets the whole cotangent.
    """
    g, out = g.reshape([*g.shape, 1]), out.reshape([*out.shape, 1])
    if p == 0:
        return g * np.zeros_like(differences)
    if p == 1:
        return g * sign(differences)
    if p == 2:
        return differences * np.where(out == 0, 0, g / np.where(out == 0, 1, out))
    size = np.absolute(differences)
    if math.isinf(p):
        return g * sign(differences) * (size == out)
    nothing = (differences == 0) | (out == 0)
    ratio = np.where(nothing, 0, np.where(nothing, 1, size) / np.where(out == 0, 1, out))
    return sign(differences) * np.where(nothing, 0, np.where(nothing, 1, ratio) ** (p - 1)) * g


def _differences(x1: Array, x2: Array) -> Array:
    """All differences of a vector of x1 and one of x2."""
    return x1.reshape([*x1.shape[:-1], 1, x1.shape[-1]]) - x2.reshape([*x2.shape[:-2], 1, *x2.shape[-2:]])


def _floating_points(x1: Array, x2: Array, *args: Any) -> None:
    """RuntimeError for other than floating dtypes, and for two."""
    for name, x in (("X1", x1), ("X2", x2)):
        if x.dtype.kind not in FLOATING:
            raise RuntimeError(CDIST_DTYPE.format(name=name, word=dtype_word(x)))
    _one_scalar_type(x1, x2)


_MODES = {
    "use_mm_for_euclid_dist_if_necessary": 25,
    "use_mm_for_euclid_dist": 0,
    "donot_use_mm_for_euclid_dist": math.inf,
}


def _euclidean(x1: Array, x2: Array) -> Array:
    """Distances by |a - b|^2 = |a|^2 + |b|^2 - 2 a.b: one product of matrices, but less exact where a is near b."""
    squares = total(x1 * x1, -1, True) + total(x2 * x2, -1, True).mT - 2 * (x1 @ x2.mT)
    return np.sqrt(np.maximum(squares, 0))


@operator(
    {
        "x1": lambda g, out, x1, x2, p: total(_slopes(g, out, _differences(x1, x2), p), -2),
        "x2": lambda g, out, x1, x2, p: total(_slopes(g.mT, out.mT, _differences(x2, x1), p), -2),
    },
    tensors=("x1", "x2"),
    numbers=False,
    check=_floating_points,
    method=False,
    function=True,
    sample=lambda s: (
        s.moderate(s.floats((s.size(), d := s.size()))),
        s.moderate(s.floats((s.size(), d))),
        s.choice([2.0, 1.0, 3.0]),
    ),
)
def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Array:
    """The distance of every vector of `x1` and every one of `x2`: the p-norm of their difference.

    The Euclidean distances of more than 25 vectors are computed by a product of matrices, unless `compute_mode` is
    "donot_use_mm_for_euclid_dist"; of fewer only if it is "use_mm_for_euclid_dist".

    Shapes: (..., n, k) and (..., m, k) to (..., n, m), where the ... broadcast.
    Dtypes: floating ones, the same for both.
    Refuses: RuntimeError for other shapes, other dtypes and a negative p; ValueError for another `compute_mode`.
    """
    if compute_mode not in _MODES:
        raise ValueError(CDIST_MODE.format(mode=compute_mode))
    for name, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise RuntimeError(CDIST_NDIM.format(name=name, ndim=x.ndim))
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(CDIST_COLUMNS.format(a=x1.shape[-1], b=x2.shape[-1]))
    if p < 0:
        raise RuntimeError(CDIST_NEGATIVE)
    refusal = mismatch(x1.shape[:-2], x2.shape[:-2])
    if refusal is not None:
        raise refusal
    if p == 2 and max(x1.shape[-2], x2.shape[-2]) > _MODES[compute_mode]:
        return _euclidean(x1, x2)
    differences = _differences(x1, x2)
    return norm(differences, p, (-1,), False) if differences.size else np.zeros(differences.shape[:-1], x1.dtype)
