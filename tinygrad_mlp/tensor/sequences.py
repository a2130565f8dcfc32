"""Which objects are sequences of numbers: those that have a length and items, whatever their type, as in torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..messages import type_name
from .refusals import NO_SHAPE, SEQUENCE_LENGTH, TEXT, TOO_MANY_DIMENSIONS

_NUMBERS = frozenset((float, int, bool))
_MOST = 128  # as many dimensions torch lets data have


def nested_lists(data: Any, *, text: bool = False) -> Any:
    """The data with lists in place of other sequences, of whatever depth; arrays and tensors stay as they are.

    TypeError for text and for what has items but no length, ValueError for text in a sequence and for a buffer that has
    several dimensions. With `text` bytes in a sequence are a sequence of integers.
    """
    if isinstance(data, (str, bytes)):
        raise TypeError(TEXT.format(type=type_name(data)))
    first = data
    for _ in range(_MOST):
        if not is_sequence(first) or not len(first) or (isinstance(first, np.ndarray) and not first.ndim):
            break
        if isinstance(first, memoryview) and first.ndim != 1:
            break
        first = first[0]
    else:
        raise ValueError(TOO_MANY_DIMENSIONS.format(type=type_name(first)))
    return _listed(data, text)


def is_sequence(x: Any) -> bool:
    """Whether Python's C interface counts an object as a sequence: it has items, and is no mapping."""
    kind = type(x)
    if kind in _NUMBERS:
        return False
    if isinstance(x, (Mapping, np.generic)) and not isinstance(x, str):
        return False
    return any("__getitem__" in vars(each) for each in kind.__mro__) and not hasattr(kind, "needs_grad")


def _listed(data: Any, text: bool) -> Any:
    if isinstance(data, (list, tuple)):
        return data if set(map(type, data)) <= _NUMBERS else [_listed(part, text) for part in data]
    if isinstance(data, np.ndarray) or not is_sequence(data) or isinstance(data, str if text else (str, bytes)):
        return data
    if isinstance(data, memoryview) and data.ndim != 1:
        raise ValueError(NO_SHAPE.format(type="memoryview"))
    length, parts = len(data), list(data)
    if len(parts) != length:
        raise ValueError(SEQUENCE_LENGTH.format(length=length, dim=0, found=len(parts)))
    return _listed(parts, text)
