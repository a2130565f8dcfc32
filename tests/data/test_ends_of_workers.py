"""How loading in worker processes ends: by a death, a timeout, Ctrl-C, a loop that is left; nothing stays behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygrad_mlp
from support import ROOT
from tinygrad_mlp.utils.data import DataLoader, IterableDataset, TensorDataset, workers

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),  # on a machine with one processor
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # of Python 3.12, where there are threads
]


class Numbers:
    """Numbers that are large arrays, of which the one at `at` calls a function first."""

    def __init__(self, at, function):
        self.at = at
        self.function = function

    def __getitem__(self, index):
        if index == self.at:
            self.function()
        return np.full(10_000, index)

    def __len__(self):
        return 40


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep():
    time.sleep(60)


@pytest.fixture(autouse=True, scope="module")
def opened_once():
    """What the first worker in a process opens stays open."""
    list(DataLoader(range(2), num_workers=1))
    gc.collect()


@pytest.fixture(autouse=True)
def nothing_stays_behind(monkeypatch, opened_once):
    """Neither processes nor open files; workers that sleep are waited for only shortly."""
    monkeypatch.setattr(workers, "MP_STATUS_CHECK_INTERVAL", 0.3)
    before = os.listdir("/proc/self/fd"), os.listdir("/dev/shm")
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    assert (os.listdir("/proc/self/fd"), os.listdir("/dev/shm")) == before


@pytest.mark.parametrize("options", [{}, {"in_order": False}, {"persistent_workers": True}, {"timeout": 30}])
def test_a_worker_that_is_killed(options) -> None:
    """The batches before it come; then there is an error, again and again, and its number is in the text."""
    iterator = iter(DataLoader(Numbers(4, die), 2, num_workers=2, **options))
    pids = [worker.process.pid for worker in iterator._workers]
    batches = []
    with pytest.raises(RuntimeError, match=rf"^DataLoader worker \(pid\(s\) {pids[0]}\) exited unexpectedly$"):
        batches += iter(lambda: next(iterator), None)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        next(iterator)


def test_a_worker_that_exits() -> None:
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(DataLoader(Numbers(4, sys.exit), 2, num_workers=1))


def test_a_worker_that_is_killed_while_it_sends() -> None:
    """Half of a batch of eight megabytes is no batch."""
    data = TensorDataset(tinygrad_mlp.ones(4, 1_000_000))
    iterator = iter(DataLoader(data, 1, num_workers=1))
    next(iterator)
    iterator._workers[0].has_result(5)
    iterator._workers[0].process.kill()
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(iterator)


def test_after_a_death_persistent_workers_are_started_anew() -> None:
    loader = DataLoader(Numbers(-1, die), 20, num_workers=2, persistent_workers=True)
    first = iter(loader)
    pids = [worker.process.pid for worker in first._workers]
    first._workers[1].process.kill()
    with pytest.raises(RuntimeError, match=str(pids[1])):
        list(first)
    assert len(list(loader)) == 2
    assert [worker.process.pid for worker in iter(loader)._workers] != pids


def test_persistent_workers_stay_until_the_loader_is_dropped() -> None:
    loader = DataLoader(Numbers(-1, die), 20, num_workers=2, persistent_workers=True)
    runs = [[worker.process.pid for worker in iter(loader)._workers] for _ in range(2) if list(loader)]
    assert runs[0] == runs[1]
    assert len(multiprocessing.active_children()) == 2


def test_a_timeout() -> None:
    iterator = iter(DataLoader(Numbers(2, sleep), 2, num_workers=2, timeout=0.3))
    next(iterator)
    with pytest.raises(RuntimeError, match=r"^DataLoader timed out after 0.3 seconds$"):
        next(iterator)


def test_a_loop_that_is_left() -> None:
    """Also if workers are in the middle of a batch, or have sent what nobody has taken."""
    for function in (die, sleep):
        for batch in DataLoader(Numbers(30, function), 1, num_workers=2, prefetch_factor=8):
            assert batch[0, 0] == 0
            break


def test_an_iterator_in_a_circle() -> None:
    """Dropped by the garbage collector, and not in a process that is forked meanwhile."""
    loader = DataLoader(Numbers(-1, die), 1, num_workers=1)
    circle = [iter(loader)]
    circle.append(circle)
    pid = circle[0]._workers[0].process.pid
    del circle
    assert [len(batch) for batch in DataLoader(Collecting(), 1, num_workers=1)] == [1, 1]
    os.kill(pid, 0)
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


class Collecting:
    def __getitem__(self, index):
        gc.collect()
        return index

    def __len__(self):
        return 2


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize(("place", "call"), [("packed", 1), ("packed", 6), ("receive", 1), ("receive", 7), ("pipe", 4)])
def test_control_c(monkeypatch, persistent, place, call) -> None:
    """A KeyboardInterrupt anywhere ends the workers; the iterator says so, and the loader can be used again."""
    loader = DataLoader(Numbers(-1, die), 1, num_workers=2, persistent_workers=persistent)
    kept = []
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(workers.transport, place, interrupting(getattr(workers.transport, place), call))
        kept.append(iter(loader))
        list(kept[0])
    assert multiprocessing.active_children() == []
    for iterator in kept:
        with pytest.raises(RuntimeError, match="interrupted"):
            next(iterator)
    assert len(list(loader)) == 40


def interrupting(function, call):
    """The function, in whose call of this number in this process somebody presses Ctrl-C."""
    calls, pid = [], os.getpid()

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call and os.getpid() == pid:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    return interrupted


def test_after_an_exception_workers_end_without_the_garbage_collector() -> None:
    """The exception does not keep the iterator, as long as nobody keeps the exception."""
    gc.disable()
    try:
        for options in ({}, {"collate_fn": len, "worker_init_fn": float.fromhex}):
            try:
                list(DataLoader(Numbers(2, lambda: {}["key"]), 2, num_workers=2, **options))
            except (KeyError, TypeError) as error:
                assert "in DataLoader worker process" in str(error)
            assert multiprocessing.active_children() == []
    finally:
        gc.enable()


def test_a_stream_of_one_worker_that_ends_early() -> None:
    class Stream(IterableDataset):
        def __iter__(self):
            return iter([np.ones(10_000)] * 3)

    iterator = iter(DataLoader(Stream(), 2, num_workers=2))
    assert [len(batch) for batch in iterator] == [2, 2, 1, 1]
    assert list(iterator) == []


PROGRAM = """
import os, signal, time
import tinygrad_mlp.utils.data as data
class Slow:
    def __len__(self):
        return 100
    def __getitem__(self, index):
        time.sleep(0.02)
        return index
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored by what runs in the background
loader = data.DataLoader(Slow(), 4, num_workers=2, persistent_workers=True)
iterator = iter(loader)
next(iterator)
print(*[worker.process.pid for worker in iterator._workers], flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), signal.SIGINT)", ""])
def test_the_end_of_the_parent(end) -> None:
    """By force, by Ctrl-C or because the program is over: the workers end, and say nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(end=end)], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == {"": 0, "os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT}.get(end, -signal.SIGKILL)
    assert (done.stderr.count("Traceback"), "KeyboardInterrupt" in done.stderr) == (("SIGINT" in end),) * 2
    pids = list(map(int, done.stdout.split()))
    assert len(pids) == 2
    last = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{pid}") and is_running(pid) for pid in pids):
        assert time.monotonic() < last
        time.sleep(0.05)


def is_running(pid) -> bool:
    """Whether a process runs; one that has ended may wait for whoever looks after orphans."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
