"""Each mutant runs in a process of its own, a fork of one that has imported everything and collected the tests."""

from __future__ import annotations

import functools
import gc
import json
import os
import re
import resource
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from .mutants import Mutant

SECONDS = 30  # of computing that a test may take, before it counts as endless
SECONDS_ASLEEP = 300  # the same by the clock, for one that waits
MEMORY = 6 << 30  # bytes that a mutant may take
WARM = "tanh"  # the row whose test is run first, for what it imports

# The tests that find most faults come first.
FIRST = (
    "test_rows.py::test_values_and_gradients", "test_edge_cases.py", "test_special_values.py", "test_rows.py",
    "test_sums.py", "test_optimizers.py", "test_options.py", "test_loss.py", "test_activation.py", "test_joining.py",
    "test_layers.py", "test_precision.py", "test_halves.py", "test_silence.py",
)  # fmt: skip
# The test files of a function of nn.functional and of an optimiser, besides the tests that name it.
FILES = {
    "nn/functional/loss.py": ("test_loss.py",),
    "nn/functional/activation.py": ("test_activation.py",),
    "nn/functional/normalization.py": ("test_layers.py", "test_activation.py::test_along"),
    "nn/functional/regularization.py": ("test_layers.py", "test_stream.py"),
    "nn/functional/encoding.py": ("test_activation.py",),
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


@dataclass(eq=False)  # so that it can be a key, as older pytest makes plugins
class Mutation:
    """A plugin of pytest: where the collected tests would run, the mutants do."""

    mutants: list[Mutant]
    jobs: int
    seconds: float  # of computing for all tests of one
    report: Callable[[Result, int], None]
    results: list[Result] = field(default_factory=list)
    interrupted: bool = False  # by ctrl-c: the results so far are kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        tests = Tests(session.items)
        for item in tests.to_warm_up():
            _run(item)
        gc.collect()
        gc.freeze()
        running: dict[int, tuple[Mutant, int]] = {}
        try:
            for mutant in self.mutants:
                while len(running) >= self.jobs:
                    self._wait(running)
                pid, pipe = _forked(mutant, tests.of(mutant), self.seconds)
                running[pid] = mutant, pipe
        except KeyboardInterrupt:
            self.interrupted = True
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
        self.report(result, len(self.results))


class Tests:
    """The collected tests, and which of them are those of a mutant."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.found: dict[tuple[str, ...], list[Any]] = {}
        self.by_word: dict[str, dict[Any, None]] = {}  # dicts, because they keep the order
        self.by_function: dict[str, dict[Any, None]] = {}
        for item in items:
            self.by_function.setdefault(item.originalname, {})[item] = None
            for word in _words(item):
                self.by_word.setdefault(word, {})[item] = None

    def of(self, mutant: Mutant) -> list[Any]:
        """The tests of all its users, in the order in which they are run: in turn one of each user."""
        key = (*mutant.users, mutant.file)
        if key not in self.found:
            places: dict[Any, tuple[int, int]] = {}
            for user in mutant.users:
                counts: Counter[int] = Counter()
                for item in self._of_user(user.rpartition(".")[2], mutant.file):
                    rank = _rank(item)
                    places.setdefault(item, (rank, counts[rank]))
                    counts[rank] += 1
            self.found[key] = sorted(places, key=lambda item: places[item])
        return self.found[key]

    def to_warm_up(self) -> list[Any]:
        """Tests whose first run takes long, because they import and prepare what the others use, too."""
        return [item for item in self.items if item.nodeid.endswith(f"{FIRST[0]}[{WARM}]")]

    def _of_user(self, name: str, file: str) -> dict[Any, None]:
        """The tests that have the name of a row or a function in their own, or in a parameter, or stand in its file."""
        named = self.by_word.get(name, {}) | self.by_word.get(f"{name}_", {})
        for function, items in self.by_function.items():
            if f"_{name}_" in f"{function}_":
                named |= items
        parts = FILES.get(file, ())
        return named | {item: None for item in self.items if parts and any(part in item.nodeid for part in parts)}


def _words(item: Any) -> set[str]:
    parameters = getattr(item, "callspec", None)
    texts = [str(x) for x in parameters.params.values()] if parameters else []
    return set(re.findall(r"\w+", " ".join([*texts, item.name])))


def _rank(item: Any) -> int:
    return next((i for i, part in enumerate(FIRST) if part in item.nodeid), len(FIRST))


# -- in a process of its own -----------------------------------------------------------------------


def _forked(mutant: Mutant, items: list[Any], seconds: float) -> tuple[int, int]:
    """The number of a new process that runs the tests, and the pipe in which it writes what came of it."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    found: tuple[Any, ...] = ("the process", "did not start", 0, 0.0)
    try:
        _silence()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_AS, (_memory() + MEMORY, -1))
        found = _first_failure(mutant.apply, items, seconds)
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


def _first_failure(apply: Callable[[], None], items: Iterable[Any], seconds: float) -> tuple[str, str, int, float]:
    apply()
    start, count = time.process_time(), 0
    for item in items:
        if time.process_time() - start > seconds:
            break
        count += 1
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, SECONDS_ASLEEP)
        error = _failure(item)
        if error is not None:
            said = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
            return item.nodeid, said[:300], count, time.process_time() - start
    return "", "", count, time.process_time() - start


def _failure(item: Any) -> BaseException | None:
    """What a test raises."""
    if hasattr(item.obj, "hypothesis"):
        _at_once(item.obj)
    try:
        _run(item)
    except pytest.skip.Exception:
        return None
    except BaseException as error:
        return error
    return None


class Failed(BaseException):
    """What a test raised. Hypothesis lets it pass, where it would run the same example again for an Exception."""


def _at_once(test: Any) -> None:
    """Have a test of hypothesis end at the first example that fails."""
    inner = test.hypothesis.inner_test

    @functools.wraps(inner)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            inner(*args, **kwargs)
        except Exception as error:
            if type(error).__module__.startswith("hypothesis"):  # by which it says that an example is of no use
                raise
            raise Failed(f"{type(error).__name__}: {error}") from error

    test.hypothesis.inner_test = run


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
