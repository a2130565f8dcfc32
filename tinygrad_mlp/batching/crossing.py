"""How arrays get into a batch and out of it. Each of the functions is linear, and the transpose of another:

entered: a dimension becomes the batch                    left: the batch becomes a dimension
shared: every element of the batch gets the same array    summed: the sum over the batch
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .array import BatchedArray
from .batches import Batch


def _within(array: Any, batch: Batch) -> bool:
    """Whether an array is one of a younger batch, which stays the outermost wrapper."""
    return type(array) is BatchedArray and array.batch.number > batch.number


def _inside(function: Any, array: BatchedArray, *args: Any) -> BatchedArray:
    return BatchedArray(function(array.value, *args), array.batch, array.varies)


def entered(array: Any, dim: int, batch: Batch) -> BatchedArray:
    """The array with its dimension `dim`, counted from the front, as the batch: a view."""
    if _within(array, batch):
        return _inside(entered, array, dim + array.varies, batch)
    return BatchedArray(np.moveaxis(array, dim, 0) if dim else array, batch)


def left(array: Any, dim: int, batch: Batch) -> Any:
    """The array with the batch as its dimension `dim`; along it what does not vary is repeated, without a copy."""
    if _within(array, batch):
        return _inside(left, array, dim + array.varies, batch)
    own = type(array) is BatchedArray and array.batch is batch
    value = array.value if own else array
    if not own or not array.varies:
        value = np.broadcast_to(value, (batch.size, *np.shape(value)))
    return np.moveaxis(value, 0, dim) if dim else value


def shared(array: Any, batch: Batch) -> BatchedArray:
    """The array as that of every element of the batch."""
    if _within(array, batch):
        return _inside(shared, array, batch)
    if type(array) is BatchedArray and array.batch is batch:
        return array
    return BatchedArray(array, batch, False)


def summed(array: Any, batch: Batch) -> Any:
    """The sum over the batch, of which what does not vary is a multiple."""
    if _within(array, batch):
        return _inside(summed, array, batch)
    if type(array) is BatchedArray and array.batch is batch:
        return np.add.reduce(array.value, axis=0) if array.varies else array.value * batch.size
    return array * batch.size


def batches_of(array: Any) -> list[Batch]:
    """The batches of an array, from the youngest to the oldest."""
    found = []
    while type(array) is BatchedArray:
        found.append(array.batch)
        array = array.value
    return found


def spread(array: Any, model: Any) -> Any:
    """A new array with memory for each element of the batches of another."""
    for batch in reversed(varying_batches(model)):
        array = BatchedArray(np.repeat(array[None], batch.size, 0), batch)
    return array


def varying_batches(array: Any) -> list[Batch]:
    """The batches whose elements have arrays of their own."""
    found = []
    while type(array) is BatchedArray:
        if array.varies:
            found.append(array.batch)
        array = array.value
    return found
