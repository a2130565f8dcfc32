"""What a worker does: it takes tasks, which are the indices of batches, and sends the batches back."""

from __future__ import annotations

import gc
import os
import random
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ....random import manual_seed
from ....settings import set_num_threads
from .collate import is_default
from .exceptions import ExceptionWrapper
from .fetch import _DatasetKind

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .transport import Sender

MP_STATUS_CHECK_INTERVAL = 5.0  # seconds


class WorkerInfo(NamedTuple):
    """What a worker knows of itself: its number, how many there are, its seed, and its copy of the data set.

    Source: torch.utils.data._utils.worker.WorkerInfo.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what the worker knows of itself, or None outside of a worker (torch.utils.data.get_worker_info)."""
    return _worker_info


class Job(NamedTuple):
    """All that a worker is told when it starts."""

    kind: int
    dataset: Any
    auto_collation: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    init_fn: Callable[[int], Any] | None
    id: int
    num_workers: int


class Resume:
    """The task to begin a new epoch, which the worker confirms; what it sent before belongs to the one before."""


class Exhausted:
    """The result of a worker whose stream has ended: it answers no task more until it is told to resume."""


def run(job: Job, tasks: Connection, results: Connection) -> None:
    """Do all tasks until there is None, or the parent has gone. This is the main function of the process.

    The seeds are torch's: that of the parent's iterator plus the worker's number for this package and `random`, and
    for NumPy what its SeedSequence makes of the two, so that they do not repeat each other.
    """
    import numpy.random

    from . import transport

    global _worker_info
    transport.close_ends_of_parent()
    gc.freeze()  # what a fork has inherited is the parent's to collect: finalizers might wait for other processes
    try:
        set_num_threads(1)
        seed = job.base_seed + job.id
        random.seed(seed)
        manual_seed(seed)
        entropy = [job.id, job.base_seed & 0xFFFFFFFF, job.base_seed >> 32, 0]
        numpy.random.seed(numpy.random.SeedSequence(entropy).generate_state(4))
        _worker_info = WorkerInfo(job.id, job.num_workers, seed, job.dataset)
        _work(job, tasks.fileno(), transport.Sender(results.fileno()))
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        pass  # the parent has ended or is about to, and says so itself


def _work(job: Job, tasks: int, results: Sender) -> None:
    from .transport import receive

    fetch, failed = _first_fetcher(job)
    parent = os.getppid()
    exhausted = False
    while _has_task(tasks, parent):
        task = receive(tasks)
        if task is None or results.is_deserted:
            return
        if isinstance(task, Resume):
            fetch, failed, exhausted = *_fetcher(job), False
            results.send(_packed(job, (task, None)))
        elif not exhausted:
            number, indices = task
            result = failed or _fetched(job, fetch, indices)
            exhausted = isinstance(result, Exhausted)
            results.send(_packed(job, (number, result)))


def _has_task(tasks: int, parent: int) -> bool:
    """Wait for a task, or for the end of the pipe; False if the parent has gone but others keep the pipe open."""
    poll = select.poll()
    poll.register(tasks, select.POLLIN)
    while not poll.poll(MP_STATUS_CHECK_INTERVAL * 1000):
        if os.getppid() != parent:
            return False
    return True


def _first_fetcher(job: Job) -> tuple[Any, ExceptionWrapper | None]:
    try:
        if job.init_fn is not None:
            job.init_fn(job.id)
    except Exception:
        return None, _wrapped(job)
    return _fetcher(job)


def _fetcher(job: Job) -> tuple[Any, ExceptionWrapper | None]:
    """The function that fetches batches, or the exception that there is none."""
    try:
        options = job.kind, job.dataset, job.auto_collation, job.collate_fn, job.drop_last
        return _DatasetKind.create_fetcher(*options).fetch, None
    except Exception:
        return None, _wrapped(job)


def _fetched(job: Job, fetch: Any, indices: Any) -> Any:
    try:
        return fetch(indices)
    except Exception as error:
        if isinstance(error, StopIteration) and job.kind == _DatasetKind.Iterable:
            return Exhausted()
        return _wrapped(job)


def _packed(job: Job, message: tuple[Any, Any]) -> Any:
    """The bytes of a message; if the result cannot be pickled, those of the exception that says why."""
    from .transport import packed

    try:
        return packed(message, own=is_default(job.collate_fn))
    except Exception:
        wrapper = message[1] if isinstance(message[1], ExceptionWrapper) else _wrapped(job)
    try:
        return packed((message[0], wrapper))
    except Exception:  # a class that can only be found in this process
        wrapper.exc_msg = f"{wrapper.exc_msg}(the type {wrapper.exc_type.__name__} cannot be pickled)\n"
        wrapper.exc_type = RuntimeError
        return packed((message[0], wrapper))


def _wrapped(job: Job) -> ExceptionWrapper:
    return ExceptionWrapper(where=f"in DataLoader worker process {job.id}")
