"""Collating: how a list of samples becomes one batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ....arrays import dtypes
from ....tensor import FUNCTIONS, Tensor
from ....tensor.creation.data import as_tensor, tensor
from ..refusals import CANNOT_COLLATE, UNEQUAL_LENGTHS

CollateMap = dict[Any, Callable[..., Any]]


def default_collate(batch: Sequence[Any]) -> Any:
    """Join samples into a batch: B tensors or arrays of shape (*) become a tensor (B, *), B numbers a tensor (B,).

    Tuples, lists and dicts are collated part by part; tuples become lists, and named tuples and other types of lists
    and dicts keep their type. Python floats become float64, ints int64; strings stay a list. RuntimeError for sequences
    of unequal length, TypeError for other types. What is done for each type stands in `default_collate_fn_map`, which
    a program may change. Source: torch.utils.data.default_collate.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Join samples by the function that the map gives for the type of the first one, or else part by part.

    The keys of the map are types or tuples of types; a subclass is treated as the first of the types in the map that
    it belongs to. A function takes the samples, and the map as the keyword `collate_fn_map`. RuntimeError for sequences
    of unequal length, TypeError for a type that is in no map and has no parts. Source:
    torch.utils.data._utils.collate.collate.
    """
    first = batch[0]
    function = _function_for(first, collate_fn_map) if collate_fn_map is not None else None
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _mapping(first, lambda key: collate([part[key] for part in batch], collate_fn_map=collate_fn_map))
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(collate(part, collate_fn_map=collate_fn_map) for part in zip(*batch, strict=False)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(UNEQUAL_LENGTHS)
        parts = (collate(part, collate_fn_map=collate_fn_map) for part in zip(*batch, strict=False))
        return _sequence(first, list(parts))
    raise _cannot(type(first))


def default_convert(data: Any) -> Any:
    """Return a sample with its arrays as tensors, also within tuples, lists and dicts; tuples become lists.

    Arrays of strings or objects, and all other values, stay as they are. Source: torch.utils.data.default_convert.
    """
    if isinstance(data, Tensor):
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_):
        return data if isinstance(data, np.ndarray) and _has_no_numbers(data) else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping(data, lambda key: default_convert(data[key]))
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _sequence(data, [default_convert(value) for value in data])
    return data


def is_default(collate_fn: Any) -> bool:
    """Whether batches are collated as this package does it: by its own function, with its own map."""
    return collate_fn is default_collate and default_collate_fn_map == _OWN_MAP


def _function_for(first: Any, functions: CollateMap) -> Callable[..., Any] | None:
    kind = type(first)
    if kind in functions:
        return functions[kind]
    return next((function for types, function in functions.items() if isinstance(first, types)), None)


def _mapping(first: Any, part: Callable[[Any], Any]) -> Any:
    """Return the parts in a copy of the sample, a mapping, or in a plain dict if that is not possible."""
    parts = {key: part(key) for key in first}
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


def _has_no_numbers(array: np.ndarray[Any, Any]) -> bool:
    return array.dtype.kind in "SUO"


def _cannot(found: Any) -> TypeError:
    return TypeError(CANNOT_COLLATE.format(found))


# -- what is done for each type; torch has the same names --------------------------------------------


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """B tensors of shape (*), stacked to one of shape (B, *)."""
    return FUNCTIONS["stack"](list(batch), 0)


def collate_numpy_array_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """B arrays, as tensors, collated by the map; TypeError for arrays of strings or objects."""
    if _has_no_numbers(batch[0]):
        raise _cannot(batch[0].dtype)
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """B of NumPy's scalars as a tensor (B,)."""
    return as_tensor(np.array(batch))


def collate_float_fn(batch: Iterable[float], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """B floats as a tensor (B,) of float64."""
    return tensor(batch, dtype=dtypes.float64)


def collate_int_fn(batch: Iterable[int], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """B ints, or bools, as a tensor (B,)."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Strings, as they are."""
    return batch


default_collate_err_msg_format = CANNOT_COLLATE
default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}
_OWN_MAP = dict(default_collate_fn_map)
