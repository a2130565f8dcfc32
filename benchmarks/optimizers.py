"""`python -m benchmarks optimizers`: a step of an optimiser over many float32 parameters, as ratios to torch's time.

The parameters are six matrices and vectors, as those of a network of three layers; their gradients stay the same.
Torch takes the step that it takes by default, which on a CPU is one parameter after the other.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from typing import Any

from benchmarks import beside

OPTIMIZERS: dict[str, tuple[str, dict[str, float]]] = {
    "SGD, momentum": ("SGD", {"lr": 1e-3, "momentum": 0.9}),
    "Adam": ("Adam", {"lr": 1e-3}),
    "RMSprop": ("RMSprop", {"lr": 1e-3}),
}
WIDTHS = {"100 thousand": 182, "10 million": 1825}  # of three square layers with so many parameters
BLOCK_SECONDS = 0.05


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks optimizers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="blocks of steps for each package (15)")
    parser.add_argument("--sizes", default=",".join(WIDTHS), help=f"of {','.join(WIDTHS)}")
    return parser.parse_args(argv)


def stepper(torch: Any, optimizer: str, width: int) -> Callable[[], object]:
    """The step of a new optimiser over new parameters that have gradients."""
    shapes = [(width, width), (width,)] * 3
    parameters = [torch.randn(shape).requires_grad_() for shape in shapes]
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape)
    name, options = OPTIMIZERS[optimizer]
    return getattr(torch.optim, name)(parameters, **options).step  # type: ignore[no-any-return]


def prepare(package: str) -> Callable[[str], float]:
    """A function of a size and an optimiser that returns the seconds of a step."""
    torch = importlib.import_module(package)
    steppers: dict[str, tuple[Callable[[], object], int]] = {}

    def seconds_of(deed: str) -> float:
        if deed not in steppers:
            size, _, optimizer = deed.partition(": ")
            step = stepper(torch, optimizer, WIDTHS[size])
            step()
            start = time.perf_counter()
            step()
            steppers[deed] = step, max(1, int(BLOCK_SECONDS / (time.perf_counter() - start)))
        step, count = steppers[deed]
        step()  # the caches were another process's in the meantime
        start = time.perf_counter()
        for _ in range(count):
            step()
        return (time.perf_counter() - start) / count

    return seconds_of


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    deeds = [f"{size}: {optimizer}" for size in options.sizes.split(",") for optimizer in OPTIMIZERS]
    seconds = beside.measure("benchmarks.optimizers", deeds, options.rounds)
    print(beside.table("a step, milliseconds", 1e-3, 3, seconds))
    return 0


if __name__ == "__main__":
    beside.serve(prepare)
