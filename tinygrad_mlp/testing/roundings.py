"""How far rounding may move a gradient, measured on the tape, ours or torch's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .frameworks import array_of, eps_of, framework_of, like


@contextmanager
def rounding_at_random(loss: Any, see: Callable[[tuple[int, ...]], object]) -> Iterator[None]:
    """Have every node of the tape move what it hands on by one unit in the last place."""
    generator = np.random.default_rng(0)

    def moved(gradient: Any) -> Any:
        if gradient is None:
            return None
        see(tuple(gradient.shape))
        signs = generator.choice([-1.0, 1.0], tuple(gradient.shape))
        return gradient * like(gradient, 1 + eps_of(gradient) * signs)

    def hook(inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(map(moved, inputs))

    handles = [node.register_hook(hook) for node in _nodes(loss)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _nodes(loss: Any) -> list[Any]:
    """The nodes of the tape that hand something on: all but those of leaves."""
    found: dict[Any, None] = {}
    waiting = [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found and node.next_functions:
            found[node] = None
            waiting += [following for following, _ in node.next_functions]
    return list(found)


def roundings_of_forward(loss: Any, tensors: Sequence[Any], values: Sequence[Any]) -> list[float]:
    """How much a gradient changes if the values that were computed are moved by one unit in their last place.

    It is the root mean square of the entries, from one random projection of each gradient. Where the tape cannot be
    differentiated twice, it is 0.
    """
    grad = framework_of(loss).autograd.grad
    moved = list({id(v): v for v in values if v.grad_fn is not None and framework_of(v) is framework_of(loss)}.values())
    generator = np.random.default_rng(0)
    found = [0.0] * len(tensors)
    try:
        gradients = grad(loss, list(tensors), create_graph=True, allow_unused=True)
        for i, g in enumerate(gradients):
            if moved and g is not None and g.requires_grad and g.dtype.is_floating_point and math.prod(g.shape):
                projection = (g * like(g, generator.choice([-1.0, 1.0], tuple(g.shape)))).sum()
                slopes = grad(projection, moved, retain_graph=True, allow_unused=True)
                found[i] = math.hypot(*map(_change, moved, slopes)) / math.sqrt(math.prod(g.shape))
    except (RuntimeError, NotImplementedError):  # an operator or a Function without a second derivative
        pass
    return [each if math.isfinite(each) else 0.0 for each in found]


def _change(value: Any, slope: Any) -> float:
    """The norm of the changes; scaled, because the squares of small numbers are 0."""
    if slope is None:
        return 0.0
    changes = np.abs(eps_of(value) * array_of(value) * array_of(slope))
    largest = float(np.max(changes, initial=0.0, where=np.isfinite(changes)))
    return largest and largest * math.sqrt(float(np.nansum((changes / largest) ** 2)))
