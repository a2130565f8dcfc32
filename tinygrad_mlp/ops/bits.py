"""Bits: integers moved by places, and floating numbers taken apart into a fraction and a power of 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .fitting import cast
from .refusals import FREXP_DTYPE
from .table import Array, binary, operator

# By a count below 0, or of as many places as there are bits, nothing is left but the sign, as in torch.
bitwise_left_shift = binary(
    "bitwise_left_shift", np.left_shift, kinds="i", doc="The bits of `input`, moved up by `other` places"
)
bitwise_right_shift = binary(
    "bitwise_right_shift", np.right_shift, kinds="i", doc="The bits of `input`, moved down by `other` places"
)


def _floating_only(input: Array) -> None:
    """RuntimeError for integers and bools."""
    if input.dtype.kind not in FLOATING:
        raise RuntimeError(FREXP_DTYPE)


def _as_cotangent(exponent: Array, g: Array) -> Array:
    """The exponents in the dtype of a cotangent; an operation on bits has no gradient, and makes constants of them."""
    return cast(exponent | 0, getattr(g.dtype, "numpy", g.dtype))


@operator(
    # The largest power of 2 is beyond the numbers that have it as their exponent: so half of it, of half the cotangent.
    {"input": lambda g, exponent: g / 2 / np.exp2(_as_cotangent(exponent, g) - 1)},
    outputs=("mantissa", "exponent"),
    check=_floating_only,
    halves=False,
    sample=lambda s: (s.floats(s.shape()),),
)
def frexp(input: Array) -> tuple[Array, Any]:
    """Fractions in [0.5, 1), with the sign of `input`, and int32 exponents: the fraction times 2 ** exponent is x.

    Refuses: RuntimeError for a dtype that is not floating.
    """
    return np.frexp(input)
