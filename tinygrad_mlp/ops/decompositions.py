"""The QR, eigenvalue and singular value decompositions, whose several outputs are all differentiable.

A derivative exists where the decomposition is unique up to signs; what is computed from it should not depend on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .lapack import eigh, refuse_matrix, regular, svd
from .refusals import EIGH_UPLO, QR_MODE, QR_WITH_NULL_SPACE, QR_WITHOUT_Q
from .shape import tril
from .solving import linalg_solve_triangular
from .table import Array, by_value, operator

Cotangents = tuple[Any, ...]


def _symmetric(x: Array) -> Array:
    """The lower triangle, mirrored into the upper one."""
    return tril(x) + tril(x, -1).mT


def _refuse_mode(mode: str, shape: tuple[int, ...]) -> None:
    if mode == "r":
        raise RuntimeError(QR_WITHOUT_Q)
    if mode == "complete" and shape[-2] > shape[-1]:
        raise RuntimeError(QR_WITH_NULL_SPACE)


def _qr_input(gs: Cotangents, Q: Array, R: Array, input_shape: tuple[int, ...], mode: str) -> Array:
    """Walter & Lehmann, Algorithmic differentiation of linear algebra functions (2010)."""
    _refuse_mode(mode, input_shape)
    m, n = input_shape[-2:]
    gq, gr = (np.zeros_like(x) if g is None else g for g, x in zip(gs, (Q, R), strict=True))
    beside = None
    if m < n:  # R is [U, V], and the columns behind the first m are Q @ V
        v = R[..., m:]
        beside = gr[..., m:]
        gq = gq + Q @ v @ beside.mT
        R, gr = R[..., :m], gr[..., :m]
    middle = R @ gr.mT - gq.mT @ Q
    first = linalg_solve_triangular(R.mT, gq + Q @ _symmetric(middle), False, False)
    return first if beside is None else np.concatenate([first, Q @ beside], -1)


@operator(
    {"input": _qr_input},
    outputs=("Q", "R"),
    sample=lambda s: (regular(s),),
    halves=False,
)
@by_value
def linalg_qr(input: Array, mode: str = "reduced") -> tuple[Array, Array]:
    """An orthogonal Q and an upper triangular R whose product is the matrix.

    Shapes: (..., m, n) to (..., m, k) and (..., k, n), where k is min(m, n), or m with the mode "complete". With the
    mode "r" there is no Q: it is empty.
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes, dtypes and modes.
    As: torch.linalg.qr
    """
    refuse_matrix("linalg.qr", input)
    if mode not in ("reduced", "r", "complete"):
        raise RuntimeError(QR_MODE.format(mode=mode))
    if mode == "r":
        return np.empty(0, input.dtype), np.linalg.qr(input, "r")
    return tuple(np.linalg.qr(input, mode))


def _eigh_input(gs: Cotangents, eigenvalues: Array, eigenvectors: Array) -> Array:
    """The symmetric part of V (diag(g of the values) + (V.T g of the vectors) / E) V.T.

    E has the differences of the values.
    """
    v, (of_values, of_vectors) = eigenvectors, gs
    n = v.shape[-1]
    diagonal = np.eye(n, dtype=bool)
    inner: Any = 0
    if of_vectors is not None:
        differences = np.where(diagonal, 1, eigenvalues[..., None, :] - eigenvalues[..., :, None])
        inner = np.where(diagonal, 0, (v.mT @ of_vectors) / differences)
    if of_values is not None:
        inner = inner + np.where(diagonal, of_values[..., None], 0)
    result = v @ inner @ v.mT
    return (result + result.mT) / 2


def _symmetric_sample(s: Any) -> Array:
    x = regular(s)
    if x.dtype.kind not in FLOATING:
        return x
    n = x.shape[-1]
    return np.asarray((x + x.mT + 8 * np.diag(np.arange(n))).astype(x.dtype))


@operator(
    {"input": _eigh_input},
    outputs=("eigenvalues", "eigenvectors"),
    sample=lambda s: (_symmetric_sample(s), s.choice(["L", "U"])),
    halves=False,
)
@by_value
def linalg_eigh(input: Array, UPLO: str = "L") -> tuple[Array, Array]:
    """The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns.

    One triangle is read, the lower one or with UPLO "U" the upper one.

    Shapes: (..., n, n) to (..., n) and (..., n, n).
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes, dtypes and triangles.
    As: torch.linalg.eigh
    """
    refuse_matrix("linalg.eigh", input, square=True)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(EIGH_UPLO.format(found=UPLO))
    values, vectors = eigh(input, UPLO.upper())
    return values, vectors


def _skew(x: Array) -> Array:
    return x - x.mT


def _svd_input(gs: Cotangents, U: Array, S: Array, Vh: Array, input_shape: tuple[int, ...]) -> Array:
    """Townsend, Differentiating the singular value decomposition (2016)."""
    m, n = input_shape[-2:]
    k = min(m, n)
    u, v = U[..., :k], Vh.mT[..., :k]
    of_u, of_s, of_v = gs
    of_u = None if of_u is None else of_u[..., :k]
    of_v = None if of_v is None else of_v.mT[..., :k]
    diagonal = np.eye(k, dtype=bool)
    inner: Any = np.where(diagonal, 0 if of_s is None else of_s[..., None], 0)
    squares = S * S
    differences = np.where(diagonal, 1, squares[..., None, :] - squares[..., :, None])
    if of_u is not None:
        inner = inner + (_skew(u.mT @ of_u) / differences) * S[..., None, :]
    if of_v is not None:
        inner = inner + S[..., :, None] * (_skew(v.mT @ of_v) / differences)
    result = u @ inner @ v.mT
    if of_u is not None and m > k:
        result = result + ((of_u - u @ (u.mT @ of_u)) / S[..., None, :]) @ v.mT
    if of_v is not None and n > k:
        result = result + u @ ((of_v - v @ (v.mT @ of_v)) / S[..., None, :]).mT
    return result


@operator(
    {"input": _svd_input},
    outputs=("U", "S", "Vh"),
    sample=lambda s: (_symmetric_sample(s), False),
    halves=False,
)
@by_value
def linalg_svd(input: Array, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """The singular values S of a matrix in descending order, and U and Vh so that it is U @ diag(S) @ Vh.

    Shapes: (..., m, n) to (..., m, m), (..., k) and (..., n, n), where k is min(m, n); without `full_matrices` the
    first is (..., m, k) and the last (..., k, n).
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.svd
    """
    refuse_matrix("linalg.svd", input)
    u, s, vh = svd(input, full_matrices)
    return u, s, vh
