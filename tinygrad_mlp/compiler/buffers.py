"""The last pass: arrays are computed into buffers that belong to the program and are used again at the next call.

    h = x @ w1; d = h - y                                   # two new arrays at each call
    np.matmul(x, w1, out=h); d = np.subtract(h, y, out=h)   # none: one buffer, made with the program

A buffer is free for another value of its shape after the last line that uses its value. An elementwise call writes into
the buffer of an operand if it is the last to read that operand. A result has no buffer, because the caller keeps it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from .fusion import last_uses
from .lines import Line, Program, Value


def assign(program: Program) -> None:
    """Give the lines their buffers."""
    last = last_uses(program)
    sizes = {value: line.block.elements for line in program.lines if line.block for value in line.block.local}
    held: dict[Value, Value] = {}  # from a value that owns its memory to its buffer
    free: dict[Any, list[Value]] = defaultdict(list)
    ends: dict[int, list[Value]] = defaultdict(list)
    for root, place in last.items():
        ends[place].append(root)
    for place, line in enumerate(program.lines):
        if _can_be_placed(line) and last[line.out] < len(program.lines):
            operand = _dying_operand(line, place, last, held, sizes)
            if operand is not None:
                line.buffer = held.pop(operand)
            else:
                waiting = free[_layout(line.out, sizes)]
                line.buffer = waiting.pop() if waiting else _buffer(line.out, sizes)
            held[line.out] = line.buffer
        for root in ends[place]:
            if root in held:
                free[_layout(root, sizes)].append(held.pop(root))


def _can_be_placed(line: Line) -> bool:
    """Whether a line makes a contiguous array that it can compute into a given one."""
    out = line.out
    if line.target is not None or out is None or out.kind != "made" or not line.takes_out or not out.shape:
        return False
    if line.function is np.dot and not out.in_c_order:
        return False
    return (out.in_c_order or out.in_f_order) and not {"out", "where"} & line.kwargs.keys()


def _buffer(value: Value, sizes: dict[Value, int]) -> Value:
    """A new buffer for a value; a value that is local to a loop over blocks needs one block."""
    if value in sizes:
        return Value(np.empty(sizes[value], value.dtype), "buffer")
    return Value(np.empty(value.shape, value.dtype, order="C" if value.in_c_order else "F"), "buffer")


def _dying_operand(
    line: Line, place: int, last: dict[Value, int], held: dict[Value, Value], sizes: dict[Value, int]
) -> Value | None:
    """An operand of an elementwise call that is not read afterwards, so that the result may take its buffer."""
    if not isinstance(line.function, np.ufunc) or line.function is np.matmul:
        return None
    values: list[Value] = line.reads()
    for value in values:
        alike = value in held and last[value] == place and _layout(value, sizes) == _layout(line.out, sizes)
        if alike and all(other is value or other.root is not value for other in values):
            return value
    return None


def _layout(value: Value, sizes: dict[Value, int]) -> tuple[Any, ...]:
    """What two values must have in common to use one buffer in turn."""
    if value in sizes:
        return "block", sizes[value], value.dtype
    return value.shape, value.dtype, value.in_c_order, value.in_f_order
