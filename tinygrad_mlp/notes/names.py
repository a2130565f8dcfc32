"""What a value is called in the user's program: a variable, an attribute, an element, a parameter of a module.

A value is found by looking at what it is, never by comparing. Attributes are read from the dicts in which Python keeps
them, so that no property, no `__getattr__` and no `__repr__` of the user's runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from inspect import CO_OPTIMIZED
from itertools import islice
from types import FrameType, GetSetDescriptorType
from typing import Any

from ..nn import Module
from ..tensor import Tensor
from .frames import variables_of

Found = tuple[str, Any]
_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_namespace: Callable[[type], Any] = type.__dict__["__dict__"].__get__
_flags: Callable[[type], int] = type.__dict__["__flags__"].__get__
_CONTAINERS = (list, tuple, dict)
# At most so many values are looked at in each scope, and in each object, so that a note takes milliseconds.
_LOOKED_AT, _LOOKED_AT_IN_EACH = 5000, 250


def is_a(value: object, kind: type) -> bool:
    """isinstance, which would ask a value of another type for its `__class__`."""
    return kind in _mro(type(value))


def attributes_of(value: object) -> dict[str, Any]:
    """The dict of an object's own attributes; empty if it has none, or has one that is not Python's."""
    for kind in _mro(type(value)):
        slot = _namespace(kind).get("__dict__")
        if slot is not None:
            found = slot.__get__(value) if type(slot) is GetSetDescriptorType else None
            return found if type(found) is dict else {}
    return {}


class Names:
    """The names that values have in the frame of the user's program."""

    def __init__(self, frame: FrameType) -> None:
        self.scopes = [_named(variables_of(frame))]
        if frame.f_code.co_flags & CO_OPTIMIZED or frame.f_globals is not frame.f_locals:
            self.scopes.append(_named(frame.f_globals))

    def of(self, value: object) -> str | None:
        """The name of a value; None for a value without."""
        found = self.first(lambda other: other is value)
        return found and found[0]

    def first(self, wanted: Callable[[Any], bool]) -> Found | None:
        """The first value that is wanted, and its name; see `values` for the order."""
        return next((found for found in self.values() if wanted(found[1])), None)

    def values(self) -> Iterator[Found]:
        """All values that have a name: variables, then what is in modules, then what is in other objects.

        Those of the function come before the global ones. A value may come several times.
        """
        for scope in self.scopes:
            yield from scope.items()
            yield from _within({name: value for name, value in scope.items() if is_a(value, Module)})
            yield from _within(scope)


def _named(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in list(variables.items()) if name.isidentifier() and name[:2] != "__"}


def _within(scope: dict[str, Any]) -> Iterator[Found]:
    """What is inside of the values of a scope, the nearest first."""
    seen, looked_at = set(), 0
    queue = deque(scope.items())
    while queue:
        path, holder = queue.popleft()
        if id(holder) in seen:
            continue
        seen.add(id(holder))
        for step, value in islice(parts_of(holder), _LOOKED_AT_IN_EACH):
            looked_at += 1
            if looked_at > _LOOKED_AT:
                return
            yield path + step, value
            queue.append((path + step, value))


def parts_of(holder: object) -> Iterator[Found]:
    """What an object holds, each with what is written behind the object's name to get it."""
    kind = type(holder)
    if kind is list or kind is tuple:
        yield from ((f"[{i}]", value) for i, value in enumerate(holder))  # type: ignore[var-annotated, arg-type]
    elif kind is dict:
        for key, value in list(holder.items()):  # type: ignore[attr-defined]
            if type(key) in (str, int):
                yield f"[{key!r}]", value
    elif is_a(holder, Tensor):
        yield ".grad", attributes_of(holder).get("_grad")
    elif is_a(holder, Module):
        yield from _parts_of_module(attributes_of(holder))
    elif _flags(kind) & 1 << 9 and not is_a(holder, type):  # Py_TPFLAGS_HEAPTYPE: a class of some Python program
        yield from _written(attributes_of(holder))


def _parts_of_module(attributes: dict[str, Any]) -> Iterator[Found]:
    for kind in ("_parameters", "_modules", "_buffers"):
        parts = attributes.get(kind)
        if type(parts) is dict:
            yield from _written(parts)
    yield from _written({name: value for name, value in list(attributes.items()) if name[:1] != "_"})


def _written(attributes: dict[str, Any]) -> Iterator[Found]:
    for name, value in list(attributes.items()):
        if type(name) is str and (name.isidentifier() or name.isdigit()):
            yield (f"[{name}]" if name.isdigit() else f".{name}"), value
