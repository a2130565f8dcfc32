"""What a comparison of two runs has found."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from . import report
from .blame import Parting
from .parting import OtherWay, Tolerance, paired
from .printed import Line, first_other_line
from .records import Trace
from .table import DRIFT, largest_difference


@dataclass(frozen=True)
class Comparison:
    """What a comparison has found. `print` shows it; `same` says whether the runs are the same within tolerance.

    `tolerance` is the one that was asked for, None for that of each dtype. `drifted` says whether arrays differ by more
    than it although no call is to blame: rounding has grown from step to step.
    """

    ours: Trace
    theirs: Trace
    tolerance: Tolerance | None
    parting: Parting | None = None
    drifted: bool = False
    unsure: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """What the two runs are called."""
        names = tuple(trace.about.get("label") or str(trace.about["framework"]) for trace in (self.ours, self.theirs))
        return names if names[0] != names[1] else (f"{names[0]} (1)", f"{names[1]} (2)")  # type: ignore[return-value]

    @property
    def other_way(self) -> OtherWay | None:
        """Where the programs went different ways."""
        return paired(self.ours, self.theirs)[2]

    @property
    def line(self) -> Line | None:
        """The first line printed that says something else, where numbers may be as far apart as the losses are."""
        bound = self.tolerance or Tolerance.of("float32")
        if self.tolerance is None:
            rtol = max(bound.rtol, 10 * min(largest_difference(self)[0], DRIFT))
            bound = Tolerance(rtol, bound.atol)
        return first_other_line(self.ours.about["printed"], self.theirs.about["printed"], bound)

    @property
    def stopped(self) -> bool:
        """Whether one of them ended with an error."""
        return bool(self.ours.about["exit"] or self.theirs.about["exit"])

    @property
    def is_exact(self) -> bool:
        """Whether all that was noted is equal to the last bit."""
        links = [trace.columns["links"] for trace in (self.ours, self.theirs)]
        if len(self.ours) != len(self.theirs) or len(links[0]) != len(links[1]):
            return False
        digests = [
            t.columns["summaries"][:, 1][rows[:, 3]] for t, rows in zip((self.ours, self.theirs), links, strict=True)
        ]
        return (
            bool(np.array_equal(digests[0], digests[1])) and self.ours.about["printed"] == self.theirs.about["printed"]
        )

    @property
    def too_far(self) -> bool:
        """Whether rounding alone has grown beyond what is taken for the same."""
        limit = DRIFT if self.tolerance is None else self.tolerance.rtol
        return self.drifted and largest_difference(self)[0] > limit

    @property
    def same(self) -> bool:
        """Whether the runs are the same within tolerance, to the end."""
        return not (self.parting or self.other_way or self.too_far or self.line or self.stopped)

    @property
    def verdict(self) -> str:
        """What was found, in one line."""
        return report.verdict(self)

    def assert_same(self) -> None:
        """AssertionError with the report unless the runs are the same within tolerance."""
        if not self.same:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        return report.text(self)

    def to_json(self) -> str:
        """The report for other programs."""
        return json.dumps(report.as_json(self), indent=1)
