"""Activations of neural networks: the elementwise functions between layers, and glu, which halves a dimension."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import HALVES
from .dims import as_dtype, axis, in_order, within_range
from .masking import keep
from .refusals import (
    CELU_ALPHA,
    GELU_APPROXIMATE,
    GLU_ODD,
    GLU_OF_NUMBER,
    HARDTANH_OF_BOOLS,
    HARDTANH_UNSIGNED,
    RELU_OF_BOOLS,
)
from .slices import narrow
from .special_functions import erf
from .table import Array, operator, unary


def _sigmoid(input: Array) -> Array:
    return 1 / (1 + np.exp(-input))


sigmoid = unary(
    "sigmoid", _sigmoid, lambda g, out: g * (out * (1 - out)), promotion="float", aliases="special_expit",
    doc="1 / (1 + exp(-x))",
)  # fmt: skip


def _logit_input(g: Array, input: Array, eps: float | None) -> Array:
    """1 / (x (1 - x)) times g; outside of [eps, 1 - eps] it is 0, and without `eps` nan outside of [0, 1] (torch)."""
    low, outside = (0, np.nan) if eps is None else (eps, 0)
    return np.where((input < low) | (input > 1 - low), outside, g / (input * (1 - input)))


@operator(
    {"input": _logit_input},
    promotion="float",
    inplace=True,
    aliases="special_logit",
    # for -0 and nan torch's derivative is not always the same
    sample=lambda s: (np.asarray(s.moderate(s.floats(s.shape())) + 0), s.choice([None, 0.25, 1e-6])),
)
def logit(input: Array, eps: float | None = None) -> Array:
    """log(x / (1 - x)), the inverse of sigmoid, for x limited to [eps, 1 - eps]."""
    p = input if eps is None else np.clip(input, eps, 1 - eps)
    return np.log(p / (1 - p))


# The derivatives of relu, threshold, hardtanh and leaky_relu are step functions, whose own derivative is 0. Torch
# records that 0: a second derivative of relu is zeros, and is not refused. So these steps are rows of their own.
@operator(
    {
        "input": lambda g, result, threshold: threshold_backward(g, result, threshold),
        "result": lambda g, result: np.zeros_like(result),
    },
    tensors=("input", "result"),
    promotion="arithmetic",
    kinds="if",
    method=False,
    node_name="ThresholdBackwardBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape), s.choice([0, 0.5, 2.0])),
)
def threshold_backward(input: Array, result: Array, threshold: float = 0) -> Array:
    """`input` where `result` is above the threshold or nan, else 0: the derivative of relu and threshold.

    As: torch.ops.aten.threshold_backward
    """
    return keep.forward(input, np.logical_not(result <= threshold))


@operator(
    {
        "input": lambda g, result, min_val, max_val: hardtanh_backward(g, result, min_val, max_val),
        "result": lambda g, result: np.zeros_like(result),
    },
    tensors=("input", "result"),
    promotion="arithmetic",
    kinds="f",
    method=False,
    node_name="HardtanhBackwardBackward0",
    sample=lambda s: (  # for nan torch's vectorised kernel has another derivative
        s.floats(shape := s.shape()),
        s.moderate(s.floats(shape)),
        *s.choice([(-1.0, 1.0), (0.0, 6.0), (-2, 0.5)]),
    ),
)
def hardtanh_backward(input: Array, result: Array, min_val: float, max_val: float) -> Array:
    """`input` where `result` is between the limits or nan, else 0: the derivative of hardtanh.

    As: torch.ops.aten.hardtanh_backward
    """
    return keep.forward(input, np.logical_not((result <= min_val) | (result >= max_val)))


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
    """`input` where `result` is above 0, else negative_slope times it: the derivative of leaky_relu.

    As: torch.ops.aten.leaky_relu_backward
    """
    return np.where(result > 0, input, input * negative_slope)


def _no_bools(input: Array) -> None:
    """RuntimeError for bools."""
    if input.dtype == bool:
        raise RuntimeError(RELU_OF_BOOLS)


relu = unary(
    "relu",
    lambda input: np.maximum(0, input),  # of 0 and -0 NumPy returns the second: -0 stays, as in torch
    lambda g, out: threshold_backward(g, out),
    check=_no_bools,
    doc="max(x, 0); the derivative at 0 is 0",
)


# A row of its own: sigmoid's rule would compute the second derivative with 1 - sigmoid(-x), which cancels below 0.
@operator(
    {
        "grad_output": lambda g, input: log_sigmoid_backward(g, input),
        "input": lambda g, grad_output, input: -(g * grad_output) * (sigmoid(input) * sigmoid(-input)),
    },
    tensors=("grad_output", "input"),
    promotion="same",
    kinds="f",
    method=False,
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(shape)),
)
def log_sigmoid_backward(grad_output: Array, input: Array) -> Array:
    """grad_output times sigmoid(-x): the derivative of logsigmoid.

    As: torch.ops.aten.log_sigmoid_backward
    """
    return grad_output * _sigmoid(-input)


def _logsigmoid(input: Array) -> Array:
    input = in_order(input)
    return np.minimum(input, 0) - np.log1p(np.exp(-np.absolute(input)))


logsigmoid = unary(
    "logsigmoid", _logsigmoid, lambda g, input: log_sigmoid_backward(g, input), node_name="LogSigmoidBackward0",
    inplace=False, method=False, kinds="f",
    doc="log(sigmoid(x)), safe from overflow.\nAs: torch.nn.functional.logsigmoid",
)  # fmt: skip
silu = unary(
    "silu", lambda input: input * _sigmoid(input),
    lambda g, input: g * (sigmoid(input) * (1 + input * (1 - sigmoid(input)))), inplace=False, method=False, kinds="f",
    doc="x sigmoid(x) (Hendrycks & Gimpel 2016).\nAs: torch.nn.functional.silu",
)  # fmt: skip


@operator(
    {"input": lambda g, input, negative_slope: leaky_relu_backward(g, input, negative_slope)},
    method=False,
    kinds="f",
    sample=lambda s: (s.floats(s.shape()), s.number()),
)
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope x.

    As: torch.nn.functional.leaky_relu
    """
    return np.where(input > 0, input, input * negative_slope)


