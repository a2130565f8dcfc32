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
from .data import from_numpy
from .options import made
from .refusals import BUFFER_EMPTY, BUFFER_LENGTH, BUFFER_OFFSET, BUFFER_RATIO, BUFFER_READ_ONLY, NO_BUFFER, NO_CAPSULE

__all__ = ["from_dlpack", "frombuffer"]


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


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with what another library made (torch.from_dlpack).

    RuntimeError for an object that does not speak DLPack.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(NO_CAPSULE)
    array = np.from_dlpack(ext_tensor)
    return from_numpy(array.copy() if copy else array)
