"""`python -m benchmarks loader`: an epoch of a DataLoader over 60,000 x 784 floats, as ratios to torch's time.

Each package runs in a process of its own. In every round each goes once through all batches of 128 samples with their
labels, shuffled, with every number of workers, one package after the other in a random order; the start of the workers
belongs to the epoch, as it does in a training.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import statistics
import sys
import time
from contextlib import ExitStack

from benchmarks.environment import machine
from benchmarks.measure import Worker
from benchmarks.report import markdown

PACKAGES = ("torch", "tinygrad_mlp")
SAMPLES, FEATURES, BATCH = 60_000, 784, 128


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks loader", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="epochs for each package and number of workers (9)")
    parser.add_argument("--workers", default="0,2", help="numbers of workers (0,2)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"in an epoch ({SAMPLES})")
    return parser.parse_args(argv)


def serve(package: str, samples: str) -> None:
    """Make the data, say so, and answer each line on stdin, a number of workers, by the seconds of an epoch."""
    torch = importlib.import_module(package)
    data = importlib.import_module(f"{package}.utils.data")
    count = int(samples)
    rows = data.TensorDataset(torch.randn(count, FEATURES), torch.randint(0, 10, (count,)))
    print(json.dumps({"ready": package}), flush=True)
    for question in sys.stdin:
        start = time.perf_counter()
        found = 0
        for x, _labels in data.DataLoader(rows, BATCH, shuffle=True, num_workers=int(question)):
            found += len(x)
        seconds = time.perf_counter() - start
        assert found == count
        print(json.dumps({"seconds": seconds}), flush=True)


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    numbers = options.workers.split(",")
    seconds: dict[tuple[str, str], list[float]] = {(n, package): [] for n in numbers for package in PACKAGES}
    with ExitStack() as stack:
        workers = {
            package: stack.enter_context(Worker("benchmarks.loader", package, str(options.samples)))
            for package in PACKAGES
        }
        for worker in workers.values():
            worker.answer()
        for number in range(options.rounds + 1):
            print(f"loader: round {number} of {options.rounds}", file=sys.stderr, flush=True)
            for n in numbers:
                for package in random.sample(PACKAGES, len(PACKAGES)):
                    answer = workers[package].ask(n)
                    if number:  # the first epoch of each is not counted
                        seconds[n, package].append(answer["seconds"])
    rows = []
    for n in numbers:
        theirs, ours = (statistics.median(seconds[n, package]) for package in PACKAGES)
        rows.append([n, f"{theirs * 1e3:.0f}", f"{ours * 1e3:.0f}", f"{ours / theirs:.2f}"])
    print(markdown(["workers; milliseconds of an epoch", *PACKAGES, "ratio"], rows))
    print(f"\n{machine()}")
    return 0


if __name__ == "__main__":
    try:
        serve(*sys.argv[1:])
    except Exception as problem:
        print(json.dumps({"error": f"{type(problem).__name__}: {problem}"}), flush=True)
        raise
