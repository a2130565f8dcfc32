"""Elementwise functions of one array."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .arithmetic import pow_input
from .dims import copied, dtype_word
from .refusals import BOOL_NEGATED, DECIMALS_OF_INTEGERS
from .table import Array, operator, unary

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
sgn = unary("sgn", _sign, lambda g: np.zeros_like(g), numpy=None, doc="The same as `sign`, but for complex numbers")
signbit = unary("signbit", np.signbit, inplace=False, doc="Whether the sign is a minus, also of -0 and nan, as bools")
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
    "trunc", _rounding(np.trunc), lambda g: np.zeros_like(g), numpy=np.trunc, kinds="if", aliases="fix",
    doc="The integer part",
)  # fmt: skip


def _floats_to_decimals(input: Array, decimals: Any) -> None:
    """NotImplementedError for integers where there are `decimals`."""
    if decimals is not None and input.dtype.kind not in FLOATING:
        raise NotImplementedError(DECIMALS_OF_INTEGERS.format(word=dtype_word(input)))


@operator(
    {"input": lambda g: np.zeros_like(g)}, inplace=True, kinds="if", numpy=np.rint, check=_floats_to_decimals,
    aliases="special_round", sample=lambda s: (s.floats(s.shape()), s.maybe(s.size(-2, 2))),
)  # fmt: skip
def round(input: Array, decimals: int | None = None) -> Array:
    """The nearest integer, ties to even; or the nearest multiple of 10 to the power -decimals."""
    if not decimals:
        return np.rint(input) if input.dtype.kind in FLOATING else np.copy(input)
    if decimals < 0:
        return np.rint(input / 10.0**-decimals) * 10.0**-decimals
    return np.rint(input * 10.0**decimals) / 10.0**decimals


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


@operator(
    {"input": lambda g, input: g * np.isfinite(input)}, inplace=True,
    sample=lambda s: (s.floats(s.shape()), *(s.maybe(float(s.size(-3, 3))) for _ in range(3))),
)  # fmt: skip
def nan_to_num(
    input: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """Every element, with numbers in place of nan and the infinities: 0, the largest and the smallest of the dtype."""
    if input.dtype.kind not in FLOATING:
        return copied(input)
    return np.nan_to_num(copied(input), True, 0.0 if nan is None else nan, posinf, neginf)


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
exp2 = floating("exp2", np.exp2, lambda g, out: g * out * math.log(2), aliases="special_exp2", doc="2 to the power x")
expm1 = floating(
    "expm1", np.expm1, lambda g, out: g * (out + 1), aliases="special_expm1", doc="exp(x) - 1, exact near 0"
)
log = floating("log", np.log, lambda g, input: g / input, doc="The natural logarithm")
log2 = floating("log2", np.log2, lambda g, input: g / (input * math.log(2)), doc="The logarithm to base 2")
log10 = floating("log10", np.log10, lambda g, input: g / (input * math.log(10)), doc="The logarithm to base 10")
log1p = floating(
    "log1p", np.log1p, lambda g, input: g / (input + 1), node_name="Log1PBackward0",
    aliases="special_log1p", doc="log(1 + x), exact near 0",
)  # fmt: skip

# -- trigonometric and hyperbolic ------------------------------------------------------------------

deg2rad = floating(
    "deg2rad", lambda input: input * (math.pi / 180), lambda g: g * (math.pi / 180), numpy=np.deg2rad,
    node_name="Deg2RadBackward0", doc="An angle in degrees as radians",
)  # fmt: skip
rad2deg = floating(
    "rad2deg", lambda input: input * (180 / math.pi), lambda g: g * (180 / math.pi), numpy=np.rad2deg,
    node_name="Rad2DegBackward0", doc="An angle in radians as degrees",
)  # fmt: skip
sin = floating("sin", np.sin, lambda g, input: g * np.cos(input), doc="The sine of an angle in radians")
cos = floating("cos", np.cos, lambda g, input: -g * np.sin(input), doc="The cosine of an angle in radians")
tan = floating("tan", np.tan, lambda g, out: g * (1 + out * out), doc="The tangent of an angle in radians")
asin = floating(
    "asin", np.arcsin, lambda g, input: g / np.sqrt(1 - input * input), aliases="arcsin",
    doc="The inverse sine, in radians",
)  # fmt: skip
acos = floating(
    "acos", np.arccos, lambda g, input: -g / np.sqrt(1 - input * input), aliases="arccos",
    doc="The inverse cosine, in radians",
)  # fmt: skip
atan = floating(
    "atan", np.arctan, lambda g, input: g / (1 + input * input), aliases="arctan",
    doc="The inverse tangent, in radians",
)  # fmt: skip
sinh = floating("sinh", np.sinh, lambda g, input: g * np.cosh(input), doc="The hyperbolic sine")
cosh = floating("cosh", np.cosh, lambda g, input: g * np.sinh(input), doc="The hyperbolic cosine")
tanh = floating("tanh", np.tanh, lambda g, out: g * (1 - out * out), doc="The hyperbolic tangent")
asinh = floating(
    "asinh", np.arcsinh, lambda g, input: g / np.sqrt(1 + input * input), aliases="arcsinh",
    doc="The inverse hyperbolic sine",
)  # fmt: skip
acosh = floating(
    "acosh", np.arccosh, lambda g, input: g / np.sqrt(input * input - 1), aliases="arccosh",
    doc="The inverse hyperbolic cosine",
)  # fmt: skip
atanh = floating(
    "atanh", np.arctanh, lambda g, input: g / (1 - input * input), aliases="arctanh",
    doc="The inverse hyperbolic tangent",
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
    _sinc_input, promotion="float", aliases="special_sinc", doc="sin(pi x) / (pi x), and 1 at 0",
    sample=lambda s: (_where_torch_is_exact(s.floats(s.shape())),),
)  # fmt: skip

# -- tests for special values ---------------------------------------------------------------------

isnan = unary("isnan", np.isnan, inplace=False, doc="Whether an element is nan, as bools")
isinf = unary("isinf", np.isinf, inplace=False, doc="Whether an element is infinite, as bools")
isfinite = unary("isfinite", np.isfinite, inplace=False, doc="Whether an element is neither infinite nor nan, as bools")
isposinf = unary(
    "isposinf", lambda input: np.isinf(input) & (input > 0), inplace=False, doc="Whether an element is inf, as bools"
)
isneginf = unary(
    "isneginf", lambda input: np.isinf(input) & (input < 0), inplace=False, doc="Whether an element is -inf, as bools"
)
