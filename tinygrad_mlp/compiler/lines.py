"""A program as data: lines, each one NumPy call, and the values that they pass on.

Lines stay in the order in which they ran. A value is an array (or a Python number) that a line makes or that comes
from outside; several values can be views of one memory, that of their `root`, so what a line reads and writes is
asked by root.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Where(NamedTuple):
    """A line of the user's source."""

    filename: str
    number: int
    function: str

    def text(self) -> str:
        """As Python's tracebacks say it."""
        return f"line {self.number} of {self.filename}, in {self.function}"


class Value:
    """An array of the program, or a Python number: what it is and whose memory it has.

    `kind` says where it is from: "input", "captured" (a tensor from outside), "constant", "made" by a line, a "view" of
    another value, "buffer" or "number". `name` is what it should be called in the source. `array` is the array (or
    number) itself; of what a line makes, only while the step is recorded.
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
        self.source = source  # of a number that is read at each call: the place where it is
        self._root: Value | None = None  # its own memory: without a cycle that only gc would find

    @property
    def root(self) -> Value:
        """The value that owns the memory."""
        return self if self._root is None else self._root

    @root.setter
    def root(self, value: Value) -> None:
        self._root = None if value is self else value

    def view(self, shape: tuple[int, ...], dtype: Any, *, transposed: bool = False) -> Value:
        """A view of this value that a pass makes: of other bits, or transposed."""
        made = Value(None, "view")
        made.shape, made.dtype, made.root = shape, dtype, self.root
        orders = (self.in_c_order, self.in_f_order)
        made.in_c_order, made.in_f_order = orders[::-1] if transposed else orders
        return made

    def forget(self) -> None:
        """Let go of the array of what a line makes: each call makes another."""
        if self.kind in ("made", "view"):
            self.array = None


@dataclass(eq=False)
class Block:
    """Lines that run together over blocks of `elements` of their `size`; `local` are the values that no other reads."""

    size: int
    elements: int
    local: set[Any] = field(default_factory=set)


@dataclass(eq=False)
class Line:
    """`out = function(*args, **kwargs)`; or the same, written into the memory of `target`."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any
    target: Any
    where: Where
    comment: str = ""  # what the line does, where the call does not say it; {0}, {1}, ... stand for `about`
    about: tuple[Any, ...] = ()
    block: Block | None = None
    gemm: Any = None  # of a product that SciPy's BLAS shall compute, the function
    buffer: Any = None  # memory of the program's own that `out` is computed into

    def reads(self) -> list[Any]:
        """The values that the line takes, views of a memory as themselves."""
        found = []
        for x in (*self.args, *self.kwargs.values()):
            if isinstance(x, Value):
                found.append(x)
            elif isinstance(x, (tuple, list, slice)):
                found.extend(values_in(x))
        return found

    @property
    def takes_out(self) -> bool:
        """Whether the call can be told where to put its result."""
        if isinstance(getattr(self.function, "__self__", None), np.ufunc):
            return str(self.function.__name__) != "at"
        return isinstance(self.function, np.ufunc) or self.function is np.dot

    @property
    def has_effect(self) -> bool:
        """Whether the line matters although nothing uses what it gives: it may raise, or draw a random number."""
        return (self.out is None and self.target is None) or getattr(self.function, "draws", False)


@dataclass
class Program:
    """What was recorded, and what must be there when it has run.

    `inputs` are the arguments' arrays by name, `numbers` the Python numbers that are read at each call, `outputs` the
    values that are handed out, `kept` those whose memory lives on: parameters, buffers, optimiser state.
    """

    lines: list[Line]
    inputs: list[Any]
    numbers: list[Any]
    outputs: list[Any]
    zeros: set[Any] = field(default_factory=set)  # captured memory that is all 0 when the program begins

    def copy(self) -> Program:
        """The same program of other lines and values, for passes to change."""
        listed = (*self.inputs, *self.numbers, *self.outputs, *self.zeros)
        values = {x for line in self.lines for x in (*line.reads(), line.out, line.target) if x is not None} | {*listed}
        twins = {x: copy(x) for x in values | {x.root for x in values}}
        for value, twin in twins.items():
            twin.root = twins[value.root]
        lines = [
            Line(
                line.function, replaced(line.args, twins), {key: replaced(x, twins) for key, x in line.kwargs.items()},
                twins.get(line.out), twins.get(line.target), line.where,
            )
            for line in self.lines
        ]  # fmt: skip
        inputs, numbers, outputs = ([twins[x] for x in part] for part in (self.inputs, self.numbers, self.outputs))
        return Program(lines, inputs, numbers, outputs, {twins[x] for x in self.zeros})


def values_in(x: Any) -> Iterator[Any]:
    """The values in nested tuples and lists of operands; slices too."""
    if isinstance(x, (tuple, list)):
        for part in x:
            yield from values_in(part)
    elif isinstance(x, slice):
        yield from values_in((x.start, x.stop, x.step))
    elif isinstance(x, Value):
        yield x


def replaced(x: Any, by: dict[Any, Any]) -> Any:
    """Nested operands with values replaced."""
    if isinstance(x, (tuple, list)):
        return type(x)(replaced(part, by) for part in x)
    return by.get(x, x) if isinstance(x, Value) else x
