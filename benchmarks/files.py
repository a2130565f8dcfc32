"""`python -m benchmarks files`: save and load of 100 MB, beside torch, as ratios of medians.

Each package runs in a process of its own. In every round the two do the same one after the other, in a random order:
they write a file that was not there, replace it, read it, and map it. The file lies in the cache of the system, and
nothing is forced to the disk.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks import environment
from benchmarks.measure import Worker
from benchmarks.report import markdown

PACKAGES = ("torch", "tinygrad_mlp")
DEEDS = ("save, a new file", "save, over an old file", "load", "load with mmap=True")


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks files", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is done (15)")
    parser.add_argument("--megabytes", type=int, default=100, help="the size of the tensor (100)")
    parser.add_argument("--json", action="store_true", help="the seconds of all rounds as JSON, without the table")
    return parser.parse_args(argv)


def measure(rounds: int, megabytes: int) -> dict[str, dict[str, list[float]]]:
    """The seconds of each round; the first of each is not counted."""
    seconds: dict[str, dict[str, list[float]]] = {deed: {package: [] for package in PACKAGES} for deed in DEEDS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        workers = {
            package: stack.enter_context(Worker("benchmarks.files", package, folder, str(megabytes)))
            for package in PACKAGES
        }
        for worker in workers.values():
            worker.answer()
        for number in range(rounds + 1):
            print(f"files: round {number} of {rounds}", file=sys.stderr, flush=True)
            for deed in DEEDS:
                for package in random.sample(PACKAGES, len(PACKAGES)):
                    taken = workers[package].ask(deed)["seconds"]
                    if number:
                        seconds[deed][package].append(taken)
    return seconds


def serve(package: str, folder: str, megabytes: str) -> None:
    """Do what each line on stdin says, and answer by the seconds that it took."""
    torch = importlib.import_module(package)
    tensor, path = torch.rand(int(megabytes) * 250_000), os.path.join(folder, f"{package}.pt")
    calls: dict[str, Callable[[], Any]] = {
        "load": lambda: torch.load(path),
        "load with mmap=True": lambda: torch.load(path, mmap=True),
    }
    print(json.dumps({"ready": package}), flush=True)
    for question in sys.stdin:
        deed = question.rstrip("\n")
        if deed == "save, a new file" and os.path.exists(path):
            os.unlink(path)
        call = calls.get(deed, lambda: torch.save(tensor, path))
        start = time.perf_counter()
        kept = call()
        taken = time.perf_counter() - start
        del kept
        print(json.dumps({"seconds": taken}), flush=True)


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    seconds = measure(options.rounds, options.megabytes)
    if options.json:
        print(json.dumps({"environment": environment.describe(list(PACKAGES)), "seconds": seconds}, indent=1))
        return 0
    medians = {deed: [statistics.median(times[package]) for package in PACKAGES] for deed, times in seconds.items()}
    rows = [
        [deed, *(f"{median * 1e3:.2f}" for median in (theirs, ours)), f"{ours / theirs:.2f}"]
        for deed, (theirs, ours) in medians.items()
    ]
    print(markdown([f"{options.megabytes} MB, milliseconds", *PACKAGES, "ratio"], rows))
    print(f"\n{environment.machine()}")
    return 0


if __name__ == "__main__":
    serve(*sys.argv[1:])
