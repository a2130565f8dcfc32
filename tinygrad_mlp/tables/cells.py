"""The values of a column as texts again, to show some rows of a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .encoders import at_rows
from .roles import YesNo
from .values import Dates, Texts

__all__ = ["cells"]

Array = np.ndarray[Any, np.dtype[Any]]


def cells(values: Any, rows: Array) -> list[str]:
    """Return the texts of a column's values (`Column.values`) at some rows, "" for what is missing."""
    found = at_rows(values, rows)
    if isinstance(found, Texts):
        return ["" if code < 0 else found.levels[code] for code in found.codes]
    if isinstance(found, YesNo):
        return ["" if math.isnan(value) else found.levels[int(value)] for value in found.values]
    if isinstance(found, Dates):
        return ["" if np.isnat(value) else _date(str(value), found) for value in found.values]
    return ["" if math.isnan(value) else f"{value:.6g}" for value in found]


def _date(text: str, kind: Dates) -> str:
    date, _, time = text.partition("T")
    return " ".join(part for part, is_there in ((date, kind.has_date), (time, kind.has_time)) if is_there)
