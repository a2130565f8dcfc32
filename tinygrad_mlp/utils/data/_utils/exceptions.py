"""Exceptions of a worker, which are raised again in the parent with the worker's traceback in their text."""

from __future__ import annotations

import sys
from typing import Any, NoReturn


class KeyErrorMessage(str):
    """A text that KeyError, which shows the repr of its argument, shows with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ExceptionWrapper:
    """The type and the traceback of the exception that is being handled, to be raised in another process.

    `where` is the place that the text names. Source: torch._utils.ExceptionWrapper.
    """

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        import traceback  # imported here because only exceptions need it

        kind, value, trace = sys.exc_info() if exc_info is None else exc_info
        self.exc_type: Any = kind
        self.exc_msg = "".join(traceback.format_exception(kind, value, trace))
        self.where = where

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type; RuntimeError if that takes other arguments than a text."""
        text = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            text = KeyErrorMessage(text)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=text)
        try:
            error = self.exc_type(text)
        except Exception:
            raise RuntimeError(text) from None
        try:
            raise error
        finally:
            del error  # else the frame and the exception would keep each other alive, and with them all workers
