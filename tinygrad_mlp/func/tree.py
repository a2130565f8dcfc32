"""Trees: values that are nested in tuples, lists, dicts and named tuples, as torch.utils._pytree has them.

The transforms take and return such trees of Tensors; a tree's leaves are the values that are not containers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree in order."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (tuple, list)) else [tree]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree of the same structure, with the results of a function at its leaves."""
    if isinstance(tree, dict):
        parts = ((key, mapped(function, part)) for key, part in tree.items())
        return defaultdict(tree.default_factory, parts) if isinstance(tree, defaultdict) else type(tree)(parts)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(function, part) for part in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(function, part) for part in tree)
    return function(tree)


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same structure, with these values as its leaves."""
    return mapped(lambda leaf: next(values), tree)


def structure(tree: Any) -> str:
    """The structure of a tree as torch prints it, for example `(*, [*])`."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {structure(part)}" for key, part in tree.items()) + "}"
    if isinstance(tree, tuple):
        inside = ", ".join(structure(part) for part in tree)
        return f"({inside},)" if len(tree) == 1 else f"({inside})"
    return "[" + ", ".join(structure(part) for part in tree) + "]" if isinstance(tree, list) else "*"


def torch_structure(tree: Any, depth: int = 0) -> str:
    """The structure of a tree as torch prints it in messages: `TreeSpec(tuple, None, [*, *])`, a line for each part."""
    if not isinstance(tree, (dict, tuple, list)):
        return "TreeSpec(*)" if not depth else "*"
    parts = list(tree.values()) if isinstance(tree, dict) else list(tree)
    context = list(tree) if isinstance(tree, dict) else None
    lines = [torch_structure(part, depth + 2) for part in parts]
    return f"TreeSpec({type(tree).__name__}, {context}, [{(',' + chr(10) + ' ' * (depth + 2)).join(lines)}])"
