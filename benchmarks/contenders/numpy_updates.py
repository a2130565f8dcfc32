"""Adam, and SGD with and without momentum, by hand in NumPy, in place: for contenders whose gradients are arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.sizes import MOMENTUM, Size

Update = Callable[[list[np.ndarray]], None]  # takes the gradients, changes the parameters


def make_update(parameters: list[np.ndarray], size: Size) -> Update:
    """The size's optimiser over these parameters."""
    return {"regression": descent, "adam": adam, "momentum": momentum}[size.program](parameters, size.lr)


def descent(parameters: list[np.ndarray], lr: float) -> Update:
    """`p -= lr g`."""

    def update(gradients: list[np.ndarray]) -> None:
        for p, g in zip(parameters, gradients, strict=True):
            p -= lr * g

    return update


def momentum(parameters: list[np.ndarray], lr: float) -> Update:
    """`v = 0.9 v + g; p -= lr v` (torch.optim.SGD)."""
    velocities = [np.zeros_like(p) for p in parameters]
    scratches = [np.empty_like(p) for p in parameters]

    def update(gradients: list[np.ndarray]) -> None:
        for p, g, v, scratch in zip(parameters, gradients, velocities, scratches, strict=True):
            v *= MOMENTUM
            v += g
            p -= np.multiply(v, lr, out=scratch)

    return update


def adam(parameters: list[np.ndarray], lr: float) -> Update:
    """Kingma & Ba with torch's default arguments (torch.optim.Adam)."""
    beta1, beta2, eps = 0.9, 0.999, 1e-8
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    scratches = [np.empty_like(p) for p in parameters]
    count = 0

    def update(gradients: list[np.ndarray]) -> None:
        nonlocal count
        count += 1
        rate = lr / (1 - beta1**count)
        correction = (1 - beta2**count) ** -0.5
        for p, g, m, v, scratch in zip(parameters, gradients, means, squares, scratches, strict=True):
            m *= beta1
            m += np.multiply(g, 1 - beta1, out=scratch)
            v *= beta2
            np.multiply(g, g, out=scratch)
            scratch *= 1 - beta2
            v += scratch
            np.sqrt(v, out=scratch)
            scratch *= correction
            scratch += eps
            np.divide(m, scratch, out=scratch)
            scratch *= rate
            p -= scratch

    return update
