"""The trace of a run: what the program called, in order, and summaries of what went in, came out and came back.

A trace is columns of numbers, which a `Writer` appends to files while the program runs, so that a run of any length
needs little memory; a `Trace` reads them. As one file it is an .npz of numbers and text: nothing in it runs.
"""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .refusals import NOT_A_TRACE, OTHER_SCHEMA
from .summary import Summaries, Summary

Array = np.ndarray[Any, np.dtype[Any]]
SCHEMA = 1
KINDS = ("function", "module", "optimizer", "backward")
INPUT, OUTPUT, COTANGENT = range(3)  # the role of an array in a call

# The columns, and how many numbers each of their rows has. A call: its name, kind, file, line, and the number of
# backward passes before it. A link: a call, the role of an array, its place among those, and its summary. A summary:
# dtype, digest, bad elements, dimensions and sums; scales: its scale. A leaf: its
# number, and a summary of it.
_COLUMNS: dict[str, tuple[type, int]] = {
    "calls": (np.int64, 5),
    "links": (np.int64, 4),
    "summaries": (np.int64, 5),
    "scales": (np.float64, 1),
    "shapes": (np.int64, 1),
    "sums": (np.float64, 1),
    "losses": (np.float64, 1),
    "leaves": (np.int64, 2),
}
_FLUSHED = 20_000  # numbers of a column that wait in memory


class Table:
    """Names by number: each is kept once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, name: str) -> int:
        """The number of a name, which is added if it is new."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = len(self.names)
            self.names.append(name)
        return found


class Writer:
    """Writes the trace of a run to files in a folder while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names, self.files, self.dtypes = Table(), Table(), Table()
        self.calls = self.summaries = self.losses = 0
        self._files = {name: open(folder / f"{name}.bin", "wb") for name in _COLUMNS}  # noqa: SIM115
        self._waiting = Summaries()
        self._rows: dict[str, list[float]] = {name: [] for name in _COLUMNS}

    def add_call(self, name: str, kind: str, file: str, line: int, step: int) -> int:
        """Add a call, and return its number."""
        place = self.names.place(name)
        self._rows["calls"] += (place, KINDS.index(kind), self.files.place(file), line, step)
        self._flush("calls")
        self.calls += 1
        return self.calls - 1

    def add_array(self, array: Array, dtype: str | None = None) -> int:
        """Add the summary of an array as it is now, called by another dtype if one is given; its number."""
        if not self._waiting.add(array, dtype):
            self._write_summaries()
            self._waiting.add(array, dtype)
        self.summaries += 1
        return self.summaries - 1

    def _write_summaries(self) -> None:
        shapes, dtypes, found = self._waiting.take()
        counts = [len(sums) for sums in found.sums]
        places = [self.dtypes.place(dtype) for dtype in dtypes]
        columns: list[Any] = [places, found.digests, found.bad, [len(shape) for shape in shapes], counts]
        self._write("summaries", np.column_stack(columns))
        self._write("scales", found.scales)
        self._write("shapes", list(itertools.chain.from_iterable(shapes)))
        self._write("sums", np.concatenate([np.zeros(0), *found.sums]))

    def link(self, call: int, role: int, slot: int, summary: int) -> None:
        """Note that an array with a summary went into a call, came out, or came back to an output."""
        self._rows["links"] += (call, role, slot, summary)
        self._flush("links")

    def add_leaf(self, slot: int, summary: int) -> None:
        """Note that a summary is one of a leaf."""
        self._rows["leaves"] += (slot, summary)
        self._flush("leaves")

    def add_loss(self, loss: float) -> None:
        """Add a number on which backward was called."""
        self._rows["losses"].append(loss)
        self.losses += 1

    def _flush(self, name: str, least: int = _FLUSHED) -> None:
        rows = self._rows[name]
        if len(rows) >= least:
            self._write(name, rows)
            rows.clear()

    def _write(self, name: str, numbers: Any) -> None:
        self._files[name].write(np.asarray(numbers, dtype=_COLUMNS[name][0]).tobytes())

    def close(self, about: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Write what is left, what is known of the run as a whole, and the arrays that are kept whole."""
        self._write_summaries()
        for name in _COLUMNS:
            self._flush(name, 0)
            self._files[name].close()
        tables = {"names": self.names.names, "files": self.files.names, "dtypes": self.dtypes.names}
        (self.folder / "head.json").write_text(json.dumps({"schema": SCHEMA, "about": about, **tables}))
        np.savez(self.folder / "arrays.npz", **arrays)  # type: ignore[arg-type]


class Call(NamedTuple):
    """A call of the trace, for people: its names, and the numbers of its summaries by their place."""

    number: int
    name: str
    kind: str
    file: str
    line: int
    step: int


