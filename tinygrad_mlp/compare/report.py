"""The report of a comparison: the verdict in one line, where the runs part, and the table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .parting import ROLES
from .records import INPUT, Trace
from .runs import Comparison, Parting

Array = np.ndarray[Any, np.dtype[Any]]
AROUND = 3  # values that are shown before and after the worst one


def verdict(comparison: Comparison) -> str:
    """The verdict in one line."""
    c = comparison
    if c.parting is not None:
        return _parted(c.parting)
    for name, trace in (("tinygrad_mlp", c.ours), ("torch", c.theirs)):
        other = c.theirs if trace is c.ours else c.ours
        if trace.about["exit"] and trace.about["exit"] != other.about["exit"]:
            last = [line for line in trace.about.get("stderr", "").splitlines() if line.strip()]
            return f"{name} stops: {last[-1].strip() if last else 'exit code ' + str(trace.about['exit'])}"
    if c.other_way is not None:
        ours, theirs = c.other_way.ours, c.other_way.theirs
        step = (ours or theirs).step + 1  # type: ignore[union-attr]
        return f"they part at step {step}: tinygrad_mlp {_goes_on(ours)}, torch {_goes_on(theirs)}"
    if c.line is not None:
        return f"they print other things, from line {c.line.number} on"
    if c.ours.about["exit"]:
        return f"both stop with exit code {c.ours.about['exit']}"
    if c.is_exact:
        return "same to the last bit"
    size, where = largest_difference(c)
    return f"same within rounding (largest relative difference {size:.1g}, {where})"


def _parted(parting: Parting) -> str:
    event = parting.event
    call = event.ours
    what = ROLES[event.role]
    nth = "" if call.kind in ("optimizer", "backward") else f"the {_ordinal(parting.occurrence)} call of "
    place = f"{call.file}:{call.line}"
    if event.role == INPUT:
        return f"they part at step {call.step + 1}: input {event.slot} of {nth}`{call.name}`, {place}, differs already"
    if len(parting.readers) == 1:
        reader, occurrence = parting.readers[0]
        nth = f"the {_ordinal(occurrence)} call of "
        place = f"{reader.file}:{reader.line}"
        call = reader
        what = "backward"
    size = f"by {parting.difference:.1g}" if math.isfinite(parting.difference) else "in shape, dtype or nan"
    of = {"cotangent": f"the cotangent of {nth}", "backward": f"the backward of {nth}"}.get(what, nth)
    return f"they part at step {event.ours.step + 1}: {of}`{call.name}`, {place}, differs {size}"


def _goes_on(call: Any) -> str:
    return "ends" if call is None else f"calls `{call.name}` ({call.file}:{call.line})"


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def largest_difference(comparison: Comparison) -> tuple[float, str]:
    """The largest relative difference among losses and what was kept at the end, and where it is."""
    found = (0.0, "nowhere")
    losses = zip(comparison.ours.losses, comparison.theirs.losses, strict=False)
    for step, (left, right) in enumerate(losses, 1):
        apart = abs(left - right) / max(abs(right), 1e-30)
        if apart > found[0]:
            found = (apart, f"the loss at step {step}")
    for row in rows(comparison):
        if row["relative"] is not None and row["relative"] > found[0]:
            found = (row["relative"], row["name"])
    return found


def rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """The table of what was kept at the end: for each name the differences and the cosine of the angle."""
    ours, theirs = comparison.ours.arrays, comparison.theirs.arrays
    for name in sorted({*ours, *theirs}):
        if name[:1].isdigit():
            continue  # of a call
        left, right = ours.get(name), theirs.get(name)
        row: dict[str, Any] = {"name": name, "shape": None, "absolute": None, "relative": None, "cosine": None}
        if left is None or right is None:
            row["only"] = "torch" if left is None else "tinygrad_mlp"
        elif left.shape != right.shape or left.dtype != right.dtype:
            row["other"] = f"{left.dtype} {left.shape} and {right.dtype} {right.shape}"
        else:
            row |= _differences(left, right)
        yield row


def _differences(left: Array, right: Array) -> dict[str, Any]:
    a, b = left.astype(np.float64).ravel(), right.astype(np.float64).ravel()
    apart = np.abs(a - b)
    size = float(np.max(np.abs(b), initial=0.0))
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return {
        "shape": left.shape,
        "absolute": float(apart.max(initial=0.0)),
        "relative": float(apart.max(initial=0.0)) / size if size else float(apart.any()),
        "cosine": float(a @ b) / norms if norms else None,
    }


def text(comparison: Comparison) -> str:
    """The whole report as text."""
    return "\n".join(_lines(comparison))


def _lines(c: Comparison) -> Iterator[str]:
    yield verdict(c)
    if c.parting is not None:
        yield ""
        yield from _place(c.parting)
    if c.line is not None:
        yield ""
        for name, line in (("tinygrad_mlp", c.line.ours), ("torch", c.line.theirs)):
            yield f"{name} line {c.line.number}: {'(no more)' if line is None else line}"
    yield ""
    yield from _table(c)


def _place(parting: Parting) -> Iterator[str]:
    event = parting.event
    call = event.ours
    yield f"{ROLES[event.role]} {event.slot} of `{call.name}`, {call.file}:{call.line}"
    for name, array in (("tinygrad_mlp", parting.ours), ("torch", parting.theirs)):
        yield f"  {name:13}{array.dtype} {array.shape} {_around(array, parting.index)}"
    if parting.ours.shape == parting.theirs.shape and parting.index:
        yield f"  worst at {list(parting.index)}: {parting.ours[parting.index]!r} and {parting.theirs[parting.index]!r}"
    for slot, array in enumerate(parting.inputs[0]):
        yield f"  input {slot}: {array.dtype} {array.shape}"


def _around(array: Array, index: tuple[int, ...]) -> str:
    if not index:
        return str(array) if array.size <= 8 else ""
    row = array[index[:-1]]
    first = max(0, index[-1] - AROUND)
    shown = " ".join(f"{value:.7g}" for value in row[first : index[-1] + AROUND + 1].tolist())
    return f"[{'... ' if first else ''}{shown}{' ...' if index[-1] + AROUND + 1 < len(row) else ''}]"


def _table(c: Comparison) -> Iterator[str]:
    about = (c.ours.about, c.theirs.about)
    cells = [["", "tinygrad_mlp", "torch"]]
    cells.append(["version", *(each["version"] for each in about)])
    cells.append(["steps", *(str(each["steps"]) for each in about)])
    for name, of in (("first loss", 0), ("last loss", -1)):
        cells.append([name, *(f"{t.losses[of]:.7g}" if t.losses else "" for t in (c.ours, c.theirs))])
    cells.append(["start-up", *(f"{each['import']:.2f} s" for each in about)])
    cells.append(["seconds a step", *(_per_step(each) for each in about)])
    cells.append(["peak memory", *(f"{each['memory'] / 2**20:.0f} MiB" for each in about)])
    yield from _aligned(cells)
    found = list(rows(c))
    if found:
        yield ""
        head = [["at the end", "shape", "largest difference", "relative", "cosine"]]
        yield from _aligned(head + [_row(row) for row in found])


def _per_step(about: dict[str, Any]) -> str:
    return f"{about['seconds'] / about['steps']:.2g}" if about["steps"] else ""


def _row(row: dict[str, Any]) -> list[str]:
    if "only" in row:
        return [row["name"], f"only {row['only']} has it", "", "", ""]
    if "other" in row:
        return [row["name"], row["other"], "", "", ""]
    cosine = "" if row["cosine"] is None else f"{row['cosine']:.7f}"
    return [row["name"], str(row["shape"]), f"{row['absolute']:.2g}", f"{row['relative']:.2g}", cosine]


def _aligned(cells: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def as_json(c: Comparison) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "verdict": verdict(c),
        "same": c.same,
        "exact": c.is_exact,
        "step": c.parting.event.ours.step + 1 if c.parting else None,
        "parting": _parting_json(c.parting) if c.parting else None,
        "line": vars(c.line) if c.line else None,
        "losses": {"tinygrad_mlp": c.ours.losses, "torch": c.theirs.losses},
        "end": list(rows(c)),
        "runs": {name: _about(trace) for name, trace in (("tinygrad_mlp", c.ours), ("torch", c.theirs))},
    }


def _about(trace: Trace) -> dict[str, Any]:
    return {name: value for name, value in trace.about.items() if name != "printed"}


def _parting_json(p: Parting) -> dict[str, Any]:
    call = p.event.ours
    at = p.index
    return {
        "call": call.name,
        "occurrence": p.occurrence,
        "file": call.file,
        "line": call.line,
        "what": ROLES[p.event.role],
        "place": p.event.slot,
        "index": list(at),
        "difference": p.difference if math.isfinite(p.difference) else None,
        "values": [float(array[at]) for array in (p.ours, p.theirs)] if at else None,
    }
