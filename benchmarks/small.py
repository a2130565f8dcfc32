"""`python -m benchmarks small`: the small things that a training loop does, as ratios to torch's time, and the import.

Each package runs in a process of its own with one thread. In every round the two time the same line one after the
other, in a random order, by processor time.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from contextlib import ExitStack

from benchmarks import environment
from benchmarks.imports import own_import_ratio
from benchmarks.measure import Worker
from benchmarks.report import markdown
from benchmarks.things import THINGS

PACKAGES = ("torch", "tinygrad_mlp")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

Seconds = dict[str, dict[str, list[float]]]  # by the name of the thing, then by package


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks small", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="blocks of calls for each package (15)")
    parser.add_argument("--only", help="only the lines whose names contain this; without the import")
    parser.add_argument("--json", action="store_true", help="the seconds of all rounds as JSON, without the table")
    return parser.parse_args(argv)


def measure(names: list[str], rounds: int) -> Seconds:
    """The seconds of a call in each round."""
    seconds: Seconds = {name: {package: [] for package in PACKAGES} for name in names}
    with ExitStack() as stack:
        workers = {
            package: stack.enter_context(Worker("benchmarks.small_worker", package, variables=ONE_THREAD))
            for package in PACKAGES
        }
        for worker in workers.values():
            worker.answer()
        for number in range(rounds):
            print(f"small: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            for name in names:
                for package in random.sample(PACKAGES, len(PACKAGES)):
                    seconds[name][package].append(workers[package].ask(f"run {name}")["seconds"])
    return seconds


def table(seconds: Seconds) -> str:
    """The median of each in microseconds, their ratio, and the geometric mean of the ratios."""
    medians = {name: [statistics.median(times[package]) for package in PACKAGES] for name, times in seconds.items()}
    ratios = {name: ours / theirs for name, (theirs, ours) in medians.items()}
    rows = [
        [name, *(f"{median * 1e6:.2f}" for median in medians[name]), f"{ratio:.2f}"] for name, ratio in ratios.items()
    ]
    rows.append(["geometric mean", "", "", f"{math.exp(statistics.fmean(map(math.log, ratios.values()))):.2f}"])
    return markdown(["one thread, microseconds", *PACKAGES, "ratio"], rows)


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    names = [name for name in THINGS if (options.only or "") in name]
    seconds = measure(names, options.rounds)
    if options.json:
        print(json.dumps({"environment": environment.describe(list(PACKAGES)), "seconds": seconds}, indent=1))
        return 0
    print(table(seconds))
    if not options.only:
        for bytecode, words in ((True, "with bytecode"), (False, "without bytecode")):
            ratio = own_import_ratio(options.rounds, bytecode)
            print(f"\nimport of tinygrad_mlp over NumPy's / NumPy's own import, {words}: {ratio:.2f}")
    print(f"\n{environment.machine()}")
    return 0
