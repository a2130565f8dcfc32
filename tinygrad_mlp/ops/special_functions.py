"""Special functions, by SciPy: the error function, the gamma function, Bessel functions and entropies.

The derivatives are those of the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov: 7.10 for the
error function, 5.2 and 5.15 for the gamma function, 10.29 for the Bessel functions.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import dtype_word
from .pointwise import sgn
from .refusals import MULTIVARIATE_BOOL, MULTIVARIATE_DIMENSION, NEGATIVE_ORDER, NO_HALF
from .scipy_rooms import special
from .table import Array, binary, no_gradient, operator, unary

floating = functools.partial(unary, promotion="float")  # of integers and bools the result is floating


def _double(x: Array) -> Array:
    """An array in a dtype that all of SciPy's functions know: some do not know long doubles."""
    return x.astype(np.float64) if x.dtype.char == "g" else x


def _by_scipy(name: str) -> Any:
    """A function of scipy.special in the dtype of its input: SciPy computes float16 in another one."""
    return lambda input: getattr(special, name)(_double(input)).astype(input.dtype, copy=False)


def _no_half(name: str) -> Any:
    """What raises NotImplementedError for float16, for which torch has no such function."""

    def check(input: Array) -> None:
        """NotImplementedError for float16."""
        if input.dtype == np.float16:
            raise NotImplementedError(NO_HALF.format(kernel=f"{name}_cpu", word="Half"))

    return check


# -- the error function and the normal distribution ------------------------------------------------

erf = floating(
    "erf", _by_scipy("erf"), lambda g, input: g * (2 / math.sqrt(math.pi) * np.exp(-input * input)),
    aliases="special_erf", doc="The error function",
)  # fmt: skip
erfc = floating(
    "erfc", _by_scipy("erfc"), lambda g, input: g * (-2 / math.sqrt(math.pi) * np.exp(-input * input)),
    aliases="special_erfc", doc="1 - erf(x)",
)  # fmt: skip
special_erfcx = floating(
    "special_erfcx", _by_scipy("erfcx"), lambda g, out, input: g * (2 * input * out - 2 / math.sqrt(math.pi)),
    method=False, inplace=False, check=_no_half("erfcx"),
    doc="exp(x * x) times `erfc`, which does not become 0 for large x",
)  # fmt: skip


def _erfinv(input: Array) -> Array:
    return np.copysign(_by_scipy("erfinv")(input), input)  # SciPy's is 0 at -0


erfinv = floating(
    "erfinv", _erfinv, lambda g, out: g * (math.sqrt(math.pi) / 2 * np.exp(out * out)),
    aliases="special_erfinv", doc="The inverse of the error function; nan outside of [-1, 1]",
)  # fmt: skip
special_ndtr = floating(
    "special_ndtr", _by_scipy("ndtr"), lambda g, input: g * (np.exp(-input * input / 2) / math.sqrt(2 * math.pi)),
    method=False, inplace=False, doc="The probability that a standard normal variable is below x",
)  # fmt: skip
special_ndtri = floating(
    "special_ndtri", _by_scipy("ndtri"), lambda g, out: g * (math.sqrt(2 * math.pi) * np.exp(out * out / 2)),
    method=False, inplace=False, check=_no_half("ndtri"), doc="The inverse of `ndtr`; nan outside of [0, 1]",
)  # fmt: skip
special_log_ndtr = floating(
    "special_log_ndtr", _by_scipy("log_ndtr"),
    lambda g, input, out: g * (np.exp(-(out + input * input / 2)) / math.sqrt(2 * math.pi)),
    method=False, inplace=False, check=_no_half("log_ndtr"),
    doc="The logarithm of `ndtr`, exact also where that is close to 0",
)  # fmt: skip

# -- the gamma function ----------------------------------------------------------------------------


def _off_poles(x: Array) -> Array:
    """Numbers for a test, none that is an integer below 1: there torch's formulas give one infinity or another."""
    if x.dtype.kind not in FLOATING:
        return np.absolute(x) + np.ones((), x.dtype)
    return np.where((x < 1) & (x == np.floor(x)), np.asarray(0.75, x.dtype), x)


