"""Elementwise operators: each output element depends on one element of each input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import as_dtype, dtype_word
from .masking import keep
from .special import special
from .table import Array, binary, by_value, operator, unary

# -- sign and rounding -----------------------------------------------------------------------------


def _no_bool_negation(input: Array) -> None:
    if input.dtype == bool:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )


def _sign(input: Array) -> Array:
    return np.copy(input) if input.dtype == bool else (input > 0).astype(input.dtype) - (input < 0)


def _negate(input: Array) -> None:
    input[...] = -input  # np.negative(x, x) of NumPy 2.4 is wrong for strides of four float32 or eight float64


neg = unary("neg", np.negative, lambda g: -g, check=_no_bool_negation, write=_negate)
sign = unary("sign", _sign, lambda g: np.zeros_like(g), numpy=np.sign, doc="-1, 0 or 1; of nan 0")
abs = unary("abs", np.absolute, lambda g, input: g * sign(input), kinds="if")


def _rounding(function: Any) -> Any:
    return lambda input: function(input) if input.dtype.kind == "f" else np.copy(input)


floor = unary(
    "floor", _rounding(np.floor), lambda g: np.zeros_like(g), numpy=np.floor, kinds="if", doc="The next integer below",
)  # fmt: skip
ceil = unary(
    "ceil", _rounding(np.ceil), lambda g: np.zeros_like(g), numpy=np.ceil, kinds="if", doc="The next integer above"
)
trunc = unary(
    "trunc", _rounding(np.trunc), lambda g: np.zeros_like(g), numpy=np.trunc, kinds="if", doc="The integer towards 0"
)
round = unary(
    "round", _rounding(np.rint), lambda g: np.zeros_like(g), numpy=np.rint, kinds="if",
    doc="The nearest integer, ties to even",
)  # fmt: skip
frac = unary(
    "frac", lambda input: input - np.trunc(input), lambda g: g, kinds="f", doc="What is after the decimal point"
)


def _clone(input: Array) -> Array:
    """A copy that keeps the order of strides; torch lays an expanded one out anew."""
    return input.copy() if 0 in input.strides else np.copy(input)


contiguous_clone = unary(
    "contiguous_clone", lambda input: input.copy(), lambda g: g, inplace=False, method=False,
    node_name="CloneBackward0", doc="A copy in C order",
)  # fmt: skip
clone = unary("clone", _clone, lambda g: g, numpy=np.copy, inplace=False, doc="A copy with its own memory")

# -- powers, exponentials, logarithms --------------------------------------------------------------

square = unary(
    "square", lambda input: input * input if input.dtype != bool else input.astype(np.int64),
    lambda g, input: _pow_input(g, input, 2), numpy=np.square, node_name="PowBackward0", doc="x * x",
)  # fmt: skip
sqrt = unary("sqrt", np.sqrt, lambda g, out: g / (2 * out), promotion="float")
rsqrt = unary(
    "rsqrt", lambda input: 1 / np.sqrt(input), lambda g, out: -0.5 * g * (out * out * out), promotion="float",
    doc="1 / sqrt",
)  # fmt: skip
reciprocal = unary(
    "reciprocal", lambda input: 1 / input, lambda g, out: -g * (out * out), promotion="float", doc="1 / x"
)
exp = unary("exp", np.exp, lambda g, out: g * out, promotion="float")
exp2 = unary("exp2", np.exp2, lambda g, out: g * out * math.log(2), promotion="float")
expm1 = unary("expm1", np.expm1, lambda g, out: g * (out + 1), promotion="float")
log = unary("log", np.log, lambda g, input: g / input, promotion="float")
log2 = unary("log2", np.log2, lambda g, input: g / (input * math.log(2)), promotion="float")
log10 = unary("log10", np.log10, lambda g, input: g / (input * math.log(10)), promotion="float")
log1p = unary("log1p", np.log1p, lambda g, input: g / (input + 1), promotion="float", node_name="Log1PBackward0")

# -- trigonometric and hyperbolic ------------------------------------------------------------------

sin = unary("sin", np.sin, lambda g, input: g * np.cos(input), promotion="float")
cos = unary("cos", np.cos, lambda g, input: -g * np.sin(input), promotion="float")
tan = unary("tan", np.tan, lambda g, out: g * (1 + out * out), promotion="float")
asin = unary("asin", np.arcsin, lambda g, input: g / np.sqrt(1 - input * input), promotion="float")
acos = unary("acos", np.arccos, lambda g, input: -g / np.sqrt(1 - input * input), promotion="float")
atan = unary("atan", np.arctan, lambda g, input: g / (1 + input * input), promotion="float")
sinh = unary("sinh", np.sinh, lambda g, input: g * np.cosh(input), promotion="float")
cosh = unary("cosh", np.cosh, lambda g, input: g * np.sinh(input), promotion="float")
tanh = unary("tanh", np.tanh, lambda g, out: g * (1 - out * out), promotion="float")
asinh = unary("asinh", np.arcsinh, lambda g, input: g / np.sqrt(1 + input * input), promotion="float")
acosh = unary("acosh", np.arccosh, lambda g, input: g / np.sqrt(input * input - 1), promotion="float")
atanh = unary("atanh", np.arctanh, lambda g, input: g / (1 - input * input), promotion="float")

# -- special functions -----------------------------------------------------------------------------


def _special(name: str) -> Any:
    """A function of scipy.special, which has none of float16 and gives float64 for it."""
    return lambda input: getattr(special, name)(input).astype(input.dtype, copy=False)


erf = unary(
    "erf", _special("erf"), lambda g, input: g * (2 / math.sqrt(math.pi)) * np.exp(-input * input),
    promotion="float", doc="The error function",
)  # fmt: skip
erfc = unary(
    "erfc", _special("erfc"), lambda g, input: g * (-2 / math.sqrt(math.pi)) * np.exp(-input * input),
    promotion="float", doc="1 - erf",
)  # fmt: skip

# -- arithmetic ------------------------------------------------------------------------------------


def _no_bool_subtraction(input: Any, other: Any) -> None:
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, other)]
    if bools[0] and bools[1]:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if bools[0] or bools[1]:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )


@by_value
def _by_zero(input: Array, other: Array) -> None:
    if input.dtype.kind != "f" and input.size and not np.all(other):
        raise RuntimeError("ZeroDivisionError")


def _floor_divide(input: Array, other: Array) -> Array:
    _by_zero(input, other)
    return np.floor_divide(input, other)


def _remainder(input: Array, other: Array) -> Array:
    _by_zero(input, other)
    rest = np.fmod(input, other)
    return np.where((rest != 0) & ((rest < 0) != (other < 0)), rest + other, rest)


def _fmod(input: Array, other: Array) -> Array:
    _by_zero(input, other)
    return np.fmod(input, other)


@operator(
    {"input": lambda g: np.zeros_like(g), "other": lambda g: np.zeros_like(g)},
    tensors=("input", "other"),
    promotion="arithmetic",
    kinds="if",
    method=False,
    node_name="DivBackward1",
    sample=lambda s: (*s.binary(), s.choice(["trunc", "floor"])),
)
def div_rounded(input: Array, other: Array, rounding_mode: str) -> Array:
    """The quotient as a whole number, rounded to 0 ("trunc") or down ("floor")"""
    if rounding_mode == "floor":
        return _floor_divide(input, other)
    if input.dtype.kind == "f":
        return np.trunc(input / other)
    quotient = _floor_divide(input, other)
    return quotient + ((quotient < 0) & (quotient * other != input))


add = binary("add", np.add, lambda g: g, lambda g: g)
sub = binary("sub", np.subtract, lambda g: g, lambda g: -g, check=_no_bool_subtraction)
mul = binary("mul", np.multiply, lambda g, other: g * other, lambda g, input: g * input)
div = binary(
    "div",
    np.true_divide,
    lambda g, other: g / other,
    lambda g, input, other: -g * ((input / other) / other),
    promotion="float",
)
floor_divide = binary(
    "floor_divide", _floor_divide, numpy=np.floor_divide, kinds="if", doc="The quotient, rounded down"
)
remainder = binary(
    "remainder", _remainder, lambda g: g, lambda g, input, other: -g * div_rounded(input, other, "floor"),
    numpy=np.remainder, kinds="if", doc="What is left of the quotient rounded down, with the sign of `other`",
)  # fmt: skip
fmod = binary(
    "fmod", _fmod, lambda g: g, lambda g, input, other: -g * div_rounded(input, other, "trunc"),
    numpy=np.fmod, kinds="if", doc="What is left of the quotient rounded to 0, with the sign of `input`",
)  # fmt: skip


def _pow_input(g: Array, input: Array, exponent: Any) -> Array:
    if isinstance(exponent, (int, float)):
        if exponent == 2 and not hasattr(input, "requires_grad"):  # what is recorded keeps a power, as in torch
            return g * (input + input)
        return g * (exponent * input ** (exponent - 1)) if exponent else np.zeros_like(g)
    return np.where(exponent == 0, 0, g * (exponent * input ** (exponent - 1)))


def _pow_exponent(g: Array, out: Array, input: Array, exponent: Array) -> Array:
    # d/db a**b = a**b log(a); at a == 0 the limit is 0 for b >= 0 (torch)
    return g * np.where((input == 0) & (exponent >= 0), 0, out * np.log(input))


def _pow(input: Any, exponent: Any) -> Array:
    if type(exponent) is int and exponent == 2:
        return np.square(input)
    if getattr(input, "dtype", None) is None or input.dtype.kind == "f":
        return input**exponent
    if input.dtype == bool:
        return input | np.logical_not(exponent)
    whole = np.power(input, np.maximum(exponent, 0))
    fraction = np.where(
        input == -1, 1 - 2 * (exponent & 1), input == 1
    )  # an integer's power below 0 is cut to 1, -1, 0
    return np.where(exponent < 0, fraction, whole).astype(input.dtype)


def _no_negative_power(input: Any, exponent: Any) -> None:
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, exponent)]
    if np.all(bools) and not isinstance(exponent, bool):
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    if isinstance(exponent, int) and exponent < 0 and input.dtype.kind != "f":
        raise RuntimeError("Integers to negative integer powers are not allowed.")


pow = binary(
    "pow", _pow, _pow_input, _pow_exponent, names=("input", "exponent"), numpy=np.power,
    check=_no_negative_power,
    doc="The power of the elements of two arrays, broadcast",
)  # fmt: skip


def _over_squares(part: Array, input: Array, other: Array) -> Array:
    """part / (input**2 + other**2), 0 at the origin, where the derivative of this is nan (torch)."""
    squares = input * input + other * other
    return part * np.where(squares == 0, 0, 1 / squares)


atan2 = binary(
    "atan2", np.arctan2, lambda g, input, other: g * _over_squares(other, input, other),
    lambda g, input, other: -g * _over_squares(input, input, other), promotion="float", numbers=False,
)  # fmt: skip
hypot = binary(
    "hypot",
    np.hypot,
    lambda g, out, input: g * (input / out),
    lambda g, out, other: g * (other / out),
    numbers=False,
    kinds="f",
)

logaddexp = binary(
    "logaddexp", np.logaddexp, lambda g, input, other: g / (1 + np.exp(other - input)),
    lambda g, input, other: g / (1 + np.exp(input - other)), numbers=False, kinds="f", inplace=False,
    doc="log(exp(x) + exp(y)), safe from overflow",
)  # fmt: skip


def _xlogy(input: Array, other: Array) -> Array:
    dtype = getattr(other, "dtype", None) or input.dtype
    input, other = (x if hasattr(x, "dtype") else np.asarray(x, dtype) for x in (input, other))
    return np.where((input == 0) & (other == other), dtype.type(0), input * np.log(other))


def _xlogy_input(g: Array, input: Array, other: Array) -> Array:
    return np.where((input == 0) & (other <= 0), 0, xlogy(g, other))


xlogy = binary(
    "xlogy", _xlogy, _xlogy_input, lambda g, input, other: g * input / other, promotion="float",
    node_name="XlogyBackward0", doc="x log(y), and 0 where x is 0",
)  # fmt: skip


def _sinc_input(g: Array, input: Array) -> Array:
    angle = input * math.pi
    square = input * input * math.pi
    return np.where(square == 0, 0, g * ((angle * np.cos(angle) - np.sin(angle)) / square))


sinc = unary(
    "sinc", lambda input: np.where(input == 0, input.dtype.type(1), np.sin(input * math.pi) / (input * math.pi)),
    _sinc_input, promotion="float",
    doc="sin(pi x) / (pi x), and 1 at 0",
)  # fmt: skip

# -- choosing --------------------------------------------------------------------------------------

# On a tie both sides get half of the cotangent, as in torch. Of -0 and 0 NumPy's ufuncs give the second, torch mostly
# the first.
maximum = binary(
    "maximum", lambda input, other: np.maximum(other, input),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input < other, 0, g)),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input > other, 0, g)),
    numpy=np.maximum, inplace=False, numbers=False,
    doc="The larger of the elements of two arrays, broadcast",
)  # fmt: skip
minimum = binary(
    "minimum", lambda input, other: np.minimum(other, input),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input > other, 0, g)),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input < other, 0, g)),
    numpy=np.minimum, inplace=False, numbers=False,
    doc="The smaller of the elements of two arrays, broadcast",
)  # fmt: skip


@operator(
    {
        "input": lambda g, condition: keep(g, condition),
        "other": lambda g, condition: keep(g, np.logical_not(condition)),
    },
    tensors=("condition", "input", "other"),
    promotion="arithmetic",
    numpy=np.where,
    sample=lambda s: (
        (s.mask((x := s.binary())[0].shape), *x) if s.boolean() else s.broadcast(s.mask, s.floats, s.floats)
    ),
    unpromoted="condition",
)
def where(condition: Array, input: Array, other: Array) -> Array:
    """`input` where `condition` holds, else `other`"""
    if condition.dtype.kind not in "bu":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {dtype_word(condition)}"
        )
    return np.where(condition, input, other)


def _no_bool_bounds(input: Array, *bounds: Any) -> None:
    given = [x for x in bounds if x is not None]
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, *given)]
    if np.all(bools) and not (len(given) == 1 and hasattr(given[0], "dtype")):  # which torch has as a maximum
        raise NotImplementedError("\"clamp_cpu\" not implemented for 'Bool'")


def _clamp_input(g: Array, input: Array, min: Any, max: Any) -> Array:
    if max is None:
        return keep(g, input >= min)
    if min is None:
        return keep(g, input <= max)
    return keep(g, (input >= min) & (input <= max))


@operator(
    {
        "input": _clamp_input,
        "min": lambda g, input, min, max: np.where((input < min) & (True if max is None else min < max), g, 0),
        "max": lambda g, input, min, max: np.where((input > max) | (False if min is None else max < min), g, 0),
    },
    tensors=("input", "min", "max"),
    promotion="arithmetic",
    check=_no_bool_bounds,
    inplace=True,
    sample=lambda s: s.bounded(),
)
def clamp(input: Array, min: Any = None, max: Any = None) -> Array:
    """Every element, limited to the range from `min` to `max`"""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    low = input if min is None else np.maximum(min, input)  # of -0 and 0 NumPy gives the second: torch, the input's
    return low if max is None else np.minimum(max, low)


@operator(
    {
        "input": lambda g, mask: np.where(mask, 0, g),
        "value": lambda g, mask: np.add.reduce(np.where(mask, g, 0), axis=None),
    },
    tensors=("input", "mask", "value"),
    inplace=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.mask(s.broadcast_into(shape)), s.value()),
    overlap="allowed",
)
def masked_fill(input: Array, mask: Array, value: Any) -> Array:
    """`value` where `mask` holds, else `input`"""
    if mask.dtype != bool:
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {dtype_word(mask)}")
    value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    return np.where(mask, as_dtype(value, input.dtype), input)


clamp_min = binary(
    "clamp_min", lambda input, min: np.maximum(min, input),
    lambda g, input, min: keep(g, input >= min), lambda g, input, min: keep(g, input < min),
    names=("input", "min"), check=_no_bool_bounds, numpy=None, doc="Every element, at least `min`",
)  # fmt: skip
clamp_max = binary(
    "clamp_max", lambda input, max: np.minimum(max, input),
    lambda g, input, max: keep(g, input <= max), lambda g, input, max: keep(g, input > max),
    names=("input", "max"), check=_no_bool_bounds, numpy=None, doc="Every element, at most `max`",
)  # fmt: skip


@operator(
    {
        "input": lambda g: g,
        "tensor1": lambda g, tensor2, value: g * (tensor2 * value),
        "tensor2": lambda g, tensor1, value: g * (tensor1 * value),
    },
    tensors=("input", "tensor1", "tensor2"),
    promotion="arithmetic",
    kinds="if",
    inplace=True,
    numbers=False,
    sample=lambda s: (*s.broadcast(s.floats, s.floats, s.floats), s.number()),
)
def addcmul(input: Array, tensor1: Array, tensor2: Array, value: Any = 1) -> Array:
    """input + value * tensor1 * tensor2"""
    return input + as_dtype(value, input.dtype) * tensor1 * tensor2


def _no_integer_quotient(input: Array, tensor1: Array, tensor2: Array, value: Any) -> None:
    if tensor1.dtype.kind != "f" and tensor2.dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2."
        )


@operator(
    {
        "input": lambda g: g,
        "tensor1": lambda g, tensor2, value: g * (value / tensor2),
        "tensor2": lambda g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2)),
    },
    tensors=("input", "tensor1", "tensor2"),
    promotion="arithmetic",
    inplace=True,
    numbers=False,
    check=_no_integer_quotient,
    sample=lambda s: (*s.broadcast(s.floats, s.floats, s.floats), s.number()),
)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, value: Any = 1) -> Array:
    """input + value * tensor1 / tensor2"""
    return input + value * tensor1 / tensor2


_LERP_WORDS = {"float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long int"}


def _one_dtype(input: Array, end: Array, weight: Any) -> None:
    for name, x in (("end", end), ("weight", weight)):
        if getattr(x, "dtype", input.dtype) != input.dtype and not (x is weight and not x.ndim):
            own, other = (_LERP_WORDS.get(a.dtype.name, a.dtype.name) for a in (input, x))
            raise RuntimeError(f"expected dtype {own} for `{name}` but got dtype {other}")
    if input.dtype.kind != "f" and isinstance(weight, (int, float)):
        raise NotImplementedError(f"\"lerp_kernel_scalar\" not implemented for '{dtype_word(input)}'")


@operator(
    {
        "input": lambda g, weight: g * (1 - weight),
        "end": lambda g, weight: g * weight,
        "weight": lambda g, input, end: g * (end - input),
    },
    tensors=("input", "end", "weight"),
    promotion="arithmetic",
    kinds="f",
    check=_one_dtype,
    inplace=True,
    sample=lambda s: (*xs, s.number()) if len(xs := s.broadcast(*[s.floats] * s.size(2, 3))) == 2 else xs,
    saves=False,
)
def lerp(input: Array, end: Array, weight: Any) -> Array:
    """input + weight * (end - input)"""
    from_end = end - (end - input) * (1 - weight)  # exact at weight 1, as the other is at 0
    return np.where(np.absolute(weight) < 0.5, input + weight * (end - input), from_end)


# -- comparison and logic: nothing to differentiate ------------------------------------------------

eq = binary("eq", np.equal)
ne = binary("ne", np.not_equal)
lt = binary("lt", np.less)
le = binary("le", np.less_equal)
gt = binary("gt", np.greater)
ge = binary("ge", np.greater_equal)
logical_not = unary("logical_not", np.logical_not)
logical_and = binary("logical_and", np.logical_and, numbers=False)
logical_or = binary("logical_or", np.logical_or, numbers=False)
logical_xor = binary("logical_xor", np.logical_xor, numbers=False)
bitwise_not = unary("bitwise_not", np.bitwise_not, kinds="bi")
bitwise_and = binary("bitwise_and", np.bitwise_and, kinds="bi")
bitwise_or = binary("bitwise_or", np.bitwise_or, kinds="bi")
bitwise_xor = binary("bitwise_xor", np.bitwise_xor, kinds="bi")
isnan = unary("isnan", np.isnan, inplace=False)
isinf = unary("isinf", np.isinf, inplace=False)
isfinite = unary("isfinite", np.isfinite, inplace=False)


# The cotangent is cast back where all are: as it is handed on.
@operator(
    {"input": lambda g: g}, node_name="ToCopyBackward0", sample=lambda s: (s.floats(s.shape()), s.another_dtype())
)
def cast(input: Array, dtype: Any) -> Array:
    """The elements as another NumPy dtype"""
    return input.astype(dtype)
