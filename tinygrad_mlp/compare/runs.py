"""Runs one program under torch and under this package, and finds the first place where the two runs part."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import process
from .blame import blamed, calls_to_keep, chosen, given_arrays, occurrence, unseen
from .comparison import Comparison
from .parting import Tolerance, held
from .records import Trace, load, read_folder
from .refusals import NO_FILE, NO_PROGRAM, NO_TORCH, NOT_REPEATABLE
from .report import ordinal

TRAINING = "tinygrad-mlp train"  # as a program: the training of the command, with its options


@dataclass(frozen=True)
class Request:
    """What is run: the program with its arguments, the seed, the default dtype, how many steps, and its stdin."""

    program: list[str]
    seed: int = 0
    dtype: str | None = None
    steps: int | None = None
    stdin: bytes = b""


class CannotRun(Exception):
    """A comparison cannot run: torch is missing, or the program cannot be read."""


def scripts(
    program: str | Sequence[str],
    *,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: str | None = None,
    steps: int | None = None,
    stdin: bytes = b"",
) -> Comparison:
    """Run a program, with its arguments, under this package and under torch, and compare the runs.

    Each runs in a process of its own with the same seeds. `rtol` and `atol` are the tolerance for all arrays; by
    default it follows from the dtype of each. `dtype` is the program's default dtype; after `steps` backward passes it
    is ended. CannotRun where torch is missing, or where the program cannot be read.
    """
    if importlib.util.find_spec("torch") is None:
        raise CannotRun(NO_TORCH)
    request = Request([program] if isinstance(program, str) else list(program), seed, dtype, steps, stdin)
    given = tolerance(rtol, atol)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ours, theirs = (record(name, request, Path(folder, name)) for name in ("tinygrad_mlp", "torch"))
        suspects = chosen(held(ours, theirs, given), ours, theirs)
        parting, unsure = None, None
        if suspects:
            calls = calls_to_keep(suspects, ours, theirs)
            again = Path(folder, "again")
            left, right = _kept(request, calls, again)
            parting = blamed(suspects, left, right, given)
            unsure = _repeated(theirs, right)
            if parting is not None:
                judged = calls_to_keep([parting.event], ours, theirs)
                last = Path(folder, "judged")
                parting = blamed([parting.event], *_kept(request, judged, last, judge=True), given) or parting
        notes = () if unsure is None else (unsure,)
        return Comparison(ours.in_memory(), theirs.in_memory(), given, parting, bool(suspects), notes)


def _kept(request: Request, calls: dict[int, int], folder: Path, judge: bool = False) -> tuple[Trace, Trace]:
    """Both runs once more, with the arrays of calls; what goes into ours is what went into torch's."""
    folder.mkdir()
    right = record("torch", request, folder / "torch", list(calls.values()), judge)
    np.savez(folder / "given.npz", **given_arrays(calls, right))  # type: ignore[arg-type]
    return record("tinygrad_mlp", request, folder / "ours", list(calls), judge, folder / "given.npz"), right


def _repeated(once: Trace, again: Trace) -> str | None:
    """What to say of two runs under one framework, which ought to be the same to the last bit."""
    two = held(once, again)
    rows = np.flatnonzero(two.apart)
    if not len(rows):
        return None
    call = two.event(int(rows[0]), once, again).ours
    nth, place = ordinal(occurrence(once, call)), f"{call.file}:{call.line}"
    return NOT_REPEATABLE.format(framework=once.about["framework"], nth=nth, name=call.name, place=place)


def traces(
    ours: Trace | str | Path, theirs: Trace | str | Path, *, rtol: float | None = None, atol: float | None = None
) -> Comparison:
    """Compare two runs that were recorded, each a trace or the path of its file.

    A trace keeps no arrays of calls. So the call to blame is the first whose result or cotangent is far off while all
    that came just before agrees, and its values are not known. NotATrace or OSError for what is no trace.
    """
    left, right = (load(trace) if isinstance(trace, (str, Path)) else trace for trace in (ours, theirs))
    given = tolerance(rtol, atol)
    both = held(left, right, given)
    return Comparison(left, right, given, unseen(both, left, right), bool(both.beyond.any()))


def recorded(framework: str, request: Request) -> Trace:
    """The trace of one run. CannotRun where torch is asked for and missing."""
    if framework == "torch" and importlib.util.find_spec("torch") is None:
        raise CannotRun(NO_TORCH)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return record(framework, request, Path(folder, "run")).in_memory()


def tolerance(rtol: float | None, atol: float | None) -> Tolerance | None:
    """The tolerance that is asked for, if any."""
    return None if rtol is None and atol is None else Tolerance(rtol or 0.0, atol or 0.0)


def record(
    framework: str,
    request: Request,
    folder: Path,
    keep: Sequence[int] = (),
    judge: bool = False,
    given: Path | None = None,
) -> Trace:
    """Run a program under a framework in a process of its own, and read its trace."""
    first = request.program[0]
    if first == "-" or (first not in ("-c", "-m", TRAINING) and not os.path.exists(first)):
        raise CannotRun(NO_PROGRAM if first == "-" else NO_FILE.format(path=first))
    folder.mkdir()
    own = {"framework": framework, "folder": str(folder), "keep": list(keep), "judge": list(keep) if judge else []}
    common = {"program": request.program, "seed": request.seed, "dtype": request.dtype, "steps": request.steps}
    asked = {**own, **common, "given": None if given is None else str(given)}
    (folder / "request.json").write_text(json.dumps(asked))
    ended = process.start("tinygrad_mlp.cli.recorded", folder / "request.json", request.stdin)
    if not (folder / "head.json").exists():
        raise CannotRun(ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else framework)
    trace = read_folder(folder)
    trace.about["stderr"] = ended.stderr
    return trace
