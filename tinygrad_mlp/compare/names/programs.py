"""Two programs of the same network, held against each other by the names of their variables."""

from __future__ import annotations

import functools
import json
import linecache
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import process
from ..parting import Tolerance
from ..records import Trace, read_folder
from .held import Held
from .refusals import CANNOT_START, NO_FRAMEWORK, NO_TORCH, NO_WEIGHTS_FROM, NOTHING_IN_COMMON
from .report import as_json, text, verdict
from .rows import APART, OK, ROUNDING, Ended, Found, Handed, Place
from .sequences import Pair, align, align_weight, extend, left_out, pairs, sequences, turned_names
from .stages import DATA, WEIGHTS, Program, Stages
from .statements import source_text
from .variables import HANDED

Array = np.ndarray[Any, np.dtype[Any]]


KEPT = 4  # values of each name that are kept whole from the start, to be handed over

ROOM = 2**28  # bytes of later values of data that are handed over


class CannotStart(Exception):
    """A program cannot be read, or stops before it has assigned anything."""


@dataclass(frozen=True)
class ByNames:
    """What a comparison of two programs by names has found. `print` shows it."""

    found: Found

    @property
    def same(self) -> bool:
        """Whether all values that were compared are the same within tolerance, and both programs ran to their ends."""
        f = self.found
        held = [row for row in f.rows if row.asked or row.status != APART]
        return all(row.status in (OK, ROUNDING) for row in held) and not any(each.code for each in f.ended)

    @property
    def verdict(self) -> str:
        """What was found, in one line."""
        return verdict(self.found)

    def assert_same(self) -> None:
        """AssertionError with the report unless the programs are the same within tolerance."""
        if not self.same:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        return text(self.found)

    def to_json(self) -> str:
        """The report for other programs."""
        return json.dumps({"same": self.same, **as_json(self.found)}, indent=1)


def programs(
    first: str | Sequence[str],
    second: str | Sequence[str],
    *,
    names: Sequence[str] | str = (),
    weights_from: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    under: str = "torch",
    dtype: str | None = None,
    stdin: bytes = b"",
) -> ByNames:
    """Run two programs, each with its arguments, and compare the values that they assign to names.

    Names that both programs have belong together, and a gradient by hand, `grad_w1`, to the `.grad` of `w1`; others are
    given as `names=["w1=weight", "b=net.0.bias", "w1=net.0.weight.T"]`. With `weights_from="first"` the second program
    starts with the initial weights and the data of the first, and the other way round. `under` says what torch is for
    them: torch, or "tinygrad_mlp". `dtype` is the default dtype of the framework; where it is not given, and one
    program computes in float32 what the other computes in float64, it is float64 if the programs run with it. The
    tolerance is relative to the size of the array; where the dtypes are not the same, it is that of the coarser one.

    Each runs in a process of its own, with the same seeds. ValueError for names that there are not; CannotStart for a
    program that assigns nothing.
    """
    if weights_from not in (None, "first", "second"):
        raise ValueError(NO_WEIGHTS_FROM.format(given=weights_from))
    if under not in ("torch", "tinygrad_mlp"):
        raise ValueError(NO_FRAMEWORK.format(given=under))
    linecache.checkcache()
    commands = [[each] if isinstance(each, str) else list(each) for each in (first, second)]
    wanted = [each for each in (names.split(",") if isinstance(names, str) else names) if each.strip()]
    given = None if rtol is None and atol is None else Tolerance(rtol or 0.0, atol or 0.0)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        request = {"seed": seed, "under": under, "dtype": dtype}
        both = _Both(commands, request, Path(folder), stdin, wanted, given)
        both.run()
        giver = {"first": 0, "second": 1}.get(weights_from or "")
        if both.is_mixed() and (giver is None or not both.is_float64(giver)):
            both.run_wide()
        handed = both.hand_over(weights_from) if weights_from else None
        found = both.found(handed)
        if found.difference is not None and both.is_narrow():
            found = both.judged(found)
        return ByNames(found)


