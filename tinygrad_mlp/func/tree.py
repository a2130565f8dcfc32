"""Trees: values that are nested in tuples, lists, dicts and named tuples, as torch.utils._pytree has them.

The transforms take and return such trees of Tensors; a tree's leaves are the values that are not containers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .nodes import BUILTIN_TYPES, node_of


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree in order."""
    node = node_of(tree)
    return [tree] if node is None else [leaf for part in node.flatten_fn(tree)[0] for leaf in leaves(part)]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree of the same structure, with the results of a function at its leaves."""
    node = node_of(tree)
    if node is None:
        return function(tree)
    parts, context = node.flatten_fn(tree)
    return node.unflatten_fn([mapped(function, part) for part in parts], context)


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same structure, with these values as its leaves."""
    return mapped(lambda leaf: next(values), tree)


def structure(tree: Any) -> str:
    """The structure of a tree as torch prints it, for example `(*, [*])`."""
    node = node_of(tree)
    if node is not None and node.type not in BUILTIN_TYPES:
        parts, context = node.flatten_fn(tree)
        return f"CustomTreeNode({type(tree).__name__}[{context}], [{', '.join(map(structure, parts))}])"
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
