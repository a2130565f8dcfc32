"""Reading the user's own data, a CSV or an .npz file, as numbers to learn from.

Whatever cannot be used is refused with one line that says which value is wrong, where it stands, and why.
"""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import numpy as np

from .refusals import (
    BAD_VALUES,
    BROKEN_NPZ,
    CELLS,
    COLUMN_WITHOUT_NAME,
    COLUMNS_OF_ONE_NAME,
    CONSTANT_TARGET,
    DATA_ENDING,
    EMPTY_FILE,
    FEATURES_DTYPE,
    FEATURES_SHAPE,
    HEADER_IS_DATA,
    IN_FILE,
    LENGTHS,
    NO_ARRAYS,
    NO_FEATURES,
    NO_ROWS,
    NO_TARGET,
    NOT_AN_ARRAY,
    NOT_CSV,
    NOT_NPZ,
    NOT_NUMERIC,
    NOT_TEXT,
    NOT_UTF8,
    PICKLED,
    TARGET_DTYPE,
    TARGET_NOT_NUMERIC,
    TARGET_SHAPE,
    TARGET_UNCLEAR,
    WHICH_FEATURES,
)

__all__ = ["DataError", "Table", "load_table"]

Array = np.ndarray[Any, np.dtype[Any]]
Task = Literal["classification", "regression"]


class DataError(ValueError):
    """Data cannot be used; the message is one line that says which data, where they stand, and why."""


@dataclass(frozen=True)
class Table:
    """The rows to learn from.

    `features` is float64 of shape (n, d) and finite; `feature_names` has a name for each column. `target`, whose name
    is `target_name`, has shape (n,): for classification it holds int64 indices into `class_names`, for regression
    float64 numbers, and `class_names` is empty.
    """

    features: Array
    target: Array
    feature_names: tuple[str, ...]
    target_name: str
    task: Task
    class_names: tuple[str, ...]


def load_table(path: str | os.PathLike[str], target: str | None = None, task: Task | None = None) -> Table:
    """Read a table from a .csv or .npz file; the ending of the name decides which.

    CSV (RFC 4180, as the csv module reads it): the text is UTF-8, with or without a byte order mark. The first row
    names the columns, which are separated by commas, or by semicolons or tabs if the first row has no comma. Blank rows
    are skipped. `target` is the name of a column, by default the last; all other columns are features and must be
    numbers.

    NPZ (`numpy.savez`): the features are the array `X` or `x`, of shape (n, d), or the only array besides the target.
    The target is the array that `target` names, by default `y`, of shape (n,) or (n, 1).

    If `task` is None, it follows from the target:
    - text and booleans are classes;
    - numbers that are not all whole are a quantity (regression);
    - whole numbers are classes if they have two different values, or if there are at least three rows for each value
      and the values are at most 20 in number or are 0, 1, ..., k-1 or 1, 2, ..., k without a gap; else a quantity.
    Class names are sorted, by value if they are numbers.

    Raises DataError for every file that cannot be used.
    """
    name = os.fspath(path)
    readers = {".csv": _read_csv, ".npz": _read_npz}
    reader = readers.get(os.path.splitext(name)[1].lower())
    if reader is None:
        raise DataError(DATA_ENDING.format(path=name))
    try:
        raw = reader(name, target)
        _check(raw)
        return _table(raw, task)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise DataError(IN_FILE.format(path=name, reason=reason)) from error
    except UnicodeDecodeError as error:
        raise DataError(NOT_UTF8.format(path=name, byte=error.object[error.start])) from error
    except DataError as error:
        raise DataError(IN_FILE.format(path=name, reason=error)) from error


@dataclass(frozen=True)
class _Raw:
    """A table as it was read, before its values are checked.

    `features` may hold nan. `target` holds numbers, with nan for a missing value, booleans, or text, with "" for a
    missing value. `feature_place(i, j)` and `target_place(i)` return where a value stands in the file, as text.
    """

    features: Array
    target: Array
    feature_names: tuple[str, ...]
    target_name: str
    feature_place: Callable[[int, int], str]
    target_place: Callable[[int], str]


# -- CSV -------------------------------------------------------------------------------------------

# What spreadsheets and pandas write for a missing value (pandas.read_csv: na_values), in lower case.
MISSING = frozenset(["", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "none", "?"])


def _read_csv(path: str, target: str | None) -> _Raw:
    with open(path, encoding="utf-8-sig", newline="") as stream:
        rows = _rows(stream, _delimiter(stream))
        header_row, header = next(rows, (0, []))
        if not header_row:
            raise DataError(EMPTY_FILE)
        names = _column_names(header, header_row)
        at = len(names) - 1 if target is None else _position(target, names, "column")
        target_name, feature_names = names[at], names[:at] + names[at + 1 :]
        numbers: list[Array] = []
        texts: list[str] = []
        row_numbers: list[int] = []
        for row, cells in rows:
            if len(cells) != len(names):
                raise DataError(CELLS.format(row=row, values=_count(len(cells), "value"), columns=len(names)))
            texts.append(cells.pop(at).strip())
            numbers.append(_numbers(cells, feature_names, row))
            row_numbers.append(row)
    values = _target_values(texts)
    if values.dtype.kind == "U" and target_name in texts:
        raise DataError(HEADER_IS_DATA.format(row=header_row, name=_shown(target_name)))
    return _Raw(
        features=np.array(numbers).reshape(len(numbers), len(feature_names)),
        target=values,
        feature_names=tuple(feature_names),
        target_name=target_name,
        feature_place=lambda i, j: f"column {feature_names[j]!r}, row {row_numbers[i]}",
        target_place=lambda i: f"column {target_name!r}, row {row_numbers[i]}",
    )


