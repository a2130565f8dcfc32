"""How a batched array is indexed, and written to: by what is the same for all elements, and by what each has itself."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .array import UFUNC_RULES, BatchedArray, again, each
from .batches import Batch, ReadsValues
from .refusals import MASKED, UNBATCHED_WRITE
from .rules import fitted, peel, rule_for, whole


class _Index:
    """An index of one element as an index of the whole batch.

    `whole` is that index. Where arrays stand in it, `count` is how many dimensions they give and `place` where these
    begin in the result for one element; `in_front` says that NumPy puts them, with the batch, in front instead.
    """

    def __init__(self, batch: Batch, x: Any, index: Any) -> None:
        parts = _parts(index, x.ndim)
        arrays = [i for i in parts if hasattr(i, "dtype")]
        own = any(peel(i, batch)[1] for i in arrays)
        varies = peel(x, batch)[1]
        self.count = max((i.ndim for i in arrays), default=0)
        places = [k for k, i in enumerate(parts) if hasattr(i, "dtype") or (arrays and _is_integer(i))]
        together = not places or places[-1] - places[0] == len(places) - 1
        self.place = sum(not _is_integer(i) for i in parts[: places[0]]) if places and together else 0
        values = [fitted(i, batch, self.count) if hasattr(i, "dtype") else i for i in parts]
        if not own:
            self.whole = (slice(None), *values) if varies else tuple(values)
            self.batch_at = (0 if together else self.count) if varies else None
            self.arrays_at = self.place + 1 if together else 0
        elif varies:
            first = np.arange(batch.size).reshape((-1, *(1,) * self.count))
            self.whole = (first, *values)
            self.batch_at, self.arrays_at = 0, self.place + 1 if together and not self.place else 1
        else:
            self.whole = tuple(values)
            self.batch_at = self.place
            self.arrays_at = self.place + 1

    def ordered(self, part: Any) -> Any:
        """What NumPy takes at this index, with the batch in front and the dimensions of the arrays in their place."""
        if self.batch_at:
            part = np.moveaxis(part, self.batch_at, 0)
            if self.arrays_at == 0:
                self.arrays_at = 1
        wanted = self.place + 1
        if self.count and self.arrays_at < wanted:
            source = range(self.arrays_at, self.arrays_at + self.count)
            part = np.moveaxis(part, list(source), list(range(wanted, wanted + self.count)))
        return part

    @property
    def is_in_order(self) -> bool:
        """Whether NumPy gives the dimensions in that order by itself."""
        return self.batch_at == 0 and (not self.count or self.arrays_at == self.place + 1)


def _is_integer(i: Any) -> bool:
    return isinstance(i, (int, np.integer)) and not isinstance(i, bool)


def _parts(index: Any, ndim: int) -> list[Any]:
    """The parts of an index, with slices for an Ellipsis, lists as arrays, and for a mask the places that it holds."""
    parts: list[Any] = []
    for i in index if isinstance(index, tuple) else (index,):
        if isinstance(i, list):
            i = np.asarray(i)
        if isinstance(i, bool):
            i = np.asarray(i)
        if getattr(i, "dtype", None) == np.bool_:
            if type(i) is BatchedArray:
                raise RuntimeError(MASKED)
            parts += i.nonzero() if i.ndim else [None, np.arange(int(i))]
        else:
            parts.append(i)
    if not any(i is Ellipsis for i in parts):
        return parts
    dots = next(k for k, i in enumerate(parts) if i is Ellipsis)
    taken = sum(i is not None and i is not Ellipsis for i in parts)
    return [*parts[:dots], *[slice(None)] * (ndim - taken), *parts[dots + 1 :]]


@rule_for(operator.getitem)
def _getitem(batch: Batch, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, index = args
    if type(index) is int:
        if not -len(x) <= index < len(x):
            raise IndexError(f"index {index} is out of bounds for axis 0 with size {len(x)}")
        return BatchedArray(x.value[:, index], batch)
    taken = _Index(batch, x, index)
    value, _ = peel(x, batch)
    return again(taken.ordered(value[taken.whole]), batch)


@rule_for(operator.setitem)
def _setitem(batch: Batch, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    x, index, value = args
    if type(x) is not BatchedArray or x.batch is not batch:
        raise ReadsValues(UNBATCHED_WRITE)
    x.expand()
    if _has_mask(index) or not (taken := _Index(batch, x, index)).is_in_order:
        each(batch, function, args, kwargs)
        return
    x.value[taken.whole] = _assigned(batch, x, taken, value)


def _has_mask(index: Any) -> bool:
    """Whether a mask that differs from element to element stands in an index."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(type(i) is BatchedArray and i.dtype == np.bool_ for i in parts)


def _assigned(batch: Batch, x: BatchedArray, taken: _Index, value: Any) -> Any:
    """A value as it is written to an index of the whole batch."""
    own, varies = peel(value, batch)
    if not varies:
        return own
    ndim = x.value[taken.whole].ndim - 1
    while own.ndim - 1 > ndim and own.shape[1] == 1:
        own = own[:, 0]
    return fitted(BatchedArray(own, batch), batch, ndim)


def _added_at(batch: Batch, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """`ufunc.at(x, index, value)`."""
    x, index = args[:2]
    if type(x) is not BatchedArray or x.batch is not batch:
        raise ReadsValues(UNBATCHED_WRITE)
    x.expand()
    taken = _Index(batch, x, index)
    if not taken.is_in_order:
        each(batch, function, args, kwargs)
        return
    function(x.value, taken.whole, *(_assigned(batch, x, taken, value) for value in args[2:]))


UFUNC_RULES["at"] = _added_at


@rule_for(np.take)
def _take(batch: Batch, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(("a", "indices", "axis"), args, strict=False)), **kwargs}
    x, indices, axis = given["a"], given["indices"], given.get("axis")
    if axis is None or set(given) - {"a", "indices", "axis"} or not hasattr(indices, "dtype"):
        return each(batch, function, args, kwargs)
    index = (*(slice(None),) * (axis % x.ndim), indices)
    return _getitem(batch, operator.getitem, (x, index), {})


@rule_for(np.take_along_axis)
def _take_along_axis(batch: Batch, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(("arr", "indices", "axis"), args, strict=False)), **kwargs}
    x, indices, axis = given["arr"], given["indices"], given.get("axis", -1)
    if axis is None or not x.ndim:
        return each(batch, function, args, kwargs)
    return again(function(whole(x, batch), whole(indices, batch), axis=axis % x.ndim + 1), batch)
