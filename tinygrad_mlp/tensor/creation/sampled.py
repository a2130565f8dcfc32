"""Samples of distributions whose parameters are tensors, and the derivatives of those that have one.

The same seed gives torch's numbers, from `generator` or else from the default generator.
"""

from __future__ import annotations

from typing import Any

from ...autograd.function import Function
from ...ops.refusals import NO_DERIVATIVE, NO_DERIVATIVE_OF
from ...ops.table import by_value
from ...random.implicit import dirichlet_by_concentration, gamma_by_shape
from ..arguments import as_array
from ..kinds import checked
from ..tensor import Tensor, wrap
from .drawn import Generator, of, with_zero_gradient

__all__ = ["_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad", "binomial", "poisson"]


@checked
def poisson(input: Tensor, generator: Generator = None) -> Tensor:
    """Draw a number of events for each rate, in the dtype of the rates (torch.poisson).

    The gradient is 0. RuntimeError for a rate below 0, NotImplementedError for integers.
    """
    return with_zero_gradient(of(generator, input).poisson(input.array), [input])


@checked
def binomial(count: Tensor, prob: Tensor, generator: Generator = None) -> Tensor:
    """Draw a number of successes in `count` trials of probability `prob` each, in their dtype (torch.binomial).

    The two are broadcast. ValueError for integers, RuntimeError for two dtypes.
    """
    drawn = wrap(as_array(of(generator, count, prob).binomial(count.array, prob.array)))
    return _without_derivative("binomial", drawn, count, prob)


@checked
def _standard_gamma(input: Tensor, generator: Generator = None) -> Tensor:
    """Draw from the gamma distribution of rate 1 with the shapes that a tensor gives (torch._standard_gamma).

    The gradient is that of a sample whose rank is kept. NotImplementedError unless the dtype is float32 or float64.
    """
    drawn = wrap(as_array(of(generator, input).standard_gamma(input.array)))
    return _StandardGamma.apply(input, drawn) if input.requires_grad else drawn


@checked
def _sample_dirichlet(input: Tensor, generator: Generator = None) -> Tensor:
    """Draw shares of 1 along the last dimension for concentrations (torch._sample_dirichlet).

    NotImplementedError unless the dtype is float32 or float64.
    """
    drawn = wrap(as_array(of(generator, input).dirichlet(input.array)))
    return _without_derivative("_sample_dirichlet", drawn, input)


@checked
def _standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """The derivative of a sample of `_standard_gamma` by its shape (torch._standard_gamma_grad); it has none itself."""
    slope = wrap(as_array(_gamma_by_shape(input.array, output.array)))
    return _without_derivative("_standard_gamma_grad", slope, input, output)


@checked
def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """The derivative of a share by its concentration `alpha`, divided by 1 - x (torch._dirichlet_grad).

    `total` is the sum of all concentrations.
    """
    slope = wrap(as_array(_dirichlet_by_concentration(x.array, alpha.array, total.array)))
    return _without_derivative("_dirichlet_grad", slope, x, alpha, total)


_gamma_by_shape, _dirichlet_by_concentration = by_value(gamma_by_shape), by_value(dirichlet_by_concentration)


def _without_derivative(name: str, result: Tensor, *inputs: Tensor) -> Tensor:
    """A result whose backward raises, if an input requires grad."""
    if any(x.requires_grad for x in inputs):
        return _WithoutDerivative.apply(name, result, *inputs)  # type: ignore[no-any-return]
    return result


class _WithoutDerivative(Function):
    """A result that torch does not differentiate."""

    generate_vmap_rule = True

    @staticmethod
    def forward(name: str, result: Tensor, *inputs: Tensor) -> Tensor:
        return result.clone()  # type: ignore[no-any-return]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.name = inputs[0]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.name == "_standard_gamma_grad":
            raise NotImplementedError(NO_DERIVATIVE_OF.format(name=ctx.name))
        raise RuntimeError(NO_DERIVATIVE.format(name=ctx.name))


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
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return g * _standard_gamma_grad(*ctx.saved_tensors), None
