"""Which call is to blame: whose result differs although what went in was the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .kept import FLOAT64, GRADIENT64, place
from .parting import Event, Held, Tolerance, worst
from .records import COTANGENT, INPUT, OUTPUT, Call, Trace

Array = np.ndarray[Any, np.dtype[Any]]
FIRST = 40  # suspects from the first on whose arrays are looked at
JUMPS = 40  # and those at which the difference grew most at once
BEFORE = 10  # arrays before one beside which its difference is large or not
SUDDEN = 1e3  # how much larger at once a difference is that is no rounding, where no arrays tell
LEAST = 1e-8  # a difference from which on growth is counted


@dataclass(frozen=True)
class Reader:
    """A call that read the array to which a cotangent came, so that its backward made the cotangent.

    `occurrence` is its place among the calls of its name and line in the step, and `slot` that of the array among its
    inputs.
    """

    call: Call
    other: Call
    occurrence: int
    slot: int


@dataclass(frozen=True)
class Parting:
    """The first array that differs although what went in was the same.

    Where traces were compared, which keep no arrays, they are not `seen`, and `difference` is an estimate.
    `inputs` are what went into the blamed call, `index` and `difference` those of the worst element. `float64` has what
    each framework computes in float64 from the same inputs, None where it cannot. `described` is the call in
    Python: its `text`, and of a Function of the program its `source`.
    """

    event: Event
    ours: Array
    theirs: Array
    index: tuple[int, ...]
    difference: float
    inputs: list[Array]
    occurrence: int  # how many calls of this name there were at its line in the step until then
    readers: tuple[Reader, ...] = ()
    float64: tuple[Array | None, Array | None] = (None, None)
    described: dict[str, Any] | None = None
    seen: bool = True
    cotangent: Array | None = None  # what came to the result of the one reader

    @property
    def call(self) -> Call:
        """The call to blame: of a cotangent the one call whose backward made it, if there is but one."""
        return self.readers[0].call if len(self.readers) == 1 else self.event.ours


def chosen(held: Held, ours: Trace, theirs: Trace) -> list[Event]:
    """The suspects whose arrays are worth looking at, in the order of the run: the first, and where much came up."""
    rows = np.flatnonzero(held.beyond)
    if len(rows) > FIRST + JUMPS:
        known = np.maximum(np.where(np.isfinite(held.apart), held.apart, 0.0), LEAST)
        before = np.array([known[max(0, row - BEFORE) : row].max(initial=LEAST) for row in rows])
        growth = np.where(np.isfinite(held.apart[rows]), held.apart[rows], 1.0) / before
        jumps = rows[np.argsort(-growth, kind="stable")[:JUMPS]]
        rows = np.unique(np.concatenate([rows[:FIRST], jumps]))
    return [held.event(int(row), ours, theirs) for row in rows]


def unseen(held: Held, ours: Trace, theirs: Trace) -> Parting | None:
    """Where two traces part, by their summaries: what is far off while all that came just before agrees."""
    for row in np.flatnonzero(held.beyond).tolist():
        before = held.apart[max(0, row - BEFORE) : row]
        if held.apart[row] > SUDDEN * max(LEAST, float(before.max(initial=0.0))):
            event = held.event(row, ours, theirs)
            scale = float(theirs.columns["scales"][event.summaries[1], 0])
            difference = float(held.apart[row]) * scale
            made_by = readers(ours, theirs, event)
            call = made_by[0].call if len(made_by) == 1 else event.ours
            none = np.zeros(0)
            return Parting(event, none, none, (), difference, [], occurrence(ours, call), made_by, seen=False)
    return None


def calls_to_keep(events: list[Event], ours: Trace, theirs: Trace) -> dict[int, int]:
    """The calls whose arrays tell who is to blame: ours, and theirs that belongs to it."""
    found: dict[int, int] = {}
    for event in events:
        found[event.ours.number] = event.theirs.number
        for reader in readers(ours, theirs, event):
            found[reader.call.number] = reader.other.number
    return found


def readers(ours: Trace, theirs: Trace, event: Event) -> tuple[Reader, ...]:
    """The calls whose backward made a cotangent; those of modules are left out where a call within says more."""
    if event.role != COTANGENT:
        return ()
    mine, others = _reading(ours, event.ours, event.slot), _reading(theirs, event.theirs, event.slot)
    if len(mine) != len(others):
        return ()
    return tuple(
        Reader(call, other, occurrence(ours, call), slot) for (call, slot), (other, _) in zip(mine, others, strict=True)
    )


def _reading(trace: Trace, call: Call, slot: int) -> list[tuple[Call, int]]:
    links = trace.columns["links"]
    if call.kind == "backward":  # the gradient of a leaf: what read it since the last backward
        wanted = trace.leaf_summaries(slot)
        calls = trace.columns["calls"]
        near = (calls[links[:, 0], 4] == call.step) & (links[:, 0] < call.number)
    else:
        wanted = [trace.arrays_of(call.number, OUTPUT).get(slot, -1)]
        near = links[:, 0] > call.number
    rows = links[near & (links[:, 1] == INPUT) & np.isin(links[:, 3], wanted)]
    found = {int(number): int(at) for number, _, at, _ in rows[::-1].tolist()}
    calls_ = [(trace.call(number), at) for number, at in sorted(found.items())]
    # Backward has come to them, and they are no modules that have handed the array to a call within.
    calls_ = [(each, at) for each, at in calls_ if trace.arrays_of(each.number, COTANGENT)]
    return [(each, at) for each, at in calls_ if not any(_is_within(each, other) for other, _ in calls_)]


def _is_within(outer: Call, inner: Call) -> bool:
    return outer.kind == "module" and inner.number > outer.number and inner.line == outer.line


def given_arrays(calls: dict[int, int], theirs: Trace) -> dict[str, Array]:
    """The arrays of torch's run that our calls are given: what went in, and what came back to them."""
    numbers = {other: number for number, other in calls.items()}
    given = {}
    for name, array in theirs.arrays.items():
        call, _, rest = name.partition(":")
        if call.isdigit() and int(call) in numbers and int(rest.partition(":")[0]) in (INPUT, COTANGENT):
            given[f"{numbers[int(call)]}:{rest}"] = array
    return given


