"""Times the lines of things.py with one package in a process of its own."""

from __future__ import annotations

import gc
import importlib
import time
import timeit
from collections.abc import Callable
from typing import Any

from benchmarks import beside
from benchmarks.things import SETUP, THINGS

BLOCK_SECONDS = 0.01


def timer(torch: Any, line: str, names: dict[str, Any]) -> timeit.Timer:
    """A timer of processor time, from which programs that take the core meanwhile do not take away."""
    return timeit.Timer(line, timer=time.process_time, globals={"torch": torch, **names})


def calls_for(timed: timeit.Timer) -> int:
    """How often to run a line for a block of `BLOCK_SECONDS`. This is the warm-up, too."""
    timed.timeit(1)  # in which a package may import what only this line needs
    calls = 1
    while (seconds := timed.timeit(calls)) < BLOCK_SECONDS / 4:
        calls *= 2
    return max(1, int(calls * BLOCK_SECONDS / seconds))


def prepare(package: str) -> Callable[[str], float]:
    """Run the setup; a function of a line's name that returns the seconds of a call."""
    torch = importlib.import_module(package)
    names: dict[str, Any] = {"torch": torch}
    exec(SETUP, names)
    timers = {name: timer(torch, line, names) for name, line in THINGS.items()}
    gc.collect()
    gc.freeze()  # what the setup made is not looked through again while a line is timed
    calls: dict[str, int] = {}

    def seconds_of(name: str) -> float:
        if name not in calls:
            calls[name] = calls_for(timers[name])
        timers[name].timeit(max(1, calls[name] // 8))  # the caches were another process's in the meantime
        return timers[name].timeit(calls[name]) / calls[name]

    return seconds_of


if __name__ == "__main__":
    beside.serve(prepare)
