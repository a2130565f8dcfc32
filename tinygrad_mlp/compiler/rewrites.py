"""Passes that remove needless lines and keep every result, almost always bit for bit (see `passes` for the exceptions).

    a = x * 2; b = x * 2; c = b * 1.0; d = a + c; e = np.exp(d)  # the step returns d
    a = x * 2; d = a + a                                         # after `fold`, `share` and `drop_dead`

They ask of each line which memory it reads and writes, and know little of what it computes. None changes the order of
the lines.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from .lines import Instead, Line, Program, Value, replaced, values_in
from .reasons import CLEARED, CONSTANT, FROM_ZERO, NO_EFFECT, OVERWRITTEN, TWICE, UNREAD
from .recording import CannotRecord
from .refusals import WRITES_INTO_CONSTANT

ndarray = np.ndarray


def reads_of(line: Line) -> Iterator[Any]:
    """The values that a line reads. Its target is among them unless the line overwrites it wholly."""
    overwritten = line.target is not None and overwrites(line)
    for value in line.reads():
        if not (overwritten and value is line.target):
            yield value
    if line.target is not None and not overwritten:
        yield line.target


def overwrites(line: Line) -> bool:
    """Whether a line writes to every element of its target's memory without reading any."""
    target = line.target
    if target is not target.root:
        return False
    others = line.args[1:] if line.function in (operator.setitem, ndarray.fill, np.copyto) else line.args
    if any(value.root is target for value in values_in((others, tuple(line.kwargs.values())))):
        return False
    if line.function is operator.setitem:
        return line.args[1] is Ellipsis or line.args[1] == slice(None)
    return line.function is ndarray.fill or (
        "where" not in line.kwargs and (line.function is np.copyto or line.takes_out)
    )


def writes_by_root(program: Program) -> dict[Any, list[int]]:
    """For each memory (by its root) the positions of the lines that write to it."""
    writes: dict[Any, list[int]] = defaultdict(list)
    for place, line in enumerate(program.lines):
        if line.target is not None:
            writes[line.target.root].append(place)
    return writes


def substitute(program: Program, by: dict[Any, Any]) -> None:
    """Replace values by others in all lines and results."""
    if not by:
        return
    for key in by:  # a value may be replaced by one that is replaced itself
        while by[key] in by:
            by[key] = by[by[key]]
    for line in program.lines:
        line.args = replaced(line.args, by)
        line.kwargs = {key: replaced(x, by) for key, x in line.kwargs.items()}
        line.about = replaced(line.about, by)
        line.target = by.get(line.target, line.target)
        line.out = by.get(line.out, line.out) if line.target is not None else line.out
        for value in (*line.reads(), line.out):  # views of a replaced value are views of the new one
            if value is not None and value.root in by:
                value.root = by[value.root].root
    for value in program.outputs:
        value.root = by[value.root].root if value.root in by else value.root


# -- constants -------------------------------------------------------------------------------------


def copy_written_constants(program: Program, before_write: dict[int, tuple[Any, Any]]) -> None:
    """Make a fresh copy at each call of a constant into which the step writes (`torch.zeros(3)`, then `+=`)."""
    written = [root for root in writes_by_root(program) if root.kind == "constant"]
    for value in {v for line in program.lines for v in line.reads()}:
        if value.kind == "constant" and value is not value.root and value.root in written:
            raise CannotRecord(WRITES_INTO_CONSTANT)
    for root in written:
        first = next(i for i, line in enumerate(program.lines) if any(v.root is root for v in _mentioned(line)))
        original = Value(before_write[id(root.array)][1], "constant")
        root.kind = "made"
        where = program.lines[first].where
        start = program.lines[first]
        if start.target is root and overwrites(start):  # as in torch.empty(3).fill_(2)
            made = Line(np.empty, (root.shape, root.dtype), {}, root, None, where, calls=start.calls)
        else:
            made = Line(np.copy, (original,), {}, root, None, where, calls=start.calls)
        program.lines.insert(first, made)


def _mentioned(line: Line) -> Iterator[Any]:
    yield from line.reads()
    yield from (value for value in (line.out, line.target) if value is not None)


def fold(program: Program, exact: bool = False) -> None:
    """Replace what depends only on constants by its value; remove products with 1 and reshapes to the same shape.

    In a program that must be `exact` products with 1 stay.
    """
    writes = writes_by_root(program)
    kept: list[Line] = []
    by: dict[Any, Any] = {}
    for line in program.lines:
        line.args = replaced(line.args, by)
        line.kwargs = {key: replaced(x, by) for key, x in line.kwargs.items()}
        out = line.out
        if line.target is None and not line.has_effect and not writes.get(out.root):
            if all(x.kind == "constant" for x in line.reads()):
                out.kind = "constant"
                if out.dtype is None:  # a number of Python, by `item`, which stands for itself
                    by[out] = out.array
                program.drop(line, CONSTANT)
                continue
            same = None if exact and line.function is np.multiply else _without_effect(line)
            if same is not None and not writes.get(same.root) and out not in program.outputs:
                by[out] = same
                program.drop(line, NO_EFFECT)
                continue
        kept.append(line)
    program.lines = kept
    substitute(program, by)


