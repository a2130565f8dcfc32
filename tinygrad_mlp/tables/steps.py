"""The steps of a training: call by call, or as a NumPy program that gives the same numbers bit for bit.

step = ExactStep(step, {32: 1320, 29: 30})  # batches of 32 rows pay for a program, the 30 last ones do not
step(x, y)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["WORTH_IT", "ExactStep"]

# So many steps must be to come for a program to be faster over all, with the time in which it is recorded and made: in
# a process that has not imported the compiler it was measured to be 400 to 800 steps, whatever the network. Steps are
# counted, and no clock is asked, so that the same training always does the same.
WORTH_IT = 800


class ExactStep:
    """A training step that is called like the step itself, and that becomes an exact program where that pays.

    `calls` says how often at most it will be called with a batch of so many rows; each number of rows has a program of
    its own. A step that cannot be recorded goes on as it is, with the same numbers.
    """

    def __init__(self, step: Any, calls: Mapping[int, int]) -> None:
        self.step = step
        self._program: Any = None
        self._started = False
        self._rows = {rows for rows, count in calls.items() if count > WORTH_IT}

    def __call__(self, x: Any, y: Any) -> Any:
        """Do the step for a batch."""
        if not self._started or len(x) not in self._rows:
            self._started = True  # the first step makes the optimiser's state, which is not recorded
            return self.step(x, y)
        from ..compiler import CannotRecord, CompiledStep

        if self._program is None:
            self._program = CompiledStep(self.step, exact=True)
        try:
            return self._program(x, y)
        except CannotRecord:  # all that the step has changed was put back
            self._rows = set()
            return self.step(x, y)

    @property
    def has_program(self) -> bool:
        """Whether steps are run by a program now."""
        programs = () if self._program is None or not self._rows else self._program.programs
        return any(program.confirmed for program in programs)
