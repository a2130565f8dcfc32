"""Backward while somebody looks on, with hooks or in anomaly mode: the nodes in torch's order, to the letter.

It differs from the engine's own in what only a hook can see. Torch counts the edges into a node; of the nodes that
have all of their cotangent, a leaf runs first, then the youngest. An operator with several outputs is one node. And a
node runs, with None, even if nothing came to it: a Function may have returned None for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from heapq import heappop, heappush
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from ..ops import cast, sum_to
from . import engine
from .linear import LINEAR, rewrite
from .node import AccumulateGrad, Bundle, Node, OutputNode, Unreachable


class _Turn(float):
    """When a node's turn is, in the heap. Those of two leaves are equal: heapq then does as torch's heap does."""

    __slots__ = ("node",)
    node: Node


class _Running(threading.local):
    backward: Backward | None = None  # the innermost


running = _Running()
detached: WeakSet[Any] = WeakSet()  # the hooks of nodes that a tensor was cut off from
detached_tensors: WeakValueDictionary[int, Any] = WeakValueDictionary()  # these tensors, by their ids


def source(edge: Node) -> tuple[Node, int]:
    """The operator's node of an edge, and which of its outputs the edge is."""
    return (edge.edges[0], edge.index) if isinstance(edge, OutputNode) else (edge, 0)  # type: ignore[return-value]


class Backward:
    """One backward: `waits` counts the edges into each node that have not spoken yet, `visited` are the nodes to come.

    With `wanted` or `only`, which are as in the engine, `needed` are those of them that run; the others hand out their
    cotangent and end.
    """

    def __init__(
        self,
        waits: dict[Node, int],
        roots: list[tuple[Node, Any]],
        keep_graph: bool,
        create_graph: bool,
        wanted: dict[Node, Any] | None,
        only: Collection[Node] | None,
    ) -> None:
        self.keep_graph, self.create_graph, self.wanted = keep_graph, create_graph, wanted or {}
        self.targets: dict[Node, list[tuple[int, Node]]] = {}  # where to look for what is wanted
        for target in self.wanted:
            node, index = source(target)
            self.targets.setdefault(node, []).append((index, target))
        self.waits = waits
        self.root = source(roots[0][0])[0] if len(roots) == 1 else None
        self.needed = self.visited = set(self.waits)
        self.partial = wanted is not None or only is not None
        if self.partial:
            self.visited = {source(target)[0] for target in only or wanted or ()}
            self.needed = set(self.visited) if wanted is None else set()
            for node in sorted(self.waits, key=lambda n: -n.order):  # inputs before their consumers
                if any(edge is not None and source(edge)[0] in self.visited for edge in node.edges):
                    self.visited.add(node)
                    self.needed.add(node)
        self.pending: dict[Node, dict[int, Any]] = {}
        self.heap: list[_Turn] = []
        for edge, g in roots:
            self._hand_on(edge, g)

    def _hand_on(self, edge: Node, part: Any) -> None:
        """Add a cotangent, or None, to what has come to an edge's node."""
        node, index = source(edge) if type(edge) is OutputNode else (edge, 0)
        self.waits[node] = waits = self.waits[node] - 1
        if node not in self.visited:
            return
        parts = self.pending.get(node)
        if parts is None:
            parts = self.pending[node] = {}
        if part is not None:
            if index in parts:
                part = parts[index] + part
            elif type(node) is AccumulateGrad and not self.create_graph:
                part = part.copy()  # .grad must not share memory with another cotangent
            parts[index] = part
        if not waits:
            turn = _Turn(node.order if type(node) is not AccumulateGrad else "-inf")
            turn.node = node
            heappush(self.heap, turn)

    def run(self) -> None:
        """Visit the nodes."""
        outer, running.backward = running.backward, self
        try:
            while self.heap:
                node = heappop(self.heap).node
                if engine.watch is None:
                    self._visit(node, self.pending.pop(node))
                    continue
                with engine.watch.at(node):
                    self._visit(node, self.pending.pop(node))
        finally:
            running.backward = outer

    def _visit(self, node: Node, parts: dict[int, Any]) -> None:
        hooks, runs = node.hooks, node in self.needed
        if runs and self.targets:
            self._give_out(node, parts)  # as in torch, before the tensor's hooks, unless backward ends here
        if hooks is not None:
            parts = hooks.of_cotangents(parts, self.create_graph)
        if not runs:
            self._give_out(node, parts)
            return
        edges: Any = node.edges
        if self.partial:
            edges = [edge if edge is not None and source(edge)[0] in self.visited else None for edge in edges]
        if hooks is not None:
            parts = hooks.before(node, parts, self.create_graph)
        handed = self._pull(node, parts, edges)
        if hooks is not None:
            handed = hooks.after(node, parts, handed, self.create_graph)
        if not self.keep_graph:
            node.release()
        if engine.watch is not None:
            engine.watch.look_at(node, handed)
        for edge, part in zip(edges, handed, strict=bool(edges)):
            if edge is not None:
                self._hand_on(edge, part)

    def _give_out(self, node: Node, parts: dict[int, Any]) -> None:
        for index, target in self.targets.get(node, ()):
            self.wanted[target] = parts.get(index)

    def _pull(self, node: Node, parts: dict[int, Any], edges: Any) -> Sequence[Any]:
        """What the node hands on: for each edge None, or a cotangent in the shape and dtype of its tensor."""
        if detached:
            node.refuse_detached()
        if not parts and not node.runs_on_nothing:
            node.refuse_changed()
            return [None] * len(edges)
        g = parts[0] if parts and node.shape is not None else Bundle(parts)
        handed = node.pull(g, edges, self.create_graph)
        # Of an operator on a list torch computes those that nobody needs as well, if any is needed; a Function always.
        all_parts = node.runs_on_nothing if node.row is None else node.row.listed and _leads_on(edges)
        fitted = []
        for edge, part in zip(edges, handed, strict=bool(edges)):
            if edge is None or type(edge) is Unreachable:
                part = part if all_parts else None
            elif part is not None:
                array = part.array if self.create_graph else part
                if array.shape != edge.shape:
                    part = sum_to(part, edge.shape)  # the operand was broadcast
                if array.dtype != edge.dtype:
                    part = cast(part, edge.dtype)
            fitted.append(part)
        return fitted

    def will_visit(self, node: Node | None) -> bool:
        """Whether a node is among those that this backward comes to; as in torch not if it is the only root.

        RuntimeError in torch's words for a leaf whose gradient is taken.
        """
        if node not in self.waits or node not in self.visited or node is self.root:
            return False
        if node in self.targets and not _leads_on(node.edges):
            raise RuntimeError(
                "A leaf node was passed to _will_engine_execute_node but we are currently running autograd.grad(). "
                "This is currently not supported."
            )
        return True


