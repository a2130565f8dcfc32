"""Linear algebra: functions that call the rows of factorisations. Those named linalg_... are of the room `linalg`."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from ...arrays import dtype as _dtype
from ...messages import warn_once
from ...ops import lapack
from ...ops.dims import axis
from ...ops.lapack import LinAlgError, each_matrix, refuse_matrix, refuse_shape
from ...ops.solving import bounds_of_rank, first_minor, zero_pivot
from ..functions import FUNCTIONS
from ..kinds import checked
from ..later import as_methods
from ..named import result_class
from ..out import with_out
from ..tensor import Tensor, wrap
from .conversion import to
from .refusals import (
    CHOLESKY_DEPRECATED,
    LSTSQ_DRIVER,
    LSTSQ_SIZES,
    MATRIX_NORM_DIMS,
    MATRIX_NORM_ORDER,
    MATRIX_NORM_SAME,
    MULTI_DOT_COUNT,
    MULTI_DOT_NDIM,
    NORM_DIMS,
    NORM_NDIM,
    QR_DEPRECATED,
    VANDER_NDIM,
    VANDER_NEGATIVE,
    VANDER_SIZE,
)

__all__ = ["cholesky", "logdet", "matrix_power", "pinverse", "qr", "slogdet", "svd", "vander"]

_f = FUNCTIONS

# -- with a number that says whether it worked -----------------------------------------------------


def _with_info(name: str, outputs: tuple[str, str], row: Any, fails: Any, check_errors: bool, *args: Any) -> Any:
    """What a row gives and, for each matrix, 0 or where it fails; with `check_errors` that is raised, as by the row."""
    info = np.zeros(args[0].array.shape[:-2], np.int32)
    try:
        result = row(*args)
    except LinAlgError:
        if check_errors:
            raise
        info = np.asarray(each_matrix(fails, args[0].array), np.int32).reshape(info.shape)
        result = wrap(np.full_like(args[-1 if name == "linalg_solve_ex" else 0].array, np.nan))
    return result_class(name, outputs)((result, wrap(info)))


@with_out
@checked
def linalg_inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """The inverse, and for each matrix 0 or the number of a pivot that is 0 (torch.linalg.inv_ex)."""
    return _with_info("linalg_inv_ex", ("inverse", "info"), _f["linalg_inv"], zero_pivot, check_errors, A)


@with_out
@checked
def linalg_solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """The solution of a system, and for each matrix 0 or the number of a pivot that is 0 (torch.linalg.solve_ex)."""

    def solve(a: Tensor, b: Tensor) -> Tensor:
        return _f["linalg_solve"](a, b, left)

    return _with_info("linalg_solve_ex", ("result", "info"), solve, zero_pivot, check_errors, A, B)


@with_out
@checked
def linalg_cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The factor, and for each matrix 0 or the order of a minor that is not positive (torch.linalg.cholesky_ex)."""

    def factor(a: Tensor) -> Tensor:
        return _f["linalg_cholesky"](a, upper)

    def fails(matrix: Any) -> int:
        return first_minor(matrix.T if upper else matrix)

    return _with_info("linalg_cholesky_ex", ("L", "info"), factor, fails, check_errors, A)


# -- solving ---------------------------------------------------------------------------------------


@with_out
@checked
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor; an older name of linalg.cholesky (torch.cholesky)."""
    warn_once(CHOLESKY_DEPRECATED)
    return _f["linalg_cholesky"](input, upper)


@checked
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse without the singular values up to rcond times the largest (torch.pinverse)."""
    return _f["linalg_pinv"](input, None, rcond)


@with_out
def linalg_lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The x for which the norm of input @ x - b is least (torch.linalg.lstsq).

    The result has "solution", "residuals" (the squared norms, if there are more equations than unknowns), "rank" and
    "singular_values", the last two empty where the driver does not compute them.
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(LSTSQ_DRIVER.format(driver=driver))
    refuse_matrix("torch.linalg.lstsq", input.array, argument="input")
    vector = b.array.ndim == input.array.ndim - 1
    right = b.unsqueeze(-1) if vector else b
    if right.array.ndim < 2 or right.array.shape[-2] != input.array.shape[-2]:
        raise RuntimeError(LSTSQ_SIZES.format(dim=-1 if vector else -2))
    m, n = input.array.shape[-2:]
    solution = _f["linalg_pinv"](input, None, rcond) @ right
    residuals, rank = solution.reshape(-1)[:0], wrap(np.empty(0, np.int64))
    values = wrap(np.empty(0, input.array.dtype))
    if driver != "gels":
        sizes = lapack.svd(input.array)[1]
        rank = wrap((sizes > bounds_of_rank(input.array, sizes, None, rcond)[..., None]).sum(-1))
        if driver in ("gelsd", "gelss"):
            values = wrap(sizes)
    if m > n and driver != "gelsy" and (driver == "gels" or bool((rank.array == n).all())):
        residuals = (input @ solution - right).pow(2).sum(-2)
    if vector:
        solution = solution.squeeze(-1)
    outputs = ("solution", "residuals", "rank", "singular_values")
    return result_class("linalg_lstsq", outputs)((solution, residuals, rank, values))


