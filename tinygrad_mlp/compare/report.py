"""The report of a comparison: the verdict in one line, where the runs part, and the table."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .blame import Parting
from .records import COTANGENT, INPUT, OUTPUT, Call, Trace
from .referee import Judgement, judge
from .table import DRIFT, largest_at_the_end, largest_difference, rows

if TYPE_CHECKING:
    from .comparison import Comparison

Array = np.ndarray[Any, np.dtype[Any]]
AROUND = 3  # values that are shown before and after the worst one
FEW = 8  # values of an array that are shown whole


def verdict(comparison: Comparison) -> str:
    """The verdict in one line."""
    c = comparison
    if c.parting is not None:
        return f"they part at step {step_of(c.parting.event.ours)}: {place_of(c)}"
    if c.stopped and c.ours.about["exit"] != c.theirs.about["exit"]:
        which = 0 if c.ours.about["exit"] else 1
        return f"{c.names[which]} stops: {_last_words((c.ours, c.theirs)[which])}"
    if c.other_way is not None:
        ours, theirs = c.other_way.ours, c.other_way.theirs
        step = step_of(ours or theirs)  # type: ignore[arg-type]
        return f"they part at step {step}: {c.names[0]} {_goes_on(ours)}, {c.names[1]} {_goes_on(theirs)}"
    size, where = largest_difference(c)
    if c.too_far:
        return (
            f"they drift apart: no call differs by more than rounding, and rounding has grown to {size:.1g} ({where}); "
            "--dtype float64 tells more"
        )
    if c.line is not None:
        return f"they print other things, from line {c.line.number} on"
    if c.stopped:
        return f"both stop with exit code {c.ours.about['exit']}: {_last_words(c.ours)}"
    if c.is_exact:
        return "same to the last bit"
    found = f"largest relative difference {size:.1g}, {where}" if size else "no loss differs"
    at_the_end, name = largest_at_the_end(c)
    if c.drifted and at_the_end > DRIFT:
        found += f"; rounding has grown to {at_the_end:.1g} in {name}, and no loss has felt it"
    return f"same within rounding ({found})"


def step_of(call: Call) -> int:
    """The step of a call, from 1: a step is a backward pass, what came before it, and the optimiser's step after it."""
    return max(1, call.step + (call.kind != "optimizer"))


def place_of(comparison: Comparison) -> str:
    """The call to blame, its line, and by how much it differs."""
    parting = comparison.parting
    assert parting is not None
    event, call = parting.event, parting.call
    nth = "" if call.kind in ("optimizer", "backward") else f"the {ordinal(parting.occurrence)} call of "
    named = f"{nth}`{call.name}`, {call.file}:{call.line},"
    size = f"by {parting.difference:.1g}" if math.isfinite(parting.difference) else _in_what(parting)
    if event.role == INPUT:
        return f"{_input(comparison)} of {named} differs already, {size}"
    if event.role != COTANGENT:
        gradient = f"the gradient of {leaf(comparison)} after " if call.kind == "backward" else ""
        return f"{gradient}{named} differs {size}"
    of = f" (gradient of {leaf(comparison)})" if event.ours.kind == "backward" else ""
    if len(parting.readers) == 1:
        return f"the backward of {named} differs {size}{of}"
    return f"the cotangent of {named} differs {size}{of}"


def leaf(comparison: Comparison) -> str:
    """The name of the leaf that a backward pass has brought something to."""
    parting = comparison.parting
    assert parting is not None
    names = comparison.ours.about.get("leaves", [])
    slot = parting.event.slot
    return f"`{names[slot]}`" if slot < len(names) else f"leaf {slot}"


def _input(comparison: Comparison) -> str:
    return f"input {comparison.parting.event.slot}"  # type: ignore[union-attr]


def _in_what(parting: Parting) -> str:
    if not parting.seen:
        return "in shape, dtype, nan or whole numbers"
    if parting.ours.shape != parting.theirs.shape:
        return f"in shape: {parting.ours.shape} and {parting.theirs.shape}"
    if parting.ours.dtype != parting.theirs.dtype:
        return f"in dtype: {parting.ours.dtype} and {parting.theirs.dtype}"
    values = [f"{float(array[parting.index]):.4g}" for array in (parting.ours, parting.theirs)]
    return f"{values[0]} and {values[1]}"


