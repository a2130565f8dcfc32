"""JAX: the whole step, with the update, as one `jax.jit` program that may overwrite the parameters' memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.contenders import Step
from benchmarks.sizes import MOMENTUM, Size, initial_numbers


def build(_: ModuleType, size: Size) -> Step:
    """The size's program, compiled at its first call; a step ends when its results are there."""
    x, y, weights, biases = initial_numbers(size)
    x, y, parameters = jax.device_put((x, y, weights + biases))
    loss_of, start, update = {
        "tutorial": (squared_error, no_state, plain),
        "regression": (mean_squared_error, no_state, plain),
        "adam": (cross_entropy, adam_state, adam),
        "momentum": (cross_entropy, velocities, momentum),
    }[size.program]
    state = start(parameters)

    def whole_step(parameters: Any, state: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        return *update(parameters, gradients, state, size.lr), loss

    compiled = jax.jit(whole_step, donate_argnums=(0, 1))

    def step() -> Any:
        nonlocal parameters, state
        parameters, state, loss = jax.block_until_ready(compiled(parameters, state, x, y))
        return loss

    return step


def squared_error(parameters: Any, x: Any, y: Any) -> Any:
    w1, w2 = parameters
    return jnp.square(jnp.maximum(x @ w1, 0) @ w2 - y).sum()


def network(parameters: Any, x: Any) -> Any:
    weights, biases = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = jax.nn.relu(x @ w + b)
    return x @ weights[-1] + biases[-1]


def mean_squared_error(parameters: Any, x: Any, y: Any) -> Any:
    return jnp.square(network(parameters, x) - y).mean()


def cross_entropy(parameters: Any, x: Any, labels: Any) -> Any:
    log_probabilities = jax.nn.log_softmax(network(parameters, x))
    return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()


def no_state(parameters: Any) -> Any:
    return ()


def plain(parameters: Any, gradients: Any, state: Any, lr: float) -> Any:
    return [p - lr * g for p, g in zip(parameters, gradients, strict=True)], state


def velocities(parameters: Any) -> Any:
    return [jnp.zeros_like(p) for p in parameters]


def momentum(parameters: Any, gradients: Any, state: Any, lr: float) -> Any:
    state = [MOMENTUM * v + g for v, g in zip(state, gradients, strict=True)]
    return [p - lr * v for p, v in zip(parameters, state, strict=True)], state


def adam_state(parameters: Any) -> Any:
    return velocities(parameters), velocities(parameters), jnp.zeros((), jnp.int32)


def adam(parameters: Any, gradients: Any, state: Any, lr: float) -> Any:
    """torch.optim.Adam with its default arguments."""
    beta1, beta2, eps = 0.9, 0.999, 1e-8
    means, squares, count = state
    count = count + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, gradients, strict=True)]
    squares = [beta2 * v + (1 - beta2) * g * g for v, g in zip(squares, gradients, strict=True)]
    rate = lr / (1 - beta1**count)
    correction = 1 / jnp.sqrt(1 - beta2**count)
    parameters = [
        p - rate * m / (correction * jnp.sqrt(v) + eps) for p, m, v in zip(parameters, means, squares, strict=True)
    ]
    return parameters, (means, squares, count)
