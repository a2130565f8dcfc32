"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.function import Function
from ..ops.table import by_value
from . import constraints
from .exp_family import ExponentialFamily
from .functions import Tensor, as_array, as_tensor, finfo, standard_gamma, wrap, xlogy
from .refusals import NO_DERIVATIVE
from .utils import broadcast_all

__all__ = ["Gamma"]


@by_value
def _lower_gamma(a: Any, x: Any) -> Any:
    from scipy import special

    return special.gammainc(a, x).astype(np.result_type(a, x), copy=False)


class _LowerGamma(Function):
    """The regularized lower incomplete gamma function P(a, x), without a derivative by a, as in torch."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, x: Tensor) -> Tensor:
        return wrap(as_array(_lower_gamma(a.array, x.array)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[None, Any]:
        if ctx.needs_input_grad[0]:
            raise NotImplementedError(NO_DERIVATIVE.format(name="igamma: input"))
        a, x = ctx.saved_tensors
        return None, g * (xlogy(a - 1, x) - x - a.lgamma()).exp()  # DLMF 8.8.13


class Gamma(ExponentialFamily):
    """The gamma distribution with the shape `concentration` and a `rate`.

    Samples are torch's for the same seed. Their derivatives by the concentration are those of samples whose rank is
    kept, exact to about 1e-9, where torch's are to 1e-3. Source: torch.distributions.Gamma.
    """

    arg_constraints: Any = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0.0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration: Any
        self.rate: Any
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.size(), validate_args=validate_args)

    def _expanded_parts(self) -> list[tuple[str, int]]:
        return [("concentration", 0), ("rate", 0)]

    @property
    def mean(self) -> Any:
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        value: Any = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)  # no 0 whose logarithm would be infinite
        return value

    def log_prob(self, value: Any) -> Any:
        value = as_tensor(value, dtype=self.rate.dtype)
        self._check(value)
        a = self.concentration
        return xlogy(a, self.rate) + xlogy(a - 1, value) - self.rate * value - a.lgamma()

    def cdf(self, value: Any) -> Any:
        self._check(value)
        return _LowerGamma.apply(*broadcast_all(self.concentration, self.rate * value))

    def entropy(self) -> Any:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