@operator(
    {"input": lambda g, input, threshold: threshold_backward(g, input, threshold)},
    method=False,
    kinds="if",
    sample=lambda s: (s.floats(s.shape()), s.choice([0, 0.5, -1.0]), s.choice([0, 20.0, -1.5])),
)
def threshold(input: Array, threshold: float, value: float) -> Array:
    """x where x > threshold, else `value`."""
    bound = as_dtype(threshold, np.dtype(np.float32) if input.dtype.char in HALVES else input.dtype)
    return np.where(input <= bound, as_dtype(value, input.dtype), input)


def _within_dtype(input: Array, min_val: float, max_val: float) -> None:
    """RuntimeError for bools, and for negative limits of an unsigned dtype."""
    if input.dtype == bool:
        raise RuntimeError(HARDTANH_OF_BOOLS)
    if input.dtype == np.uint8 and min(min_val, max_val) < 0:
        raise RuntimeError(HARDTANH_UNSIGNED)
    within_range(input, min_val, max_val)


@operator(
    {"input": lambda g, input, min_val, max_val: hardtanh_backward(g, input, min_val, max_val)},
    method=False,
    kinds="if",
    check=_within_dtype,
    sample=lambda s: (s.moderate(s.floats(s.shape())), *s.choice([(-1.0, 1.0), (0.0, 6.0), (-2, 0.5)])),
)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """x, limited to [min_val, max_val]; the derivative at the limits is 0.

    As: torch.nn.functional.hardtanh
    """
    return np.minimum(max_val, np.maximum(min_val, input)).astype(input.dtype, copy=False)


def _exp_below(input: Array) -> Array:
    """exp(x) for x below 0, else 1; the derivative at 0 is 0, as torch's second derivative of elu is."""
    return np.exp(np.where(input < 0, input, 0))


def _elu_input(g: Array, input: Array, alpha: float, scale: float) -> Array:
    g = g if scale == 1 else g * scale
    return np.where(input <= 0, g * (alpha * _exp_below(input)), g)


