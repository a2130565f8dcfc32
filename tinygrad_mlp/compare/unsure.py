"""What makes a program do other things when it is run again: clocks, addresses, threads, processes, its own output."""

from __future__ import annotations

import ast
import builtins
import functools
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .refusals import ADDRESS, CLOCK, OWN_OUTPUT, PROCESS, RANDOM_BYTES, THREAD

_CLOCKS = ("time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time")


class Unsure:
    """Notes what was seen, with the line of the program, each kind once."""

    def __init__(self, folder: str, is_inside: Callable[[Any], bool]) -> None:
        self.is_inside = is_inside  # whether a frame is the framework's
        self.folder = os.path.join(os.path.abspath(folder), "")
        self.seen: dict[str, str] = {}
        self._written: set[str] = set()
        self._read: set[str] = set()
        self._existed = {entry.path for entry in os.scandir(folder)} if os.path.isdir(folder) else set()

    def note(self, text: str, depth: int = 2, **names: Any) -> None:
        """Note a text if the caller is the program."""
        frame: Any = sys._getframe(depth)
        file = frame.f_code.co_filename
        if text in self.seen or not file.startswith(self.folder) or f"{os.sep}site-packages{os.sep}" in file:
            return
        if not self.is_inside(frame):
            self.seen[text] = text.format(file=os.path.basename(file), line=frame.f_lineno, **names)

    def wrapped(self, function: Callable[..., Any], text: str, **names: Any) -> Callable[..., Any]:
        """A function that is noted when the program calls it."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.note(text, **names)
            return function(*args, **kwargs)

        return call

    def opening(self, opens: Callable[..., Any]) -> Callable[..., Any]:
        """A function that opens files, which are noted."""

        def call(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            opened = opens(file, mode, *args, **kwargs)
            if isinstance(file, (str, os.PathLike)):
                self._opened(os.path.abspath(os.fsdecode(file)), mode)
            return opened

        return call

    def _opened(self, path: str, mode: str) -> None:
        if any(letter in mode for letter in "wax+"):
            self._written.add(path)
        if ("r" in mode or "a" in mode) and path in self._existed and path.startswith(self.folder):
            self._read.add(path)

    def starting(self, starts: Callable[..., Any]) -> Callable[..., Any]:
        """A function that starts a process, which is noted."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.seen.setdefault(PROCESS, PROCESS)
            return starts(*args, **kwargs)

        return call

    def read_source(self, program: str) -> None:
        """Note a call of `id`, which is looked for in the source: the framework calls it all the time."""
        try:
            tree = ast.parse(Path(program).read_bytes())
        except (OSError, SyntaxError, ValueError):
            return  # it is no script
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id":
                self.seen.setdefault(ADDRESS, ADDRESS.format(file=os.path.basename(program), line=node.lineno))

    def finish(self) -> list[str]:
        """All that was noted."""
        for path in sorted(self._read & self._written):
            self.seen[path] = OWN_OUTPUT.format(path=os.path.basename(path))
        return list(self.seen.values())


@contextmanager
def watching(program: str, is_inside: Callable[[Any], bool]) -> Iterator[Unsure]:
    """In this block is noted what cannot be expected to be the same in two runs, of calls that are the program's."""
    folder = os.path.dirname(os.path.abspath(program))
    unsure = Unsure(folder, is_inside)
    replaced: list[tuple[Any, str, Any]] = []

    def replace(owner: Any, name: str, new: Callable[..., Any]) -> None:
        replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, functools.wraps(getattr(owner, name))(new))

    noted = [
        *((time, name, CLOCK) for name in _CLOCKS),
        (os, "urandom", RANDOM_BYTES),
        (threading.Thread, "start", THREAD),
    ]
    for owner, name, text in noted:
        replace(owner, name, unsure.wrapped(getattr(owner, name), text, name=name))
    # An audit hook would hear of these, too, but also of every `id()` and `sys._getframe()`, which is what costs most.
    for owner in (builtins, io, Path):  # Python 3.10's paths know of no other `io.open` than the first
        replace(owner, "open", unsure.opening(owner.open))
    for owner, name in ((os, "fork"), (os, "posix_spawn"), (subprocess.Popen, "__init__")):
        if hasattr(owner, name):
            replace(owner, name, unsure.starting(getattr(owner, name)))
    unsure.read_source(program)
    try:
        yield unsure
    finally:
        for owner, name, old in replaced:
            setattr(owner, name, old)
