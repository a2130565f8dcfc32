"""The page of a compiled step: its program beside its tape, each with a way to the other."""

from __future__ import annotations

from typing import Any

from .compiled_data import program_data
from .gather import Gatherer
from .model import Rows
from .names import Names
from .origins import Trace, tracing
from .page import Beside, page


def page_of_step(step: Any) -> str:
    """The page of the newest program of a compiled step, which runs and is recorded once more for it."""
    traces: list[Trace] = []
    with step.recorded_again(lambda session: tracing(session, traces.append)) as compiled:
        trace = traces.pop()  # which has this function's variables, too, and so would keep itself alive
        gatherer = Gatherer(trace.roots, Names.of(trace.variables))
        rows = _rows(gatherer, trace)
        program, source = compiled.shown()
        data = program_data(program, source, trace, gatherer, rows) | {"changed": source.text != step.source}
        return page(rows, None, Beside("program", f"{compiled.title}, compiled", {"program": data}))


def _rows(gatherer: Gatherer, trace: Trace) -> Rows:
    """The rows of the tapes of all backwards, with what backward has freed, and the gradients that it left."""
    rows = gatherer.rows()
    for node, step in zip(gatherer.nodes, rows.steps, strict=True):
        step.saved = step.saved or trace.saved.get(node)
    for node, leaf in zip(gatherer.leaves, rows.leaves, strict=True):
        leaf.grad = trace.grads.get(node, leaf.grad)
    return rows
