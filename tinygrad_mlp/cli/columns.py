"""The columns of a table as `train` shows them before the training: what each is, and what becomes of it."""

from __future__ import annotations

from typing import Any

from ..tables.preparation import Columns, Job
from ..tables.roles import Column

__all__ = ["facts", "giveaway", "table"]

MOST_COLUMNS = 60
WIDTHS = (24, 10, 9, 36, 60)  # of the cells, which are cut
TITLES = ("column", "role", "missing", "values", "becomes")


def table(job: Job) -> list[str]:
    """Return a line for each column, under titles; nothing for arrays, whose columns have no names."""
    if not job.columns:
        return []
    rows = [TITLES, *(_row(column, job) for column in job.columns[:MOST_COLUMNS])]
    widths = [min(limit, max(len(row[k]) for row in rows)) for k, limit in enumerate(WIDTHS)]
    lines = ["  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    more = len(job.columns) - MOST_COLUMNS
    lines += [f"and {more} more columns"] if more > 0 else []
    odd = [f"{_odd(column)} taken as missing" for column in job.columns if column.odd]
    return [*lines, *odd, ""]


def _row(column: Column, job: Job) -> tuple[str, ...]:
    missing = f"{column.missing + column.odd:,}" if column.missing + column.odd else "."
    return (column.name, column.role, missing, column.seen, _becomes(column, job))


def _becomes(column: Column, job: Job) -> str:
    if not isinstance(job.features, Columns):
        return ""
    by_name = {encoder.name: encoder.becomes for encoder in job.features.encoders}
    return by_name.get(column.name, column.reason)


def _odd(column: Column) -> str:
    are = "value is no" if column.odd == 1 else "values are no"
    kind = "date" if column.role == "date" else "number"
    return f"{column.name}: {column.odd:,} {are} {kind} ({column.example}),"


def _cut(text: str, width: int) -> str:
    text = " ".join(text.split())
    return f"{text if len(text) <= width else text[: width - 2] + '..':<{width}}"


def giveaway(name: str, target: str) -> str:
    """Return the sentence on a column that gives the target away."""
    return (
        f"column {name!r} gives the target {target!r} away (one value for each of its values): is it known beforehand?"
    )


def facts(job: Job) -> list[dict[str, Any]]:
    """Return the columns as what JSON can hold."""
    return [
        {
            "name": column.name, "role": column.role, "missing": column.missing, "odd": column.odd,
            "values": column.seen, "used": column.used, "becomes": _becomes(column, job),
        }
        for column in job.columns
    ]  # fmt: skip
