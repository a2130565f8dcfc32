"""`for event in loss.backward_steps():` is `loss.backward()` in slow motion: the program sees every node run.

It is the package's own backward that runs, in a thread of its own. The noted nodes (watching.py) tell when a cotangent
has come and when they have run; the thread then waits until the loop asks for the next event. So there is one engine,
and what it computes is the same to the last bit.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..autograd.backward import what_to_execute
from ..autograd.deep import thread_like_this
from ..autograd.engine import execute
from ..autograd.hooks import prepare, running
from ..autograd.outputs import Unreachable, source
from ..tape import AccumulateGrad, Node, reachable
from ..tensor import Tensor
from .gather import Gatherer
from .model import Leaf, Output, Rows, Step, Sum
from .names import Names
from .refusals import NO_TENSOR_STEPS
from .snapshot import Snapshot
from .watching import listening, note_backward, note_of
from .words import norm_text


@dataclass(frozen=True)
class NodeRan:
    """A node has run: its rules made the parts that go to its inputs out of the cotangent that came.

    `step` is the row of the tape: its `number`, `rules`, `cotangent` and `parts` are those of this run.
    """

    step: Step

    def __str__(self) -> str:
        step = self.step
        outputs = step.outputs or [Output(step.name, step.shape, step.dtype, step.cotangent)]
        came = [f"{output.name} came {norm_text(output.cotangent)}".rstrip() for output in outputs]
        lines = [f"%{step.number} {step.operator} runs: the cotangent of {', of '.join(came)}"]
        lines += [f"    to {part.to} {norm_text(part.value)}" for part in step.parts if part.value is not None]
        return "\n".join(lines)


@dataclass(frozen=True)
class PartsSummed:
    """All consumers of a value have run, and what they handed on has been added up: `total` of the sum is known."""

    sum: Sum

    def __str__(self) -> str:
        parts = " + ".join(f"%{number} {norm_text(part)}".strip() for number, part in self.sum.parts)
        return f"sum of what reaches {self.sum.name}: {parts} = {norm_text(self.sum.total)}"


@dataclass(frozen=True)
class LeafAccumulated:
    """A cotangent has been added to the `.grad` of a leaf, which was `before` (None where there was none)."""

    name: str
    cotangent: Snapshot | None
    before: Snapshot | None
    after: Snapshot | None

    def __str__(self) -> str:
        before = "None" if self.before is None else norm_text(self.before)
        after = "None" if self.after is None else norm_text(self.after)
        return f"{self.name}.grad: {before} + {norm_text(self.cotangent)} = {after}"


Event = NodeRan | PartsSummed | LeafAccumulated


def backward_steps(
    tensor: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> Iterator[Event]:
    """What `tensor.backward` does with these arguments, one event after another: a generator for a loop.

    The events are `NodeRan`, `PartsSummed` and `LeafAccumulated`; `print` shows each as text. Nothing runs before the
    first event is asked for. If the loop ends early, the tape is left as an exception in backward leaves it: the nodes
    that have run are freed, and leaves whose turn has not come keep their `.grad`. Hooks run in a thread of their own,
    in the grad mode of the caller. TypeError for what is no tensor; RuntimeError as from `backward`.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(NO_TENSOR_STEPS.format(found=type(tensor).__name__))
    arguments = what_to_execute(tensor, gradient, retain_graph, create_graph, inputs)
    return _events(arguments, Names.of_caller())


class _Stopped(BaseException):
    """Ends the backward of a loop that has ended; no `except Exception` of a hook keeps it from that."""


def _events(arguments: tuple[Any, ...], names: Names) -> Iterator[Event]:
    roots = [node for node, _ in arguments[0]]
    prepare(arguments[0])  # where hooks ask for other nodes, they are made before the nodes are numbered
    for node in reachable(roots):
        note_backward(node)
    told: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    turns: queue.SimpleQueue[bool] = queue.SimpleQueue()
    failure: list[BaseException] = []

    def tell(event: Event) -> None:
        told.put(event)
        if not turns.get():
            turns.put(False)  # also for what else may be told on the way out
            raise _Stopped

    def work() -> None:
        listener = _Listener(Gatherer(roots, names), tell)
        listening.came, listening.ran = listener.came, listener.ran
        try:
            execute(*arguments)
        except BaseException as error:
            failure.append(error)
        told.put(None)

    # A daemon, so that a loop that nobody goes on with does not keep the process alive.
    thread = thread_like_this(work, "backward in steps", daemon=True)
    thread.start()
    try:
        while (event := told.get()) is not None:
            yield event
            turns.put(True)
    finally:
        turns.put(False)
        thread.join()
    if failure:
        raise failure[0]


class _Listener:
    """Makes events of what the nodes of one backward tell."""

    def __init__(self, gatherer: Gatherer, tell: Callable[[Event], None]) -> None:
        self._gatherer = gatherer
        self._tell = tell
        self._depth = running.depth
        self._outer = running.started
        self._parts: dict[Node, list[tuple[int, Snapshot | None]]] = {}

    def _is_inside(self) -> bool:
        """Whether what runs is another backward, that of a hook or of a Function."""
        return running.depth != self._depth + (self._outer is not None)

    def came(self, node: Node) -> None:
        """A cotangent has come to a node: where it is a sum, tell that."""
        parts = self._parts.get(node, ())
        note = note_of(node)
        if len(parts) > 1 and note is not None and not self._is_inside():
            number = self._gatherer.numbers.get(source(node)[0])
            self._tell(PartsSummed(Sum(self._gatherer.name_of_edge(node), number, list(parts), note.cotangent)))

    def ran(self, node: Node) -> None:
        """A node has run, or a leaf has its gradient."""
        note = note_of(node)
        if note is None or self._is_inside():
            return
        if isinstance(node, AccumulateGrad):
            grad = node.variable._grad
            after = None if grad is None else Snapshot(grad.array)
            self._tell(LeafAccumulated(self._gatherer.name_of_edge(node), note.cotangent, note.before, after))
        elif node in self._gatherer.numbers:
            number = self._gatherer.numbers[node]
            for edge, part in zip(node.edges, note.parts, strict=False):
                if edge is not None and part is not None and type(edge) is not Unreachable:
                    self._parts.setdefault(edge, []).append((number, part))
            self._tell(NodeRan(self._gatherer.step(node)))


def events_of(rows: Rows) -> list[Event]:
    """The events of the backward that has run over a tape, from what its rows have noted; none where none has run."""
    leaf_sums = {total.index: total for total in rows.sums_at(None)}
    events: list[Event] = []
    for step in reversed(rows.steps):
        if step.cotangent is not None or any(part.value is not None for part in step.parts):
            for total in rows.sums_at(step.number):
                events += _sum_of(total)
            events.append(NodeRan(step))
    for index, leaf in enumerate(rows.leaves):
        if leaf.cotangent is not None:
            events += _sum_of(leaf_sums[index]) if index in leaf_sums else []
            events.append(_of_leaf(leaf))
    return events


def _sum_of(total: Sum) -> list[Event]:
    parts: list[tuple[int, Snapshot | None]] = [each for each in total.parts if each[1] is not None]
    return [PartsSummed(Sum(total.name, total.number, parts, total.total))] if len(parts) > 1 else []


def _of_leaf(leaf: Leaf) -> LeafAccumulated:
    return LeafAccumulated(leaf.name, leaf.cotangent, leaf.before, leaf.grad)
