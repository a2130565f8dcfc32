"""Results that come later (torch.futures), on top of Python's own."""

from __future__ import annotations

import concurrent.futures
import itertools
from collections.abc import Callable, Iterable
from types import GenericAlias
from typing import Any

from .refusals import FUTURE_DONE, FUTURE_NOT_DONE, NO_EXCEPTION

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A result, or an exception, that is set once and can be waited for (torch.futures.Future).

    `devices` is accepted. RuntimeError where a second result is set.
    """

    __module__ = "tinygrad_mlp.futures"

    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(self, *, devices: Any = None) -> None:
        self._inner: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def done(self) -> bool:
        """Whether there is a result or an exception."""
        return self._inner.done()

    def wait(self) -> Any:
        """The result, once it is there; raises the exception that was set instead."""
        return self._inner.result()

    def value(self) -> Any:
        """The result that is there; RuntimeError if it is not yet."""
        if not self.done():
            raise RuntimeError(FUTURE_NOT_DONE)
        return self.wait()

    def set_result(self, result: Any) -> None:
        """Set the result and call what was registered by `then` and `add_done_callback`."""
        self._set(self._inner.set_result, result)

    def set_exception(self, result: Exception) -> None:
        """Set an exception, which those who wait will get; AssertionError for what is none."""
        if not isinstance(result, Exception):
            raise AssertionError(NO_EXCEPTION.format(result=result, kind=type(result)))
        self._set(self._inner.set_exception, result)

    def _set(self, setter: Callable[[Any], None], result: Any) -> None:
        try:
            setter(result)
        except concurrent.futures.InvalidStateError:
            raise RuntimeError(FUTURE_DONE) from None

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        """Call a function with this future when it is done, or at once if it is."""
        self._inner.add_done_callback(lambda _: callback(self))

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """A future of what a function of this one returns, which is called when this one is done."""
        after = Future()

        def run(_: Any) -> None:
            try:
                after.set_result(callback(self))
            except Exception as error:
                after.set_exception(error)

        self._inner.add_done_callback(run)
        return after


def collect_all(futures: Iterable[Future]) -> Future:
    """A future of the same futures as a list, which is done when they all are (torch.futures.collect_all)."""
    given, together = list(futures), Future()
    done = itertools.count(1)  # counts right in several threads

    def one_more(_: Future) -> None:
        if next(done) == len(given):
            together.set_result(given)

    for future in given:
        future.add_done_callback(one_more)
    if not given:
        together.set_result(given)
    return together


def wait_all(futures: Iterable[Future]) -> list[Any]:
    """The results of all futures, once they are there (torch.futures.wait_all)."""
    return [future.wait() for future in collect_all(futures).wait()]