def blamed(events: list[Event], ours: Trace, theirs: Trace, given: Tolerance | None) -> Parting | None:
    """The first suspect whose arrays do differ by more than the tolerance, from the same inputs."""
    for number, event in enumerate(events):
        if event.role == INPUT and number > 0:
            continue  # it was made of what differed before
        found = _differing(event, ours, theirs, given)
        if found is not None:
            return _parting(event, found, ours, theirs)
    return None


def _differing(event: Event, ours: Trace, theirs: Trace, given: Tolerance | None) -> Any:
    left = ours.arrays.get(place(event.ours.number, event.role, event.slot))
    right = theirs.arrays.get(place(event.theirs.number, event.role, event.slot))
    if left is None or right is None:
        return None
    if left.shape != right.shape or left.dtype != right.dtype:
        return left, right, (), float("nan")
    apart = worst(left, right, given or Tolerance.of(str(right.dtype)))
    return None if apart is None else (left, right, *apart)


def _parting(event: Event, found: Any, ours: Trace, theirs: Trace) -> Parting:
    left, right, index, difference = found
    made_by = readers(ours, theirs, event)
    blamed_, other = (made_by[0].call, made_by[0].other) if len(made_by) == 1 else (event.ours, event.theirs)
    inputs = [array for _, array in sorted(_inputs(theirs, other))]
    described = ours.about.get("described", {}).get(str(blamed_.number))
    wide = tuple(_float64(trace, event, made_by, which) for which, trace in enumerate((ours, theirs)))
    cotangent = theirs.arrays.get(place(other.number, COTANGENT, 0)) if len(made_by) == 1 else None
    nth = occurrence(ours, blamed_)
    return Parting(event, left, right, index, difference, inputs, nth, made_by, wide, described, True, cotangent)  # type: ignore[arg-type]


def _inputs(trace: Trace, call: Call) -> Iterator[tuple[int, Array]]:
    for slot in trace.arrays_of(call.number, INPUT):
        array = trace.arrays.get(place(call.number, INPUT, slot))
        if array is not None:
            yield slot, array


def _float64(trace: Trace, event: Event, made_by: tuple[Reader, ...], which: int) -> Array | None:
    """What a framework computes in float64 for a result, or for a cotangent, to which its readers add."""
    if event.role == OUTPUT:
        call = (event.ours, event.theirs)[which]
        return trace.arrays.get(place(call.number, FLOAT64, event.slot))
    parts = []
    for reader in made_by:
        number = (reader.call, reader.other)[which].number
        part = trace.arrays.get(place(number, GRADIENT64, reader.slot))
        if part is None:
            return None
        parts.append(part)
    return np.asarray(sum(parts[1:], parts[0])) if parts else None


def occurrence(trace: Trace, call: Call) -> int:
    """The place of a call among those of its name, line and step, from 1."""
    calls = trace.columns["calls"][: call.number + 1]
    return int(np.count_nonzero(np.all(calls == calls[-1], axis=1)))
