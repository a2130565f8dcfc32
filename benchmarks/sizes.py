"""The six training steps that every contender runs, and the numbers that they start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Size(NamedTuple):
    """One training step.

    `tutorial` is program (b): bias-free, clamp, squared error, plain gradient descent.
    `regression` is a Linear-ReLU network with biases, the mean squared error and plain gradient descent.
    `adam` and `momentum` are Linear-ReLU classifiers with biases and cross entropy under that optimiser.
    """

    program: Literal["tutorial", "regression", "adam", "momentum"]
    batch: int
    widths: tuple[int, ...]
    lr: float


SIZES = {
    "seed": Size("tutorial", 64, (1000, 100, 10), lr=1e-6),
    "tiny": Size("tutorial", 32, (4, 16, 1), lr=1e-6),
    "nn_tiny": Size("regression", 32, (4, 16, 1), lr=1e-2),
    "digits32": Size("adam", 32, (64, 128, 64, 10), lr=1e-3),
    "digits": Size("adam", 128, (784, 256, 128, 10), lr=1e-3),
    "wide": Size("momentum", 512, (2048, 2048, 2048, 10), lr=1e-2),
}
MOMENTUM = 0.9


class Numbers(NamedTuple):
    """The batch and the parameters before the first step; weights are (in, out), everything is float32 but labels."""

    x: np.ndarray
    y: np.ndarray
    weights: list[np.ndarray]
    biases: list[np.ndarray]


def initial_numbers(size: Size) -> Numbers:
    """The same numbers in every process: normal for the tutorial, torch's default ranges for networks with biases."""
    # Not at the top: the harness itself stays smaller than its workers (see worker.peak_bytes).
    import numpy as np

    random = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return random.standard_normal(shape, np.float32)

    def uniform(bound: float, *shape: int) -> np.ndarray:
        return random.uniform(-bound, bound, shape).astype(np.float32)

    x = normal(size.batch, size.widths[0])
    layers = list(zip(size.widths, size.widths[1:], strict=False))
    if size.program == "tutorial":
        return Numbers(x, normal(size.batch, size.widths[-1]), [normal(*layer) for layer in layers], [])
    classes = size.program != "regression"
    y = random.integers(size.widths[-1], size=size.batch) if classes else normal(size.batch, size.widths[-1])
    weights = [uniform(fan_in**-0.5, fan_in, fan_out) for fan_in, fan_out in layers]
    biases = [uniform(fan_in**-0.5, fan_out) for fan_in, fan_out in layers]
    return Numbers(x, y, weights, biases)
