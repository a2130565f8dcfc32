"""The rows of a tape as they are shown: plain data, which the text, the picture and the page have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .snapshot import Snapshot

Kind = Literal["leaf", "parameter", "operator", "constant"]


class Place(NamedTuple):
    """A line of the user's program: the file, the number of the line, the function, and the text of the line."""

    file: str
    line: int
    function: str
    text: str


@dataclass
class Operand:
    """A tensor that an operator read.

    `parameter` is the operator's name for it, `name` the user's (or %7, the number of the step that made it). A leaf
    requires a gradient, a parameter is a leaf of a module, and a constant requires none. `number` is that of the step
    that computed it; `index` tells leaves apart (the place in `Rows.leaves`), and constants, also those of one name.
    `shape`, `dtype` and `value` are None where they are not known.
    """

    parameter: str
    name: str
    kind: Kind
    number: int | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    value: Snapshot | None = None
    index: int | None = None


@dataclass
class Saved:
    """What an operator saved for one of its rules: the names of the arrays, and their bytes."""

    names: list[str]
    bytes: int


@dataclass
class Part:
    """What backward handed on from a step to one of its inputs.

    `to` is the name of the input, `number` the step that made it, and `index` the place of a leaf in `Rows.leaves`.
    """

    to: str
    number: int | None
    value: Snapshot | None
    index: int | None = None


@dataclass
class Output:
    """One of the several outputs of an operator (`max` with a dim, `split`), and the cotangent that came to it."""

    name: str
    shape: tuple[int, ...] | None
    dtype: str | None
    cotangent: Snapshot | None = None


@dataclass
class Step:
    """One operator that was recorded.

    `number` counts from 1 in recorded order. `operator` is the name of its row in the derivative table (of a Function,
    its class), `node` torch's name of its node. `name` is the user's name of the output; an operator with several
    `outputs` has those that the tape leads to in there, and no shape and cotangent of its own. `rules` has for each
    differentiable input the text of its rule. `modules` are the names of the modules that it ran in, the outermost
    first, and `calls` tells their calls apart. After a backward, `cotangent` is what came, and `parts` is what went to
    the inputs; `freed` says whether what was saved has been given back.
    """

    number: int
    operator: str
    node: str
    name: str
    inputs: list[Operand]
    shape: tuple[int, ...] | None
    dtype: str | None
    value: Snapshot | None = None
    saved: Saved | None = None
    freed: bool = False
    place: Place | None = None
    modules: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()
    outputs: list[Output] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    cotangent: Snapshot | None = None
    parts: list[Part] = field(default_factory=list)


@dataclass
class Leaf:
    """An end of the tape: a tensor that requires a gradient and that no operator computed, and its gradient so far.

    After a backward, `cotangent` is what came, and `before` the gradient to which it was added.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    dtype: str
    value: Snapshot | None = None
    grad: Snapshot | None = None
    cotangent: Snapshot | None = None
    before: Snapshot | None = None


@dataclass
class Sum:
    """A value that several steps used, so that its cotangent is a sum of what each of them handed on.

    `number` is the step that made the value, None for a leaf, and `index` the place of a leaf in `Rows.leaves`; `parts`
    has the number of each consumer, and its part. A step with several outputs may have a sum for each.
    """

    name: str
    number: int | None
    parts: list[tuple[int, Snapshot | None]]
    total: Snapshot | None = None
    index: int | None = None


@dataclass
class Rows:
    """A whole tape: its steps in recorded order, its leaves in the order of their first use, and the sums."""

    steps: list[Step]
    leaves: list[Leaf]
    sums: list[Sum]
    root: str

    def step(self, number: int) -> Step:
        """The step with a number."""
        return self.steps[number - 1]

    def sums_at(self, number: int | None) -> list[Sum]:
        """The sums at the outputs of a step; for None those at leaves."""
        return [total for total in self.sums if total.number == number]

    def consumers(self, number: int) -> list[int]:
        """The numbers of the steps that read the output of a step."""
        return [s.number for s in self.steps if any(x.number == number for x in s.inputs)]
