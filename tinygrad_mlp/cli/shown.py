"""The text of a value as Jupyter shows it at the end of a cell: containers over several lines, where one is too short.

The layout is that of IPython.lib.pretty (ipython.readthedocs.io), which is not a dependency.
"""

from __future__ import annotations

import inspect
import itertools
from collections import OrderedDict
from types import FunctionType
from typing import Any

__all__ = ["shown"]

WIDTH, LONGEST = 79, 1000  # columns, and how many elements of a container are shown

_BRACKETS: dict[Any, Any] = {list: "[]", tuple: "()", dict: "{}", set: "{}", frozenset: ("frozenset({", "})")}


def shown(value: Any) -> str:
    """The text of a value."""
    return _laid_out(value, 0, 0, 0, ())


def _laid_out(value: Any, indent: int, column: int, behind: int, within: tuple[int, ...]) -> str:
    """The text of a value that begins in a column, in lines that are indented; `behind` characters follow it."""
    parts = _parts(value)
    if parts is None:
        return _text(value).replace("\n", "\n" + " " * indent)
    start, end, step, elements = parts
    if id(value) in within:
        return f"{start}...{end}"
    within = (*within, id(value))
    flat = start + ", ".join(k + _laid_out(x, 0, 0, 0, within) for k, x in elements) + end
    if "\n" not in flat and column + len(flat) + behind <= WIDTH:
        return flat
    indent += step
    lines = []
    for i, (key, x) in enumerate(elements):
        left = (column + len(start) if i == 0 else indent) + len(key)
        right = len(end) + behind if i == len(elements) - 1 else 1
        lines.append(key + _laid_out(x, indent, left, right, within))
    return start + (",\n" + " " * indent).join(lines) + end


def _parts(value: Any) -> tuple[str, str, int, list[tuple[str, Any]]] | None:
    """How a container begins and ends, by how much its lines are indented, and its elements, each with its key."""
    kind: Any = type(value)
    if kind is OrderedDict:
        return "OrderedDict(", ")", 12, [("", list(value.items()))]
    known = next((k for k in _BRACKETS if isinstance(value, k) and kind.__repr__ is k.__repr__), None)
    if known is None or (not value and known in (set, frozenset)):
        return None
    start, end = _BRACKETS[known]
    if known is dict:
        pairs = itertools.islice(value.items(), LONGEST)
        elements = [(f"{_text(key)}: ", x) for key, x in pairs]
    else:
        elements = [("", x) for x in itertools.islice(_in_order(value), LONGEST)]
    if len(value) > LONGEST:
        elements.append(("", _Ellipsis()))
    if known is tuple and len(value) == 1:
        end = ",)"
    return start, end, len(start), elements


class _Ellipsis:
    """What stands for the elements that are not shown."""

    def __repr__(self) -> str:
        return "..."


def _in_order(value: Any) -> Any:
    if not isinstance(value, (set, frozenset)):
        return value
    try:
        return sorted(value)
    except Exception:  # not all of them can be compared
        return value


def _text(value: Any) -> str:
    """The text of what is no container: classes and functions have their names and signatures."""
    kind: Any = type(value)
    if kind.__repr__ is object.__repr__:
        return f"<{kind.__module__}.{kind.__qualname__} at {id(value):#x}>"
    if kind.__repr__ is type.__repr__:
        module = value.__module__
        return str(value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}")
    if kind is FunctionType:
        name = f"{value.__module__}.{value.__qualname__}"
        try:
            return f"<function {name}{inspect.signature(value)}>"
        except ValueError:
            return f"<function {name}>"
    return repr(value)
