"""Inverses, systems of equations, the Cholesky factorisation and the matrix exponential.

The derivatives are those of Giles, An extended collection of matrix derivative results (2008), if nothing else is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .dims import dtype_word
from .fitting import sum_to
from .lapack import LinAlgError, each_matrix, eigh, failing, of_batch, refuse_matrix, refuse_system, regular, svd
from .refusals import CHOLESKY_SOLVE_NDIM, NOT_POSITIVE, PINV_INPUT, SINGULAR_INVERSE, SINGULAR_SYSTEM
from .scipy_rooms import lapack
from .shape import tril, triu
from .table import Array, by_value, operator


def zero_pivot(matrix: Array) -> int:
    """The number of the first diagonal element that is 0 after elimination, counted from 1; 0 if there is none."""
    return int(lapack.get_lapack_funcs("getrf", (matrix,))(matrix)[2])


@operator(
    {"input": lambda g, out: -(out.mT @ g @ out.mT)},
    aliases="inverse",
    node_name="LinalgInvExBackward0",
    sample=lambda s: (regular(s),),
    halves=False,
)
@by_value
def linalg_inv(input: Array) -> Array:
    """The inverse of a matrix, or of each of a batch.

    Shapes: (..., n, n), which the result has, too.
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes; LinAlgError, a RuntimeError, for a singular matrix.
    As: torch.linalg.inv
    """
    refuse_matrix("linalg.inv", input, square=True)
    try:
        return np.linalg.inv(input)
    except np.linalg.LinAlgError:
        i, pivot = failing(input, zero_pivot)
        raise LinAlgError(SINGULAR_INVERSE.format(batch=of_batch(i, input), pivot=pivot)) from None


def _is_vector(a: Array, b_shape: tuple[int, ...]) -> bool:
    """Whether the right side of a system is a vector, or a batch of them, and not matrices."""
    return len(b_shape) == 1 or (a.ndim - 1 == len(b_shape) and tuple(b_shape) == tuple(a.shape[:-1]))


def _solve_a(g: Array, out: Array, input: Array, other_shape: tuple[int, ...], left: bool) -> Array:
    b = linalg_solve(input.mT, g, left)
    if _is_vector(input, other_shape):
        return sum_to(-(b[..., None] * out[..., None, :]), input.shape)
    return sum_to(-(b @ out.mT) if left else -(out.mT @ b), input.shape)


@operator(
    {
        "input": _solve_a,
        "other": lambda g, input, other_shape, left: sum_to(linalg_solve(input.mT, g, left), other_shape),
    },
    tensors=("input", "other"),
    node_name="LinalgSolveExBackward0",
    sample=lambda s: (a := regular(s, batch=0), s.moderate(s.floats((a.shape[-1], s.size()))).astype(a.dtype)),
    halves=False,
)
@by_value
def linalg_solve(input: Array, other: Array, left: bool = True) -> Array:
    """The x of input @ x = other, or with left=False of x @ input = other.

    Shapes: (..., n, n) and (..., n, k), or (n,), or (..., n) for a batch of vectors; the result is like the second.
    Dtypes: floating ones, the same for both.
    Refuses: RuntimeError for other shapes and dtypes; LinAlgError, a RuntimeError, for a singular matrix.
    As: torch.linalg.solve
    """
    refuse_matrix("linalg.solve", input, square=True)
    vector = _is_vector(input, other.shape)
    b = other[..., None] if vector else other
    refuse_system("linalg.solve", input, b, left)
    try:
        x = np.linalg.solve(input, b) if left else np.linalg.solve(input.mT, b.mT).mT
    except np.linalg.LinAlgError:
        i, _ = failing(input, zero_pivot)
        raise LinAlgError(SINGULAR_SYSTEM.format(batch=of_batch(i, input))) from None
    return x[..., 0] if vector else x


def _triangle(x: Array, upper: bool, unitriangular: bool) -> Array:
    return triu(x, int(unitriangular)) if upper else tril(x, -int(unitriangular))


def _triangular_a(g: Array, out: Array, input: Array, upper: bool, left: bool, unitriangular: bool) -> Array:
    b = linalg_solve_triangular(input.mT, g, not upper, left, unitriangular)
    return _triangle(sum_to(-(b @ out.mT) if left else -(out.mT @ b), input.shape), upper, unitriangular)


@operator(
    {
        "input": _triangular_a,
        "other": lambda g, input, other_shape, upper, left, unitriangular: sum_to(
            linalg_solve_triangular(input.mT, g, not upper, left, unitriangular), other_shape
        ),
    },
    tensors=("input", "other"),
    sample=lambda s: (
        a := regular(s, batch=0), s.moderate(s.floats((a.shape[-1], s.size()))).astype(a.dtype), s.boolean(),
    ),
    halves=False,
)  # fmt: skip
@by_value
def linalg_solve_triangular(
    input: Array, other: Array, upper: bool, left: bool = True, unitriangular: bool = False
) -> Array:
    """The x of input @ x = other for a triangular matrix, of which the other triangle is not read.

    With left=False it is x @ input = other; with `unitriangular` the diagonal counts as ones.

    Shapes: (..., n, n) and (..., n, k); the result is like the second.
    Dtypes: floating ones, the same for both.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.solve_triangular
    """
    for argument, x in (("A", input), ("B", other)):
        refuse_matrix("linalg.solve_triangular", x, square=argument == "A", argument=argument)
    refuse_system("linalg.solve_triangular", input, other, left)
    if not left:
        return linalg_solve_triangular.forward(input.mT, other.mT, not upper, True, unitriangular).mT
    shape = np.broadcast_shapes(input.shape[:-2], other.shape[:-2])
    a, b = (np.broadcast_to(x, (*shape, *x.shape[-2:])) for x in (input, other))
    out = np.empty(b.shape, b.dtype)
    trtrs = lapack.get_lapack_funcs("trtrs", (a, b))
    for i in np.ndindex(shape):
        if b[i].size:
            out[i] = trtrs(a[i], b[i], lower=not upper, unitdiag=unitriangular)[0]
    return out


# -- Cholesky --------------------------------------------------------------------------------------


def _cholesky_input(g: Array, out: Array, upper: bool) -> Array:
    """Half of L^-T (P + P.T) L^-1, where P is the lower triangle of L.T g with half its diagonal (Murray 2016)."""
    factor, g = (out.mT, g.mT) if upper else (out, g)
    part = tril(factor.mT @ g)
    both = (part + tril(part, -1).mT) / 2
    inner = linalg_solve_triangular(factor.mT, both, True)
    return linalg_solve_triangular(factor, inner, False, False)


def first_minor(matrix: Array) -> int:
    """The order of the first leading minor that is not positive, or is nan; 0 if there is none."""
    factor, order = lapack.get_lapack_funcs("potrf", (matrix,))(matrix, lower=True)
    nan = np.isnan(np.diagonal(factor))
    return int(order or (nan.argmax() + 1 if nan.any() else 0))


def _factor(matrix: Array) -> Array:
    return lapack.get_lapack_funcs("potrf", (matrix,))(matrix, lower=True, clean=True)[0]


def _definite(s: Any) -> Array:
    x = regular(s)
    return x if x.dtype.kind not in FLOATING else np.asarray((x @ x.mT / 4).astype(x.dtype))


@operator(
    {"input": _cholesky_input},
    node_name="LinalgCholeskyExBackward0",
    sample=lambda s: (_definite(s), s.boolean()),
    halves=False,
)
@by_value
def linalg_cholesky(input: Array, upper: bool = False) -> Array:
    """The lower triangular L of L @ L.T = input, or with `upper` its transpose; the other triangle is not read.

    Shapes: (..., n, n), which the result has, too.
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes; LinAlgError, a RuntimeError, where the matrix is not positive
    definite.
    As: torch.linalg.cholesky
    """
    refuse_matrix("linalg.cholesky", input, square=True)
    matrix = input.mT if upper else input
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        factor = None
    if factor is None or np.isnan(factor).any():
        i, minor = failing(matrix, first_minor)
        if minor:
            raise LinAlgError(NOT_POSITIVE.format(batch=of_batch(i, input), minor=minor))
        # A matrix on the edge of being positive, on which NumPy's LAPACK and SciPy's do not agree.
        factor = np.stack(each_matrix(_factor, matrix)).reshape(matrix.shape)
    return factor.mT if upper else factor


def _cholesky_solve_factor(g: Array, out: Array, L: Array, upper: bool) -> Array:
    b = cholesky_solve(g, L, upper)
    both = -(b @ out.mT + out @ b.mT)
    return sum_to(L @ both if upper else both @ L, L.shape)


@operator(
    {
        "input": lambda g, input_shape, L, upper: sum_to(cholesky_solve(g, L, upper), input_shape),
        "L": _cholesky_solve_factor,
    },
    tensors=("input", "L"),
    sample=lambda s: (
        s.moderate(s.floats(((a := regular(s, batch=0)).shape[-1], s.size()))).astype(a.dtype), a, s.boolean(),
    ),
    halves=False,
)  # fmt: skip
@by_value
def cholesky_solve(input: Array, L: Array, upper: bool = False) -> Array:
    """The x of A @ x = input, given the Cholesky factor L of A, of which the other triangle is not read.

    Shapes: (..., n, k) and (..., n, n); the result is like the first.
    Dtypes: floating ones, the same for both.
    Refuses: RuntimeError for other shapes and dtypes.
    """
    if input.ndim < 2 or L.ndim < 2:
        name, x = ("b", input) if input.ndim < 2 else ("u", L)
        raise RuntimeError(CHOLESKY_SOLVE_NDIM.format(name=name, ndim=x.ndim))
    refuse_matrix("cholesky_solve", L, square=True)
    refuse_system("cholesky_solve", L, input, True)
    lower = L.mT if upper else L
    between = linalg_solve_triangular.forward(lower, input, False)
    return linalg_solve_triangular.forward(lower.mT, between, True)


# -- functions of a matrix -------------------------------------------------------------------------


def _matrix_exp_input(g: Array, input: Array) -> Array:
    """The upper right block of exp([[A.T, g], [0, A.T]]) (Al-Mohy & Higham 2009)."""
    n = input.shape[-1]
    a = input.mT
    block = np.concatenate([np.concatenate([a, g], -1), np.concatenate([np.zeros_like(a), a], -1)], -2)
    return linalg_matrix_exp(block)[..., :n, n:]


def _small(x: Array) -> Array:
    return x * 0 if x.dtype == np.float16 else x / 50  # torch's is nan for most matrices of float16


@operator(
    {"input": _matrix_exp_input},
    aliases="matrix_exp",
    sample=lambda s: (_small(s.moderate(s.floats((*s.shape(0, 1), n := s.size(1, 3), n)))),),
)
@by_value
def linalg_matrix_exp(input: Array) -> Array:
    """The matrix exponential: the sum of A^k / k! over all k.

    Shapes: (..., n, n), which the result has, too.
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.matrix_exp
    """
    refuse_matrix("linalg.matrix_exp", input, square=True, halves=True)
    kinds = {**dict.fromkeys(HALVES, np.float32), "g": np.float64}  # what SciPy has no routine for
    given = input.astype(kinds.get(input.dtype.char, input.dtype), copy=False)
    return lapack.expm(given).astype(input.dtype, copy=False) if input.size else input.copy()


def _pinv_input(g: Array, out: Array, input: Array) -> Array:
    """Golub & Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems (1973)."""
    p, pt, gt = out, out.mT, g.mT
    first = pt @ p @ (gt - gt @ p @ input)
    second = (gt - input @ p @ gt) @ p @ pt
    return first + second - pt @ g @ pt


@operator({"input": _pinv_input}, method=False, halves=False, sample=lambda s: (regular(s),))
@by_value
def linalg_pinv(input: Array, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Array:
    """The pseudoinverse (Moore-Penrose), without the singular values up to max(atol, rtol * the largest).

    By default `rtol` is the longer side times the distance from 1 to the next number, or 0 with a positive `atol`.

    Shapes: (..., m, n) to (..., n, m).
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.pinv
    """
    if input.ndim < 2 or input.dtype.kind not in FLOATING or input.dtype.char in HALVES:
        raise RuntimeError(PINV_INPUT.format(word=dtype_word(input), shape=list(input.shape)))
    if not input.size:
        return np.zeros((*input.shape[:-2], input.shape[-1], input.shape[-2]), input.dtype)
    if hermitian:
        s, u = eigh(input)
        size, v = np.absolute(s), u.mT
    else:
        u, s, v = svd(input)
        size = s
    bound = bounds_of_rank(input, size, atol, rtol)
    kept = size > bound[..., None]
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    return v.mT @ (inverse[..., None] * u.mT)


def bounds_of_rank(input: Array, size: Array, atol: Any, rtol: Any) -> Array:
    """Up to which singular values count as 0: max(atol, rtol * the largest of them)."""
    largest = size.max(-1, initial=0)
    if rtol is None:
        default = max(input.shape[-2:]) * np.finfo(input.dtype).eps
        rtol = default if atol is None else np.where(np.asarray(atol) > 0, 0, default)
    return np.maximum(0 if atol is None else atol, np.asarray(rtol) * largest)
