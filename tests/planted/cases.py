"""What a case is: a right pair of NumPy functions, where to check it, and five faults to plant in its vjp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Vjp = Callable[..., Any]

# The kinds by which a fault may be named: those of the diagnosis that say what was done to the gradient.
NAMES = {
    "sign": {"wrong sign"},
    "factor": {"factor"},
    "zero": {"zero"},
    "sum": {"not summed over a broadcast axis"},
    "transposed": {"transposed", "wrong shape"},  # a Function's gradient of another shape is refused by its framework
    "swapped": {"swapped"},
    "shifted": {"shifted"},
    "scaled": {"scaled by an input"},
    "shape": {"wrong shape"},
    "row": {"one row or column", "one entry"},
    "mask": {"zero", "other", "one row or column", "one entry"},  # by where the cotangents have which sign
    "other": {"other", "one row or column", "one entry"},  # what has no name may still have a place
}


@dataclass(frozen=True)
class Fault:
    """A wrong vjp; `kind` is a key of NAMES, `what` says what was done."""

    case: Case
    kind: str
    what: str
    vjp: Vjp

    def __str__(self) -> str:
        return f"{self.case.name}: {self.what} ({self.kind})"


class Case:
    """A forward, its vjp, and `draw`, which makes inputs with a random generator."""

    def __init__(
        self, name: str, forward: Callable[..., Any], vjp: Vjp, draw: Callable[[Any], tuple[Any, ...]]
    ) -> None:
        self.name, self.forward, self.vjp, self.draw = name, forward, vjp, draw
        self.faults: list[Fault] = []

    def inputs(self, seed: int, dtype: Any = np.float64) -> tuple[Any, ...]:
        """Inputs of a dtype; integers are left as they are."""
        drawn = self.draw(np.random.default_rng(seed))
        return tuple(x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in drawn)

    def fault(self, kind: str, what: str, vjp: Vjp) -> Case:
        """Add a fault."""
        assert kind in NAMES, kind
        self.faults.append(Fault(self, kind, what, vjp))
        return self

    # -- what can be done to any gradient --------------------------------------------------------------

    def sign(self, place: int = 0) -> Case:
        return self._changed("sign", "the gradient of input {} negated", place, lambda g: -g)

    def twice(self, place: int = 0) -> Case:
        return self._changed("factor", "the gradient of input {} counted twice", place, lambda g: 2 * g)

    def zero(self, place: int = 0) -> Case:
        return self._changed("zero", "the gradient of input {} forgotten", place, lambda g: 0 * g)

    def half(self, place: int = 0) -> Case:
        return self._changed("factor", "half the gradient of input {}", place, lambda g: g / 2)

    def _changed(self, kind: str, what: str, place: int, change: Callable[[Any], Any]) -> Case:
        right = self.vjp

        def vjp(g: Any, *inputs: Any) -> Any:
            gradients = right(g, *inputs)
            if not isinstance(gradients, tuple):
                return change(gradients)
            return tuple(change(x) if i == place else x for i, x in enumerate(gradients))

        return self.fault(kind, what.format(place), vjp)


def normal(*shapes: tuple[int, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Normally distributed numbers of these shapes."""
    return lambda r: tuple(r.normal(size=shape) for shape in shapes)


def positive(*shapes: tuple[int, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Numbers from 0.1 to some."""
    return lambda r: tuple(0.1 + r.gamma(2.0, size=shape) for shape in shapes)


def summed(g: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent summed over the axes along which an operand of this shape was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] > 1), keepdims=True).reshape(shape)
