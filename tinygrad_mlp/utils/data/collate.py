"""Collating: how a list of samples becomes one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...arrays import dtypes
from ...tensor import FUNCTIONS, Tensor
from ...tensor.creation.data import as_tensor, tensor
from .refusals import CANNOT_COLLATE, UNEQUAL_LENGTHS


def default_collate(batch: Sequence[Any]) -> Any:
    """Join samples into a batch: B tensors or arrays of shape (*) become a tensor (B, *), B numbers a tensor (B,).

    Tuples, lists and dicts are collated part by part; tuples become lists, and named tuples and other types of lists
    and dicts keep their type. Python floats become float64, ints int64; strings stay a list. RuntimeError for sequences
    of unequal length, TypeError for other types. Source: torch.utils.data.default_collate.
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
    """Return a sample with its arrays as tensors, also within tuples, lists and dicts (torch.utils.data)."""
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
    """Return the parts in a copy of the sample, a mapping, or in a plain dict if that is not possible."""
    try:
        if not isinstance(first, MutableMapping):
            return type(first)(parts)
        twin = copy.copy(first)
        twin.update(parts)
        return twin
    except TypeError:
        return parts


def _sequence(first: Any, parts: list[Any]) -> Any:
    """Return the parts in a copy of the sample, a sequence, or in a list if that is not possible or it is a tuple."""
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
