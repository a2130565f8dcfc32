"""The fused multiply-add, a * b + c rounded once, without the instruction.

The algorithm is Boldo & Melquiond's (2008), on the error-free product of Dekker (1971) and sum of Knuth (1969).
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..arrays import Array


def fused_multiply_add(a: Array, b: float, c: float) -> Array:
    """a * b + c rounded once to the dtype of `a`: uniforms of [0, 1), 24-bit in float32 or 53-bit in float64."""
    if a.dtype == np.float32:  # float64 holds the product exactly, and the sum of terms of like size
        product = a.astype(np.float64) * b
        exact = c == 0 or 2.0**-27 * b <= abs(c) <= 8 * b
        return (product + c if exact else _add_to_odd(*_two_sum(product, c))).astype(np.float32)
    b, exponent = math.frexp(b)  # splitting a large b would overflow
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    scaled_c = math.ldexp(c, -exponent)
    vanishes = math.ldexp(scaled_c, exponent) != c
    if vanishes:  # beside every product but 0 it is so small that its sign alone decides how a tie is rounded
        scaled_c = math.copysign(sys.float_info.min, c)
    small, small_error = _two_sum(product_error, scaled_c)
    large, large_error = _two_sum(product, small)
    rest = _add_to_odd(*_two_sum(small_error, large_error))
    result: Array = large + rest
    if exponent < -900:  # some results may be subnormal, and be rounded again by ldexp
        result = np.where(
            np.absolute(large) < math.ldexp(1, -1022 - exponent), _to_multiples(large, rest, exponent), result
        )
    result = np.ldexp(result, exponent)
    return np.where(a == 0, c, result) if vanishes else result


def _to_multiples(large: Array, rest: Array, exponent: int) -> Array:
    """Large + rest rounded once, to multiples of what will be the smallest subnormal after ldexp by `exponent`."""
    bias = np.copysign(math.ldexp(1, 52 - 1074 - exponent), large)  # a float of this size has these for its last bit
    total, error = _two_sum(large, bias)
    result: Array = (total + _add_to_odd(*_two_sum(error, rest))) - bias
    return result


def _two_sum(a: Array, b: Any) -> tuple[Array, Array]:
    """The sum and its rounding error (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _add_to_odd(total: Array, error: Array) -> Array:
    """Total + error with an inexact result made odd in its last bit, which keeps a second rounding right."""
    bits = total.view(np.int64)
    outwards = np.where(np.signbit(total) == np.signbit(error), 1, -1)
    nearest_odd: Array = bits + outwards * ((error != 0) & (bits & 1 == 0))
    return nearest_odd.view(np.float64)


def _split(x: Any) -> tuple[Any, Any]:
    """A float64 as the sum of two with at most 26 significant bits, whose products are exact (Veltkamp)."""
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high