class _Both:
    """Two programs that run again and again, each time with the same numbers, and what is known of them."""

    def __init__(
        self,
        commands: list[list[str]],
        request: dict[str, Any],
        folder: Path,
        stdin: bytes,
        wanted: list[str],
        tolerance: Tolerance | None,
    ) -> None:
        self.commands, self.request, self.folder, self.stdin = commands, request, folder, stdin
        self.wanted, self.tolerance = wanted, tolerance
        self.extra: list[dict[str, Any]] = [{}, {"turned": turned_names(wanted)}]  # what belongs to each request
        self.runs = 0
        self.is_wide = False
        self.has_tried = request["dtype"] is not None  # float64, or what is asked for
        self.names = _called(*(os.path.basename(each[0]) for each in commands))

    def run(self) -> None:
        """Run both, and pair their names."""
        self.traces = self._traces([{"first": KEPT}, {"first": KEPT}])
        self._pair()

    def _traces(self, asked: list[dict[str, Any]]) -> tuple[Trace, Trace]:
        self.runs += 1
        requests = [{**self.request, **extra, **own} for extra, own in zip(self.extra, asked, strict=True)]
        folders = [self.folder / f"{self.runs} {side}" for side in ("first", "second")]
        with ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.map(record, self.commands, requests, folders, [self.stdin] * 2)
        return ours, theirs

    def _pair(self) -> None:
        ours, theirs = self.traces
        values = sequences(ours), sequences(theirs)
        self.pairs = pairs(*values, self.wanted)
        if not self.pairs:
            raise ValueError(NOTHING_IN_COMMON.format(first=self.names[0], second=self.names[1]))
        first, second = ({pair.first.key for pair in self.pairs}, {pair.second.key for pair in self.pairs})
        self.only = (
            tuple(each for key, each in values[0].items() if key not in first),
            tuple(each for key, each in values[1].items() if key not in second),
        )
        self.stages = Stages(Program(ours, values[0].values()), Program(theirs, values[1].values()))
        self.held = Held(ours, theirs, self.tolerance)
        for pair in self.pairs:
            if self.stages.is_weight(pair):
                align_weight(pair, ours, theirs, self.stages.both_began)
            else:
                align(pair, ours, theirs, functools.partial(self._agree, pair), self.stages.of(pair) == DATA)
        longest = max((len(pair.numbers[0]) for pair in self.pairs if not pair.others), default=0)
        for pair in self.pairs:
            if pair.others and self.stages.is_weight(pair) and longest > len(pair.numbers[0]):
                extend(pair)  # the other program goes on, and does not change this weight

    def _agree(self, pair: Pair, a: int, b: int) -> bool:
        return not self.held.may_differ(pair, a, b)

    # -- handing over ------------------------------------------------------------------------------

    def hand_over(self, giver: str) -> Handed:
        """Run one program again with the other's data and initial weights: of data, such as batches, all values."""
        gives, takes = (0, 1) if giver == "first" else (1, 0)
        wanted: dict[tuple[str, int], Array] = {}
        shown: dict[str, str] = {}
        whole = self._data(gives)
        for pair in self.pairs:
            if self.stages.of(pair) not in (DATA, WEIGHTS):
                continue
            values = (pair.first, pair.second)[takes]
            own = self.traces[takes].arrays.get(str(int(pair.numbers[takes][0])))
            given = {i: whole[n] for i, n in enumerate(pair.numbers[gives].tolist()) if n in whole}
            if own is not None and len(pair.numbers[0]) == 1 and 0 in given and _are_equal(given[0], own):
                continue
            for place, array in given.items():
                if array.ndim:
                    wanted[values.key, int(np.searchsorted(values.numbers, pair.numbers[takes][place]))] = array
                    shown[values.key] = pair.shown
        path = self.folder / "given.npz"
        np.savez(path, *wanted.values())
        if wanted:
            self.extra[takes] |= {"given": str(path), "given_names": list(wanted)}
        if self.is_mixed():
            self.run_wide()
        elif wanted:
            self.run()
        done = self.traces[takes].about["handed"]
        refused = tuple((shown[key], why) for key, why in done.items() if why != HANDED)
        names = tuple(shown[key] for key, why in done.items() if why == HANDED)
        return Handed(self.names[gives], self.names[takes], names, refused)

    def _data(self, side: int) -> dict[int, Array]:
        """The first values of data and weights of a program, and of data the later ones, as far as there is room."""
        trace = self.traces[side]
        kept = _whole(trace)
        later: list[int] = []
        first: dict[int, Array] = {}
        for pair in self.pairs:
            stage = self.stages.of(pair)
            numbers = pair.numbers[side].tolist()
            first |= {n: kept[n] for n in numbers[:1] if n in kept and stage in (DATA, WEIGHTS)}
            later += numbers[1:] if stage == DATA else []
        room = np.cumsum([8 * trace.summary(n).size for n in sorted(later)]) <= ROOM
        some = [n for n, fits in zip(sorted(later), room.tolist(), strict=True) if fits]
        if not some:
            return first
        request = {**self.request, **self.extra[side], "keep": some}
        again = record(self.commands[side], request, self.folder / f"data of {side}", self.stdin)
        return first | _whole(again)

    # -- float32 beside float64 --------------------------------------------------------------------

    def is_mixed(self) -> bool:
        """Whether a value is float32 in one program and float64 in the other, and nobody has asked for a dtype."""
        return not self.has_tried and any(self._dtypes(pair) == {"float32", "float64"} for pair in self.pairs)

    def is_float64(self, side: int) -> bool:
        """Whether the values of a program are float64 where those of the other are not."""
        return all(self.held.dtype(side, pair) == "float64" for pair in self.pairs if "float32" in self._dtypes(pair))

    def _dtypes(self, pair: Pair) -> set[str]:
        return {self.held.dtype(side, pair) for side in (0, 1)}

    def is_narrow(self) -> bool:
        """Whether values are float32 in both programs, and nobody has asked for a dtype."""
        return not self.has_tried and any(
            self.held.dtype(side, pair) == "float32" for pair in self.pairs for side in (0, 1)
        )

    def judged(self, found: Found) -> Found:
        """What is found in float64, if the programs are the same there: then it is rounding that differs in float32."""
        self.run_wide()
        if not self.is_wide:
            return found
        wide = self.found(found.handed)
        return found if wide.difference is not None else replace(wide, in_float32=verdict(found))

    def run_wide(self) -> None:
        """Run both with float64 as the default dtype, so that rounding hides nothing; as before where that fails."""
        before = self.traces
        self.has_tried = True
        self.request["dtype"] = "float64"
        try:
            self.traces = self._traces([{"first": KEPT}, {"first": KEPT}])
            fails = [trace.about["exit"] for trace in self.traces] != [trace.about["exit"] for trace in before]
        except CannotStart:
            fails = True
        if fails:
            self.request["dtype"] = None
            self.run()
        else:
            self._pair()
        self.is_wide = self.request["dtype"] is not None

    # -- what is found -----------------------------------------------------------------------------

    def found(self, handed: Handed | None) -> Found:
        """Hold all values against each other, with the whole arrays where the summaries are not enough."""
        held = self.held
        held.look(self.pairs, self.stages, self._keep)
        return Found(
            self.names,
            tuple(held.row(pair, self.stages) for pair in self.pairs),
            self.only,
            held.difference(self.pairs, self.stages, self.names, self._place),
            (self._ended(0), self._ended(1)),
            handed,
            tuple(self._left_out()),
            held.is_exact(self.pairs),
            self.is_wide,
        )

    def _left_out(self) -> Iterator[str]:
        for pair in self.pairs:
            for side in (0, 1):
                places = [f"{file}:{line}" for file, line in left_out(pair, side, self.traces[side])]
                if places:
                    own, other = (pair.first, pair.second)[side].shown, self.names[1 - side]
                    at = " and ".join(places)
                    yield f"{own} has values at {at} that have no counterpart in {other}: they are left out."

    def _keep(self, numbers: tuple[list[int], list[int]]) -> tuple[dict[int, Array], dict[int, Array]]:
        """Run both again, and keep some of their values whole."""
        ours, theirs = self._traces([{"keep": each} for each in numbers])
        return _whole(ours), _whole(theirs)

    def _place(self, side: int, number: int) -> Place:
        trace = self.traces[side]
        call = trace.call(number)
        return Place(call.file, call.line, source_text(trace.about["files"][call.file], call.line))

    def _ended(self, side: int) -> Ended:
        about = self.traces[side].about
        raised = about["raised"] or {}
        last = [line for line in about["stderr"].splitlines() if line.strip()]
        says = raised.get("says") or (last[-1].strip() if about["exit"] and last else "")
        place = Place(raised["file"], raised["line"], raised["text"]) if "line" in raised else None
        return Ended(self.names[side], about["exit"], says, place)


