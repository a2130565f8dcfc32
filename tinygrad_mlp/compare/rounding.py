"""By how much rounding changes what a function or a model gives: it runs again with inputs moved by a rounding.

The result of a sum that cancels is nothing but the rounding of its terms, such as the gradient of a bias before a
BatchNorm1d; so are digits that a division by a small number brings forward. Two frameworks that add in another order
differ there, and neither is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..testing.frameworks import array_of, framework_of, is_tensor
from ..testing.subject import is_array
from .observing import Observed

Array = np.ndarray[Any, np.dtype[Any]]
RUNS = 3  # each with other signs of what is added
SAFETY = 30.0  # how many times as much as these runs show is allowed


class Moved:
    """Moves numbers by two roundings of their dtype, up or down by chance; the same tensor always by the same."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.known: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        """A value, or the values in tuples, lists and dicts, moved; what is not floating stays."""
        if is_tensor(value):
            if id(value) not in self.known:
                self.known[id(value)] = value, self._tensor(value)  # with the value, so that its id is not used again
            return self.known[id(value)][1]
        if is_array(value):
            return self._array(value)
        if isinstance(value, (list, tuple)):
            moved = [self(each) for each in value]
            return value._make(moved) if hasattr(value, "_make") else type(value)(moved)
        if isinstance(value, dict):
            return {name: self(each) for name, each in value.items()}
        return value

    def _tensor(self, tensor: Any) -> Any:
        moved = framework_of(tensor).from_numpy(self._array(array_of(tensor)))
        return moved.requires_grad_(tensor.requires_grad)

    def _array(self, array: Array) -> Array:
        if array.dtype.kind != "f":
            return np.array(array)
        signs = self.generator.choice([-2, 2], array.shape)
        return np.asarray(array * (1 + signs * np.finfo(array.dtype).eps), array.dtype)


def roundings(again: Callable[[Moved], Observed]) -> dict[tuple[str, str], float]:
    """By how much each array may be off, by stage and name: SAFETY times what it changes when what goes in is moved.

    `again` runs once with what goes in moved. These runs are held against each other, not against one in which nothing
    is moved: hooks on the parameters of a module do not see those that stand in for them.
    """
    first, *others = (again(Moved(seed)) for seed in range(RUNS))
    return {
        (stage, name): SAFETY * max(_spread(value, other.stages.get(stage, {}).get(name)) for other in others)
        for stage, values in first.stages.items()
        for name, value in values.items()
    }


def _spread(value: Any, other: Any) -> float:
    """The largest finite difference of two arrays; none where they cannot be compared."""
    if not (is_array(value) and is_array(other)) or value.dtype.kind != "f" or value.shape != other.shape:
        return 0.0
    with np.errstate(all="ignore"):
        apart = np.abs(value.astype(np.float64) - other)
    return float(np.max(apart, initial=0.0, where=np.isfinite(apart)))
