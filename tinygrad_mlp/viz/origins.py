"""Who made each NumPy call of a compiled step: the step is recorded once more, and watched while it runs.

with step.recorded_again(tracing) as compiled: ...
# the recorded line np.maximum(0, product) has a Call, whose origin is the operator relu, forward
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..autograd.hooks.running import running
from ..autograd.outputs import source
from ..compiler.emit import function_name
from ..compiler.lines import Line, Where
from ..compiler.session import Session
from ..ops import Operator
from ..tape import AccumulateGrad, Node, reachable
from ..tensor import Tensor
from ..tensor.dispatch import observe_calls
from .gather import saved_by
from .model import Saved
from .snapshot import Snapshot, ndarray_of
from .watching import Watch, listening, watching
from .words import shape_text

# "between" is what backward does between two operators, until it is known for which of them.
Kind = Literal["forward", "backward", "leaf", "optimiser", "line", "between"]


@dataclass(eq=False)
class Origin:
    """What makes NumPy calls: an operator forward or backward, a leaf's gradient, an optimiser, a line of the program.

    `name` is that of the operator or the optimiser. `node` is the node of an operator that is on the tape, or of the
    leaf; `parameter` what an optimiser updates. `outer` is the origin within which it runs.
    """

    kind: Kind
    name: str
    place: Where
    node: Node | None = None
    parameter: Tensor | None = None
    outer: Origin | None = None
    has_calls: bool = False

    def shown(self) -> Origin:
        """The origin that a reader knows: an operator that a rule calls, and that is on no tape, is a part of it."""
        if self.kind == "forward" and self.node is None and self.outer is not None:
            return self.outer.shown()
        return self


@dataclass(eq=False)
class Call:
    """A recorded NumPy call as a person would name it, and what made it."""

    text: str
    origin: Origin


class _Seen(Where):
    """A line of the program, with the origin that was at work there."""

    origin: Origin


class Trace:
    """What was seen while a step ran: the origins in the order in which they began, and what each backward began with.

    `roots` are the nodes at which the backwards began, `variables` those of the frames that called them; `saved` is
    what nodes had saved before a backward, `grads` what the leaves had after it.
    """

    def __init__(self, session: Session, watch: Watch) -> None:
        self.session = session
        self.watch = watch
        self.origins: list[Origin] = []
        self.roots: list[Node] = []
        self.variables: list[dict[str, Any]] = []
        self.saved: dict[Node, Saved | None] = {}
        self.grads: dict[Node, Snapshot] = {}
        self._doing: list[Origin] = []
        self._ran: Origin | None = None  # the node of a backward that ran last
        self._of_node: dict[Node, Origin] = {}
        self._of_line: dict[Where, Origin] = {}

    # -- what runs now -----------------------------------------------------------------------------

    def where(self) -> Where:
        """The line of the program that runs now, as the recorder asks for it, with the origin that is at work."""
        found = _Seen(*self._line())
        found.origin = self._doing[-1] if self._doing else self._outside(found)
        return found

    def _line(self) -> Where:
        line, session = self.session.where(), self.session
        return session.called_from if line == session.asked_from else line

    def _outside(self, where: Where) -> Origin:
        if running.started is not None:
            return Origin("between", "", where, outer=self._ran)
        if where not in self._of_line:
            self._of_line[where] = self._note(Origin("line", "", where))
        return self._of_line[where]

    def _note(self, origin: Origin) -> Origin:
        self.origins.append(origin)
        return origin

    def begin(self, kind: Kind, name: str, **more: Any) -> Origin:
        """Note that something begins to work, within what is at work."""
        outer = self._doing[-1] if self._doing else None
        self._doing.append(self._note(Origin(kind, name, self._line(), outer=outer, **more)))
        return self._doing[-1]

    def end(self, origin: Origin) -> None:
        """Note that it is done, and whatever an exception has left within it."""
        del self._doing[self._doing.index(origin) :]

    # -- who tells ---------------------------------------------------------------------------------

    def run(self, row: Operator, args: tuple[Any, ...], call: Callable[..., Any]) -> Any:
        """Run an operator, and note its node if it gets one."""
        origin = self.begin("forward", row.name)
        try:
            result = self.watch.run(row, args, call)
        finally:
            self.end(origin)
        first = result[0] if isinstance(result, tuple) else result
        node = None if not isinstance(first, Tensor) or first.node is None else source(first.node)[0]
        if node is not None and node not in self._of_node and node.row is not None and node.row.name == row.name:
            origin.node, self._of_node[node] = node, origin
        return result

    def came(self, node: Node) -> None:
        """A cotangent has come to a node, which runs now."""
        root = self.watch.root
        if root is not None and (not self.roots or root is not self.roots[-1]):
            self.roots.append(root)
            self.variables += self.watch.variables
            for each in reachable([root]):
                self.saved.setdefault(each, saved_by(each))
        self.begin("leaf" if isinstance(node, AccumulateGrad) else "backward", "", node=node)

    def ran(self, node: Node) -> None:
        """A node has run, or a leaf has its gradient."""
        origin = next(each for each in reversed(self._doing) if each.node is node)
        self.end(origin)
        self._ran = origin
        if isinstance(node, AccumulateGrad) and node.variable._grad is not None:
            self.grads[node] = Snapshot(ndarray_of(node.variable._grad))

    def update(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        """An optimiser's `update` that notes its parameter."""

        def update(optimizer: Any, p: Tensor, *args: Any) -> Any:
            origin = self.begin("optimiser", type(optimizer).__name__, parameter=p)
            try:
                return plain(optimizer, p, *args)
            finally:
                self.end(origin)

        return update

    # -- the recorded lines ------------------------------------------------------------------------

    def note_calls(self) -> None:
        """Give each recorded line its call, and each call its origin."""
        lines = self.session.recorder.lines
        sums = self._sums(lines)
        for line in lines:
            seen = line.where.origin if isinstance(line.where, _Seen) else self._outside(line.where)
            origin = sums.get(line) or seen
            if origin.kind == "between":
                origin = origin.outer or self._outside(line.where)
            call = Call(_text(line), origin.shown())
            call.origin.has_calls = True
            line.calls = (call,)

    def _sums(self, lines: list[Line]) -> dict[Line, Origin]:
        """The lines with which backward adds up parts, each with the node that gets the sum."""
        backward = {each.node: each for each in self.origins if each.kind in ("backward", "leaf")}
        values = self.session.recorder.values
        receivers: dict[Any, Origin] = {}
        for node, g in self.session.cotangents:
            value, origin = values.get(id(ndarray_of(g))), backward.get(source(node)[0])
            if value is not None and origin is not None:
                receivers.setdefault(value, origin)
        found: dict[Line, Origin] = {}
        for line in reversed(lines):
            between = isinstance(line.where, _Seen) and line.where.origin.kind == "between"
            if between and line.function is np.add and line.out in receivers:
                found[line] = receivers[line.out]
                for part in line.reads():  # of three parts, the first two are added up in a line of their own
                    receivers.setdefault(part, found[line])
        return found


