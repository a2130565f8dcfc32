"""Kumaraswamy's distribution."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .functions import full_like, where
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant

__all__ = ["Kumaraswamy"]


def _moment(a: Any, b: Any, n: int) -> Any:
    """E[x^n] = b B(1 + n / a, b)."""
    first = 1 + n / a
    log_beta = first.lgamma() + b.lgamma() - (first + b).lgamma()
    return b * log_beta.exp()


class Kumaraswamy(TransformedDistribution):
    """Kumaraswamy's distribution of a share, with the concentrations `concentration1` and `concentration0`.

    Source: torch.distributions.Kumaraswamy.
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1: Any
        self.concentration0: Any
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        units = Uniform(
            full_like(self.concentration0, 0), full_like(self.concentration0, 1), validate_args=validate_args
        )
        super().__init__(units, self._transforms(), validate_args=validate_args)

    def _transforms(self) -> list[Any]:
        """(1 - u ** (1 / concentration0)) ** (1 / concentration1)."""
        return [
            PowerTransform(exponent=self.concentration0.reciprocal()), AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]  # fmt: skip

    @property
    def mean(self) -> Any:
        return _moment(self.concentration1, self.concentration0, 1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0  # torch's is nan everywhere
        return where((a < 1) | (b < 1), math.nan, ((a - 1) / (a * b - 1)) ** a.reciprocal())

    @property
    def variance(self) -> Any:
        return _moment(self.concentration1, self.concentration0, 2) - self.mean.pow(2)

    def entropy(self) -> Any:
        a, b = self.concentration1.reciprocal(), self.concentration0.reciprocal()
        harmonic = (self.concentration0 + 1).digamma() + euler_constant
        return (1 - b) + (1 - a) * harmonic - self.concentration1.log() - self.concentration0.log()
