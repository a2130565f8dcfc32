"""Warnings, and the names of types, as torch's messages have them.

A warning points at the line of the user's program that called the package. Some are given only once in a process.
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_PACKAGE = __name__.partition(".")[0]
_said: set[str] = set()


def caller() -> FrameType | None:
    """The innermost frame that is not one of the package: the line of the user's program that called it."""
    frame: FrameType | None = sys._getframe(1)
    # Globals without __name__ are those of a function that the package has compiled from text.
    while frame is not None and frame.f_globals.get("__name__", _PACKAGE).partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return frame


def warn(text: str) -> None:
    """Give a UserWarning that points at the line of the user's program that called the package."""
    level, frame, program = 1, sys._getframe(), caller()
    while frame.f_back is not None and frame is not program:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, stacklevel=level)


def warn_once(text: str) -> None:
    """Give a warning as `warn` does, but only the first time in a process (torch's TORCH_WARN_ONCE)."""
    if text not in _said:
        _said.add(text)
        warn(text)


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement


def type_name(value: object) -> str:
    """The name of a value's type as CPython keeps it (tp_name): types written in C have their module in front."""
    kind = type(value)
    if kind.__flags__ & _HEAP_TYPE or kind.__module__ == "builtins":
        return kind.__name__
    return f"{kind.__module__}.{kind.__name__}"
