"""Arrays of two origins, name by name: how far they are apart, as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .parting import Tolerance, worst

Array = np.ndarray[Any, np.dtype[Any]]
LABELS = ("tinygrad_mlp", "torch")


@dataclass(frozen=True)
class Row:
    """One name of the table.

    `absolute` is the largest difference of two elements, `relative` the same divided by the largest element of the
    second array, and `cosine` that of the angle between the arrays; None where there is no such number. `index` is the
    place of the element that is furthest beyond the tolerance, or of the largest difference if all are within, and
    `values` are both elements there. `atol` is the absolute part of the tolerance. `note` says what differs beside the
    numbers. A row that does not `count` only shows where a difference begins.
    """

    name: str
    same: bool
    exact: bool = False
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    absolute: float | None = None
    relative: float | None = None
    cosine: float | None = None
    index: tuple[int, ...] | None = None
    values: tuple[Any, Any] | None = None
    atol: float = 0.0
    note: str = ""
    counts: bool = True


def row(
    name: str,
    ours: Any,
    theirs: Any,
    tolerance: Tolerance,
    *,
    labels: Sequence[str] = LABELS,
    counts: bool = True,
) -> Row:
    """The row of two arrays, or of what else a function returns; None stands for what one side does not have."""
    if ours is None or theirs is None:
        if ours is theirs:
            return Row(name, True, True, note="none in both", counts=counts)
        return Row(name, False, note=f"only {labels[ours is None]} has it", counts=counts)
    left, right = np.asarray(ours), np.asarray(theirs)
    note = _other(left, right)
    if left.shape != right.shape or {left.dtype.kind, right.dtype.kind} - set("fiub"):
        same = not note and bool(np.array_equal(left, right))
        return Row(name, same, same, left.shape, str(left.dtype), note=note or _unlike(left, right), counts=counts)
    beyond = worst(np.atleast_1d(left), np.atleast_1d(right), tolerance)
    index = _largest(left, right) if beyond is None else beyond[0][: left.ndim]
    return Row(
        name=name,
        same=beyond is None and not note,
        exact=not note and left.tobytes() == right.tobytes(),
        shape=left.shape,
        dtype=str(left.dtype),
        **distances(left, right),
        index=index,
        values=None if index is None else (left[index], right[index]),
        atol=tolerance.atol,
        note=note,
        counts=counts,
    )


def _other(left: Array, right: Array) -> str:
    """What differs in two arrays beside their numbers."""
    found = []
    if left.shape != right.shape:
        found.append(f"{left.shape} and {right.shape}")
    if left.dtype != right.dtype and not left.dtype.kind == right.dtype.kind == "U":
        found.append(f"{left.dtype} and {right.dtype}")
    return ", ".join(found)


def _unlike(left: Array, right: Array) -> str:
    """What differs in what is no number, as text."""
    return "" if np.array_equal(left, right) else f"{left} and {right}"


def distances(left: Array, right: Array) -> dict[str, float | None]:
    """The largest difference, the same relative to the largest element of the second array, and the cosine."""
    a, b = left.astype(np.float64).ravel(), right.astype(np.float64).ravel()
    absolute = float(_apart(a, b).max(initial=0.0))
    size = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    finite = bool(np.isfinite(a).all() and np.isfinite(b).all())
    norms = float(np.linalg.norm(a) * np.linalg.norm(b)) if finite else 0.0
    return {
        "absolute": absolute,
        "relative": absolute / size if size else float(absolute > 0),
        "cosine": max(-1.0, min(1.0, float(a @ b) / norms)) if norms else None,
    }


def _apart(a: Array, b: Array) -> Array:
    """The distance of each two elements: none between two nan, and an infinite one where only one of them is nan."""
    with np.errstate(all="ignore"):
        apart = np.abs(a - b)
    apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, apart)
    return np.where(np.isnan(apart), np.inf, apart)


def _largest(left: Array, right: Array) -> tuple[int, ...] | None:
    """The index of the largest difference; None if there is none."""
    apart = _apart(left.astype(np.float64), right.astype(np.float64))
    if not apart.size or not apart.max():
        return None
    return tuple(map(int, np.unravel_index(int(np.argmax(apart)), left.shape)))


@dataclass(frozen=True)
class Differences:
    """What a comparison has found, row by row. `print` shows it; `same` says whether all is the same within tolerance.

    `labels` are the names of the two sides.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, str] = LABELS

    @property
    def same(self) -> bool:
        """Whether all that counts is the same within tolerance."""
        return all(row.same for row in self.rows if row.counts)

    def assert_same(self) -> None:
        """AssertionError with the table unless all is the same within tolerance."""
        if not self.same:
            raise AssertionError(str(self))

    @property
    def verdict(self) -> str:
        """What has been found, in one line."""
        if not self.same:
            apart = [row for row in self.rows if not row.same]
            return f"they differ in {len(apart)} of {len(self.rows)} rows, first in: {apart[0].name} ({_how(apart[0])})"
        if all(row.exact for row in self.rows):
            return "same to the last bit"
        return f"same within tolerance ({self._largest()})"

    def _largest(self) -> str:
        """The largest difference of all rows, and where it is."""
        apart = [row for row in self.rows if row.counts and row.absolute]
        if not apart:
            return "only signs of zeros, or bits of nan, differ"
        # Where a sum cancels to nearly zero, as some gradients do, the relative difference says nothing.
        large = [row for row in apart if (row.absolute or 0.0) > row.atol]
        if large:
            most = max(large, key=lambda row: row.relative or 0.0)
            return f"largest relative difference {most.relative:.1g}, {most.name}"
        most = max(apart, key=lambda row: row.absolute or 0.0)
        return f"largest difference {most.absolute:.1g}, {most.name}"

    def __str__(self) -> str:
        head = ["", "shape", "largest difference", "relative", "cosine", "", "worst at", *self.labels]
        return "\n".join([self.verdict, "", *aligned([head, *map(_cells, self.rows)])])

    def to_json(self) -> str:
        """The table for other programs: JSON, with strings for nan and the infinities."""
        found = {"verdict": self.verdict, "same": self.same, "labels": self.labels}
        return json.dumps({**found, "rows": [_plain(asdict(row)) for row in self.rows]}, indent=1, allow_nan=False)


def _how(row: Row) -> str:
    return row.note or f"by {row.absolute:.1g}"


def _cells(row: Row) -> list[str]:
    numbers = [(row.absolute, ".2g"), (row.relative, ".2g"), (row.cosine, ".7f")]
    word = ("same" if row.same else "differs") + (f": {row.note}" if row.note else "")
    return [
        row.name,
        "" if row.shape is None else str(row.shape),
        *("" if number is None else format(number, how) for number, how in numbers),
        word,
        str(list(row.index)) if row.index else "",
        *(["", ""] if row.values is None else map(str, row.values)),
    ]


def aligned(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose columns are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
