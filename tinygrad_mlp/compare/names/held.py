"""Holds values of one name in two programs against each other: the summaries, then the arrays where they may differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..parting import Tolerance, worst
from ..records import Trace
from ..summary import Summary, may_differ
from . import hints
from .rows import APART, COUNT, OK, ROUNDING, WRONG, Difference, Place, Row
from .sequences import Pair, Values, is_gradient_of
from .stages import UPDATE, Stages

Array = np.ndarray[Any, np.dtype[Any]]
PlaceOf = Callable[[int, int], Place]  # where one of the programs, 0 or 1, makes the value with a number
Kept = tuple[dict[int, Array], dict[int, Array]]
WEIGHTS_ROW = "weights"  # whose first value is an initial weight, and the others are updates
AT_ONCE = 20  # values that are kept whole in one run
ROUNDS = 4  # runs at most to find the first value that differs

_DTYPES = ("float16", "bfloat16", "float32", "float64")  # from the coarsest on
_LEAST = {"float16": 1e-5, "float32": 1e-8, "float64": 1e-12}  # what counts as zero in each


class Held:
    """What two traces have of the same names."""

    def __init__(self, ours: Trace, theirs: Trace, tolerance: Tolerance | None) -> None:
        self.traces = ours, theirs
        self.tolerance = tolerance
        self.arrays: Kept = ({}, {})
        self.first: tuple[Pair, int] | None = None
        self._most: dict[int, int] = {}  # by the id of a pair: the place at which the summaries differ most

    def dtype(self, side: int, pair: Pair) -> str:
        """The dtype of the last value of a name in one of the programs."""
        values = (pair.first, pair.second)[side]
        return self.traces[side].summary(int(values.numbers[-1])).dtype

    # -- summaries ---------------------------------------------------------------------------------

    def bound(self, left: str, right: str) -> Tolerance:
        """The tolerance for two dtypes: that of the coarser one, relative to the size of the array."""
        if self.tolerance is not None:
            return self.tolerance
        known = [_DTYPES.index(each) for each in (left, right) if each in _DTYPES]
        dtype = _DTYPES[min(known)] if known else left
        return Tolerance(Tolerance.of(dtype).rtol, _LEAST.get(dtype, 0.0))

    def may_differ(self, pair: Pair, a: int, b: int) -> bool:
        """Whether two values may differ by more than the tolerance."""
        left, right = self._summaries(a, b)
        bound = self.bound(*(self.traces[side].summary(n).dtype for side, n in ((0, a), (1, b))))
        return may_differ(left, right, bound.rtol, bound.atol)

    def _summaries(self, a: int, b: int) -> tuple[Summary, Summary]:
        """The summaries of two values, as if of one dtype and one shape where only ones in the shape are others."""
        left, right = self.traces[0].summary(a), self.traces[1].summary(b)
        if bool(left.sums.size) == bool(right.sums.size):
            left = left._replace(dtype=right.dtype)
        if _essential(left.shape) == _essential(right.shape):
            left = left._replace(shape=right.shape)
        return left, right

    def _estimate(self, a: int, b: int) -> float:
        """How far two values are apart, relative to their size, as far as the summaries tell."""
        left, right = self._summaries(a, b)
        if left.digest == right.digest and left.shape == right.shape and left.dtype == right.dtype:
            return 0.0
        if left.shape != right.shape or left.bad != right.bad or not left.sums.size or not right.sums.size:
            return np.inf
        scale = max(left.scale, right.scale)
        apart = float(np.abs(left.sums - right.sums).max())
        return apart / scale if scale else 0.0  # both have nothing but zeros

    def is_exact(self, pairs: list[Pair]) -> bool:
        """Whether all values that were compared are equal to the last bit."""
        return all(self._most.get(id(pair)) is None for pair in pairs)

    # -- whole arrays ------------------------------------------------------------------------------

    def look(self, pairs: list[Pair], stages: Stages, keep: Callable[[tuple[list[int], list[int]]], Kept]) -> None:
        """Find the first value that differs. `keep` runs the programs again, and keeps the values with some numbers."""
        suspects: list[tuple[int, Pair, int]] = []
        most: list[tuple[int, Pair, int]] = []
        for pair in pairs:
            if not pair.are_held and not pair.asked:
                continue
            estimates = [self._estimate(a, b) for a, b in self._numbers(pair)]
            if not any(estimates):
                continue
            place = int(np.argmax(estimates))
            self._most[id(pair)] = place
            most.append((int(pair.numbers[0][place]), pair, place))
            for i, (a, b) in enumerate(self._numbers(pair)):
                if estimates[i] and self.may_differ(pair, a, b):
                    suspects.append((a, pair, i))
        if most:
            suspects.sort(key=lambda each: each[0])
            self._search(suspects, most, stages, keep)

    def _numbers(self, pair: Pair) -> Iterator[tuple[int, int]]:
        yield from zip(pair.numbers[0].tolist(), pair.numbers[1].tolist(), strict=True)

    def _search(self, suspects: list[Any], most: list[Any], stages: Stages, keep: Any) -> None:
        """Look at the first suspects and at the largest differences, then nearer to the first that differs."""
        good, bad = -1, len(suspects)
        sample = list(range(min(AT_ONCE, bad)))
        for turn in range(ROUNDS):
            looked = [suspects[i] for i in sample] + (most if not turn else [])
            kept = keep(self._wanted(looked, stages))
            for side in (0, 1):
                self.arrays[side].update(kept[side])
            bad = next((i for i, each in enumerate(suspects[:bad]) if self._is_wrong(each)), bad)
            good = max((i for i in sample if i < bad), default=good)
            if bad == len(suspects) or bad - good <= 1:
                break
            sample = sorted({int(i) for i in np.linspace(good + 1, bad - 1, AT_ONCE)})
        if bad < len(suspects):
            self.first = suspects[bad][1:]

    def _is_wrong(self, suspect: tuple[int, Pair, int]) -> bool:
        _, pair, place = suspect
        both = self._both(pair, place)
        return both is not None and self._apart(*both) is not None

    def _both(self, pair: Pair, place: int) -> tuple[Array, Array] | None:
        a, b = (int(numbers[place]) for numbers in pair.numbers)
        if a not in self.arrays[0] or b not in self.arrays[1]:
            return None
        return self.arrays[0][a], self.arrays[1][b]

    def _apart(self, left: Array, right: Array) -> tuple[tuple[int, ...], float] | None:
        """The worst element and its difference, or None where the arrays are the same within tolerance."""
        if _essential(left.shape) != _essential(right.shape):
            return (), float("nan")
        bound = self.bound(str(left.dtype), str(right.dtype))
        are_whole = left.dtype.kind != "f" and right.dtype.kind != "f"
        dtype = np.int64 if are_whole else np.float64
        a, b = np.atleast_1d(left.astype(dtype)), np.atleast_1d(right.reshape(left.shape).astype(dtype))
        found = worst(a, b, bound if are_whole else Tolerance(bound.rtol, bound.atol + bound.rtol * _scale(b)))
        return found if found is None or left.ndim else ((), found[1])

    def _wanted(self, looked: list[Any], stages: Stages) -> tuple[list[int], list[int]]:
        """The numbers of the values to keep: those that are looked at, and what an update came from."""
        wanted: tuple[set[int], set[int]] = (set(), set())
        for _, pair, place in looked:
            for side in (0, 1):
                wanted[side].add(int(pair.numbers[side][place]))
                if stages.is_weight(pair):
                    wanted[side].update(self._before(pair, place, side, stages))
        return sorted(wanted[0]), sorted(wanted[1])

    def _before(self, pair: Pair, place: int, side: int, stages: Stages) -> list[int]:
        """The values of a weight before one, at most two, and last the gradient before it, where there is one."""
        own = pair.first if side == 0 else pair.second
        number = int(pair.numbers[side][place])
        earlier = [int(n) for n in own.numbers[own.numbers < number][-2:]]
        gradient = self._gradient(own, side, stages)
        before = [] if gradient is None else [int(n) for n in gradient.numbers[gradient.numbers < number][-1:]]
        return earlier + before if earlier and before and before[0] > earlier[-1] else []

    def _gradient(self, own: Values, side: int, stages: Stages) -> Values | None:
        values = (stages.first, stages.second)[side].values
        found = [each for each in values if each.scope == own.scope and is_gradient_of(each.path, own.path)]
        return max(found, key=lambda each: len(each.numbers), default=None)

    # -- what is said of it ------------------------------------------------------------------------

    def row(self, pair: Pair, stages: Stages) -> Row:
        """The row of a name in the table."""
        traces = self.traces
        last = [trace.summary(int(v.numbers[-1])) for trace, v in zip(traces, (pair.first, pair.second), strict=True)]
        place = self._most.get(id(pair))
        largest: float | None = 0.0 if len(pair.numbers[0]) else None
        status = OK
        both = None if place is None else self._both(pair, place)
        if both is not None and place is not None:
            largest = _relative(*both)
            wrong = self._apart(*both) is not None or (self.first is not None and self.first[0] is pair)
            status = WRONG if wrong else ROUNDING
        if not pair.are_held and not pair.asked:
            largest, status = None, APART
        elif pair.others and status != WRONG:
            status = COUNT
        stage = WEIGHTS_ROW if stages.is_weight(pair) else stages.of(pair)
        counts = len(pair.first.numbers), len(pair.second.numbers)
        shapes, dtypes = (last[0].shape, last[1].shape), (last[0].dtype, last[1].dtype)
        at = None if place is None else place + 1
        return Row(pair.shown, stage, counts, shapes, dtypes, largest, at, status, pair.asked)

    def difference(
        self, pairs: list[Pair], stages: Stages, names: tuple[str, ...], place_of: PlaceOf
    ) -> Difference | None:
        """The first value that differs, with all that is known of it."""
        if self.first is None:
            return None
        pair, place = self.first
        both = self._both(pair, place)
        assert both is not None  # it has been looked at
        found = self._apart(*both)
        assert found is not None
        numbers = int(pair.numbers[0][place]), int(pair.numbers[1][place])
        stage = stages.of(pair, place)
        said = tuple(self._hints(pair, place, stage, stages, (names[0], names[1]), place_of))
        return Difference(
            pair.shown,
            stage,
            place + 1,
            stages.step(numbers[0], stage),
            *both,
            (place_of(0, numbers[0]), place_of(1, numbers[1])),
            *found,
            said,
        )

    def _hints(
        self, pair: Pair, place: int, stage: str, stages: Stages, names: tuple[str, str], place_of: PlaceOf
    ) -> Iterator[str]:
        both = self._both(pair, place)
        if both is None or _essential(both[0].shape) != _essential(both[1].shape):
            return
        if stage == UPDATE and stages.is_weight(pair):
            yield from self._updates(pair, place, stages, names, place_of)
            return
        left, right = both[0], both[1].reshape(both[0].shape)
        wide = self.bound(str(left.dtype), str(right.dtype))
        a, b = left.astype(np.float64), right.astype(np.float64)
        wrong = np.abs(a - b) > wide.atol + wide.rtol * (np.abs(b) + _scale(b))
        yield from hints.of_values(left, right, names, wrong)
        factor = hints.factor_of(left, right)
        if factor is not None:
            first = stages.first
            computed_first = sorted(first.values, key=lambda each: each.key not in first.computed)
            yield from hints.sizes(factor, {each.shown: first.shapes[each.key] for each in computed_first})

    def _updates(
        self, pair: Pair, place: int, stages: Stages, names: tuple[str, str], place_of: PlaceOf
    ) -> Iterator[str]:
        """What each program has added to a weight."""
        for side in (0, 1):
            if place and pair.numbers[side][place] == pair.numbers[side][place - 1]:
                yield f"{names[side]} does not change {pair.shown} here."
                return
        said, gradients = [], []
        for side in (0, 1):
            before = self._before(pair, place, side, stages)
            arrays = [self.arrays[side].get(n) for n in [*before[:-1], int(pair.numbers[side][place])]]
            gradient = self.arrays[side].get(before[-1]) if before else None
            if gradient is None or any(each is None for each in arrays):
                return
            change = hints.update([each for each in arrays if each is not None], gradient)
            said.append(f"{names[side]} adds to {pair.shown}: {change}.")
            gradients.append((gradient, before[-1]))
        (left, a), (right, b) = gradients
        if _essential(left.shape) == _essential(right.shape) and self._apart(left, right) is None:
            yield "The gradients before it are the same."
        else:
            places = " and ".join(f"{p.file}:{p.line}" for p in (place_of(0, a), place_of(1, b)))
            yield f"The gradients that it is made with are no longer the same ({places}), as after clipping."
            if left.shape == right.shape:
                yield from hints.of_values(left, right, names, left != right)
        yield from said


def _essential(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _scale(array: Array) -> float:
    """The root of the mean of the squares of the finite elements."""
    finite = array[np.isfinite(array)].astype(np.float64)
    return float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0


def _relative(left: Array, right: Array) -> float:
    """The largest difference of two elements, relative to the size of the array."""
    if _essential(left.shape) != _essential(right.shape):
        return float("inf")
    a, b = left.astype(np.float64).ravel(), right.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        apart = np.abs(a - b)
        apart[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
    largest = float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))
    scale = max(_scale(a), _scale(b))
    return largest / scale if scale else (np.inf if largest else 0.0)
