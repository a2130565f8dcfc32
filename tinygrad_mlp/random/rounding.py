"""The fused multiply-add, a * b + c with a single rounding, which NumPy does not have.

Torch draws uniforms between bounds with this instruction of the processor, so the last bit depends on it. The algorithm
is that of Boldo & Melquiond (2008), on the error-free product of Dekker (1971) and sum of Knuth (1969).
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..arrays import Array


def fused_multiply_add(a: Array, b: float, c: float) -> Array:
    """a * b + c, rounded once to the dtype of `a`.

    `a` holds uniforms from [0, 1): of 24 bits in float32 or of 53 bits in float64. b is not negative.
    """
    if a.dtype == np.float32:  # in float64 the product is exact, and the sum if its terms are of like size
        product = a.astype(np.float64) * b
        exact = c == 0 or 2.0**-27 * b <= abs(c) <= 8 * b
        return (product + c if exact else _add_to_odd(*_two_sum(product, c))).astype(np.float32)
    b, exponent = math.frexp(b)  # a large b would overflow when it is split
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    scaled_c = math.ldexp(c, -exponent)
    vanishes = math.ldexp(scaled_c, exponent) != c
    if vanishes:  # c is so small beside any product but 0 that only its sign matters, where a tie is rounded
        scaled_c = math.copysign(sys.float_info.min, c)
    small, small_error = _two_sum(product_error, scaled_c)
    large, large_error = _two_sum(product, small)
    rest = _add_to_odd(*_two_sum(small_error, large_error))
    result: Array = large + rest
    if exponent < -900:  # ldexp would round a second time where the result is subnormal
        result = np.where(
            np.absolute(large) < math.ldexp(1, -1022 - exponent), _to_multiples(large, rest, exponent), result
        )
    result = np.ldexp(result, exponent)
    return np.where(a == 0, c, result) if vanishes else result


def _to_multiples(large: Array, rest: Array, exponent: int) -> Array:
    """large + rest, rounded once to a multiple of what ldexp by `exponent` turns into the smallest subnormal."""
    bias = np.copysign(math.ldexp(1, 52 - 1074 - exponent), large)  # floats of this size are such multiples
    total, error = _two_sum(large, bias)
    result: Array = (total + _add_to_odd(*_two_sum(error, rest))) - bias
    return result


def _two_sum(a: Array, b: Any) -> tuple[Array, Array]:
    """The rounded sum and its rounding error (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _add_to_odd(total: Array, error: Array) -> Array:
    """total + error, rounded to odd: an inexact result gets an odd last bit, so that rounding it again is right."""
    bits = total.view(np.int64)
    outwards = np.where(np.signbit(total) == np.signbit(error), 1, -1)
    nearest_odd: Array = bits + outwards * ((error != 0) & (bits & 1 == 0))
    return nearest_odd.view(np.float64)


def _split(x: Any) -> tuple[Any, Any]:
    """Two floats of at most 26 significant bits, whose products are exact, that add up to a float64 (Veltkamp)."""
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high
