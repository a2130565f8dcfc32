"""Computing inf and nan in silence, as torch does, without changing NumPy's settings for the user's own code.

NumPy warns of a division by zero, an overflow and the like, or raises, as `np.seterr` and the warnings filter say. The
settings are a context variable, so the places where this package lets NumPy compute have them set for that moment:

- `quietly(f, x, y)` is f(x, y) in a context (contextvars) that has NumPy's variable set. This costs nothing worth
  mentioning, where `with np.errstate(all="ignore")` takes longer than NumPy's sum of a small array. But a context can
  be entered only once at a time, and raises a RuntimeError (`is_entered`) where another thread, say, is in it.
- `silent` and `silently` set the variable itself and put it back; they can be nested. In what `silent` encloses, code
  of the user (a hook, the backward of a Function) has the user's settings again: `users_settings`.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["is_entered", "quietly", "silenced", "silent", "silently", "users_settings"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def _settings_of(**settings: Any) -> tuple[Any, Any]:
    """NumPy's context variable, found by its name, and its value for some settings; None where it has none."""
    with np.errstate(**settings):
        for variable, value in contextvars.copy_context().items():
            if variable.name == "numpy.ufunc.extobj":
                return variable, value
    return None, settings


_variable, _SILENT = _settings_of(all="ignore")
_DEFAULT = _settings_of(divide="warn", over="warn", invalid="warn", under="ignore")[1]  # what NumPy starts with


def _enter_errstate(settings: Any) -> Any:
    """Stands in for setting the variable, should another NumPy keep its settings otherwise."""
    errors = np.errstate(**settings)
    errors.__enter__()
    return errors


def _leave_errstate(errors: Any) -> None:
    errors.__exit__(None, None, None)


_set_errors: Callable[[Any], Any] = _enter_errstate if _variable is None else _variable.set
_reset_errors: Callable[[Any], None] = _leave_errstate if _variable is None else _variable.reset


def silently(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function in which NumPy computes without a warning, and which runs no code of the user."""
    token = _set_errors(_SILENT)
    try:
        return function(*args, **kwargs)
    finally:
        _reset_errors(token)


_context = contextvars.Context()
_context.run(_set_errors, _SILENT)
quietly: Any = silently if _variable is None else _context.run


def is_entered(error: RuntimeError) -> bool:
    """Whether an error says that `quietly` could not run: its context is entered, by a thread or further out."""
    return str(error).startswith("cannot enter context")


class _Users(threading.local):
    """What the user's settings are while the package computes; None where it does not."""

    settings: Any = None


_users = _Users()


class silent:
    """A longer stretch without warnings, in which code of the user may run under `users_settings`.

    What that code sets by `np.seterr` holds afterwards, too.
    """

    __slots__ = ("before", "outer", "token")

    def __enter__(self) -> None:
        self.outer = _users.settings
        self.token = _set_errors(_SILENT)
        if self.outer is None:
            before = getattr(self.token, "old_value", _DEFAULT)
            _users.settings = _DEFAULT if before is contextvars.Token.MISSING else before
        self.before = _users.settings

    def __exit__(self, *error: object) -> None:
        now, _users.settings = _users.settings, self.outer
        _reset_errors(self.token)
        if now is not self.before and self.outer is None:
            _set_errors(now)


class users_settings:
    """Code of the user, inside of `silent`, runs with the settings that the user has made."""

    __slots__ = ("settings", "token")

    def __enter__(self) -> None:
        self.settings = _users.settings
        if self.settings is not None:
            _users.settings = None
            self.token = _set_errors(self.settings)

    def __exit__(self, *error: object) -> None:
        if self.settings is not None:
            _users.settings = self.settings if _variable is None else _variable.get(self.settings)
            _reset_errors(self.token)


def silenced(function: F) -> F:
    """A function that always runs `silently`, for a decorator."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return silently(function, *args, **kwargs)

    return call  # type: ignore[return-value]
