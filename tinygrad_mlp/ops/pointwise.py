"""Elementwise functions of one array."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .arithmetic import pow_input
from .dims import copied
from .refusals import (
    BOOL_NEGATED,
)
from .special import special
from .table import Array, unary

# -- sign and rounding -----------------------------------------------------------------------------


def _no_bool_negation(input: Array) -> None:
    """RuntimeError for bools."""
    if input.dtype == bool:
        raise RuntimeError(BOOL_NEGATED)


def _sign(input: Array) -> Array:
    return np.copy(input) if input.dtype == bool else (input > 0).astype(input.dtype) - (input < 0)


def _negate(input: Array) -> None:
    input[...] = -input  # np.negative(x, x) of NumPy 2.4 is wrong for strides of four float32 or eight float64


neg = unary("neg", np.negative, lambda g: -g, check=_no_bool_negation, write=_negate, aliases="negative", doc="-x")
sign = unary("sign", _sign, lambda g: np.zeros_like(g), numpy=np.sign, doc="The sign, -1, 0 or 1; of nan 0")
abs = unary(
    "abs", np.absolute, lambda g, input: g * sign(input), kinds="if", aliases="absolute", doc="The absolute value"
)


def _rounding(function: Any) -> Any:
    return lambda input: function(input) if input.dtype.kind in FLOATING else np.copy(input)


floor = unary(
    "floor", _rounding(np.floor), lambda g: np.zeros_like(g), numpy=np.floor, kinds="if",
    doc="The largest integer that is not above x",
)  # fmt: skip
ceil = unary(
    "ceil",
    _rounding(np.ceil),
    lambda g: np.zeros_like(g),
    numpy=np.ceil,
    kinds="if",
    doc="The smallest integer that is not below x",
)
trunc = unary(
    "trunc", _rounding(np.trunc), lambda g: np.zeros_like(g), numpy=np.trunc, kinds="if", doc="The integer part"
)
round = unary(
    "round", _rounding(np.rint), lambda g: np.zeros_like(g), numpy=np.rint, kinds="if",
    doc="The nearest integer, ties to even",
)  # fmt: skip
frac = unary(
    "frac",
    lambda input: input - np.trunc(input),
    lambda g: g,
    kinds="f",
    doc="The part after the decimal point, with the sign of x",
)


contiguous_clone = unary(
    "contiguous_clone", lambda input: input.copy(), lambda g: g, inplace=False, method=False,
    node_name="CloneBackward0", doc="A copy in C order.\nAs: torch.clone with torch.contiguous_format",
)  # fmt: skip
clone = unary("clone", copied, lambda g: g, numpy=np.copy, inplace=False, doc="A copy with its own memory")

# -- powers, exponentials, logarithms --------------------------------------------------------------

floating = functools.partial(unary, promotion="float")  # of integers and bools the result is floating

square = unary(
    "square", lambda input: input * input if input.dtype != bool else input.astype(np.int64),
    lambda g, input: pow_input(g, input, 2), numpy=np.square, node_name="PowBackward0", doc="x * x",
)  # fmt: skip
sqrt = floating("sqrt", np.sqrt, lambda g, out: g / (2 * out), doc="The square root")
rsqrt = floating(
    "rsqrt", lambda input: 1 / np.sqrt(input), lambda g, out: -0.5 * g * (out * out * out),
    doc="1 / sqrt(x)",
)  # fmt: skip
reciprocal = floating("reciprocal", lambda input: 1 / input, lambda g, out: -g * (out * out), doc="1 / x")
exp = floating("exp", np.exp, lambda g, out: g * out, doc="e to the power x")
exp2 = floating("exp2", np.exp2, lambda g, out: g * out * math.log(2), doc="2 to the power x")
expm1 = floating("expm1", np.expm1, lambda g, out: g * (out + 1), doc="exp(x) - 1, exact near 0")
log = floating("log", np.log, lambda g, input: g / input, doc="The natural logarithm")
log2 = floating("log2", np.log2, lambda g, input: g / (input * math.log(2)), doc="The logarithm to base 2")
log10 = floating("log10", np.log10, lambda g, input: g / (input * math.log(10)), doc="The logarithm to base 10")
log1p = floating(
    "log1p", np.log1p, lambda g, input: g / (input + 1), node_name="Log1PBackward0",
    doc="log(1 + x), exact near 0",
)  # fmt: skip

# -- trigonometric and hyperbolic ------------------------------------------------------------------

sin = floating("sin", np.sin, lambda g, input: g * np.cos(input), doc="The sine of an angle in radians")
cos = floating("cos", np.cos, lambda g, input: -g * np.sin(input), doc="The cosine of an angle in radians")
tan = floating("tan", np.tan, lambda g, out: g * (1 + out * out), doc="The tangent of an angle in radians")
asin = floating("asin", np.arcsin, lambda g, input: g / np.sqrt(1 - input * input), doc="The inverse sine, in radians")
acos = floating(
    "acos", np.arccos, lambda g, input: -g / np.sqrt(1 - input * input), doc="The inverse cosine, in radians"
)
atan = floating("atan", np.arctan, lambda g, input: g / (1 + input * input), doc="The inverse tangent, in radians")
sinh = floating("sinh", np.sinh, lambda g, input: g * np.cosh(input), doc="The hyperbolic sine")
cosh = floating("cosh", np.cosh, lambda g, input: g * np.sinh(input), doc="The hyperbolic cosine")
tanh = floating("tanh", np.tanh, lambda g, out: g * (1 - out * out), doc="The hyperbolic tangent")
asinh = floating(
    "asinh", np.arcsinh, lambda g, input: g / np.sqrt(1 + input * input), doc="The inverse hyperbolic sine"
)
acosh = floating(
    "acosh", np.arccosh, lambda g, input: g / np.sqrt(input * input - 1), doc="The inverse hyperbolic cosine"
)
atanh = floating("atanh", np.arctanh, lambda g, input: g / (1 - input * input), doc="The inverse hyperbolic tangent")

# -- special functions -----------------------------------------------------------------------------


def _special(name: str) -> Any:
    """A function of scipy.special in the dtype of its input: SciPy computes float16 in another one."""
    return lambda input: getattr(special, name)(input).astype(input.dtype, copy=False)


erf = unary(
    "erf", _special("erf"), lambda g, input: g * (2 / math.sqrt(math.pi) * np.exp(-input * input)),
    promotion="float", doc="The error function",
)  # fmt: skip
erfc = unary(
    "erfc", _special("erfc"), lambda g, input: g * (-2 / math.sqrt(math.pi) * np.exp(-input * input)),
    promotion="float", doc="1 - erf(x)",
)  # fmt: skip


# The derivative of sin(t) / t is the sum of (-1)^k 2k t^(2k - 1) / (2k + 1)!: ten terms for any float64 t below 1.
_SINC_SERIES = [(-1) ** k * 2 * k / math.factorial(2 * k + 1) for k in range(1, 11)]


def _sinc_series(angle: Array) -> Array:
    square, total = angle * angle, _SINC_SERIES[-1]
    for coefficient in _SINC_SERIES[-2::-1]:
        total = total * square + coefficient
    return angle * total


def _sinc_input(g: Array, input: Array) -> Array:
    angle = input * math.pi
    near = np.absolute(angle) < 1  # there the two terms of the quotient below cancel
    series = _sinc_series(np.where(near, angle, 0)) * math.pi
    # at 0 it is 0 / 0, so that the second derivative there is nan, as torch's
    quotient = (angle * np.cos(angle) - np.sin(angle)) / (input * angle)
    return np.where(input == 0, 0, np.where(near, g * series, g * quotient))


def _where_torch_is_exact(x: Array) -> Array:
    """Numbers for a test, none between 0 and 0.01: there the terms of torch's gradient cancel."""
    if x.dtype.kind not in FLOATING:
        return x
    return np.asarray(np.copysign(np.maximum(np.absolute(x), 0.01), x) * (x != 0))


sinc = unary(
    "sinc", lambda input: np.where(input == 0, input.dtype.type(1), np.sin(input * math.pi) / (input * math.pi)),
    _sinc_input, promotion="float",
    doc="sin(pi x) / (pi x), and 1 at 0", sample=lambda s: (_where_torch_is_exact(s.floats(s.shape())),),
)  # fmt: skip

# -- tests for special values ---------------------------------------------------------------------

isnan = unary("isnan", np.isnan, inplace=False, doc="Whether an element is nan, as bools")
isinf = unary("isinf", np.isinf, inplace=False, doc="Whether an element is infinite, as bools")
isfinite = unary("isfinite", np.isfinite, inplace=False, doc="Whether an element is neither infinite nor nan, as bools")
