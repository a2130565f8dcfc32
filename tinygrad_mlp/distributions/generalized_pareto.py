"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .distribution import Distribution
from .functions import rand, where
from .utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """How far values go beyond `loc`: 1 - F = (1 + c z)^(-1/c), where z = (x - loc) / scale and c is `concentration`.

    For c = 0 it is the exponential distribution. Samples are torch's for the same seed. Source:
    torch.distributions.GeneralizedPareto.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc: Any
        self.scale: Any
        self.concentration: Any
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def _nearly_zero(self) -> tuple[Any, Any]:
        """Where the concentration is 0, or too close to it for the formulas; and one that is harmless there."""
        zero = self.concentration.abs() <= 1e-8
        return zero, where(zero, 1.0, self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        zero, c = self._nearly_zero()
        z, factor = (value - self.loc) / self.scale, 1 / c + 1
        general = where(factor == 0, 0.0, factor * (c * z).log1p())
        return -self.scale.log() - where(zero, z, general)

    def log_survival_function(self, value: Any) -> Any:
        """The logarithm of the probability of a larger value."""
        self._check(value)
        zero, c = self._nearly_zero()
        z = (value - self.loc) / self.scale
        return where(zero, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        zero, c = self._nearly_zero()
        log_survival = (-value).log1p()
        general = self.loc + self.scale / c * (-c * log_survival).expm1()
        return where(zero, self.loc - self.scale * log_survival, general)

    @property
    def mean(self) -> Any:
        finite = self.concentration < 1
        c = where(finite, self.concentration, 0.5)
        return where(finite, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self) -> Any:
        finite = self.concentration < 0.5
        c = where(finite, self.concentration, 0.25)
        return where(finite, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    def entropy(self) -> Any:
        return self.scale.log() + self.concentration + 1

    @property
    def mode(self) -> Any:
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, end)
