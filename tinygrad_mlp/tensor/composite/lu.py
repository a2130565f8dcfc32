"""Functions around the LU factorisation, and the older names of functions that solve systems.

Those named linalg_... are of the room `linalg`.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ...messages import warn_once
from ...ops.dims import dtype_word
from ...ops.lapack import of_batch, refuse_matrix, refuse_shape, refuse_system
from ...ops.lu import permutation_matrices, permutations
from ...ops.refusals import LU_NDIM
from ..functions import FUNCTIONS
from ..kinds import checked
from ..later import as_methods
from ..named import result_class
from ..out import with_out
from ..tensor import Tensor, wrap
from .refusals import (
    LU_DEPRECATED,
    LU_PIVOTS,
    LU_PIVOTS_COUNT,
    LU_SINGULAR,
    LU_SOLVE_DEPRECATED,
    LU_SOLVE_DTYPES,
    LU_SOLVE_PIVOTS,
    TRIANGULAR_DEPRECATED,
    TRIANGULAR_DTYPES,
    TRIANGULAR_NDIM,
    TRIANGULAR_SIZES,
    TRIANGULAR_SQUARE,
)

__all__ = ["lu", "lu_solve", "lu_unpack", "triangular_solve"]

_f = FUNCTIONS


def _factored(name: str, A: Tensor, pivot: bool, check_errors: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The factors, the pivots and where it failed; with `check_errors` RuntimeError for the first that is singular."""
    factors, pivots, info = _f["linalg_lu_factor_ex"](A, pivot)
    if check_errors and info.array.any():
        i = int(np.flatnonzero(info.array)[0])
        place = int(info.array.reshape(-1)[i])
        raise RuntimeError(LU_SINGULAR.format(name=name, batch=of_batch(i, A.array), place=place))
    return factors, pivots, info


@with_out
@checked
def linalg_lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """The factors, the pivots, and for each matrix 0 or which element of U is 0 (torch.linalg.lu_factor_ex)."""
    result = _factored("torch.linalg.lu_factor_ex", A, pivot, check_errors)
    return result_class("linalg_lu_factor_ex", ("LU", "pivots", "info"))(result)


@with_out
@checked
def linalg_lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """L and U in one matrix, and the pivots; RuntimeError where U has a 0 on its diagonal (torch.linalg.lu_factor)."""
    result = _factored("torch.linalg.lu_factor", A, pivot, True)
    return result_class("linalg_lu_factor", ("LU", "pivots"))(result[:2])


@with_out
@checked
def linalg_lu(A: Tensor, *, pivot: bool = True) -> Any:
    """A permutation P, a lower triangular L and an upper triangular U of which A is the product (torch.linalg.lu)."""
    factors, pivots, _ = _factored("torch.linalg.lu", A, pivot, False)
    return result_class("linalg_lu", ("P", "L", "U"))(tuple(lu_unpack(factors, pivots)))


@with_out
@checked
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """The P, L and U of a factorisation; without `unpack_data` or `unpack_pivots` empty ones (torch.lu_unpack)."""
    if LU_data.array.ndim < 2:
        raise RuntimeError(LU_NDIM.format(name="torch.lu_unpack", shape=list(LU_data.shape)))
    if LU_pivots.array.dtype != np.int32:
        raise RuntimeError(LU_PIVOTS)
    m, n = LU_data.array.shape[-2:]
    k, dtype = min(m, n), LU_data.array.dtype
    p: Any = LU_data.detach().reshape(-1)[:0]
    if unpack_pivots:
        p = wrap(permutation_matrices(LU_pivots.array, m, LU_data.array))
    lower = upper = LU_data.reshape(-1)[:0]
    if unpack_data:
        lower = LU_data[..., :k].tril(-1) + wrap(np.eye(m, k, dtype=dtype))
        upper = LU_data[..., :k, :].triu()
    return result_class("lu_unpack", ("P", "L", "U"))((p, lower, upper))


