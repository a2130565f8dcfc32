"""Collating: from a list of samples to one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...creation import as_tensor, tensor
from ...functions import FUNCTIONS
from ...tensor import Tensor
from .refusals import CANNOT_COLLATE, UNEQUAL_LENGTHS


def default_collate(batch: Sequence[Any]) -> Any:
    """The samples as one: tensors and arrays stacked, numbers as a tensor, tuples, lists and dicts part by part.

    Python floats give float64, text stays a list; tuples become lists, named tuples and other kinds of lists and dicts
    keep their type. RuntimeError for sequences of unequal length, TypeError for what cannot be collated. Source:
    torch.utils.data.default_collate.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return FUNCTIONS["stack"](list(batch), 0)
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise _cannot(first.dtype)
        return FUNCTIONS["stack"]([as_tensor(array) for array in batch], 0)
    if isinstance(first, (np.bool_, np.number)):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(part) for part in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(UNEQUAL_LENGTHS)
        return _sequence(first, [default_collate(part) for part in zip(*batch, strict=True)])
    raise _cannot(type(first))


def default_convert(sample: Any) -> Any:
    """A sample with tensors for its arrays, through tuples, lists and dicts (torch.utils.data.default_convert)."""
    if isinstance(sample, (np.ndarray, np.generic)) and sample.dtype.kind not in "SUO":
        return as_tensor(sample)
    if isinstance(sample, Mapping):
        return _mapping(sample, {key: default_convert(value) for key, value in sample.items()})
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(*map(default_convert, sample))
    if isinstance(sample, Sequence) and not isinstance(sample, (str, bytes)):
        return _sequence(sample, [default_convert(value) for value in sample])
    return sample


def _mapping(first: Any, parts: dict[Any, Any]) -> Any:
    """The parts in a mapping of the sample's own type, with whatever else it holds."""
    try:
        if not isinstance(first, MutableMapping):
            return type(first)(parts)
        twin = copy.copy(first)
        twin.update(parts)
        return twin
    except TypeError:
        return parts


def _sequence(first: Any, parts: list[Any]) -> Any:
    """The parts in a sequence of the sample's own type; in a list for a tuple."""
    try:
        if isinstance(first, tuple):
            return parts
        if not isinstance(first, MutableSequence):
            return type(first)(parts)
        twin = copy.copy(first)
        for i, part in enumerate(parts):
            twin[i] = part
        return twin
    except TypeError:
        return parts


def _cannot(found: Any) -> TypeError:
    return TypeError(CANNOT_COLLATE.format(found=found))
