"""Elementwise functions that call those of rows: in another dtype, or with the arguments in another order."""

from __future__ import annotations

from typing import Any

from ...arrays import dtypes
from ..functions import FUNCTIONS, INPLACE
from ..inplace import check_written
from ..kinds import checked, no_such_call
from ..later import as_methods
from ..out import with_cast_out
from ..refusals import FLOAT_POWER_DTYPE, PLUS_BOOL
from ..tensor import Tensor
from .conversion import to

__all__ = ["float_power", "positive"]

_f = FUNCTIONS


@checked
def positive(input: Tensor) -> Tensor:
    """The tensor itself; RuntimeError for bools (torch.positive)."""
    if input.array.dtype == bool:
        raise RuntimeError(PLUS_BOOL)
    return input


@with_cast_out
def float_power(input: Any, exponent: Any) -> Tensor:
    """The power of two tensors, or a tensor and a number, computed in float64 (torch.float_power).

    TypeError for two numbers.
    """
    if not (isinstance(input, Tensor) or isinstance(exponent, Tensor)):
        raise no_such_call("float_power", input, exponent)
    return _f["pow"](*(to(x, dtypes.float64) if isinstance(x, Tensor) else x for x in (input, exponent)))


def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Raise this tensor, which has to be one of float64, to a power (torch.Tensor.float_power_)."""
    if self.dtype is not dtypes.float64:
        raise RuntimeError(FLOAT_POWER_DTYPE.format(word=self.dtype.tensor_type[:-6]))
    return INPLACE["pow_"](self, to(exponent, dtypes.float64) if isinstance(exponent, Tensor) else exponent)


def polygamma(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma` (torch.Tensor.polygamma)."""
    return _f["polygamma"](n, self)


def polygamma_(self: Tensor, n: int) -> Tensor:
    """Write the n-th derivative of `digamma` into this tensor (torch.Tensor.polygamma_)."""
    result = _f["polygamma"](n, _f["clone"](self))  # backward reads what was here before
    check_written(self.array, result.array)
    return INPLACE["assign_"](self, result)


METHODS = as_methods(positive, float_power, float_power_, polygamma, polygamma_) | {"__pos__": positive}
