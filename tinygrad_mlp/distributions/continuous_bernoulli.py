"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .distribution import refuse_unless
from .exp_family import ExponentialFamily
from .functions import cross_entropy_of_logits, no_grad, rand, where
from .probs_or_logits import ProbsOrLogits, which
from .refusals import INVALID_PROBS
from .utils import broadcast_all, clamp_probs

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ProbsOrLogits, ExponentialFamily):
    """Numbers x in [0, 1] with a density in proportion to probs^x (1 - probs)^(1 - x).

    Between the `lims`, around 1/2, Taylor series take the place of formulas that cancel. Samples are torch's for the
    same seed. ValueError for both and for none of the two. Source: torch.distributions.ContinuousBernoulli, after
    Loaiza-Ganem & Cunningham (2019).
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(
        self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._given, value = which(probs, logits)
        (value,) = broadcast_all(value)
        if self._given == "probs":
            if validate_args is not None:  # before they are moved into the interval
                refuse_unless(constraints.unit_interval.check(value), INVALID_PROBS)
            value = clamp_probs(value)
        self.__dict__[self._given] = value
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def _as_expanded(self, new: Any, batch_shape: Any) -> Any:
        new._lims = self._lims
        return super()._as_expanded(new, batch_shape)

    def _outside_unstable_region(self) -> Any:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Any:
        """The probabilities, and one that is harmless where the series is taken."""
        return where(self._outside_unstable_region(), self.probs, self._lims[0])

    def _stable(self, formula: Any, series: Any) -> Any:
        """A formula of the probabilities, or its series, which is given what they are above 1/2."""
        return where(self._outside_unstable_region(), formula(self._cut_probs()), series(self.probs - 0.5))

    def _cont_bern_log_norm(self) -> Any:
        def formula(p: Any) -> Any:
            below, above = where(p <= 0.5, p, 0.0), where(p >= 0.5, p, 1.0)
            divisor = where(p <= 0.5, (-2.0 * below).log1p(), (2.0 * above - 1.0).log())
            return ((-p).log1p() - p.log()).abs().log() - divisor

        return self._stable(formula, lambda x: math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x**2) * x**2)

    @property
    def mean(self) -> Any:
        return self._stable(
            lambda p: p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log()),
            lambda x: 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x,
        )

    @property
    def stddev(self) -> Any:
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:
        return self._stable(
            lambda p: p * (p - 1.0) / (1.0 - 2.0 * p) ** 2 + 1.0 / ((-p).log1p() - p.log()) ** 2,
            lambda x: 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x**2) * x**2,
        )

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        logits, value = broadcast_all(self.logits, value)
        return -cross_entropy_of_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value: Any) -> Any:
        self._check(value)
        p = self._cut_probs()
        shares = (p**value * (1.0 - p) ** (1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = where(self._outside_unstable_region(), shares, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Any) -> Any:
        p = self._cut_probs()
        found = ((-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return where(self._outside_unstable_region(), found, value)

    def entropy(self) -> Any:
        log0, log1 = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log0 - log1) - self._cont_bern_log_norm() - log0

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        """The logarithm of the normalizer as a function of the logits."""
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = where(outside, x, self._lims[0] - 0.5)
        series = 0.5 * x + x**2 / 24.0 - x**4 / 2880.0
        return where(outside, cut.expm1().abs().log() - cut.abs().log(), series)
