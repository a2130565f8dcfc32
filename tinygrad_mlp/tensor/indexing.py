"""Indexing: `x[index]` and `x[index] = value`.

As in torch, integers, slices and None give views, one after the other; tensors of indices and masks give a copy. A
bool is a mask over a new dimension of size 1.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import HALVES
from ..arrays.silence import silently
from ..autograd.inplace.views import refresh, refuse_inplace
from ..batching import begun, is_batched
from ..batching.refusals import MASKED
from ..messages import type_name, warn
from ..ops.dims import as_dtype
from ..tape import state
from .composite.conversion import is_written_at_once
from .composite.indexed import index_error, refuse_bytes
from .creation.data import as_tensor
from .creation.options import stands_for
from .functions import FUNCTIONS, INPLACE
from .refusals import (
    INDEX_BYTES,
    INDEX_DTYPE,
    INDEX_OF_0D,
    INDEX_OF_NOTHING,
    INDEX_OUT_OF_BOUNDS,
    INDEX_OVERFLOW,
    INDEX_SEQUENCE,
    INDEX_TYPE,
    SLICE_BOUND,
    SLICE_OF_0D,
    SLICE_STEP,
    SLICE_STEP_ZERO,
    TEXT,
    TOO_MANY_INDICES,
    VALUE_OVERFLOW,
    VALUE_TYPE,
)
from .tensor import Tensor, wrap

_f = FUNCTIONS
_FOUND_LATE = frozenset((INDEX_DTYPE, INDEX_OF_NOTHING))  # by torch's kernel, when the write as such was allowed
_INTEGERS = frozenset((int,))
_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))
_INT64 = np.iinfo(np.int64)


def getitem(self: Tensor, index: Any) -> Tensor:
    """self[index]: a view for integers and slices, a copy for tensors and masks; IndexError as torch's."""
    if type(index) is int:
        return _select(self, 0, index)
    if type(index) is slice:
        return _sliced(self, 0, _plain_slice(index))  # a slice on its own is one even if it takes all
    if type(index) is tuple and _INTEGERS.issuperset(map(type, index)) and 0 < len(index) <= self.array.ndim:
        for place, i in enumerate(index):
            self = _select(self, 0, i, place)
        return self
    part, arrays = _viewed(self, _parts(index, self.array.ndim))
    if arrays:
        if begun:
            from ..autograd.batches import of_all, share

            part = share(part, of_all(arrays))
        try:
            return _f["getitem"](part, tuple(arrays))
        except IndexError as error:
            raise index_error(part, arrays, error) from None
    return _f["alias"](self) if part is self else part


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value, recorded where a gradient is needed (torch.Tensor.__setitem__).

    TypeError for a value that is neither a number nor a Tensor, IndexError for an index that does not fit.
    """
    if not isinstance(value, Tensor):
        _refuse_value(self, value)
        if self.array.dtype.char in HALVES and type(value) in (int, float):  # which become infinite here
            value = wrap(silently(np.asarray(value).astype, self.array.dtype))
        shape = self.array.shape
        if type(index) is int and shape and -shape[0] <= index < shape[0] and is_written_at_once(self, value):
            count = self.versions[-1]  # an inference tensor refuses here, before the write
            self.array[index] = value
            self.versions[0] = count + 1
            return
    if type(index) is int:
        part, arrays = _select(self, 0, index), []  # type: tuple[Tensor, list[Any]]
    elif type(index) is slice:
        part, arrays = _slice(self, 0, _plain_slice(index)), []
    elif index is False:
        return
    elif index is True:
        part, arrays = _f["unsqueeze"](self, 0), []
    else:
        try:
            part, arrays = _viewed(self, _parts(index, self.array.ndim))
        except IndexError as error:
            if state.recording and self.requires_grad and str(error) in _FOUND_LATE:
                refuse_inplace(self)
            raise
    if not arrays:
        _assign(part, value)
        return
    if isinstance(index, (Tensor, np.ndarray, tuple)):
        refuse_bytes(index, value)
    try:
        INPLACE["put_"](part, tuple(arrays), _without_leading_ones(value))
    except IndexError as error:
        raise index_error(part, arrays, error) from None


def _assign(part: Tensor, value: Any) -> None:
    """Write a value into a view, broadcast to its shape."""
    if not isinstance(value, Tensor):
        value = wrap(silently(as_dtype, value, part.array.dtype))
    shape = part.array.shape
    if value.array.shape == shape:
        INPLACE["assign_"](part, value)
    elif not value.array.ndim:
        INPLACE["fill_with_tensor_"](part, value)
    else:
        value = _f["reshape"](value, _behind_ones(value.array.shape))
        INPLACE["assign_"](part, _f["expand"](value, shape) if value.array.shape != shape else value)


def _refuse_value(self: Tensor, value: Any) -> None:
    """Refuse a value that torch does not assign: text, sequences and NumPy's arrays, and numbers that do not fit."""
    if isinstance(value, (int, float, np.integer)) or stands_for(value, (int, float)):
        if isinstance(value, int) and not _INT64.min <= value <= _INT64.max:
            raise ValueError(INDEX_OVERFLOW)
        return
    if isinstance(value, complex):
        raise RuntimeError(VALUE_OVERFLOW.format(dtype=self.dtype.word))
    raise TypeError(VALUE_TYPE.format(found=type_name(value), tensor_type=self.dtype.tensor_type))


