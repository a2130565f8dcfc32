"""What is to be predicted: classes or a quantity, found from the values of the target, and how it is encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .errors import DataError, count, shown
from .refusals import CONSTANT_TARGET, INFINITE, NO_ROWS, NO_ROWS_WITH_TARGET, TARGET_NOT_NUMERIC, TARGET_UNCLEAR
from .values import numbers, texts

__all__ = ["Target", "Task", "target_of_array", "target_of_column"]

Array = np.ndarray[Any, np.dtype[Any]]
Task = Literal["classification", "regression"]

MOST_CLASSES = 20  # of whole numbers
ROWS_OF_CLASS = 3  # at least, of each class on average, for whole numbers to be classes


@dataclass(frozen=True)
class Target:
    """The target of the rows `rows`, which have one; the other rows of the table are left out.

    For classification `values` holds int64 indices into `classes`, for regression float64 numbers, and `classes` is
    empty.
    """

    name: str
    task: Task
    values: Array
    classes: tuple[str, ...]
    rows: Array
    left_out: int = 0


def target_of_column(
    column: Any, name: str, task: Task | None = None, row: Callable[[int], int] | None = None
) -> Target:
    """Find what a column of a DataFrame is as a target.

    If `task` is None, it follows from the values:
    - text and booleans are classes;
    - numbers that are not all whole are a quantity (regression);
    - whole numbers are classes if they have two different values, or at most 20 with three rows for each on average;
      else they are a quantity.
    Class names are sorted, by value if they are numbers. Rows whose target is missing are left out.

    Raises DataError for a target of one value, and for text that is neither classes nor numbers.
    """
    at = row or (lambda index: index + 1)
    if not len(column):
        raise DataError(NO_ROWS)
    values, bad = numbers(column)
    is_text = bool(bad.any()) or str(column.dtype) == "bool"
    found = texts(column) if is_text or task != "regression" else None
    missing = np.isnan(values) if not is_text or found is None else found.codes < 0
    rows = np.flatnonzero(~missing)
    if not len(rows):
        raise DataError(NO_ROWS_WITH_TARGET.format(target=name))
    left_out = len(column) - len(rows)
    if is_text and found is not None:
        if task == "regression" and bad.any():
            raise _not_numeric(column, name, bad, at)
        counts = found.counts()
        if task is None and _are_odd(counts, bool((~np.isnan(values)).sum() > bad.sum())):
            place = int(bad.argmax())
            raise DataError(
                TARGET_UNCLEAR.format(
                    target=name,
                    counts=f"{len(found.levels)} different values in {len(rows)} rows",
                    row=at(place),
                    value=shown(str(column.iloc[place]).strip()),
                )
            )
        _refuse_constant(found.levels, name, len(rows))
        return Target(name, "classification", found.codes[rows], tuple(found.levels), rows, left_out)
    if task == "regression" and bad.any():
        raise _not_numeric(column, name, bad, at)
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(INFINITE.format(column=name, row=at(int(infinite.argmax()))))
    return _of_numbers(values[rows], name, task, rows, left_out)


def target_of_array(values: Array, name: str, task: Task | None = None) -> Target:
    """Find what an array of shape (n,), of numbers, booleans or text, is as a target; see `target_of_column`."""
    if values.dtype.kind in "uif":
        numeric = values.astype(np.float64)
        rows = np.flatnonzero(~np.isnan(numeric))
        if not len(rows):
            raise DataError(NO_ROWS_WITH_TARGET.format(target=name) if len(values) else NO_ROWS)
        return _of_numbers(numeric[rows], name, task, rows, len(values) - len(rows))
    rows = np.flatnonzero(values != "") if values.dtype.kind == "U" else np.arange(len(values))
    if not len(rows):
        raise DataError(NO_ROWS_WITH_TARGET.format(target=name) if len(values) else NO_ROWS)
    levels, codes = np.unique(values[rows], return_inverse=True)
    names = [str(level) for level in levels]
    _refuse_constant(names, name, len(rows))
    return Target(name, "classification", codes.astype(np.int64), tuple(names), rows, len(values) - len(rows))


def _of_numbers(values: Array, name: str, task: Task | None, rows: Array, left_out: int) -> Target:
    levels = np.unique(values)
    names = [f"{int(level)}" if level % 1 == 0 else f"{level:g}" for level in levels]
    _refuse_constant(names, name, len(values))
    if task is None:
        task = "classification" if _are_classes(levels, len(values)) else "regression"
    if task == "regression":
        return Target(name, task, values, (), rows, left_out)
    codes = np.searchsorted(levels, values).astype(np.int64)
    return Target(name, task, codes, tuple(names), rows, left_out)


def _are_classes(levels: Array, rows: int) -> bool:
    """Whether numbers with these different values are classes, by the rule that `target_of_column` documents."""
    if not bool((levels % 1 == 0).all()):
        return False
    return len(levels) == 2 or (len(levels) <= MOST_CLASSES and rows >= ROWS_OF_CLASS * len(levels))


def _are_odd(counts: Array, mostly_numbers: bool) -> bool:
    """Whether a target of text has too many different values for classes: free text, or numbers with an error."""
    levels = len(counts)
    return levels > 2 and 2 * levels > counts.sum() and (levels > MOST_CLASSES or mostly_numbers)


def _refuse_constant(names: list[str], target: str, rows: int) -> None:
    if len(names) == 1:
        where = "the only row" if rows == 1 else f"all {count(rows, 'row')}"
        raise DataError(CONSTANT_TARGET.format(target=target, value=shown(names[0]), where=where))


def _not_numeric(column: Any, name: str, bad: Array, row: Callable[[int], int]) -> DataError:
    place = int(bad.argmax())
    return DataError(
        TARGET_NOT_NUMERIC.format(target=name, row=row(place), value=shown(str(column.iloc[place]).strip()))
    )
