"""One contender at one size in its own process: `python -m benchmarks.worker CONTENDER SIZE`.

It speaks first, with the losses of its first steps; then each line on stdin (`run SECONDS`, `memory`) gets one line
of JSON. It ends when stdin does.
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
    """The losses from the initial numbers on, and the dtype they are in; this is the warm-up too."""
    losses = []
    for _ in range(CHECKED_STEPS):
        loss = step()
        losses.append(loss.item())  # at once: the next step may reuse the buffer
    settle()
    return {"losses": losses, "dtype": str(loss.dtype)}


def run(step: Step, seconds: float) -> dict[str, Any]:
    """Seconds per step of a block, and how much other work disturbed it.

    A short re-warm-up comes first: caches are cold after the others' turns.
    """
    run_for(step, WARM_SECONDS)
    before = read_clocks()
    steps, elapsed = run_for(step, seconds)
    disturbed = disturbance(before, read_clocks())
    settle()
    return {"seconds": elapsed / steps, "disturbance": disturbed}


def run_for(step: Step, seconds: float) -> tuple[int, float]:
    """At least one step; looking at the clock after each costs 0.05 microseconds, the same for everyone."""
    clock = time.perf_counter
    steps, elapsed, start = 0, 0.0, clock()
    while elapsed < seconds:
        step()
        steps += 1
        elapsed = clock() - start
    return steps, elapsed


def settle() -> None:
    """Wait until this process is idle: OpenBLAS threads spin for 0.1 s after a product, on the next one's core."""
    busy, deadline = 1.0, time.perf_counter() + SETTLE_SECONDS
    while busy > 0.2 and time.perf_counter() < deadline:
        cpu, wall = time.process_time(), time.perf_counter()
        time.sleep(0.01)
        busy = (time.process_time() - cpu) / (time.perf_counter() - wall)


def peak_bytes() -> dict[str, Any]:
    """The largest resident set so far; Linux counts in from the process that started this one, so that stays small."""
    unit = 1 if sys.platform == "darwin" else 1024
    return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def serve(name: str, size: str) -> None:
    """Build, prove, then answer until stdin ends."""
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
