"""Samples of distributions whose parameters are tensors, and the derivatives of those that have one.

The same seed gives torch's numbers, from `generator` or else from the default generator.
"""

from __future__ import annotations

from typing import Any

from ...autograd.function import Function, once_differentiable
from ...ops.table import by_value
from ...random.implicit import dirichlet_by_concentration, gamma_by_shape
from ..arguments import as_array
from ..out import with_new_out
from ..tensor import Tensor, wrap
from .drawn import Generator, of, with_zero_gradient
from .options import tensor_of

__all__ = ["_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad", "binomial", "poisson"]


@with_new_out
def poisson(input: Tensor, generator: Generator = None) -> Tensor:
    """Draw a number of events for each rate, in the dtype of the rates (torch.poisson).

    The gradient is 0. RuntimeError for a rate below 0, NotImplementedError for integers.
    """
    rates = tensor_of("poisson", input)
    return with_zero_gradient(of(generator, rates).poisson(rates.array), [rates])


def binomial(count: Tensor, prob: Tensor, generator: Generator = None) -> Tensor:
    """Draw a number of successes in `count` trials of probability `prob` each, in their dtype (torch.binomial).

    The two are broadcast. ValueError for integers, RuntimeError for two dtypes.
    """
    drawn = of(generator, count, prob).binomial(count.array, prob.array)
    return with_zero_gradient(drawn, [count, prob])


def _standard_gamma(self: Tensor, generator: Generator = None) -> Tensor:
    """Draw from the gamma distribution of rate 1 with the shapes that a tensor gives (torch._standard_gamma).

    The gradient is that of a sample whose rank is kept. NotImplementedError unless the dtype is float32 or float64.
    """
    drawn = wrap(as_array(of(generator, self).standard_gamma(self.array)))
    return _StandardGamma.apply(self, drawn) if self.requires_grad else drawn


def _sample_dirichlet(self: Tensor, generator: Generator = None) -> Tensor:
    """Draw shares of 1 along the last dimension for concentrations (torch._sample_dirichlet); see Dirichlet.

    NotImplementedError unless the dtype is float32 or float64.
    """
    return with_zero_gradient(of(generator, self).dirichlet(self.array), [self])


def _standard_gamma_grad(self: Tensor, output: Tensor) -> Tensor:
    """The derivative of a sample of `_standard_gamma` by its shape (torch._standard_gamma_grad); it has none itself."""
    return wrap(as_array(_gamma_by_shape(self.array, output.array)))


def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """The derivative of a share by its concentration `alpha`, divided by 1 - x (torch._dirichlet_grad).

    `total` is the sum of all concentrations.
    """
    return wrap(as_array(_dirichlet_by_concentration(x.array, alpha.array, total.array)))


_gamma_by_shape, _dirichlet_by_concentration = by_value(gamma_by_shape), by_value(dirichlet_by_concentration)


class _StandardGamma(Function):
    """A sample of the gamma distribution that was drawn already, as a function of its shape."""

    generate_vmap_rule = True

    @staticmethod
    def forward(alpha: Tensor, drawn: Tensor) -> Tensor:
        return drawn.clone()  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return g * _standard_gamma_grad(*ctx.saved_tensors), None
