"""The frames on the way of an exception: those of the package, and the one of the user's program that called it.

Only what lies in the frames is read. Nothing of the user's runs, and nothing is kept.
"""

from __future__ import annotations

import sys
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any

_PACKAGE = __name__.partition(".")[0]
# The programs among the examples are a user's; and the judges of `testing` catch what they compare.
_PROGRAMS, _JUDGES = f"{_PACKAGE}.examples", f"{_PACKAGE}.testing"


def way_of(error: BaseException, door: FrameType) -> tuple[FrameType, list[FrameType]] | None:
    """The frame of the user's program that called the package, and the package's from there to where it refused.

    The exception is on its way out through the frame `door`, or is about to be raised there. None where it does not
    leave the package, and where it comes from a part of the user's program that the package has called.
    """
    inner: list[FrameType] = []
    traceback = error.__traceback__
    while traceback is not None:
        inner.append(traceback.tb_frame)
        traceback = traceback.tb_next
    frame: FrameType | None = door
    if not all(_is_of_the_package(each) for each in inner):
        return None
    outer: list[FrameType] = []
    while frame is not None and _is_of_the_package(frame):
        if _module(frame).startswith(_JUDGES):
            return None
        outer.append(frame)
        frame = frame.f_back
    return None if frame is None else (frame, [*reversed(outer), *inner[1:]])


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    if type(name) is str:
        return name
    return _PACKAGE if frame.f_code.co_filename.startswith(f"<{_PACKAGE}") else ""  # what is compiled from text


def _is_of_the_package(frame: FrameType) -> bool:
    name = _module(frame)
    return (name == _PACKAGE or name.startswith(f"{_PACKAGE}.")) and not name.startswith(_PROGRAMS)


def variables_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame; empty for a frame whose variables are in an object of the user's own."""
    found: Any = frame.f_locals
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return dict(found) if type(found) is dict else {}
    variables = dict(found)
    # Before Python 3.13 a function's frame keeps the dict that it has made for us, and with it all the objects in it,
    # for as long as the function runs. If nobody else has asked for the dict, it is emptied.
    if type(found) is dict and sys.getrefcount(found) <= 3:
        found.clear()
    return variables


def arguments_of(frame: FrameType) -> dict[str, Any]:
    """The arguments that a function was called with, by the names of its parameters; `*args` are numbered."""
    code, variables = frame.f_code, variables_of(frame)
    count = code.co_argcount + code.co_kwonlyargcount
    arguments = {name: variables[name] for name in code.co_varnames[:count] if name in variables}
    if code.co_flags & 0x04:  # CO_VARARGS
        rest = code.co_varnames[count]
        arguments |= {f"{rest}[{i}]": value for i, value in enumerate(variables.get(rest, ()))}
    return arguments
