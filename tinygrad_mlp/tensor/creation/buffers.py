"""Tensors over memory that another object owns: a buffer of bytes, or what a library hands over by DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import dtype as _dtype
from ...arrays import dtypes
from ...messages import warn_once
from ..kinds import ABSENT
from ..refusals import MISSING_ARGUMENT
from ..tensor import Tensor
from .data import as_tensor, from_numpy
from .options import DType, made, settle
from .refusals import (
    ALIAS_DTYPE,
    ALIAS_SEQUENCE,
    ASARRAY_GRAD,
    BUFFER_EMPTY,
    BUFFER_LENGTH,
    BUFFER_OFFSET,
    BUFFER_RATIO,
    BUFFER_READ_ONLY,
    NO_BUFFER,
    NO_CAPSULE,
)

__all__ = ["asarray", "from_dlpack", "frombuffer"]


def frombuffer(
    buffer: Any, *, dtype: _dtype = ABSENT, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A vector over the memory of a buffer, such as a bytearray (torch.frombuffer).

    It has `count` elements, or all, from a byte on. ValueError for what is no buffer, for an offset or a count beyond
    its end, and where its bytes are no whole number of elements. UserWarning, once, for a buffer that is not writable.
    """
    if dtype is ABSENT:
        raise TypeError(MISSING_ARGUMENT.format(function="frombuffer", name="dtype"))
    kind = dtypes.given(dtype, "frombuffer")
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError(NO_BUFFER) from None
    length = memory.nbytes
    if not length or not count:
        raise ValueError(BUFFER_EMPTY.format(length=length, count=count))
    if not 0 <= offset < length:
        raise ValueError(BUFFER_OFFSET.format(offset=offset, length=length))
    rest = length - offset
    if count < 0 and rest % kind.itemsize:
        raise ValueError(BUFFER_RATIO.format(rest=rest, offset=offset, size=kind.itemsize))
    if count > 0 and count * kind.itemsize > rest:
        text = BUFFER_LENGTH.format(count=count, size=kind.itemsize, offset=offset, length=length)
        raise ValueError(text)
    if memory.readonly:
        warn_once(BUFFER_READ_ONLY)
    return made(np.frombuffer(buffer, kind, max(count, -1), offset), requires_grad)


class _Capsule:
    """A capsule as an object of the kind that NumPy takes."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # a CPU


class _Writable:
    """An array of a capsule of the first version, which cannot say whether it may be written to; torch does write."""

    def __init__(self, array: Any) -> None:
        self._array = array  # which keeps the memory
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with what another library made (torch.from_dlpack).

    It takes what has the method `__dlpack__`, or a capsule that such a method, or to_dlpack, returned. RuntimeError for
    another object, and for a capsule whose memory is taken already.
    """
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    elif not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(NO_CAPSULE)
    try:
        array = np.from_dlpack(ext_tensor)
    except ValueError:
        if not isinstance(ext_tensor, _Capsule):
            raise
        raise RuntimeError(NO_CAPSULE) from None
    source = ext_tensor.array if isinstance(ext_tensor, Tensor) else ext_tensor
    may_be_written = isinstance(source, _Capsule) or (isinstance(source, np.ndarray) and source.flags.writeable)
    if may_be_written and not array.flags.writeable:  # which older versions of NumPy do not hand on
        array = np.asarray(_Writable(array))
    return from_numpy(array.copy() if copy else array)


def asarray(
    obj: Any, *, dtype: DType = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """The object as a tensor, which shares its memory if it can (torch.asarray).

    Tensors, NumPy's arrays, what speaks DLPack and buffers are not copied unless their dtype changes; of sequences and
    numbers a new tensor is made. A `copy` may be asked for, or refused: ValueError where there must be one. A tensor
    keeps its history unless `requires_grad` is False. Other errors as `as_tensor`.
    """
    kind = settle("asarray", dtype, {} if device is None else {"device": device}, None)
    wanted = None if dtype is None else dtypes.of(kind)
    source = _sharing(obj, wanted)
    if copy is False:
        if source is None:
            raise ValueError(ALIAS_SEQUENCE)
        if wanted not in (None, source.dtype):
            own = source.dtype.tensor_type[:-6]
            raise ValueError(ALIAS_DTYPE.format(own=own, wanted=dtypes.of(kind).tensor_type[:-6]))
    result = as_tensor(obj if source is None else source, dtype=dtype)
    if copy and result is source:
        result = result.clone()
    if requires_grad is None and result.requires_grad:
        warn_once(ASARRAY_GRAD)
    if requires_grad is False:
        return result.detach() if result.requires_grad else result
    return made(result.array, True) if requires_grad and not result.requires_grad else result


def _sharing(obj: Any, wanted: Any) -> Tensor | None:
    """A tensor over the memory of an object; None for one that has none to share."""
    if isinstance(obj, Tensor):
        return obj
    if isinstance(obj, (np.ndarray, np.generic)):
        return as_tensor(obj)
    if hasattr(obj, "__dlpack__"):
        return from_dlpack(obj)
    try:
        memoryview(obj)
    except TypeError:
        return None
    return frombuffer(obj, dtype=dtypes.get_default_dtype() if wanted is None else wanted)
