"""The table from NumPy's functions to expressions of scalars: what a call computes for one element.

    np.subtract  # "{0} - {1}", so that a loop has d[i, j] = product[i, j] - y[i, j]

It is the only place that says so. A row of the derivative table needs nothing here: the recorder has seen the NumPy
calls that it makes, and a call that is not in the table stays a call.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

# The dtypes of elements in loops. Numba computes with others in another width than NumPy.
DTYPES = frozenset(map(np.dtype, ("bool", "int32", "int64", "float32", "float64")))


class Scalar(NamedTuple):
    """An expression in the operands {0}, {1}, ...; {T} is their dtype. `kinds` are those of the dtypes it is right for.

    A comparison or a test gives a bool, all others the operands' dtype.
    """

    text: str
    kinds: str = "fi"


def _same_name(*functions: np.ufunc) -> dict[Any, Scalar]:
    """Functions that numba has for scalars under NumPy's names, with the results of NumPy's."""
    arguments = {1: "({0})", 2: "({0}, {1})"}
    return {function: Scalar(f"np.{function.__name__}{arguments[function.nin]}", "f") for function in functions}


SCALARS: dict[Any, Scalar] = {
    np.add: Scalar("{0} + {1}"),
    np.subtract: Scalar("{0} - {1}"),
    np.multiply: Scalar("{0} * {1}"),
    np.true_divide: Scalar("{0} / {1}", "f"),
    np.negative: Scalar("-{0}"),
    np.positive: Scalar("{0}"),
    np.absolute: Scalar("abs({0})"),
    np.square: Scalar("{0} * {0}"),
    np.reciprocal: Scalar("{T}(1) / {0}", "f"),
    np.power: Scalar("{0} ** {1}", "f"),
    np.maximum: Scalar("maximum({0}, {1})"),
    np.minimum: Scalar("minimum({0}, {1})"),
    np.greater: Scalar("{0} > {1}"),
    np.greater_equal: Scalar("{0} >= {1}"),
    np.less: Scalar("{0} < {1}"),
    np.less_equal: Scalar("{0} <= {1}"),
    np.equal: Scalar("{0} == {1}", "fib"),
    np.not_equal: Scalar("{0} != {1}", "fib"),
    np.logical_not: Scalar("not {0}", "b"),
    np.logical_and: Scalar("{0} & {1}", "b"),
    np.logical_or: Scalar("{0} | {1}", "b"),
    np.logical_xor: Scalar("{0} ^ {1}", "b"),
    np.bitwise_and: Scalar("{0} & {1}", "bi"),
    np.bitwise_or: Scalar("{0} | {1}", "bi"),
    np.bitwise_xor: Scalar("{0} ^ {1}", "bi"),
    np.isnan: Scalar("{0} != {0}", "f"),
    np.sign: Scalar("{0} if {0} != {0} else {T}({0} > 0) - {T}({0} < 0)", "f"),
    np.logaddexp: Scalar("logaddexp({0}, {1})", "f"),
    **_same_name(
        np.sqrt, np.exp, np.exp2, np.expm1, np.log, np.log1p, np.log2, np.log10, np.sin, np.cos, np.tan, np.arcsin,
        np.arccos, np.arctan, np.arctan2, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.floor,
        np.ceil, np.trunc, np.rint, np.isfinite, np.isinf, np.copysign,
    ),
}  # fmt: skip

# Those of scipy.special by their names: its import takes longer than all else that a program of NumPy calls needs.
OF_SCIPY = {"erf": Scalar("math.erf({0})", "f")}


def scalar_of(function: np.ufunc) -> Scalar | None:
    """What a function computes for one element, or None if the table has no row for it."""
    name = function.__name__
    if name in OF_SCIPY and function is getattr(sys.modules.get("scipy.special"), name, None):
        return OF_SCIPY[name]
    return SCALARS.get(function)


# Functions that NumPy computes for several float32 elements at once, and a loop for one after the other: up to so many
# elements a loop is as fast all the same, because a call and a pass over the memory are saved.
_FASTER_IN_NUMPY = {np.tanh: 256, np.exp: 2048, np.log: 2048}


def is_faster_in_numpy(function: Any, size: int, dtype: Any) -> bool:
    """Whether a call of NumPy for so many elements of a dtype takes less time than a loop that computes the same."""
    return function in _FASTER_IN_NUMPY and dtype == np.float32 and size > _FASTER_IN_NUMPY[function]


class Sum(NamedTuple):
    """A reduction: where its accumulator begins, and what becomes of it and of one element.

    `begin` has {lowest} and {highest} for the bounds of the dtype.
    """

    begin: str
    text: str
    kinds: str


SUMS: dict[Any, Sum] = {
    np.add: Sum("0", "{0} + {1}", "fi"),
    np.multiply: Sum("1", "{0} * {1}", "fi"),
    np.maximum: Sum("{lowest}", "maximum({0}, {1})", "fi"),
    np.minimum: Sum("{highest}", "minimum({0}, {1})", "fi"),
    np.logical_or: Sum("False", "{0} | {1}", "b"),
    np.logical_and: Sum("True", "{0} & {1}", "b"),
}


def literal(x: Any, dtype: np.dtype[Any]) -> str:
    """A number as an expression of this dtype."""
    value = dtype.type(x).item()
    if dtype.kind == "b":
        return repr(value)
    if isinstance(value, float) and dtype == np.float32:
        value = float(str(dtype.type(x)))  # the shortest that gives the same
    text = repr(value)
    if isinstance(value, float) and (value != value or value in (np.inf, -np.inf)):
        text = "np.nan" if value != value else "np.inf" if value > 0 else "-np.inf"
    return text if dtype in (np.float64, np.int64) else f"np.{dtype.name}({text})"


def can_be_cast(source: Any, into: np.dtype[Any]) -> bool:
    """Whether a loop casts as NumPy does: what becomes of a float that is no integer's is the processor's affair."""
    return not (getattr(source, "kind", "") == "f" and into.kind == "i")


def cast(text: str, source: Any, into: np.dtype[Any]) -> str:
    """An expression of one dtype as one of another."""
    if source == into:
        return text
    return f"({text} != 0)" if into.kind == "b" else f"np.{into.name}({text})"
