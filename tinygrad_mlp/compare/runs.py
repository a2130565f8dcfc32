"""Runs one program under torch and under this package, and finds the first place where the two runs part."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .parting import ROLES, Event, OtherWay, Tolerance, paired, suspects, worst
from .printed import Line, first_other_line
from .records import COTANGENT, INPUT, OUTPUT, Call, Trace, read_folder
from .refusals import NO_TORCH

Array = np.ndarray[Any, np.dtype[Any]]
LOOKED_AT = 50  # suspects whose arrays are kept in the second run


@dataclass(frozen=True)
class Parting:
    """The first array that differs: its event, the arrays of both runs, the worst element, and what went in."""

    event: Event
    ours: Array
    theirs: Array
    index: tuple[int, ...]
    difference: float
    inputs: tuple[list[Array], list[Array]]
    occurrence: int  # how many calls of this name there were in the step until then
    readers: tuple[tuple[Call, int], ...] = ()  # of a cotangent: the calls that handed it on, and their occurrences


@dataclass(frozen=True)
class Comparison:
    """What a comparison has found. `print` shows it; `same` says whether the runs are the same within tolerance."""

    ours: Trace
    theirs: Trace
    tolerance: Tolerance | None
    parting: Parting | None
    other_way: OtherWay | None
    line: Line | None
    is_exact: bool

    @property
    def same(self) -> bool:
        """Whether the runs are the same within tolerance, to the end."""
        stopped = self.ours.about["exit"] or self.theirs.about["exit"]
        return not (self.parting or self.other_way or self.line or stopped)

    def assert_same(self) -> None:
        """AssertionError with the report unless the runs are the same within tolerance."""
        if not self.same:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        from .report import text

        return text(self)

    def to_json(self) -> str:
        """The report for other programs."""
        from .report import as_json

        return json.dumps(as_json(self), indent=1)


class CannotRun(Exception):
    """A comparison cannot run: torch is missing, or the program cannot be read."""


def scripts(
    program: str | Sequence[str],
    *,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: str | None = None,
    stdin: bytes = b"",
) -> Comparison:
    """Run a program, with its arguments, under this package and under torch, and compare the runs.

    Each runs in a process of its own with the same seeds. `rtol` and `atol` are the tolerance for all arrays; by
    default it follows from the dtype of each. `dtype` is the program's default dtype. CannotRun where torch is missing.
    """
    if importlib.util.find_spec("torch") is None:
        raise CannotRun(NO_TORCH)
    arguments = [program] if isinstance(program, str) else list(program)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asked = {"program": arguments, "seed": seed, "dtype": dtype}
        ours, theirs = (record(name, asked, Path(folder, name), stdin) for name in ("tinygrad_mlp", "torch"))
        given = None
        if rtol is not None or atol is not None:
            given = Tolerance(rtol or 0.0, atol or 0.0)
        found = [event for event, _ in zip(suspects(ours, theirs, given), range(LOOKED_AT), strict=False)]
        if found:
            kept = []
            for name, calls in (("tinygrad_mlp", [e.ours for e in found]), ("torch", [e.theirs for e in found])):
                numbers = [call.number for call in calls]
                kept.append(record(name, {**asked, "keep": numbers}, Path(folder, f"{name} again"), stdin))
            parting = _first(found, kept[0], kept[1], given)
        else:
            parting = None
        return compared(ours.in_memory(), theirs.in_memory(), given, parting)


def compared(ours: Trace, theirs: Trace, tolerance: Tolerance | None, parting: Parting | None) -> Comparison:
    """The comparison of two traces, with the parting that has been found."""
    _, _, other_way = paired(ours, theirs)
    bound = tolerance or Tolerance.of("float32")
    line = first_other_line(ours.about["printed"], theirs.about["printed"], bound)
    return Comparison(ours, theirs, tolerance, parting, other_way, line, _is_exact(ours, theirs))


def record(framework: str, asked: dict[str, Any], folder: Path, stdin: bytes) -> Trace:
    """Run a program under a framework in a process of its own, and read its trace."""
    folder.mkdir()
    request = folder / "request.json"
    request.write_text(json.dumps({**asked, "framework": framework, "folder": str(folder)}))
    package = Path(__file__).parents[2]
    paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tinygrad_mlp.cli.recorded", str(request)]
    run = subprocess.run(command, input=stdin, capture_output=True, env=environment)
    if not (folder / "head.json").exists():
        raise CannotRun(run.stderr.decode(errors="replace").strip().splitlines()[-1] if run.stderr else framework)
    trace = read_folder(folder)
    trace.about["stderr"] = run.stderr.decode(errors="replace")
    return trace


def _first(found: list[Event], ours: Trace, theirs: Trace, given: Tolerance | None) -> Parting | None:
    """The first suspect whose arrays do differ by more than the tolerance."""
    for event in found:
        left = ours.arrays.get(f"{event.ours.number}:{event.role}:{event.slot}")
        right = theirs.arrays.get(f"{event.theirs.number}:{event.role}:{event.slot}")
        if left is None or right is None:
            continue
        bound = given or Tolerance.of(str(right.dtype))
        if left.shape != right.shape or left.dtype != right.dtype:
            apart: tuple[tuple[int, ...], float] | None = ((), float("nan"))
        else:
            apart = worst(left, right, bound)
        if apart is not None:
            inputs = tuple(_inputs(trace, call) for trace, call in ((ours, event.ours), (theirs, event.theirs)))
            readers = _readers(ours, event) if event.role == COTANGENT else ()
            return Parting(event, left, right, *apart, inputs, _occurrence(ours, event.ours), readers)  # type: ignore[arg-type]
    return None


def _readers(trace: Trace, event: Event) -> tuple[tuple[Call, int], ...]:
    """The calls that read the result to which a cotangent came: their rules have made it."""
    result = trace.arrays_of(event.ours.number, OUTPUT).get(event.slot)
    links = trace.columns["links"]
    calls = links[(links[:, 1] == INPUT) & (links[:, 3] == result), 0]
    found = [trace.call(int(number)) for number in dict.fromkeys(calls.tolist()) if number > event.ours.number]
    found = [call for call in found if trace.arrays_of(call.number, COTANGENT)]  # backward has come to it
    leaves = [call for call in found if not any(_is_within(trace, call, other) for other in found)]
    return tuple((call, _occurrence(trace, call)) for call in leaves)


def _is_within(trace: Trace, outer: Call, inner: Call) -> bool:
    """Whether a call is that of a module which has called another module: the inner one says more."""
    return outer.kind == "module" and inner.number > outer.number and inner.line == outer.line


def _inputs(trace: Trace, call: Any) -> list[Array]:
    places = sorted(slot for slot in trace.arrays_of(call.number, INPUT))
    return [trace.arrays[key] for slot in places if (key := f"{call.number}:{INPUT}:{slot}") in trace.arrays]


def _occurrence(trace: Trace, call: Call) -> int:
    """The place of a call among those of its name in the step, from 1."""
    calls = trace.columns["calls"][: call.number + 1]
    return int(np.count_nonzero((calls[:, 0] == calls[-1, 0]) & (calls[:, 4] == calls[-1, 4])))


def _is_exact(ours: Trace, theirs: Trace) -> bool:
    """Whether all that was noted is equal to the last bit."""
    if len(ours) != len(theirs) or len(ours.columns["links"]) != len(theirs.columns["links"]):
        return False
    digests = [trace.columns["summaries"][:, 1][trace.columns["links"][:, 3]] for trace in (ours, theirs)]
    return bool(np.array_equal(digests[0], digests[1])) and ours.about["printed"] == theirs.about["printed"]


__all__ = ["ROLES", "CannotRun", "Comparison", "Parting", "compared", "record", "scripts"]
