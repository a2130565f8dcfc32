"""Arithmetic: functions that choose among rows, or combine several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.dtypes import HALVES, result_type
from ...messages import warn_once
from ...ops.dims import as_dtype
from ...ops.refusals import TOO_MANY_ARGUMENTS
from ..arguments import is_plain_number
from ..functions import FUNCTIONS, INPLACE
from ..kinds import KINDS, no_such_call, read
from ..later import as_methods
from ..out import with_cast_out, with_out
from ..refusals import ALPHA_BY_POSITION, BOOL_ALPHA, FLOAT_ALPHA, ROUNDING_MODE, VALUE_BY_POSITION
from ..tensor import Tensor, wrap

__all__ = ["add", "addcdiv", "addcmul", "div", "index_add", "rsub", "sub"]

_f = FUNCTIONS
_NUMBERS = frozenset((bool, int, float))

# -- arithmetic ------------------------------------------------------------------------------------


def _by_position(name: str, other: Any, scaled: tuple[Any, ...], alpha: Any) -> tuple[Any, Any]:
    """`other` and `alpha` of add(input, alpha, other), which torch takes from old programs, with a warning."""
    try:
        if len(scaled) > 1 or alpha != 1:
            raise TypeError
        factor = KINDS["Number"].read(other)
    except TypeError:
        raise TypeError(TOO_MANY_ARGUMENTS.format(name=name, count=2, given=2 + len(scaled))) from None
    warn_once(ALPHA_BY_POSITION.format(name=name))
    return scaled[0], factor


def _scaled(name: str, input: Any, other: Any, alpha: Any) -> Any:
    if type(alpha) not in _NUMBERS:
        alpha = read(name, "alpha", None, KINDS["Number"], alpha)
    if alpha is True and not (_is_bool(input) and _is_bool(other)):
        raise RuntimeError(BOOL_ALPHA)
    if isinstance(alpha, float) and not (_is_floating(input) or _is_floating(other)):
        raise RuntimeError(FLOAT_ALPHA)
    if is_plain_number(alpha):
        if alpha == 1:
            return other
        if not -128 < alpha < 128:
            as_dtype(alpha, result_type(*(x.array if isinstance(x, Tensor) else x for x in (input, other))))
    return other * alpha


def _are_scaled_halves(input: Any, other: Any, alpha: Any) -> bool:
    """Whether a sum of halves is scaled: torch does both in float32, with alpha as they have it, and rounds once."""
    if type(alpha) not in (int, float) or alpha == 1:  # a number that `compile` records has a type of its own
        return False
    return all(isinstance(x, Tensor) and x.array.dtype.char in HALVES for x in (input, other))


def _halves(input: Tensor, other: Tensor, alpha: Any) -> tuple[Tensor, Tensor, Tensor, float]:
    """What addcmul is called with for input + alpha * other."""
    kind = np.promote_types(input.array.dtype, other.array.dtype)
    return input, other, wrap(np.ones((), kind)), float(as_dtype(alpha, kind))


def _is_bool(x: Any) -> bool:
    return x.array.dtype == np.bool_ if isinstance(x, Tensor) else isinstance(x, bool)


def _is_floating(x: Any) -> bool:
    return x.is_floating_point() if isinstance(x, Tensor) else isinstance(x, float)


@with_cast_out
def add(input: Any, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input + alpha * other (torch.add)."""
    if scaled:
        other, alpha = _by_position("add", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return _f["addcmul"](*_halves(input, other, alpha))
    return _f["add"](input, _scaled("add", input, other, alpha))


@with_cast_out
def sub(input: Any, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input - alpha * other (torch.sub)."""
    if scaled:
        other, alpha = _by_position("sub", other, scaled, alpha)
    if alpha != 1 and (_is_bool(input) or _is_bool(other)):
        return _f["sub"](input, other)  # which refuses bools; alpha would make integers of them
    if _are_scaled_halves(input, other, alpha):
        return _f["addcmul"](*_halves(input, other, -alpha))
    return _f["sub"](input, _scaled("sub", input, other, alpha))


def rsub(input: Tensor, other: Any, *number: Any, alpha: Any = 1) -> Tensor:
    """other - alpha * input (torch.rsub); TypeError unless `input` is a Tensor.

    Where `other` is a number, `alpha` may be given by its position.
    """
    if number:
        try:
            (alpha,) = map(KINDS["Number"].read, number)
            other = KINDS["Number"].read(other)
        except (TypeError, ValueError):
            raise no_such_call("rsub", input, other, *number) from None
    if not isinstance(input, Tensor):
        raise no_such_call("rsub", input, other)
    if _are_scaled_halves(other, input, alpha):
        return _f["addcmul"](*_halves(other, input, -alpha))
    return _f["rsub"](_scaled("rsub", other, input, alpha), other)


def add_(input: Tensor, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input += alpha * other (torch.Tensor.add_)."""
    if scaled:
        other, alpha = _by_position("add_", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return INPLACE["addcmul_"](*_halves(input, other, alpha))
    return INPLACE["add_"](input, _scaled("add", input, other, alpha))


def sub_(input: Tensor, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input -= alpha * other (torch.Tensor.sub_)."""
    if scaled:
        other, alpha = _by_position("sub_", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return INPLACE["addcmul_"](*_halves(input, other, -alpha))
    return INPLACE["sub_"](input, _scaled("sub", input, other, alpha))


def _value_first(name: str, first: Any, second: Any, third: tuple[Any, ...], value: Any) -> tuple[Any, Any, Any]:
    """`tensor1`, `tensor2` and `value` of addcmul(input, value, tensor1, tensor2), as old optimisers call it."""
    if len(third) > 1 or value != 1 or not is_plain_number(first):
        takes = 3 - name.endswith("_")
        raise TypeError(TOO_MANY_ARGUMENTS.format(name=name, count=takes, given=takes + len(third)))
    warn_once(VALUE_BY_POSITION.format(name=name))
    return second, third[0], first


@with_cast_out
def addcmul(input: Any, tensor1: Any, tensor2: Any, *third: Any, value: Any = 1) -> Tensor:
    """input + value * tensor1 * tensor2 (torch.addcmul)."""
    if third:
        tensor1, tensor2, value = _value_first("addcmul", tensor1, tensor2, third, value)
    return _f["addcmul"](input, tensor1, tensor2, value)


@with_cast_out
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *third: Any, value: Any = 1) -> Tensor:
    """input + value * tensor1 / tensor2 (torch.addcdiv)."""
    if third:
        tensor1, tensor2, value = _value_first("addcdiv", tensor1, tensor2, third, value)
    return _f["addcdiv"](input, tensor1, tensor2, value)


def addcmul_(input: Tensor, tensor1: Any, tensor2: Any, *third: Any, value: Any = 1) -> Tensor:
    """input += value * tensor1 * tensor2 (torch.Tensor.addcmul_)."""
    if third:
        tensor1, tensor2, value = _value_first("addcmul_", tensor1, tensor2, third, value)
    return INPLACE["addcmul_"](input, tensor1, tensor2, value)


def addcdiv_(input: Tensor, tensor1: Any, tensor2: Any, *third: Any, value: Any = 1) -> Tensor:
    """input += value * tensor1 / tensor2 (torch.Tensor.addcdiv_)."""
    if third:
        tensor1, tensor2, value = _value_first("addcdiv_", tensor1, tensor2, third, value)
    return INPLACE["addcdiv_"](input, tensor1, tensor2, value)


@with_cast_out
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, rounded towards 0 ("trunc") or down ("floor") if asked (torch.div)."""
    if rounding_mode is None:
        return _f["div"](input, other)
    return _f["div_rounded"](input, other, _one_of_two(rounding_mode))


def div_(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input /= other, rounded towards 0 ("trunc") or down ("floor") if asked (torch.Tensor.div_)."""
    if rounding_mode is None:
        return INPLACE["div_"](input, other)
    return INPLACE["div_rounded_"](input, other, _one_of_two(rounding_mode))


def _one_of_two(rounding_mode: str) -> str:
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(ROUNDING_MODE.format(found=rounding_mode))
    return rounding_mode


# -- sums by index ---------------------------------------------------------------------------------


@with_out
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """The input, with the slices of alpha * source added where `index` says along a dimension (torch.index_add)."""
    return _f["index_add"](input, dim, index, source if alpha == 1 else source * _as_own(source, alpha))


def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """Add the slices of alpha * source where `index` says along a dimension (torch.Tensor.index_add_)."""
    return INPLACE["index_add_"](self, dim, index, source if alpha == 1 else source * _as_own(source, alpha))


def _as_own(x: Tensor, alpha: Any) -> Any:
    """A factor as the dtype of a tensor takes it: without its fraction for integers."""
    return alpha if x.is_floating_point() else int(alpha)


METHODS = as_methods(add, sub, add_, sub_, addcdiv, addcdiv_, addcmul, addcmul_, div, div_, index_add, index_add_)
