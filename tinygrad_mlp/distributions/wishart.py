"""Wishart's distribution."""

from __future__ import annotations

import math
from typing import Any

from ..messages import warn
from . import constraints
from .chi2 import Chi2
from .distribution import family, refuse_unless
from .exp_family import ExponentialFamily
from .functions import arange, broadcast_shapes, cholesky, mvdigamma, mvlgamma, slogdet, standard_normal, tensor, where
from .multivariate_normal import batch_squares, inverse_of_factor, precision_to_scale_tril
from .refusals import MATRIX_DIMENSIONS, ONE_OF_THREE, WISHART_DF, WISHART_LOW_DF
from .utils import clamp_above_eps, is_number, lazy_property, vec_to_tril_matrix

__all__ = ["Wishart"]


class Wishart(ExponentialFamily):
    """The distribution of the sum of x x^T for `df` normal vectors x of mean 0, given by one of three matrices.

    They are the covariance of the vectors (..., n, n), its inverse, or its Cholesky factor. Samples, by Bartlett's
    decomposition, are not torch's for the same seed: torch draws each a second time, as it takes those that are not
    singular for singular ones. Their derivatives are those of samples of `Gamma`. ValueError for a `df` of n - 1 or
    less, AssertionError for none or several of the matrices. Source: torch.distributions.Wishart.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0.0

    @property
    def arg_constraints(self) -> dict[str, Any]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        found = [(name, value) for name, value in given.items() if value is not None]
        if len(found) != 1:
            raise AssertionError(ONE_OF_THREE)
        name, matrix = found[0]
        if matrix.dim() < 2:
            raise ValueError(MATRIX_DIMENSIONS.format(name="scale_tril"))
        n = matrix.shape[-1]
        df = tensor(df, dtype=matrix.dtype) if is_number(df) else df
        batch_shape = broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df: Any = df.expand(batch_shape)
        refuse_unless(self.df > n - 1, WISHART_DF.format(df=df, least=n - 1))
        if (self.df < n).any():
            warn(WISHART_LOW_DF)
        self.__dict__[name] = matrix.expand((*batch_shape, n, n))
        super().__init__(batch_shape, (n, n), validate_args=validate_args)
        if name == "precision_matrix":
            self._unbroadcasted_scale_tril = precision_to_scale_tril(matrix)
        else:
            self._unbroadcasted_scale_tril = matrix if name == "scale_tril" else cholesky(matrix)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - arange(n, dtype=self.df.dtype))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(family(type(self)), _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        new._dist_chi2 = self._dist_chi2.expand((*batch_shape, self.event_shape[-1]))
        return super().expand(batch_shape, new)

    def _square(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._square(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance of the vectors."""
        return self._square(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._square(inverse_of_factor(self._unbroadcasted_scale_tril))

    def _times(self, factor: Any) -> Any:
        return factor.view((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def mean(self) -> Any:
        return self._times(self.df)

    @property
    def mode(self) -> Any:
        factor = self.df - self.event_shape[-1] - 1
        return self._times(where(factor <= 0, math.nan, factor))

    @property
    def variance(self) -> Any:
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df.view((*self._batch_shape, 1, 1)) * (v.pow(2) + products)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Samples by the decomposition of Bartlett (1933)."""
        n = self.event_shape[-1]
        diagonal = clamp_above_eps(self._dist_chi2.rsample(sample_shape).sqrt()).diag_embed()
        below = standard_normal((*sample_shape, *self._batch_shape, n * (n - 1) // 2), diagonal.dtype)
        factor = self._unbroadcasted_scale_tril @ (diagonal + vec_to_tril_matrix(below, -1) if n > 1 else diagonal)
        return factor @ factor.mT

    def _half_log_det(self) -> Any:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        n, df = self.event_shape[-1], self.df
        trace = batch_squares(self._unbroadcasted_scale_tril, cholesky(value))
        return (
            -df * (n * math.log(2) / 2 + self._half_log_det())
            - mvlgamma(df / 2, n)
            + (df - n - 1) / 2 * slogdet(value)[1]
            - trace / 2
        )

    def entropy(self) -> Any:
        n, df = self.event_shape[-1], self.df
        scale = (n + 1) * (n * math.log(2) / 2 + self._half_log_det())
        return scale + mvlgamma(df / 2, n) - (df - n - 1) / 2 * mvdigamma(df / 2, n) + df * n / 2

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return -self.precision_matrix / 2, (self.df - self.event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        n = self.event_shape[-1]
        half = y + (n + 1) / 2
        return half * (-slogdet(-2 * x)[1] + math.log(2) * n) + mvlgamma(half, n)
