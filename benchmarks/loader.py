"""`python -m benchmarks loader`: an epoch of a DataLoader over 60,000 x 784 floats, as ratios to torch's time.

Both packages go once through all batches of 128 samples with their labels, shuffled, with every number of workers; the
start of the workers belongs to the epoch, as it does in a training.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable

from benchmarks import beside

SAMPLES, FEATURES, BATCH = 60_000, 784, 128


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks loader", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="epochs for each package and number of workers (9)")
    parser.add_argument("--workers", default="0,2", help="numbers of workers (0,2)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"in an epoch ({SAMPLES})")
    return parser.parse_args(argv)


def prepare(package: str, samples: str) -> Callable[[str], float]:
    """Make the data; a function of the number of workers that returns the seconds of an epoch."""
    torch = importlib.import_module(package)
    data = importlib.import_module(f"{package}.utils.data")
    count = int(samples)
    rows = data.TensorDataset(torch.randn(count, FEATURES), torch.randint(0, 10, (count,)))

    def seconds_of(workers: str) -> float:
        start = time.perf_counter()
        found = 0
        for x, _labels in data.DataLoader(rows, BATCH, shuffle=True, num_workers=int(workers)):
            found += len(x)
        seconds = time.perf_counter() - start
        assert found == count
        return seconds

    return seconds_of


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    seconds = beside.measure("benchmarks.loader", options.workers.split(","), options.rounds, str(options.samples))
    print(beside.table("workers; milliseconds of an epoch", 1e-3, 0, seconds))
    return 0


if __name__ == "__main__":
    beside.serve(prepare)
