"""The device "meta": arrays that have a shape and a dtype and no elements.

A model that is made there costs no memory and no time, and gets its numbers later. Such an array stands where a NumPy
array stands otherwise, and what would need its elements is refused: NumPy asks it first, by its own protocols.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .refusals import NO_DATA, NO_ITEM, NO_OPERATORS

_FLAGS = SimpleNamespace(c_contiguous=True, f_contiguous=False, writeable=True, owndata=True)


class MetaArray(NDArrayOperatorsMixin):
    """The shape and the dtype of an array in C order; what is written into it is forgotten.

    NotImplementedError, or RuntimeError for a single number, for all that needs the elements.
    """

    __slots__ = ("dtype", "shape")
    base = None
    flags = _FLAGS

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements that it would have."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """The size of an element, in bytes."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The size of the memory that it would take, in bytes."""
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """How far apart neighbours along each dimension would lie, in bytes."""
        return tuple(self.itemsize * math.prod(self.shape[dim + 1 :]) for dim in range(self.ndim))

    def astype(self, dtype: Any, **options: Any) -> MetaArray:
        """The same shape in another dtype."""
        return MetaArray(self.shape, dtype)

    def copy(self, order: str = "C") -> MetaArray:
        """The same again."""
        return MetaArray(self.shape, self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(NO_OPERATORS)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def fill(self, value: Any) -> None:
        """Forget the value."""

    def __getattr__(self, name: str) -> Any:  # what else a NumPy array has is made of its elements
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(NO_OPERATORS)

    def item(self) -> Any:
        """Refuse: RuntimeError."""
        raise RuntimeError(NO_ITEM)

    def tolist(self) -> Any:
        """Refuse: NotImplementedError."""
        raise NotImplementedError(NO_DATA)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError(NO_DATA)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        raise NotImplementedError(NO_OPERATORS)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.copyto and isinstance(args[0], MetaArray):
            return
        raise NotImplementedError(NO_DATA if function is np.copyto else NO_OPERATORS)


def is_meta(place: Any) -> bool:
    """Whether a `device` argument names the device without memory, as text or object."""
    kind = place if type(place) is str else getattr(place, "type", "")
    return kind == "meta" or (type(kind) is str and kind.startswith("meta:"))
