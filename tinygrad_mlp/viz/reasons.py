"""Why an operator makes a nan or an infinity out of finite numbers: a table for values and one for derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..arrays.silence import silenced

Arrays = Mapping[str, Any]


class Reason(NamedTuple):
    """Why, and what to write instead, as sentences; the parameter of the operator that is to blame."""

    why: str
    instead: str
    parameter: str = "input"


class Case(NamedTuple):
    """A reason that holds for some operators where a condition on their arrays does.

    In a table of derivatives, `by` has the inputs by which it is the derivative; empty for all of them.
    """

    operators: tuple[str, ...]
    holds: Callable[[Arrays], Any]
    reason: Reason
    by: tuple[str, ...] = ()


NOTHING = Reason("", "")
# For the branch that `where` did not take. Its gradient is 0, and 0 * inf is nan.
WHERE = (
    "Give {operator} a safe input there as well, so use torch.where twice: "
    "torch.where(ok, {operator}(torch.where(ok, x, 1.0)), other)."
)
_EPS = "Keep away from 0: torch.sqrt(x + eps), or x.clamp(min=eps) before it."
_CLAMP = "Keep it above 0: torch.log(x.clamp(min=eps)), or torch.log(x + eps)."
_LOGSUMEXP = "Use what does not overflow: torch.logsumexp, log_softmax, softmax or softplus; or subtract the maximum."
_DIVISOR = "Keep the divisor away from 0: x / (y + eps), or x / y.clamp(min=eps)."
_INSIDE = "Keep it inside of the interval: x.clamp(-1 + eps, 1 - eps)."
_SCALE = "Make the numbers smaller, as by a mean instead of a sum or by a smaller learning rate, or use float64."
_LOGS = ("log", "log2", "log10")
_PRODUCTS = ("mul", "mm", "matmul", "dot", "mv", "bmm", "addmm", "linear", "prod", "cumprod", "addcmul")
_SUMS = ("sum", "mean", "add", "sub", "rsub", "cumsum")


def _of(name: str, condition: Callable[[Any], Any]) -> Callable[[Arrays], Any]:
    """The condition that some element of one array is so; False where the array is not known."""
    return lambda arrays: name in arrays and np.any(condition(arrays[name]))


_zero = _of("input", lambda x: x == 0)
_negative = _of("input", lambda x: x < 0)
_edge = _of("input", lambda x: np.abs(x) == 1)
_outside = _of("input", lambda x: np.abs(x) > 1)
_infinite = _of("input", np.isinf)
_overflowed = _of("out", np.isinf)
_any_infinite = lambda a: any(np.isinf(a[name]).any() for name in a if name != "out")  # noqa: E731


def _zero_to_a_negative_power(arrays: Arrays) -> bool:
    exponent = arrays.get("exponent")
    return bool(_zero(arrays) and (exponent is None or np.any(np.asarray(exponent) < 0)))


VALUES = (
    Case(_LOGS, _negative, Reason("The logarithm of a negative number is nan.", _CLAMP)),
    Case(_LOGS, _zero, Reason("The logarithm of 0 is -inf.", _CLAMP)),
    Case(("log1p",), _of("input", lambda x: x <= -1), Reason("log1p needs numbers above -1.", "Clamp its input.")),
    Case(("logit",), lambda a: True, Reason("logit needs numbers between 0 and 1.", "Use logit(x, eps=1e-6).")),
    Case(("sqrt", "rsqrt"), _negative, Reason("The square root of a negative number is nan.", "Use x.clamp(min=0).")),
    Case(("rsqrt", "reciprocal"), _zero, Reason("It divides by 0.", "Keep it away from 0: x + eps.")),
    Case(
        ("div", "div_rounded", "floor_divide", "remainder", "fmod"),
        lambda a: _of("other", lambda y: y == 0)(a) and _zero(a) and _of("out", np.isnan)(a),
        Reason("0 divided by 0 is nan.", _DIVISOR, "other"),
    ),
    Case(
        ("div", "div_rounded", "floor_divide", "remainder", "fmod"),
        _of("other", lambda y: y == 0),
        Reason("It divides by 0.", _DIVISOR, "other"),
    ),
    Case(("div",), _infinite, Reason("inf divided by inf is nan.", _LOGSUMEXP)),
    Case(("addcdiv",), _of("tensor2", lambda y: y == 0), Reason("It divides by 0.", _DIVISOR, "tensor2")),
    Case(("exp", "exp2", "expm1", "sinh", "cosh"), _overflowed, Reason("The exponential overflows.", _LOGSUMEXP)),
    Case(("pow",), _negative, Reason("A negative number to a power that is no integer is nan.", "Use x.clamp(min=0).")),
    Case(("pow",), _zero_to_a_negative_power, Reason("0 to a negative power divides by 0.", _EPS)),
    Case(("pow", "square"), _overflowed, Reason("The power overflows.", _SCALE)),
    Case(("asin", "acos"), _outside, Reason("It is defined from -1 to 1 only.", "Use x.clamp(-1, 1).")),
    Case(("atanh",), lambda a: True, Reason("It is finite between -1 and 1 only.", _INSIDE)),
    Case(("acosh",), lambda a: True, Reason("It is defined from 1 on only.", "Use x.clamp(min=1).")),
    Case(("var", "std"), lambda a: True, Reason("One element alone has no variance.", "Use correction=0.")),
    Case(("softmax", "log_softmax"), _infinite, Reason("inf - inf is nan.", "Mask with a finite number such as -1e9.")),
    Case(_PRODUCTS, _any_infinite, Reason("0 * inf, or inf - inf, is nan.", "Use torch.where instead of a mask.")),
    Case(_SUMS, _any_infinite, Reason("inf - inf is nan.", "Keep the numbers finite before they are added.")),
    Case(("mean",), lambda a: _is_empty(a), Reason("The mean of no elements is nan.", "Leave empty batches out.")),
    Case((*_PRODUCTS, *_SUMS), _overflowed, Reason("It overflows.", _SCALE)),
)


def _is_empty(arrays: Arrays) -> bool:
    return "input" in arrays and arrays["input"].size == 0


def _root_at_zero(arrays: Arrays) -> bool:
    """Whether a power below 1 is taken of 0: its derivative is infinite there."""
    base, power, out = (arrays.get(name) for name in ("input", "exponent", "out"))
    if base is None or not np.any(base == 0):
        return False
    if power is not None:
        return bool(np.any(np.asarray(power) < 1))
    return out is None or bool(np.any(out[base == 0] == 0))


DERIVATIVES = (
    Case(("sqrt",), _negative, Reason("The derivative of sqrt below 0 is nan.", "Use x.clamp(min=0).")),
    Case(
        ("sqrt",),
        lambda a: _zero(a) or _of("out", lambda y: y == 0)(a) or not a,
        Reason("The derivative of sqrt at 0 is infinite.", _EPS),
    ),
    Case(("rsqrt", "reciprocal"), _zero, Reason("The derivative divides by 0.", "Keep it away from 0: x + eps.")),
    Case(("linalg_vector_norm",), _zero, Reason("The derivative of norm at 0 is not finite.", _EPS)),
    Case(("std",), lambda a: True, Reason("The derivative of std is not finite where all elements are equal.", _EPS)),
    Case(("pow",), _negative, Reason("The derivative of a power of a negative number is nan.", "Use x.clamp(min=0).")),
    Case(("pow",), _root_at_zero, Reason("The derivative of a power below 1 at 0 is infinite.", _EPS)),
    Case(_LOGS, lambda a: _zero(a) or not a, Reason("The derivative of log at 0 is infinite.", _CLAMP)),
    Case(("log1p",), lambda a: True, Reason("The derivative of log1p at -1 is infinite.", "Clamp its input.")),
    Case(("xlogy",), lambda a: True, Reason("The derivative of the logarithm at 0 is infinite.", _CLAMP)),
    Case(
        ("div",),
        _of("other", lambda y: y == 0),
        Reason("The derivative of a division by 0 is not finite.", _DIVISOR, "other"),
    ),
    Case(
        ("asin", "acos"), lambda a: _edge(a) or _outside(a), Reason("Its derivative at -1 and 1 is infinite.", _INSIDE)
    ),
    Case(("atanh",), lambda a: True, Reason("Its derivative at -1 and 1 is infinite.", _INSIDE)),
    Case(("acosh",), lambda a: True, Reason("Its derivative at 1 is infinite.", "Use x.clamp(min=1 + eps).")),
    Case(("hypot",), lambda a: True, Reason("The derivative of hypot at (0, 0) is 0 / 0.", _EPS)),
    Case(("atan2",), lambda a: True, Reason("The derivative of atan2 at (0, 0) is 0 / 0.", _EPS)),
    Case(
        ("exp", "exp2", "expm1", "sinh", "cosh"),
        _overflowed,
        Reason("The exponential overflows, and so does its derivative.", _LOGSUMEXP),
    ),
    Case(("mul", *_PRODUCTS), _any_infinite, Reason("A factor is inf already.", "Look at the first value that is.")),
    Case((*_PRODUCTS, "square", "pow"), lambda a: True, Reason("The product overflows.", _SCALE)),
)


@silenced
def found(table: tuple[Case, ...], operator: str, arrays: Arrays, parameter: str = "") -> Reason:
    """The first reason of a table that holds for an operator and its arrays; NOTHING where none does."""
    for case in table:
        if operator in case.operators and (not case.by or parameter in case.by) and case.holds(arrays):
            return case.reason
    return NOTHING
