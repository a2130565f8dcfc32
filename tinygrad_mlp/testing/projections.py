"""Gradients of large inputs, compared along a random direction: a few calls, whatever the size.

Where a projection is wrong, the direction is halved until one entry is left, so that the fault has a place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .comparing import NO_GRADIENT, NO_SECOND, NOT_SETTLED, alone, looks_like, parting, rounding_of
from .evidence import Differences, Judged, flat, weighed
from .judges import SAFETY, SMOOTH, Slope
from .report import Row, number
from .subject import Array, Arrays, Subject

SAMPLE = 64  # entries that are looked at one by one once something is wrong
MOST_KINKS = 32  # entries without a derivative that are left out of a direction
ROUNDING = 64.0


def rows_of_projections(subject: Subject, judge: Differences, order: int, first: Arrays, known: Any) -> list[Row]:
    """A row for each input; `known` are the gradients for the cotangents `first`."""
    rows: dict[str, Row] = {}
    for cotangents in (first, *alone(first)):
        given = known if cotangents is first else subject.vjp(subject.arrays, cotangents)
        for row in _Projection(subject, judge, cotangents, given, order).rows():
            before = rows.get(row.input)
            if before is None or (row.verdict == "wrong" and before.verdict != "wrong"):
                rows[row.input] = row
    return list(rows.values())


OTHER_SHAPE = "its shape is {given} where {right} is right"


class _Projection:
    """The gradients for certain cotangents beside differences along a direction."""

    def __init__(self, subject: Subject, judge: Differences, cotangents: Arrays, given: Any, order: int) -> None:
        self.subject, self.judge, self.order, self.cotangents, self.given = subject, judge, order, cotangents, given
        self.ends = np.cumsum([0, *(x.size for x in subject.arrays)])
        self.direction = flat(tuple(judge.direction))
        pairs = zip(given, subject.arrays, strict=True)
        self.gradient = flat(tuple(np.zeros(x.shape) if g is None or g.shape != x.shape else g for g, x in pairs))
        self.kinks: list[int] = []
        self._rounding: list[float] | None = None

    def rows(self) -> list[Row]:
        odd = [k for k, g in enumerate(self.given) if g is not None and g.shape != self.subject.arrays[k].shape]
        rows = [self._row_of_shape(k) for k in odd]
        usable = [k for k in range(len(self.given)) if k not in odd]
        for k in odd:
            self.direction[self.ends[k] : self.ends[k + 1]] = 0.0
        whole = self._leave_kinks_out(None if odd else self.judge.across)
        if whole is None:
            return rows + [
                Row(self.subject.names[k], self.order, "not judged", self._size(k), text=NOT_SETTLED) for k in usable
            ]
        if not self._is_wrong(self.direction, whole):
            return rows + [self._right(k) for k in usable]
        return rows + [self._row(k) for k in usable]

    # -- directions ------------------------------------------------------------------------------------

    def _parts(self, direction: Array) -> list[Array]:
        return [
            direction[a:b].reshape(x.shape)
            for a, b, x in zip(self.ends, self.ends[1:], self.subject.arrays, strict=False)
        ]

    def _slope(self, direction: Array) -> Slope:
        return self.judge.along(self._parts(direction))

    def _is_wrong(self, direction: Array, slope: Slope | None = None) -> bool:
        """Whether the projection of the gradient is not the slope along the direction."""
        right, error, _, _, state = weighed(slope or self._slope(direction), flat(self.cotangents))
        if state != SMOOTH or not np.isfinite(right):
            return False
        with np.errstate(all="ignore"):
            products = self.gradient * direction
            total = float(np.sum(products))
            if not np.isfinite(total):  # a nan beside a direction of 0 does not matter
                products = np.where(direction != 0, products, 0.0)
                total = float(np.sum(products))
            size = float(np.sum(np.abs(products)))
            apart = abs(total - right)
        eps = float(np.finfo(self.subject.arrays[0].dtype).eps)
        if apart <= SAFETY * error + ROUNDING * eps * (size + abs(right)):
            return False
        if self._rounding is None:
            self._rounding = rounding_of(self.subject, self.cotangents, self.given)
        spread = [r * float(np.abs(v).sum()) for r, v in zip(self._rounding, self._parts(direction), strict=True)]
        return not apart <= SAFETY * error + sum(spread)

    def _leave_kinks_out(self, slope: Slope | None) -> Slope | None:
        """The slope along the direction once entries at kinks are out of it; None if it has none even so."""
        for _ in range(MOST_KINKS):
            slope = self._slope(self.direction) if slope is None else slope
            if weighed(slope, flat(self.cotangents))[4] == SMOOTH:
                return slope
            entry = self._first(self.direction, self._is_parted)
            if entry is None:
                return None
            self.kinks.append(entry)
            self.direction[entry] = 0.0
            slope = None
        return None

    def _is_parted(self, direction: Array) -> bool:
        return bool(weighed(self._slope(direction), flat(self.cotangents))[4] != SMOOTH)

    @staticmethod
    def _first(direction: Array, bad: Callable[[Array], bool]) -> int | None:
        """An entry along which alone a direction is bad, by halves; None if its halves are not."""
        places = np.flatnonzero(direction)
        while len(places) > 1:
            for half in np.array_split(places, 2):
                part = np.zeros_like(direction)
                part[half] = direction[half]
                if bad(part):
                    places = half
                    break
            else:
                return None
        return int(places[0]) if len(places) else None

    # -- rows ------------------------------------------------------------------------------------------

    def _size(self, place: int) -> int:
        return int(self.subject.arrays[place].size)

    def _right(self, place: int) -> Row:
        name, size = self.subject.names[place], self._size(place)
        inside = [k for k in self.kinks if self.ends[place] <= k < self.ends[place + 1]]
        if not inside:
            return Row(name, self.order, "right", size, None)
        index = inside[0] - int(self.ends[place])
        state = weighed(self.judge.entry(place, index), flat(self.cotangents))[4]
        where = self._index(place, index)
        return Row(
            name,
            self.order,
            "no derivative",
            size,
            0,
            where,
            text=parting(self.subject, self.judge, place, index, state),
        )

    def _row(self, place: int) -> Row:
        part = np.zeros_like(self.direction)
        part[self.ends[place] : self.ends[place + 1]] = self.direction[self.ends[place] : self.ends[place + 1]]
        if not self._is_wrong(part):
            return self._right(place)
        entry = self._first(part, self._is_wrong)
        indices = self._sampled(place, entry)
        return self._row_of_fault(place, indices)

    def _sampled(self, place: int, entry: int | None) -> list[int]:
        size = self._size(place)
        if size <= SAMPLE:
            return list(range(size))
        chosen: list[int] = np.random.default_rng(0).choice(size, SAMPLE, replace=False).tolist()
        return ([] if entry is None else [entry - int(self.ends[place])]) + chosen

    def _row_of_fault(self, place: int, indices: list[int]) -> Row:
        judged = self._judged(place, indices, (len(indices),))
        name, size, gradient = self.subject.names[place], self._size(place), self.given[place]
        if gradient is None:
            worst = int(np.argmax(np.abs(judged.value)))
            where = self._index(place, indices[worst])
            return Row(
                name,
                self.order,
                "wrong",
                size,
                None,
                where,
                None,
                float(judged.value[worst]),
                float(judged.error[worst]),
                "no gradient",
                (NO_GRADIENT if self.order == 1 else NO_SECOND).format(right=number(float(judged.value[worst]))),
            )
        given = gradient.reshape(-1)[indices]
        eps = float(np.finfo(given.dtype).eps)
        spread = 0.0 if self._rounding is None else self._rounding[place]
        tolerance = SAFETY * judged.error + spread + ROUNDING * eps * np.max(np.abs(judged.value), initial=0.0)
        with np.errstate(all="ignore"):
            wrong = (judged.state == SMOOTH) & ~(np.abs(given - judged.value) <= tolerance)
            apart = np.where(wrong, np.nan_to_num(np.abs(given - judged.value), nan=np.inf), -1.0)
        worst = int(np.argmax(apart))
        count = int(wrong.sum()) if len(indices) == size else None
        if len(indices) == size:
            judged = Judged(
                *(
                    x.reshape(gradient.shape)
                    for x in (judged.value, judged.error, judged.left, judged.right, judged.state)
                )
            )
            kind, text = looks_like(
                gradient, judged, tolerance.reshape(gradient.shape), self.cotangents, self.subject, {}
            )
        else:
            kind, text = looks_like(given, judged, tolerance, self.cotangents, self.subject, {})
            text += f"\nof {len(indices)} entries that were looked at, {int(wrong.sum())} are wrong"
        return Row(
            name,
            self.order,
            "wrong",
            size,
            count,
            self._index(place, indices[worst]),
            float(given[worst]),
            float(judged.value.reshape(-1)[worst]),
            float(judged.error.reshape(-1)[worst]),
            kind,
            text.strip(),
        )

    def _row_of_shape(self, place: int) -> Row:
        array, name = self.subject.arrays[place], self.subject.names[place]
        given: Any = self.given[place]
        sizes = {"given": given.shape, "right": array.shape}
        if array.size <= SAMPLE:
            judged = self._judged(place, list(range(array.size)), array.shape)
            error = SAFETY * judged.error + ROUNDING * np.finfo(array.dtype).eps * np.max(
                np.abs(judged.value), initial=0.0
            )
            kind, text = looks_like(given, judged, error, self.cotangents, self.subject, {})
        else:
            kind, text = "wrong shape", OTHER_SHAPE.format(**sizes)
        return Row(name, self.order, "wrong", array.size, None, kind=kind, text=text)

    def _judged(self, place: int, indices: list[int], shape: tuple[int, ...]) -> Judged:
        """What some entries of a gradient should be, one by one."""
        numbers = [weighed(self.judge.entry(place, i), flat(self.cotangents)) for i in indices]
        return Judged(*(np.array(column).reshape(shape) for column in zip(*numbers, strict=True)))

    def _index(self, place: int, index: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(index, self.subject.arrays[place].shape))
