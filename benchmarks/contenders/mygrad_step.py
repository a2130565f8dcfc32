"""MyGrad: tensors and `backward`, and the same in-place updates as in the NumPy contender."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.contenders import Step
from benchmarks.contenders.numpy_updates import make_update
from benchmarks.sizes import Size, initial_numbers


def build(_: ModuleType, size: Size) -> Step:
    """The size's program."""
    return tutorial(size) if size.program == "tutorial" else network(size)


def tutorial(size: Size) -> Step:
    x, y, weights, _ = initial_numbers(size)
    w1, w2 = (mg.tensor(w) for w in weights)
    lr = size.lr

    def step() -> Any:
        y_pred = relu(x @ w1) @ w2  # maximum(..., 0) would go on in float64
        loss = mg.square(y_pred - y).sum()
        loss.backward()
        w1.data -= lr * w1.grad
        w2.data -= lr * w2.grad
        return loss

    return step


def network(size: Size) -> Step:
    x, y, weights, biases = initial_numbers(size)
    weights, biases = [mg.tensor(w) for w in weights], [mg.tensor(b) for b in biases]
    parameters = weights + biases
    update = make_update([p.data for p in parameters], size)

    def step() -> Any:
        hidden = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            hidden = relu(hidden @ w + b)
        outputs = hidden @ weights[-1] + biases[-1]
        classes = size.program != "regression"
        loss = softmax_crossentropy(outputs, y) if classes else mg.square(outputs - y).mean()
        loss.backward()
        update([p.grad for p in parameters])
        return loss

    return step