def _without_effect(line: Line) -> Any:
    """The operand to which the result of a line is equal, if there is one."""
    out = line.out
    if line.function is np.multiply:
        for one, other in (line.args, line.args[::-1]):
            if _is_one(one) and isinstance(other, Value) and (other.shape, other.dtype) == (out.shape, out.dtype):
                return other
    if line.function is ndarray.reshape and line.args[0].shape == out.shape:
        return line.args[0]
    return None


def _is_one(x: Any) -> bool:
    if isinstance(x, Value):
        return x.kind == "constant" and bool((x.array == 1).all())
    return type(x) in (int, float) and x == 1


# -- gradients that begin at 0 ---------------------------------------------------------------------


def start_from_zero(program: Program) -> None:
    """Replace `grad += g` by a copy of g where grad is all 0 when the step begins.

    If the step also fills it with 0 at its end, that is removed, and the guard checks that it is 0 at the next call. A
    -0 in g stays -0, where `0 + g` would make it 0.
    """
    for root in program.zeros:
        touching = [line for line in program.lines if any(v.root is root for v in _mentioned(line))]
        first = touching[0] if touching else None
        if first is None or first.function is not np.add or first.target is not root or first.args[0] is not root:
            continue
        part = first.args[1]
        if not isinstance(part, Value) or (part.shape, part.dtype) != (root.shape, root.dtype):
            continue
        first.function, first.args = np.copyto, (root, part)
        first.instead = Instead(FROM_ZERO, next((line for line in program.lines if line.out is part), None))
        _forward(program, first, root, part)
        drop_dead(program)
        remaining = [line for line in program.lines if any(v.root is root for v in _mentioned(line))]
        if len(remaining) == 1 and remaining[0].function is ndarray.fill and remaining[0].args[1] == 0:
            program.lines.remove(remaining[0])
            program.drop(remaining[0], CLEARED)


def _forward(program: Program, copy: Line, root: Any, part: Any) -> None:
    """Read `part` in place of `root` in the lines after the copy, until either is written to."""
    start = program.lines.index(copy)
    for line in program.lines[start + 1 :]:
        if line.target is not None and line.target.root in (root, part.root):
            if line.target is not root and line.target.root is root:
                return
            line.args = tuple(line.args[:1]) + replaced(line.args[1:], {root: part})
            return
        line.args = replaced(line.args, {root: part})


# -- lines that occur twice, and lines that nothing needs ------------------------------------------


def share(program: Program) -> None:
    """Compute a call only once if it occurs again with the same operands, and nothing wrote to them in between."""
    writes = writes_by_root(program)
    epochs: dict[Any, int] = defaultdict(int)
    seen: dict[Any, Line] = {}
    by: dict[Any, Any] = {}
    kept = []
    for line in program.lines:
        line.args = replaced(line.args, by)
        line.kwargs = {key: replaced(x, by) for key, x in line.kwargs.items()}
        if line.target is not None:
            epochs[line.target.root] += 1
        elif not line.has_effect and (line.out.kind == "view" or not writes.get(line.out.root)):
            key = _key(line, epochs)
            if key in seen and line.out not in program.outputs:
                by[line.out], line.instead = seen[key].out, Instead(TWICE, seen[key])
                program.drop(line, TWICE)
                continue
            seen.setdefault(key, line)
        kept.append(line)
    program.lines = kept
    substitute(program, by)


def _key(line: Line, epochs: dict[Any, int]) -> Any:
    """A call with its operands, each with the number of writes to its memory so far: equal keys, equal results."""

    def part(x: Any) -> Any:
        if isinstance(x, (tuple, list)):
            return tuple(map(part, x))
        if isinstance(x, Value):
            return id(x), epochs[x.root]
        return repr(x) if isinstance(x, slice) else (type(x), x)

    return line.function, part(line.args), part(tuple(sorted(line.kwargs.items(), key=lambda item: item[0])))


def drop_dead(program: Program) -> None:
    """Remove the lines that neither a result nor a later line needs, going from the last line to the first."""
    used = set(program.outputs)
    read = {value.root for value in program.outputs}  # memory that a later line or a result reads
    overwritten: set[Any] = set()  # memory from outside that is overwritten before it is read
    kept = []
    for line in reversed(program.lines):
        if line.target is not None:
            root = line.target.root
            if root not in read if root.kind == "made" else root in overwritten:
                program.drop(line, UNREAD if root.kind == "made" else OVERWRITTEN)
                continue
            if overwrites(line):
                read.discard(root)
                overwritten.add(root)
        elif not line.has_effect:
            if line.out not in used and (line.out.kind == "view" or line.out.root not in read):
                program.drop(line, UNREAD)
                continue
            if line.out.kind != "view":
                read.discard(line.out)
        for value in reads_of(line):
            used.add(value)
            read.add(value.root)
            overwritten.discard(value.root)
        kept.append(line)
    program.lines = kept[::-1]
