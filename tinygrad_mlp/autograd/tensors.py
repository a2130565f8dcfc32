"""How the modules below the class Tensor make and recognise tensors, without importing the class, which imports them.

The module of the class says once, when it is imported, how a Tensor is made of an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_tensor(value: object) -> bool:
    """Whether a value is a Tensor."""
    return hasattr(type(value), "needs_grad")


class _Maker:
    wrap: Callable[[Any], Any]


def wrap(array: Any) -> Any:
    """A Tensor over an array as it is: no copy, no history."""
    return _Maker.wrap(array)


def make_tensors_with(function: Callable[[Any], Any]) -> None:
    """Say how a Tensor is made of an array."""
    _Maker.wrap = staticmethod(function)
