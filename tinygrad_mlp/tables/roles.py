"""What each column of a table is: a number, a category, a date, or something that a network cannot learn from.

The role is found from the values alone, as a person would who looks at the table; options override it by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from .errors import DataError, position, shown
from .refusals import INFINITE, NOT_NUMERIC, TWO_ROLES
from .values import Dates, Texts, dates, numbers, texts

__all__ = ["MOST_LEVELS", "Column", "Overrides", "find_roles"]

Array = np.ndarray[Any, np.dtype[Any]]
Role = Literal["number", "yes/no", "category", "date", "index", "constant", "identifier", "text", "empty", "ignored"]

MOST_LEVELS = 30  # of a category, which have an input of their own
FEW_ODD = 0.1  # the share of other texts among numbers, or of other values among dates, that may be missing values
FEW_ROWS = 5  # for each level, on average, of a text with more levels than have inputs
LONG = 25  # the mean length of free text


@dataclass(frozen=True)
class Column:
    """A column, its role, and why it has it.

    `values` are its values in the role: float64 for numbers and yes/no, `Texts` for categories, `Dates` for dates, and
    None for a column that is left out. `missing` counts its rows without a value, `odd` those with a value that does
    not fit and counts as missing, of which `example` is one; `seen` describes the values.
    """

    name: str
    role: Role
    missing: int
    seen: str
    values: Any = None
    odd: int = 0
    example: str = ""
    reason: str = ""

    @property
    def used(self) -> bool:
        """Whether the network sees the column."""
        return self.values is not None


@dataclass(frozen=True)
class Overrides:
    """What the options say of columns, by name: their role, or that they are left out."""

    ignore: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def check(self, names: Sequence[str]) -> None:
        """DataError for a name that no column has, and for one that stands in two options."""
        first: dict[str, str] = {}
        for option in ("ignore", "category", "number"):
            for name in getattr(self, option):
                position(name, names, "column", f" for --{option}")
                if name in first:
                    raise DataError(TWO_ROLES.format(column=name, first=f"--{first[name]}", second=f"--{option}"))
                first[name] = option
        for name in self.only:
            position(name, names, "column", " for --only")


def find_roles(
    frame: Any, features: Iterable[str], overrides: Overrides | None = None, row: Callable[[int], int] | None = None
) -> list[Column]:
    """Return the columns `features` of a DataFrame with their roles, in their order.

    `row` gives the number of a row for a message, by its index.

    Raises DataError if an option asks for numbers where there are others, and for infinite numbers.
    """
    overrides = overrides or Overrides()
    at = row or (lambda index: index + 1)
    return [_found(frame[name], name, overrides, at) for name in features]


def _found(column: Any, name: str, overrides: Overrides, row: Callable[[int], int]) -> Column:
    if name in overrides.ignore:
        return Column(name, "ignored", int(column.isna().sum()), "", reason="ignored, as asked")
    if overrides.only and name not in overrides.only:
        return Column(name, "ignored", int(column.isna().sum()), "", reason="not in --only")
    if name in overrides.category or (str(column.dtype) in ("bool", "boolean") and name not in overrides.number):
        return _category(name, texts(column))
    values, bad = numbers(column)
    given = ~np.isnan(values)
    if name in overrides.number:
        if bad.any():
            place = int(bad.argmax())
            raise DataError(
                NOT_NUMERIC.format(column=name, row=row(place), value=shown(str(column.iloc[place]).strip()))
            )
        return _number(name, values, row)
    if not given.any() and not bad.any():
        return Column(name, "empty", len(values), "no values", reason="left out: every value is missing")
    if given.any() and bad.sum() <= FEW_ODD * (given.sum() + bad.sum()):
        found = _index(name, values) or _yes_or_no_of_numbers(name, values) or _number(name, values, row)
        place = int(bad.argmax())
        example = f"{shown(str(column.iloc[place]).strip())} in row {row(place)}" if bad.any() else ""
        return replace(found, odd=int(bad.sum()), example=example, missing=found.missing - int(bad.sum()))
    days = dates(column, 1 - FEW_ODD)
    return _dates(name, days, column, row) if days else _of_texts(name, texts(column))


# -- numbers ---------------------------------------------------------------------------------------


def _number(name: str, values: Array, row: Callable[[int], int]) -> Column:
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(INFINITE.format(column=name, row=row(int(infinite.argmax()))))
    given = values[~np.isnan(values)]
    missing = len(values) - len(given)
    if not len(given):
        return Column(name, "empty", missing, "no values", reason="left out: every value is missing")
    low, high = given.min(), given.max()
    if low == high and not missing:
        return Column(name, "constant", 0, f"{low:g}", reason="left out: every value is the same")
    return Column(name, "number", missing, f"{low:g} to {high:g}", values)


def _index(name: str, values: Array) -> Column | None:
    """A column of row numbers: 0, 1, 2, ... or 1, 2, 3, ..., or any different whole numbers without a name."""
    if len(values) < 3 or np.isnan(values).any() or np.isinf(values).any():
        return None
    first = values[0]
    if first in (0, 1) and bool((np.diff(values) == 1).all()):
        return Column(name, "index", 0, f"{first:g} to {values[-1]:g}", reason="left out: it numbers the rows")
    if name.startswith("Unnamed") and bool((values % 1 == 0).all()) and len(np.unique(values)) == len(values):
        return Column(name, "index", 0, f"{values.min():g} to {values.max():g}", reason="left out: it numbers the rows")
    return None


def _yes_or_no_of_numbers(name: str, values: Array) -> Column | None:
    found = np.unique(values[~np.isnan(values)])
    if len(found) != 2 or np.isinf(found).any():
        return None
    levels = [f"{value:g}" for value in found]
    return _yes_or_no(name, np.where(np.isnan(values), np.nan, values == found[1]), levels)


def _yes_or_no(name: str, values: Array, levels: list[str]) -> Column:
    return Column(name, "yes/no", int(np.isnan(values).sum()), " or ".join(levels), YesNo(values, levels))


@dataclass(frozen=True)
class YesNo:
    """A column of two levels: 1 where it is the second, 0 where it is the first, nan where it is missing."""

    values: Array
    levels: list[str]


# -- text ------------------------------------------------------------------------------------------


def _of_texts(name: str, values: Texts) -> Column:
    counts = values.counts()
    given, levels = int(counts.sum()), len(values.levels)
    missing = values.missing
    seen = f"{levels:,} levels"
    length = sum(len(level) for level in values.levels) / max(1, levels)
    if levels > 2 and levels >= 0.9 * given and (given > MOST_LEVELS or levels == given):
        if length > LONG:
            return Column(name, "text", missing, seen, reason="left out: free text")
        return Column(name, "identifier", missing, seen, reason="left out: nearly every value differs")
    if levels > MOST_LEVELS and length > LONG and levels > 0.5 * given:
        return Column(name, "text", missing, seen, reason="left out: free text")
    if levels > MOST_LEVELS and given < FEW_ROWS * levels:
        return Column(name, "identifier", missing, seen, reason=f"left out: fewer than {FEW_ROWS} rows for each level")
    return _category(name, values)


def _category(name: str, values: Texts) -> Column:
    levels, missing = values.levels, values.missing
    if not levels:
        return Column(name, "empty", missing, "no values", reason="left out: every value is missing")
    if len(levels) == 1 and not missing:
        return Column(name, "constant", 0, shown(levels[0], 20), reason="left out: every value is the same")
    if len(levels) == 2:
        number = np.where(values.codes < 0, np.nan, values.codes.astype(np.float64))
        return _yes_or_no(name, number, levels)
    first = ", ".join(levels[:4]) + (", ..." if len(levels) > 4 else "")
    return Column(name, "category", missing, f"{len(levels):,} levels: {first}", values)


# -- dates -----------------------------------------------------------------------------------------


def _dates(name: str, days: Dates, column: Any, row: Callable[[int], int]) -> Column:
    given = days.values[~np.isnat(days.values)]
    odd = int(days.bad.sum())
    missing = len(days.values) - len(given) - odd
    if given.min() == given.max() and not missing and not odd:
        return Column(name, "constant", 0, str(given[0]), reason="left out: every value is the same")
    unit = "s" if days.has_time else "D"
    low, high = (str(value.astype(f"datetime64[{unit}]")).replace("T", " ") for value in (given.min(), given.max()))
    if not days.has_date:
        low, high = low[-8:], high[-8:]
    place = int(days.bad.argmax())
    example = f"{shown(str(column.iloc[place]).strip())} in row {row(place)}" if odd else ""
    return Column(name, "date", missing, f"{low} to {high}", days, odd, example)
