"""The passes over a program that leave its results as they are, to the last bit but for the sign of a zero.

Each looks at the lines from outside: what they read, what they write, and which memory that is. No pass changes the
order of the lines.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from .lines import Line, Program, Value, replaced, values_in
from .recording import CannotRecord

ndarray = np.ndarray


def reads_of(line: Line) -> Iterator[Any]:
    """The arrays and numbers that a line reads; what it writes to is read too, unless it is wholly overwritten."""
    overwritten = line.target is not None and overwrites(line)
    for value in line.reads():
        if not (overwritten and value is line.target):
            yield value
    if line.target is not None and not overwritten:
        yield line.target


def overwrites(line: Line) -> bool:
    """Whether a line writes to every element of the memory of its target, and reads none of it."""
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
    """For each memory the places of the lines that write into it."""
    writes: dict[Any, list[int]] = defaultdict(list)
    for place, line in enumerate(program.lines):
        if line.target is not None:
            writes[line.target.root].append(place)
    return writes


def substitute(program: Program, by: dict[Any, Any]) -> None:
    """Have every line, and the results, use other values."""
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
        for value in (*line.reads(), line.out):  # a view of what is replaced is a view of the other
            if value is not None and value.root in by:
                value.root = by[value.root].root
    for value in program.outputs:
        value.root = by[value.root].root if value.root in by else value.root


# -- constants -------------------------------------------------------------------------------------


def copy_written_constants(program: Program, before_write: dict[int, tuple[Any, Any]]) -> None:
    """A constant that the step writes into (`torch.zeros(3)`, then `+=`) starts afresh in every call."""
    written = [root for root in writes_by_root(program) if root.kind == "constant"]
    for value in {v for line in program.lines for v in line.reads()}:
        if value.kind == "constant" and value is not value.root and value.root in written:
            raise CannotRecord("the step writes into a part of an array that it made without a tensor")
    for root in written:
        first = next(i for i, line in enumerate(program.lines) if any(v.root is root for v in _mentioned(line)))
        original = Value(before_write[id(root.array)][1], "constant")
        root.kind = "made"
        where = program.lines[first].where
        start = program.lines[first]
        if start.target is root and overwrites(start):  # torch.empty(3).fill_(2): what was in it does not matter
            program.lines.insert(first, Line(np.empty, (root.shape, root.dtype), {}, root, None, where))
        else:
            program.lines.insert(first, Line(np.copy, (original,), {}, root, None, where))


def _mentioned(line: Line) -> Iterator[Any]:
    yield from line.reads()
    yield from (value for value in (line.out, line.target) if value is not None)


def fold(program: Program) -> None:
    """Compute what depends on constants alone; drop products by 1 and reshapes to the same shape."""
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
                continue
            same = _without_effect(line)
            if same is not None and not writes.get(same.root) and out not in program.outputs:
                by[out] = same
                continue
        kept.append(line)
    program.lines = kept
    substitute(program, by)


def _without_effect(line: Line) -> Any:
    """The operand that a line gives back unchanged, if it does."""
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
    """Write the first cotangent over a gradient that is 0, and leave zeroing to the call that finds it 0 again.

    Where `0 + g` had a -0 made 0, the sign of that zero differs.
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
        _forward(program, first, root, part)
        drop_dead(program)
        remaining = [line for line in program.lines if any(v.root is root for v in _mentioned(line))]
        if len(remaining) == 1 and remaining[0].function is ndarray.fill and remaining[0].args[1] == 0:
            program.lines.remove(remaining[0])


def _forward(program: Program, copy: Line, root: Any, part: Any) -> None:
    """Read `part` where `root` has the same elements: from the copy on, until either is written to."""
    start = program.lines.index(copy)
    for line in program.lines[start + 1 :]:
        if line.target is not None and line.target.root in (root, part.root):
            if line.target is not root and line.target.root is root:
                return
            line.args = tuple(line.args[:1]) + replaced(line.args[1:], {root: part})
            return
        line.args = replaced(line.args, {root: part})


# -- lines that are there twice, and lines for nothing ---------------------------------------------


def share(program: Program) -> None:
    """Compute once what two lines compute alike from memory that was not written to between them."""
    writes = writes_by_root(program)
    epochs: dict[Any, int] = defaultdict(int)
    seen: dict[Any, Any] = {}
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
                by[line.out] = seen[key]
                continue
            seen.setdefault(key, line.out)
        kept.append(line)
    program.lines = kept
    substitute(program, by)


def _key(line: Line, epochs: dict[Any, int]) -> Any:
    def part(x: Any) -> Any:
        if isinstance(x, (tuple, list)):
            return tuple(map(part, x))
        if isinstance(x, Value):
            return id(x), epochs[x.root]
        return repr(x) if isinstance(x, slice) else (type(x), x)

    return line.function, part(line.args), part(tuple(sorted(line.kwargs.items(), key=lambda item: item[0])))


def drop_dead(program: Program) -> None:
    """Leave out the lines that nothing outside and no other line needs: seen from the end, what is not read again."""
    used = set(program.outputs)
    read = {value.root for value in program.outputs}  # the memory whose elements a later line, or a result, reads
    overwritten: set[Any] = set()  # memory from outside that a later line overwrites before any reads it
    kept = []
    for line in reversed(program.lines):
        if line.target is not None:
            root = line.target.root
            if root not in read if root.kind == "made" else root in overwritten:
                continue
            if overwrites(line):
                read.discard(root)
                overwritten.add(root)
        elif not line.has_effect:
            if line.out not in used and (line.out.kind == "view" or line.out.root not in read):
                continue
            if line.out.kind != "view":
                read.discard(line.out)
        for value in reads_of(line):
            used.add(value)
            read.add(value.root)
            overwritten.discard(value.root)
        kept.append(line)
    program.lines = kept[::-1]