# -- decompositions --------------------------------------------------------------------------------


@with_out
@checked
def qr(input: Tensor, some: bool = True) -> Any:
    """Q and R, with `some` as linalg.qr with the mode "reduced", else "complete" (torch.qr)."""
    warn_once(QR_DEPRECATED)
    return result_class("qr", ("Q", "R"))(tuple(_f["linalg_qr"](input, "reduced" if some else "complete")))


@with_out
@checked
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S and V, which is not transposed as in linalg.svd; without `compute_uv` U and V are zeros (torch.svd)."""
    u, s, vh = _f["linalg_svd"](input, not some)
    v = vh.mT
    if not compute_uv:
        m, n = input.array.shape[-2:]
        u, v = (wrap(np.zeros((*input.array.shape[:-2], k, k), input.array.dtype)) for k in (m, n))
    return result_class("svd", ("U", "S", "V"))((u, s, v))


@with_out
@checked
def linalg_svdvals(A: Tensor) -> Tensor:
    """The singular values in descending order (torch.linalg.svdvals)."""
    return _f["linalg_svd"](A, False)[1]


@with_out
@checked
def linalg_eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix in ascending order (torch.linalg.eigvalsh)."""
    return _f["linalg_eigh"](A, UPLO)[0]


@with_out
@checked
def slogdet(input: Tensor) -> Any:
    """The sign of the determinant and the logarithm of its absolute value (torch.slogdet)."""
    return result_class("slogdet", ("sign", "logabsdet"))(_f["linalg_slogdet"](input))


@checked
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant, nan where that is negative (torch.logdet)."""
    sign, size = _f["linalg_slogdet"](input)
    return _f["where"](sign == -1, math.nan, size)


@with_out
@checked
def linalg_matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are above max(atol, rtol * the largest) (torch.linalg.matrix_rank)."""
    refuse_matrix("linalg.matrix_rank", A.array)
    atol, rtol = (x.array if isinstance(x, Tensor) else x for x in (atol if tol is None else tol, rtol))
    if tol is not None:
        rtol = 0.0
    sizes = np.absolute(lapack.eigh(A.array)[0]) if hermitian else lapack.svd(A.array)[1]
    return wrap(np.asarray((sizes > bounds_of_rank(A.array, sizes, atol, rtol)[..., None]).sum(-1)))


# -- products --------------------------------------------------------------------------------------


@with_out
@checked
def matrix_power(input: Tensor, n: int) -> Tensor:
    """A matrix times itself, n times; of its inverse for a negative n (torch.linalg.matrix_power)."""
    refuse_shape("linalg.matrix_power", input.array, square=True)
    base = _f["linalg_inv"](input) if n < 0 else input
    if not n:
        return _f["zero"](input) + wrap(np.eye(input.array.shape[-1], dtype=input.array.dtype))
    result: Any = None
    for bit in reversed(f"{abs(n):b}"):  # the powers of two whose sum is n
        if bit == "1":
            result = base if result is None else result @ base
        base = base @ base if len(f"{abs(n):b}") > 1 else base
    return _f["clone"](input) if result is input else cast(Tensor, result)


linalg_matrix_power = matrix_power


@with_out
def linalg_multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices, of which the first and the last may be vectors, in the cheapest order.

    RuntimeError for fewer than two (torch.linalg.multi_dot).
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(MULTI_DOT_COUNT.format(count=len(tensors)))
    first, last = tensors[0].array.ndim == 1, tensors[-1].array.ndim == 1
    if first:
        tensors[0] = tensors[0].unsqueeze(0)
    if last:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for i, x in enumerate(tensors):
        if x.array.ndim != 2:
            raise RuntimeError(MULTI_DOT_NDIM.format(place=i, ndim=x.array.ndim))
    result = _in_cheapest_order(tensors)
    if last:
        result = result.squeeze(-1)
    return result.squeeze(0) if first else result


