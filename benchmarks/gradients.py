"""`python -m benchmarks gradients`: assert_gradients by projections beside torch's gradchecks in their fast mode.

Both check the weight, the bias and the input of a linear layer of 1,000 by 100 in float64, in one process, one after
the other in a random order in every round.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

from benchmarks import environment
from benchmarks.report import markdown

SIZES = (64, 1000, 100)  # the batch, and the layer


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks gradients", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each (15)")
    parser.add_argument("--json", action="store_true", help="the seconds of all rounds as JSON, without the table")
    return parser.parse_args(argv)


def contenders() -> dict[str, Callable[[], object]]:
    """What is timed, by its name."""
    import torch

    import tinygrad_mlp
    from tinygrad_mlp.testing import assert_gradients

    torch.set_num_threads(1)
    batch, inner, outer = SIZES
    generator = torch.Generator().manual_seed(0)
    shapes = ((batch, inner), (outer, inner), (outer,))
    theirs = [torch.randn(shape, dtype=torch.float64, generator=generator, requires_grad=True) for shape in shapes]
    ours = [tinygrad_mlp.tensor(t.detach().numpy()) for t in theirs]
    linear, own = torch.nn.functional.linear, tinygrad_mlp.nn.functional.linear

    def both_of_torch() -> bool:
        first = torch.autograd.gradcheck(linear, theirs, fast_mode=True)
        return first and torch.autograd.gradgradcheck(linear, theirs, fast_mode=True)

    return {
        "torch.autograd.gradcheck(fast_mode=True)": lambda: torch.autograd.gradcheck(linear, theirs, fast_mode=True),
        "assert_gradients, of torch's layer": lambda: assert_gradients(linear, *theirs, order=1),
        "assert_gradients, of ours": lambda: assert_gradients(own, *ours, order=1),
        "torch's gradcheck and gradgradcheck(fast_mode=True)": both_of_torch,
        "assert_gradients, of ours, order=2": lambda: assert_gradients(own, *ours, order=2),
    }


def measure(rounds: int) -> dict[str, list[float]]:
    """The seconds of each call; the first of each is not counted."""
    calls = contenders()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name in random.sample(list(calls), len(calls)):
            start = time.perf_counter()
            calls[name]()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main(argv: list[str]) -> int:
    """Measure and print."""
    options = arguments(argv)
    seconds = measure(options.rounds)
    if options.json:
        print(
            json.dumps({"environment": environment.describe(["torch", "tinygrad_mlp"]), "seconds": seconds}, indent=1)
        )
        return 0
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    first = next(iter(medians.values()))
    rows = [[name, f"{median * 1e3:.1f}", f"{median / first:.2f}"] for name, median in medians.items()]
    title = "a linear layer of {1} by {2}, a batch of {0}".format(*SIZES)
    print(markdown([title, "milliseconds", "ratio"], rows))
    print(f"\n{environment.machine()}")
    return 0