def _text(line: Line) -> str:
    """A recorded call: its function, and the shape and dtype of its result."""
    out = line.out if line.out is not None else line.target
    name = function_name(line.function)
    if out is None:
        return name
    said = "writes to" if line.target is not None else "gives"
    return f"{name} {said} {shape_text(out.shape)} {out.dtype}" if out.dtype is not None else f"{name} gives a number"


@contextmanager
def tracing(session: Session, keep: Callable[[Trace], None]) -> Iterator[None]:
    """In this block a step that is recorded is watched; `keep` gets what was seen, before the step runs."""
    with watching() as watch:
        trace = Trace(session, watch)
        keep(trace)
        told = listening.came, listening.ran
        plain = {kind: vars(kind)["update"] for kind in _optimizers(session)}
        session.recorder.where = trace.where
        listening.came, listening.ran = trace.came, trace.ran
        observe_calls(trace.run)
        try:
            for kind, update in plain.items():
                kind.update = trace.update(update)
            yield
            trace.note_calls()
        finally:
            for kind, update in plain.items():
                kind.update = update
            listening.came, listening.ran = told
            session.recorder.where = session.where


def _optimizers(session: Session) -> list[Any]:
    """The classes in which the optimisers of a step say how a parameter is updated."""
    kinds = {kind for optimizer, _ in session.state.optimizers for kind in type(optimizer).__mro__[:-1]}
    return [kind for kind in kinds if "update" in vars(kind)]
