"""Backward: the chain rule, applied to the nodes of the tape from the loss down to the leaves.

`loss.backward()` is `run([(node, g)])`, where `node` is the loss's and `g` is 1, the derivative of the loss by itself.
"""

from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..ops import cast, laid_out_as, sum_to
from .grad_mode import state
from .node import Node

# When backward starts at several numbers: only a function whose value is one number has a gradient.
NO_SCALAR = "grad can be implicitly created only for scalar outputs"


def ones(shape: tuple[int, ...], dtype: Any) -> Any:
    """The cotangent with which backward starts at a tensor of one element. RuntimeError for more elements."""
    if shape.count(1) != len(shape):
        raise RuntimeError(NO_SCALAR)
    return np.ones(shape, dtype)


def run(
    roots: Iterable[tuple[Node, Any]],
    *,
    keep_graph: bool = False,
    create_graph: bool = False,
    wanted: Collection[Node] | None = None,
    accumulate: bool = True,
) -> dict[Node, Any]:
    """Run backward from `roots`, pairs of a node and its cotangent, and add those of the leaves to their `.grad`.

    The nodes run youngest first, which is all the order that the chain rule asks for: a node is younger than its
    inputs, so when its turn comes every consumer of its output has already run, and the sum of what they hand on has
    come together in `pending`. A heap gives the youngest, so nothing is recursive and the tape may be of any length.

    Cotangents are arrays. With `create_graph` they are Tensors and grad mode is on: the same rules then write the
    tape of the gradient, which can be differentiated again. A node that has run gives back what it saved, unless
    `keep_graph`. With `wanted` only these get a cotangent, which is returned, and only nodes that lead to them run;
    with `accumulate=False` no `.grad` is touched (`autograd.grad`). The leaves come last, when all else has run: so if
    a node refuses to run, every `.grad` is as it was.
    """
    previous, state.recording = state.recording, create_graph
    try:
        pending: dict[Node, Any] = {}
        for node, g in roots:
            pending[node] = pending[node] + g if node in pending else g
        heap = sorted([(node.order, node) for node in pending if not node.waits])
        useful = None if wanted is None else leading_to(wanted, pending)
        found: dict[Node, Any] = {}

        while heap:
            node = heappop(heap)[1]
            g = pending.pop(node)
            edges = node.edges
            if useful is not None:
                edges = [edge if edge in useful else None for edge in edges]
                if node in wanted:  # type: ignore[operator] # where there is `useful` there is `wanted`
                    found[node] = g if any(edges) else node.end(g, create_graph)
                if not any(edges):
                    continue
            for edge, part in zip(edges, node.pull(g, edges, create_graph)):  # noqa: B905
                if edge is None or part is None:
                    continue
                array = part.array if create_graph else part
                if array.shape != edge.shape:
                    part = sum_to(part, edge.shape)  # the operand was broadcast
                if array.dtype is not edge.dtype and array.dtype != edge.dtype:
                    part = cast(part, edge.dtype)
                if edge in pending:
                    pending[edge] = pending[edge] + part
                elif edge.waits:
                    # A `.grad` must not share memory with another cotangent.
                    pending[edge] = part.copy() if not create_graph and (part is g or part.base is not None) else part
                else:
                    pending[edge] = part
                    heappush(heap, (edge.order, edge))
            if not keep_graph:
                node.release()

        leaves = pending if useful is None else {node: g for node, g in pending.items() if node in useful}
        for node, g in leaves.items() if accumulate else ():
            node.accumulate(laid_out_as(node.variable.array, g), create_graph)  # type: ignore[attr-defined]
        return leaves if useful is None else {**found, **leaves}
    finally:
        state.recording = previous


def leading_to(targets: Collection[Node], roots: Iterable[Node]) -> set[Node]:
    """The targets, and the nodes on a path from the roots to one of them."""
    useful = set(targets)
    oldest = max((node.order for node in useful), default=0)
    for node in sorted(reachable(roots, oldest), key=lambda node: -node.order):  # inputs before their consumers
        if any(edge in useful for edge in node.edges):
            useful.add(node)
    return useful


def reachable(roots: Iterable[Node], oldest: float = float("inf")) -> set[Node]:
    """The nodes that the roots lead to, and they themselves; without those that are older than `oldest`."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in seen and edge.order <= oldest:
                seen.add(edge)
                stack.append(edge)
    return seen
