"""Determinants, and the sign and logarithm of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .decompositions import linalg_svd
from .lapack import refuse_matrix, regular
from .solving import linalg_inv
from .table import Array, by_value, operator


@by_value
def _det_input(g: Array, out: Array, input: Array) -> Array:
    """g times the cofactors, which are det(A) inv(A).T; of a singular matrix, by its singular vectors."""
    g, n = g[..., None, None], input.shape[-1]
    if n < 2 or 0 in input.shape:  # the derivative is 1, and constant
        return g * np.ones_like(input)
    if (out != 0).all():
        return (g * out[..., None, None]) * linalg_inv(input).mT
    u, s, v = linalg_svd(input, False)
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :])
    cofactors = np.multiply.reduce(others, axis=-1)
    sign = linalg_det(u) * linalg_det(v)
    return (g * sign[..., None, None]) * (u * cofactors[..., None, :]) @ v


@operator(
    {"input": _det_input},
    aliases="det",
    sample=lambda s: (regular(s),),
    halves=False,
)
@by_value
def linalg_det(input: Array) -> Array:
    """The determinant.

    Shapes: (..., n, n) to (...).
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.det
    """
    refuse_matrix("linalg.det", input, square=True)
    return np.linalg.det(input)


def _slogdet_input(gs: tuple[Any, Any], input: Array) -> Array:
    g = gs[1]
    return np.zeros_like(input) if g is None else g[..., None, None] * linalg_inv(input).mT


@operator(
    {"input": _slogdet_input},
    outputs=("sign", "logabsdet"),
    aliases="slogdet",
    sample=lambda s: (regular(s),),
    halves=False,
)
@by_value
def linalg_slogdet(input: Array) -> tuple[Array, Array]:
    """The sign of the determinant, and the logarithm of its absolute value, which cannot overflow.

    Shapes: (..., n, n) to (...).
    Dtypes: floating ones.
    Refuses: RuntimeError for other shapes and dtypes.
    As: torch.linalg.slogdet
    """
    refuse_matrix("linalg.slogdet", input, square=True)
    return tuple(np.linalg.slogdet(input))