def _without_leading_ones(value: Any) -> Any:
    leads = isinstance(value, Tensor) and value.array.shape[:1] == (1,)
    return _f["reshape"](value, _behind_ones(value.array.shape)) if leads else value


def _behind_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[next((d for d, n in enumerate(shape) if n != 1), len(shape)) :]


# -- the views that integers, slices and None give ---------------------------------------------------


def _viewed(self: Tensor, parts: tuple[Any, ...]) -> tuple[Tensor, list[Any]]:
    """self[parts] for all parts but the arrays, one view after the other, as torch makes them.

    Returns it with the index that is left: the arrays, and a slice for every dimension before them. NumPy would treat
    an integer beside arrays as one more array, which can move dimensions to the front.
    """
    ndim, dim, part = self.array.ndim, 0, self
    taken = sum(map(_taken, parts))
    if taken > ndim:
        raise IndexError(TOO_MANY_INDICES.format(ndim=ndim))
    arrays: list[Any] = []
    reached = 0  # the dimension behind the last array
    for place, i in enumerate(parts):
        kind = type(i)
        if kind is slice:
            part = _slice(part, dim, i)
            dim += 1
        elif i is None:
            part = _f["unsqueeze"](part, dim)
            dim += 1
        elif i is Ellipsis:
            dim += ndim - taken
        elif kind is int:
            part = _select(part, dim, i, place)
        else:
            if kind is bool:
                part, i = _f["unsqueeze"](part, dim), np.zeros(int(i), np.int64)
            elif not self.array.size and i.dtype != np.bool_:
                i = _of_nothing(i, part.array.shape[dim])
            arrays += [slice(None)] * (dim - reached)
            arrays.append(i)
            dim = reached = dim + (_taken(i) or 1)
    return part, arrays


def _of_nothing(index: Any, size: int) -> Any:
    """An index into a tensor without elements, where torch does not look at it: zeros. Versions of NumPy differ here.

    IndexError where the dimension itself has no element.
    """
    if not size and index.size:
        raise IndexError(INDEX_OF_NOTHING)
    return np.zeros_like(index)


def _taken(part: Any) -> int:
    """How many dimensions of the tensor a part of an index is for."""
    if part is None or part is Ellipsis or type(part) is bool:
        return 0
    return int(part.ndim) if getattr(part, "dtype", None) == np.bool_ else 1


def _slice(self: Tensor, dim: int, index: slice) -> Tensor:
    """A view of what a slice takes along a dimension; the tensor itself if that is all."""
    shape = self.array.shape
    whole = not index.start and index.step in (None, 1) and shape and (index.stop is None or index.stop >= shape[dim])
    return self if whole else _sliced(self, dim, index)


def _sliced(self: Tensor, dim: int, index: slice) -> Tensor:
    if not self.array.ndim:
        if self.viewed is not None:
            refresh(self)  # if this view cannot follow a write to its base, torch refuses that first
        raise IndexError(SLICE_OF_0D)
    return _f["slice_along"](self, dim, index)


def _select(self: Tensor, dim: int, index: int, place: int = 0) -> Tensor:
    if not self.array.ndim:
        if index:
            raise IndexError(INDEX_OUT_OF_BOUNDS.format(index=index, dim=0, size=0))
        raise IndexError(INDEX_OF_0D)
    size = self.array.shape[dim]
    if not -size <= index < size:
        if not _INT64.min <= index <= _INT64.max:
            raise ValueError(INDEX_OVERFLOW)
        raise IndexError(INDEX_OUT_OF_BOUNDS.format(index=index, dim=place, size=size))
    result: Tensor = _f["select"](self, dim, index)
    return result


