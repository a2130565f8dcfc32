"""A pass that cuts elementwise lines over large arrays into blocks that fit in the processor's cache.

    v *= 0.9; v += g; w -= lr * v                                     # three passes over arrays of the weight's size
    for i in range(0, n, 262144): v_i *= 0.9; v_i += g_i; w_i -= ...  # one pass, in blocks

An optimiser's update is a dozen lines for each parameter. In a loop over blocks every line finds its operands in the
cache, and an array that is only used within the loop needs the memory of one block. With Adam and momentum on 200,000
and 4,000,000 elements blocks of 1 MiB were measured to be best; smaller ones cost more in calls than they save.
"""

from __future__ import annotations

import math

import numpy as np

from .fusion import last_uses
from .lines import Block, Line, Program, Value

BYTES = 1 << 20  # of the largest array in a block


def mark(program: Program) -> None:
    """Give each run of lines that can share a loop its block."""
    last = last_uses(program)
    run: list[Line] = []
    for place, line in enumerate([*program.lines, None]):
        if line is not None and _fits(line, run, program):
            run.append(line)
            continue
        if len(run) > 1:
            _join(run, place, last)
        run = [line] if line is not None and _fits(line, [], program) else []


def _fits(line: Line, run: list[Line], program: Program) -> bool:
    """Whether a line is elementwise over whole contiguous arrays of the same shape as those of the run."""
    if not isinstance(line.function, np.ufunc) or line.function is np.matmul or line.kwargs or line.out is None:
        return False
    if line.out in program.outputs or math.prod(line.out.shape) * line.out.dtype.itemsize <= BYTES:
        return False
    arrays = _arrays(line)
    if any(x.shape != line.out.shape or not x.in_c_order for x in arrays):
        return False
    if run and run[0].out.shape != line.out.shape:
        return False
    together = {x for other in (*run, line) for x in _arrays(other)}
    return len({x.root for x in together}) == len(together)


def _arrays(line: Line) -> list[Value]:
    return [x for x in (*line.reads(), line.out) if x.shape]


def _join(run: list[Line], end: int, last: dict[Value, int]) -> None:
    """Make a block of a run that ends before the line at `end`; a value that is last used before it is local."""
    out = run[0].out
    elements = BYTES // max(x.dtype.itemsize for line in run for x in _arrays(line))
    block = Block(math.prod(out.shape), elements)
    for line in run:
        line.block = block
        if line.target is None and last[line.out] < end:
            block.local.add(line.out)
