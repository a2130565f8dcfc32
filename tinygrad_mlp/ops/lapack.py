"""What the functions of linear algebra refuse, and how they call LAPACK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING, HALVES
from .dims import dtype_word
from .refusals import (
    INCOMPATIBLE_SYSTEM,
    LINALG_DTYPE,
    LINALG_DTYPES_DIFFER,
    LINALG_NDIM,
    LOW_PRECISION,
    NO_LAPACK,
    NOT_SQUARE,
    SVD_OF_NAN,
)
from .table import Array


class LinAlgError(RuntimeError):
    """A matrix is singular, or not positive definite (torch.linalg.LinAlgError)."""

    __module__ = "tinygrad_mlp.linalg"


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"  # torch's own name


def refuse_shape(name: str, x: Array, square: bool = False, argument: str = "A") -> None:
    """RuntimeError unless an array is a matrix or a batch of them, with `square` one with as many columns as rows."""
    if x.ndim < 2:
        raise RuntimeError(LINALG_NDIM.format(name=name, argument=argument))
    if square and x.shape[-1] != x.shape[-2]:
        raise RuntimeError(NOT_SQUARE.format(name=name, rows=x.shape[-2], columns=x.shape[-1]))


def refuse_matrix(name: str, x: Array, square: bool = False, argument: str = "A", halves: bool = False) -> None:
    """The same, and RuntimeError for integers; NotImplementedError, which is one, where torch only lacks a kernel."""
    refuse_shape(name, x, square, argument)
    if x.dtype.kind not in FLOATING and name not in _WITHOUT_A_WORD:
        raise RuntimeError(LINALG_DTYPE.format(name=name, word=dtype_word(x)))
    if halves and x.dtype.char in HALVES:
        return
    if x.dtype.char in HALVES and name in ("linalg.inv", "linalg.slogdet"):
        raise RuntimeError(LOW_PRECISION.format(name=name, word=dtype_word(x)))
    if x.dtype.kind not in FLOATING or x.dtype.char in HALVES:
        raise NotImplementedError(NO_LAPACK.format(name=name.replace(".", "_"), word=dtype_word(x)))


# Torch asks these not for their dtype: integers are refused as float16 is.
_WITHOUT_A_WORD = ("linalg.eigh", "linalg.solve_triangular", "cholesky_solve")


def refuse_system(name: str, a: Array, b: Array, left: bool) -> None:
    """RuntimeError unless the dtypes of `a` and `b` agree, and their sizes as in a @ x = b, or x @ a = b."""
    if a.dtype != b.dtype:
        raise RuntimeError(LINALG_DTYPES_DIFFER.format(name=name, a=dtype_word(a), b=dtype_word(b)))
    if b.shape[-2 if left else -1] != a.shape[-1]:
        sizes = [f"{x.shape[-2]}x{x.shape[-1]}" for x in (a, b)]
        raise RuntimeError(
            INCOMPATIBLE_SYSTEM.format(name=name, equation="AX = B" if left else "XA = B", a=sizes[0], b=sizes[1])
        )


def eigh(x: Array, UPLO: str = "L") -> Any:
    """The eigenvalues and eigenvectors of symmetric matrices; nan for a matrix that is not finite, as in torch."""
    return _of_finite(lambda matrices: tuple(np.linalg.eigh(matrices, UPLO)), x)


def svd(x: Array, full_matrices: bool = False) -> Any:
    """U, the singular values and Vh; nan for a matrix with an infinity, as in torch. LinAlgError for one with nan."""
    if np.isnan(x).any():
        i, _ = failing(x, lambda matrix: bool(np.isnan(matrix).any()))
        raise LinAlgError(SVD_OF_NAN.format(batch=of_batch(i, x)))
    return _of_finite(lambda matrices: tuple(np.linalg.svd(matrices, full_matrices)), x)


def _of_finite(function: Callable[[Array], tuple[Array, ...]], x: Array) -> Any:
    """What a function gives for matrices, with nan for one that is not finite: on some of them LAPACK never ends."""
    finite = np.isfinite(x).all((-2, -1))
    if finite.all():
        return function(x)
    found = function(np.where(finite[..., None, None], x, 0))
    each = [finite.reshape(finite.shape + (1,) * (y.ndim - finite.ndim)) for y in found]
    return tuple(np.where(kept, y, x.dtype.type(np.nan)) for kept, y in zip(each, found, strict=True))


def each_matrix(function: Callable[[Array], Any], x: Array) -> list[Any]:
    """What a function gives for each matrix of a batch."""
    return [function(matrix) for matrix in x.reshape((-1, *x.shape[-2:]))]


def of_batch(index: int, x: Array) -> str:
    """The words with which torch says which matrix of a batch it was."""
    return f"(Batch element {index}): " if x.ndim > 2 else ""


def failing(x: Array, fails: Callable[[Array], int]) -> tuple[int, int]:
    """The first matrix of a batch for which `fails` does not give 0: its number, and what was given."""
    found = each_matrix(fails, x)
    return next(((i, n) for i, n in enumerate(found) if n), (0, 0))


def regular(s: Any, least: int = 1, batch: int = 1) -> Array:
    """Matrices for a test that are far from singular."""
    n = s.size(least, 3)
    x = s.moderate(s.floats((*s.shape(0, batch), n, n)))
    if x.dtype.kind not in FLOATING:
        return x
    return np.asarray((x / (np.absolute(x).max(initial=1)) + (n + 1) * np.eye(n)).astype(x.dtype))