def _in_cheapest_order(matrices: list[Tensor]) -> Tensor:
    """The product by dynamic programming over where to split (Cormen et al., Introduction to Algorithms, 15.2)."""
    sizes = [matrices[0].array.shape[0], *(x.array.shape[1] for x in matrices)]
    n = len(matrices)
    cost: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        k = cost[i, j][1]
        return matrices[i] if i == j else _f["mm"](product(i, k), product(k + 1, j))

    return product(0, n - 1)


@with_out
@checked
def linalg_vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors that lie along a dimension, broadcast (torch.linalg.vecdot)."""
    return _f["sum"](x * y, dim)


@checked
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of every element, along a new last dimension (torch.linalg.vander)."""
    x = x if x.array.ndim else x.reshape(1)
    count = x.array.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(VANDER_SIZE)
    ones = wrap(np.ones((*x.shape, 1), x.array.dtype))
    powers = x.unsqueeze(-1).expand(*x.shape, count - 1)
    if count == 2:
        return _f["cat"]([ones, powers], -1)
    return _f["cumprod"](_f["cat"]([ones, powers], -1), -1)


@checked
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The first N powers of every element of a vector, in descending order unless `increasing` (torch.vander).

    Shapes (n,) to (n, N), by default (n, n). RuntimeError for another number of dimensions, and for a negative N.
    """
    if x.array.ndim != 1:
        raise RuntimeError(VANDER_NDIM)
    count = x.array.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError(VANDER_NEGATIVE)
    x = x.long() if x.array.dtype == np.bool_ else x
    if count > 1:
        powers = linalg_vander(x, N=count)
        return powers if increasing else _f["flip"](powers, (1,))
    return wrap(np.ones((x.array.shape[0], count), x.array.dtype))


# -- norms -----------------------------------------------------------------------------------------


@with_out
def linalg_matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: _dtype | None = None
) -> Tensor:
    """The norm of a matrix: "fro" (of its elements), "nuc" (the sum of its singular values), or by a number.

    1 and -1 are the largest and smallest sum of a column, inf and -inf of a row, 2 and -2 the largest and smallest
    singular value. RuntimeError for other orders, and unless two dimensions are given (torch.linalg.matrix_norm).
    """
    if A.array.ndim < 2:
        refuse_matrix("linalg.matrix_norm", A.array)
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(MATRIX_NORM_DIMS.format(dim=str(dim).strip("(),")))
    A = A if dtype is None else to(A, dtype)
    if ord == "fro":
        return _f["linalg_vector_norm"](A, 2, tuple(dim), keepdim)
    rows, columns = (axis(d, A.array.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(MATRIX_NORM_SAME.format(rows=dim[0], columns=dim[1]))
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        others = [d for d in range(A.array.ndim) if d not in (rows, columns)]
        sizes = linalg_svdvals(A.permute(*others, rows, columns))
        result = _f["sum" if ord == "nuc" else "amax" if ord > 0 else "amin"](sizes, -1)
        if keepdim:
            for d in sorted((rows, columns)):
                result = result.unsqueeze(d)
        return result
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise RuntimeError(MATRIX_NORM_ORDER.format(ord=ord))
    along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = _f["linalg_vector_norm"](A, 1, along, True)
    result = _f["amax" if ord > 0 else "amin"](sums, over, True)
    return result if keepdim else _f["squeeze"](result, (rows, columns))


@with_out
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: _dtype | None = None
) -> Tensor:
    """The norm of a vector or a matrix, by the number of dimensions (torch.linalg.norm).

    Without `ord` it is that of all elements, or over `dim`. With `ord` and without `dim`, arrays of one or two
    dimensions are taken; RuntimeError for others.
    """
    if dim is not None and not isinstance(dim, (tuple, list)):
        dim = (dim,)
    if ord is not None and dim is not None and len(dim) not in (1, 2):
        raise RuntimeError(NORM_DIMS.format(dim=list(dim)))
    if ord is not None and dim is None and A.array.ndim not in (1, 2):
        raise RuntimeError(NORM_NDIM.format(ndim=A.array.ndim))
    matrix = ord is not None and (len(dim) == 2 if dim is not None else A.array.ndim == 2)
    if matrix:
        return linalg_matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(MATRIX_NORM_ORDER.format(ord=ord))
    A = A if dtype is None else to(A, dtype)
    return _f["linalg_vector_norm"](A, 2 if ord is None else ord, dim, keepdim)


METHODS = as_methods(cholesky, logdet, matrix_power, pinverse, qr, slogdet, svd)
