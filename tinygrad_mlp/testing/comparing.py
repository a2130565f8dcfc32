"""Gradients compared with what they should be, entry by entry: what is wrong, where, and what it looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from .diagnosis import diagnose
from .evidence import Differences, Judge, Judged
from .judges import EDGE, JUMP, KINK, SAFETY, SMOOTH
from .report import Row, number
from .subject import Array, Arrays, Subject

MOST_CONFIRMED = 64
ROUNDING = 64.0  # how many roundings of its largest entry a gradient may be off by


def cotangents_for(outputs: Arrays, seed: int) -> list[Arrays]:
    """Cotangents to compare with: two random ones, and for several outputs one that asks for each of them alone."""
    generator = np.random.default_rng(seed)
    first, second = (drawn_cotangents(outputs, generator) for _ in range(2))
    return [first, second, *alone(first)]


def drawn_cotangents(outputs: Arrays, generator: np.random.Generator) -> Arrays:
    """Random cotangents; where an output is not finite they are 0.

    They are no ones, because the gradient of a sum does not see every fault.
    """

    def draw(x: Array) -> Array:
        drawn = generator.integers(-9, 9, x.shape)
        eighths = drawn + np.where(drawn < 0, -3, 4)
        return np.where(np.isfinite(x), eighths / 8, 0.0).astype(x.dtype)

    return tuple(map(draw, outputs))


def alone(cotangents: Arrays) -> list[Arrays]:
    """For several outputs, the cotangents of each of them with 0 for the others."""
    places = range(len(cotangents)) if len(cotangents) > 1 else ()
    return [tuple(c if i == k else np.zeros_like(c) for i, c in enumerate(cotangents)) for k in places]


def rounding_of(subject: Subject, cotangents: Arrays, given: Any, eps: float | None = None) -> list[float]:
    """How much rounding the inputs changes each gradient, at most; a gradient may be off by as much itself."""
    generator = np.random.default_rng(0)
    spread = [0.0] * len(given)
    for _ in range(2):
        moved = []
        for x in subject.arrays:
            factor = 1 + 2 * (eps or np.finfo(x.dtype).eps) * generator.choice([-1, 1], x.shape)
            moved.append((x * factor).astype(x.dtype))
        for i, (g, other) in enumerate(zip(given, subject.vjp(tuple(moved), cotangents), strict=True)):
            if g is not None and other is not None and g.shape == other.shape and g.size:
                with np.errstate(all="ignore"):
                    apart = np.abs(other - g)
                spread[i] = max(spread[i], float(np.max(apart, initial=0.0, where=np.isfinite(apart))))
    return [30 * s for s in spread]


def narrow_rounding(wide: Subject, cotangents: Arrays, exact: Any, narrow: Arrays) -> list[float]:
    """The same for the rounding of a narrower dtype, by a subject of float64."""
    return rounding_of(wide, cotangents, exact, max(float(np.finfo(x.dtype).eps) for x in narrow))


def rows_of_entries(subject: Subject, judge: Judge, order: int, seed: int) -> list[Row]:
    """A row for each input, with every entry of its gradient compared."""
    rows: list[Row | None] = [None] * len(subject.arrays)
    for cotangents in cotangents_for(judge.outputs, seed):
        given = subject.vjp(subject.arrays, cotangents)
        rounding = rounding_of(subject, cotangents, given)
        judged = judge.gradient(cotangents)
        scale = max((_largest(j.value) for j in judged), default=0.0)
        for k, (g, found) in enumerate(zip(given, judged, strict=True)):
            before = rows[k]
            if before is not None and before.verdict == "wrong":
                continue
            comparison = _Comparison(subject, judge, k, cotangents, rounding[k], scale)
            comparison.rights = {name: j.value for name, j in zip(subject.names, judged, strict=True)}
            row = comparison.row(g, found, order)
            if before is None or row.verdict == "wrong":
                rows[k] = row
    return [row for row in rows if row is not None]


class _Comparison:
    """The comparison of one gradient for certain cotangents."""

    def __init__(
        self, subject: Subject, judge: Judge, place: int, cotangents: Arrays, rounding: float, scale: float
    ) -> None:
        self.subject, self.judge, self.place = subject, judge, place
        self.cotangents, self.rounding, self.scale = cotangents, rounding, scale
        self.name, self.array = subject.names[place], subject.arrays[place]
        self.rights: dict[str, Array] = {}

    def row(self, given: Array | None, judged: Judged, order: int) -> Row:
        size = self.array.size
        if given is None or given.shape != self.array.shape:
            return self._row_of_other_shape(given, judged, order)
        wrong = self._wrong(given, judged)
        if wrong.any() and self.judge.needs_confirmation:
            self._confirm(wrong, judged)
            wrong = self._wrong(given, judged)
        if wrong.any():
            return self._row_of_fault(given, judged, wrong, order)
        parted = judged.state != SMOOTH
        if parted.any():
            index = np.unravel_index(int(np.argmax(parted)), parted.shape)
            text = self._parting(int(np.argmax(parted)), judged.state[index])
            return Row(self.name, order, "no derivative", size, 0, _plain(index), text=text)
        unsure = self._unsure(judged)
        if unsure.any():
            index = np.unravel_index(int(np.argmax(unsure)), unsure.shape)
            return Row(self.name, order, "not judged", size, 0, _plain(index), text=NOT_SETTLED)
        return Row(self.name, order, "right", size, 0)

    # -- what is wrong ---------------------------------------------------------------------------------

    def tolerance(self, judged: Judged) -> Array:
        """The error of the judge, and the rounding of the gradient."""
        eps = float(np.finfo(self.array.dtype).eps)
        return SAFETY * judged.error + self.rounding + ROUNDING * eps * (_largest(judged.value) + np.abs(judged.value))

    def _wrong(self, given: Array, judged: Judged) -> Array:
        with np.errstate(all="ignore"):
            settled = (judged.state == SMOOTH) & np.isfinite(judged.value) & ~self._unsure(judged)
            if not all(np.isfinite(x).all() for x in self.judge.outputs):
                settled &= np.isfinite(given)  # the cotangent 0 of what is infinite may give nan
            return settled & ~(np.abs(given - judged.value) <= self.tolerance(judged))

    def _unsure(self, judged: Judged) -> Array:
        """Where the differences do not settle: nothing follows from them."""
        size = max(
            self.scale, *(float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x))) for x in self.judge.outputs)
        )
        return (judged.state == SMOOTH) & ~(SAFETY * judged.error <= 0.02 * (np.abs(judged.value) + size))

    def _parting(self, index: int, state: int) -> str:
        """What is said of an entry without a derivative: the slopes of one output, and the gradient for that alone."""
        assert isinstance(self.judge, Differences)
        return parting(self.subject, self.judge, self.place, index, state)

    def _confirm(self, wrong: Array, judged: Judged) -> None:
        for flat_index in np.flatnonzero(wrong)[:MOST_CONFIRMED]:
            index = np.unravel_index(int(flat_index), wrong.shape)
            numbers = self.judge.confirm(self.place, int(flat_index), self.cotangents)
            for field, x in zip(
                (judged.value, judged.error, judged.left, judged.right, judged.state), numbers, strict=True
            ):
                field[index] = x

    # -- rows ------------------------------------------------------------------------------------------

    def _row_of_fault(self, given: Array, judged: Judged, wrong: Array, order: int) -> Row:
        with np.errstate(all="ignore"):
            apart = np.where(wrong, np.abs(given - judged.value), -1.0)
        worst = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
        index = np.unravel_index(worst, wrong.shape)
        kind, text = looks_like(given, judged, self.tolerance(judged), self.cotangents, self.subject, self.rights)
        return Row(
            self.name, order, "wrong", wrong.size, int(wrong.sum()), _plain(index), float(given[index]),
            float(judged.value[index]), float(judged.error[index]), kind, text,
        )  # fmt: skip

    def _row_of_other_shape(self, given: Array | None, judged: Judged, order: int) -> Row:
        shape = self.array.shape
        if given is None:
            there = (judged.state == SMOOTH) & (np.abs(judged.value) > self.tolerance(judged))
            if not there.any():
                return Row(self.name, order, "right", self.array.size, 0)
            index = np.unravel_index(int(np.argmax(np.where(there, np.abs(judged.value), -1))), shape)
            right = float(judged.value[index])
            text = NO_GRADIENT.format(right=number(right)) if order == 1 else NO_SECOND.format(right=number(right))
            wrong = int(there.sum())
            return Row(
                self.name, order, "wrong", there.size, wrong, _plain(index), None, right, float(judged.error[index]),
                "no gradient", text,
            )  # fmt: skip
        kind, text = looks_like(given, judged, self.tolerance(judged), self.cotangents, self.subject, self.rights)
        return Row(self.name, order, "wrong", self.array.size, None, kind=kind, text=text)


def looks_like(
    given: Array, judged: Judged, tolerance: Array, cotangents: Arrays, subject: Subject, rights: dict[str, Array]
) -> tuple[str, str]:
    """The kind of a fault and a sentence on it, by the numbers; `rights` has the right gradients of all inputs."""
    right = judged.value
    if given.shape == right.shape:  # where no derivative exists, any will do
        right = np.where((judged.state == SMOOTH) & np.isfinite(right), right, given)
    cotangent = cotangents[0] if len(cotangents) == 1 else None
    inputs = dict(zip(subject.names, subject.arrays, strict=True))
    found = diagnose(given, right, tolerance, cotangent=cotangent, inputs=inputs, gradients=rights)
    return (found.kind, found.text) if found is not None else ("other", "")


def parting(subject: Subject, judge: Differences, place: int, index: int, state: int) -> str:
    """The sentence on a point where no derivative exists: the slopes of one output, and the gradient for it alone."""
    found = judge.entry(place, index)
    output = int(np.argmax(found.state == state))
    units = [np.zeros_like(x) for x in judge.outputs]
    ends = np.cumsum([x.size for x in units])
    which = int(np.searchsorted(ends, output, side="right"))
    units[which].reshape(-1)[output - int(ends[which] - units[which].size)] = 1.0
    gradient = subject.vjp(subject.arrays, tuple(units))[place]
    given = 0.0 if gradient is None else float(gradient.reshape(-1)[index])
    numbers = (found.left[output], found.right[output], given)
    sides = dict(zip(("left", "right", "given"), map(number, map(float, numbers)), strict=True))
    if state == KINK:
        return AT_KINK.format(**sides)
    if state == JUMP:
        return AT_JUMP.format(**sides)
    return (AT_EDGE if state == EDGE else NOWHERE).format(**sides)


AT_KINK = "a kink, no derivative exists here: left {left}, right {right}, yours {given}"
AT_JUMP = "no derivative exists here: the function jumps or is infinitely steep; yours is {given}"
AT_EDGE = "no derivative exists here: the function is defined on one side only; yours is {given}"
NOWHERE = "no derivative exists here: the function itself is not finite; yours is {given}"
NOT_SETTLED = "the differences do not settle: the function is too rough here for a numerical derivative"
NO_GRADIENT = "there is no gradient (None) where the derivative is {right}"
NO_SECOND = "the gradient cannot be differentiated again: None where its derivative is {right} (is a tensor detached?)"


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))


def _plain(index: Any) -> tuple[int, ...]:
    return tuple(int(i) for i in index)
