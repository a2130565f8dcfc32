"""Operators with several outputs, and cotangents that are None: the objects that backward passes along for them.

Torch has one node for an operator with several outputs. Here each output has a node of its own, `OutputNode`, which
nobody outside sees; it hands its cotangent to the operator's node in a `Bundle`, and bundles add up like cotangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tape import Node
from .tensors import wrap


class OutputNode(Node):
    """One output of an operator with several: hands its cotangent to the operator's node in a `Bundle`."""

    __slots__ = ("index",)

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__((node,), (), (), shape, dtype)
        self.index = index

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        return (Bundle({} if is_nothing(g) else {self.index: g}),)


class Bundle:
    """The cotangents of several outputs, added like one."""

    __slots__ = ("parts",)
    shape = dtype = base = None  # a node with several outputs has none of these

    @property
    def array(self) -> Bundle:
        return self

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Bundle) -> Bundle:
        parts = dict(self.parts)
        for index, g in other.parts.items():
            parts[index] = parts[index] + g if index in parts else g
        return Bundle(parts)


def source(edge: Node) -> tuple[Node, int]:
    """The operator's node of an edge, and which of its outputs the edge is."""
    return (edge.edges[0], edge.index) if isinstance(edge, OutputNode) else (edge, 0)


class Unreachable(Node):
    """The node of a view that was made without being recorded and requires grad only because its base does.

    Nothing is behind it: its cotangent is dropped.
    """

    __slots__ = ()

    def __init__(self, tensor: Any) -> None:
        super().__init__((), (), (), tensor.array.shape, tensor.array.dtype)

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        return ()


class Nothing:
    """The cotangent None, which a Function may return: torch goes on with it, and the next Function runs on zeros.

    Its sum with a cotangent is that cotangent. Only nodes that know this class get it: see `hooks.watched.nothing_for`.
    """

    __slots__ = ("dtype", "shape")
    __array_ufunc__ = None  # so that an array leaves the sum to this class

    def __init__(self, shape: Any, dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __add__


def nothing_like(edge: Node, create_graph: bool) -> Any:
    """None as a cotangent of an edge; with `create_graph`, where a Tensor is wanted, as one."""
    nothing = Nothing(edge.shape, edge.dtype)
    if not create_graph:
        return nothing
    tensor = wrap(nothing)
    tensor.__class__ = _nothing_class(type(tensor))
    return tensor


def is_nothing(g: Any) -> bool:
    """Whether a cotangent is None."""
    return type(g) is Nothing or type(getattr(g, "array", None)) is Nothing


def _nothing_class(tensor_type: type) -> type:
    """A subclass of Tensor, so that Python asks it first what a sum with it is."""
    if not _nothing_classes:
        added = {"__add__": Nothing.__add__, "__radd__": Nothing.__add__}
        _nothing_classes.append(type("Nothing", (tensor_type,), {"__slots__": (), **added}))
    return _nothing_classes[0]


_nothing_classes: list[type] = []
