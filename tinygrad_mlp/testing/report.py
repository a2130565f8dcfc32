"""What a check of gradients has found, as rows, as text and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

ORDERS = {1: "gradient", 2: "second gradient"}


@dataclass
class Row:
    """The gradient of one input, of the first or second order.

    `verdict` is "right", "wrong", "no derivative" where none exists at an entry and all others are right, or "not
    judged". `index`, `given`, `right` and `error` are of the entry that is most wrong: yours, the judge's, and how far
    the judge may be off. `wrong` counts the wrong ones among `entries`, or is None where only projections were
    compared. `kind` and `text` say what the fault looks like.
    """

    input: str
    order: int
    verdict: str
    entries: int
    wrong: int | None = 0
    index: tuple[int, ...] | None = None
    given: float | None = None
    right: float | None = None
    error: float | None = None
    kind: str = ""
    text: str = ""

    @property
    def place(self) -> str:
        """The entry as it is written in Python: x[0, 2]."""
        return self.input + (f"[{', '.join(map(str, self.index))}]" if self.index else "")


@dataclass
class Finding:
    """Something else that was noticed: a fault, or only worth saying."""

    kind: str
    text: str
    fault: bool = False


@dataclass
class Report:
    """The result of `check_gradients`.

    `rows` has the gradient of each input, `findings` what else was noticed, `smallest` the smallest inputs that show
    the first fault, as text, and `snippet` lines that reproduce it. `ok` is False if anything is wrong.
    """

    name: str
    judge: str
    mode: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    smallest: str = ""
    snippet: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.kinds

    @property
    def kinds(self) -> list[str]:
        """The kind of each fault, in the order in which they were found."""
        return [f.kind for f in self.findings if f.fault] + [r.kind for r in self.rows if r.verdict == "wrong"]

    def table(self) -> list[tuple[str, ...]]:
        """The rows as cells of text, under titles."""
        titles = ("input", "order", "entries", "verdict", "yours", "right", "what it looks like")
        return [titles, *(self._cells(row) for row in self.rows)]

    @staticmethod
    def _cells(row: Row) -> tuple[str, ...]:
        numbers = ("", "") if row.given is None else (number(row.given), _with_error(row))
        return (row.place, str(row.order), str(row.entries), row.verdict, *numbers, row.text)

    def to_json(self) -> str:
        """Everything as JSON; numbers that JSON does not know (nan, inf) are strings."""
        facts = {"name": self.name, "ok": self.ok, "judge": self.judge, "mode": self.mode}
        rows = [{k: _plain(v) for k, v in asdict(row).items()} for row in self.rows]
        findings = [asdict(finding) for finding in self.findings]
        more = {"rows": rows, "findings": findings, "smallest": self.smallest, "snippet": self.snippet}
        return json.dumps(facts | more, indent=1)

    def __str__(self) -> str:
        lines = [self._headline()]
        lines += [f"  {f.text}" for f in self.findings if f.fault]
        for row in (r for r in self.rows if r.verdict == "wrong"):
            lines += self._lines(row)
        lines += [f"  {row.place}: {row.text}" for row in self.rows if row.verdict in ("no derivative", "not judged")]
        lines += [f"  note: {f.text}" for f in self.findings if not f.fault]
        if self.smallest:
            lines += ["the smallest input that shows it:", *_indented(self.smallest)]
        if self.snippet:
            lines += ["to reproduce it:", *_indented(self.snippet)]
        return "\n".join(lines)

    def _headline(self) -> str:
        how = f"judged by {self.judge}" + (", by random projections" if self.mode == "projections" else "")
        if self.ok:
            count = sum(row.verdict == "right" for row in self.rows)
            return f"{self.name}: {count} of {len(self.rows)} gradients are right, {how}"
        wrong = [row.input for row in self.rows if row.verdict == "wrong"]
        what = f"the gradient of {', '.join(dict.fromkeys(wrong))} is wrong" if wrong else "something is wrong"
        return f"{self.name}: {what}, {how}"

    def _lines(self, row: Row) -> list[str]:
        if row.given is None:
            return [f"  {row.input}: {row.text}"]
        order = f" ({ORDERS[row.order]})" if row.order > 1 else ""
        count = "" if row.wrong is None else f"; {row.wrong} of {row.entries} entries {_are(row.wrong)} wrong"
        first = f"  {row.place}{order}: yours is {number(row.given)}, right is {_with_error(row)}{count}"
        return [first, *_indented(row.text)] if row.text else [first]


def _with_error(row: Row) -> str:
    error = "" if not row.error or not math.isfinite(row.error) else f" ± {row.error:.0e}"
    return f"{number(row.right)}{error}"


def number(x: float | None) -> str:
    """A number as short as it may be said."""
    return "none" if x is None else f"{x:.6g}"


def _are(count: int | None) -> str:
    return "is" if count == 1 else "are"


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]


def _plain(x: Any) -> Any:
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    if isinstance(x, tuple):
        return list(x)
    return x.item() if isinstance(x, np.generic) else x