def _are_equal(left: Array, right: Array) -> bool:
    return left.shape == right.shape and left.dtype == right.dtype and np.array_equal(left, right)


def _whole(trace: Trace) -> dict[int, Array]:
    """The arrays of a trace that are kept whole, by the numbers of the values."""
    return {int(key): array for key, array in trace.arrays.items()}


def _called(first: str, second: str) -> tuple[str, str]:
    """How the programs are called in the report: by their files, and by their places if these are the same."""
    return (f"first {first}", f"second {second}") if first == second else (first, second)


def record(command: list[str], request: dict[str, Any], folder: Path, stdin: bytes) -> Trace:
    """Run a program in a process of its own, and read what was noted of its variables."""
    folder.mkdir()
    path = folder / "request.json"
    path.write_text(json.dumps({**request, "program": command, "folder": str(folder)}))
    ended = process.start("tinygrad_mlp.cli.watched", path, stdin)
    said = ended.stderr.strip().splitlines()
    if not (folder / "head.json").exists():
        raise CannotStart(CANNOT_START.format(program=command[0], why=said[-1] if said else f"exit {ended.code}"))
    trace = read_folder(folder)
    trace.about["stderr"] = ended.stderr
    if trace.about["exit"] and not len(trace):
        if "No module named 'torch'" in ended.stderr:
            raise CannotStart(NO_TORCH)
        last = said or [f"exit code {trace.about['exit']}"]
        raise CannotStart(CANNOT_START.format(program=command[0], why=last[-1].removeprefix(f"{command[0]}: ")))
    return trace
