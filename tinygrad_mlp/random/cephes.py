"""The float32 logarithm, sine and cosine of Moshier's Cephes library (logf, sinf, cosf), bit for bit as in torch.

Torch computes float32 normals by AVX2 versions of these functions, which use fused multiply-adds. NumPy has none, so a
product and a sum are computed in float64, where the product is exact, and rounded to float32. In principle rounding
the sum twice could give another result; it does so for none of the arguments that 24-bit uniforms lead to. All arrays
are contiguous float32, and the functions overwrite their arguments.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array


def _float32(*coefficients: float) -> tuple[float, ...]:
    return tuple(float(np.float32(c)) for c in coefficients)


# The coefficients of the polynomials, the highest power first.
_LOG = _float32(
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
_SIN = _float32(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = _float32(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
# log(2) in two parts: the product of the high part and an exponent is exact.
_LOG2_HIGH, _LOG2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
# pi/2 to 48 bits, twice the sum of the three parts of pi/4 in Cephes. Cephes subtracts the parts one by one; these
# steps are exact except for the rounding of the last. In float64 a single subtraction gives the same.
_HALF_PI = 2 * (0.78515625 + 2.4187564849853515625e-4 + float(np.float32(3.77489497744594108e-8)))
_OCTANTS_PER_RADIAN = np.float32(1.27323954473516)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_FRACTION_BITS = 23


def log(x: Array) -> Array:
    """The natural logarithm of positive numbers that are not subnormal."""
    # x = 2**e * m with m in [sqrt(1/2), sqrt(2)), found in the bits of x, where the exponent is above the fraction.
    bits = x.view(np.int32)
    exponent = (bits - _SQRT_HALF_BITS) >> _FRACTION_BITS
    bits -= exponent << _FRACTION_BITS
    x -= np.float32(1)
    e = exponent.astype(np.float32)
    square = x * x
    y = _polynomial(x, _LOG)
    y *= x
    y = _multiply_add(y, square, e * _LOG2_LOW)
    square *= np.float32(0.5)
    y -= square
    x += y
    e *= _LOG2_HIGH
    x += e
    return x


def sincos(angle: Array) -> tuple[Array, Array]:
    """The sine and the cosine of angles in [0, 2 pi]."""
    quadrant = (angle * _OCTANTS_PER_RADIAN).astype(np.int32)
    quadrant += 1
    quadrant >>= 1
    x = (angle - quadrant * _HALF_PI).astype(np.float32)  # in [-pi/4, pi/4]
    square = x * x
    cos = _polynomial(square, _COS)
    cos *= square
    cos = _multiply_add(cos, square, square * np.float32(-0.5))
    cos += np.float32(1)
    sin = _polynomial(square, _SIN)
    sin *= square
    sin = _multiply_add(sin, x, x)
    # In an odd quadrant sine and cosine are exchanged; in the lower half-plane the sine changes its sign, and in the
    # left one the cosine. Exclusive or on the bits does it in a third of the time that np.where takes.
    sin_bits, cos_bits = sin.view(np.int32), cos.view(np.int32)
    exchange = sin_bits ^ cos_bits
    exchange &= -(quadrant & 1)
    sin_bits ^= exchange
    cos_bits ^= exchange
    sin_bits ^= (quadrant & 2) << 30
    cos_bits ^= ((quadrant + 1) & 2) << 30
    return sin, cos


def _multiply_add(a: Array, b: Array, c: Array) -> Array:
    """a * b + c, rounded as a fused multiply-add."""
    wide = a.astype(np.float64)
    wide *= b
    wide += c
    return wide.astype(np.float32)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """A polynomial by Horner's scheme, each step a fused multiply-add."""
    highest, second, *rest = coefficients
    wide_x = x.astype(np.float64)
    wide = wide_x * highest
    wide += second
    y = wide.astype(np.float32)
    for coefficient in rest:
        wide[...] = y
        wide *= wide_x
        wide += coefficient
        y[...] = wide
    return y
