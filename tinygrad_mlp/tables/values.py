"""The values of a column as text, numbers or dates, whatever type the reader of the file has given them.

A column of text is looked at through its different values (`pandas.factorize`), which are few where the rows are many.
A value counts as missing if the file leaves the cell empty or has one of the words of `MISSING` there.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["MISSING", "Dates", "Texts", "dates", "is_missing", "number", "numbers", "texts"]

Array = np.ndarray[Any, np.dtype[Any]]

# What spreadsheets, pandas and R write for a missing value, in lower case.
MISSING = frozenset(["", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "nat", "?", "-"])

# Thousands between commas, a currency before the number, a percent sign behind it.
_DRESSED = re.compile(r"([+-]?)[$€£]?([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d*)?)%?")
# A date begins with two parts of it, or is a month's name with a day and a year; a time has a colon.
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][A-Za-z]{3,9}\.?[- ,]+\d{2,4}"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|[A-Za-z]{3} [A-Za-z]{3} +\d{1,2} )([T ,].*)?.*"
)
_NUMERIC_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.]\d{2,4}")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")


@dataclass(frozen=True)
class Texts:
    """A column as text: `levels` holds the different values and `codes` the index of each row's, -1 where missing."""

    codes: Array
    levels: list[str]

    @property
    def missing(self) -> int:
        """The number of rows without a value."""
        return int((self.codes < 0).sum())

    def counts(self) -> Array:
        """The number of rows of each level."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels))


@dataclass(frozen=True)
class Dates:
    """A column of dates or times of day: datetime64[s], with NaT where missing.

    `has_date` and `has_time` tell which of the two the values say, `bad` which rows hold something else, and
    `day_first` that the day stands before the month where both are numbers.
    """

    values: Array
    has_date: bool
    has_time: bool
    bad: Array
    day_first: bool = False


def is_missing(text: str) -> bool:
    """Whether a cell's text stands for a missing value."""
    return text.strip().lower() in MISSING


def texts(column: Any) -> Texts:
    """Return a pandas Series as text: stripped, and 3 rather than 3.0 for a whole number."""
    import pandas

    codes, found = pandas.factorize(column)
    names = [_text(value) for value in found]
    # Different values may be the same text, such as "a" and " a".
    levels = sorted({name for name in names if not is_missing(name)}, key=_order)
    index = {level: i for i, level in enumerate(levels)}
    table = np.array([*(index.get(name, -1) for name in names), -1], dtype=np.int64)  # factorize has -1 for missing
    return Texts(table[codes], levels)


def _text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, float | np.floating) and math.isfinite(value) and value % 1 == 0:
        return str(int(value))
    return str(value).strip()


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by their value, before all other texts."""
    value = number(name)
    return (math.isnan(value), 0.0 if math.isnan(value) else value, name)


def numbers(column: Any) -> tuple[Array, Array]:
    """Return a pandas Series as float64, nan where missing, and a mask of the rows that hold something else."""
    import pandas

    if pandas.api.types.is_bool_dtype(column) or pandas.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan), np.zeros(len(column), bool)
    if pandas.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), np.nan), column.notna().to_numpy()
    codes, found = pandas.factorize(column)
    names = [_text(value) for value in found]
    values = np.array([*map(number, names), np.nan])
    bad = np.isnan(values) & np.array([*(not is_missing(name) for name in names), False], dtype=bool)
    return values[codes], bad[codes]


def number(text: str) -> float:
    """Return the number that a cell's text says, with $1,234.50 and 12% understood; nan if it is none."""
    try:
        return math.nan if "_" in text else float(text)  # float() accepts 1_000, which is no number in a table
    except ValueError:
        dressed = _DRESSED.fullmatch(text)
        return float(dressed[1] + dressed[2].replace(",", "")) if dressed else math.nan


def dates(column: Any, share: float = 1.0, day_first: bool | None = None) -> Dates | None:
    """Return a pandas Series as dates, or None unless at least a `share` of the values are dates or times of day.

    If `day_first` is None, the values tell whether the day or the month comes first in 03/04/2020; where none tells, it
    is the month.
    """
    import pandas

    if pandas.api.types.is_datetime64_any_dtype(column):
        values = (column.dt.tz_localize(None) if column.dt.tz is not None else column).to_numpy("datetime64[s]")
        return Dates(values, True, _have_time(values), np.zeros(len(values), bool))
    if pandas.api.types.is_bool_dtype(column) or pandas.api.types.is_numeric_dtype(column):
        return None
    codes, found = pandas.factorize(column)
    cells = [_text(value) for value in found]
    given = np.array([*(not is_missing(cell) for cell in cells), False])
    for pattern, has_date in ((_DATE, True), (_TIME, False)):
        fitting = [cell if pattern.fullmatch(cell) else None for cell in cells]
        wanted = len(cells) - fitting.count(None)
        if not wanted or wanted < share * given.sum():
            continue
        values, day_first = _parsed(
            fitting if has_date else [cell and f"1970-01-01 {cell}" for cell in fitting], day_first
        )
        read = int((~np.isnat(values)).sum())
        if read and read >= share * given.sum():
            has_time = not has_date or _have_time(values)
            return Dates(values[codes], has_date, has_time, (given & np.isnat(values))[codes], day_first)
    return None


def _have_time(values: Array) -> bool:
    return bool((values != values.astype("datetime64[D]"))[~np.isnat(values)].any())


def _parsed(cells: Sequence[str | None], day_first: bool | None) -> tuple[Array, bool]:
    """Return the dates of texts as datetime64[s], and NaT last, for the code -1 of a missing value."""
    import pandas

    order = _day_first(cells) if day_first is None else day_first
    series = pandas.Series([*cells, None], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pandas says of formats is settled here
        parsed = pandas.to_datetime(series, errors="coerce", utc=True, dayfirst=order)  # all of one format
        if parsed.isna().sum() > 1 + list(cells).count(None):
            parsed = pandas.to_datetime(series, errors="coerce", utc=True, dayfirst=order, format="mixed")
    return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[s]"), order


def _day_first(cells: Sequence[str | None]) -> bool:
    """Whether the day stands before the month in dates such as 31/12/2020; with points between them it does."""
    found = [match for cell in cells if cell and (match := _NUMERIC_DATE.match(cell))]
    over_12 = [sum(int(match[k]) > 12 for match in found) for k in (1, 3)]
    return over_12[0] > over_12[1] or (over_12[0] == over_12[1] and any(match[2] == "." for match in found))
