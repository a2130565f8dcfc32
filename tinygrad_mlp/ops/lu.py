"""The LU factorisation with partial pivoting, which other functions unpack and solve systems with."""

from __future__ import annotations

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .dims import dtype_word
from .lapack import regular
from .refusals import LU_NDIM, LU_WITHOUT_PIVOTS, NO_LAPACK
from .scipy_rooms import lapack
from .shape import tril, triu
from .solving import linalg_solve_triangular
from .table import Array, by_value, operator


def permutations(pivots: Array, rows: int) -> Array:
    """Which row of a matrix is which of its factors' product, by the rows with which LAPACK has swapped each."""
    places = np.arange(rows)
    found = np.zeros_like(pivots, shape=(*pivots.shape[:-1], rows)) + places
    for i in range(pivots.shape[-1]):
        at_other = places == pivots[..., i : i + 1] - 1
        here, there = found[..., i : i + 1], np.sum(found * at_other, -1, keepdims=True)
        found = np.where(places == i, there, np.where(at_other, here, found))
    return found


def permutation_matrices(pivots: Array, rows: int, like: Array) -> Array:
    """The P of P @ L @ U, in the dtype of another array."""
    places = permutations(pivots, rows)
    at_place = places[..., None, :] == np.arange(rows)[:, None]
    return np.zeros_like(like, shape=at_place.shape) + at_place


def _lu_input(gs: tuple[Array, ...], LU: Array, pivots: Array) -> Array:
    """With M = P L U and square factors: P L^-T (the strict lower part of L.T dL + the upper one of dU U.T) U^-T.

    In a matrix that is not square the rows or columns beyond the square ones are a product of the others' factors, and
    what reaches them goes on to these (Seeger et al., Auto-differentiating linear algebra, 2017).
    """
    g = gs[0]  # the other results are integers
    m, n = LU.shape[-2:]
    k = min(m, n)
    square, of_square = LU[..., :k, :k], g[..., :k, :k]
    lower, upper = np.where(np.eye(k, dtype=bool), 1, tril(square, -1)), triu(square)
    inner = tril(lower.mT @ tril(of_square, -1), -1)
    of_upper = triu(of_square) @ upper.mT
    if m > k:
        below, of_below = LU[..., k:, :], g[..., k:, :]
        of_upper = of_upper - below.mT @ of_below
    if n > k:
        beside, of_beside = LU[..., k:], g[..., k:]
        inner = inner - tril(of_beside @ beside.mT, -1)
    inner = inner + triu(of_upper)
    result = linalg_solve_triangular(lower.mT, linalg_solve_triangular(upper.mT, inner, False, False), True)
    if m > k:
        result = np.concatenate([result, linalg_solve_triangular(upper.mT, of_below, False, False)], -2)
    if n > k:
        result = np.concatenate([result, linalg_solve_triangular(lower.mT, of_beside, True)], -1)
    return permutation_matrices(pivots, m, LU) @ result


@operator(
    {"input": _lu_input},
    outputs=("LU", "pivots", "info"),
    method=False,
    sample=lambda s: (regular(s)[..., : s.size(1, 3), : s.size(1, 3)],),
    halves=False,
)
@by_value
def linalg_lu_factor_ex(input: Array, pivot: bool = True) -> tuple[Array, Array, Array]:
    """L below the diagonal and U above it, whose product is the matrix with its rows swapped, and the swaps.

    The diagonal of L, which is not there, is ones. The i-th row was swapped with that of the number pivots[i], counted
    from 1. `info` is 0, or the number of a diagonal element of U that is 0.

    Shapes: (..., m, n) to that, (..., k) and (...), where k is min(m, n).
    Dtypes: floating ones; int32 for the last two.
    Refuses: RuntimeError for other shapes and dtypes, and without `pivot`, which torch's CPU kernel does not have.
    As: torch.linalg.lu_factor_ex
    """
    if input.ndim < 2:
        raise RuntimeError(LU_NDIM.format(name="torch.lu_factor", shape=list(input.shape)))
    if input.dtype.kind not in FLOATING or input.dtype.char in HALVES:
        raise NotImplementedError(NO_LAPACK.format(name="lu", word=dtype_word(input)))
    if not pivot:
        raise RuntimeError(LU_WITHOUT_PIVOTS)
    *batch, m, n = input.shape
    factors = np.empty(input.shape, input.dtype)
    pivots, info = np.empty((*batch, min(m, n)), np.int32), np.zeros(batch, np.int32)
    getrf = lapack.get_lapack_funcs("getrf", (input,))
    for i in np.ndindex(*batch):
        if m and n:
            factors[i], pivots[i], info[i] = getrf(input[i])
    return factors, pivots + np.int32(1), info
