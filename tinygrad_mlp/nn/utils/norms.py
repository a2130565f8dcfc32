"""Norms along all dimensions but one, by which a weight is split into its length and its direction."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F


def norm_except_dim(v: Tensor, dim: int) -> Any:
    """The norms of the slices of `v` at each place of `dim`, with v's number of dimensions; of all of v where it is -1.

    Source: torch.norm_except_dim.
    """
    if dim == -1:
        return v.norm(2)
    others = [d for d in range(v.ndim) if d != dim]
    return v.norm(2, others, keepdim=True) if others else v.abs()


def weight_of(v: Tensor, g: Tensor, dim: int) -> Any:
    """A weight from its direction v and its lengths g: w = g v / ||v||.

    Source: Salimans and Kingma, Weight Normalization (2016), equation 2.
    """
    return v * (g / norm_except_dim(v, dim))


# -- the spectral norm -----------------------------------------------------------------------------


def matrix_of(weight: Tensor, dim: int) -> Any:
    """A tensor as a matrix whose rows are the places of `dim`."""
    if dim != 0:
        weight = weight.permute(dim, *(d for d in range(weight.ndim) if d != dim))
    return weight.reshape(weight.shape[0], -1)


def random_vectors(matrix: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Two random vectors of length 1 that fit the rows and the columns of a matrix."""
    u, v = (matrix.new_empty(size).normal_(0, 1) for size in matrix.shape)
    return F.normalize(u, dim=0, eps=eps), F.normalize(v, dim=0, eps=eps)


def spectral_length(matrix: Tensor, u: Tensor, v: Tensor) -> Any:
    """The largest singular value u W v of a matrix W whose first singular vectors are u and v."""
    return u.dot(matrix.mv(v))
