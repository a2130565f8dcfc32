"""Random numbers inside of `vmap`: refused, the same for all elements of the batch, or different ones, as it was told.

Different ones are drawn as for one tensor with the batch as its first dimension. Source: torch's
BatchRulesRandomness.cpp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..batching import Batch, running
from ..batching.array import BatchedArray, each
from ..batching.crossing import varying_batches
from ..batching.refusals import DIFFERENT_IN_UNBATCHED, RANDOM, SAME_OF_BATCHED

# Where the shape is among the arguments of a generator's methods; the others take arrays, or none.
_SHAPES = dict.fromkeys(
    ("uniform", "normal", "exponential", "nonnegative_integers", "cauchy", "log_normal", "geometric"), 0
) | {"bernoulli": 1, "integers": 2}


class BatchedGenerator:
    """A generator whose methods draw for the batches that run in this thread."""

    def __init__(self, generator: Any, batches: tuple[Batch, ...]) -> None:
        if any(batch.randomness == "error" for batch in batches):
            raise RuntimeError(RANDOM)
        self.generator = generator
        self.batches = [batch for batch in batches if batch.randomness == "different"]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        draw = getattr(self.generator, name)
        place = _SHAPES.get(name)
        if place is None:
            return lambda *args: self._of_arrays(draw, args, self.batches)
        return lambda *args, **options: self._of_shape(draw, place, args, options)

    def _of_shape(self, draw: Callable[..., Any], place: int, args: tuple[Any, ...], options: Any) -> Any:
        shape = args[place]
        shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        sizes = [batch.size for batch in self.batches]
        values = draw(*args[:place], (*sizes, *shape), *args[place + 1 :], **options)
        for batch in self.batches:
            values = BatchedArray(values, batch)
        return values

    def _of_arrays(self, draw: Callable[..., Any], args: tuple[Any, ...], batches: list[Batch]) -> Any:
        """Draw for each element, whose probabilities or weights may be its own."""
        if any(batch not in batches for x in args for batch in varying_batches(x)):
            raise RuntimeError(SAME_OF_BATCHED)
        if not batches:
            return draw(*args)
        *outer, inner = batches
        return each(inner, lambda *own: self._of_arrays(draw, own, outer), args, {})


def over_batches(generator: Any, inputs: Sequence[Any] = ()) -> Any:
    """The generator to draw from inside of `vmap`.

    RuntimeError where random numbers are refused, and for the same ones for `inputs` that vary.
    """
    drawing = BatchedGenerator(generator, running.batches)
    if any(batch not in drawing.batches for x in inputs for batch in varying_batches(x)):
        raise RuntimeError(SAME_OF_BATCHED)
    return drawing


def refuse_unbatched_draw(array: Any, drawing: BatchedGenerator) -> None:
    """RuntimeError for different numbers in one array."""
    if any(batch not in varying_batches(array) for batch in drawing.batches):
        raise RuntimeError(DIFFERENT_IN_UNBATCHED)