@operator(
    {"input": _elu_input},
    method=False,
    kinds="f",
    sample=lambda s: (
        s.moderate(s.floats(s.shape())),  # for nan torch's vectorised kernel has another derivative
        s.choice([1.0, 0.5, 2, 0, -1.5]),  # finite: torch's second derivative at 0 is 0 * alpha
        s.choice([1.0, 1.0, 0.5]),
    ),
)
def elu(input: Array, alpha: float = 1.0, scale: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x) - 1); times scale (Clevert et al. 2016).

    As: torch.nn.functional.elu
    """
    out = np.where(input < 0, alpha * np.expm1(input), input)
    return out if scale == 1 else out * scale


def _celu_input(g: Array, input: Array, alpha: float) -> Array:
    return np.where(input <= 0, g * _exp_below(input / alpha), g)


@operator(
    {"input": _celu_input},
    method=False,
    kinds="f",
    sample=lambda s: (s.moderate(s.floats(s.shape())), s.choice([1.0, 0.5, 2])),
)
def celu(input: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x / alpha) - 1) (Barron 2017).

    Refuses: RuntimeError for alpha 0.
    As: torch.nn.functional.celu
    """
    if alpha == 0:
        raise RuntimeError(CELU_ALPHA)
    return np.where(input < 0, alpha * np.expm1(input / alpha), input)


def _softplus_input(g: Array, input: Array, beta: float, threshold: float) -> Array:
    """The VJP of softplus, sigmoid(beta x); at the threshold itself the second derivative is 0, as in torch."""
    scaled = input * beta
    return np.where(scaled > threshold, g, g * sigmoid(np.where(scaled >= threshold, threshold, scaled)))


