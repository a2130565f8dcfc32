"""The reference: forward, backward and update written by hand in NumPy, as in the tutorial's program (a).

Arrays as large as the weights are made once and used again: if they were made at each step, the system would have to
provide their memory each time, and the page faults would double the time of a step of the size `seed`.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from benchmarks.contenders import Step
from benchmarks.contenders.numpy_updates import make_update
from benchmarks.sizes import Size, initial_numbers


def build(_: ModuleType, size: Size) -> Step:
    """The size's program."""
    return tutorial(size) if size.program == "tutorial" else network(size)


def tutorial(size: Size) -> Step:
    """Two bias-free layers, clamp, squared error, plain gradient descent."""
    x, y, (w1, w2), _ = initial_numbers(size)
    grad_w1, grad_w2 = np.empty_like(w1), np.empty_like(w2)
    lr = size.lr

    def step() -> np.float32:
        nonlocal w1, w2, grad_w1, grad_w2
        h = x @ w1
        h_clamped = np.maximum(h, 0)
        difference = h_clamped @ w2 - y
        loss = np.square(difference).sum()

        grad_y_pred = 2 * difference
        np.matmul(h_clamped.T, grad_y_pred, out=grad_w2)
        grad_h = grad_y_pred @ w2.T
        grad_h *= h >= 0
        np.matmul(x.T, grad_h, out=grad_w1)

        grad_w1 *= lr
        grad_w2 *= lr
        w1 -= grad_w1
        w2 -= grad_w2
        return loss

    return step


def network(size: Size) -> Step:
    """Linear-ReLU layers with biases, the mean cross entropy or squared error, and the size's optimiser."""
    x, y, weights, biases = initial_numbers(size)
    grad_weights, grad_biases = [np.empty_like(w) for w in weights], [np.empty_like(b) for b in biases]
    rows = np.arange(size.batch)
    update = make_update(weights + biases, size)

    def forward() -> tuple[list[np.ndarray], np.ndarray]:
        inputs = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            z = inputs[-1] @ w
            z += b
            inputs.append(np.maximum(z, 0, out=z))
        return inputs, inputs[-1] @ weights[-1] + biases[-1]

    def cross_entropy(logits: np.ndarray) -> tuple[np.float32, np.ndarray]:
        logits -= logits.max(axis=1, keepdims=True)
        grad = np.exp(logits)
        totals = grad.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) - logits[rows, y]).mean()
        grad /= totals
        grad[rows, y] -= 1
        grad /= size.batch
        return loss, grad

    def squared_error(outputs: np.ndarray) -> tuple[np.float32, np.ndarray]:
        outputs -= y
        loss = np.square(outputs).mean()
        outputs *= 2 / outputs.size
        return loss, outputs

    def backward(inputs: list[np.ndarray], grad: np.ndarray) -> None:
        for layer in reversed(range(len(weights))):
            np.matmul(inputs[layer].T, grad, out=grad_weights[layer])
            np.sum(grad, axis=0, out=grad_biases[layer])
            if layer > 0:
                grad = grad @ weights[layer].T
                grad *= inputs[layer] > 0

    loss_and_grad = squared_error if size.program == "regression" else cross_entropy

    def step() -> np.float32:
        inputs, outputs = forward()
        loss, grad = loss_and_grad(outputs)
        backward(inputs, grad)
        update(grad_weights + grad_biases)
        return loss

    return step