@with_out
@checked
def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The X of A @ X = B, or of X @ A = B unless `left`, given the factorisation of A (torch.linalg.lu_solve).

    With `adjoint` it is the transpose of A. Shapes (..., n, n), (..., n) and (..., n, k), or (..., k, n) unless `left`;
    RuntimeError for others and where the dtypes differ.
    """
    name = "linalg.lu_solve"
    if LU.array.dtype != B.array.dtype:
        raise RuntimeError(LU_SOLVE_DTYPES.format(lu=dtype_word(LU.array), b=dtype_word(B.array)))
    if pivots.array.dtype != np.int32:
        raise RuntimeError(LU_SOLVE_PIVOTS)
    refuse_matrix(name, LU.array, square=True)
    refuse_shape(name, B.array, argument="B")
    refuse_system(name, LU.array, B.array, left)
    if pivots.array.shape[-1] != LU.array.shape[-1]:
        raise RuntimeError(LU_PIVOTS_COUNT)
    if not left:
        return cast(Tensor, _lu_solved(LU, pivots.array, B.mT, not adjoint).mT)
    return _lu_solved(LU, pivots.array, B, adjoint)


def _lu_solved(factors: Tensor, pivots: Any, b: Tensor, adjoint: bool) -> Tensor:
    order = permutations(pivots, factors.array.shape[-1])
    batch = np.broadcast_shapes(factors.array.shape[:-2], b.array.shape[:-2])
    b = b.expand(*batch, *b.array.shape[-2:])
    solve = _f["linalg_solve_triangular"]
    if adjoint:
        x = solve(factors.mT, solve(factors.mT, b, False), True, True, True)
        return _rows(x, np.argsort(order, -1))
    return solve(factors, solve(factors, _rows(b, order), False, True, True), True)


def _rows(x: Tensor, order: Any) -> Tensor:
    """The rows of each matrix in another order."""
    places = np.broadcast_to(order[..., None], x.array.shape)
    return _f["gather"](x, -2, wrap(np.ascontiguousarray(places)))


# -- older names -----------------------------------------------------------------------------------


@with_out
@checked
def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """An older name of linalg.lu_solve, with the arguments in another order (torch.lu_solve)."""
    warn_once(LU_SOLVE_DEPRECATED)
    return linalg_lu_solve(LU_data, LU_pivots, input)


@with_out
@checked
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """The factors and the pivots, and with `get_infos` where it failed; linalg.lu_factor today (torch.lu)."""
    warn_once(LU_DEPRECATED)
    result = _factored("torch.linalg.lu_factor_ex", A, pivot, not get_infos)
    return result_class("_lu_with_info", ("LU", "pivots", "info"))(result) if get_infos else result[:2]


@with_out
@checked
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The solution of a triangular system, and a copy of its matrix; linalg.solve_triangular (torch.triangular_solve).

    With `transpose` the system is that of the transpose of A.
    """
    warn_once(TRIANGULAR_DEPRECATED)
    for name, x in (("b", b), ("A", A)):
        if x.array.ndim < 2:
            raise RuntimeError(TRIANGULAR_NDIM.format(name=name, ndim=x.array.ndim))
    if A.array.dtype != b.array.dtype:
        raise RuntimeError(TRIANGULAR_DTYPES.format(b=dtype_word(b.array), a=dtype_word(A.array)))
    (m, n), rows = A.array.shape[-2:], b.array.shape[-2]
    if m != n:
        raise RuntimeError(TRIANGULAR_SQUARE.format(rows=m, columns=n))
    if n != rows:
        raise RuntimeError(TRIANGULAR_SIZES.format(n=n, rows=rows, columns=b.array.shape[-1]))
    batch = np.broadcast_shapes(A.array.shape[:-2], b.array.shape[:-2])
    matrix = A.mT if transpose else A
    solution = _f["linalg_solve_triangular"](matrix, b, upper != transpose, True, unitriangular)
    copied = _f["clone"](A.expand(*batch, n, n))
    return result_class("triangular_solve", ("solution", "cloned_coefficient"))((solution, copied))


METHODS = as_methods(lu, lu_solve, triangular_solve)
