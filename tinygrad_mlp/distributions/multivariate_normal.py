"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .distribution import Distribution, family
from .functions import broadcast_shapes, cholesky, eye, solve_triangular, standard_normal
from .refusals import LOC_DIMENSION, MATRIX_DIMENSIONS, ONE_OF_THREE, SCALE_TRIL_DIMENSIONS
from .utils import lazy_property

__all__ = ["MultivariateNormal"]


def batch_mv(matrices: Any, vectors: Any) -> Any:
    """The products of matrices (..., n, m) with vectors (..., m); the batches are broadcast."""
    return (matrices @ vectors.unsqueeze(-1)).squeeze(-1)


def batch_mahalanobis(factor: Any, x: Any) -> Any:
    """x^T (L L^T)^-1 x for triangular factors L; the batches are broadcast."""
    return solve_triangular(factor, x.unsqueeze(-1), False).squeeze(-1).pow(2).sum(-1)


def batch_squares(factor: Any, matrix: Any) -> Any:
    """The trace of L^-1 M M^T L^-T for triangular factors L; the batches are broadcast."""
    return solve_triangular(factor, matrix, False).pow(2).sum(-2).sum(-1)


def precision_to_scale_tril(precision: Any) -> Any:
    """The Cholesky factor of the inverse of a matrix, by that of the matrix with its rows and columns reversed."""
    reverse = cholesky(precision.flip((-2, -1)))
    inverse = reverse.flip((-2, -1)).mT
    return solve_triangular(inverse, eye(precision.shape[-1], dtype=precision.dtype), False)


def inverse_of_factor(factor: Any) -> Any:
    """(L L^T)^-1."""
    half = solve_triangular(factor, eye(factor.shape[-1], dtype=factor.dtype), False)
    return half.mT @ half


def only_matrix(refusal: str, **given: Any) -> tuple[str, Any]:
    """The name and the value of the one matrix that is given; ValueError for others, or too few dimensions."""
    found = [(name, value) for name, value in given.items() if value is not None]
    if len(found) != 1:
        raise ValueError(refusal)
    name, value = found[0]
    if value.dim() < 2:
        raise ValueError(SCALE_TRIL_DIMENSIONS if name == "scale_tril" else MATRIX_DIMENSIONS.format(name=name))
    return name, value


class MultivariateNormal(Distribution):
    """The normal distribution of vectors with the mean `loc` (..., n) and one of three matrices (..., n, n).

    They are the covariance, its inverse (`precision_matrix`), or the Cholesky factor of the covariance. Samples are
    torch's for the same seed, to rounding. ValueError for none or several of them, and for too few dimensions. Source:
    torch.distributions.MultivariateNormal.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError(LOC_DIMENSION)
        name, matrix = only_matrix(
            ONE_OF_THREE, covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril
        )
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.__dict__[name] = matrix.expand((*batch_shape, *matrix.shape[-2:]))
        self.loc = loc.expand((*batch_shape, loc.shape[-1]))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        if name == "precision_matrix":
            self._unbroadcasted_scale_tril = precision_to_scale_tril(matrix)
        else:
            self._unbroadcasted_scale_tril = matrix if name == "scale_tril" else cholesky(matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return super().expand(batch_shape, new)

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._square(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._square(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._square(inverse_of_factor(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        distance = batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def _half_log_det(self) -> Any:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def entropy(self) -> Any:
        result = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return result.expand(self._batch_shape)


# Torch's own names of these, by which libraries import them.
_batch_mahalanobis, _batch_mv, _precision_to_scale_tril = batch_mahalanobis, batch_mv, precision_to_scale_tril
