"""The user's own data: a CSV or an .npz file as numbers to learn from, or one line that says what is wrong with it."""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import numpy as np

__all__ = ["DataError", "Table", "load_table"]

Array = np.ndarray[Any, np.dtype[Any]]
Task = Literal["classification", "regression"]


class DataError(ValueError):
    """Data that cannot be used; the message is one line that says which data, where, and why."""


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    `features` is float64 of shape (n, d), finite, with one name a column in `feature_names`. `target`, named
    `target_name`, has shape (n,): for classification int64 indices into `class_names`, for regression float64 (and
    `class_names` is empty).
    """

    features: Array
    target: Array
    feature_names: tuple[str, ...]
    target_name: str
    task: Task
    class_names: tuple[str, ...]


def load_table(path: str | os.PathLike[str], target: str | None = None, task: Task | None = None) -> Table:
    """Read a table from `FILE.csv` or `FILE.npz`; the name's ending says which.

    CSV (RFC 4180, as the csv module reads it): UTF-8 with or without a mark, the first row names the columns, separated
    by commas, or by semicolons or tabs if the first row has no comma; blank rows are passed over. `target` is the name
    of a column, the last one if None; all other columns are features and must be numbers.

    NPZ (`numpy.savez`): the features are the array `X` or `x` of shape (n, d), the target is the array named by
    `target`, or `y` if None, of shape (n,) or (n, 1). Without an `X` the only other array is the features.

    `task` None finds the task from the target:
    - text and booleans are classes;
    - numbers with a fraction are a quantity (regression);
    - whole numbers are classes if there are two of them, or if there are at least three rows a value and the values
      are at most 20 or count 0, 1, ..., k-1 or 1, 2, ..., k without a gap; else a quantity.
    Class names are sorted, as numbers where they are numbers.

    Raises DataError for every file that cannot be used.
    """
    name = os.fspath(path)
    readers = {".csv": _read_csv, ".npz": _read_npz}
    reader = readers.get(os.path.splitext(name)[1].lower())
    if reader is None:
        raise DataError(f"{name}: the data must be a .csv or an .npz file")
    try:
        raw = reader(name, target)
        _check(raw)
        return _table(raw, task)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise DataError(f"{name}: {reason}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 text (it holds the byte {error.object[error.start]:#04x})") from error
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


@dataclass(frozen=True)
class _Raw:
    """A table as read: `features` may hold nan, `target` is numbers (nan where empty), booleans or text ("" if empty).

    `feature_place(i, j)` and `target_place(i)` say where a value stands in the file, as its author would count.
    """

    features: Array
    target: Array
    feature_names: tuple[str, ...]
    target_name: str
    feature_place: Callable[[int, int], str]
    target_place: Callable[[int], str]


# -- CSV -------------------------------------------------------------------------------------------

# What spreadsheets and pandas write for "no value" (pandas.read_csv: na_values).
MISSING = frozenset(["", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "none", "?"])


def _read_csv(path: str, target: str | None) -> _Raw:
    with open(path, encoding="utf-8-sig", newline="") as stream:
        rows = _rows(stream, _delimiter(stream))
        header_row, header = next(rows, (0, []))
        if not header_row:
            raise DataError("the file is empty")
        names = _column_names(header, header_row)
        at = len(names) - 1 if target is None else _position(target, names, "column")
        target_name, feature_names = names[at], names[:at] + names[at + 1 :]
        numbers: list[Array] = []
        texts: list[str] = []
        row_numbers: list[int] = []
        for row, cells in rows:
            if len(cells) != len(names):
                raise DataError(f"row {row} has {_count(len(cells), 'value')}, but the header {len(names)} columns")
            texts.append(cells.pop(at).strip())
            numbers.append(_numbers(cells, feature_names, row))
            row_numbers.append(row)
    values = _target_values(texts)
    if values.dtype.kind == "U" and target_name in texts:
        raise DataError(f"row {header_row} must name the columns, but its {_shown(target_name)} is a target value")
    return _Raw(
        features=np.array(numbers).reshape(len(numbers), len(feature_names)),
        target=values,
        feature_names=tuple(feature_names),
        target_name=target_name,
        feature_place=lambda i, j: f"column {feature_names[j]!r}, row {row_numbers[i]}",
        target_place=lambda i: f"column {target_name!r}, row {row_numbers[i]}",
    )


def _delimiter(stream: TextIO) -> str:
    """A comma, unless the header has none and has semicolons or tabs (spreadsheets in many countries)."""
    columns = {delimiter: len(next(_rows(stream, delimiter, strict=False), (0, []))[1]) for delimiter in ",;\t"}
    return "," if columns[","] > 1 else max(columns, key=columns.__getitem__)


def _rows(stream: TextIO, delimiter: str, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank with its number, counted from 1 as a spreadsheet does."""
    stream.seek(0)
    number = 0
    try:
        reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=strict)
        for number, cells in enumerate(reader, start=1):
            if len(cells) > 1 or any(map(str.strip, cells)):
                yield number, cells
    except csv.Error as error:
        raise DataError(f"row {number + 1} is not CSV ({error})") from error


