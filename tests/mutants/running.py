"""Each mutant runs in a process of its own, a fork of one that has imported everything and collected the tests."""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import signal
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from .mutants import Mutant

SECONDS = 30  # of computing that a test may take, before it counts as endless
SECONDS_ASLEEP = 300  # the same by the clock, for one that waits
SECONDS_OF_ALL = 120  # of computing for all tests of a mutant
MEMORY = 6 << 30  # bytes that a mutant may take
WARM = "tanh"  # the row whose test is run first, for what it imports

# The tests that find most faults come first.
FIRST = (
    "test_rows.py::test_values_and_gradients", "test_special_values.py", "test_edge_cases.py", "test_rows.py", "test_sums.py",
    "test_optimizers.py", "test_options.py", "test_loss.py", "test_activation.py", "test_joining.py", "test_layers.py",
    "test_precision.py", "test_halves.py", "test_silence.py",
)  # fmt: skip
# The test files of a function of nn.functional and of an optimiser, besides the tests that name it.
FILES = {
    "nn/functional/loss.py": ("test_loss.py",),
    "nn/functional/activation.py": ("test_activation.py",),
    "nn/functional/normalization.py": ("test_layers.py",),
    "nn/functional/regularization.py": ("test_layers.py", "test_stream.py"),
    "nn/functional/encoding.py": ("test_loss.py",),
    "optim/sgd.py": ("test_optimizers.py", "test_options.py", "test_halves.py::test_optimizers"),
    "optim/adam.py": ("test_optimizers.py", "test_options.py", "test_halves.py::test_optimizers"),
}


@dataclass
class Result:
    """Whether a mutant was caught: by which test, and what it raised."""

    mutant: Mutant
    caught: str = ""
    error: str = ""
    tests: int = 0
    seconds: float = 0.0


@dataclass
class Mutation:
    """A plugin of pytest: where the collected tests would run, the mutants do."""

    mutants: list[Mutant]
    jobs: int
    report: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        tests = Tests(session.items)
        for item in tests.to_warm_up():
            _run(item)
        gc.collect()
        gc.freeze()
        waiting = [(mutant, tests.of(mutant)) for mutant in self.mutants]
        running: dict[int, tuple[Mutant, int]] = {}
        for mutant, items in waiting:
            while len(running) >= self.jobs:
                self._wait(running)
            pid, pipe = _forked(mutant, items)
            running[pid] = mutant, pipe
        while running:
            self._wait(running)
        return True

    def _wait(self, running: dict[int, tuple[Mutant, int]]) -> None:
        pid, status = os.wait()
        mutant, pipe = running.pop(pid)
        with os.fdopen(pipe) as stream:
            text = stream.read()
        result = Result(mutant, *json.loads(text)) if text else Result(mutant, "the process", _ended(status))
        self.results.append(result)
        self.report(result)


class Tests:
    """The collected tests, and which of them are those of a mutant."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.found: dict[str, list[Any]] = {}

    def of(self, mutant: Mutant) -> list[Any]:
        """The tests of all its users, in the order in which they are run."""
        ranked: dict[Any, tuple[int, int, int]] = {}
        for user in mutant.users:
            for item in self._of_user(user, mutant.file):
                ranked.setdefault(item, (_rank(item), sum(r[0] == _rank(item) for r in ranked.values()), len(ranked)))
        return sorted(ranked, key=lambda item: ranked[item])

    def to_warm_up(self) -> list[Any]:
        """Tests whose first run takes long, because they import and prepare what the others use, too."""
        return [item for item in self.items if item.nodeid.endswith(f"{FIRST[0]}[{WARM}]")]

    def _of_user(self, user: str, file: str) -> list[Any]:
        key = f"{user} {file if '.' in user else ''}"
        if key not in self.found:
            self.found[key] = [item for item in self.items if _tests(item, user.rpartition(".")[2], file)]
        return self.found[key]


def _tests(item: Any, name: str, file: str) -> bool:
    """Whether a test is of a row or a function, by its parameters or its name, or stands in the file for it."""
    parameters = getattr(item, "callspec", None)
    texts = [str(x) for x in parameters.params.values()] if parameters else []
    named = any(re.search(rf"(?<![A-Za-z0-9_]){name}_?(?![A-Za-z0-9_])", text) for text in [*texts, item.name])
    return named or f"_{name}_" in f"{item.originalname}_" or any(part in item.nodeid for part in FILES.get(file, ()))


def _rank(item: Any) -> int:
    return next((i for i, part in enumerate(FIRST) if part in item.nodeid), len(FIRST))


# -- in a process of its own -----------------------------------------------------------------------


def _forked(mutant: Mutant, items: list[Any]) -> tuple[int, int]:
    """The number of a new process that runs the tests, and the pipe in which it writes what came of it."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    found: tuple[Any, ...] = ("the process", "did not start", 0, 0.0)
    try:
        _silence()
        resource.setrlimit(resource.RLIMIT_AS, (_memory() + MEMORY, -1))
        found = _first_failure(mutant.apply, items)
    except BaseException as error:
        found = "the change", repr(error), 0, 0.0
    finally:
        os.write(write, json.dumps(found).encode())
        os._exit(0)


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)


def _memory() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _first_failure(apply: Callable[[], None], items: Iterable[Any]) -> tuple[str, str, int, float]:
    apply()
    start, count = time.process_time(), 0
    for item in items:
        if time.process_time() - start > SECONDS_OF_ALL:
            break
        count += 1
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, SECONDS_ASLEEP)
        error = _failure(item)
        if error is not None:
            return item.nodeid, f"{type(error).__name__}: {error}"[:300], count, time.process_time() - start
    return "", "", count, time.process_time() - start


def _failure(item: Any) -> BaseException | None:
    """What a test raises."""
    try:
        _run(item)
    except pytest.skip.Exception:
        return None
    except BaseException as error:
        return error
    return None


def _run(item: Any) -> None:
    """Run a test as pytest does, but without a report: making the text of it takes longer than the test."""
    item.repr_failure = lambda *args, **kwargs: ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if item.get_closest_marker("filterwarnings") else "error")
        for hook in ("setup", "call"):
            getattr(item.ihook, f"pytest_runtest_{hook}")(item=item)
    item.ihook.pytest_runtest_teardown(item=item, nextitem=None)


def _ended(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"exit status {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    return "no end" if number in (signal.SIGPROF, signal.SIGALRM) else signal.Signals(number).name
