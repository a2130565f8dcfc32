"""The distribution of von Mises."""

from __future__ import annotations

import math
from typing import Any

from . import constraints
from .distribution import Distribution
from .functions import dtypes, empty, i0e, i1e, no_grad, rand, where
from .utils import broadcast_all, lazy_property

__all__ = ["VonMises"]


class VonMises(Distribution):
    """The distribution of von Mises, of angles in [-pi, pi), around `loc` with a `concentration`.

    Samples, by rejection (Best & Fisher 1979) in float64, are torch's for the same seed. Its Bessel functions are exact
    to rounding, where torch's are to 1e-7. Source: torch.distributions.VonMises.
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc: Any
        self.concentration: Any
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        k = self.concentration
        return k * ((value - self.loc).cos() - 1) - math.log(2 * math.pi) - i0e(k).log()

    @lazy_property
    def _proposal_r(self) -> Any:
        k = self.concentration.to(dtypes.float64)
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            loc, k, r = (x.to(dtypes.float64).expand(shape) for x in (self.loc, self.concentration, self._proposal_r))
            x: Any = empty(shape, dtype=dtypes.float64)
            done = empty(shape, dtype=dtypes.bool_).fill_(False)
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=dtypes.float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
                x = where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The circular variance."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)
