"""Indexing: `x[index]` and `x[index] = value`.

As in torch, integers, slices and None give views, one after the other; tensors of indices and masks give a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.silence import silently
from ..autograd.inplace.views import refresh
from ..ops.indexing import is_basic
from .functions import FUNCTIONS, INPLACE
from .refusals import (
    INDEX_DTYPE,
    INDEX_FLOAT,
    INDEX_OF_0D,
    INDEX_OF_NOTHING,
    INDEX_OUT_OF_BOUNDS,
    MASK_SHAPE,
    SLICE_OF_0D,
    SLICE_STEP,
    SLICE_STEP_ZERO,
    TEXT,
    TOO_MANY_INDICES,
    VALUE_TYPE,
)
from .tensor import Tensor, wrap

_f = FUNCTIONS
_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value, recorded where a gradient is needed (torch.Tensor.__setitem__).

    TypeError for a value that is neither a number nor a Tensor, IndexError for an index that does not fit.
    """
    if isinstance(value, (list, tuple, str, dict, np.ndarray, type(None))):
        kind = "numpy.ndarray" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(VALUE_TYPE.format(found=kind, tensor_type=self.dtype.tensor_type))
    index = plain_index(index)
    if not is_basic(index):
        self, index = _before_arrays(self, index)
        if not self.array.ndim:
            raise IndexError(TOO_MANY_INDICES.format(ndim=0))
        try:
            INPLACE["put_"](self, index, value)
        except IndexError as error:
            raise _index_error(self, index, str(error)) from None
        return
    part = _view_at(self, (index,) if self.array.ndim and not isinstance(index, tuple) else index)
    if not isinstance(value, Tensor):
        value = wrap(silently(np.asarray, value, part.array.dtype))
    shape = part.array.shape
    if value.array.shape == shape:
        INPLACE["assign_"](part, value)
    elif not value.array.ndim:
        INPLACE["fill_with_tensor_"](part, value)
    else:
        ones = next((d for d, n in enumerate(value.array.shape) if n != 1), value.array.ndim)
        value = _f["reshape"](value, value.array.shape[ones:])
        INPLACE["assign_"](part, _f["expand"](value, shape) if value.array.shape != shape else value)


def _is_one_bool(index: Any) -> bool:
    """Whether an index is a single bool, which torch takes as a mask over a new dimension of size 1."""
    return getattr(getattr(index, "dtype", None), "kind", "") == "b" and not index.ndim


def _before_arrays(self: Tensor, index: Any) -> tuple[Tensor, Any]:
    """Apply the integers, slices and None of an index first, as torch does.

    Returns the view that they give, and the index that is left, with the arrays. NumPy would treat an integer beside
    arrays as one more array, which can move dimensions to the front.
    """
    if _is_one_bool(index):
        return _f["unsqueeze"](self, 0), np.reshape(index, 1)
    if not isinstance(index, tuple) or not any(part is None or isinstance(part, (int, slice)) for part in index):
        return self, index
    view: list[Any] = []
    rest: list[Any] = []
    for part in index:
        if isinstance(part, np.ndarray):
            view += [slice(None)] * (part.ndim if part.dtype == bool else 1)
            rest.append(part)
        else:
            view.append(part)
            if not isinstance(part, int):
                rest.append(part if part is Ellipsis else slice(None))
    return _view_at(self, tuple(view)), tuple(rest)


def _view_at(self: Tensor, index: Any) -> Tensor:
    """self[index] for integers, slices, None and Ellipsis, one view after the other, as torch makes them."""
    if isinstance(index, int):
        return _select(self, 0, index)
    if isinstance(index, slice):
        if not self.array.ndim:
            if self.viewed is not None:
                refresh(self)  # if this view cannot follow a write to its base, torch refuses that first
            raise IndexError(SLICE_OF_0D)
        return _f["slice_along"](self, 0, index)
    if not isinstance(index, tuple):
        index = (index,)
    ndim, dim, part = self.array.ndim, 0, self
    taken = len(index) - index.count(None) - index.count(Ellipsis)
    if taken > ndim:
        raise IndexError(TOO_MANY_INDICES.format(ndim=ndim))
    for place, i in enumerate(index):
        if i is None:
            part = _f["unsqueeze"](part, dim)
            dim += 1
        elif i is Ellipsis:
            dim += ndim - taken
        elif isinstance(i, slice):
            whole = not i.start and i.step in (None, 1) and (i.stop is None or i.stop >= part.array.shape[dim])
            if not whole:
                part = _f["slice_along"](part, dim, i)
            dim += 1
        else:
            part = _select(part, dim, i, place)
    return part


