"""Reading features and a target from the arrays of an .npz file (`numpy.savez`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import DataError, count, listed, position
from .refusals import (
    BAD_VALUES,
    BROKEN_NPZ,
    FEATURES_DTYPE,
    FEATURES_SHAPE,
    LENGTHS,
    NO_ARRAYS,
    NO_FEATURES,
    NO_ROWS,
    NOT_AN_ARRAY,
    NOT_NPZ,
    PICKLED,
    TARGET_DTYPE,
    TARGET_SHAPE,
    WHICH_FEATURES,
)

__all__ = ["Arrays", "read_npz"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Arrays:
    """Features, float64 of shape (n, d) and finite, with a name for each column, and the target of shape (n,).

    The target holds numbers, with nan for a missing value, booleans, or text, with "" for a missing value; it is None
    where the file has none and none was asked for.
    """

    features: Array
    feature_names: tuple[str, ...]
    target: Array | None
    target_name: str


def read_npz(path: str | os.PathLike[str], target: str | None = None, needs_target: bool = True) -> Arrays:
    """Read an .npz file.

    The features are the array `X` or `x`, of shape (n, d), or the only array besides the target. The target is the
    array that `target` names, by default `y`, of shape (n,) or (n, 1).

    Raises DataError, without the name of the file, for a file that cannot be used.
    """
    with open(path, "rb") as stream:
        if stream.read(2) != b"PK":
            raise DataError(NOT_NPZ)
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as content:
                features_key, target_key = _keys(content.files, target, needs_target)
                features = _array(content, features_key)
                values = None if target_key is None else _array(content, target_key)
        except DataError:
            raise
        except Exception as error:  # zipfile, zlib and NumPy raise many types for broken files
            line = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(BROKEN_NPZ.format(error=line)) from error
    if features.dtype.kind not in "buif":
        raise DataError(FEATURES_DTYPE.format(key=features_key, dtype=features.dtype))
    if features.ndim != 2:
        raise DataError(FEATURES_SHAPE.format(key=features_key, shape=features.shape))
    names = tuple(f"{features_key}[:, {j}]" for j in range(features.shape[1]))
    target_name = target_key or target or "y"
    if values is not None:
        values = _target(values, target_name)
        if len(features) != len(values):
            rows = count(len(features), "row")
            raise DataError(LENGTHS.format(features=features_key, rows=rows, target=target_name, values=len(values)))
    if not names:
        raise DataError(NO_FEATURES.format(target=target_name))
    if not len(features):
        raise DataError(NO_ROWS)
    features = features.astype(np.float64)
    _refuse(np.isnan(features), features_key, "nan")
    _refuse(np.isinf(features), features_key, "infinite")
    if values is not None and values.dtype.kind == "f":
        _refuse(np.isinf(values), target_name, "infinite")
    return Arrays(features, names, values, target_name)


def _refuse(bad: Array, key: str, what: str) -> None:
    """Refuse an array where a mask is true anywhere, with the number of such values and the place of the first."""
    number = int(bad.sum())
    if number:
        are, first = ("value is", "") if number == 1 else ("values are", "the first is ")
        place = f"{key}[{', '.join(str(k) for k in np.argwhere(bad)[0])}]"
        raise DataError(BAD_VALUES.format(count=number, are=are, what=what, first=first, place=place))


def _target(values: Array, key: str) -> Array:
    """Return the target in one dimension: float64, booleans or text."""
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


def _array(content: Any, key: str) -> Array:
    try:
        array = content[key]
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(PICKLED.format(key=key)) from error
        raise
    if not isinstance(array, np.ndarray):  # NumPy returns other files of the archive as bytes
        raise DataError(NOT_AN_ARRAY.format(key=key))
    return array


def _keys(keys: Sequence[str], target: str | None, needs_target: bool) -> tuple[str, str | None]:
    """Return the names of the arrays that are the features and the target."""
    if not keys:
        raise DataError(NO_ARRAYS)
    wanted = "y" if target is None else target
    target_key = keys[position(wanted, keys, "array", " for the target")] if needs_target or wanted in keys else None
    others = [key for key in keys if key != target_key]
    named = [key for key in others if key in ("X", "x")]
    candidates = named or others
    if not candidates:
        raise DataError(NO_FEATURES.format(target=target_key))
    if len(candidates) > 1:
        what = "both" if named else "each"
        raise DataError(WHICH_FEATURES.format(arrays=listed(candidates), each=what))
    return candidates[0], target_key