def _column_names(header: list[str], row_number: int) -> list[str]:
    names = [name.strip() for name in header]
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if "\0" in name:
            raise DataError("not a text file (it holds zero bytes)")
        if not name:
            raise DataError(f"row {row_number} must name the columns, but column {place} has no name")
        first = places.setdefault(name, place)
        if first != place:
            hint = ": is the header missing?" if _is_number(name) else ""
            raise DataError(f"columns {first} and {place} have the same name {_shown(name)}{hint}")
    return names


def _numbers(cells: list[str], names: Sequence[str], row_number: int) -> Array:
    """One row's features, nan where there is no value."""
    try:
        if "_" not in "".join(cells):  # Python, but nobody's data, reads 1_000 as a number
            return np.array([float(cell) for cell in cells])
    except ValueError:
        pass
    for cell, name in zip(cells, names, strict=True):
        if not _is_number(cell) and cell.strip().lower() not in MISSING:
            raise DataError(f"column {name!r} is not numeric: row {row_number} has {_shown(cell)}")
    return np.array([float(cell) if _is_number(cell) else np.nan for cell in cells])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _target_values(texts: list[str]) -> Array:
    """The target as numbers if all that is there are numbers, else as text, "" where there is no value."""
    if all(_is_number(text) or text.lower() in MISSING for text in texts):
        numbers = np.array([float(text) if _is_number(text) else np.nan for text in texts], dtype=np.float64)
        if not np.isnan(numbers).all():
            return numbers
    # "none" and "?" may well be the names of classes; no value and nan may not.
    return np.array(["" if text.lower() == "nan" else text for text in texts], dtype=np.str_)


# -- NPZ -------------------------------------------------------------------------------------------


def _read_npz(path: str, target: str | None) -> _Raw:
    with open(path, "rb") as stream:
        if stream.read(2) != b"PK":
            raise DataError("not an .npz file")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as content:
                features_key, target_key = _npz_keys(content.files, target)
                features, values = _npz_array(content, features_key), _npz_array(content, target_key)
        except DataError:
            raise
        except Exception as error:  # whatever zipfile, zlib and NumPy make of broken bytes
            raise DataError(f"not a whole .npz file ({_one_line(error)})") from error
    if features.dtype.kind not in "buif":
        raise DataError(f"array {features_key!r} is not numeric (dtype {features.dtype})")
    if features.ndim != 2:
        raise DataError(f"array {features_key!r} must have 2 dimensions (rows, features), not shape {features.shape}")
    values = _npz_target(values, target_key)
    if len(features) != len(values):
        raise DataError(f"{features_key!r} has {_count(len(features), 'row')}, the target {target_key!r} {len(values)}")
    return _Raw(
        features=features.astype(np.float64),
        target=values,
        feature_names=tuple(f"{features_key}[:, {j}]" for j in range(features.shape[1])),
        target_name=target_key,
        feature_place=lambda i, j: f"{features_key}[{i}, {j}]",
        target_place=lambda i: f"{target_key}[{i}]",
    )


def _npz_target(values: Array, key: str) -> Array:
    """The target in one dimension, as `_Raw` wants it: float64, booleans or text."""
    if values.dtype.kind not in "buifUS":
        raise DataError(f"the target array {key!r} is neither numbers nor text (dtype {values.dtype})")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"the target array {key!r} must have one value a row, not shape {values.shape}")
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
            raise DataError(f"array {key!r} holds Python objects, which can be read by pickle only") from error
        raise
    if not isinstance(array, np.ndarray):  # a zip archive may hold any files; NumPy hands those over as bytes
        raise DataError(f"{key!r} is not an array")
    return array


