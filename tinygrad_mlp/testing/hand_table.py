"""What `by_hand` found: a row for each gradient, as a table of text, for a terminal or a notebook, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

from .diagnosis import Number

EXACT, ROUNDING, ERROR = "exact", "equal within rounding", "equal within the judge's error"
WRONG, NOT_JUDGED = "wrong", "not judged"
RIGHT = (EXACT, ROUNDING, ERROR)


@dataclasses.dataclass(frozen=True)
class HandRow:
    """One gradient: its name, that of what it is the gradient of, and the verdict.

    `difference` is the largest, at the index `where`, where the numbers are `given` and `right`; `allowed` is the
    largest that rounding explains. For a wrong gradient `kind` and `text` are those of its diagnosis, and `wrong` of
    the `entries` are wrong.
    """

    name: str
    of: str
    verdict: str
    shape: tuple[int, ...]
    allowed: float | None = None
    difference: float | None = None
    where: tuple[int, ...] | None = None
    given: Number | None = None
    right: Number | None = None
    wrong: int = 0
    entries: int = 0
    kind: str = ""
    text: str = ""


class ByHand:
    """What `by_hand` found: a row for each gradient. It prints as a table.

    `ok` is whether every gradient is right. `without_partner` has the names that read like those of gradients, where
    there is no variable that they would be the gradients of.
    """

    def __init__(self, rows: Sequence[HandRow], without_partner: Sequence[str] = ()) -> None:
        self.rows = tuple(rows)
        self.without_partner = tuple(without_partner)

    @property
    def ok(self) -> bool:
        """Whether every gradient is exact or equal within rounding."""
        return all(row.verdict in RIGHT for row in self.rows)

    def assert_right(self) -> None:
        """GradientError, an AssertionError with the table as its text, unless every gradient is right."""
        __tracebackhide__ = True  # pytest shows the line of the test
        from .gradients import GradientError

        if not self.ok:
            raise GradientError(self)

    def __str__(self) -> str:
        from .cells import plain

        return plain(HEADINGS, self._lines(), self._below())

    __repr__ = __str__

    def __rich__(self) -> Any:
        from .cells import rich_table

        styles = ["" if row.verdict in RIGHT else "bold red" for row in self.rows]
        return rich_table(HEADINGS, self._lines(), self._below(), styles)

    def _repr_html_(self) -> str:
        from .cells import html_table

        return html_table(HEADINGS, self._lines(), self._below(), [row.verdict not in RIGHT for row in self.rows])

    def to_json(self) -> str:
        """The rows as JSON; numbers that JSON does not know (nan, inf) are strings."""
        rows = [{k: _plain(v) for k, v in dataclasses.asdict(row).items()} for row in self.rows]
        return json.dumps({"ok": self.ok, "rows": rows, "without_partner": list(self.without_partner)}, indent=1)

    def _lines(self) -> list[list[str]]:
        return [_cells(row) for row in self.rows]

    def _below(self) -> list[str]:
        names = ", ".join(self.without_partner)
        return [f"without a variable that they would be the gradients of: {names}"] if names else []


HEADINGS = ("gradient", "verdict", "shape", "largest difference", "what it looks like")


def _cells(row: HandRow) -> list[str]:
    shape = f"({', '.join(map(str, row.shape))}{',' if len(row.shape) == 1 else ''})"
    if not row.difference:
        return [row.name, row.verdict, shape, "", row.text]
    at = f" at {row.where[0] if len(row.where) == 1 else row.where}" if row.where else ""
    numbers = f": {row.given:.6g}, not {row.right:.6g}" if row.verdict == WRONG else ""
    return [row.name, row.verdict, shape, f"{row.difference:.2g}{at}{numbers}", row.text]


def _plain(value: Any) -> Any:
    if isinstance(value, complex):
        return str(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
