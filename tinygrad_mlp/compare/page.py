"""A comparison as a page: the verdict, the losses of both runs, where they part, the table, and what was printed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..viz.assembly import assembled
from .comparison import Comparison
from .differences import Row, row
from .parting import Tolerance
from .printed import first_other_line
from .refusals import NO_PAGE

Array = np.ndarray[Any, np.dtype[Any]]

STEPS = 2000  # that the charts show, at most
LINES = 400  # of what was printed that are shown, at most
ROWS, COLUMNS = 2, 3  # values that are shown on each side of the worst one
_STYLES = ("base.css", "run.css", "compare.css")
_KINDS = ("parameter", "gradient", "buffer", "state")  # of what both have at the end, in this order
_HOW = {(True, False): "equal", (False, False): "near", (False, True): "other"}  # two lines are equal, or apart
_LABELS = {"python": "Python", "numpy": "NumPy", "exit": "exit code"}
_SCRIPTS = ("dom.js", "chart.js", "compare.js", "theme.js")


def to_html(comparison: Comparison, path: str | Path) -> None:
    """Write a comparison of two runs as one HTML file that needs no network.

    ValueError for a comparison by the names of variables.
    """
    if not isinstance(comparison, Comparison):
        raise ValueError(NO_PAGE)
    Path(path).write_text(page(comparison), encoding="utf-8")


def page(comparison: Comparison) -> str:
    """A comparison as one HTML file that needs no network."""
    report = json.loads(comparison.to_json())
    names = list(comparison.names)
    title = f"{comparison.ours.about['program'][0]}: {names[0]} and {names[1]}"
    data = {
        "unit": "step",
        "names": names,
        "verdict": report["verdict"],
        "same": report["same"],
        "warnings": report["warnings"],
        "parting": None if comparison.parting is None else _parting(comparison.parting, report, names),
        "end": _end(comparison, [each["name"] for each in report["end"]], names),
        "printed": _printed(comparison),
        "ran": [[label, *cells] for label, *cells in _ran(comparison)],
        "command": " ".join(comparison.ours.about["program"]),
        "stopped": _stopped(comparison, names),
        **_losses(comparison, names),
    }
    return assembled(title, _STYLES, "compare.html", _SCRIPTS, data)


# -- losses ----------------------------------------------------------------------------------------


def _losses(c: Comparison, names: list[str]) -> dict[str, Any]:
    """The losses of both and their difference, step by step; of many steps some, the worst among them."""
    length = max(len(c.ours.losses), len(c.theirs.losses))
    both = np.full((2, length), np.nan)
    for line, trace in zip(both, (c.ours, c.theirs), strict=True):
        line[: len(trace.losses)] = trace.losses
    with np.errstate(all="ignore"):
        apart = np.abs(both[0] - both[1])
        apart[both[0] == both[1]] = 0.0
        relative = np.where(apart == 0, 0.0, apart / np.abs(both[1]))
    shown = _chosen(np.where(np.isnan(apart), np.inf, apart))
    lines = [{"name": name, "values": _numbers(line[shown])} for name, line in zip(names, both, strict=True)]
    # No logarithm is that of 0, so that a step of equal losses is a gap in the curve.
    difference = {"name": "difference", "values": [x or None for x in _numbers(apart[shown])]}
    return {
        "epochs": (shown + 1).tolist(),
        "steps": length,
        "equal": int(np.count_nonzero(apart == 0)),
        "charts": [
            {"name": "Loss", "lines": lines, "percent": False},
            {"name": "Difference of the losses", "lines": [difference], "percent": False, "log": True},
        ],
        "figures": [
            [f"{x:.9g}" for x in (a, b)] + [f"{x:.2g}" for x in (d, r)]
            for a, b, d, r in zip(*both[:, shown], apart[shown], relative[shown], strict=True)
        ],
        "worst": int(np.argmax(np.nan_to_num(relative[shown], nan=np.inf))) if length else 0,
    }


def _chosen(apart: Array) -> Array:
    """The steps to show: all, or of each of many stretches the one with the largest difference, and the two ends."""
    if apart.size <= STEPS:
        return np.arange(apart.size)
    cuts = np.linspace(0, apart.size, STEPS - 1).astype(int)
    found = {int(first + np.argmax(apart[first:last])) for first, last in itertools.pairwise(cuts)}
    return np.array(sorted(found | {0, apart.size - 1}))


def _numbers(values: Array) -> list[float | None]:
    """Numbers for a curve; what is not finite is a gap."""
    return [x if math.isfinite(x) else None for x in values.tolist()]


# -- where they part -------------------------------------------------------------------------------


def _parting(parting: Any, report: dict[str, Any], names: list[str]) -> dict[str, Any]:
    told = report["parting"]
    found = [parting.ours, parting.theirs]
    index = tuple(parting.index)
    blocks = [{"name": name, **_block(array, index)} for name, array in zip(names, found, strict=True) if parting.seen]
    if blocks and found[0].shape == found[1].shape and all(array.dtype.kind in "fiub" for array in found):
        with np.errstate(all="ignore"):
            apart = found[0].astype(np.float64) - found[1].astype(np.float64)
        blocks.append({"name": "difference", **_block(apart, index, ".2g")})
    return {
        "facts": list(_parting_facts(told, parting.seen)),
        "blocks": blocks,
        "inputs": [
            {"name": f"input {i}", **_block(array, index if array.shape == found[0].shape else ())}
            for i, array in enumerate(parting.inputs)
        ],
        "step": told["step"],
        "text": told["text"],
    }


def _parting_facts(told: dict[str, Any], is_seen: bool) -> Iterator[list[str]]:
    yield ["call", f"{told['call']}, number {told['occurrence']} of its name in the step"]
    yield ["line", f"{told['file']}:{told['line']}"]
    yield ["step", str(told["step"])]
    yield ["what differs", f"{told['what']} {told['place']}"]
    size = told["difference"]
    yield ["largest difference", str(size) if is_seen else f"about {size:.1g}; the traces keep no values"]
    if told["right"] is not None:
        yield ["right is", str(told["right"])]
        yield ["off by, in ulp", " and ".join(_ulp(ulp) for ulp in told["ulps"])]
    if told["judgement"] is not None:
        yield ["judgement", told["judgement"]]


def _ulp(ulp: float | str) -> str:
    return ulp if isinstance(ulp, str) else f"{ulp:.3g}"


def _block(array: Array, index: tuple[int, ...], digits: str = "") -> dict[str, Any]:
    """The values around an element, in the last two dimensions: texts with the indices of their rows and columns."""
    known = len(index) == array.ndim and all(i < n for i, n in zip(index, array.shape, strict=True))
    at = index if known else (0,) * array.ndim
    about = {"dtype": str(array.dtype), "shape": list(array.shape), "rows": [], "columns": [], "cells": [], "at": None}
    if not array.size:
        return about
    plane = array[at[:-2]].reshape((1,) * (2 - array.ndim) + array.shape[-2:])
    row, column = (0, 0, *at)[-2:]
    rows = range(max(0, row - ROWS), min(plane.shape[0], row + ROWS + 1))
    columns = range(max(0, column - COLUMNS), min(plane.shape[1], column + COLUMNS + 1))
    return {
        **about,
        "rows": list(rows),
        "columns": list(columns),
        "cells": [[format(plane[i, j], digits) if digits else str(plane[i, j]) for j in columns] for i in rows],
        "at": [row, column] if known else None,
        "leading": list(at[:-2]),
    }


# -- the table -------------------------------------------------------------------------------------


def _end(c: Comparison, wanted: list[str], names: list[str]) -> list[dict[str, Any]]:
    """What both had at the end, in groups: parameters, gradients, buffers, state."""
    groups: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    for name in wanted:
        arrays = c.ours.arrays.get(name), c.theirs.arrays.get(name)
        known = next(array for array in arrays if array is not None)
        found = row(name, *arrays, c.tolerance or Tolerance.of(str(known.dtype)), labels=names)
        kind, _, own = name.partition(" ")
        shown = {
            "name": own,
            "same": found.same or _is_drift(c, found),
            "note": "rounding has grown" if _is_drift(c, found) else found.note,
            "shape": None if found.shape is None else list(found.shape),
            "numbers": [
                "" if x is None else format(x, how)
                for x, how in ((found.absolute, ".2g"), (found.relative, ".2g"), (found.cosine, ".7f"))
            ],
            "index": str(list(found.index)) if found.index else "",
            "values": ["", ""] if found.values is None else [str(value) for value in found.values],
        }
        groups.setdefault(kind, []).append(shown)
    return [{"kind": kind, "rows": rows} for kind, rows in groups.items() if rows]


def _is_drift(c: Comparison, found: Row) -> bool:
    """Whether an array is beyond the tolerance of one call in runs that are the same: it has come of many."""
    return c.same and not found.same and not found.note


# -- what was printed, and what ran ----------------------------------------------------------------


def _printed(c: Comparison) -> dict[str, Any]:
    """The lines of both, from some before the first that differs, with whether each two say the same."""
    ours, theirs = c.ours.about["printed"], c.theirs.about["printed"]
    length = max(len(ours), len(theirs))
    other = length if c.line is None else c.line.number - 1  # the first that says something else
    first = 0 if other == length else max(0, min(other - LINES // 2, length - LINES))
    tolerance = c.tolerance or Tolerance.of("float32")
    lines = []
    for i in range(first, min(length, first + LINES)):
        left, right = (printed[i : i + 1] for printed in (ours, theirs))
        apart = i == other or (i > other and first_other_line(left, right, tolerance) is not None)
        lines.append([*(each[0] if each else None for each in (left, right)), _HOW[left == right, apart]])
    return {"first": first + 1, "count": length, "lines": lines}


def _ran(c: Comparison) -> Iterator[list[str]]:
    about = c.ours.about, c.theirs.about
    for label in ("version", "python", "numpy", "seed", "steps", "exit"):
        yield [_LABELS.get(label, label), *(str(each.get(label, "")) for each in about)]
    yield ["calls", *(str(len(trace)) for trace in (c.ours, c.theirs))]
    yield ["start-up", *(f"{each['import']:.2f} s" for each in about)]
    steps = [max(1, each["steps"]) for each in about]
    yield ["seconds a step, watched", *(f"{each['seconds'] / n:.2g}" for each, n in zip(about, steps, strict=True))]
    yield ["peak memory", *(f"{each['memory'] / 2**20:.0f} MiB" for each in about)]


def _stopped(c: Comparison, names: list[str]) -> list[list[str]]:
    """What the runs that were ended by an exception have said of it."""
    found = zip(names, (c.ours.about, c.theirs.about), strict=True)
    return [[name, about.get("stderr", "")] for name, about in found if about["exit"] and about.get("stderr")]