def _npz_keys(keys: list[str], target: str | None) -> tuple[str, str]:
    """Which array is the features and which the target."""
    if not keys:
        raise DataError("the file holds no arrays")
    target_key = keys[_position("y" if target is None else target, keys, "array")]
    others = [key for key in keys if key != target_key]
    named = [key for key in others if key in ("X", "x")]
    candidates = named or others
    if not candidates:
        raise DataError(f"no features beside the target {target_key!r}")
    if len(candidates) > 1:
        what = "both" if named else "each"
        raise DataError(f"which array is the features? {_listed(candidates)} {what} could be: name it 'X'")
    return candidates[0], target_key


# -- both ------------------------------------------------------------------------------------------


def _check(raw: _Raw) -> None:
    """Refuse a table without rows or features, and one with values that are missing or infinite."""
    rows, columns = raw.features.shape
    if not columns:
        raise DataError(f"no features beside the target {raw.target_name!r}")
    if not rows:
        raise DataError("no rows of data")
    is_text = raw.target.dtype.kind == "U"
    target_missing = raw.target == "" if is_text else np.isnan(raw.target)
    _refuse(raw, np.isnan(raw.features), target_missing, "empty or nan")
    _refuse(raw, np.isinf(raw.features), np.zeros(rows, bool) if is_text else np.isinf(raw.target), "infinite")


def _refuse(raw: _Raw, features: Array, target: Array, what: str) -> None:
    """Refuse the table if a mask marks any value, with their number and the first one in reading order."""
    count = int(features.sum() + target.sum())
    if not count:
        return
    row = int((features.any(1) | target).argmax())
    place = raw.feature_place(row, int(features[row].argmax())) if features[row].any() else raw.target_place(row)
    is_at = "value is" if count == 1 else "values are"
    raise DataError(f"{count} {is_at} {what}: {'' if count == 1 else 'the first is '}{place}")


def _table(raw: _Raw, task: Task | None) -> Table:
    values, name, rows = np.unique(raw.target), raw.target_name, len(raw.target)
    if len(values) == 1:
        where = "the only row" if rows == 1 else f"all {rows} rows"
        raise DataError(f"nothing to learn: the target {name!r} is {_shown(_text(values[0]))} in {where}")
    is_text = values.dtype.kind == "U"
    if task == "regression" and is_text:
        raise DataError(f"the target {name!r} is not numeric: {_odd_one(raw)}")
    if is_text and _are_odd(values, rows):
        many = f"{len(values)} different values in {rows} rows"
        raise DataError(f"the target {name!r} is neither numbers nor classes: {many}, and {_odd_one(raw)}")
    if task is None:
        task = "classification" if _are_classes(values, rows) else "regression"
    if task == "regression":
        return Table(raw.features, raw.target.astype(np.float64), raw.feature_names, name, task, ())
    codes = np.searchsorted(values, raw.target).astype(np.int64)
    return Table(raw.features, codes, raw.feature_names, name, task, tuple(map(_text, values)))


def _are_odd(texts: Array, rows: int) -> bool:
    """Whether different texts are too many to be classes: free text, or numbers with a slip among them."""
    mostly_numbers = 2 * sum(map(_is_number, texts)) > len(texts)
    return len(texts) > 2 and 2 * len(texts) > rows and (len(texts) > 20 or mostly_numbers)


def _odd_one(raw: _Raw) -> str:
    """The first text in the target that is no number, and its place."""
    row = next((i for i, text in enumerate(raw.target) if not _is_number(text)), 0)
    return f"{raw.target_place(row)} has {_shown(raw.target[row])}"


def _are_classes(values: Array, rows: int) -> bool:
    """Whether a target with these different values, sorted, is classes: the rule in `load_table`'s docstring."""
    if values.dtype.kind in "Ub":
        return True
    if (values % 1 != 0).any():
        return False
    k = len(values)
    counted = values[0] in (0, 1) and values[-1] - values[0] == k - 1
    return k == 2 or (rows >= 3 * k and (k <= 20 or bool(counted)))


def _position(name: str, names: Sequence[str], what: str) -> int:
    """Where `name` is among `names`; a refusal that lists them and guesses what was meant."""
    if name in names:
        return names.index(name)
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    guess = f" (did you mean {folded[close[0]]!r}?)" if close else ""
    raise DataError(f"no {what} {_shown(name)} for the target{guess}; there is {_listed(names)}")


def _listed(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(map(_shown, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _shown(text: str, most: int = 40) -> str:
    """A value of the file, quoted, on one line and short enough for it."""
    return repr(str(text)) if len(text) <= most else repr(str(text[:most])) + "..."


def _text(value: Any) -> str:
    """A class's name: 3 rather than 3.0."""
    return str(int(value)) if isinstance(value, np.floating) and value % 1 == 0 else str(value)


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
