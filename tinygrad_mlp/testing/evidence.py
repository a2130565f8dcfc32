"""What the gradients of a subject should be, by one of the judges, and how sure that is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .judges import KINK, NOT_FINITE, SAFETY, SMOOTH, Precision, Slope, complex_step, noise_of, slope
from .numpy_subjects import NumPyPair
from .refusals import NOT_COMPLEX
from .subject import Array, Arrays, Subject, outputs_of


@dataclass
class Judged:
    """The gradient of one input, entry by entry: its value and error, or the slopes of the two sides at a kink."""

    value: Array
    error: Array
    left: Array
    right: Array
    state: Array


class Differences:
    """Central differences of a subject at its point; along a direction, or of every entry.

    With `analytic` complex steps are taken instead where the function allows them (None) or ValueError (True).
    """

    def __init__(
        self,
        subject: Subject,
        precision: Precision,
        seed: int = 0,
        analytic: bool | None = False,
        outputs: Arrays | None = None,
    ) -> None:
        self.subject, self.precision = subject, precision
        self.arrays = subject.arrays
        self.outputs = subject.value(self.arrays) if outputs is None else outputs
        self.middle = flat(self.outputs)
        generator = np.random.default_rng(seed)
        # A direction through all inputs at once, in which no two entries take the same part.
        parts = [generator.uniform(-1, 1, x.shape) for x in self.arrays]
        self.direction = [reach_of(x) * (u + np.copysign(0.5, u)) for x, u in zip(self.arrays, parts, strict=True)]
        ends = np.cumsum([x.size for x in self.outputs]).tolist()
        self.noise, self.closest = noise_of(self.line(self.direction), self.middle, ends, precision.eps)
        self._slopes: list[list[Slope]] | None = None
        self._analytic = analytic is not False and isinstance(subject, NumPyPair) and self._is_analytic()
        if analytic and not self._analytic:
            raise ValueError(NOT_COMPLEX)
        self.name = "complex steps" if self._analytic else "differences"

    @functools.cached_property
    def across(self) -> Slope:
        """The derivative along the direction through all inputs."""
        return slope(self.line(self.direction), self.middle, self.noise, self.precision, self.closest)

    def line(self, direction: Any) -> Callable[[Any], Array]:
        """The outputs at the point plus t times the direction; nan where the function raises or changes its shape."""

        def at(t: Any) -> Array:
            try:
                moved = (_moved(x, t, v) for x, v in zip(self.arrays, direction, strict=True))
                outputs = self.subject.value(tuple(moved))
            except (ArithmeticError, ValueError, RuntimeError, AssertionError, IndexError):
                return np.full_like(self.middle, np.nan)
            if [x.shape for x in outputs] != [x.shape for x in self.outputs]:
                return np.full_like(self.middle, np.nan)
            return flat(outputs)

        return at

    def along(self, direction: Any) -> Slope:
        """The derivative along a direction, which has an array for each input."""
        return slope(self.line(direction), self.middle, self.noise, self.precision)

    def entry(self, place: int, index: int) -> Slope:
        """The derivative for one entry of one input, by differences."""
        array = self.arrays[place]
        reach = float(reach_of(array).reshape(-1)[index])
        direction: list[Any] = [np.zeros(())] * len(self.arrays)
        direction[place] = np.zeros(array.shape)
        direction[place].reshape(-1)[index] = reach
        found = self.along(direction)
        return Slope(found.value / reach, found.error / reach, found.left / reach, found.right / reach, found.state)

    def gradient(self, cotangents: Arrays) -> list[Judged]:
        """The gradient of each input for these cotangents, entry by entry."""
        if self._slopes is None:
            one = self._complex_entry if self._analytic else self.entry
            self._slopes = [[one(i, k) for k in range(x.size)] for i, x in enumerate(self.arrays)]
        weights = flat(cotangents)
        return [
            self._judged([weighed(s, weights) for s in slopes], x.shape)
            for slopes, x in zip(self._slopes, self.arrays, strict=True)
        ]

    def confirm(self, place: int, index: int, cotangents: Arrays) -> tuple[Any, ...]:
        """One entry again by differences alone, which also see kinks: complex steps do not."""
        found = self.entry(place, index)
        if self._slopes is not None:
            self._slopes[place][index] = found
        return weighed(found, flat(cotangents))

    @property
    def needs_confirmation(self) -> bool:
        return self._analytic

    @staticmethod
    def _judged(entries: list[tuple[Any, ...]], shape: tuple[int, ...]) -> Judged:
        columns = list(zip(*entries, strict=True)) or [()] * 5
        return Judged(*(np.array(column).reshape(shape) for column in columns))

    # -- complex steps ---------------------------------------------------------------------------------

    def _complex_line(self, direction: Any) -> Callable[[complex], Array]:
        pair: Any = self.subject

        def at(t: complex) -> Array:
            arguments = pair.inputs.with_checked([x + t * v for x, v in zip(self.arrays, direction, strict=True)])
            return flat(outputs_of(pair.forward(*arguments)))

        return at

    def _is_analytic(self) -> bool:
        """Whether the forward takes complex numbers and then gives what differences give."""
        if not np.isfinite(self.middle).all():
            return False
        try:
            given = complex_step(self._complex_line(self.direction))
        except Exception:  # whatever a function says that was not written for complex numbers
            return False
        right = self.across
        if given.shape != right.value.shape or np.any(right.state != SMOOTH):
            return False
        close = np.abs(given - right.value) <= SAFETY * right.error + 1e-9 * np.abs(right.value)
        return bool(close.all())

    def _complex_entry(self, place: int, index: int) -> Slope:
        direction: list[Any] = [np.zeros(())] * len(self.arrays)
        direction[place] = np.zeros(self.arrays[place].shape)
        direction[place].reshape(-1)[index] = 1.0
        value = complex_step(self._complex_line(direction))
        error = 8 * self.precision.eps * np.abs(value)
        return Slope(value, error, value, value, np.full(value.shape, SMOOTH))


class Trusted:
    """The gradients of another subject, which are taken to be right: torch's, or by the derivative table."""

    needs_confirmation = False

    def __init__(self, subject: Subject, name: str) -> None:
        self.subject, self.name = subject, name
        self.outputs = subject.value(subject.arrays)

    def gradient(self, cotangents: Arrays) -> list[Judged]:
        """The gradient of each input for these cotangents."""
        gradients = self.subject.vjp(self.subject.arrays, cotangents)
        found = []
        for g, x in zip(gradients, self.subject.arrays, strict=True):
            value = np.zeros(x.shape) if g is None else g
            zeros = np.zeros(x.shape)
            found.append(Judged(value, zeros, value, value, zeros.astype(int)))
        return found

    def confirm(self, place: int, index: int, cotangents: Arrays) -> tuple[Any, ...]:
        raise NotImplementedError


