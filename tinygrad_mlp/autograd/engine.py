"""Running the core's backward loop on what torch.autograd allows: hooks, anomaly mode, given inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..arrays.silence import silent
from ..messages import noted
from ..tape import Node, run
from . import hooks
from .deep import DEEP, in_another_thread
from .hooks import running
from .outputs import Bundle, OutputNode, is_nothing, source
from .refusals import CALLBACK_OUTSIDE, UNUSED
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
    outer = running.started
    if outer is None:
        return _run(roots, keep_graph, create_graph, targets, accumulate)
    if running.depth >= DEEP:
        return in_another_thread(lambda: _run(roots, keep_graph, create_graph, targets, accumulate))
    running.depth += 1
    try:
        return _run(roots, keep_graph, create_graph, targets, accumulate)
    finally:
        running.depth -= 1


def _run(
    roots: list[tuple[Node, Any]], keep_graph: bool, create_graph: bool, targets: set[Node] | None, accumulate: bool
) -> dict[Node, Any]:
    turns = hooks.prepare(roots)
    outer = running.started
    started: list[Any] = [None, roots, keep_graph, targets, accumulate, turns]
    running.started = started
    try:
        with silent():
            found = run(roots, keep_graph=keep_graph, create_graph=create_graph, wanted=targets, accumulate=accumulate)
        if started[0] is not None:
            for callback in started[0].callbacks:  # which may queue others
                callback()
        return found
    except Exception as error:
        noted(error)
        raise
    finally:
        running.started = outer


def queue_callback(callback: Callable[[], object]) -> None:
    """Have a function called when the backward that is running is done and the leaves have their gradients.

    RuntimeError where no backward runs. Source: torch.autograd.Variable._execution_engine.queue_callback.
    """
    backward = running.backward
    if backward is None:
        raise RuntimeError(CALLBACK_OUTSIDE)
    backward.callbacks.append(callback)


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
