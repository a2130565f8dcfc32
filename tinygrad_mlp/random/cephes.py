"""The float32 logarithm, sine and cosine of Moshier's Cephes library (logf, sinf, cosf), bit for bit as in torch.

Torch computes float32 normals by AVX2 versions of these functions, which use fused multiply-adds. NumPy has none, so a
product and a sum are computed in float64, where the product is exact, and rounded to float32. In principle rounding
the sum twice could give another result; it does so for none of the arguments that 24-bit uniforms lead to.

Each function is a polynomial and a last multiply-add. The three are computed together, as three rows of one array, so
that a few hundred numbers take a third of the NumPy calls. Constants are 0-d arrays, which NumPy takes in half the time
that a Python number takes.
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
# The logarithm's polynomial has more steps: those that are its own, and the two that it shares with sine and cosine.
_FIRST, *_STEPS = map(np.array, _LOG[:-2])
_SHARED = [np.array(column).reshape(3, 1) for column in zip(_LOG[-2:], _SIN[1:], _COS[1:], strict=True)]
# log(2) in two parts: the product of the high part and an exponent is exact.
_LOG2_HIGH, _LOG2_LOW = np.array(0.693359375, np.float32), np.array(-2.12194440e-4, np.float32)
# pi/2 to 48 bits, twice the sum of the three parts of pi/4 in Cephes. Cephes subtracts the parts one by one; these
# steps are exact except for the rounding of the last. In float64 a single subtraction gives the same.
_HALF_PI = np.array(2 * (0.78515625 + 2.4187564849853515625e-4 + float(np.float32(3.77489497744594108e-8))))
_OCTANTS_PER_RADIAN = np.array(1.27323954473516, np.float32)
_SQRT_HALF_BITS = np.array(0x3F3504F3, np.int32)
_FRACTION_BITS = np.array(23, np.int32)
_ONE, _HALF, _MINUS_HALF = (np.array(x, np.float32) for x in (1, 0.5, -0.5))
_1, _2, _30 = (np.array(n, np.int32) for n in (1, 2, 30))


def log_and_sincos(x: Array, angle: Array) -> tuple[Array, Array, Array]:
    """The natural logarithm of `x`, and the sine and the cosine of `angle`.

    Both are contiguous vectors of float32 of one length, and `x` is overwritten: positive numbers that are not
    subnormal; the angles are in [0, 2 pi].
    """
    rows = (3, len(x))
    # x = 2**exponent * m with m in [sqrt(1/2), sqrt(2)), found in the bits of x: the exponent is above the fraction.
    bits = x.view(np.int32)
    exponent = bits - _SQRT_HALF_BITS
    exponent >>= _FRACTION_BITS
    bits -= exponent << _FRACTION_BITS
    e = exponent.astype(np.float32)
    quadrant = (angle * _OCTANTS_PER_RADIAN).astype(np.int32)
    quadrant += _1
    quadrant >>= _1
    rest = (angle - quadrant * _HALF_PI).astype(np.float32)  # in [-pi/4, pi/4]

    argument = np.empty(rows, np.float32)  # of the polynomials: m - 1, and twice the square of the angle's rest
    less_1, square = argument[0], argument[1]
    np.subtract(x, _ONE, out=less_1)
    np.multiply(rest, rest, out=square)
    argument[2] = square
    value = _polynomials(argument)
    value *= argument

    factor, term = np.empty(rows, np.float32), np.empty(rows, np.float32)
    np.multiply(less_1, less_1, out=factor[0])
    np.multiply(e, _LOG2_LOW, out=term[0])
    factor[1] = term[1] = rest
    factor[2] = square
    np.multiply(square, _MINUS_HALF, out=term[2])
    wide = value.astype(np.float64)
    wide *= factor
    wide += term
    value[...] = wide

    log, sin, cos = value
    cos += _ONE
    log -= factor[0] * _HALF
    log += less_1
    e *= _LOG2_HIGH
    log += e
    _turn(sin, cos, quadrant)
    return log, sin, cos


def _turn(sin: Array, cos: Array, quadrant: Array) -> None:
    """Make the sine and the cosine of an angle, in place, of those of its rest in a quadrant.

    In an odd quadrant sine and cosine are exchanged; in the lower half-plane the sine changes its sign, and in the left
    one the cosine. Exclusive or on the bits does it in a third of the time that np.where takes.
    """
    sin_bits, cos_bits = sin.view(np.int32), cos.view(np.int32)
    exchange = sin_bits ^ cos_bits
    exchange &= -(quadrant & _1)
    sin_bits ^= exchange
    cos_bits ^= exchange
    sin_bits ^= (quadrant & _2) << _30
    quadrant += _1
    quadrant &= _2
    quadrant <<= _30
    cos_bits ^= quadrant


def _polynomials(x: Array) -> Array:
    """The three polynomials by Horner's scheme, each step a fused multiply-add; the logarithm's is in the first row."""
    wide_x = x.astype(np.float64)
    y, wide = np.empty_like(x), np.empty_like(wide_x)
    wide[0], wide[1], wide[2] = _FIRST, _SIN[0], _COS[0]
    first, wide_first, wide_x_first = y[0], wide[0], wide_x[0]
    for coefficient in _STEPS:
        wide_first *= wide_x_first
        wide_first += coefficient
        first[...] = wide_first  # rounded, and back: NumPy takes longer for a product of two dtypes
        wide_first[...] = first
    for coefficients in _SHARED:
        wide *= wide_x
        wide += coefficients
        y[...] = wide
        wide[...] = y
    return y
