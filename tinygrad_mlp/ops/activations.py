"""Activations of neural networks: elementwise operators that stand between layers."""

from __future__ import annotations

import math

import numpy as np

from .masking import keep
from .pointwise import erf
from .table import Array, operator, unary


def _sigmoid(input: Array) -> Array:
    return 1 / (1 + np.exp(-input))


sigmoid = unary("sigmoid", _sigmoid, lambda g, out: g * (out * (1 - out)), promotion="float", doc="1 / (1 + exp(-x))")


def _logit_input(g: Array, input: Array, eps: float | None) -> Array:
    low, outside = (0, np.nan) if eps is None else (eps, 0)
    slope = 1 / (input * (1 - input))
    return np.where((input < low) | (input > 1 - low), outside, g * slope)


@operator(
    {"input": _logit_input},
    promotion="float",
    inplace=True,
    sample=lambda s: (np.asarray(s.floats(s.shape()) + 0), s.choice([None, 0.25, 1e-6])),  # at -0 torch has two slopes
)
def logit(input: Array, eps: float | None = None) -> Array:
    """log(x / (1 - x)), the inverse of sigmoid, for x limited to [eps, 1 - eps]"""
    p = input if eps is None else np.clip(input, eps, 1 - eps)
    return np.log(p / (1 - p))


# Steps are flat, and yet torch has their derivatives depend on where they are: the gradient of a gradient is 0, not
# refused. So they are rows of their own.
@operator(
    {"input": lambda g, result: threshold_backward(g, result), "result": lambda g, result: np.zeros_like(result)},
    tensors=("input", "result"),
    promotion="arithmetic",
    kinds="if",
    method=False,
    node_name="ThresholdBackwardBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape)),
)
def threshold_backward(input: Array, result: Array) -> Array:
    """`input` where `result` is above 0 or nan, else 0: the derivative of relu"""
    return keep.forward(input, np.logical_not(result <= 0))


@operator(
    {
        "input": lambda g, result, negative_slope: leaky_relu_backward(g, result, negative_slope),
        "result": lambda g, result: np.zeros_like(result),
    },
    tensors=("input", "result"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    node_name="LeakyReluBackwardBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape), s.number()),
)
def leaky_relu_backward(input: Array, result: Array, negative_slope: float) -> Array:
    """`input` where `result` is above 0, else negative_slope times it: the derivative of leaky_relu"""
    return np.where(result > 0, input, input * negative_slope)


def _no_bools(input: Array) -> None:
    if input.dtype == bool:
        raise RuntimeError("Boolean inputs not supported for relu")


relu = unary(
    "relu",
    lambda input: np.maximum(0, input),  # of 0 and -0 NumPy gives the second: torch keeps a -0
    lambda g, out: threshold_backward(g, out),
    check=_no_bools,
    doc="max(x, 0); the derivative at 0 is 0",
)
logsigmoid = unary(
    "logsigmoid", lambda input: np.minimum(input, 0) - np.log1p(np.exp(-np.absolute(input))),
    lambda g, input: g * sigmoid(-input), node_name="LogSigmoidBackward0", inplace=False, method=False, kinds="f",
    doc="log(sigmoid(x)), safe from overflow",
)  # fmt: skip
silu = unary(
    "silu", lambda input: input * _sigmoid(input),
    lambda g, input: g * (sigmoid(input) * (1 + input * (1 - sigmoid(input)))), inplace=False, method=False, kinds="f",
    doc="x sigmoid(x)",
)  # fmt: skip


@operator(
    {"input": lambda g, input, negative_slope: leaky_relu_backward(g, input, negative_slope)},
    method=False,
    kinds="f",
    sample=lambda s: (s.floats(s.shape()), s.number()),
)
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope x"""
    return np.where(input > 0, input, input * negative_slope)


@operator(
    {"input": lambda g, input, alpha: np.where(input <= 0, g * (alpha * np.exp(np.where(input < 0, input, 0))), g)},
    method=False,
    kinds="f",
    sample=lambda s: (s.floats(s.shape()), s.choice([1.0, 0.5, 2, 0, -1.5])),  # at 0 torch's curvature is 0 * alpha
)
def elu(input: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x) - 1)"""
    return np.where(input < 0, alpha * np.expm1(input), input)


def _softplus_input(g: Array, input: Array, beta: float, threshold: float) -> Array:
    scaled = input * beta  # at the threshold itself torch has this slope, but no curvature
    return np.where(scaled > threshold, g, g * sigmoid(np.where(scaled >= threshold, threshold, scaled)))


@operator(
    {"input": _softplus_input},
    method=False,
    kinds="f",
    sample=lambda s: (s.floats(s.shape()), s.choice([1.0, 0.5, 2, -1.0]), s.choice([20.0, 1, -1.0])),
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta x)) / beta; x where beta x is above the threshold"""
    return np.where(input * beta > threshold, input, np.log1p(np.exp(input * beta)) / beta)


_ROOT = math.sqrt(2 / math.pi)


def _gelu_input(g: Array, input: Array, approximate: str) -> Array:
    if approximate == "none":
        density = np.exp(input * input * -0.5) * (1 / math.sqrt(2 * math.pi))
        return g * (0.5 * (1 + erf(input * math.sqrt(0.5))) + input * density)
    cube = input * input * input
    t = np.tanh(_ROOT * (input + 0.044715 * cube))
    return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * (input * input)))


@operator(
    {"input": _gelu_input},
    method=False,
    kinds="f",
    # Of infinity torch's vector kernel gives nan in float32, its scalar one infinity, as ours.
    sample=lambda s: (s.floats(s.shape()), "tanh") if s.boolean() else (s.below_infinity(s.floats(s.shape())), "none"),
)
def gelu(input: Array, approximate: str = "none") -> Array:
    """x times the normal distribution function of x (Hendrycks & Gimpel 2016)"""
    if approximate == "none":
        return input * (0.5 * (1 + erf.forward(input * math.sqrt(0.5))))
    return 0.5 * input * (1 + np.tanh(_ROOT * (input + 0.044715 * input * input * input)))
