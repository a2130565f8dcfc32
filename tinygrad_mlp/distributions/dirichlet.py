"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

from ..autograd.function import Function, once_differentiable
from . import constraints
from .exp_family import ExponentialFamily
from .functions import Tensor, dirichlet_grad, one_hot, sample_dirichlet, where, xlogy
from .refusals import ONE_DIMENSION

__all__ = ["Dirichlet"]


class _Dirichlet(Function):
    """Shares of 1 that were drawn already, as a function of their concentrations: a sample whose rank is kept."""

    generate_vmap_rule = True

    @staticmethod
    def forward(concentration: Tensor, drawn: Tensor) -> Tensor:
        return drawn.clone()  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Any) -> tuple[Any, None]:
        concentration, shares = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        slope = dirichlet_grad(shares, concentration, total)
        return slope * (g - (shares * g).sum(-1, True)), None


class Dirichlet(ExponentialFamily):
    """Shares of 1 along the last dimension, with their concentrations (..., n). ValueError for a 0-d tensor.

    Samples are torch's for the same seed. Their derivatives are those of samples whose rank is kept, exact to about
    1e-9, where torch's are to 1e-3. Source: torch.distributions.Dirichlet.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError(ONE_DIMENSION.format(name="concentration"))
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        concentration = self.concentration.expand(self._extended_shape(sample_shape))
        drawn = sample_dirichlet(concentration.detach())
        return _Dirichlet.apply(concentration, drawn)

    def log_prob(self, value: Any) -> Any:
        self._check(value)
        a = self.concentration
        return xlogy(a - 1.0, value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        corner = one_hot(mode.argmax(-1), self.concentration.shape[-1]).to(mode.dtype)
        return where((self.concentration < 1).all(-1, keepdim=True), corner, mode)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def entropy(self) -> Any:
        a = self.concentration
        count, total = a.size(-1), a.sum(-1)
        return (
            a.lgamma().sum(-1) - total.lgamma() - (count - total) * total.digamma() - ((a - 1.0) * a.digamma()).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.concentration,)

    def _log_normalizer(self, x: Any) -> Any:
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
