"""Where two traces part: the calls that belong together, and the first of them that differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .records import COTANGENT, INPUT, OUTPUT, Call, Trace

Array = np.ndarray[Any, np.dtype[Any]]

SKIPPED = 4  # calls of one run that may lack a counterpart in a row, because the frameworks cut a call in other pieces
AGREED = 3  # calls that must follow alike before they are left out


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart: `atol + rtol * |theirs|`, as in torch.testing.assert_close."""

    rtol: float
    atol: float

    @classmethod
    def of(cls, dtype: str, rtol: float | None = None, atol: float | None = None) -> Tolerance:
        """The tolerance for a dtype, unless it is given.

        The defaults are wide enough for other orders of sums at the sizes of MLPs, and 20 times what
        torch.testing.assert_close takes for one operator.
        """
        known = {"float64": (1e-9, 1e-12), "float32": (1e-4, 1e-6), "float16": (3e-2, 3e-3)}
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


@dataclass(frozen=True)
class Held:
    """The arrays of two runs that belong together, in the order of the first run, held against each other.

    `links` has a row for each: the calls in both, the role, the place and the summaries in both. `apart` is how far two
    arrays may be apart, as a share of their scale, and `beyond` says where that is more than the tolerance.
    """

    links: Array
    apart: Array
    beyond: Array

    def event(self, i: int, ours: Trace, theirs: Trace) -> Event:
        """The array in row i."""
        call, other, role, slot, summary, found = self.links[i].tolist()
        return Event(ours.call(call), theirs.call(other), role, slot, (summary, found))


def held(ours: Trace, theirs: Trace, tolerance: Tolerance | None = None) -> Held:
    """Hold the arrays of calls that belong together against each other, by their summaries."""
    a, b, _ = paired(ours, theirs)
    links = _joined(ours, theirs, a, b)
    left, right = links[:, 4], links[:, 5]
    one, two = ours.columns["summaries"][left], theirs.columns["summaries"][right]
    scale = np.maximum(ours.columns["scales"][left, 0], theirs.columns["scales"][right, 0])
    ours_dtypes, theirs_dtypes = (np.array([*trace.dtypes, ""], object) for trace in (ours, theirs))
    same_form = (ours_dtypes[one[:, 0]] == theirs_dtypes[two[:, 0]]) & _same_shapes(ours, theirs, left, right)
    equal = same_form & (one[:, 1] == two[:, 1])
    comparable = same_form & (one[:, 2] == two[:, 2]) & (one[:, 4] > 0) & ~equal
    difference = np.where(equal, 0.0, np.inf)
    difference[comparable] = _largest(ours, theirs, left[comparable], right[comparable])
    bounds = [tolerance or Tolerance.of(dtype) for dtype in theirs.dtypes]
    rtol, atol = (np.array([getattr(bound, name) for bound in bounds]) for name in ("rtol", "atol"))
    with np.errstate(all="ignore"):
        apart = np.where(difference == 0, 0.0, difference / scale)
        beyond = difference > atol[two[:, 0]] + rtol[two[:, 0]] * scale
    return Held(links, np.where(np.isnan(apart), np.inf, apart), beyond)


def _joined(ours: Trace, theirs: Trace, a: Array, b: Array) -> Array:
    """The links of both runs that have the same call, role and place, in the order of our run."""
    tables = []
    width = 1 + max((int(t.columns["links"][:, 2].max(initial=0)) for t in (ours, theirs)), default=0)
    for trace, calls in ((ours, a), (theirs, b)):
        pair = np.full(len(trace), -1)
        pair[calls] = np.arange(len(calls))
        links = np.asarray(trace.columns["links"])
        keys = (pair[links[:, 0]] * 3 + links[:, 1]) * width + links[:, 2]
        known = np.flatnonzero(pair[links[:, 0]] >= 0)
        unique, first = np.unique(keys[known], return_index=True)
        tables.append((unique, known[first], links))
    (one, first, ours_links), (two, second, theirs_links) = tables
    _, i, j = np.intersect1d(one, two, assume_unique=True, return_indices=True)
    order = np.argsort(first[i])
    left, right = ours_links[first[i[order]]], theirs_links[second[j[order]]]
    return np.column_stack([left[:, 0], right[:, 0], left[:, 1], left[:, 2], left[:, 3], right[:, 3]])


def _same_shapes(ours: Trace, theirs: Trace, left: Array, right: Array) -> Array:
    ndim = ours.columns["summaries"][left, 3]
    same = ndim == theirs.columns["summaries"][right, 3]
    starts = ours.starts(3)[left], theirs.starts(3)[right]
    for axis in range(int(ndim.max(initial=0))):
        has = np.flatnonzero(same & (ndim > axis))
        sizes = [t.columns["shapes"][start[has] + axis, 0] for t, start in zip((ours, theirs), starts, strict=True)]
        same[has] &= sizes[0] == sizes[1]
    return np.asarray(same)


def _largest(ours: Trace, theirs: Trace, left: Array, right: Array) -> Array:
    """For each pair of summaries the largest difference of two sums over blocks, of which each has as many."""
    counts = ours.columns["summaries"][left, 4]
    if not len(counts):
        return np.zeros(0)
    begins = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
    sums = [
        t.columns["sums"][np.repeat(t.starts(4)[of], counts) + within, 0] for t, of in ((ours, left), (theirs, right))
    ]
    with np.errstate(all="ignore"):
        return np.asarray(np.maximum.reduceat(np.abs(sums[0] - sums[1]), begins))


def worst(ours: Array, theirs: Array, tolerance: Tolerance) -> tuple[tuple[int, ...], float] | None:
    """The index of the element that is furthest beyond the tolerance, and its difference; None if all are within.

    Elements that are small beside the others get a tenth of what those get: a sum that cancels is as exact as its
    terms.
    """
    if ours.dtype.kind not in "fc":
        different = ours != theirs
        if not different.any():
            return None
        index = np.unravel_index(int(np.argmax(different)), different.shape)
        return tuple(map(int, index)), abs(float(ours[index]) - float(theirs[index]))
    left, right = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.where(np.isfinite(right), np.abs(right), 0.0)
    scale = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    with np.errstate(all="ignore"):
        apart = np.where((left == right) | (np.isnan(left) & np.isnan(right)), 0.0, np.abs(left - right))
        apart = np.where(np.isnan(apart), np.inf, apart)
        beyond = apart - (tolerance.atol + tolerance.rtol * np.maximum(finite, scale / 10))
    if not beyond.size or float(beyond.max()) <= 0:
        return None
    index = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
    return tuple(map(int, index)), float(apart[index])


ROLES = {INPUT: "input", OUTPUT: "result", COTANGENT: "cotangent"}
