"""Making tensors from data: numbers, nested sequences of numbers, arrays, and other tensors."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...arrays import dtypes
from ...arrays.dtypes import FLOATING
from ...arrays.silence import silenced
from ...messages import type_name, warn, warn_once
from ..composite.conversion import to
from ..refusals import (
    ARRAY_0D_IN_LIST,
    ARRAYS_IN_LIST,
    BYTE_ORDER,
    COPY_OF_TENSOR,
    INTEGER_OVERFLOW,
    NEGATIVE_STRIDES,
    NO_ARRAY,
    NO_INDEX,
    NO_NUMBER,
    NO_REAL,
    NUMBER_FOR_SEQUENCE,
    SEQUENCE_FOR_NUMBER,
    SEQUENCE_LENGTH,
    SEVERAL_AS_NUMBER,
    STRIDES_OF_BYTES,
    TEXT,
    VALUE_OVERFLOW,
)
from ..sequences import nested_lists
from ..tensor import Tensor, wrap
from .options import DType, made, settle, stands_for
from .refusals import ARRAY_READ_ONLY

__all__ = ["as_tensor", "from_numpy", "tensor"]


def tensor(
    data: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A copy of numbers, nested sequences of them, an array or a tensor, as a new leaf (torch.tensor).

    A sequence is whatever has a length and items at 0, 1, ...: a list, a deque, an array.array, a bytearray, a range.
    Python floats give the default dtype, integers int64, bools bool. NumPy's numbers, arrays and tensors keep theirs;
    the dtypes in a sequence are promoted. ValueError for sequences of unequal length, for an integer that
    int64 cannot hold, and for an array with negative strides or of another byte order, TypeError for text and for an
    array of a dtype that torch does not have, RuntimeError for any other object, for a number that the `dtype` cannot
    hold and for pinned memory.
    """
    options = {} if device is None and not pin_memory else {"device": device, "pin_memory": pin_memory}
    kind = settle("tensor", dtype, options, _ITS_OWN)
    if isinstance(data, Tensor):
        warn(COPY_OF_TENSOR.format(function="torch.tensor"))
    return made(np.array(array_of(data, kind)), requires_grad, device)


