"""Where two traces part: the calls that belong together, and the first of them that differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .records import COTANGENT, INPUT, OUTPUT, Call, Trace
from .summary import may_differ

Array = np.ndarray[Any, np.dtype[Any]]

SKIPPED = 4  # calls of one run that may lack a counterpart in a row, because the frameworks cut a call in other pieces
AGREED = 3  # calls that must follow alike before they are left out


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart: `atol + rtol * |theirs|`, as of torch.testing.assert_close."""

    rtol: float
    atol: float

    @classmethod
    def of(cls, dtype: str, rtol: float | None = None, atol: float | None = None) -> Tolerance:
        """The tolerance for a dtype, unless it is given.

        The defaults are wide enough for other orders of sums at the sizes of MLPs, and 20 times what
        torch.testing.assert_close takes for one operator.
        """
        known = {"float64": (1e-9, 1e-12), "float32": (1e-4, 1e-6), "float16": (1e-2, 1e-3)}
        own = known.get(dtype, (0.0, 0.0))
        return cls(own[0] if rtol is None else rtol, own[1] if atol is None else atol)


@dataclass(frozen=True)
class Event:
    """An array that had the same place in both runs, and may differ: its calls, its role there, and its place."""

    ours: Call
    theirs: Call
    role: int
    slot: int
    summaries: tuple[int, int]


@dataclass(frozen=True)
class OtherWay:
    """The programs went different ways: the calls that came next in each; None where one had ended."""

    ours: Call | None
    theirs: Call | None


def paired(ours: Trace, theirs: Trace) -> tuple[Array, Array, OtherWay | None]:
    """The numbers of the calls that belong together, in order, and where the programs went different ways, if they did.

    A call without a counterpart is left out where the same calls follow in both.
    """
    a, b = _keys(ours, theirs)
    places_a: list[Array] = []
    places_b: list[Array] = []
    i = j = 0
    while True:
        length = min(len(a) - i, len(b) - j)
        apart = np.flatnonzero(np.any(a[i : i + length] != b[j : j + length], axis=1))
        same = int(apart[0]) if apart.size else length
        places_a.append(np.arange(i, i + same))
        places_b.append(np.arange(j, j + same))
        i, j = i + same, j + same
        if i == len(a) and j == len(b):
            return np.concatenate(places_a), np.concatenate(places_b), None
        step = _resumed(a[i:], b[j:])
        if step is None:
            other = OtherWay(ours.call(i) if i < len(a) else None, theirs.call(j) if j < len(b) else None)
            return np.concatenate(places_a), np.concatenate(places_b), other
        i, j = i + step[0], j + step[1]


def _keys(ours: Trace, theirs: Trace) -> tuple[Array, Array]:
    """The calls of both as numbers that are equal where name, kind, file, line and step are."""
    tables: list[Array] = []
    names = {name: i for i, name in enumerate(dict.fromkeys(ours.names + theirs.names))}
    files = {name: i for i, name in enumerate(dict.fromkeys(ours.files + theirs.files))}
    for trace in (ours, theirs):
        calls = np.array(trace.columns["calls"])
        if len(calls):
            calls[:, 0] = np.array([names[name] for name in trace.names])[calls[:, 0]]
            calls[:, 2] = np.array([files[name] for name in trace.files])[calls[:, 2]]
        tables.append(calls)
    return tables[0], tables[1]


def _resumed(a: Array, b: Array) -> tuple[int, int] | None:
    """How many calls to leave out of each so that the same follow; None if there are no such numbers."""
    for total in range(1, 2 * SKIPPED + 1):
        for i in range(max(0, total - SKIPPED), min(total, SKIPPED) + 1):
            rest_a, rest_b = a[i : i + AGREED], b[total - i : total - i + AGREED]
            if i > len(a) or total - i > len(b):
                continue
            if len(rest_a) == len(rest_b) and np.array_equal(rest_a, rest_b):
                return i, total - i
    return None


def suspects(ours: Trace, theirs: Trace, tolerance: Tolerance | None = None) -> Iterator[Event]:
    """The arrays of calls that belong together that may differ by more than the tolerance, in the order of the run."""
    a, b, _ = paired(ours, theirs)
    counterpart = dict(zip(a.tolist(), b.tolist(), strict=True))
    links = {(call, role, slot): summary for call, role, slot, summary in theirs.columns["links"].tolist()}
    for call, role, slot, summary in ours.columns["links"].tolist():
        other = counterpart.get(call)
        found = None if other is None else links.get((other, role, slot))
        if other is None or found is None:
            continue
        left, right = ours.summary(summary), theirs.summary(found)
        bound = tolerance or Tolerance.of(right.dtype)
        if may_differ(left, right, bound.rtol, bound.atol):
            yield Event(ours.call(call), theirs.call(other), role, slot, (summary, found))


def worst(ours: Array, theirs: Array, tolerance: Tolerance) -> tuple[tuple[int, ...], float] | None:
    """The index of the element that is furthest beyond the tolerance, and its difference; None if all are within."""
    if ours.dtype.kind != "f":
        different = ours != theirs
        if not different.any():
            return None
        index = np.unravel_index(int(np.argmax(different)), different.shape)
        return tuple(map(int, index)), float(abs(float(ours[index]) - float(theirs[index])))
    left, right = ours.astype(np.float64), theirs.astype(np.float64)
    with np.errstate(all="ignore"):
        apart = np.abs(left - right)
        apart[(left == right) | (np.isnan(left) & np.isnan(right))] = 0.0
        apart = np.where(np.isnan(apart), np.inf, apart)
        beyond = apart - (tolerance.atol + tolerance.rtol * np.where(np.isfinite(right), np.abs(right), 0.0))
    if not beyond.size or float(beyond.max()) <= 0:
        return None
    index = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
    return tuple(map(int, index)), float(apart[index])


ROLES = {INPUT: "input", OUTPUT: "result", COTANGENT: "cotangent"}
