"""Exponential families, p(x; t) = exp(<s(x), t> - F(t) + k(x)): their entropy follows from F."""

from __future__ import annotations

from typing import Any

from .distribution import Distribution
from .functions import enable_grad, grad

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A family that gives its natural parameters t, the log normalizer F and the mean of the carrier measure k.

    Source: torch.distributions.ExponentialFamily, after Nielsen & Nock (2010).
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        raise NotImplementedError

    def entropy(self) -> Any:
        """F(t) - <t, grad F(t)> - E[k(x)]."""
        parameters = [p.detach().requires_grad_() for p in self._natural_params]
        with enable_grad():
            normalizer = self._log_normalizer(*parameters)
            slopes = grad(normalizer.sum(), parameters, create_graph=True)
        result = normalizer - self._mean_carrier_measure
        for parameter, slope in zip(parameters, slopes, strict=True):
            result = result - (parameter * slope).reshape((*self._batch_shape, -1)).sum(-1)
        return result