def _leads_on(edges: Sequence[Node | None]) -> bool:
    return any(edge is not None and type(edge) is not Unreachable for edge in edges)


def _edges_into(roots: list[Node]) -> dict[Node, int]:
    """How many edges, those of the roots among them, lead to each node."""
    waits = dict(Counter(roots))
    stack = list(waits)
    while stack:
        consumer = stack.pop()
        if consumer.row is LINEAR:
            rewrite(consumer)
        for edge in consumer.edges:
            if edge is not None:
                node = source(edge)[0] if type(edge) is OutputNode else edge
                if node in waits:
                    waits[node] += 1
                else:
                    waits[node] = 1
                    stack.append(node)
    return waits


def _has_hooks(roots: list[Node]) -> bool:
    """Whether a node that these lead to has hooks."""
    seen, stack = set(roots), list(roots)
    while stack:
        node = stack.pop()
        if node.hooks is not None:
            return True
        for edge in node.edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return False


def run(roots: list[tuple[Node, Any]], *arguments: Any) -> None:
    """As the engine's own, which it is where no hook is in the way; what hooks raise passes through."""
    nodes = [source(edge)[0] for edge, _ in roots]
    if engine.watch is not None or _has_hooks(nodes):
        Backward(_edges_into(nodes), roots, *arguments).run()
    else:
        engine.run_plain(roots, *arguments)


engine.run_ordered = run
