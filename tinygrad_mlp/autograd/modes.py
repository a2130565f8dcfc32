"""The modes that a thread can be in besides grad mode: inference mode, the transforms of `func`, rules on Tensors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class _Modes(threading.local):
    inference = False  # nothing is recorded, and what is made can never be
    transform = 0  # the number of the innermost of func's transforms that run their functions; 0 for none
    lowered = False  # what runs is no business of the transforms around it, such as the forward of a Function
    rules = False  # rules of the derivative table run on Tensors, which have NumPy's protocols as long


modes = _Modes()


def as_rule(function: Callable[..., Any], *args: Any) -> Any:
    """Call what runs rules on Tensors, so that the NumPy functions in its lines are recorded.

    For everybody else a NumPy function makes arrays of the Tensors that it is given, as it does with torch's.
    """
    outer, modes.rules = modes.rules, True
    try:
        return function(*args)
    finally:
        modes.rules = outer
