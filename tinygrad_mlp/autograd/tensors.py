"""How the modules below the class Tensor make and recognise tensors, without importing the class, which imports them.

The module of the class says once, when it is imported, how a Tensor is made of an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def is_tensor(value: object) -> bool:
    """Whether a value is a Tensor."""
    return hasattr(type(value), "needs_grad")


class _Maker:
    wrap: Callable[[Any], Any]


def wrap(array: Any) -> Any:
    """A Tensor over an array as it is: no copy, no history."""
    return _Maker.wrap(array)


def given_out(g: Any) -> Any:
    """A cotangent, an array, as a Tensor for a hook, a Function or the caller of `grad`, who may write to it.

    The cotangent of a sum is one number that all elements share: it gets memory of its own. And what NumPy gives for an
    array without dimensions is a number, whose dtype would not count.
    """
    array = np.asarray(g) if isinstance(g, np.generic) else g
    return wrap(array.copy() if 0 in array.strides and array.size > 1 else array)


def make_tensors_with(function: Callable[[Any], Any]) -> None:
    """Say how a Tensor is made of an array."""
    _Maker.wrap = staticmethod(function)
