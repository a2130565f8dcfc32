"""The multivariate normal distribution whose covariance is a diagonal and a matrix of low rank."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .distribution import Distribution, family
from .functions import broadcast_shapes, cholesky, solve_triangular, standard_normal
from .multivariate_normal import batch_mahalanobis, batch_mv
from .refusals import DIAGONAL_SHAPE, FACTOR_SHAPE, INCOMPATIBLE, LOC_DIMENSION, MATRIX_DIMENSIONS
from .utils import lazy_property

__all__ = ["LowRankMultivariateNormal"]


def capacitance_tril(factor: Any, diagonal: Any) -> Any:
    """The Cholesky factor of I + W^T D^-1 W."""
    scaled = factor.mT / diagonal.unsqueeze(-2)
    matrix = scaled @ factor
    return cholesky(matrix + matrix.new_ones(matrix.shape[-1]).diag_embed())


def log_det(diagonal: Any, capacitance: Any) -> Any:
    """log det(W W^T + D), by the matrix determinant lemma."""
    return 2 * capacitance.diagonal(dim1=-2, dim2=-1).log().sum(-1) + diagonal.log().sum(-1)


def mahalanobis(factor: Any, diagonal: Any, x: Any, capacitance: Any) -> Any:
    """x^T (W W^T + D)^-1 x, by the formula of Woodbury."""
    scaled = factor.mT / diagonal.unsqueeze(-2)
    return (x.pow(2) / diagonal).sum(-1) - batch_mahalanobis(capacitance, batch_mv(scaled, x))


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors with the mean `loc` (..., n) and the covariance W W^T + D.

    W is `cov_factor`, (..., n, m), and D has the diagonal `cov_diag`, (..., n). Samples are torch's for the same seed,
    to rounding. ValueError for shapes that do not fit. Source: torch.distributions.LowRankMultivariateNormal.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError(LOC_DIMENSION)
        n = loc.shape[-1]
        if cov_factor.dim() < 2:
            raise ValueError(MATRIX_DIMENSIONS.format(name="cov_factor"))
        if cov_factor.shape[-2] != n:
            raise ValueError(FACTOR_SHAPE.format(n=n))
        if cov_diag.shape[-1:] != loc.shape[-1:]:
            raise ValueError(DIAGONAL_SHAPE.format(shape=loc.shape[-1:]))
        try:
            batch_shape = broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        except RuntimeError as error:
            shapes = {"loc": loc.shape, "factor": cov_factor.shape, "diagonal": cov_diag.shape}
            raise ValueError(INCOMPATIBLE.format(**shapes)) from error
        self.loc = loc.expand((*batch_shape, n))
        self.cov_factor = cov_factor.expand((*batch_shape, *cov_factor.shape[-2:]))
        self.cov_diag = cov_diag.expand((*batch_shape, n))
        super().__init__(batch_shape, loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        self._capacitance_tril = capacitance_tril(cov_factor, cov_diag)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        for name in ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril"):
            setattr(new, name, getattr(self, name))
        return super().expand(batch_shape, new)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The diagonal of the covariance."""
        own = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return own.expand((*self._batch_shape, *self._event_shape))

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance: that of D^(1/2) (I + V V^T) D^(1/2), where V = D^(-1/2) W."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        v = self._unbroadcasted_cov_factor / root
        matrix = v @ v.mT
        return self._square(root * cholesky(matrix + matrix.new_ones(matrix.shape[-1]).diag_embed()))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        w = self._unbroadcasted_cov_factor
        return self._square(w @ w.mT + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance, by the formula of Woodbury."""
        scaled = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        half = solve_triangular(self._capacitance_tril, scaled, False)
        return self._square(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - half.mT @ half)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        of_factor = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc.dtype)
        of_diagonal = standard_normal(shape, self.loc.dtype)
        return (
            self.loc
            + batch_mv(self._unbroadcasted_cov_factor, of_factor)
            + self._unbroadcasted_cov_diag.sqrt() * of_diagonal
        )

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        parts = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag
        distance = mahalanobis(*parts, value - self.loc, self._capacitance_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def _log_det(self) -> Any:
        return log_det(self._unbroadcasted_cov_diag, self._capacitance_tril)

    def entropy(self) -> Any:
        result = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return result.expand(self._batch_shape)