def _last_words(trace: Trace) -> str:
    """The exception with which a program ended, and its line: of a traceback what follows its last frame."""
    said = [line for line in trace.about.get("stderr", "").splitlines() if line.strip()]
    frames = [i for i, line in enumerate(said) if line.startswith('  File "')]
    if not frames:
        return said[-1].strip() if said else f"exit code {trace.about['exit']}"
    error = next((line for line in said[frames[-1] :] if not line.startswith(" ")), said[-1])
    program = trace.about["program"][0]
    own = [i for i in frames if os.path.basename(said[i][8:].partition('"')[0]) == program] or frames
    file, _, rest = said[own[-1]][8:].partition('"')
    return f"{error} ({os.path.basename(file)}:{rest.split(',')[1].split()[-1]})"


def _goes_on(call: Call | None) -> str:
    return "ends" if call is None else f"calls `{call.name}` ({call.file}:{call.line})"


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, ..."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


# -- as text ---------------------------------------------------------------------------------------


def text(comparison: Comparison) -> str:
    """The whole report as text."""
    parts = list(lines(comparison))
    for cells in tables(comparison):
        parts += ["", *_aligned(cells)]
    return "\n".join(parts)


def lines(c: Comparison) -> Iterator[str]:
    """The report without its tables: the verdict first."""
    yield verdict(c)
    for line in warnings(c):
        yield f"note: {line}"
    if c.parting is not None:
        yield ""
        yield from _place(c)
    elif c.line is not None:
        yield ""
        for name, printed in zip(c.names, (c.line.ours, c.line.theirs), strict=True):
            yield f"line {c.line.number} of {name}: {'(no more)' if printed is None else printed}"


def warnings(c: Comparison) -> list[str]:
    """What a comparison cannot be sure of, as far as it was seen: of runs that are the same there is nothing to say."""
    if c.same:
        return []
    return list(dict.fromkeys([*c.ours.about.get("unsure", []), *c.theirs.about.get("unsure", []), *c.unsure]))


def _place(c: Comparison) -> Iterator[str]:
    parting = c.parting
    assert parting is not None
    for slot, array in enumerate(parting.inputs):
        yield f"in   x{slot}  {array.dtype} {array.shape}  {_around(array, parting.index)}"
    if parting.described and parting.described.get("text"):
        yield f"call {parting.described['text']}"
    if not parting.seen:
        yield "A trace keeps no arrays of calls: compare the scripts themselves to see the values."
        return
    yield ""
    for name, array in zip(c.names, (parting.ours, parting.theirs), strict=True):
        yield f"{name:14}{array.dtype} {array.shape}  {_around(array, parting.index)}"
    if parting.ours.shape == parting.theirs.shape and parting.ours.size > 1 and parting.index:
        values = [f"{array[parting.index].item()!r}" for array in (parting.ours, parting.theirs)]
        yield f"worst at {list(parting.index)}: {values[0]} and {values[1]}"
    if parting.event.role == OUTPUT and parting.event.ours.kind == "backward":
        yield "What this backward has brought is the same: what was there before is not. Is zero_grad called in both?"
        return
    judgement = judge(parting, c.names)
    if judgement is not None:
        yield from _judged(judgement, c)


def _judged(judgement: Judgement, c: Comparison) -> Iterator[str]:
    if judgement.right is not None:
        off = " and ".join(f"{name} is off by {ulp:.3g} ulp" for name, ulp in zip(c.names, judgement.ulps, strict=True))
        yield f"right ({judgement.by}): {judgement.right!r}; {off}"
    yield judgement.sentence


def _around(array: Array, index: tuple[int, ...]) -> str:
    """The values around the worst element, in its row."""
    if array.size <= FEW:
        return " ".join(_value(value) for value in array.ravel().tolist())
    if not index or len(index) != array.ndim or any(i >= n for i, n in zip(index, array.shape, strict=True)):
        return ""
    row = array[index[:-1]]
    first, last = max(0, index[-1] - AROUND), index[-1] + AROUND + 1
    shown = " ".join(_value(value) for value in row[first:last].tolist())
    return f"[{'... ' if first else ''}{shown}{' ...' if last < len(row) else ''}] at {list(index)}"


