"""What follows in backward where a Function returned None: torch goes on all the same, with nothing to hand on."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappush
from typing import Any

from .node import AccumulateGrad, Bundle, Node


class Idle(Node):
    """Stands in the queue for a node to which None came, because a Function returned it.

    Its turn is just before that of the node: if nothing else has come to it by then, the node would refuse what it
    refuses, hand on None, and be freed.
    """

    __slots__ = ("node", "pending")

    def __init__(self, node: Node, pending: dict[Node, Any]) -> None:
        self.node, self.pending = node, pending
        self.order = node.order - 0.1  # type: ignore[assignment]
        self.edges = node.edges

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        if self.node in self.pending:
            return ()
        self.node.refuse_changed()
        return [None] * len(edges)

    def release(self) -> None:
        if self.node not in self.pending:
            self.node.release()


def hand_on_nothing(
    edge: Node, idle: dict[Node, Idle], pending: dict[Node, Any], heap: list[tuple[int, Node]], useful: set[Node] | None
) -> None:
    """Queue a node to which None came. As in torch a Function runs all the same, on zeros."""
    if edge in pending or edge in idle:
        return
    if type(edge) is AccumulateGrad:
        edge.refuse_changed()
        return
    if edge.runs_on_nothing:
        pending[edge] = Bundle({})
        heappush(heap, (edge.order, edge))
        return
    idle[edge] = stand_in = Idle(edge, pending)
    pending[stand_in] = None
    heappush(heap, (stand_in.order, stand_in))
    if useful is not None and edge in useful:
        useful.add(stand_in)
