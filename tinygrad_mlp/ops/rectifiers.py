"""Activations that are linear on either side of 0: shrinking to 0, and slopes below 0 that are learnt or drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import dtype_word, within_range
from .masking import keep
from .refusals import SOFTSHRINK_LAMBDA
from .table import Array, operator

# The derivatives of these functions are step functions, whose own derivative is 0. Torch records that 0: a second
# derivative is zeros, and is not refused. So the steps are rows of their own.


def _drawn_step(s: Any) -> tuple[Any, Any, float]:
    return s.floats(shape := s.shape()), s.moderate(s.floats(shape)), s.choice([0.5, 0.0, 2.0])


def _beyond(x: Array, lambd: float) -> Array:
    """Where x is not in [-lambd, lambd]; nan is not."""
    return np.logical_not((x >= -lambd) & (x <= lambd))


@operator(
    {
        "grad_output": lambda g, input, lambd: hardshrink_backward(g, input, lambd),
        "input": lambda g, input: np.zeros_like(input),
    },
    tensors=("grad_output", "input"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    node_name="HardshrinkBackwardBackward0",
    sample=_drawn_step,
)
def hardshrink_backward(grad_output: Array, input: Array, lambd: float) -> Array:
    """grad_output where x is not in [-lambd, lambd], else 0: the derivative of hardshrink.

    As: torch.ops.aten.hardshrink_backward
    """
    return keep.forward(grad_output, _beyond(input, lambd))


@operator(
    {"input": lambda g, input, lambd: hardshrink_backward(g, input, lambd)},
    kinds="f",
    sample=lambda s: _drawn_step(s)[1:],
)
def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    """x, and 0 where x is in [-lambd, lambd]."""
    within_range(input, lambd)
    return keep.forward(input, _beyond(input, lambd))


@operator(
    {
        "grad_output": lambda g, input, lambd: softshrink_backward(g, input, lambd),
        "input": lambda g, input: np.zeros_like(input),
    },
    tensors=("grad_output", "input"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    node_name="SoftshrinkBackwardBackward0",
    sample=_drawn_step,
)
def softshrink_backward(grad_output: Array, input: Array, lambd: float) -> Array:
    """grad_output where x is not in [-lambd, lambd], else 0: the derivative of softshrink.

    As: torch.ops.aten.softshrink_backward
    """
    return keep.forward(grad_output, _beyond(input, lambd))


@operator(
    {"input": lambda g, input, lambd: softshrink_backward(g, input, lambd)},
    method=False,
    kinds="f",
    sample=lambda s: _drawn_step(s)[1:],
)
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """x moved towards 0 by lambd, and 0 where x is in [-lambd, lambd].

    Refuses: RuntimeError for a negative lambd.
    As: torch.nn.functional.softshrink
    """
    if lambd < 0:
        dtype = input.dtype
        word, most = dtype_word(input), f"{np.finfo(dtype).max:.6g}"
        raise RuntimeError(SOFTSHRINK_LAMBDA.format(most=most, word=word, lambd=f"{lambd:g}"))
    return np.where(input > lambd, input - lambd, np.where(input < -lambd, input + lambd, input * 0))


# Torch takes the derivatives of prelu at 0 from below, and their derivatives from above.
@operator(
    {
        "grad_output": lambda g, input, weight: np.where(input >= 0, g, g * weight),
        "input": lambda g, input: np.zeros_like(input),
        "weight": lambda g, grad_output, input: np.where(input >= 0, 0, g * grad_output),
    },
    tensors=("grad_output", "input", "weight"),
    promotion="same",
    kinds="f",
    method=False,
    node_name="PreluKernelBackwardBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape), s.floats(shape)),
)
def prelu_kernel_backward(grad_output: Array, input: Array, weight: Array) -> Array:
    """grad_output where x > 0, else weight times it: the derivative of prelu by its input.

    As: torch.ops.aten._prelu_kernel_backward
    """
    return np.where(input > 0, grad_output, weight * grad_output)


@operator(
    {
        "input": lambda g, input, weight: prelu_kernel_backward(g, input, weight),
        "weight": lambda g, input: np.where(input >= 0, 0, g * input),
    },
    tensors=("input", "weight"),
    promotion="same",
    kinds="f",
    method=False,
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(s.broadcast_into(shape))),
)
def prelu_kernel(input: Array, weight: Array) -> Array:
    """x where x > 0, else weight x (He et al. 2015).

    Shapes: `input`, and `weight`, which broadcasts to it; the result has the shape of `input`.
    As: torch._prelu_kernel
    """
    return np.where(input > 0, input, weight * input)


@operator(
    {
        "grad_output": lambda g, input, noise: rrelu_with_noise_backward(g, input, noise),
        "input": lambda g, input: np.zeros_like(input),
    },
    tensors=("grad_output", "input", "noise"),
    promotion="same",
    kinds="f",
    method=False,
    node_name="RreluWithNoiseBackwardBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape), s.floats(shape)),
)
def rrelu_with_noise_backward(grad_output: Array, input: Array, noise: Array) -> Array:
    """grad_output times the slopes `noise`: the derivative of rrelu.

    As: torch.ops.aten.rrelu_with_noise_backward
    """
    return grad_output * noise


@operator(
    {"input": lambda g, input, noise: rrelu_with_noise_backward(g, input, noise)},
    tensors=("input", "noise"),
    promotion="same",
    kinds="f",
    method=False,
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape)),
)
def rrelu_with_noise(input: Array, noise: Array) -> Array:
    """x times a slope for each element: that of rrelu, which is 1 above 0 and else drawn (Xu et al. 2015).

    Shapes: `input` and `noise` of one shape, which the result has.
    As: torch.nn.functional.rrelu
    """
    return input * noise
