"""The places of a program's state: where a value is kept, what it was, and whether it is another one now."""

from __future__ import annotations

import types
from typing import Any, NamedTuple

MISSING, UNSET = object(), object()


class Place(NamedTuple):
    """A place where a value is kept: an item of a dict or list, the cell of a closure, a slot, or a context variable.

    The length of a container is one, too, and so is what a set contains.

    `value` is what it held when the walk came to it, `path` how a person would write it.
    """

    holder: Any
    key: Any
    kind: str  # "item", "cell", "slot", "len", "context" or "contents"
    path: str
    value: Any
    of_optimizer: bool

    def now(self) -> Any:
        """The value that is there now, or MISSING if there is none any more."""
        try:
            if self.kind == "cell":
                return self.holder.cell_contents
            if self.kind == "slot":
                return getattr(self.holder, self.key)
            if self.kind == "context":
                return self.holder.get(UNSET)
            if self.kind == "contents":
                return frozenset(self.holder)
            return len(self.holder) if self.kind == "len" else self.holder[self.key]
        except (KeyError, IndexError, ValueError, AttributeError):
            return MISSING

    def put(self, value: Any) -> None:
        """Put another value there."""
        if self.kind == "cell":
            self.holder.cell_contents = value
        elif self.kind == "slot":
            setattr(self.holder, self.key, value)
        elif self.kind == "context":
            self.holder.set(value)
        elif self.kind == "contents":
            self.holder.clear()
            self.holder.update(value)
        else:
            self.holder[self.key] = value

    @property
    def can_be_put(self) -> bool:
        """Whether `put` works here: it does not for a length, in a tuple, or in the namespace of a class."""
        return (
            self.value is not UNSET
            and self.kind != "len"
            and not isinstance(self.holder, (tuple, types.MappingProxyType))
        )

    @property
    def is_learning_rate(self) -> bool:
        """Whether it is an optimiser's learning rate: a program reads it at each call, as a scheduler may change it."""
        return self.of_optimizer and self.key == "lr" and type(self.value) in (int, float)

    @property
    def id(self) -> tuple[int, Any]:
        """A key that identifies the place, whatever value is there."""
        return id(self.holder), self.key

    def changed(self) -> bool:
        """Whether another value is there now."""
        if self.kind == "contents":
            return bool(self.now() != self.value)
        return not is_same(self.now(), self.value)


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are the same object, or equal numbers or strings of one type; 0.0 and -0.0 are two numbers."""
    if a is b:
        return True
    return type(a) is type(b) and type(a) in _VALUES and a == b and (bool(a) or repr(a) == repr(b))


_VALUES = frozenset((int, float, str, bytes, bool, complex))
