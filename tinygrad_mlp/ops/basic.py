"""The four operations of arithmetic, and the sum: with them the derivative table begins.

A row says what an operator computes and, for each input, its derivative as a rule. `g` is the cotangent of the
output: the derivative of the loss by it. A rule gives the cotangent of its input by the chain rule, and names what it
needs besides `g`: for z = x * y the cotangent of x is g * y, so that rule asks for `other`, which the tape then saves.
Where an input was broadcast, its cotangent is summed back to its shape by the tape, for all rows in one place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import axes, in_order
from .fitting import spread
from .refusals import BOOL_SUBTRACTED, BOOLS_SUBTRACTED
from .sums import total
from .table import Array, Dims, DType, binary, operator


def no_bool_subtraction(input: Any, other: Any) -> None:
    """RuntimeError for bools."""
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, other)]
    if bools[0] and bools[1]:
        raise RuntimeError(BOOLS_SUBTRACTED)
    if bools[0] or bools[1]:
        raise RuntimeError(BOOL_SUBTRACTED)


add = binary("add", np.add, lambda g: g, lambda g: g, doc="The sum of two arrays")
sub = binary(
    "sub", np.subtract, lambda g: g, lambda g: -g, check=no_bool_subtraction, doc="The difference of two arrays"
)
rsub = binary(
    "rsub", lambda input, other: other - input, lambda g: -g, lambda g: g, check=no_bool_subtraction,
    inplace=False, method=False, node_name="RsubBackward1", doc="other - input",
)  # fmt: skip
mul = binary(
    "mul",
    np.multiply,
    lambda g, other: g * other,
    lambda g, input: g * input,
    aliases="multiply",
    doc="The product of two arrays, element by element",
)
div = binary(
    "div",
    np.true_divide,
    lambda g, other: g / other,
    lambda g, input, other: -g * ((input / other) / other),
    promotion="float",
    aliases="true_divide",
    doc="The quotient of two arrays, element by element",
)


@operator(
    {"input": lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim)},
    numpy=np.sum,
    sample=lambda s: (s.floats(shape := s.shape()), s.maybe(s.dims(shape)), s.boolean()),
)
def sum(input: Array, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Array:
    """The sum, of integers and bools as int64; or in `dtype`."""
    kind = dtype.numpy if dtype is not None else np.int64 if input.dtype.kind in "biu" else None
    if input.dtype.kind == "V" or (dtype is not None and dtype.numpy.kind == "V"):
        input, kind = input if kind is None else input.astype(kind), None  # bfloat16, which `total` sums in float32
    elif dim is None:
        return np.add.reduce(input, None, kind, None, keepdim)
    if kind is not None and kind != input.dtype:
        return in_order(np.add.reduce(input, axes(dim, input.ndim), kind, None, keepdim))
    return in_order(total(input, axes(dim, input.ndim), keepdim))
