"""HIPS autograd: `value_and_grad` of the loss, and the same in-place updates as in the NumPy contender."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.contenders import Step
from benchmarks.contenders.numpy_updates import make_update
from benchmarks.sizes import Size, initial_numbers


def build(_: ModuleType, size: Size) -> Step:
    """The size's program."""
    return tutorial(size) if size.program == "tutorial" else network(size)


def tutorial(size: Size) -> Step:
    x, y, (w1, w2), _ = initial_numbers(size)
    lr = size.lr

    def squared_error(w1: Any, w2: Any) -> Any:
        return anp.sum((anp.maximum(x @ w1, 0) @ w2 - y) ** 2)

    loss_and_gradients = value_and_grad(squared_error, argnum=(0, 1))

    def step() -> Any:
        nonlocal w1, w2
        loss, (grad_w1, grad_w2) = loss_and_gradients(w1, w2)
        w1 -= lr * grad_w1
        w2 -= lr * grad_w2
        return loss

    return step


def network(size: Size) -> Step:
    x, y, weights, biases = initial_numbers(size)
    parameters = weights + biases
    rows = np.arange(size.batch)
    update = make_update(parameters, size)

    def outputs_of(parameters: tuple[Any, ...]) -> Any:
        weights, biases = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
        hidden = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            hidden = anp.maximum(hidden @ w + b, 0)
        return hidden @ weights[-1] + biases[-1]

    def squared_error(*parameters: Any) -> Any:
        return anp.mean((outputs_of(parameters) - y) ** 2)

    def cross_entropy(*parameters: Any) -> Any:
        logits = outputs_of(parameters)
        logits = logits - anp.max(logits, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(logits), axis=1)) - logits[rows, y])

    loss_of = squared_error if size.program == "regression" else cross_entropy
    loss_and_gradients = value_and_grad(loss_of, argnum=tuple(range(len(parameters))))

    def step() -> Any:
        loss, gradients = loss_and_gradients(*parameters)
        update(gradients)
        return loss

    return step
