"""Long elementwise runs over large arrays, cut into blocks that stay in the cache: memory is read and written once.

An optimiser's update is a dozen passes over each parameter and its state. In blocks all of them find their operands in
the cache, and what one line makes only for the next needs no more memory than a block. (Measured with Adam and momentum
on 200,000 and 4,000,000 elements: 1 MiB is best, smaller blocks cost more calls than they save memory.)
"""

from __future__ import annotations

import math

import numpy as np

from .fusion import last_uses
from .lines import Block, Line, Program, Value

BYTES = 1 << 20


def mark(program: Program) -> None:
    """Give runs of lines the block that they run in together."""
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
    """Whether a line is elementwise over whole arrays, each in one piece of memory, like those of the run."""
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
    out = run[0].out
    elements = BYTES // max(x.dtype.itemsize for line in run for x in _arrays(line))
    block = Block(math.prod(out.shape), elements)
    for line in run:
        line.block = block
        if line.target is None and last[line.out] < end:
            block.local.add(line.out)
