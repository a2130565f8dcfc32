"""What makes a program do other things when it is run again: clocks, addresses, threads, processes, its own output."""

from __future__ import annotations

import ast
import os
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
        self.is_watching = False
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

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Hear of files that are opened, and of processes."""
        if not self.is_watching:
            return
        if event == "open" and isinstance(args[0], str) and not isinstance(args[1], int):
            path, mode = os.path.abspath(args[0]), str(args[1] or "r")
            if any(letter in mode for letter in "wax+"):
                self._written.add(path)
            if ("r" in mode or "a" in mode) and path in self._existed and path.startswith(self.folder):
                self._read.add(path)
        elif event in ("os.fork", "subprocess.Popen", "os.posix_spawn"):
            self.seen.setdefault(PROCESS, PROCESS)

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

    def replace(owner: Any, name: str, text: str) -> None:
        old = getattr(owner, name)
        replaced.append((owner, name, old))
        setattr(owner, name, unsure.wrapped(old, text, name=name))

    for name in _CLOCKS:
        replace(time, name, CLOCK)
    replace(os, "urandom", RANDOM_BYTES)
    replace(threading.Thread, "start", THREAD)
    unsure.read_source(program)
    sys.addaudithook(unsure.audit)  # it cannot be taken away again
    unsure.is_watching = True
    try:
        yield unsure
    finally:
        unsure.is_watching = False
        for owner, name, old in replaced:
            setattr(owner, name, old)
