"""The leaves of a program, in the order in which they are met: their names, and what backward brings them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

NAMED = 10_000  # leaves that get a number; a program that makes a new one in every step has more


class Leaves:
    """Numbers the tensors that collect gradients, and hears what comes to each."""

    def __init__(self, came: Callable[[int, Any], Any]) -> None:
        self._came = came  # called with the number of a leaf and what came to it
        self._slots: dict[int, tuple[Any, int]] = {}
        self.names: list[str] = []

    def number(self, leaf: Any, frame: FrameType) -> int | None:
        """The number of a leaf, which is taken note of when it is met for the first time."""
        known = self._slots.get(id(leaf))
        if known is not None and known[0]() is leaf:
            return known[1]
        if len(self.names) >= NAMED:
            return None
        slot = len(self.names)
        self._slots[id(leaf)] = (weakref.ref(leaf), slot)
        self.names.append(_variable(leaf, frame) or f"leaf {slot}")
        leaf.register_hook(lambda g: self._came(slot, g))
        return slot

    def gradients(self) -> Iterator[tuple[int, Any]]:
        """The leaves that have a gradient, by their number, and the gradient."""
        for leaf, slot in self._alive():
            if leaf.grad is not None:
                yield slot, leaf.grad

    def rename(self, names: dict[int, str]) -> None:
        """Give leaves the names that their modules have for them; `names` is by id."""
        for leaf, slot in self._alive():
            if id(leaf) in names:
                self.names[slot] = names[id(leaf)]

    def _alive(self) -> Iterator[tuple[Any, int]]:
        for key, (reference, slot) in list(self._slots.items()):
            leaf = reference()
            if leaf is None:
                del self._slots[key]
            else:
                yield leaf, slot


def _variable(leaf: Any, frame: FrameType) -> str | None:
    """The variable of the program that holds a leaf."""
    for names in (frame.f_locals, frame.f_globals):
        for name, value in names.items():
            if value is leaf:
                return name
    return None
