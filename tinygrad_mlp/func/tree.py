"""Trees: values nested in tuples, lists, dicts and named tuples (torch.utils._pytree)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """All that is no container, in order."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (tuple, list)) else [tree]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree of the same structure with the function's results at its leaves."""
    if isinstance(tree, dict):
        parts = ((key, mapped(function, part)) for key, part in tree.items())
        return defaultdict(tree.default_factory, parts) if isinstance(tree, defaultdict) else type(tree)(parts)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(function, part) for part in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(function, part) for part in tree)
    return function(tree)


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same structure with these leaves."""
    return mapped(lambda leaf: next(values), tree)


def structure(tree: Any) -> str:
    """The nesting, as torch prints it: `(*, [*])`."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {structure(part)}" for key, part in tree.items()) + "}"
    if isinstance(tree, tuple):
        inside = ", ".join(structure(part) for part in tree)
        return f"({inside},)" if len(tree) == 1 else f"({inside})"
    return "[" + ", ".join(structure(part) for part in tree) + "]" if isinstance(tree, list) else "*"
