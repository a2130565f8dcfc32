"""Backward: the nodes of the tape, youngest first, each handing on the cotangents of its inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from typing import Any

from ..ops import cast, sum_to
from .idle import Idle, hand_on_nothing
from .linear import INSERTED
from .modes import state
from .node import AccumulateGrad, Bundle, Node, OutputNode

watch: Any = None  # anomaly mode's, which then looks at what the nodes hand on
hooked: set[Any] = set()  # references to the hooks that live: where there are any, or a watch, the order is torch's
run_ordered: Any = None  # which ordered.py keeps
wrap: Any = None  # makes a Tensor of an array: Tensor is defined on a floor above, which sets this


def run(
    roots: Iterable[tuple[Node, Any]],
    *,
    keep_graph: bool = False,
    create_graph: bool = False,
    wanted: dict[Node, Any] | None = None,
    only: Collection[Node] | None = None,
) -> None:
    """Run backward from `roots`, pairs of a node and the cotangent of its output.

    Cotangents are arrays; with `create_graph` they are Tensors, and the same rules write the tape of the gradient.
    A node is younger than its inputs, so taking the youngest first means that every consumer has spoken before a
    node runs: no recursion, no counting. Without `wanted` the cotangents of leaves are added to their `.grad`; with
    it they are put there for its keys; with `only`, added to the `.grad` of those leaves alone. In both cases nodes
    that lead nowhere do not run.
    """
    previous, state.recording = state.recording, create_graph
    try:
        (run_ordered if hooked or watch is not None else run_plain)(roots, keep_graph, create_graph, wanted, only)
    finally:
        state.recording = previous


def run_plain(
    roots: Iterable[tuple[Node, Any]],
    keep_graph: bool,
    create_graph: bool,
    wanted: dict[Node, Any] | None,
    only: Collection[Node] | None,
) -> None:
    """As `run`, where nobody looks on."""
    pending: dict[Node, Any] = {}
    heap: list[tuple[int, Node]] = []
    for node, g in roots:
        if node in pending:
            pending[node] = pending[node] + g
        else:
            pending[node] = g
            heappush(heap, (node.order, node))
    targets = only if wanted is None else wanted
    useful = None if targets is None else _nodes_towards(targets, pending)

    idle: dict[Node, Idle] = {}
    try:
        while heap:
            node = heappop(heap)[1]
            g = pending.pop(node)
            edges = node.edges
            if useful is not None:
                if node not in useful and type(node) not in INSERTED:
                    continue
                edges = [edge if edge in useful or type(edge) in INSERTED else None for edge in edges]
                if wanted is not None and node in wanted:
                    wanted[node] = None if type(g) is Bundle else g
                if not any(edges) and (wanted is not None or type(node) is not AccumulateGrad):
                    continue
            for edge, part in zip(edges, node.pull(g, edges, create_graph)):  # noqa: B905
                if edge is None or part is None:
                    if edge is not None:
                        hand_on_nothing(edge, idle, pending, heap, useful)
                    continue
                array = part.array if create_graph else part
                if array.shape != edge.shape:
                    part = sum_to(part, edge.shape)  # the operand was broadcast
                if array.dtype is not edge.dtype and array.dtype != edge.dtype:
                    part = cast(part, edge.dtype)
                if edge in pending:
                    pending[edge] = pending[edge] + part
                    continue
                if type(edge) is AccumulateGrad and not create_graph and (part is g or part.base is not None):
                    part = part.copy()  # .grad must not share memory with another cotangent
                pending[edge] = part
                heappush(heap, (edge.order, edge))
            if not keep_graph:
                node.release()
    except Exception:
        if wanted is None:
            from .refusals import accumulate_what_has_come  # which stands on a floor above

            accumulate_what_has_come(node, pending, useful, create_graph)
        raise


def _nodes_towards(targets: Iterable[Node], roots: Iterable[Node]) -> set[Node]:
    """The nodes on a path from the roots to a target."""
    useful = {*targets, *(t.edges[0] for t in targets if isinstance(t, OutputNode) and t.edges[0])}
    oldest = max((node.order for node in useful), default=0)
    order: list[Node] = []
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        order.append(node)
        for edge in node.edges:
            if edge is not None and edge not in seen and edge.order <= oldest:
                seen.add(edge)
                stack.append(edge)
    for node in sorted(order, key=lambda n: -n.order):  # inputs before their consumers
        if any(edge in useful for edge in node.edges):
            useful.add(node)
    return useful
