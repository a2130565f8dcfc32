"""torch.testing.make_tensor: a tensor of random numbers from an interval, of any dtype and layout."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import Tensor, empty, randint
from ..arrays import dtype as _dtype
from ..arrays import dtypes
from ..arrays.limits import finfo, iinfo

_NAN = "`low` and `high` cannot be NaN, but got low={low} and high={high}"
_EQUAL = (
    "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 and will "
    "be removed in 2.3. Use `torch.full(...)` instead."
)
_ORDER = "`low` must be less than `high`, but got {low} >= {high}"
_OUTSIDE = (
    "The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports [{least}, {most})"
)
_EXCLUSIVE = (
    "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got noncontiguous={noncontiguous} "
    "and memory_format={memory_format}"
)
_INTEGER_GRAD = "`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
_NO_DTYPE = (
    "The requested dtype '{dtype}' is not supported by torch.testing.make_tensor(). To request support, file an issue "
    "at: https://github.com/pytorch/pytorch/issues"
)


def make_tensor(
    *shape: Any, dtype: _dtype, device: Any, low: float | None = None, high: float | None = None,
    requires_grad: bool = False, noncontiguous: bool = False, exclude_zero: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of numbers drawn uniformly from [low, high), from the default generator (torch.testing.make_tensor).

    The bounds are -9 and 9 for floating dtypes, -9 and 10 for integers, 0 and 2 for bools, and they are clamped to what
    the dtype holds. `noncontiguous` takes every second number of a tensor that is twice as long; `exclude_zero` puts
    the smallest positive number in the place of 0. ValueError for bounds that make no interval, for `requires_grad`
    with integers, and for both `noncontiguous` and `memory_format`; TypeError for another dtype.
    """
    sizes = tuple(shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape)
    if noncontiguous and memory_format is not None:
        raise ValueError(_EXCLUSIVE.format(noncontiguous=noncontiguous, memory_format=memory_format))
    if dtype not in dtypes.WITH_EXTRAS:
        raise TypeError(_NO_DTYPE.format(dtype=dtype))
    if requires_grad and not dtype.is_floating_point:
        raise ValueError(_INTEGER_GRAD.format(dtype=dtype))
    noncontiguous = noncontiguous and math.prod(sizes) > 1
    if noncontiguous:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    least, most = _interval(low, high, dtype)
    if dtype.is_floating_point:
        result = _uniform(empty(sizes, dtype=dtype, device=device), least, most)
    else:
        result = randint(int(least), int(most), sizes, dtype=dtype, device=device)
    if noncontiguous:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result.eq(0)] = finfo(dtype).tiny if dtype.is_floating_point else 1
    return result.requires_grad_(requires_grad) if dtype.is_floating_point else result


def _interval(low: float | None, high: float | None, dtype: _dtype) -> tuple[float, float]:
    """The bounds, or those of the dtype, clamped to what it holds; whole numbers for integers."""
    least: float
    most: float
    if dtype.is_floating_point:
        limits = finfo(dtype)
        least, most, default = limits.min, limits.max, (-9, 9)
    elif dtype is dtypes.bool_:
        least, most, default = 0, 2, (0, 2)
    else:  # the highest int64 cannot be drawn, as the bound is excluded
        whole = iinfo(dtype)
        least, most, default = whole.min, whole.max + (dtype is not dtypes.int64), (-9, 10)
    low, high = default[0] if low is None else low, default[1] if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(_NAN.format(low=low, high=high))
    if low == high and dtype.is_floating_point:
        warnings.warn(_EQUAL, FutureWarning, stacklevel=3)
    elif low >= high:
        raise ValueError(_ORDER.format(low=low, high=high))
    elif high < least or low >= most:
        raise ValueError(_OUTSIDE.format(low=low, high=high, dtype=dtype, least=least, most=most))
    low, high = min(max(low, least), most), min(max(high, least), most)
    return (low, high) if dtype.is_floating_point else (math.ceil(low), math.ceil(high))


def _uniform(tensor: Tensor, low: float, high: float) -> Tensor:
    """Fill with numbers of the interval; one that is wider than the largest number is drawn at half its size."""
    if high - low >= finfo(tensor.dtype).max:
        tensor.uniform_(low / 2, high / 2).mul_(2)
    else:
        tensor.uniform_(low, high)
    return tensor
