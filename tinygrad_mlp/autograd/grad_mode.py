"""Grad modes: no_grad, enable_grad, set_grad_enabled and inference_mode, in a `with` block or as decorators."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ..tape import state
from .inference import InferenceMode
from .modes import modes
from .refusals import CLASS_DECORATED, MODE_TYPE

Function = TypeVar("Function", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether operators are recorded in this thread."""
    return state.recording


class _Mode:
    """A context manager that also decorates functions and generators: each run has a context of its own.

    A coroutine, as in torch, runs in the mode of its awaiter: the context lasts while the coroutine is made.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *exception: object) -> None:
        raise NotImplementedError

    def clone(self) -> _Mode:
        """A context like this one."""
        return type(self)()

    def __call__(self, function: Function) -> Function:
        if inspect.isclass(function):
            warnings.warn(CLASS_DECORATED, FutureWarning, stacklevel=2)
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function, updated=() if inspect.isclass(function) else ("__dict__",))
        def in_mode(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return in_mode  # type: ignore[return-value]

    def _decorate_generator(self, function: Function) -> Function:
        @functools.wraps(function)
        def in_mode(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            # The mode holds while the generator runs, not while its consumer does.
            generator = function(*args, **kwargs)
            try:
                with self.clone():
                    value = next(generator)
                while True:
                    try:
                        sent = yield value
                    except GeneratorExit:  # noqa: PERF203 (each step has its own)
                        with self.clone():
                            generator.close()
                        raise
                    except BaseException as error:
                        with self.clone():
                            value = generator.throw(error)
                    else:
                        with self.clone():
                            value = generator.send(sent)
            except StopIteration as stop:
                return stop.value

        return in_mode  # type: ignore[return-value]


class _GradMode(_Mode):
    __slots__ = ("previous",)
    mode: bool

    def __enter__(self) -> None:
        self.previous = state.recording
        state.recording = self.mode and not modes.inference

    def __exit__(self, *exception: object) -> None:
        state.recording = self.previous


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

    __slots__ = ("mode",)

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(MODE_TYPE.format(function="set_grad_enabled", found=type(mode).__name__))
        self.previous = state.recording
        self.mode = mode
        state.recording = self.mode and not modes.inference

    def __enter__(self) -> None:
        state.recording = self.mode and not modes.inference

    def __call__(self, function: Function) -> Function:
        state.recording = self.previous  # as a decorator it sets the mode for the function alone
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    def clone(self) -> set_grad_enabled:
        """A context like this one."""
        return set_grad_enabled(self.mode)


class inference_mode(_Mode):
    """Nothing is recorded here, and what is made here can never be part of what is; False: the contrary.

    A view of a tensor from outside is a normal tensor. Outside, RuntimeError in torch's words for an inference tensor
    that would be saved for backward, or written to. Source: torch.inference_mode.
    """

    __slots__ = ("_context", "mode")

    def __new__(cls, mode: Any = True) -> Any:
        return object.__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self._context = InferenceMode()
        self._context.enter(self.mode)

    def __exit__(self, *exception: object) -> None:
        self._context.leave()

    def clone(self) -> inference_mode:
        """A context like this one."""
        return inference_mode(self.mode)


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode (torch.is_inference_mode_enabled)."""
    return modes.inference


class _Threads(threading.local):
    allowed = True


_threads = _Threads()


class set_multithreading_enabled(_Mode):
    """Whether backward may use several threads. It is only remembered: on a CPU torch uses one, too.

    At once; as a context manager, until the block ends (torch.autograd.grad_mode.set_multithreading_enabled).
    """

    __slots__ = ("mode", "previous")

    def __init__(self, mode: bool) -> None:
        self.previous = _threads.allowed
        self.mode = _threads.allowed = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _threads.allowed = self.previous

    def clone(self) -> set_multithreading_enabled:
        """A context like this one."""
        return set_multithreading_enabled(self.mode)


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was last told in this thread (torch.autograd.is_multithreading_enabled)."""
    return _threads.allowed