_gamma: dict[str, Any] = {"sample": lambda s: (_off_poles(s.moderate(s.floats(s.shape()))),)}


@operator(
    {"input": lambda g, input, n: g * polygamma(n + 1, input)},
    promotion="float",
    method=False,
    function=True,
    aliases="special_polygamma",
    sample=lambda s: (s.size(0, 3), _off_poles(s.moderate(s.floats(s.shape())))),
)
def polygamma(n: int, input: Array) -> Array:
    """The n-th derivative of `digamma`.

    Refuses: RuntimeError for a negative n.
    """
    if n < 0:
        raise RuntimeError(NEGATIVE_ORDER)
    if n == 0:
        return digamma.forward(input)
    factor = (-1) ** (n + 1) * float(special.gamma(n + 1.0))  # DLMF 5.15.1, 25.11.1
    return (factor * special.zeta(n + 1, _double(input))).astype(input.dtype, copy=False)


digamma = floating(
    "digamma", _by_scipy("psi"), lambda g, input: g * polygamma(1, input), **_gamma,
    aliases="special_digamma special_psi", doc="The derivative of `lgamma`",
)  # fmt: skip


def _lgamma(input: Array) -> Array:
    result = _by_scipy("gammaln")(input)
    return np.where(result == -np.inf, -result, result)  # SciPy's is -inf at -inf, C's inf as at all poles


lgamma = floating(
    "lgamma", _lgamma, lambda g, input: g * digamma(input), **_gamma,
    aliases="special_gammaln", doc="The logarithm of the absolute value of the gamma function",
)  # fmt: skip


def _no_bools(input: Array, p: int) -> None:
    """RuntimeError for bools."""
    if input.dtype == np.bool_:
        raise RuntimeError(MULTIVARIATE_BOOL)


def _shifted(function: Any, input: Array, p: int) -> Array:
    """The sum of function(x - j / 2) for j from 0 to p - 1."""
    found = function(input)
    for j in range(1, p):
        found = found + function(input - j / 2)
    return found


