"""How a column becomes inputs of the network: one encoder for each role, which learns from the training rows alone.

An encoder has `fit(name, values)` to learn from converted values (see `roles.Column.values`), `convert` to bring a new
table's column into that form, `fill` to write its inputs, and fields that are all that a saved model needs of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from .errors import DataError
from .refusals import TOO_FAR
from .roles import MOST_LEVELS, Column, YesNo
from .split import Standardizer
from .values import Dates, Texts, dates, numbers, texts

__all__ = ["Encoder", "Unseen", "encode", "encoders_of", "from_json", "to_json"]

Array = np.ndarray[Any, np.dtype[Any]]

MANY_MISSING = 0.02  # the share of missing values above which they get an input of their own


@dataclass
class Unseen:
    """What a new table has that the training rows had not: how many values of a column, and one of them."""

    count: int = 0
    example: str = ""
    what: str = ""


@dataclass(frozen=True)
class _Scaled:
    """A number as an input: the training median where it is missing, then standardised."""

    name: str
    fallback: float
    mean: float
    scale: float
    flag: bool  # whether a second input says that the value is missing

    @property
    def width(self) -> int:
        """The number of inputs."""
        return 1 + self.flag

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs."""
        return [self.name, f"{self.name} is missing"][: self.width]

    def _scale(self, values: Array, out: Array) -> None:
        missing = np.isnan(values)
        out[:, 0] = (np.where(missing, self.fallback, values) - self.mean) / self.scale
        if self.flag:
            out[:, 1] = missing


@dataclass(frozen=True)
class Number(_Scaled):
    """A number: standardised, with the median of the training rows where it is missing."""

    kind = "number"

    @classmethod
    def fit(cls, name: str, values: Array) -> Number:
        """Learn from float64 values, nan where missing."""
        given = values[~np.isnan(values)]
        median = float(np.median(given)) if len(given) else 0.0
        scaling = Standardizer.fit(np.where(np.isnan(values), median, values))
        return cls(name, median, float(scaling.mean), float(scaling.scale), 1 - len(given) / len(values) > MANY_MISSING)

    @property
    def becomes(self) -> str:
        """What the column becomes, in words."""
        return "a number, standardised" + (", and whether it is missing" if self.flag else "")

    def convert(self, column: Any) -> tuple[Array, Unseen]:
        """Return a new table's column as `fill` takes it, with what is no number."""
        values, bad = numbers(column)
        bad = bad | np.isinf(values)
        place = int(bad.argmax()) if bad.any() else 0
        unseen = Unseen(int(bad.sum()), str(column.iloc[place]) if bad.any() else "", "no numbers")
        return np.where(bad, np.nan, values), unseen

    def fill(self, values: Array, out: Array) -> None:
        """Write the inputs for values into `out`, of shape (n, width)."""
        self._scale(values, out)


@dataclass(frozen=True)
class Binary(_Scaled):
    """A column of two levels: 0 and 1, less their mean in the training rows, and so 0 where it is missing.

    It is not scaled, as the inputs of a category are not: a rare level would weigh too much.
    """

    levels: list[str] = field(default_factory=list)
    kind = "yes/no"

    @classmethod
    def fit(cls, name: str, values: YesNo) -> Binary:
        """Learn from the values of a yes/no column."""
        missing = np.isnan(values.values)
        mean = 0.5 if missing.all() else float(values.values[~missing].mean())
        return cls(name, mean, mean, 1.0, float(missing.mean()) > MANY_MISSING, values.levels)

    @property
    def becomes(self) -> str:
        """What the column becomes, in words."""
        return f"1 for {self.levels[1]}, 0 for {self.levels[0]}" + (", and whether it is missing" if self.flag else "")

    def convert(self, column: Any) -> tuple[YesNo, Unseen]:
        """Return a new table's column as `fill` takes it, with the levels that are neither of the two."""
        found = texts(column)
        levels = {level.casefold(): float(i) for i, level in enumerate(self.levels)}
        known = np.array([*(levels.get(level.casefold(), np.nan) for level in found.levels), np.nan])
        strange = np.array([*np.isnan(known[:-1]), False])[found.codes]
        return YesNo(known[found.codes], self.levels), _unseen(found, strange)

    def fill(self, values: YesNo, out: Array) -> None:
        """Write the inputs for values into `out`, of shape (n, width)."""
        self._scale(values.values, out)


