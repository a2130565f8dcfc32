"""`python -m benchmarks small`: the small things that a training loop does, as ratios to torch's time, and the import.

Each package runs with one thread, and is timed by processor time.
"""

from __future__ import annotations

import argparse
import math
import statistics

from benchmarks import beside
from benchmarks.imports import own_import_ratio
from benchmarks.things import THINGS

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks small", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="blocks of calls for each package (15)")
    parser.add_argument("--only", help="only the lines whose names contain this; without the import")
    parser.add_argument("--json", action="store_true", help="the seconds of all rounds as JSON, without the table")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    names = [name for name in THINGS if (options.only or "") in name]
    seconds = beside.measure("benchmarks.small_worker", names, options.rounds, uncounted=0, variables=ONE_THREAD)
    if options.json:
        print(beside.as_json(seconds))
        return 0
    mean = math.exp(statistics.fmean(map(math.log, beside.ratios(seconds).values())))
    last = [["geometric mean", "", "", f"{mean:.2f}"]]
    print(beside.table("one thread, microseconds", 1e-6, 2, seconds, last))
    if not options.only:
        for bytecode, words in ((True, "with bytecode"), (False, "without bytecode")):
            ratio = own_import_ratio(options.rounds, bytecode)
            print(f"\nimport of tinygrad_mlp over NumPy's / NumPy's own import, {words}: {ratio:.2f}")
    return 0