Judge = Differences | Trusted


def flat(arrays: Arrays) -> Array:
    """All elements of several arrays one after the other."""
    return np.concatenate([np.asarray(x).reshape(-1) for x in arrays]) if arrays else np.zeros(0)


def _moved(x: Array, t: Any, direction: Array) -> Array:
    """x + t * direction, in the dtype of x."""
    step = direction * t
    if step.shape == x.shape and step.dtype == x.dtype:
        step += x
        return step
    return (x + step).astype(np.result_type(x, t), copy=False)


def reach_of(x: Array) -> Array:
    """How far a step of size 1 goes for each entry: further for large ones, whose rounding is larger."""
    return np.maximum(1.0, np.sqrt(np.abs(np.where(np.isfinite(x), x, 1.0))))


def weighed(found: Slope, weights: Array) -> tuple[Any, ...]:
    """Value, error, left, right and state of the sum of the outputs times their weights; weight 0 leaves one out."""
    used = weights != 0

    def total(x: Array, factors: Array = weights) -> Any:
        products = x * factors
        result = np.sum(products)
        return result if np.isfinite(result) else np.sum(np.where(used, products, 0.0))

    with np.errstate(all="ignore"):
        value, error = total(found.value), total(found.error, np.abs(weights))
        state = int(np.max(found.state, where=used | (found.state == NOT_FINITE), initial=SMOOTH))
        if state == SMOOTH:  # both sides have the slope of the whole
            return value, error, value, value, state
        left, right = total(found.left), total(found.right)
        if state == KINK and abs(left - right) <= SAFETY * error:
            state = SMOOTH
        return value, error, left, right, state
