"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from .cauchy import Cauchy
from .folded import Folded
from .functions import as_tensor, full

__all__ = ["HalfCauchy"]


class HalfCauchy(Folded):
    """The distribution of |x|, where x is Cauchy's around 0. Source: torch.distributions.HalfCauchy."""

    whole = Cauchy

    @property
    def mean(self) -> Any:
        return full(self._extended_shape(), math.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        return super().log_prob(as_tensor(value, dtype=self.scale.dtype))