@operator(
    {"input": lambda g, input, p: g * _shifted(digamma, input, p)},
    promotion="float",
    inplace=True,
    aliases="special_multigammaln",
    check=_no_bools,
    sample=lambda s: (np.asarray(np.absolute(x := s.moderate(s.floats(s.shape()))) + 2, x.dtype), s.size(1, 3)),
)
def mvlgamma(input: Array, p: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension p (DLMF 35.3.4).

    Refuses: RuntimeError for bools, and for a p below 1.
    """
    if p < 1:
        raise RuntimeError(MULTIVARIATE_DIMENSION)
    constant = p * (p - 1) / 4 * math.log(math.pi)
    return (_shifted(_lgamma, input, p) + constant).astype(input.dtype, copy=False)


# -- the incomplete gamma functions ----------------------------------------------------------------


def _incomplete(name: str, kernel: str) -> dict[str, Any]:
    """What the rows of both functions have in common."""

    def forward(input: Array, other: Array) -> Array:
        return getattr(special, name)(_double(input), _double(other)).astype(input.dtype, copy=False)

    def check(input: Array, other: Array) -> None:
        """NotImplementedError for integers and bools."""
        if input.dtype.kind not in FLOATING and other.dtype.kind not in FLOATING:
            dtype = np.promote_types(input.dtype, other.dtype)
            raise NotImplementedError(NO_HALF.format(kernel=f"{kernel}_cpu", word=dtype_word(np.empty(0, dtype))))

    return {
        "forward": forward,
        "first": no_gradient(f"{kernel}: input"),
        "check": check,
        "numbers": False,
        "sample": lambda s: tuple(_order_and_bound(s, x) for x in s.broadcast(s.floats, s.floats)),
    }


def _order_and_bound(s: Any, x: Array) -> Array:
    """Numbers for a test, positive and small: for large ones torch's series is cut off before it is exact."""
    return np.asarray(np.absolute(s.moderate(x)) / 8 + 0.125, x.dtype) if x.dtype.kind in FLOATING else x


def _density(g: Array, input: Array, other: Array) -> Array:
    return g * np.exp((input - 1) * np.log(other) - other - lgamma(input))  # DLMF 8.8.13


igamma = binary(
    "igamma", second=_density, **_incomplete("gammainc", "igamma"), aliases="special_gammainc",
    doc="The regularised lower incomplete gamma function of order `input`, up to `other` (DLMF 8.2.4)",
)  # fmt: skip
igammac = binary(
    "igammac", second=lambda g, input, other: -_density(g, input, other), **_incomplete("gammaincc", "igammac"),
    aliases="special_gammaincc",
    doc="1 - igamma(a, x): the regularised upper incomplete gamma function",
)  # fmt: skip

# -- modified Bessel functions of the first kind ---------------------------------------------------

_bessel: dict[str, Any] = {"sample": lambda s: (s.moderate(s.floats(s.shape())),)}


def _i1_input(g: Array, out: Array, input: Array) -> Array:
    divisor = np.where(input == 0, 1, input)
    return g * np.where(input == 0, 0.5, i0(divisor) - out / divisor)


def _i1e_input(g: Array, out: Array, input: Array) -> Array:
    divisor = np.where(input == 0, 1, input)
    return g * np.where(input == 0, 0.5, special_i0e(divisor) - out * (sgn(divisor) + 1 / divisor))


i0 = floating(
    "i0", _by_scipy("i0"), lambda g, input: g * special_i1(input), **_bessel,
    aliases="special_i0", doc="The modified Bessel function of the first kind, of order 0",
)  # fmt: skip
special_i0e = floating(
    "special_i0e", _by_scipy("i0e"), lambda g, out, input: g * (special_i1e(input) - sgn(input) * out), **_bessel,
    method=False, inplace=False, node_name="SpecialI0EBackward0", doc="exp(-abs(x)) times `i0`",
)  # fmt: skip
special_i1 = floating(
    "special_i1", _by_scipy("i1"), _i1_input, **_bessel,
    method=False, inplace=False, doc="The modified Bessel function of the first kind, of order 1",
)  # fmt: skip
special_i1e = floating(
    "special_i1e", _by_scipy("i1e"), _i1e_input, **_bessel,
    method=False, inplace=False, node_name="SpecialI1EBackward0", doc="exp(-abs(x)) times `i1`",
)  # fmt: skip

# -- products with a logarithm ---------------------------------------------------------------------


def _times_log(logarithm: np.ufunc) -> Any:
    """x * logarithm(y), and 0 where x is 0, unless y is nan."""

    def forward(input: Any, other: Any) -> Array:
        dtype = getattr(other, "dtype", None) or input.dtype
        input, other = (x if hasattr(x, "dtype") else np.asarray(x, dtype) for x in (input, other))
        return np.where((input == 0) & (other == other), dtype.type(0), input * logarithm(other))

    return forward


xlogy = binary(
    "xlogy", _times_log(np.log), lambda g, input, other: np.where((input == 0) & (other <= 0), 0, xlogy(g, other)),
    lambda g, input, other: g * input / other, promotion="float", node_name="XlogyBackward0", aliases="special_xlogy",
    doc="x log(y), and 0 where x is 0",
)  # fmt: skip
special_xlog1py = binary(
    "special_xlog1py", _times_log(np.log1p),
    lambda g, input, other: np.where((input == 0) & (other <= -1), 0, special_xlog1py(g, other)),
    lambda g, input, other: g * input / (other + 1), promotion="float", node_name="SpecialXlog1PyBackward0",
    method=False, inplace=False, doc="x log(1 + y), and 0 where x is 0",
)  # fmt: skip
special_entr = floating(
    "special_entr", _by_scipy("entr"), lambda g, input: -g * (1 + np.log(input)),
    method=False, inplace=False, doc="-x log(x), 0 at 0, and -inf below: what one probability adds to an entropy",
)  # fmt: skip
