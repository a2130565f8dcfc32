"""Marks on new tensors: that they were made in inference mode, and in which of func's transforms.

While a thread is in such a mode, the modules that make tensors make them with `_make`, which marks them. At other times
they make them with `object.__new__`, and nothing is asked.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

from .modes import modes

_makers: list[dict[str, Any]] = []
_lock = threading.Lock()
_inside = 0


class _Made(threading.local):
    def __init__(self) -> None:
        self.tensors: set[weakref.ref[Any]] = set()


made = _Made()  # the tensors that this thread made in inference mode


def make_with(namespace: dict[str, Any]) -> None:
    """Tell of a module that makes tensors with its global `new`."""
    _makers.append(namespace)


def mark(tensor: Any) -> None:
    """Mark a new tensor with the modes that this thread is in."""
    if modes.inference:
        tensor._inference = True
        made.tensors.add(weakref.ref(tensor, made.tensors.discard))
    if modes.transform:
        tensor._transform = modes.transform


def _make(cls: Any) -> Any:
    tensor = object.__new__(cls)
    mark(tensor)
    return tensor


def begin() -> None:
    """Note that a thread enters a mode in which new tensors are marked."""
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            for namespace in _makers:
                namespace["new"] = _make


def end() -> None:
    """Note that a thread leaves such a mode."""
    global _inside
    with _lock:
        _inside -= 1
        if not _inside:
            for namespace in _makers:
                namespace["new"] = object.__new__