def _delimiter(stream: TextIO) -> str:
    """Return the delimiter: a comma, or a semicolon or tab if only that is in the header, as in many countries."""
    columns = {delimiter: len(next(_rows(stream, delimiter, strict=False), (0, []))[1]) for delimiter in ",;\t"}
    return "," if columns[","] > 1 else max(columns, key=columns.__getitem__)


def _rows(stream: TextIO, delimiter: str, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with their numbers, which count from 1 as in a spreadsheet."""
    stream.seek(0)
    number = 0
    try:
        reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=strict)
        for number, cells in enumerate(reader, start=1):
            if len(cells) > 1 or any(map(str.strip, cells)):
                yield number, cells
    except csv.Error as error:
        raise DataError(NOT_CSV.format(row=number + 1, error=error)) from error


def _column_names(header: list[str], row_number: int) -> list[str]:
    names = [name.strip() for name in header]
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if "\0" in name:
            raise DataError(NOT_TEXT)
        if not name:
            raise DataError(COLUMN_WITHOUT_NAME.format(row=row_number, column=place))
        first = places.setdefault(name, place)
        if first != place:
            hint = ": is the header missing?" if _is_number(name) else ""
            raise DataError(COLUMNS_OF_ONE_NAME.format(first=first, second=place, name=_shown(name), hint=hint))
    return names


def _numbers(cells: list[str], names: Sequence[str], row_number: int) -> Array:
    """Return the features of one row, with nan for a missing value."""
    try:
        if "_" not in "".join(cells):  # float() accepts 1_000, which is no number in a table
            return np.array([float(cell) for cell in cells])
    except ValueError:
        pass
    for cell, name in zip(cells, names, strict=True):
        if not _is_number(cell) and cell.strip().lower() not in MISSING:
            raise DataError(NOT_NUMERIC.format(column=name, row=row_number, value=_shown(cell)))
    return np.array([float(cell) if _is_number(cell) else np.nan for cell in cells])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _target_values(texts: list[str]) -> Array:
    """Return the target as numbers if all its values are numbers or missing, else as text, with "" if missing."""
    if all(_is_number(text) or text.lower() in MISSING for text in texts):
        numbers = np.array([float(text) if _is_number(text) else np.nan for text in texts], dtype=np.float64)
        if not np.isnan(numbers).all():
            return numbers
    # "none" and "?" may be the names of classes, but an empty cell and nan are missing values.
    return np.array(["" if text.lower() == "nan" else text for text in texts], dtype=np.str_)


# -- NPZ -------------------------------------------------------------------------------------------


def _read_npz(path: str, target: str | None) -> _Raw:
    with open(path, "rb") as stream:
        if stream.read(2) != b"PK":
            raise DataError(NOT_NPZ)
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as content:
                features_key, target_key = _npz_keys(content.files, target)
                features, values = _npz_array(content, features_key), _npz_array(content, target_key)
        except DataError:
            raise
        except Exception as error:  # zipfile, zlib and NumPy raise many types for broken files
            raise DataError(BROKEN_NPZ.format(error=_one_line(error))) from error
    if features.dtype.kind not in "buif":
        raise DataError(FEATURES_DTYPE.format(key=features_key, dtype=features.dtype))
    if features.ndim != 2:
        raise DataError(FEATURES_SHAPE.format(key=features_key, shape=features.shape))
    values = _npz_target(values, target_key)
    if len(features) != len(values):
        rows = _count(len(features), "row")
        raise DataError(LENGTHS.format(features=features_key, rows=rows, target=target_key, values=len(values)))
    return _Raw(
        features=features.astype(np.float64),
        target=values,
        feature_names=tuple(f"{features_key}[:, {j}]" for j in range(features.shape[1])),
        target_name=target_key,
        feature_place=lambda i, j: f"{features_key}[{i}, {j}]",
        target_place=lambda i: f"{target_key}[{i}]",
    )


def _npz_target(values: Array, key: str) -> Array:
    """Return the target in one dimension, as `_Raw` holds it: float64, booleans or text."""
    if values.dtype.kind not in "buifUS":
        raise DataError(TARGET_DTYPE.format(key=key, dtype=values.dtype))
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(TARGET_SHAPE.format(key=key, shape=values.shape))
    if values.dtype.kind in "uif":
        return values.astype(np.float64)
    if values.dtype.kind == "b":
        return values
    texts = np.char.strip(np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values)
    return np.where(np.char.lower(texts) == "nan", "", texts)


def _npz_array(content: Any, key: str) -> Array:
    try:
        array = content[key]
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(PICKLED.format(key=key)) from error
        raise
    if not isinstance(array, np.ndarray):  # NumPy returns other files of the archive as bytes
        raise DataError(NOT_AN_ARRAY.format(key=key))
    return array


def _npz_keys(keys: list[str], target: str | None) -> tuple[str, str]:
    """Return the names of the arrays that are the features and the target."""
    if not keys:
        raise DataError(NO_ARRAYS)
    target_key = keys[_position("y" if target is None else target, keys, "array")]
    others = [key for key in keys if key != target_key]
    named = [key for key in others if key in ("X", "x")]
    candidates = named or others
    if not candidates:
        raise DataError(NO_FEATURES.format(target=target_key))
    if len(candidates) > 1:
        what = "both" if named else "each"
        raise DataError(WHICH_FEATURES.format(arrays=_listed(candidates), each=what))
    return candidates[0], target_key


# -- checking the values ---------------------------------------------------------------------------


def _check(raw: _Raw) -> None:
    """Refuse a table without rows or features, and one with values that are missing or infinite."""
    rows, columns = raw.features.shape
    if not columns:
        raise DataError(NO_FEATURES.format(target=raw.target_name))
    if not rows:
        raise DataError(NO_ROWS)
    is_text = raw.target.dtype.kind == "U"
    target_missing = raw.target == "" if is_text else np.isnan(raw.target)
    _refuse(raw, np.isnan(raw.features), target_missing, "empty or nan")
    _refuse(raw, np.isinf(raw.features), np.zeros(rows, bool) if is_text else np.isinf(raw.target), "infinite")


def _refuse(raw: _Raw, features: Array, target: Array, what: str) -> None:
    """Refuse the table if a mask is true anywhere, with the number of such values and the place of the first."""
    count = int(features.sum() + target.sum())
    if not count:
        return
    row = int((features.any(1) | target).argmax())
    place = raw.feature_place(row, int(features[row].argmax())) if features[row].any() else raw.target_place(row)
    are, first = ("value is", "") if count == 1 else ("values are", "the first is ")
    raise DataError(BAD_VALUES.format(count=count, are=are, what=what, first=first, place=place))


def _table(raw: _Raw, task: Task | None) -> Table:
    values, name, rows = np.unique(raw.target), raw.target_name, len(raw.target)
    if len(values) == 1:
        where = "the only row" if rows == 1 else f"all {rows} rows"
        raise DataError(CONSTANT_TARGET.format(target=name, value=_shown(_text(values[0])), where=where))
    is_text = values.dtype.kind == "U"
    if task == "regression" and is_text:
        raise DataError(TARGET_NOT_NUMERIC.format(target=name, example=_odd_one(raw)))
    if is_text and _are_odd(values, rows):
        many = f"{len(values)} different values in {rows} rows"
        raise DataError(TARGET_UNCLEAR.format(target=name, counts=many, example=_odd_one(raw)))
    if task is None:
        task = "classification" if _are_classes(values, rows) else "regression"
    if task == "regression":
        return Table(raw.features, raw.target.astype(np.float64), raw.feature_names, name, task, ())
    codes = np.searchsorted(values, raw.target).astype(np.int64)
    return Table(raw.features, codes, raw.feature_names, name, task, tuple(map(_text, values)))


def _are_odd(texts: Array, rows: int) -> bool:
    """Whether a target of text has too many different values for classes: free text, or numbers with an error."""
    mostly_numbers = 2 * sum(map(_is_number, texts)) > len(texts)
    return len(texts) > 2 and 2 * len(texts) > rows and (len(texts) > 20 or mostly_numbers)


def _odd_one(raw: _Raw) -> str:
    """Return the place and the value of the first text in the target that is not a number."""
    row = next((i for i, text in enumerate(raw.target) if not _is_number(text)), 0)
    return f"{raw.target_place(row)} has {_shown(raw.target[row])}"


def _are_classes(values: Array, rows: int) -> bool:
    """Whether a target with these different values, sorted, is classes, by the rule that `load_table` documents."""
    if values.dtype.kind in "Ub":
        return True
    if (values % 1 != 0).any():
        return False
    k = len(values)
    counted = values[0] in (0, 1) and values[-1] - values[0] == k - 1
    return k == 2 or (rows >= 3 * k and (k <= 20 or bool(counted)))


def _position(name: str, names: Sequence[str], what: str) -> int:
    """Return the index of `name` in `names`; the refusal lists the names and guesses which one was meant."""
    if name in names:
        return names.index(name)
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    guess = f" (did you mean {folded[close[0]]!r}?)" if close else ""
    raise DataError(NO_TARGET.format(kind=what, name=_shown(name), guess=guess, names=_listed(names)))


def _listed(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(map(_shown, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _shown(text: str, most: int = 40) -> str:
    """Return a value of the file as it is shown in a message: quoted, on one line, and cut if it is long."""
    return repr(str(text)) if len(text) <= most else repr(str(text[:most])) + "..."


def _text(value: Any) -> str:
    """Return the name of a class as text: 3, not 3.0."""
    return str(int(value)) if isinstance(value, np.floating) and value % 1 == 0 else str(value)


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
