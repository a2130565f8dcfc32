"""The parent's side of loading in worker processes; it is imported when a loader first starts some.

Worker i gets the batches i, i + num_workers, ... as long as no worker runs out of data. Each has two pipes, one for its
tasks and one for its batches, so that the batches of one worker come in the order of its tasks.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import select
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING, Any

from ...messages import warn
from ...settings import get_num_threads
from ...tensor.creation.data import tensor
from ._utils import transport
from ._utils.collate import default_collate
from ._utils.exceptions import ExceptionWrapper
from ._utils.fetch import batch_of_tensors
from ._utils.worker import MP_STATUS_CHECK_INTERVAL, Exhausted, Job, Resume, run
from .dataset import TensorDataset
from .iterators import _BaseDataLoaderIter
from .refusals import DEAD_WORKERS, INTERRUPTED, NO_PREFETCH, NOT_PICKLED, TIMED_OUT

if TYPE_CHECKING:
    from .dataloader import DataLoader


_SECONDS_TO_BE_KILLED = 60  # far more than it takes, so that a process that the system does not end is no hang


@cache
def _prepare() -> None:
    """Load, once, what each worker would load when it begins: a process that is forked has it then."""
    import numpy.random  # noqa: F401

    get_num_threads()
    data = TensorDataset(tensor([1.0]))
    batch_of_tensors(data, [0])
    default_collate([data[0]])


class _Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, context: Any, job: Job) -> None:
        self.is_active = True  # whether it can be given tasks
        self.outstanding = 0  # tasks without a result
        tasks, self._tasks = transport.pipe(context)
        self._results, results = transport.pipe(context)
        transport.keep(self._tasks)
        transport.keep(self._results)
        self._sender = transport.Sender(self._tasks.fileno())
        self.descriptor = self._results.fileno()
        self._poll = select.poll()
        self._poll.register(self.descriptor, select.POLLIN)
        self.process = context.Process(target=run, args=(job, tasks, results), daemon=True)
        try:
            self.process.start()
        except BaseException:
            transport.close(self._tasks)
            transport.close(self._results)
            raise
        finally:
            tasks.close()
            results.close()

    def give(self, task: Any) -> None:
        """Give it a task; a worker that has died is noticed when its result is asked for."""
        with suppress(BrokenPipeError):
            self._sender.send(transport.packed(task))

    def has_result(self, seconds: float) -> bool:
        """Wait for a result; also True if there will be none, which `result` then tells."""
        return bool(self._poll.poll(seconds * 1000))

    def result(self) -> Any:
        """Its next result; EOFError if it has died."""
        return transport.receive(self.descriptor)

    def dismiss(self) -> None:
        """Let it end: it is told so, and its pipes are closed."""
        self.is_active = False
        transport.close(self._results)
        self.give(None)
        if not self._sender.is_waiting:
            transport.close(self._tasks)

    def end(self, seconds: float) -> None:
        """Wait for its end; after these seconds it is ended by force."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.terminate()
            self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(_SECONDS_TO_BE_KILLED)
        transport.close(self._tasks)


