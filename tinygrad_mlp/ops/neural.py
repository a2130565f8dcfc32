"""Operators of neural networks: activations and losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import dtype_word
from .masking import keep
from .pointwise import erf
from .shape import unslice
from .special import special
from .table import Array, by_value, operator, unary


def _sigmoid(input: Array) -> Array:
    return 1 / (1 + np.exp(-input))


sigmoid = unary("sigmoid", _sigmoid, lambda g, out: g * (out * (1 - out)), promotion="float", doc="1 / (1 + exp(-x))")


def _no_bools(input: Array) -> None:
    if input.dtype == bool:
        raise RuntimeError("Boolean inputs not supported for relu")


relu = unary(
    "relu",
    lambda input: np.maximum(input, 0),
    lambda g, out: keep(g, np.logical_not(out <= 0)),
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
    {"input": lambda g, input, negative_slope: np.where(input > 0, g, g * negative_slope)}, method=False, kinds="f"
)
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope x"""
    return np.where(input > 0, input, input * negative_slope)


@operator(
    {"input": lambda g, input, alpha: np.where(input <= 0, g * (alpha * np.exp(np.where(input < 0, input, 0))), g)},
    method=False,
    kinds="f",
)
def elu(input: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x) - 1)"""
    return np.where(input > 0, input, alpha * np.expm1(input))


def _softplus_input(g: Array, input: Array, beta: float, threshold: float) -> Array:
    return np.where(input * beta > threshold, g, g * sigmoid(input * beta))


@operator({"input": _softplus_input}, method=False, kinds="f")
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
    sample=lambda s: (s.floats(s.shape(), finite=True), s.choice(["none", "tanh"])),
)
def gelu(input: Array, approximate: str = "none") -> Array:
    """x times the normal distribution function of x (Hendrycks & Gimpel 2016)"""
    if approximate == "none":
        return input * (0.5 * (1 + special.erf(input * math.sqrt(0.5))))
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
        "target": lambda g, input, target, reduction: -_mse_input(g, input, target, reduction),
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
    return classes, kept if weight is None else kept * weight[classes]


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
        s.floats((n := s.size(1), c := s.size(1))),
        s.ints((n,), 0, c - 1),
        s.maybe(s.positive((c,))),
        s.choice(["mean", "sum", "none"]),
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
    loss = -input[np.arange(len(target)), classes] * own
    if reduction != "mean":
        return _reduce(loss, reduction)
    return np.add.reduce(loss) / np.add.reduce(own, dtype=input.dtype)
