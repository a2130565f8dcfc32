"""Memory: each array that a line makes gets a buffer of the program's own, which the next call uses again.

A buffer goes to the next value of its shape when the last line that touches its value has run; an elementwise call
takes over the buffer of an operand that it is the last to read. What is handed out has no buffer: it is new each time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from .fusion import last_uses
from .lines import Line, Program, Value


def assign(program: Program) -> None:
    """Give lines their buffers."""
    last = last_uses(program)
    sizes = {value: line.block.elements for line in program.lines if line.block for value in line.block.local}
    held: dict[Value, Value] = {}  # a value, by its root: the buffer that it is in
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
    out = line.out
    if line.target is not None or out is None or out.kind != "made" or not line.takes_out or not out.shape:
        return False
    if line.function is np.dot and not out.in_c_order:
        return False
    return (out.in_c_order or out.in_f_order) and not {"out", "where"} & line.kwargs.keys()


def _buffer(value: Value, sizes: dict[Value, int]) -> Value:
    """New memory for a value; for one that lives within a block, of a block's size."""
    if value in sizes:
        return Value(np.empty(sizes[value], value.dtype), "buffer")
    return Value(np.empty(value.shape, value.dtype, order="C" if value.in_c_order else "F"), "buffer")


def _dying_operand(
    line: Line, place: int, last: dict[Value, int], held: dict[Value, Value], sizes: dict[Value, int]
) -> Value | None:
    """An operand whose buffer an elementwise call may write into, as nobody reads it any more."""
    if not isinstance(line.function, np.ufunc) or line.function is np.matmul:
        return None
    values: list[Value] = line.reads()
    for value in values:
        alike = value in held and last[value] == place and _layout(value, sizes) == _layout(line.out, sizes)
        if alike and all(other is value or other.root is not value for other in values):
            return value
    return None


def _layout(value: Value, sizes: dict[Value, int]) -> tuple[Any, ...]:
    if value in sizes:
        return "block", sizes[value], value.dtype
    return value.shape, value.dtype, value.in_c_order, value.in_f_order
