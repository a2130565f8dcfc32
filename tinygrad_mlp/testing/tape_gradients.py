"""The gradients that a tape gives, ours or torch's, and how far rounding may move them."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .comparison import Array, rounding_of
from .refusals import FREED

RUNS = 5  # of a backward with roundings at random: by chance alone, hardly all of them change nothing


class Judged(NamedTuple):
    """A right gradient, None where the loss does not depend on the tensor, and by how much rounding may change it."""

    right: Array | None
    rounding: float
    eps: float


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of ours or of torch, which is not imported for that."""
    return framework_of(value) is not None


def framework_of(value: Any) -> Any:
    """The module whose tensor a value is; None for anything else."""
    if isinstance(value, Tensor):
        return importlib.import_module(__name__.partition(".")[0])
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)  # which a module that is still being imported lacks
    return torch if tensor is not None and isinstance(value, tensor) else None


def array_of(tensor: Any) -> Array:
    """The numbers of a tensor; float64 for a dtype that NumPy lacks."""
    tensor = tensor.detach().cpu()
    try:
        return np.array(tensor.resolve_conj().resolve_neg().numpy() if hasattr(tensor, "resolve_neg") else tensor)
    except TypeError:  # bfloat16
        return np.array(tensor.double().numpy())


def eps_of(tensor: Any) -> float:
    """The distance from 1 to the next number of a floating tensor's dtype."""
    if isinstance(tensor, Tensor):
        return rounding_of(tensor.detach().numpy())
    return float(framework_of(tensor).finfo(tensor.dtype).eps)


def gradients_by_tape(loss: Any, tensors: Sequence[Any], kept: Sequence[Any]) -> list[Judged]:
    """The gradient of the loss for each tensor that requires grad, from the tape, which stays as it is.

    Rounding is measured, not guessed. Backward runs again, several times, and each number that an operator hands on is
    moved by one unit in its last place, up or down at random: by so much do the roundings of that backward change a
    gradient. One written by hand adds up in another order. The rounding of a sum of n numbers grows as the square root
    of n (Higham, "Accuracy and Stability of Numerical Algorithms", 2.8), so `rounding` is the largest change, and one
    rounding of the largest number of the gradient, times that root; n is the longest sum that can lead to this
    gradient, by the shapes on the tape.

    `kept` are tensors whose `grad` is put back, because backward adds to it where `retain_grad` asked for that.
    RuntimeError if an earlier backward freed the tape, and where the tape itself refuses.
    """
    grad = framework_of(loss).autograd.grad

    def run() -> list[Any]:
        found = grad(loss, list(tensors), retain_graph=True, allow_unused=True)
        return [None if g is None else array_of(g) for g in found]

    with _grads_kept((*tensors, *kept)):
        try:
            right = run()
        except RuntimeError as error:
            if "second time" not in str(error):
                raise
            raise RuntimeError(FREED) from error
        shapes: set[tuple[int, ...]] = {tuple(g.shape) for g in right if g is not None}
        with _rounding_at_random(loss, shapes.add):
            rounded = [run() for _ in range(RUNS)]
    return [
        Judged(g, 0.0 if g is None else _rounding(g, [each[i] for each in rounded], eps_of(t), shapes), eps_of(t))
        for i, (g, t) in enumerate(zip(right, tensors, strict=True))
    ]


def _rounding(right: Array, rounded: list[Array], eps: float, shapes: set[tuple[int, ...]]) -> float:
    with np.errstate(all="ignore"):
        changes = [np.abs(each - right) for each in rounded]
        largest = max(map(_largest, changes)) + eps * _largest(np.abs(right))
    axes = [n for shape in shapes for n in shape]
    sums = [math.prod(shape) // max(1, right.size) for shape in shapes]
    return largest * math.sqrt(max([1, *axes, *sums]))


def _largest(array: Array) -> float:
    return float(np.max(array, initial=0.0, where=np.isfinite(array)))


@contextmanager
def _grads_kept(tensors: Sequence[Any]) -> Iterator[None]:
    """Put back what the tensors have as `grad` now."""
    before = [(t, t.grad) for t in tensors if t.is_leaf or t.retains_grad]
    try:
        yield
    finally:
        for tensor, gradient in before:
            tensor.grad = gradient


@contextmanager
def _rounding_at_random(loss: Any, see: Callable[[tuple[int, ...]], object]) -> Iterator[None]:
    """Have every node of the tape move what it hands on by one unit in the last place."""
    generator = np.random.default_rng(0)

    def moved(gradient: Any) -> Any:
        if gradient is None:
            return None
        see(tuple(gradient.shape))
        signs = generator.choice([-1.0, 1.0], tuple(gradient.shape))
        return gradient * gradient.new_tensor(1 + eps_of(gradient) * signs)

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
