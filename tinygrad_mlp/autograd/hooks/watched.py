"""Watched nodes: nodes with hooks, nodes in anomaly mode, and nodes whose cotangent may be None.

The backward loop only calls a node's `pull`. So a node that has to be watched gets a subclass of its own class, whose
`pull` calls that of the class and does what is needed around it: call hooks, show where a node that fails comes from,
go on where there is no cotangent. Other nodes, and backwards without such nodes, are not affected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...ops import cast, sum_to
from ...tape import AccumulateGrad, Node, reachable
from ..outputs import Bundle, OutputNode, Unreachable, is_nothing, nothing_like, source
from . import anomaly
from .node_hooks import alive, detached, hooks_of, was_detached
from .running import leads_on, running


def watch(node: Node) -> None:
    """Have a node watched from now on."""
    node.__class__ = watched(type(node))


def is_watched(node_class: type[Node]) -> bool:
    """Whether the nodes of a class are watched."""
    return getattr(node_class, "watches", False)


def watched(node_class: type[Node]) -> type[Node]:
    """The class of watched nodes of a class; kept by that class, so that it lives no longer."""
    if is_watched(node_class):
        return node_class
    if "watched" not in vars(node_class):
        node_class.watched = _subclass(node_class)  # type: ignore[attr-defined]
    return node_class.watched  # type: ignore[attr-defined, no-any-return]


def unwatched(node_class: type[Node]) -> type[Node]:
    """The class that a class of watched nodes was made from."""
    return next(c for c in node_class.__mro__ if not is_watched(c)) if is_watched(node_class) else node_class


def _subclass(node_class: type[Node]) -> type[Node]:
    def pull(self: Node, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        if anomaly.mode.watch is None:
            handed = _visit(self, node_class, _parts(g), edges, create_graph)
        else:
            with anomaly.mode.watch.at(self):
                handed = _visit(self, node_class, _parts(g), edges, create_graph)
                anomaly.mode.watch.look_at(self, handed)
        return [
            nothing_for(edge, create_graph) if part is None and edge is not None else part
            for edge, part in zip(edges, handed, strict=bool(edges))
        ]

    def end(self: Node, g: Any, create_graph: bool) -> Any:
        backward = running.backward
        if backward is None or not backward.accumulate:
            hooks = hooks_of(self)
            return g if hooks is None else _together(self, hooks.of_cotangents(_parts(g), create_graph))
        self.pull(g, [None] * len(self.edges), create_graph)  # as in torch, where an inner tensor is among `inputs`
        if not backward.keep_graph:
            self.release()
        return None

    methods: dict[str, Any] = {"pull": pull, "end": end, "waits": False, "watches": True}
    if issubclass(node_class, AccumulateGrad):
        methods |= {"order": property(_leaf_order, _order.__set__), "__lt__": lambda self, other: False}
    return type(node_class.__name__, (node_class,), {"__slots__": (), "__module__": node_class.__module__, **methods})


_order: Any = vars(Node)["order"]


def _leaf_order(self: Node) -> float:
    """As in torch, a leaf runs right after the last of its consumers, which is the oldest one on this tape."""
    own: float = _order.__get__(self)
    backward = running.backward
    return own if backward is None else backward.leaf_orders.get(self, own)


def _parts(g: Any) -> dict[int, Any]:
    """The cotangents of a node's outputs, by their numbers."""
    return g.parts if type(g) is Bundle else {} if is_nothing(g) else {0: g}


def _together(node: Node, parts: dict[int, Any]) -> Any:
    return parts[0] if parts and node.shape is not None else Bundle(parts)


def _visit(
    node: Any, node_class: type[Node], parts: dict[int, Any], edges: Sequence[Node | None], create_graph: bool
) -> Sequence[Any]:
    """What the node hands on, its hooks called: for each edge a cotangent in shape and dtype of its tensor, or None."""
    hooks = hooks_of(node)
    if hooks is not None:
        parts = hooks.before(node, hooks.of_cotangents(parts, create_graph), create_graph)
    if detached:
        node.refuse_detached()
    if parts or node.runs_on_nothing:
        handed = node_class.pull(node, _together(node, parts), edges, create_graph)
        handed = _fitted(node, edges, handed, create_graph)
    else:
        node.refuse_changed()
        handed = [None] * len(edges)
    return handed if hooks is None else hooks.after(node, parts, handed, create_graph)


def _fitted(node: Any, edges: Sequence[Node | None], handed: Sequence[Any], create_graph: bool) -> list[Any]:
    # For an operator on a list, torch computes all gradients if it needs any of them; for a Function, always.
    all_parts = node.runs_on_nothing if node.row is None else node.row.listed and leads_on(edges)
    fitted = []
    for edge, part in zip(edges, handed, strict=bool(edges)):
        if is_nothing(part):
            part = None
        elif edge is None or type(edge) is Unreachable:
            part = part if all_parts else None
        elif part is not None:
            array = part.array if create_graph else part
            if array.shape != edge.shape:
                part = sum_to(part, edge.shape)  # the operand was broadcast
            if array.dtype != edge.dtype:
                part = cast(part, edge.dtype)
        fitted.append(part)
    return fitted


def nothing_for(edge: Node, create_graph: bool) -> Any:
    """The object that stands for None as a cotangent of an edge; the edge's node is watched from now on.

    As in torch, the nodes behind the edge are visited all the same: their hooks get None, and a Function runs on zeros.
    None if no hook or Function would notice.
    """
    if edge.waits or type(edge) is Unreachable:
        return None
    watch(source(edge)[0])
    return nothing_like(edge, create_graph)


def prepare(roots: list[tuple[Node, Any]]) -> dict[Node, float]:
    """Prepare a backward: watch the nodes that anomaly mode, or a tensor that was detached since, asks for.

    If there are hooks, nodes are rewritten into torch's, so that hooks run in torch's order. Returns the turns of the
    leaves that are watched.
    """
    if not alive and anomaly.mode.watch is None:
        return {}
    starts = [node for node, _ in roots]
    if anomaly.mode.watch is None and not any(map(_is_seen, reachable(starts))):
        return {}  # the hooks that there are belong to other graphs, which must not matter to this one
    for node in _shown(starts) if running.started is None else ():
        node.as_torch_has_it()
    turns: dict[Node, float] = {}
    for node in _shown(starts):
        if anomaly.mode.watch is not None or _uses_detached(node):
            watch(node)
        for edge in node.edges:
            if isinstance(edge, AccumulateGrad) and is_watched(type(edge)):
                turns[edge] = max(turns.get(edge, -math.inf), node.order + 0.01)
    return turns


def _is_seen(node: Node) -> bool:
    """Whether there is something to do at a node beside its rules."""
    return is_watched(type(node)) or _uses_detached(node)


def _uses_detached(node: Node) -> bool:
    """Whether a tensor that the node used was detached in place since."""
    return bool(detached) and any(edge is not None and was_detached(edge) for edge in node.edges)


def _shown(roots: list[Node]) -> list[Any]:
    """The nodes of a tape, without those that are internal."""
    return [node for node in reachable(roots) if not isinstance(node, (OutputNode, Unreachable))]
