"""After how many calls compiling a program in loops pays: an estimate, which is the same on every machine.

A clock would be more exact, but then the same script would change over to loops at another call in each run, and its
numbers, which round otherwise from there on, would not be those of the run before.
"""

from __future__ import annotations

import math

import numpy as np

from ..lines import Line, Program, Value

# Seconds that numba takes for a program, and more for each line.
COMPILING, COMPILING_A_LINE = 1.0, 0.02
# Seconds that NumPy takes for a call, for each element that it makes, and for each multiplication of a matrix product.
A_CALL, AN_ELEMENT, A_MULTIPLICATION = 2e-6, 4e-10, 4e-11


def calls_until_worth_it(program: Program) -> int:
    """How often NumPy runs a program in about the time that compiling it takes."""
    compiling = COMPILING + COMPILING_A_LINE * len(program.lines)
    return math.ceil(compiling / (A_CALL + sum(map(_seconds, program.lines))))


def _seconds(line: Line) -> float:
    shapes = [x.shape for x in (line.out, *line.args) if isinstance(x, Value)]
    elements = max(map(math.prod, shapes), default=0)
    if line.function in (np.dot, np.matmul) and isinstance(line.out, Value):
        inner = shapes[1][-1] if shapes[1:] and shapes[1] else 1
        return A_CALL + A_MULTIPLICATION * math.prod(line.out.shape) * inner
    return A_CALL + AN_ELEMENT * elements
