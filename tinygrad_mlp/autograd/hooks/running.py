"""The backward that runs in this thread, for hooks and nodes that need to know about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any

from ...tape import Node, leading_to, reachable
from ..outputs import Unreachable, source
from .refusals import LEAF_IN_GRAD


class Backward:
    """One backward: what it was started with."""

    __slots__ = (
        "__weakref__", "accumulate", "callbacks", "keep_graph", "leaf_orders", "reached", "roots", "useful", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        roots: list[tuple[Node, Any]],
        keep_graph: bool,
        wanted: Collection[Node] | None,
        accumulate: bool,
        leaf_orders: dict[Node, float],
    ) -> None:
        self.roots = roots
        self.keep_graph = keep_graph
        self.wanted = wanted
        self.accumulate = accumulate
        self.leaf_orders = leaf_orders
        self.callbacks: list[Callable[[], object]] = []  # which run when this backward is done
        self.reached: set[Node] | None = None

    def will_visit(self, node: Node | None) -> bool:
        """Whether a node is among those that this backward comes to; as in torch not if it is the only root.

        RuntimeError in torch's words for a leaf whose gradient is taken.
        """
        starts = [source(edge)[0] for edge, _ in self.roots]
        if self.reached is None:
            self.reached = reachable(starts)
            self.useful = self.reached if self.wanted is None else leading_to(self.wanted, starts)
        if node not in self.reached or node not in self.useful or starts == [node]:
            return False
        if self.wanted is not None and not self.accumulate and node in self.wanted and not leads_on(node.edges):
            raise RuntimeError(LEAF_IN_GRAD)
        return True


class _Running(threading.local):
    started: list[Any] | None = None  # None, and what the innermost backward was started with; or that backward
    depth = 0  # how many backwards run inside of another one in this thread

    @property
    def backward(self) -> Backward | None:
        """The innermost backward of this thread; the object is made when it is first asked for, as few need it."""
        if self.started is None:
            return None
        if self.started[0] is None:
            self.started[0] = Backward(*self.started[1:])
        return self.started[0]  # type: ignore[no-any-return]


running = _Running()


def leads_on(edges: Any) -> bool:
    """Whether one of the edges has a node that backward can run."""
    return any(edge is not None and type(edge) is not Unreachable for edge in edges)
