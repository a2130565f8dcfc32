"""Times what torch and this package do beside each other, each in a process of its own, as ratios of medians.

In every round the two do the same one after the other, in a random order.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType

from benchmarks import environment
from benchmarks.measure import Worker
from benchmarks.report import markdown

PACKAGES = ("torch", "tinygrad_mlp")

Seconds = dict[str, dict[str, list[float]]]  # by what is done, then by package: a figure for each round


def measure(
    module: str,
    deeds: Sequence[str],
    rounds: int,
    *arguments: str,
    uncounted: int = 1,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Seconds:
    """The seconds of each round; the first ones do not count. `module` is run with a package and the arguments."""
    seconds: Seconds = {deed: {package: [] for package in PACKAGES} for deed in deeds}
    with ExitStack() as stack:
        workers = {
            package: stack.enter_context(Worker(module, package, *arguments, variables=variables))
            for package in PACKAGES
        }
        for worker in workers.values():
            worker.answer()
        for number in range(1 - uncounted, rounds + 1):
            print(f"{module}: round {number} of {rounds}", file=sys.stderr, flush=True)
            for deed in deeds:
                for package in random.sample(PACKAGES, len(PACKAGES)):
                    taken = workers[package].ask(deed)["seconds"]
                    if number > 0:
                        seconds[deed][package].append(taken)
    return seconds


def serve(prepare: Callable[..., Callable[[str], float]]) -> None:
    """Be such a process: prepare by its arguments, and answer each line on stdin by the seconds that it took."""
    try:
        seconds_of = prepare(*sys.argv[1:])
        print(json.dumps({"ready": sys.argv[1]}), flush=True)
        for line in sys.stdin:
            print(json.dumps({"seconds": seconds_of(line.rstrip("\n"))}), flush=True)
    except Exception as problem:
        print(json.dumps({"error": f"{type(problem).__name__}: {problem}"}), flush=True)
        raise


def ratios(seconds: Seconds) -> dict[str, float]:
    """Of each deed, the median of this package as a part of torch's."""
    medians = {deed: [statistics.median(times[package]) for package in PACKAGES] for deed, times in seconds.items()}
    return {deed: ours / theirs for deed, (theirs, ours) in medians.items()}


def table(title: str, unit: float, digits: int, seconds: Seconds, last: Sequence[list[str]] = ()) -> str:
    """The medians in a unit of so many seconds, their ratios, more rows, and the machine."""
    rows = [
        [
            deed,
            *(f"{statistics.median(seconds[deed][package]) / unit:.{digits}f}" for package in PACKAGES),
            f"{ratio:.2f}",
        ]
        for deed, ratio in ratios(seconds).items()
    ]
    return f"{markdown([title, *PACKAGES, 'ratio'], [*rows, *last])}\n\n{environment.machine()}"


def as_json(seconds: Seconds) -> str:
    """The environment and the seconds of all rounds."""
    return json.dumps({"environment": environment.describe(list(PACKAGES)), "seconds": seconds}, indent=1)
