"""Measures whether other programs disturbed a block of steps, so that the report can leave that block out.

Only Linux gives the figures; on other systems every block counts as undisturbed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

NOTICEABLE = 0.2  # cores in use by others; less is not certain, as /proc/stat counts hundredths of a second


class Clocks(NamedTuple):
    """Seconds so far: of wall time, used by all cores, used by this process, and waited for a core by its threads."""

    wall: float
    machine: float
    own: float
    waiting: float


def read_clocks() -> Clocks:
    return Clocks(time.perf_counter(), machine_seconds(), time.process_time(), waiting_seconds())


def machine_seconds() -> float:
    """The seconds for which all cores together were busy."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.read_text().split(maxsplit=9)[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def waiting_seconds() -> float:
    """The seconds for which the threads of this process were ready but had no core, summed over the threads."""
    tasks = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[1]) for task in tasks) * 1e-9


def disturbance(before: Clocks, after: Clocks) -> float:
    """The share of the wall time spent waiting for a core, or 0 if no other program used a noticeable part of one.

    Both must be true: the threads of XLA wait for one another without any other program, and a program that runs on an
    idle core slows all contenders alike.
    """
    wall, machine, own, waiting = (b - a for a, b in zip(before, after, strict=True))
    return waiting / wall if (machine - own) / wall > NOTICEABLE else 0.0
