"""The report of a comparison by names: the verdict in one line, the first value that differs, and the table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .rows import APART, COUNT, OK, ROUNDING, WRONG, Difference, Ended, Found, Place, Row
from .stages import BACKWARD, DATA, FORWARD, LOSS, SETTING, UPDATE, WEIGHTS

Array = np.ndarray[Any, np.dtype[Any]]
AROUND = 3  # values that are shown before and after the worst one

_STAGES = {
    SETTING: "they have other settings",
    DATA: "they have other data{step}",
    WEIGHTS: "they have other initial weights",
    FORWARD: "they part{step} in the forward pass",
    LOSS: "they part{step} at the loss",
    BACKWARD: "they part{step} at the gradient",
    UPDATE: "they part{step} at the update",
}


def verdict(f: Found) -> str:
    """What was found, in one line."""
    if f.difference is not None:
        d = f.difference
        step = f" in step {d.step}" if d.step is not None else ""
        places = " and ".join(_at(place) for place in d.places)
        return f"{_STAGES[d.stage].format(step=step)}: {d.name} {_differs(d)} ({places})"
    for each in f.ended:
        if each.code:
            return _stops(each)
    counts = [row for row in f.rows if row.status == COUNT or (row.status == APART and row.asked)]
    if counts:
        row = counts[0]
        numbers = " and ".join(f"{n} in {program}" for n, program in zip(row.counts, f.programs, strict=True))
        return f"other numbers of values: {row.name} has {numbers}"
    if f.is_exact:
        return "same to the last bit"
    worst = max(f.rows, key=lambda row: row.largest or 0.0)
    return f"same within rounding (largest relative difference {worst.largest:.1g}, value {worst.at} of {worst.name})"


def _differs(d: Difference) -> str:
    if math.isfinite(d.difference):
        return f"differs by {d.difference:.2g}"
    if math.isnan(d.difference):
        return f"has the shapes {d.first.shape} and {d.second.shape}"
    return "is nan or infinite in one of them"


def _stops(ended: Ended) -> str:
    where = f" at {ended.place.file}:{ended.place.line}" if ended.place else ""
    return f"{ended.program} stops{where}: {ended.says or f'exit code {ended.code}'}"


def text(f: Found) -> str:
    """The whole report."""
    return "\n".join(_lines(f))


def _lines(f: Found) -> Iterator[str]:
    yield verdict(f)
    if f.difference is not None:
        yield ""
        yield from _difference(f.difference, f.programs)
    for each in f.ended:
        if each.code:
            if _stops(each) != verdict(f):
                yield ""
                yield _stops(each)
            if each.place:
                yield f"  {each.place.text}"
    if f.handed is not None:
        yield ""
        yield from _handed(f)
    if f.in_float32 is not None:
        yield ""
        yield "Torch's default dtype was float64 for this. In float32 they differ, by rounding alone:"
        yield f"  {f.in_float32}"
    elif f.is_wide:
        yield ""
        yield "Torch's default dtype was float64 for this, because one of the programs computes in float64."
    yield ""
    yield from _table(f)
    if f.left_out:
        yield ""
        yield from f.left_out
    for name, values in zip(f.programs, f.only, strict=True):
        if values:
            yield ""
            yield f"only in {name}: {', '.join(each.shown for each in values)}"


def _difference(d: Difference, programs: tuple[str, str]) -> Iterator[str]:
    yield f"value {d.number} of {d.name}, stage: {d.stage}"
    width = max(map(len, programs))
    place_width = max(len(_at(p)) for p in d.places)
    for name, place in zip(programs, d.places, strict=True):
        yield f"  {name:{width}}  {_at(place):{place_width}}  {place.text}"
    arrays = d.first, d.second
    if d.index:
        yield f"  the worst element, {list(d.index)}, and those around it:" if d.first.size > 1 else "  the values:"
    elif d.first.shape == d.second.shape:
        yield "  the values:"
    else:
        yield "  the shapes are not the same:"
    for name, array in zip(programs, arrays, strict=True):
        shown = _around(array.reshape(d.first.shape), d.index) if array.size == d.first.size else ""
        yield f"  {name:{width}}  {array.dtype} {array.shape}  {shown}".rstrip()
    for hint in d.hints:
        yield f"  {hint}"


def _at(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _around(array: Array, index: tuple[int, ...]) -> str:
    if not array.ndim:
        return f"{array.item():.8g}"
    if not index:
        return ""
    row = array[index[:-1]]
    first, last = max(0, index[-1] - AROUND), index[-1] + AROUND + 1
    shown = [f"{value:.6g}" for value in row[first:last].tolist()]
    shown[index[-1] - first] = f">{shown[index[-1] - first]}<"
    return f"[{'... ' if first else ''}{'  '.join(shown)}{' ...' if last < len(row) else ''}]"


def _handed(f: Found) -> Iterator[str]:
    h = f.handed
    if h is None:
        return
    what = ", ".join(h.names) or "nothing, because the programs start with the same values"
    if h.names or not h.refused:
        yield f"handed over from {h.giver} to {h.taker}: {what}"
    for name, why in h.refused:
        yield f"not handed over: {name}, which {why}"


def _table(f: Found) -> Iterator[str]:
    cells = [["name", "values", "shape", "dtype", "stage", "largest relative difference", ""]]
    cells += [_cells(row) for row in f.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _either(*row.counts),
        _either(*(str(list(shape)) for shape in row.shapes)),
        _either(*row.dtypes),
        row.stage,
        _largest(row),
        {OK: "ok", ROUNDING: "ok", WRONG: "wrong"}.get(row.status, row.status),
    ]


def _largest(row: Row) -> str:
    if not row.largest:
        return "" if row.largest is None else "0"
    return f"{row.largest:.1e} at value {row.at}" if math.isfinite(row.largest) else f"no number at value {row.at}"


def _either(left: Any, right: Any) -> str:
    return str(left) if left == right else f"{left} / {right}"


# -- for programs ----------------------------------------------------------------------------------


def as_json(f: Found) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "verdict": verdict(f),
        "exact": f.is_exact,
        "default_dtype_was_float64": f.is_wide,
        "in_float32": f.in_float32,
        "programs": list(f.programs),
        "difference": None if f.difference is None else _difference_json(f.difference),
        "names": [
            {
                "name": row.name,
                "stage": row.stage,
                "values": list(row.counts),
                "shapes": [list(shape) for shape in row.shapes],
                "dtypes": list(row.dtypes),
                "largest": _finite(row.largest),
                "at": row.at,
                "status": row.status,
            }
            for row in f.rows
        ],
        "only": [[each.shown for each in values] for values in f.only],
        "ended": [
            {"program": e.program, "exit": e.code, "says": e.says, "place": vars(e.place) if e.place else None}
            for e in f.ended
        ],
        "left_out": list(f.left_out),
        "handed_over": None
        if f.handed is None
        else {
            "from": f.handed.giver,
            "to": f.handed.taker,
            "names": list(f.handed.names),
            "refused": dict(f.handed.refused),
        },
    }


def _difference_json(d: Difference) -> dict[str, Any]:
    values = [float(array[d.index]) for array in (d.first, d.second.reshape(d.first.shape))] if d.index else None
    return {
        "name": d.name,
        "stage": d.stage,
        "value": d.number,
        "step": d.step,
        "places": [vars(place) for place in d.places],
        "shapes": [list(d.first.shape), list(d.second.shape)],
        "dtypes": [str(d.first.dtype), str(d.second.dtype)],
        "index": list(d.index),
        "elements": None if values is None else [_finite(value) for value in values],
        "difference": _finite(d.difference),
        "hints": list(d.hints),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