def _select(self: Tensor, dim: int, index: int, place: int = 0) -> Tensor:
    if not self.array.ndim:
        if index:
            raise IndexError(INDEX_OUT_OF_BOUNDS.format(index=index, dim=0, size=0))
        raise IndexError(INDEX_OF_0D)
    size = self.array.shape[dim]
    if not -size <= index < size:
        raise IndexError(INDEX_OUT_OF_BOUNDS.format(index=index, dim=place, size=size))
    result: Tensor = _f["select"](self, dim, index)
    return result


def plain_index(index: Any) -> Any:
    """An index as NumPy takes it, with arrays for Tensors and lists.

    ValueError for a step that is not positive, IndexError for a float, TypeError for text.
    """
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    if isinstance(index, Tensor):
        array = index.array
        return (
            array.astype(bool)
            if array.dtype == np.uint8
            else array
            if array.ndim or array.dtype == bool
            else int(array)
        )
    if isinstance(index, list):
        return np.array([int(x) if isinstance(x, Tensor) else x for x in index]) if index else np.zeros(0, np.int64)
    if isinstance(index, str):
        raise TypeError(TEXT.format(type="str"))
    if isinstance(index, float):
        raise IndexError(INDEX_FLOAT)
    return _plain_slice(index) if isinstance(index, slice) else index


def _plain_slice(index: slice) -> slice:
    start, stop, step = index.start, index.stop, index.step
    if step is not None and int(step) <= 0:
        raise ValueError(SLICE_STEP if int(step) else SLICE_STEP_ZERO)
    if type(start) is type(stop) is int and step is None:
        return index
    return slice(*(None if part is None else int(part) for part in (start, stop, step)))


def getitem(self: Tensor, index: Any) -> Tensor:
    """self[index]: a view for integers and slices, a copy for tensors and masks; IndexError as torch's."""
    if type(index) is int:
        return _select(self, 0, index)
    if type(index) is slice:
        part = _view_at(self, _plain_slice(index))
        return _f["alias"](self) if part is self else part
    if type(index) is tuple and _BASIC.issuperset(map(type, index)):
        part = _view_at(self, tuple(_plain_slice(i) if type(i) is slice else i for i in index))
        return _f["alias"](self) if part is self else part
    index = plain_index(index)
    if is_basic(index):
        part = _view_at(self, index)
        return _f["alias"](self) if part is self else part
    try:
        self, index = _before_arrays(self, index)
        result: Tensor = _f["getitem"](self, index)
        return result
    except IndexError as error:
        raise _index_error(self, index, str(error)) from None


def _index_error(self: Tensor, index: Any, text: str) -> IndexError:
    if not self.array.ndim and isinstance(index, int):
        return IndexError(INDEX_OF_0D)
    if text.startswith("too many indices"):
        return IndexError(TOO_MANY_INDICES.format(ndim=self.array.ndim))
    if text.startswith("arrays used as indices"):
        return IndexError(INDEX_DTYPE)
    if text.startswith("boolean index did not match") and isinstance(index, np.ndarray):
        return IndexError(MASK_SHAPE.format(mask=list(index.shape), shape=list(self.shape)))
    if isinstance(index, np.ndarray) and text.endswith("with size 0"):
        return IndexError(INDEX_OF_NOTHING)
    return IndexError(text.replace(" for axis ", " for dimension "))


for _name, _method in {"__getitem__": getitem, "__setitem__": setitem}.items():
    setattr(Tensor, _name, _method)