@dataclass(frozen=True)
class Category:
    """A category: an input for each of the most frequent levels, one for the others, and one for missing values.

    The inputs are 0 or 1. `levels` are all that the training rows have, the most frequent first; the first `shown` of
    them have inputs.
    """

    name: str
    levels: list[str]
    shown: int
    flag: bool
    kind = "category"

    @classmethod
    def fit(cls, name: str, values: Texts) -> Category:
        """Learn from a column as text."""
        counts = values.counts()
        order = np.argsort(-counts, kind="stable")
        levels = [values.levels[i] for i in order if counts[i]]
        return cls(name, levels, min(len(levels), MOST_LEVELS), bool(values.missing))

    @property
    def width(self) -> int:
        """The number of inputs."""
        return self.shown + (self.shown < len(self.levels)) + self.flag

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs."""
        names = [f"{self.name} = {level}" for level in self.levels[: self.shown]]
        others = [f"{self.name} = other"] if self.shown < len(self.levels) else []
        return [*names, *others, *([f"{self.name} is missing"] if self.flag else [])]

    @property
    def becomes(self) -> str:
        """What the column becomes, in words."""
        rest = len(self.levels) - self.shown
        others = f", and one for {'the other' if rest == 1 else f'the {rest:,} others'}" if rest else ""
        return f"an input for each of {self.shown} levels{others}" + (", and one for missing" if self.flag else "")

    def convert(self, column: Any) -> tuple[Texts, Unseen]:
        """Return a new table's column as `fill` takes it, with the levels that the training rows had not."""
        found = texts(column)
        known = set(self.levels)
        strange = np.array([*(level not in known for level in found.levels), False], dtype=bool)
        return found, _unseen(found, strange[found.codes])

    def fill(self, values: Texts, out: Array) -> None:
        """Write the inputs for values into `out`, of shape (n, width). A level never seen counts among the others."""
        places = {level: min(i, self.shown) for i, level in enumerate(self.levels)}
        other = self.shown if self.shown < len(self.levels) else -1
        missing = self.width - 1 if self.flag else other
        table = np.array([*(places.get(level, other) for level in values.levels), missing], dtype=np.int64)
        place = table[values.codes]
        out[:] = 0
        rows = np.flatnonzero(place >= 0)
        out[rows, place[rows]] = 1


@dataclass(frozen=True)
class Date:
    """A date or time: the year, and the day of the year, the weekday and the time of day as points on a circle.

    A circle has no end, so that 31 December lies beside 1 January. Only the parts that vary in the training rows are
    used.
    """

    name: str
    parts: list[str]
    mean: float  # of the year
    scale: float
    flag: bool
    first: str
    last: str
    day_first: bool = False
    kind = "date"

    @classmethod
    def fit(cls, name: str, values: Dates) -> Date:
        """Learn from a column as dates."""
        given = values.values[~np.isnat(values.values)]
        years = _years(given)
        parts = []
        if values.has_date and len(given):
            days = given.astype("datetime64[D]")
            parts += ["year"] if len(np.unique(years)) > 1 else []
            parts += ["day of year"] if len(np.unique(_fraction(given, "Y", 366))) > 1 else []
            monthly = bool((days == days.astype("datetime64[M]")).all())  # weekdays of the first of a month are chance
            parts += [] if monthly or len(np.unique(_weekdays(given))) == 1 else ["weekday"]
        if values.has_time and len(given) and len(np.unique(_fraction(given, "D", 86400))) > 1:
            parts += ["time of day"]
        scaling = Standardizer.fit(years) if len(given) else Standardizer(np.zeros(()), np.ones(()))
        first, last = (str(given.min()), str(given.max())) if len(given) else ("", "")
        share = 1 - len(given) / len(values.values)
        return cls(
            name, parts, float(scaling.mean), float(scaling.scale), share > MANY_MISSING, first, last, values.day_first
        )

    @property
    def width(self) -> int:
        """The number of inputs."""
        return len(self.inputs)

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs."""
        names = [
            f"{self.name}: {part}{wave}"
            for part in self.parts
            for wave in ([""] if part == "year" else [" (sin)", " (cos)"])
        ]
        return [*names, *([f"{self.name} is missing"] if self.flag else [])]

    @property
    def becomes(self) -> str:
        """What the column becomes, in words."""
        return (", ".join(self.parts) or "nothing: it does not vary") + (
            ", and whether it is missing" if self.flag else ""
        )

    def convert(self, column: Any) -> tuple[Dates, Unseen]:
        """Return a new table's column as `fill` takes it, with the dates outside those of the training rows."""
        found = dates(column, 0.0, self.day_first)
        if found is None:
            given = column.notna().to_numpy()
            nothing = np.full(len(column), "NaT", dtype="datetime64[s]")
            example = str(column[given].iloc[0]) if given.any() else ""
            return Dates(nothing, True, True, given), Unseen(int(given.sum()), example, "no dates")
        outside = np.zeros(len(found.values), bool)
        if self.first and found.has_date:
            outside = (found.values < np.datetime64(self.first)) | (found.values > np.datetime64(self.last))
        strange = outside | found.bad
        place = int(strange.argmax())
        example = str(column.iloc[place]) if strange.any() else ""
        return found, Unseen(int(strange.sum()), example, "outside the dates of the training")

    def fill(self, values: Dates, out: Array) -> None:
        """Write the inputs for values into `out`, of shape (n, width)."""
        missing = np.isnat(values.values)
        given = np.where(missing, np.datetime64("1970-01-01", "s"), values.values)
        at = 0
        for part in self.parts:
            if part == "year":
                out[:, at] = (_years(given) - self.mean) / self.scale
                at += 1
                continue
            angle = 2 * np.pi * _turn(given, part)
            out[:, at], out[:, at + 1] = np.sin(angle), np.cos(angle)
            at += 2
        out[missing] = 0
        if self.flag:
            out[:, -1] = missing


