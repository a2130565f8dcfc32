"""What is known of a batch: its size, and which batches this thread runs functions over.

The batches are numbered in the order in which they begin. Where they are nested the youngest is the outermost wrapper
of an array, so that an operation peels them off from the youngest to the oldest.
"""

from __future__ import annotations

import importlib
import itertools
import threading
from typing import Any

from .refusals import NO_MEMORY

_numbers = itertools.count(1)


class Batch:
    """One run of `vmap`: how many elements it maps over, and what random numbers they get."""

    __slots__ = ("number", "randomness", "size")

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.number = next(_numbers)
        self.size = size
        self.randomness = randomness

    def __repr__(self) -> str:
        return f"<batch {self.number} of {self.size}>"


class ReadsValues(RuntimeError):
    """Something asks for the numbers in a batched array, of which there is one for each element.

    A user sees torch's words. Where it is a row of the derivative table that asks, the row is run for each element.
    """


class _Running(threading.local):
    batches: tuple[Batch, ...] = ()  # from the outermost to the innermost


running = _Running()
begun: list[Batch] = []  # any batch, once there has been one: until then no array can be a batched one


def begin(batch: Batch) -> tuple[Batch, ...]:
    """Begin to run a function over a batch in this thread; returns what `end` takes."""
    if not begun:
        importlib.import_module(".indexing", __package__)  # which adds the rules, with those that it imports

        begun.append(batch)
    outer, running.batches = running.batches, (*running.batches, batch)
    return outer


def end(outer: tuple[Batch, ...]) -> None:
    """End the innermost batch of this thread."""
    running.batches = outer


def is_batched(array: Any) -> bool:
    """Whether this is a batched array."""
    return hasattr(type(array), "varies")


def refuse_memory(array: Any) -> None:
    """RuntimeError in torch's words for a batched array, whose elements have no memory of their own."""
    if is_batched(array):
        raise RuntimeError(NO_MEMORY)
