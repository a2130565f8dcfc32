"""`python -m benchmarks files`: save and load of 100 MB, beside torch, as ratios of medians.

Both packages write a file that was not there, replace it, read it, and map it. The file lies in the cache of the
system, and nothing is forced to the disk.
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks import beside

DEEDS = ("save, a new file", "save, over an old file", "load", "load with mmap=True")


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks files", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is done (15)")
    parser.add_argument("--megabytes", type=int, default=100, help="the size of the tensor (100)")
    parser.add_argument("--json", action="store_true", help="the seconds of all rounds as JSON, without the table")
    return parser.parse_args(argv)


def prepare(package: str, folder: str, megabytes: str) -> Callable[[str], float]:
    """A function that does what a line says and returns the seconds that it took."""
    torch = importlib.import_module(package)
    tensor, path = torch.rand(int(megabytes) * 250_000), os.path.join(folder, f"{package}.pt")
    calls: dict[str, Callable[[], Any]] = {
        "load": lambda: torch.load(path),
        "load with mmap=True": lambda: torch.load(path, mmap=True),
    }

    def seconds_of(deed: str) -> float:
        if deed == "save, a new file" and os.path.exists(path):
            os.unlink(path)
        call = calls.get(deed, lambda: torch.save(tensor, path))
        start = time.perf_counter()
        kept = call()
        taken = time.perf_counter() - start
        del kept
        return taken

    return seconds_of


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        seconds = beside.measure("benchmarks.files", DEEDS, options.rounds, folder, str(options.megabytes))
    title = f"{options.megabytes} MB, milliseconds"
    print(beside.as_json(seconds) if options.json else beside.table(title, 1e-3, 2, seconds))
    return 0


if __name__ == "__main__":
    beside.serve(prepare)