def _years(values: Array) -> Array:
    return np.asarray(values.astype("datetime64[Y]").astype(np.int64) + 1970.0)


def _weekdays(values: Array) -> Array:
    return np.asarray((values.astype("datetime64[D]").astype(np.int64) + 3) % 7.0)  # 1 January 1970 was a Thursday


def _fraction(values: Array, unit: str, length: int) -> Array:
    """How far a date is in its year or its day, from 0 to below 1: in days of 366 or seconds of 86400."""
    step = "D" if unit == "Y" else "s"
    start = values.astype(f"datetime64[{unit}]").astype(f"datetime64[{step}]")
    return np.asarray((values.astype(f"datetime64[{step}]") - start).astype(np.int64) / length)


def _turn(values: Array, part: str) -> Array:
    if part == "weekday":
        return _weekdays(values) / 7
    return _fraction(values, "Y", 366) if part == "day of year" else _fraction(values, "D", 86400)


Encoder = Number | Binary | Category | Date
_KINDS: dict[str, Any] = {kind.kind: kind for kind in (Number, Binary, Category, Date)}


def _unseen(found: Texts, strange: Array) -> Unseen:
    example = found.levels[found.codes[int(strange.argmax())]] if strange.any() else ""
    return Unseen(int(strange.sum()), example, "not among the levels of the training")


# -- all columns -----------------------------------------------------------------------------------


def at_rows(values: Any, rows: Array) -> Any:
    """Return converted values at some rows."""
    if isinstance(values, Texts):
        return Texts(values.codes[rows], values.levels)
    if isinstance(values, YesNo):
        return YesNo(values.values[rows], values.levels)
    if isinstance(values, Dates):
        return replace(values, values=values.values[rows], bad=values.bad[rows])
    return values[rows]


def encoders_of(columns: Sequence[Column], rows: Array) -> list[Encoder]:
    """Return an encoder for each column that is used, with what it learns from the training rows."""
    return [_KINDS[column.role].fit(column.name, at_rows(column.values, rows)) for column in columns if column.used]


def encode(encoders: Sequence[Encoder], values: Sequence[Any], rows: int) -> Array:
    """Return the inputs of the network, float32 of shape (rows, inputs), for converted values of each column.

    Raises DataError for a number that overflows float32 when it is standardised.
    """
    out = np.empty((rows, sum(encoder.width for encoder in encoders)), np.float32)
    at = 0
    for encoder, column in zip(encoders, values, strict=True):
        part = out[:, at : at + encoder.width]
        with np.errstate(over="ignore"):
            encoder.fill(column, part)
        if not np.isfinite(part).all():
            raise DataError(TOO_FAR.format(column=encoder.name))
        at += encoder.width
    return out


def to_json(encoders: Sequence[Encoder]) -> list[dict[str, Any]]:
    """Return the encoders as what JSON can hold."""
    return [{"kind": encoder.kind, **asdict(encoder)} for encoder in encoders]


def from_json(facts: Sequence[dict[str, Any]]) -> list[Encoder]:
    """Return the encoders that `to_json` has described."""
    return [_KINDS[each["kind"]](**{key: value for key, value in each.items() if key != "kind"}) for each in facts]
