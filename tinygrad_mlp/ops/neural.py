"""Operators of neural networks: activations and losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import dtype_word
from .masking import keep
from .pointwise import erf
from .shape import unslice
from .table import Array, by_value, operator, unary


def _sigmoid(input: Array) -> Array:
    return 1 / (1 + np.exp(-input))


sigmoid = unary("sigmoid", _sigmoid, lambda g, out: g * (out * (1 - out)), promotion="float", doc="1 / (1 + exp(-x))")


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


# -- losses ----------------------------------------------------------------------------------------


def _reduce(loss: Array, reduction: str) -> Array:
    if reduction == "none":
        return loss
    total = np.add.reduce(loss, axis=None)
    return total if reduction == "sum" else total / loss.dtype.type(loss.size)


def _mse_input(g: Array, input: Array, target: Array, reduction: str) -> Array:
    error = input - target
    scale = 2 / (math.prod(error.shape) or 1) if reduction == "mean" else 2
    return error * (g * scale)


@operator(
    {
        "input": _mse_input,
        "target": lambda g, input, target, reduction: _mse_input(g, target, input, reduction),
    },
    tensors=("input", "target"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape), s.choice(["mean", "sum", "none"])),
)
def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Array:
    """The squared error, as it is or its mean or sum"""
    error = input - target
    return _reduce(np.square(error), reduction)


def _class_weights(target: Array, weight: Any, ignore_index: int) -> tuple[Array, Array]:
    """The class of each target (any class, where it is ignored) and its weight (0 where it is ignored)."""
    kept = target != ignore_index
    classes = np.where(kept, target, 0)
    return classes, kept if weight is None else np.where(kept, weight[classes], 0)


def _nll_input(
    g: Array, input_shape: tuple[int, ...], target: Array, weight: Any, reduction: str, ignore_index: int
) -> Array:
    classes, own = _class_weights(target, weight, ignore_index)
    if reduction == "mean":
        g = g / own.sum().item()
    # where all are ignored the mean divides by 0, which must not reach them
    return unslice(np.where(target != ignore_index, -g * own, 0), input_shape, (np.arange(len(target)), classes))


@by_value
def _check_classes(target: Array, classes: int, ignore_index: int) -> None:
    wrong = target[(target != ignore_index) & ((target < 0) | (target >= classes))]
    if wrong.size:
        raise IndexError(f"Target {wrong[0]} is out of bounds.")


@operator(
    {"input": _nll_input},
    tensors=("input", "target", "weight"),
    kinds="f",
    method=False,
    sample=lambda s: (
        s.floats((n := s.size(), c := s.size(1))),
        s.ints((n,), 0, c - 1),
        s.maybe(s.floats((c,))),
        s.choice(["mean", "sum", "none"]),
        s.choice([-100, 0, 1]),
    ),
)
def nll_loss(
    input: Array, target: Array, weight: Any = None, reduction: str = "mean", ignore_index: int = -100
) -> Array:
    """The negative log probability of the target classes, from log probabilities (N, C) and classes (N,)"""
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {dtype_word(input)} but found {dtype_word(weight)}")
    if len(input) != len(target):
        raise ValueError(f"Expected input batch_size ({len(input)}) to match target batch_size ({len(target)}).")
    _check_classes(target, input.shape[1], ignore_index)
    classes, own = _class_weights(target, weight, ignore_index)
    kept = target != ignore_index
    loss = np.where(kept, -input[np.arange(len(target)), classes] * own, 0)  # what is ignored may be infinite
    if reduction == "none":
        return loss
    total = np.add.reduce(loss) + 0  # torch adds to a 0, so that there is no -0
    return total if reduction == "sum" else total / np.add.reduce(own, dtype=input.dtype)