# -- reading an index --------------------------------------------------------------------------------


def _parts(index: Any, ndim: int) -> tuple[Any, ...]:
    """The parts of an index: integers, slices, None, Ellipsis, bools and, of all else, arrays of integers or bools.

    IndexError for more parts than the tensor has dimensions, ValueError for a step that is not positive, IndexError for
    what is no index, TypeError for text.
    """
    if not isinstance(index, tuple):
        if (type(index) is not list and not isinstance(index, Sequence)) or not _is_several(index):
            index = (index,)
        else:
            warn(INDEX_SEQUENCE)
    elif _BASIC.issuperset(map(type, index)):
        return tuple([_plain_slice(i) if type(i) is slice else i for i in index])
    if sum(map(_dimensions, index)) > ndim:  # torch counts before it looks at the parts
        raise IndexError(TOO_MANY_INDICES.format(ndim=ndim))
    return tuple(map(_part, index))


def _dimensions(part: Any) -> int:
    """For how many dimensions a part of an index is, as far as can be told before it is read."""
    if part is None or part is Ellipsis or type(part) is bool:
        return 0
    if isinstance(part, Tensor):
        return part.array.ndim if part.array.dtype in (np.bool_, np.uint8) else 1
    return 1


def _is_several(index: Sequence[Any]) -> bool:
    """Whether a sequence is read as a tuple of its parts, which is NumPy's rule of old (treatSequenceAsTuple)."""
    return len(index) < 32 and any(
        part is None or part is Ellipsis or isinstance(part, (slice, Tensor, Sequence, np.ndarray)) for part in index
    )


def _part(index: Any) -> Any:
    if index is None or index is Ellipsis or type(index) in (int, bool):
        return index
    if isinstance(index, slice):
        return _plain_slice(index)
    if isinstance(index, Tensor):
        return _of_array(index.array)
    if isinstance(index, (str, bytes)):
        raise TypeError(TEXT.format(type=type(index).__name__))
    if isinstance(index, (Sequence, np.ndarray)):
        array = index if isinstance(index, np.ndarray) and index.dtype.kind in "biu" else as_tensor(index).array
        return _of_array(array if array.dtype in (np.bool_, np.uint8) else array.astype(np.int64, copy=False))
    if hasattr(index, "__index__") and not isinstance(index, np.bool_):
        return operator.index(index)
    raise IndexError(INDEX_TYPE.format(found=type_name(index)))


def _of_array(array: Any) -> Any:
    """An array as a part of an index: an integer or a bool for a 0-d one, a mask of bools for one of uint8."""
    if begun and is_batched(array):
        return _of_batch(array)
    if array.dtype in (np.bool_, np.uint8):
        if not array.ndim:
            return bool(array)
        if array.dtype == np.bool_:
            return array
        warn(INDEX_BYTES)
        return array.astype(bool)
    if not array.ndim and array.dtype.kind == "i":
        return int(array)
    if array.dtype not in (np.int64, np.int32):
        raise IndexError(INDEX_DTYPE)
    return array


def _of_batch(array: Any) -> Any:
    """The same for one that differs from element to element of a batch: also a 0-d one stays an array.

    RuntimeError, as torch, for a mask, because the shape of the result would differ.
    """
    if array.dtype in (np.bool_, np.uint8):
        raise RuntimeError(MASKED)
    if array.dtype not in (np.int64, np.int32) and (array.ndim or array.dtype.kind != "i"):
        raise IndexError(INDEX_DTYPE)
    return array


def _plain_slice(index: slice) -> slice:
    start, stop, step = index.start, index.stop, index.step
    if step is None and type(start) is type(stop) is int:
        return index
    start, stop, step = (None if part is None else _bound(part) for part in (start, stop, step))
    if step is not None and step <= 0:
        raise ValueError(SLICE_STEP if step else SLICE_STEP_ZERO)
    return slice(start, stop, step)


def _bound(part: Any) -> int:
    try:
        return operator.index(part)
    except TypeError:
        if isinstance(part, Tensor):
            raise
        raise TypeError(SLICE_BOUND) from None


METHODS = {"__getitem__": getitem, "__setitem__": setitem}