def new_tensor(
    self: Tensor, data: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """As torch.tensor(data), in the dtype of this tensor unless another is given (torch.Tensor.new_tensor)."""
    kind = settle("new_tensor", dtype, {"device": device}, self.array.dtype)
    if isinstance(data, Tensor):
        warn(COPY_OF_TENSOR.format(function="tensor.new_tensor"))
    return made(np.array(array_of(data, kind)), requires_grad)


_ITS_OWN = object()


def as_tensor(data: Any, *, dtype: DType = None, device: Any = None) -> Tensor:
    """The data as a tensor; an array or a tensor of that dtype is not copied but shares its memory (torch.as_tensor).

    A tensor keeps its history. Errors as `tensor`.
    """
    kind = settle("as_tensor", dtype, {} if device is None else {"device": device}, _ITS_OWN)
    if isinstance(data, Tensor):
        return data if kind is _ITS_OWN else to(data, dtypes.of(kind))
    array = array_of(data, kind)
    if isinstance(data, np.ndarray):
        _warn_of_read_only(array)
    return wrap(array)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with an array (torch.from_numpy).

    TypeError for what is no array, and for a dtype that torch does not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(NO_ARRAY.format(found=type(ndarray).__name__))
    _refuse_layout(ndarray)
    dtypes.of(ndarray.dtype)
    _warn_of_read_only(ndarray)
    return wrap(ndarray)


def _warn_of_read_only(array: Any) -> None:
    if not array.flags.writeable:
        warn_once(ARRAY_READ_ONLY)


def _refuse_layout(array: Any) -> None:
    """ValueError for an array that lies in memory as no tensor does."""
    if min(array.strides, default=0) < 0:
        raise ValueError(NEGATIVE_STRIDES)
    if array.itemsize and any(step % array.itemsize for step in array.strides):
        raise ValueError(STRIDES_OF_BYTES)
    if not array.dtype.isnative:
        raise ValueError(BYTE_ORDER)


# -- reading ---------------------------------------------------------------------------------------


@silenced
def array_of(data: Any, kind: Any) -> Any:
    """The data as an array of the NumPy dtype `kind`, or of its own; what is such an array already is not copied."""
    if isinstance(data, Tensor):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        if isinstance(data, (str, bytes)):
            raise TypeError(TEXT.format(type=type_name(data)))
        if array.dtype.kind in "biuf":
            _refuse_layout(array)
    else:
        return _of_python(data, kind)
    if kind is _ITS_OWN or array.dtype.kind not in "biuf":
        dtypes.of(array.dtype)
    return array if kind is _ITS_OWN else array.astype(kind, copy=False)


def _of_python(data: Any, kind: Any) -> Any:
    """Read a number or nested sequences of numbers: first their dtype, as torch infers it, and then the elements."""
    types = set(map(type, data)) if isinstance(data, (list, tuple)) else {type(data)}
    if types == {float} and (kind is _ITS_OWN or kind.kind in FLOATING):  # a shortcut for the most common data
        return np.array(data, dtypes.get_default_dtype().numpy if kind is _ITS_OWN else kind)
    if not types <= _PYTHON:
        data = nested_lists(data, text=kind is not _ITS_OWN)
    if kind is _ITS_OWN:
        kind = _inferred(data)
        dtypes.of(kind)
    numbers = _as_numbers(data, kind)
    try:
        array = np.array(numbers)
    except ValueError:
        _refuse_ragged(data, _depths(data), 0, kind)
        raise
    # An integer does not fit into int64, which is allowed only where the result is floating.
    if array.dtype.name in ("object", "uint64"):
        if kind.kind in "iu" and array.size:
            raise ValueError(INTEGER_OVERFLOW)
        array = array.astype(np.float64)
    if kind.kind in "iu" and array.dtype != kind:
        _refuse_overflow(array, kind)
    return array.astype(kind, copy=False)


_PYTHON = frozenset((float, int, bool))


def _inferred(data: Any) -> Any:
    """The dtype that torch infers for data; TypeError for text, RuntimeError for what is no number."""
    if isinstance(data, (list, tuple)):
        kinds = set(map(type, data))
        parts = (kind() for kind in kinds) if kinds <= _PYTHON else data
        result = None
        for part in parts:
            own = _inferred(part)
            result = own if result is None else dtypes.promote(result, own)
        return dtypes.get_default_dtype().numpy if result is None else result
    if isinstance(data, (str, bytes)):
        raise TypeError(TEXT.format(type=type_name(data)))
    if isinstance(data, (Tensor, np.ndarray, np.generic)):
        return data.array.dtype if isinstance(data, Tensor) else data.dtype
    if isinstance(data, bool):
        return dtypes.bool_.numpy
    if isinstance(data, int):
        return dtypes.int64.numpy
    if isinstance(data, float):
        return dtypes.get_default_dtype().numpy
    if stands_for(data, (int, float)):
        return _inferred(data.value)
    if isinstance(data, complex):
        return np.dtype(np.complex64)  # which dtypes.of refuses
    raise RuntimeError(NO_NUMBER.format(type=type_name(data)))


def _as_numbers(data: Any, kind: np.dtype[Any]) -> Any:
    """Replace the tensors and other objects in nested lists by Python numbers."""
    if type(data) in _PYTHON:
        return data
    if isinstance(data, (list, tuple)):
        if set(map(type, data)) <= _PYTHON:
            return data
        if isinstance(data[0], np.ndarray) and not data[0].ndim:
            raise TypeError(ARRAY_0D_IN_LIST)
        return [_as_numbers(x, kind) for x in data]
    if isinstance(data, Tensor):
        if kind.kind in "iub" and (data.numel() != 1 or data.is_floating_point()):
            raise TypeError(NO_INDEX)
        if data.numel() != 1:
            raise ValueError(SEVERAL_AS_NUMBER)
        return float(data) if data.is_floating_point() else data.item()
    if isinstance(data, np.ndarray):
        warn_once(ARRAYS_IN_LIST)
    elif not isinstance(data, (int, float, np.generic)) and not stands_for(data, (int, float)):
        return _number(data, kind)
    return data


def _number(x: Any, kind: np.dtype[Any]) -> Any:
    """The number that an object stands for. TypeError in Python's words where it stands for none."""
    try:
        return float(x) if kind.kind in FLOATING and not isinstance(x, str) else operator.index(x)
    except TypeError:
        text = NO_REAL if kind.kind in FLOATING else SEQUENCE_FOR_NUMBER
        raise TypeError(text.format(type=type_name(x))) from None


def _refuse_overflow(array: Any, target: np.dtype[Any]) -> None:
    """RuntimeError for numbers that an integer dtype cannot hold; an unsigned one takes negative ones modulo 2^bits."""
    bounds = np.iinfo(target)
    least = -bounds.max if target.kind == "u" else bounds.min
    if array.size and not (array.min() >= least and array.max() <= bounds.max):
        raise RuntimeError(VALUE_OVERFLOW.format(dtype=target.name))


def _depths(data: Any) -> list[int]:
    """The length of nested sequences at each depth, read from the first one there."""
    return [len(data), *(_depths(data[0]) if len(data) else ())] if isinstance(data, (list, tuple)) else []


def _refuse_ragged(data: Any, lengths: list[int], dim: int, kind: np.dtype[Any]) -> None:
    if dim == len(lengths):
        if isinstance(data, (list, tuple)):
            text = NO_REAL if kind.kind in FLOATING else SEQUENCE_FOR_NUMBER
            raise TypeError(text.format(type=type(data).__name__))
        return
    if not isinstance(data, (list, tuple)):
        raise TypeError(NUMBER_FOR_SEQUENCE)
    if len(data) != lengths[dim]:
        raise ValueError(SEQUENCE_LENGTH.format(length=lengths[dim], dim=dim, found=len(data)))
    for part in data:
        _refuse_ragged(part, lengths, dim + 1, kind)
