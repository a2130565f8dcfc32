"""The gradients that a tape gives, ours or torch's, and how far rounding may move them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .comparison import Array
from .frameworks import array_of, eps_of, framework_of
from .refusals import FREED
from .roundings import rounding_at_random, roundings_of_forward

RUNS = 5  # of a backward with roundings at random: by chance alone, hardly all of them change nothing


class Judged(NamedTuple):
    """A right gradient, None where the loss does not depend on the tensor, and by how much rounding may change it."""

    right: Array | None
    rounding: float
    eps: float


def gradients_by_tape(loss: Any, tensors: Sequence[Any], kept: Sequence[Any]) -> list[Judged]:
    """The gradient of the loss for each tensor that requires grad, from the tape, which stays as it is.

    Rounding is measured, not guessed. Backward runs again, several times, and each number that an operator hands on is
    moved by one unit in its last place, up or down at random: by so much do the roundings of that backward change a
    gradient. The roundings of forward count, too, because there is more than one way to use its values (1 - tanh(x)**2
    is 1/cosh(x)**2, until tanh(x) is rounded to 1): the second derivative says what one unit in the last place of
    each value changes. And what is written by hand adds up in another order. The rounding of a sum of n numbers grows
    as the square root of n (Higham, "Accuracy and Stability of Numerical Algorithms", 2.8), so `rounding` is the sum of
    these changes, and of one rounding of the largest number of the gradient, times that root; n is the longest sum
    that can lead to this gradient, by the shapes on the tape. A formula by hand that subtracts numbers far larger than
    any on the tape loses more than that, and is not taken for right.

    `kept` are other tensors of the program. Their `grad` is put back, because backward adds to it where `retain_grad`
    asked for that; and the roundings of their values are those of forward. RuntimeError if an earlier backward freed
    the tape, and where the tape itself refuses.
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
        with rounding_at_random(loss, shapes.add):
            rounded = [run() for _ in range(RUNS)]
        forward = roundings_of_forward(loss, tensors, [*tensors, *kept])
    return [
        Judged(g, 0.0 if g is None else _rounding(g, [each[i] for each in rounded], of, eps_of(t), shapes), eps_of(t))
        for i, (g, t, of) in enumerate(zip(right, tensors, forward, strict=True))
    ]


def _rounding(right: Array, rounded: list[Array], of_forward: float, eps: float, shapes: set[tuple[int, ...]]) -> float:
    smallest = float(np.finfo(right.dtype).tiny)  # below it all numbers are equally far apart
    with np.errstate(all="ignore"):
        changes = [np.abs(each - right) for each in rounded]
        largest = max(map(_largest, changes)) + of_forward + eps * max(_largest(np.abs(right)), smallest)
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