@dataclass
class Trace:
    """One run of a program.

    `about` says what ran: framework, versions, arguments, exit code, seconds, peak memory, and what was printed.
    `arrays` are those that were kept whole: parameters, gradients and buffers at the end by name, and what was asked
    for.
    """

    about: dict[str, Any]
    names: list[str]
    files: list[str]
    dtypes: list[str]
    columns: dict[str, Array]
    arrays: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["calls"])

    def call(self, number: int) -> Call:
        """The call with a number."""
        name, kind, file, line, step = self.columns["calls"][number].tolist()
        return Call(number, self.names[name], KINDS[kind], self.files[file], line, step)

    def summary(self, number: int) -> Summary:
        """The summary with a number."""
        dtype, digest, bad, ndim, count = self.columns["summaries"][number].tolist()
        scale = float(self.columns["scales"][number, 0])
        at, sums_at = int(self.starts(3)[number]), int(self.starts(4)[number])
        shape = tuple(self.columns["shapes"][at : at + ndim, 0].tolist())
        sums = np.array(self.columns["sums"][sums_at : sums_at + count, 0])
        return Summary(shape, self.dtypes[dtype], digest, scale, bad, sums)

    def starts(self, column: int) -> Array:
        """For each summary, where its shape (3) or its sums (4) begin."""
        counts = self.columns["summaries"][:, column]
        key = f"starts:{column}"
        if key not in self.columns:
            self.columns[key] = np.cumsum(counts) - counts
        return self.columns[key]

    def arrays_of(self, number: int, role: int) -> dict[int, int]:
        """The summaries of the arrays that had a role in a call, by their place."""
        if "order" not in self.columns:
            self.columns["order"] = np.argsort(self.columns["links"][:, 0], kind="stable")
            self.columns["sorted"] = self.columns["links"][:, 0][self.columns["order"]]
        first, last = np.searchsorted(self.columns["sorted"], (number, number + 1))
        links = self.columns["links"][self.columns["order"][first:last]]
        return {slot: summary for _, r, slot, summary in links.tolist() if r == role}

    def leaf_summaries(self, slot: int) -> list[int]:
        """The summaries of a leaf in all its versions, by its number."""
        known = self.columns.get("leaves")
        if known is None:
            return []
        return known[known[:, 0] == slot, 1].tolist()  # type: ignore[no-any-return]

    @property
    def losses(self) -> list[float]:
        """The numbers on which backward was called."""
        return self.columns["losses"][:, 0].tolist()  # type: ignore[no-any-return]

    def in_memory(self) -> Trace:
        """The same trace, whose files may be removed."""
        columns = {name: np.array(column) for name, column in self.columns.items()}
        return Trace(self.about, self.names, self.files, self.dtypes, columns, self.arrays)

    def save(self, path: str | Path) -> None:
        """Write the trace as one .npz file."""
        head = {"schema": SCHEMA, "about": self.about, "names": self.names, "files": self.files, "dtypes": self.dtypes}
        stored: dict[str, Any] = {name: self.columns[name] for name in _COLUMNS}
        stored["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
        stored |= {f"array:{name}": array for name, array in self.arrays.items()}
        with open(path, "wb") as file:
            np.savez_compressed(file, **stored)


class NotATrace(ValueError):
    """A file is no trace, or one of another version."""


def read_folder(folder: Path) -> Trace:
    """The trace that a Writer has written. Its columns stay on the disk until they are looked at."""
    columns: dict[str, Array] = {}
    for name, (dtype, width) in _COLUMNS.items():
        path = folder / f"{name}.bin"
        size = path.stat().st_size if path.exists() else 0
        flat = np.memmap(path, dtype, "r") if size else np.zeros(0, dtype)
        columns[name] = flat.reshape(-1, width)
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return _trace(json.loads((folder / "head.json").read_text()), columns, arrays, folder)


def load(path: str | Path) -> Trace:
    """Read a trace from an .npz file. NotATrace for what is none; OSError for what cannot be read."""
    try:
        # opened here, because NumPy leaves a file open that it cannot read
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        head = json.loads(bytes(stored["head"]))
        columns: dict[str, Array] = {
            name: np.asarray(stored[name], dtype).reshape(-1, width) for name, (dtype, width) in _COLUMNS.items()
        }
    except (ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise NotATrace(NOT_A_TRACE.format(path=path, why=error)) from error
    arrays = {name[6:]: array for name, array in stored.items() if name.startswith("array:")}
    trace = _trace(head, columns, arrays, path)
    _check(trace, path)
    return trace


def _trace(head: Any, columns: dict[str, Array], arrays: dict[str, Array], path: str | Path) -> Trace:
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        found = head.get("schema") if isinstance(head, dict) else None
        raise NotATrace(OTHER_SCHEMA.format(path=path, found=found, schema=SCHEMA))
    return Trace(head["about"], head["names"], head["files"], head["dtypes"], columns, arrays)


def _check(trace: Trace, path: str | Path) -> None:
    """NotATrace where a number leads to nothing: a damaged file."""
    columns = trace.columns
    limits: list[tuple[Iterable[Any], int]] = [
        (columns["calls"][:, 0], len(trace.names)),
        (columns["calls"][:, 1], len(KINDS)),
        (columns["calls"][:, 2], len(trace.files)),
        (columns["links"][:, 0], len(columns["calls"])),
        (columns["links"][:, 3], len(columns["summaries"])),
        (columns["summaries"][:, 0], len(trace.dtypes)),
    ]
    right = all(np.all((np.asarray(column) >= 0) & (np.asarray(column) < limit)) for column, limit in limits)
    right &= int(columns["summaries"][:, 3].sum()) == len(columns["shapes"])
    right &= int(columns["summaries"][:, 4].sum()) == len(columns["sums"])
    if not right or len(columns["scales"]) != len(columns["summaries"]):
        raise NotATrace(NOT_A_TRACE.format(path=path, why="its numbers do not belong together"))