@operator(
    {"input": _softplus_input},
    method=False,
    kinds="f",
    sample=lambda s: (s.floats(s.shape()), s.choice([1.0, 0.5, 2, -1.0]), s.choice([20.0, 1, -1.0])),
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta x)) / beta; x where beta x is above the threshold.

    As: torch.nn.functional.softplus
    """
    return np.where(input * beta > threshold, input, np.log1p(np.exp(input * beta)) / beta)


def _mish_input(g: Array, input: Array) -> Array:
    """(t + x (1 - t^2) sigmoid(x)) times g, for t = tanh(softplus(x)), whose derivative is (1 - t^2) sigmoid(x)."""
    t = np.tanh(softplus(input, 1.0, 20.0))
    return g * (t + input * sigmoid(input) * (1 - t * t))


mish = unary(
    "mish", lambda input: input * np.tanh(softplus.forward(input)), _mish_input, method=False, inplace=False, kinds="f",
    doc="x tanh(softplus(x)) (Misra 2019).\nAs: torch.nn.functional.mish",
    sample=lambda s: (s.moderate(s.floats(s.shape())),),  # torch's exp overflows for large numbers
)  # fmt: skip
_SIXTH = float(np.float32(1 / 6))  # in torch's kernel it is a C++ float for every dtype
hardsigmoid = unary(
    "hardsigmoid", lambda input: hardtanh.forward(input + 3, 0, 6) / 6,
    lambda g, input: keep(g, (input > -3) & (input < 3)) * _SIXTH, method=False, inplace=False, kinds="f",
    doc="x + 3, limited to [0, 6], / 6: sigmoid in straight lines.\nAs: torch.nn.functional.hardsigmoid",
)  # fmt: skip


def _hardswish_input(g: Array, input: Array) -> Array:
    inside = (input > -3) & (input < 3)
    return np.where(input <= -3, 0, g * np.where(inside, keep(input, inside) / 3 + 0.5, 1))


hardswish = unary(
    "hardswish", lambda input: input * hardtanh.forward(input + 3, 0, 6) / 6, _hardswish_input, method=False,
    inplace=False, kinds="f",
    doc="x times (x + 3, limited to [0, 6]) / 6 (Howard et al. 2019).\nAs: torch.nn.functional.hardswish",
    sample=lambda s: (s.moderate(s.floats(s.shape())),),  # for nan torch's vectorised kernel has another derivative
)  # fmt: skip


def _halves(input: Array, dim: int) -> tuple[Array, Array]:
    half = input.shape[axis(dim, input.ndim)] // 2
    return narrow(input, dim, 0, half), narrow(input, dim, half, half)


def _glu_input(g: Array, input: Array, dim: int) -> Array:
    first, second = _halves(input, dim)
    gate = sigmoid(second)
    return np.concatenate([g * gate, g * (gate * (1 - gate)) * first], axis=dim)


def _to_halve(s: Any) -> tuple[Any, int]:
    shape = list(s.shape(1))
    dim = s.dim(shape)
    shape[dim] *= 2
    return s.moderate(s.floats(tuple(shape))), dim


@operator({"input": _glu_input}, method=False, kinds="f", sample=_to_halve)
def glu(input: Array, dim: int = -1) -> Array:
    """The first half along `dim` times the sigmoid of the second (Dauphin et al. 2017).

    Shapes: that of `input`, with half the size along `dim`.
    Refuses: RuntimeError for a 0-d array, and where the size along `dim` is odd.
    As: torch.nn.functional.glu
    """
    if not input.ndim:
        raise RuntimeError(GLU_OF_NUMBER)
    size = input.shape[axis(dim, input.ndim)]
    if size % 2:
        raise RuntimeError(GLU_ODD.format(dim=dim % input.ndim, size=size))
    first, second = _halves(input, dim)
    return first * _sigmoid(second)


# -- gelu ------------------------------------------------------------------------------------------

_DENSITY = 1 / math.sqrt(2 * math.pi)
_SLOPE = 2 * math.sqrt(2 / math.pi)
_CUBE = _SLOPE * 0.044715


def _inner(input: Array) -> Array:
    """2 y, where y = sqrt(2 / pi) (x + 0.044715 x^3) is what gelu's approximation takes the tanh of.

    Its factor (1 + tanh(y)) / 2 is computed as sigmoid(2 y), which does not cancel below 0.
    """
    return input * (_SLOPE + _CUBE * (input * input))


def _gelu_curvature(g: Array, grad_output: Array, input: Array, approximate: str) -> Array:
    """The second derivative of gelu, times g and grad_output.

    With the normal density p it is (2 - x^2) p(x). Of x s(u), for the sigmoid s and u = _inner(x), it is
    2 s' u' + x (s'' u'^2 + s' u''), where s' = s (1 - s) and s'' = s' (1 - 2 s).
    """
    g, square = g * grad_output, input * input
    if approximate == "none":
        return g * (np.exp(square * -0.5) * _DENSITY) * (2 - square)
    inner = _inner(input)
    slope = _SLOPE + 3 * _CUBE * square
    below, above = sigmoid(inner), sigmoid(-inner)  # as 1 - below it would cancel
    step = below * above * slope
    return g * (step * 2 + step * input * (slope * (above - below)) + below * above * (6 * _CUBE * square))


# A row of its own, because the derivative of its formula, taken by the rules of its parts, cancels in the tails.
@operator(
    {"grad_output": lambda g, input, approximate: gelu_backward(g, input, approximate), "input": _gelu_curvature},
    tensors=("grad_output", "input"),
    promotion="same",
    kinds="f",
    method=False,
    # Below 4, because torch's next derivative by tanh is nan where the hyperbolic cosine overflows; and finite, because
    # of an infinite grad_output torch's is nan, a difference of two infinities.
    sample=lambda s: (
        s.moderate(s.floats(shape := s.shape())), np.asarray(s.moderate(s.floats(shape)) / 16),
        s.choice(["none", "tanh"]),
    ),
)  # fmt: skip
def gelu_backward(grad_output: Array, input: Array, approximate: str) -> Array:
    """grad_output times the derivative of gelu.

    As: torch.ops.aten.gelu_backward
    """
    square = input * input
    if approximate == "none":
        below = 0.5 * (1 + erf.forward(input * math.sqrt(0.5)))
        return grad_output * (below + input * (np.exp(square * -0.5) * _DENSITY))
    below = _sigmoid(_inner(input))
    return grad_output * (below + input * below * (1 - below) * (_SLOPE + 3 * _CUBE * square))


@operator(
    {"input": lambda g, input, approximate: gelu_backward(g, input, approximate)},
    method=False,
    kinds="f",
    # Of infinity torch's vector kernel gives nan in float32, its scalar one infinity, as ours.
    sample=lambda s: (s.floats(s.shape()), "tanh") if s.boolean() else (s.below_infinity(s.floats(s.shape())), "none"),
)
def gelu(input: Array, approximate: str = "none") -> Array:
    """x times the normal distribution function of x, or its approximation by tanh (Hendrycks & Gimpel 2016).

    As: torch.nn.functional.gelu
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(GELU_APPROXIMATE)
    if approximate == "none":
        return input * (0.5 * (1 + erf.forward(input * math.sqrt(0.5))))
    return input * _sigmoid(_inner(input))
