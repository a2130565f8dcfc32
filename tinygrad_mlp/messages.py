"""Warnings, and the names of types, as torch's messages have them; and the notes that are added to exceptions.

A warning points at the line of the user's program that called the package. Some are given only once in a process.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from types import FrameType
from typing import TypeVar

_PACKAGE = __name__.partition(".")[0]
_said: set[str] = set()
_Refusal = TypeVar("_Refusal", bound=Exception)


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


def noted(error: _Refusal) -> _Refusal:
    """The same exception, with a note that says what to do about it, if there is one for it (PEP 678).

    It is called where refusals leave the package. The room of the notes knows tensors, modules and optimisers, and so
    it is above all that refuses; it is imported by its name, and only when something has been raised. Python 3.10 has
    no notes, and the environment's TINYGRAD_MLP_NOTES=0 switches them off.
    """
    if hasattr(error, "add_note") and type(error) in _EXPLAINED and os.environ.get("TINYGRAD_MLP_NOTES") != "0":
        importlib.import_module(f"{_PACKAGE}.notes").explain(error, sys._getframe(1))
    return error


_EXPLAINED = frozenset((RuntimeError, ValueError, IndexError))

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement


def type_name(value: object) -> str:
    """The name of a value's type as CPython keeps it (tp_name): types written in C have their module in front."""
    kind = type(value)
    if kind.__flags__ & _HEAP_TYPE or kind.__module__ == "builtins":
        return kind.__name__
    return f"{kind.__module__}.{kind.__name__}"
