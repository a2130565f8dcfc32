"""Running the core's backward loop on what torch.autograd allows: hooks, anomaly mode, given inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..arrays.silence import silent
from ..tape import Node, run
from . import hooks
from .hooks import running
from .outputs import Bundle, OutputNode, is_nothing, source
from .refusals import UNUSED
from .roots import edge_of
from .tensors import given_out, is_tensor


def execute(
    roots: list[tuple[Node, Any]],
    keep_graph: bool,
    create_graph: bool,
    wanted: Iterable[Node] | None = None,
    *,
    accumulate: bool = True,
) -> dict[Node, Any]:
    """Run backward, for all leaves or for `wanted`, and note its arguments for hooks that ask about the backward."""
    targets = None if wanted is None else {source(node)[0] for node in wanted}
    turns = hooks.prepare(roots)
    outer, running.started = running.started, [None, roots, keep_graph, targets, accumulate, turns]
    try:
        with silent():
            return run(roots, keep_graph=keep_graph, create_graph=create_graph, wanted=targets, accumulate=accumulate)
    finally:
        running.started = outer


def gradients(
    inputs: Sequence[Any], roots: list[tuple[Node, Any]], keep: bool, create_graph: bool, missing: bool
) -> list[Any]:
    """The gradients with respect to `inputs`, as Tensors.

    An input that the roots do not depend on has None with `missing`; without, RuntimeError.
    """
    nodes = [edge_of(x) for x in inputs]
    cotangents = execute(roots, keep, create_graph, nodes, accumulate=False)
    results: list[Any] = []
    for i, node in enumerate(nodes):
        g = cotangents.get(source(node)[0])
        if type(g) is Bundle:
            g = g.parts.get(node.index) if isinstance(node, OutputNode) else None
        if is_nothing(g):
            g = None
        if g is None and not missing:
            raise RuntimeError(UNUSED.format(i))
        results.append(g if g is None or is_tensor(g) else given_out(g))
    return results
