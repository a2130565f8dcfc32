"""A program as data: a list of lines, each one NumPy call, and the values that pass from line to line.

    h = x @ w  # becomes Line(np.dot, (x, w), {}, out=h, target=None, ...)
    w -= g     # becomes Line(np.subtract, (w, g), {}, out=w, target=w, ...)

Lines keep the order in which they ran. A value is an array or a Python number that a line makes or that comes from
outside. Several values can be views of the same memory, which is that of their `root`; so a pass that asks which
memory a line reads or writes compares roots.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Where(NamedTuple):
    """A line of the user's source code."""

    filename: str
    number: int
    function: str

    def text(self) -> str:
        """The line as a Python traceback names it."""
        return f"line {self.number} of {self.filename}, in {self.function}"


class Value:
    """An array or a Python number of a program: its shape and dtype, where it comes from, and whose memory it uses.

    `kind` is "input" (an argument), "captured" (a tensor from the step's variables), "constant", "made" by a line, a
    "view" of another value, "buffer" (memory that the program reuses) or "number". `name` is the name that it should
    have in the source. `array` is the array or number itself; for what a line makes it is there only while recording.
    """

    __slots__ = ("_root", "array", "dtype", "in_c_order", "in_f_order", "kind", "name", "shape", "source")

    def __init__(self, array: Any, kind: str, name: str = "", source: Any = None) -> None:
        self.array = array
        self.shape: tuple[int, ...] = getattr(array, "shape", ())
        self.dtype: Any = getattr(array, "dtype", None)
        flags = getattr(array, "flags", None)
        self.in_c_order = flags is None or bool(flags.c_contiguous)
        self.in_f_order = flags is None or bool(flags.f_contiguous)
        self.kind = kind
        self.name = name
        self.source = source  # for a number that is read at each call, its place
        self._root: Value | None = None  # None if it owns its memory, as a reference to itself would be a cycle

    @property
    def root(self) -> Value:
        """The value that owns the memory."""
        return self if self._root is None else self._root

    @root.setter
    def root(self, value: Value) -> None:
        self._root = None if value is self else value

    def view(self, shape: tuple[int, ...], dtype: Any, *, transposed: bool = False) -> Value:
        """A new value that is a view of this one: of another dtype, or transposed."""
        made = Value(None, "view")
        made.shape, made.dtype, made.root = shape, dtype, self.root
        orders = (self.in_c_order, self.in_f_order)
        made.in_c_order, made.in_f_order = orders[::-1] if transposed else orders
        return made

    def forget(self) -> None:
        """Drop the array if a line makes it: each call makes another."""
        if self.kind in ("made", "view"):
            self.array = None


@dataclass(eq=False)
class Block:
    """A loop in which several lines run over blocks of `elements` of `size`; only they read the `local` values."""

    size: int
    elements: int
    local: set[Any] = field(default_factory=set)


class Instead(NamedTuple):
    """What does the work of a line that a pass has made needless: the reason in a sentence, and the other line."""

    reason: str
    line: Any = None


class Dropped(NamedTuple):
    """Recorded calls that no line of their own does any more, with the reason and the line that does their work."""

    calls: tuple[Any, ...]
    reason: str
    into: Any


@dataclass(eq=False)
class Line:
    """One call, `out = function(*args, **kwargs)`; with a `target` the result is written into its memory."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any
    target: Any
    where: Where
    comment: str = ""  # for calls that are hard to read; {0}, {1}, ... stand for the values in `about`
    about: tuple[Any, ...] = ()
    block: Block | None = None
    gemm: Any = None  # for a product by SciPy's BLAS, its function
    buffer: Any = None  # the reused memory into which `out` is computed
    calls: tuple[Any, ...] = ()  # the recorded calls whose work it does, where somebody has asked for them
    instead: Instead | None = None  # what does its work, if nothing reads its result any more

    def reads(self) -> list[Any]:
        """The values among the operands."""
        found = []
        for x in (*self.args, *self.kwargs.values()):
            if isinstance(x, Value):
                found.append(x)
            elif isinstance(x, (tuple, list, slice)):
                found.extend(values_in(x))
        return found

    @property
    def takes_out(self) -> bool:
        """Whether the call takes `out=`, an array for its result."""
        if isinstance(getattr(self.function, "__self__", None), np.ufunc):
            return str(self.function.__name__) != "at"
        return isinstance(self.function, np.ufunc) or self.function is np.dot

    @property
    def has_effect(self) -> bool:
        """Whether the line is needed even if its result is not used: it may raise, or draws random numbers."""
        return (self.out is None and self.target is None) or getattr(self.function, "draws", False)


@dataclass
class Program:
    """A recorded step: its lines, what it takes and what it returns.

    `inputs` are the arrays of its arguments, `numbers` the Python numbers that are read at each call, `outputs` the
    values that it returns. The memory of captured values (parameters, buffers, optimiser state) is changed in place.
    A pass that leaves a line out says so to `drop`; `dropped` has what was said of lines with recorded calls.
    """

    lines: list[Line]
    inputs: list[Any]
    numbers: list[Any]
    outputs: list[Any]
    zeros: set[Any] = field(default_factory=set)  # captured memory that is all 0 when the program begins
    dropped: list[Dropped] = field(default_factory=list)

    def drop(self, line: Line, reason: str) -> None:
        """Note why a line is left out; if it has an `instead`, that is the reason, and its line gets the calls."""
        if line.calls:
            reason, into = line.instead or Instead(reason)
            self.dropped.append(Dropped(line.calls, reason, into))
            if into is not None:
                into.calls += line.calls

    def copy(self) -> Program:
        """A copy with lines and values of its own, which passes may change."""
        listed = (*self.inputs, *self.numbers, *self.outputs, *self.zeros)
        values = {x for line in self.lines for x in (*line.reads(), line.out, line.target) if x is not None} | {*listed}
        twins = {x: copy(x) for x in values | {x.root for x in values}}
        for value, twin in twins.items():
            twin.root = twins[value.root]
        lines = [
            Line(
                line.function, replaced(line.args, twins), {key: replaced(x, twins) for key, x in line.kwargs.items()},
                twins.get(line.out), twins.get(line.target), line.where, calls=line.calls,
            )
            for line in self.lines
        ]  # fmt: skip
        inputs, numbers, outputs = ([twins[x] for x in part] for part in (self.inputs, self.numbers, self.outputs))
        return Program(lines, inputs, numbers, outputs, {twins[x] for x in self.zeros}, list(self.dropped))


def values_in(x: Any) -> Iterator[Any]:
    """The values in operands that may be nested in tuples, lists and slices."""
    if isinstance(x, (tuple, list)):
        for part in x:
            yield from values_in(part)
    elif isinstance(x, slice):
        yield from values_in((x.start, x.stop, x.step))
    elif isinstance(x, Value):
        yield x


def replaced(x: Any, by: dict[Any, Any]) -> Any:
    """Operands, perhaps nested, with each value replaced by the one that `by` has for it."""
    if isinstance(x, (tuple, list)):
        return type(x)(replaced(part, by) for part in x)
    return by.get(x, x) if isinstance(x, Value) else x
