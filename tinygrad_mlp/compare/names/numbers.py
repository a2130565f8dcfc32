"""Which values of a program are numbers that can be compared: arrays, tensors of both frameworks, Python floats."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
ITEMS = 20  # of a list, a tuple or a dictionary that is looked into
_DEPTH = 3  # how many containers deep


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor of this package or of torch, which is not imported for that."""
    theirs = getattr(sys.modules.get("torch"), "Tensor", Tensor)
    return isinstance(value, (Tensor, theirs))


def is_numbers(value: Any) -> bool:
    """Whether a value is an array or a tensor of real numbers or bools, or a Python float."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fiub"
    if is_tensor(value):
        return "complex" not in str(value.dtype) and not getattr(value, "is_sparse", False)
    return type(value) is float


def as_array(value: Any) -> Array:
    """The numbers of a value, in its own memory where that is possible."""
    if is_tensor(value):
        value = value.detach().cpu()
        try:
            value = value.numpy()
        except TypeError:  # a dtype that NumPy lacks, such as bfloat16
            value = value.float().numpy()
    return np.asarray(value)


def memory_of(value: Any) -> int | None:
    """A number that values have in common where one is a view of the other; None for what cannot be written to."""
    if is_tensor(value):
        if not isinstance(value, Tensor):
            return int(value.untyped_storage().data_ptr()) if value.layout is sys.modules["torch"].strided else None
        value = as_array(value)
    if not isinstance(value, np.ndarray):
        return None
    while isinstance(value.base, np.ndarray):
        value = value.base
    return int(value.__array_interface__["data"][0])


def leaves(value: Any, is_own: Any, depth: int = _DEPTH) -> Iterator[tuple[str, Any]]:
    """The arrays and tensors in a container, a module or an object of the program, with the way to each: "0.weight".

    `is_own` says of a class whether it is the program's. Lists of numbers, such as the losses so far, are left out.
    """
    for name, item in _items(value, is_own):
        if is_numbers(item):
            if np.ndim(item) or not isinstance(value, (list, tuple)):
                yield name, item
        elif depth:
            for rest, leaf in leaves(item, is_own, depth - 1):
                yield f"{name}.{rest}", leaf


def _items(value: Any, is_own: Any) -> list[tuple[str, Any]]:
    if isinstance(value, (list, tuple)):
        return [(str(i), item) for i, item in enumerate(value)] if len(value) <= ITEMS else []
    if isinstance(value, dict):
        return [(str(k), v) for k, v in value.items() if isinstance(k, (str, int))] if len(value) <= ITEMS else []
    if hasattr(type(value), "named_parameters"):
        own = list(value.named_parameters()) + list(value.named_buffers())
        known = {name for name, _ in own}
        others = [(name, item) for name, item in vars(value).items() if name[:1] != "_" and name not in known]
        return own + [(name, item) for name, item in others if is_numbers(item)]
    if is_own(type(value)):
        return [(name, item) for name, item in getattr(value, "__dict__", {}).items() if name[:2] != "__"]
    return []


def is_container(value: Any, is_own: Any) -> bool:
    """Whether a value may have arrays in it that belong to its name."""
    return isinstance(value, (list, tuple, dict)) or hasattr(type(value), "named_parameters") or is_own(type(value))
