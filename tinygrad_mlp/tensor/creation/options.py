"""Checks of the arguments that all functions which make tensors take: a size, and options such as dtype and device."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import MetaArray, dtypes, entered, is_meta, on_cpu
from ...arrays import dtype as _dtype
from ...arrays import layout as _layout
from ...arrays import memory_format as _memory_format
from ...arrays.dtypes import FLOATING
from ..arguments import as_array
from ..kinds import wrong_type
from ..refusals import (
    MISSING_ARGUMENT,
    NO_PINNED_MEMORY,
    OPTION_TYPE,
    REQUIRES_GRAD_KIND,
    REQUIRES_GRAD_NEW_DTYPE,
    SIZE_NEGATIVE,
    SIZE_NEGATIVE_ZEROS,
    SIZE_PART_TYPE,
    SIZE_TYPE,
    UNEXPECTED_KEYWORD,
)
from ..tensor import Tensor, wrap

if TYPE_CHECKING:
    from typing import TypedDict

    class Options(TypedDict, total=False):
        """Keywords of torch's that can have only one value on a CPU: they are checked, and change nothing."""

        device: Any
        layout: Any
        pin_memory: Any

    class SizedOptions(Options, total=False):
        """The same, and `size`, for functions that take it as a keyword, too."""

        size: Any

    class LikeOptions(Options, total=False):
        """The same, and the order in which the dimensions lie in memory."""

        memory_format: Any


DType = _dtype | type | None
_KNOWN = frozenset(("device", "layout", "pin_memory"))


def settle(function: str, dtype: Any, options: Mapping[str, Any], default: Any = None) -> Any:
    """Check the options of a function that makes a tensor, and return the NumPy dtype to make it in.

    Without a `dtype` that is `default`, or else torch's default dtype. TypeError for an unknown option or one of the
    wrong type, RuntimeError for pinned memory, and what `on_cpu` raises for a device other than the CPU.
    """
    if options or entered:
        _check(function, options)
    if dtype is not None:
        return dtypes.given(dtype, function)
    return dtypes.get_default_dtype().numpy if default is None else default


def _check(function: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name not in _KNOWN and not (name == "memory_format" and function in _TAKE_MEMORY_FORMAT):
            raise TypeError(UNEXPECTED_KEYWORD.format(function=function, name=name))
    for name, kind in (("layout", _layout), ("memory_format", _memory_format)):
        value = options.get(name)
        if value is not None and not isinstance(value, kind):
            raise TypeError(OPTION_TYPE.format(function=function, name=name, found=type(value).__name__))
    place = options.get("device")
    if place is None and entered:
        place = entered[-1]
    if not (function in _TAKE_META and is_meta(place)):
        on_cpu(place, function)
    if options.get("pin_memory"):
        raise RuntimeError(NO_PINNED_MEMORY)


_TAKE_MEMORY_FORMAT = frozenset(
    ("empty", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "randint_like")
)


# The functions that can make a tensor on the device "meta": those that need no number from elsewhere.
_TAKE_META = frozenset(("empty", "zeros", "ones", "full", "tensor", "empty_like", "zeros_like", "ones_like"))


def made(array: Any, requires_grad: bool | None, device: Any = None) -> Tensor:
    """A new leaf over an array; RuntimeError where a gradient is asked for and the dtype is not floating.

    On the device "meta" only its shape and its dtype are kept. TypeError where `requires_grad` is no bool.
    """
    if requires_grad is not False and requires_grad is not True and requires_grad is not None:
        raise TypeError(REQUIRES_GRAD_KIND.format(found=type(requires_grad).__name__))
    if device is None and entered:
        device = entered[-1]
    tensor = wrap(MetaArray(array.shape, array.dtype) if device is not None and is_meta(device) else as_array(array))
    if requires_grad:
        if tensor.array.dtype.kind not in FLOATING:
            raise RuntimeError(REQUIRES_GRAD_NEW_DTYPE)
        tensor.needs_grad = True
    return tensor


def size_of(function: str, size: tuple[Any, ...], options: Any, position: int = 1) -> tuple[int, ...]:
    """A size that is given as integers, as one sequence or by its name.

    TypeError for what is no size, RuntimeError for a negative one, as in torch.
    """
    if "size" in options:
        size = (*size, options.pop("size"))
    if not size:
        raise TypeError(MISSING_ARGUMENT.format(function=function, name="size"))
    separate = len(size) != 1 or not isinstance(size[0], (tuple, list))
    given = size if separate else size[0]
    for n in given:
        if type(n) is not int or n < 0:
            break
    else:
        return tuple(given)
    parts = [int(n) if stands_for(n, int) else n for n in given]
    for place, n in enumerate(parts):
        if not hasattr(n, "__index__") or (isinstance(n, bool) and not place):
            raise _no_size(function, position, place, n, separate)
    shape = [operator.index(n) for n in parts]
    for n in shape:
        if n < 0:
            if function == "zeros":
                raise RuntimeError(SIZE_NEGATIVE_ZEROS)
            raise RuntimeError(SIZE_NEGATIVE.format(size=n, shape=shape))
    return tuple(shape)


def _no_size(function: str, position: int, place: int, n: Any, separate: bool) -> TypeError:
    kind = type(n).__name__
    if place:
        return TypeError(SIZE_PART_TYPE.format(function=function, position=place + 1, found=kind))
    found = f"not {kind}" if separate else f"but found element of type {kind} at pos 0"
    return TypeError(SIZE_TYPE.format(function=function, position=position, found=found))


def sequence_of(function: str, size: Any, position: int) -> tuple[int, ...]:
    """A size that has to be one sequence; errors as `size_of`."""
    if not isinstance(size, (tuple, list)):
        raise _no_size(function, position, 0, size, True)
    return size_of(function, (size,), {}, position)


def integer(function: str, name: str, position: int, n: Any) -> int:
    """An argument that has to be an integer, and no bool; TypeError for anything else, as in torch."""
    try:
        if isinstance(n, (bool, np.bool_)):
            raise TypeError
        return int(n) if stands_for(n, int) else operator.index(n)
    except TypeError:
        raise wrong_type(function, name, position, "int", n) from None


def number(function: str, name: str, position: int, value: Any) -> Any:
    """An argument that has to be a number or a 0-d tensor; TypeError for anything else, as in torch."""
    if isinstance(value, Tensor) and not value.array.ndim:
        return value.array[()]
    if isinstance(value, (bool, int, float, np.generic)) or stands_for(value, (int, float)):
        return value
    raise wrong_type(function, name, position, "Number", value)


def stands_for(x: Any, kind: Any) -> bool:
    """Whether an object stands for a Python number of this kind, as those of compiler.number do in a compiled step."""
    return hasattr(type(x), "__array_ufunc__") and isinstance(getattr(x, "value", None), kind)


def tensor_of(function: str, input: Any) -> Tensor:
    """An argument that has to be a Tensor; TypeError for anything else, as in torch."""
    if not isinstance(input, Tensor):
        raise wrong_type(function, "input", 1, "Tensor", input)
    return input


__all__ = [
    "DType", "integer", "made", "number", "sequence_of", "settle", "size_of", "stands_for",
    "tensor_of",
]  # fmt: skip
