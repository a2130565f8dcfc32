"""Running backward on the tape, with all that may look on."""

from __future__ import annotations

from typing import Any

from ..tape import Node, run
from . import hooks
from .hooks import Backward, running
from .outputs import source


def execute(
    roots: list[tuple[Node, Any]],
    keep_graph: bool,
    create_graph: bool,
    wanted: list[Node] | None = None,
    *,
    accumulate: bool = True,
) -> dict[Node, Any]:
    """Run backward, for all leaves or for `wanted`, and let who watches it know of it."""
    if wanted is not None:
        wanted = [source(node)[0] for node in wanted]
    turns = hooks.prepare(roots)
    outer, running.backward = running.backward, Backward(roots, keep_graph, wanted, accumulate, turns)
    try:
        return run(roots, keep_graph=keep_graph, create_graph=create_graph, wanted=wanted, accumulate=accumulate)
    finally:
        running.backward = outer
