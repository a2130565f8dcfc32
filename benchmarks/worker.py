"""Runs one contender at one size in a process of its own: `python -m benchmarks.worker CONTENDER SIZE`.

It first prints the losses of its first steps. Then it answers each line on stdin, `run SECONDS` or `memory`, by a line
of JSON, until stdin ends.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from benchmarks.contenders import Step, build
from benchmarks.contention import disturbance, read_clocks
from benchmarks.sizes import SIZES

CHECKED_STEPS = 8
WARM_SECONDS = 0.01
SETTLE_SECONDS = 1.0


def first_losses(step: Step) -> dict[str, Any]:
    """The losses of the first steps, and their dtype. These steps are also the warm-up."""
    losses = []
    for _ in range(CHECKED_STEPS):
        loss = step()
        losses.append(loss.item())  # read now, as the next step may reuse its memory
    settle()
    return {"losses": losses, "dtype": str(loss.dtype)}


def run(step: Step, seconds: float) -> dict[str, Any]:
    """Time a block of steps: the seconds per step, and how much other programs disturbed it.

    Some steps are run before it, because the other contenders have used the caches in the meantime.
    """
    run_for(step, WARM_SECONDS)
    before = read_clocks()
    steps, elapsed = run_for(step, seconds)
    disturbed = disturbance(before, read_clocks())
    settle()
    return {"seconds": elapsed / steps, "disturbance": disturbed}


def run_for(step: Step, seconds: float) -> tuple[int, float]:
    """Run steps for some seconds, but at least one; return their number and the time.

    The clock is read after each step, which costs every contender the same 0.05 microseconds.
    """
    clock = time.perf_counter
    steps, elapsed, start = 0, 0.0, clock()
    while elapsed < seconds:
        step()
        steps += 1
        elapsed = clock() - start
    return steps, elapsed


def settle() -> None:
    """Wait until this process is idle: OpenBLAS's threads keep a core busy for 0.1 s after a product."""
    busy, deadline = 1.0, time.perf_counter() + SETTLE_SECONDS
    while busy > 0.2 and time.perf_counter() < deadline:
        cpu, wall = time.process_time(), time.perf_counter()
        time.sleep(0.01)
        busy = (time.process_time() - cpu) / (time.perf_counter() - wall)


def peak_bytes() -> dict[str, Any]:
    """The largest memory (resident set) so far. Linux includes that of the process that started this one."""
    unit = 1 if sys.platform == "darwin" else 1024
    return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def serve(name: str, size: str) -> None:
    """Build the step, print its first losses, then answer until stdin ends."""
    step = build(name, SIZES[size])
    say(first_losses(step))
    for line in sys.stdin:
        command, *seconds = line.split()
        say(run(step, float(seconds[0])) if command == "run" else peak_bytes())


if __name__ == "__main__":
    try:
        serve(*sys.argv[1:])
    except Exception as problem:
        say({"error": f"{type(problem).__name__}: {problem}"})
        raise
