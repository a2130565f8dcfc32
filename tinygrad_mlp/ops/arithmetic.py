"""Arithmetic: elementwise functions of two or three arrays, broadcast together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import as_dtype, dtype_word
from .masking import keep
from .refusals import (
    DIVISION_BY_ZERO,
    HEAVISIDE_DTYPES,
    INTEGERS_IN_ADDCDIV,
    LDEXP_BY_BOOLS,
    LERP_DTYPES,
    LERP_OF_INTEGERS,
    NEGATIVE_POWER,
    POWER_OF_BOOLS,
)
from .table import Array, Number, binary, by_value, not_implemented, operator


@by_value
def _by_zero(input: Any, other: Any) -> None:
    """RuntimeError for integers divided by 0."""
    array = input if hasattr(input, "dtype") else other
    if array.dtype.kind not in FLOATING and array.size and not np.all(other):
        raise RuntimeError(DIVISION_BY_ZERO)


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
    inplace=True,
    sample=lambda s: (*s.binary(), s.choice(["trunc", "floor"])),
)
def div_rounded(input: Array, other: Array, rounding_mode: str) -> Array:
    """The quotient as a whole number, rounded to 0 ("trunc") or down ("floor").

    Refuses: RuntimeError for integers divided by 0.
    In place: `Tensor.div_`.
    As: torch.div with a rounding_mode
    """
    if rounding_mode == "floor":
        return _floor_divide(input, other)
    if input.dtype.kind in FLOATING:
        return np.trunc(input / other)
    quotient = _floor_divide(input, other)
    return quotient + ((quotient < 0) & (quotient * other != input))


floor_divide = binary(
    "floor_divide", _floor_divide, not_implemented("floor_divide"), not_implemented("floor_divide"),
    numpy=np.floor_divide, kinds="if", node_name="NotImplemented",
    doc="The quotient, rounded down.\nRefuses: RuntimeError for integers divided by 0.",
)  # fmt: skip
remainder = binary(
    "remainder", _remainder, lambda g: g, lambda g, input, other: -g * div_rounded(input, other, "floor"),
    numpy=np.remainder, kinds="if",
    doc="The remainder of the quotient rounded down: it has the sign of `other`.\n"
    "Refuses: RuntimeError for integers divided by 0.",
)  # fmt: skip
fmod = binary(
    "fmod", _fmod, lambda g: g, lambda g, input, other: -g * div_rounded(input, other, "trunc"),
    numpy=np.fmod, kinds="if", numbers=("other",),
    doc="The remainder of the quotient rounded to 0: it has the sign of `input`.\n"
    "Refuses: RuntimeError for integers divided by 0.",
)  # fmt: skip

# -- powers and their like -------------------------------------------------------------------------


def pow_input(g: Array, input: Array, exponent: Any) -> Array:
    if isinstance(exponent, (int, float)):
        if exponent == 2 and not hasattr(input, "requires_grad"):  # a Tensor records a power, as in torch
            return g * (input + input)
        return g * (exponent * _raised(input, exponent - 1)) if exponent else np.zeros_like(g)
    return np.where(exponent == 0, 0, g * (exponent * input ** (exponent - 1)))


def _pow_exponent(g: Array, out: Array, input: Array, exponent: Array) -> Array:
    # d/db a**b = a**b log(a); at a == 0 its limit is 0 for b > 0, and torch takes 0 for b == 0, too
    return g * np.where((input == 0) & (exponent >= 0), 0, out * np.log(input))


def _raised(input: Any, exponent: Any) -> Any:
    """The power of floating numbers; -0.5 as torch has it, by which -0 becomes -inf."""
    if type(exponent) is float and exponent == -0.5 and not hasattr(input, "requires_grad"):
        return 1 / np.sqrt(input)
    return input**exponent


def _pow(input: Any, exponent: Any) -> Array:
    if type(exponent) is int and exponent == 2:
        return np.square(input)
    if getattr(input, "dtype", None) is None or input.dtype.kind in FLOATING:
        return _raised(input, exponent)
    if input.dtype == bool:
        return input | np.logical_not(exponent)
    whole = np.power(input, np.maximum(exponent, 0))
    # cut to an integer, 1 / x**n is 0 unless x is 1 or -1
    fraction = np.where(input == -1, 1 - 2 * (exponent & 1), input == 1)
    return np.where(exponent < 0, fraction, whole).astype(input.dtype)


def _no_negative_power(input: Any, exponent: Any) -> None:
    """RuntimeError for integers to a negative power, NotImplementedError for bools to an array of bools."""
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, exponent)]
    if np.all(bools) and not isinstance(exponent, bool):
        raise NotImplementedError(POWER_OF_BOOLS)
    if isinstance(exponent, int) and exponent < 0 and input.dtype.kind not in FLOATING:
        raise RuntimeError(NEGATIVE_POWER)


pow = binary(
    "pow", _pow, pow_input, _pow_exponent, names=("input", "exponent"), numpy=np.power,
    check=_no_negative_power,
    doc="`input` to the power `exponent`, element by element",
)  # fmt: skip


def _over_squares(part: Array, input: Array, other: Array) -> Array:
    """part / (input**2 + other**2); at the origin it is 0 and its derivative nan, as in torch."""
    squares = input * input + other * other
    return part * np.where(squares == 0, 0, 1 / squares)


atan2 = binary(
    "atan2", np.arctan2, lambda g, input, other: g * _over_squares(other, input, other),
    lambda g, input, other: -g * _over_squares(input, input, other), promotion="float", numbers=False,
    aliases="arctan2", doc="The angle of the point (other, input), in radians from -pi to pi",
)  # fmt: skip
hypot = binary(
    "hypot",
    np.hypot,
    lambda g, out, input: g * (input / out),
    lambda g, out, other: g * (other / out),
    numbers=False,
    kinds="f",
    doc="sqrt(x^2 + y^2), safe from overflow",
)

logaddexp = binary(
    "logaddexp", np.logaddexp, lambda g, input, other: g / (1 + np.exp(other - input)),
    lambda g, input, other: g / (1 + np.exp(input - other)), numbers=False, kinds="f", inplace=False,
    doc="log(exp(x) + exp(y)), safe from overflow",
)  # fmt: skip


def _no_bool_exponent(input: Array, other: Array) -> None:
    """NotImplementedError for an exponent of bools to a floating number."""
    if input.dtype.kind in FLOATING and other.dtype == np.bool_:
        raise NotImplementedError(LDEXP_BY_BOOLS)


ldexp = binary(
    "ldexp", lambda input, other: input * 2**other, lambda g, other: g * 2**other,
    lambda g, out: g * (out * math.log(2)), promotion="float", numbers=False, check=_no_bool_exponent,
    doc="x times 2 to the power y",
)  # fmt: skip
logaddexp2 = binary(
    "logaddexp2", np.logaddexp2, lambda g, input, other: g / (1 + 2 ** (other - input)),
    lambda g, input, other: g / (1 + 2 ** (input - other)), numbers=False, kinds="f", inplace=False,
    doc="The logarithm to base 2 of 2^x + 2^y, safe from overflow",
)  # fmt: skip

# -- signs and neighbours --------------------------------------------------------------------------

copysign = binary(
    "copysign", np.copysign, lambda g, out, input: g * np.where(input == 0, 0, out / input),
    lambda g: np.zeros_like(g), promotion="float", numbers=("other",), doc="`input` with the sign of `other`",
)  # fmt: skip


def _same_dtype(input: Array, values: Array) -> None:
    """RuntimeError for arrays of different dtypes."""
    if input.dtype != values.dtype:
        raise RuntimeError(HEAVISIDE_DTYPES)


heaviside = binary(
    "heaviside", lambda input, values: np.where(input == 0, values, (input > 0).astype(input.dtype)),
    not_implemented("heaviside"), not_implemented("heaviside"), names=("input", "values"), numbers=False,
    node_name="NotImplemented", check=_same_dtype, numpy=None,
    doc="0 where `input` is below 0 or nan, 1 where it is above, and `values` where it is 0",
)  # fmt: skip
nextafter = binary(
    "nextafter", np.nextafter, lambda g, input, other: keep(g, input != other), lambda g: np.zeros_like(g),
    numbers=False, kinds="f", doc="The next number after `input` towards `other` that its dtype has",
)  # fmt: skip

gcd = binary(
    "gcd", np.gcd, numbers=False, kinds="i", doc="The greatest common divisor, which is not negative",
)  # fmt: skip
lcm = binary(
    "lcm", np.lcm, numbers=False, kinds="i", doc="The least common multiple, which is not negative",
)  # fmt: skip

# -- of three --------------------------------------------------------------------------------------


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
def addcmul(input: Array, tensor1: Array, tensor2: Array, value: Number = 1) -> Array:
    """input + value * tensor1 * tensor2."""
    return input + as_dtype(value, input.dtype) * tensor1 * tensor2


def _no_integer_quotient(input: Array, tensor1: Array, tensor2: Array, value: Any) -> None:
    """RuntimeError where neither `tensor1` nor `tensor2` is floating."""
    if tensor1.dtype.kind not in FLOATING and tensor2.dtype.kind not in FLOATING:
        raise RuntimeError(INTEGERS_IN_ADDCDIV)


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
def addcdiv(input: Array, tensor1: Array, tensor2: Array, value: Number = 1) -> Array:
    """input + value * tensor1 / tensor2."""
    return input + value * tensor1 / tensor2


# Names of C++ types, which torch's refusal in lerp has for dtypes.
_LERP_WORDS = {"float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long int"}


def _one_dtype(input: Array, end: Array, weight: Any) -> None:
    """RuntimeError for arrays of different dtypes."""
    for name, x in (("end", end), ("weight", weight)):
        if getattr(x, "dtype", input.dtype) != input.dtype and not (x is weight and not x.ndim):
            own, other = (_LERP_WORDS.get(a.dtype.name, a.dtype.name) for a in (input, x))
            raise RuntimeError(LERP_DTYPES.format(own=own, name=name, other=other))
    if input.dtype.kind not in FLOATING and isinstance(weight, (int, float)):
        raise NotImplementedError(LERP_OF_INTEGERS.format(word=dtype_word(input)))


@operator(
    {
        "input": lambda g, weight: g * (1 - weight),
        "end": lambda g, weight: g * weight,
        "weight": lambda g, input, end: g * (end - input),
    },
    tensors=("input", "end", "weight"),
    numbers=("weight",),
    promotion="arithmetic",
    kinds="f",
    check=_one_dtype,
    inplace=True,
    sample=lambda s: (*xs, s.number()) if len(xs := s.broadcast(*[s.floats] * s.size(2, 3))) == 2 else xs,
    saves=False,
)
def lerp(input: Array, end: Array, weight: Any) -> Array:
    """input + weight * (end - input)."""
    way = end - input
    if type(weight) is float:
        if abs(weight) < 0.5:
            way *= weight
            return input + way
        way *= 1 - weight
        return end - way
    # The first form is exact at weight 0, the second at 1.
    return np.where(np.absolute(weight) < 0.5, input + weight * way, end - way * (1 - weight))
