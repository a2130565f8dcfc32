"""Grad mode: whether what runs now is written on the tape. It belongs to the thread, as in torch."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class _State(threading.local):
    recording = True


state = _State()


def is_grad_enabled() -> bool:
    """Whether operators are recorded in this thread."""
    return state.recording


class _GradMode:
    """Sets grad mode for a `with` block, or for every run of the function (or generator) it decorates."""

    __slots__ = ("previous",)
    mode: bool

    def __enter__(self) -> None:
        self.previous = state.recording
        state.recording = self.mode

    def __exit__(self, *exception: object) -> None:
        state.recording = self.previous

    def _again(self) -> _GradMode:
        return enable_grad() if self.mode else no_grad()  # one for each run: a decorated function may call itself

    def __call__(self, function: Function) -> Function:
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function)
        def in_mode(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return in_mode  # type: ignore[return-value]

    def _decorate_generator(self, function: Function) -> Function:
        @functools.wraps(function)
        def in_mode(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = generator.__next__
            while True:  # the mode holds while the generator runs, not while its consumer does
                try:
                    with self._again():
                        value = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                    step = functools.partial(generator.send, sent)
                except GeneratorExit:
                    generator.close()
                    raise
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return in_mode  # type: ignore[return-value]


class no_grad(_GradMode):
    """Nothing is recorded in this block or decorated function (torch.no_grad)."""

    __slots__ = ()
    mode = False

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self if function is None else self(function)  # `@no_grad` without parentheses


class enable_grad(_GradMode):
    """Operators are recorded in this block or decorated function (torch.enable_grad)."""

    __slots__ = ()
    mode = True

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self if function is None else self(function)


class set_grad_enabled(_GradMode):
    """Sets grad mode at once; as a context manager, until the block ends (torch.set_grad_enabled)."""

    __slots__ = ("before", "mode")

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before = state.recording
        state.recording = self.mode

    def __enter__(self) -> None:
        self.previous = self.before
        state.recording = self.mode

    def __call__(self, function: Function) -> Function:
        state.recording = self.before  # as a decorator it sets the mode for the function alone
        return super().__call__(function)
