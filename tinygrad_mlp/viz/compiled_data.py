"""What the page of a compiled step shows of its program, as plain data for JSON: lines, origins, and what was left out.

A line of the program has the numbers of the origins from which it came (origins.py); an origin has its lines, and what
was recorded there and has no line of its own, with the reason.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable
from typing import Any

from ..autograd.graph.names import name_of
from ..compiler.emit import Row, Source
from ..compiler.lines import Line, Program, Where
from ..compiler.loops import Shown
from .gather import Gatherer
from .model import Rows
from .origins import Call, Origin, Trace

# Why an operator made no NumPy call that was recorded.
NO_CALL = {
    "forward": "It calls nothing of NumPy: its result is its operand, or a constant.",
    "backward": "Its rule hands the cotangent on as it came, without a NumPy call.",
    "leaf": "The cotangent becomes the gradient as it is, without a NumPy call.",
    "optimiser": "It calls nothing of NumPy.",
}
OWN_FORWARD = "Its forward is code of the program, whose calls stand among those that are not on the tape."
# What a line is that comes from no recorded call.
HEAD = "The arguments of the program: what it takes from outside at each call."
RESULTS = "What the step returns, and the gradients that it leaves."
SOURCE = "The line of the source from which the lines below it come, up to the next comment."
LOOP = "A loop over blocks that fit into the processor's cache."
LOOPS = "A loop over the elements of arrays, compiled by numba."
INSIDE = "A part of the loops that computes nothing of the step: a number to start from, a view, or a check of indices."
CALLED = "The program calls its loops, and makes the arrays that they fill."
SPACE = "Here a function ends."
NOTHING = "The program has nothing to do."
# What is said of a line that computes into a buffer.
BUFFER = "The result goes into memory that belongs to the program and is used again."

Json = dict[str, Any]


def program_data(program: Program, source: Source | Shown, trace: Trace, gatherer: Gatherer, rows: Rows) -> Json:
    """The lines of a program with their origins, the origins with their lines, and what was left out."""
    return _Writer(program, source, trace, gatherer, rows).write()


class _Writer:
    def __init__(self, program: Program, source: Source | Shown, trace: Trace, gatherer: Gatherer, rows: Rows) -> None:
        self.program = program
        self.rows = source.rows
        heads = [number for number, (text, _) in enumerate(self.rows, 1) if text.startswith("def ")]
        self.first_of_program = heads[-1]  # what stands before it are functions of loops
        self.gatherer = gatherer
        self.steps = rows
        self.origins = _complete(trace, gatherer)
        self.ids = {origin: i for i, origin in enumerate(self.origins)}
        self.line_of = {line: number for number, (_, lines) in enumerate(self.rows, 1) for line in lines}

    def write(self) -> Json:
        left = list(self._left_out())
        lines = list(self._lines(left))
        origins = [self._origin(origin) for origin in self.origins]
        for line in lines:
            for number in line["origins"] if line["kind"] == "call" else ():
                origins[number]["lines"].append(line["number"])
        for i, each in enumerate(left):
            origins[each["origin"]]["left"].append(i)
        for origin, told in zip(self.origins, origins, strict=True):
            if not told["lines"] and not told["left"]:
                told["said"] = _without_calls(origin)
        return {"lines": lines, "origins": origins, "left": left}

    # -- lines -------------------------------------------------------------------------------------

    def _lines(self, left: list[Json]) -> Iterable[Json]:
        for number, (text, lines) in enumerate(self.rows, 1):
            kind, said = self._kind(number, text, lines)
            calls = [call for line in lines for call in line.calls]
            if kind == "source":
                calls = [call for _, below in self._below(number) for line in below for call in line.calls]
            yield {
                "number": number,
                "text": text,
                "kind": kind,
                "said": said,
                "origins": self._numbers(calls),
                "calls": list(dict.fromkeys(call.text for call in calls)) if kind == "call" else [],
                "does": [i for i, each in enumerate(left) if each["into"] == number],
            }

    def _kind(self, number: int, text: str, lines: list[Line]) -> tuple[str, str]:
        if lines:
            return "call", BUFFER if any(line.buffer is not None for line in lines) else ""
        bare = text.strip()
        if bare.startswith("def "):
            return "head", HEAD
        if not bare:
            return "space", SPACE
        if self.first_of_program > 1 and not bare.startswith(("#", "return ")):
            inside = LOOPS if bare.startswith("for ") else INSIDE
            return "loop", inside if number < self.first_of_program else CALLED
        if number < self.first_of_program and bare.startswith("return "):
            return "loop", INSIDE
        if bare.startswith("#"):
            return "source", SOURCE
        if bare.startswith("return ") and number == len(self.rows):
            return "results", RESULTS
        return ("nothing", NOTHING) if bare == "pass" else ("loop", LOOP)

    def _below(self, number: int) -> Iterable[Row]:
        """The lines below a comment, up to the next."""
        for text, lines in self.rows[number:]:
            if text.strip().startswith("#"):
                return
            yield text, lines

    def _numbers(self, calls: Iterable[Call]) -> list[int]:
        return list(dict.fromkeys(self.ids[call.origin] for call in calls))

    # -- what has no line of its own ---------------------------------------------------------------

    def _left_out(self) -> Iterable[Json]:
        told: set[Call] = set()  # a call may be dropped with the line that had got it from another one
        for dropped in self.program.dropped:
            into = self._number_of(dropped.into)
            for call in dropped.calls:
                if call not in told:
                    yield {"call": call.text, "origin": self.ids[call.origin], "reason": dropped.reason, "into": into}
            told.update(dropped.calls)

    def _number_of(self, line: Line | None) -> int | None:
        """The line of the text that does the work of a line, which may be left out itself."""
        while line is not None and line not in self.line_of:
            line = line.instead.line if line.instead is not None else None
        return None if line is None else self.line_of[line]

    # -- origins -----------------------------------------------------------------------------------

    def _origin(self, origin: Origin) -> Json:
        number = self.gatherer.numbers.get(origin.node) if origin.node is not None else None
        return {
            "kind": origin.kind,
            "number": number,
            "title": self._title(origin, number),
            "place": _place(origin.place),
            "lines": [],
            "left": [],
            "said": "",
        }

    def _title(self, origin: Origin, number: int | None) -> str:
        if origin.kind == "leaf":
            return f"{self.gatherer.name_of_edge(origin.node)}.grad" if origin.node is not None else ""
        if origin.kind == "optimiser":
            name = self.gatherer.names.of_leaf(origin.parameter) if origin.parameter is not None else None
            return f"{origin.name} updates {name or 'a parameter'}"
        if origin.kind == "line":
            return f"line {origin.place.number}: {_place(origin.place)['text']}"
        if number is not None:
            return f"%{number} {self.steps.step(number).operator}, {origin.kind}"
        if origin.node is not None and not origin.name:
            return f"{name_of(type(origin.node))}, {origin.kind}"
        return f"{origin.name}, line {origin.place.number}"


def _complete(trace: Trace, gatherer: Gatherer) -> list[Origin]:
    """The origins that are shown: those that made calls, and the operators of the tape, also those without any."""
    seen = {origin.node for origin in trace.origins if origin.kind == "forward"}
    untold = [Origin("forward", "", Where("", 0, ""), node) for node in gatherer.nodes if node not in seen]
    named = {*gatherer.numbers, *gatherer.leaves}
    shown = [each for each in trace.origins if each.has_calls or each.node in named or each.kind == "optimiser"]
    return [*untold, *shown]


def _without_calls(origin: Origin) -> str:
    """Why an origin has no recorded call."""
    own = origin.kind == "forward" and origin.node is not None and origin.node.row is None
    return OWN_FORWARD if own else NO_CALL[origin.kind]


def _place(where: Where) -> Json:
    text = linecache.getline(where.filename, where.number).strip()
    return {"file": os.path.basename(where.filename), "line": where.number, "text": text}