def _stop(workers: list[_Worker], parent: int) -> None:
    """End workers, unless this is a process that was forked from their parent."""
    if os.getpid() != parent:
        return
    for worker in workers:
        worker.dismiss()
    for worker in workers:
        worker.end(MP_STATUS_CHECK_INTERVAL)
    workers.clear()


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Has the batches loaded by workers, some ahead of those that are asked for.

    RuntimeError, as in torch, if a worker dies or, with a `timeout`, does not answer in time. When the iterator ends,
    is dropped, or is interrupted, its workers end; with `persistent_workers` they stay until the loader is dropped.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        factor = loader.prefetch_factor or 0
        if factor <= 0:
            raise AssertionError(NO_PREFETCH)
        self._most_tasks = factor * self._num_workers
        self._in_order = loader.in_order
        self._failure: str | None = None  # why there are no workers any more, if that is not because all is done
        self._workers: list[_Worker] = []
        self._shutdown_workers: Callable[[], Any] = weakref.finalize(self, _stop, self._workers, os.getpid())
        with self._ending_on_failure():
            self._start(loader)
            self._reset(loader, first_iter=True)

    def _start(self, loader: DataLoader[Any]) -> None:
        _prepare()
        context = loader.multiprocessing_context or multiprocessing.get_context()
        for i in range(self._num_workers):
            job = Job(
                self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last,
                self._base_seed, loader.worker_init_fn, i, self._num_workers,
            )  # fmt: skip
            try:
                self._workers.append(_Worker(context, job))
            except (TypeError, AttributeError, pickle.PicklingError):
                warn(NOT_PICKLED)
                raise

    @contextmanager
    def _ending_on_failure(self) -> Iterator[None]:
        """A block that ends all workers if it raises, Ctrl-C included: a message may be half sent, a result be lost."""
        try:
            yield
        except BaseException as error:
            self._failure = str(error) if isinstance(error, RuntimeError) else INTERRUPTED
            self._shutdown_workers()
            raise

    @property
    def _is_usable(self) -> bool:
        """Whether the workers are there for another epoch."""
        return bool(self._workers)

    def _reset(self, loader: DataLoader[Any], first_iter: bool = False) -> None:
        with self._ending_on_failure():
            super()._reset(loader, first_iter)
            self._tasks: dict[int, _Worker] = {}  # those without a result yet, in order
            self._tasks_given = 0
            self._turns = cycle(self._workers)
            if not first_iter:
                self._resume()
            for _ in range(self._most_tasks):
                self._give_task()

    def _resume(self) -> None:
        """Tell all workers that a new epoch begins, and take away what they sent in the one before."""
        for worker in self._workers:
            worker.is_active = True
            worker.outstanding = 0
            worker.give(Resume())
        for worker in self._workers:
            while not isinstance(self._result_of([worker])[1][0], Resume):
                pass

    def _give_task(self) -> None:
        """Give the next batch to the worker whose turn it is, unless there is none of either."""
        try:
            indices = self._next_index()
        except StopIteration:
            return
        active = sum(worker.is_active for worker in self._workers)
        for _ in self._workers:
            worker = next(self._turns)
            if worker.is_active and (self._in_order or worker.outstanding < self._most_tasks // active):
                break
        else:
            return
        worker.give((self._tasks_given, indices))
        worker.outstanding += 1
        self._tasks[self._tasks_given] = worker
        self._tasks_given += 1

    def _next_data(self) -> Any:
        if self._failure is not None:
            raise RuntimeError(self._failure)
        with self._ending_on_failure():
            data = self._awaited()
        if isinstance(data, Exhausted):
            if not self._persistent_workers:
                self._shutdown_workers()
            raise StopIteration
        if isinstance(data, ExceptionWrapper):
            data.reraise()
        return data

    def _awaited(self) -> Any:
        """The next batch, or what a worker sent instead of it; Exhausted if there is no task left."""
        while self._tasks:
            asked = list(dict.fromkeys(self._tasks.values()))
            worker, (number, data) = self._result_of(asked[:1] if self._in_order else asked)
            worker.outstanding -= 1
            if not isinstance(data, Exhausted):
                del self._tasks[number]
                self._give_task()
                return data
            worker.is_active = False
            self._tasks = {n: other for n, other in self._tasks.items() if other is not worker}
            self._give_task()
        return Exhausted()

    def _result_of(self, workers: list[_Worker]) -> tuple[_Worker, Any]:
        """The next result of one of these workers."""
        end = time.monotonic() + (self._timeout or math.inf)
        while True:
            left = end - time.monotonic()
            worker = _first_ready(workers, max(0.0, min(left, MP_STATUS_CHECK_INTERVAL)))
            if worker is not None:
                try:
                    return worker, worker.result()
                except EOFError:
                    worker.process.join(MP_STATUS_CHECK_INTERVAL)
            dead = [each for each in self._workers if each is worker or each.process.exitcode is not None]
            if dead:
                pids = ", ".join(str(each.process.pid) for each in dead)
                raise RuntimeError(DEAD_WORKERS.format(pids=pids))
            if left <= 0:
                raise RuntimeError(TIMED_OUT.format(seconds=self._timeout))


def _first_ready(workers: Iterable[_Worker], seconds: float) -> _Worker | None:
    """The worker that has a result first; None if none has one in time."""
    workers = list(workers)
    if len(workers) == 1:
        return workers[0] if workers[0].has_result(seconds) else None
    poll = select.poll()
    for worker in workers:
        poll.register(worker.descriptor, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
    return next((worker for worker in workers if worker.descriptor in ready), None)
