"""Backward inside of backward: where many are nested, each goes on in a thread of its own.

The backward of a Function, or a hook, may call backward itself, and so on. Each call lies on Python's stack above the
one before, and the stack is limited. Torch moves to another thread when sixty are nested; the same is done here.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from ..tape import state
from .graph import saved
from .hooks import anomaly, running
from .modes import modes

__all__ = ["DEEP", "in_another_thread", "thread_like_this"]

T = TypeVar("T")

DEEP = 15  # backwards that may be nested in one thread: with what the user calls they take a part of its stack

# What a thread has of its own, and the new one takes over: grad mode and the like.
_LOCALS: tuple[threading.local, ...] = (state, modes, running, anomaly.local, saved.local)


def thread_like_this(function: Callable[[], object], name: str, daemon: bool | None = None) -> threading.Thread:
    """A thread, not started yet, that runs a function in the modes and the context of this one."""
    inherited = [(local, dict(vars(local))) for local in _LOCALS]
    context = contextvars.copy_context()

    def work() -> None:
        for local, values in inherited:
            vars(local).update(values)
        running.depth = 0
        context.run(function)

    return threading.Thread(target=work, name=name, daemon=daemon)


def in_another_thread(function: Callable[[], T]) -> T:
    """Run a function in a new thread, in the modes of this one, and return or raise what it does."""
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(function())
        except BaseException as error:
            failure.append(error)

    thread = thread_like_this(work, "backward in backward")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