def _value(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def tables(c: Comparison) -> Iterator[list[list[str]]]:
    """The tables of the report, as rows of text: the runs, and what they have at the end."""
    about = (c.ours.about, c.theirs.about)
    cells = [["", *c.names]]
    cells.append(["version", *(each["version"] for each in about)])
    cells.append(["steps", *(str(each["steps"]) for each in about)])
    for name, of in (("first loss", 0), ("last loss", -1)):
        cells.append([name, *(f"{t.losses[of]:.7g}" if t.losses else "" for t in (c.ours, c.theirs))])
    cells.append(["lines printed", *(str(len(each["printed"])) for each in about)])
    cells.append(["start-up", *(f"{each['import']:.2f} s" for each in about)])
    cells.append(["seconds a step, watched", *(_per_step(each) for each in about)])
    cells.append(["peak memory", *(f"{each['memory'] / 2**20:.0f} MiB" for each in about)])
    yield cells
    found = list(rows(c))
    if found:
        yield [["at the end", "shape", "largest difference", "relative", "cosine"], *map(_row, found)]


def _per_step(about: dict[str, Any]) -> str:
    return f"{about['seconds'] / about['steps']:.2g}" if about["steps"] else ""


def _row(row: dict[str, Any]) -> list[str]:
    if "only" in row:
        return [row["name"], f"only {row['only']} has it", "", "", ""]
    if "other" in row:
        return [row["name"], row["other"], "", "", ""]
    cosine = "" if row["cosine"] is None else f"{row['cosine']:.7f}"
    return [row["name"], str(tuple(row["shape"])), f"{row['absolute']:.2g}", f"{row['relative']:.2g}", cosine]


def _aligned(cells: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


# -- as data ---------------------------------------------------------------------------------------


def as_json(c: Comparison) -> dict[str, Any]:
    """The report as plain data; `schema` is raised when a name changes its meaning.

    `verdict` is the line for people; `same` and `exact` are its answers. `parting` is None or has the call to blame:
    `call`, `occurrence` in its `step`, `file`, `line`, `what` differs (result, cotangent or input), its `place` among
    those, the worst `index`, the `difference`, the two `values`, the `right` one with the errors in `ulps`, and `text`,
    the call in Python. `losses` has every number on which backward was called, `end` what was kept at the end by name,
    `runs` what is known of each run.
    """
    return {
        "schema": 1,
        "verdict": verdict(c),
        "same": c.same,
        "exact": c.is_exact,
        "warnings": warnings(c),
        "parting": None if c.parting is None else _parting_json(c, c.parting),
        "line": vars(c.line) if c.line else None,
        "losses": dict(zip(c.names, ([_finite(x) for x in t.losses] for t in (c.ours, c.theirs)), strict=True)),
        "end": [{key: _finite(value) for key, value in row.items()} for row in rows(c)],
        "runs": dict(zip(c.names, (_about(t) for t in (c.ours, c.theirs)), strict=True)),
    }


def _finite(value: Any) -> Any:
    """A number that JSON can say; nan and infinities as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _about(trace: Trace) -> dict[str, Any]:
    return {name: value for name, value in trace.about.items() if name not in ("printed", "described", "stderr")}


def _parting_json(c: Comparison, p: Parting) -> dict[str, Any]:
    call, at = p.call, p.index
    judgement = judge(p, c.names)
    arrays = [p.ours, p.theirs] if p.seen and p.ours.shape == p.theirs.shape else []
    return {
        "step": step_of(p.event.ours),
        "call": call.name,
        "occurrence": p.occurrence,
        "file": call.file,
        "line": call.line,
        "what": {INPUT: "input", COTANGENT: "cotangent"}.get(p.event.role, "result"),
        "place": p.event.slot,
        "index": list(at),
        "difference": _finite(p.difference),
        "values": [_finite(array[at].item()) for array in arrays if len(at) == array.ndim] or None,
        "right": None if judgement is None else _finite(judgement.right),
        "ulps": None if judgement is None else [_finite(ulp) for ulp in judgement.ulps],
        "judgement": None if judgement is None else judgement.sentence,
        "text": (p.described or {}).get("text"),
    }
