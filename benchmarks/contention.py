"""Whether other work disturbed a block; only Linux tells, elsewhere every block counts as quiet."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

NOTICEABLE = 0.2  # cores; the machine's own count moves in hundredths of a second


class Clocks(NamedTuple):
    """Seconds so far: on the wall, of all cores, of this process, and that its threads were ready but had no core."""

    wall: float
    machine: float
    own: float
    waiting: float


def read_clocks() -> Clocks:
    return Clocks(time.perf_counter(), machine_seconds(), time.process_time(), waiting_seconds())


def machine_seconds() -> float:
    """The time that all cores together were busy."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.read_text().split(maxsplit=9)[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def waiting_seconds() -> float:
    """The time that threads of this process waited on a run queue, summed over threads."""
    tasks = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[1]) for task in tasks) * 1e-9


def disturbance(before: Clocks, after: Clocks) -> float:
    """The share of the time spent waiting for a core, if others had one.

    Neither alone counts: XLA's threads wait for one another, and a neighbour on a spare core slows everyone alike.
    """
    wall, machine, own, waiting = (b - a for a, b in zip(before, after, strict=True))
    return waiting / wall if (machine - own) / wall > NOTICEABLE else 0.0
