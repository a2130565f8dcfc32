"""DataLoader, which goes through a data set in batches, in torch's order for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import Any

from ... import random
from ...messages import warn
from .collate import default_collate, default_convert
from .dataset import IterableDataset, batch_of_tensors
from .refusals import (
    BATCH_SAMPLER_ALONE,
    CONTEXT_NAME,
    CONTEXT_TYPE,
    CONTEXT_WITHOUT_WORKERS,
    DROP_LAST_OF_NO_BATCH,
    NOT_FOR_STREAMS,
    NUM_WORKERS,
    PERSISTENT_WITHOUT_WORKERS,
    PREFETCH_NEGATIVE,
    PREFETCH_WITHOUT_WORKERS,
    SAMPLER_AND_SHUFFLE,
    SET_LATER,
    TIMEOUT,
)
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed


class DataLoader:
    """An iterable over the batches of a data set; each pass over it is an epoch.

    The indices of the samples come from `sampler`, or, with `shuffle`, in a random order that is torch's for the same
    seed; `batch_sampler` gives lists of indices itself. With `batch_size` None the samples come one by one. With
    `drop_last` a last batch of fewer samples is left out. `collate_fn` makes a batch of a list of samples. An
    IterableDataset gives its samples in its own order. Everything is loaded in the calling thread: `num_workers`,
    `pin_memory`, `timeout`, `worker_init_fn`, `multiprocessing_context`, `prefetch_factor`, `persistent_workers`,
    `pin_memory_device` and `in_order` are kept as attributes and change nothing.

    ValueError, as in torch: if options exclude one another, for a `batch_size` that is not a positive int, a negative
    `num_workers` or `timeout`, options of workers without workers, and for setting later an attribute that decides
    which samples come. TypeError for a `multiprocessing_context` of another type. Source: torch.utils.data.DataLoader.
    """

    _initialized = False

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Any = None,
        batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None, multiprocessing_context: Any = None,
        generator: random.Generator | None = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        if num_workers < 0:
            raise ValueError(NUM_WORKERS)
        if timeout < 0:
            raise ValueError(TIMEOUT)
        self.num_workers = num_workers
        self.prefetch_factor = _prefetch_factor(prefetch_factor, num_workers)
        if persistent_workers and not num_workers:
            raise ValueError(PERSISTENT_WITHOUT_WORKERS)
        self.persistent_workers = persistent_workers
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.timeout, self.worker_init_fn, self.in_order = timeout, worker_init_fn, in_order
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable:
            for name, option in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if option is not None:
                    raise ValueError(NOT_FOR_STREAMS.format(name=name, option=option))
        if sampler is not None and shuffle:
            raise ValueError(SAMPLER_AND_SHUFFLE)
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(BATCH_SAMPLER_ALONE)
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(DROP_LAST_OF_NO_BATCH)
        if self._iterable:
            sampler = _Endless()
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.collate_fn = collate_fn or (default_collate if batch_sampler is not None else default_convert)

        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(SET_LATER.format(name=name, type=type(self).__name__))
        object.__setattr__(self, name, value)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be "
                "used."
            )
        draw_seed(self.generator)  # torch draws a seed for its workers first, even if there are none
        if self._iterable:
            return self._stream(iter(self.dataset))
        return self._samples() if self.batch_sampler is None else self._batches()

    def _samples(self) -> Iterator[Any]:
        for index in self.sampler:
            yield self.collate_fn(self.dataset[index])

    def _batches(self) -> Iterator[Any]:
        several = getattr(self.dataset, "__getitems__", None)
        for indices in self.batch_sampler:
            batch = batch_of_tensors(self.dataset, indices) if self.collate_fn is default_collate else None
            if batch is None:
                samples = [self.dataset[i] for i in indices] if several is None else several(indices)
                batch = self.collate_fn(samples)
            yield batch

    def _stream(self, samples: Iterator[Any]) -> Iterator[Any]:
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def __len__(self) -> int:
        if self._iterable:
            count = len(self.dataset)
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def get_worker_info() -> None:
    """Return None, because everything is loaded in the main process (torch.utils.data.get_worker_info)."""


# The attributes that cannot be set after __init__, because they decide which samples come.
_FIXED = frozenset(("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"))


class _Endless(Sampler[None]):
    """The sampler of an IterableDataset, which has no indices: it yields None without end, as torch's does."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


def _prefetch_factor(factor: int | None, num_workers: int) -> int | None:
    if not num_workers and factor is not None:
        raise ValueError(PREFETCH_WITHOUT_WORKERS)
    if factor is not None and factor < 0:
        raise ValueError(PREFETCH_NEGATIVE)
    return 2 if num_workers and factor is None else factor


def _context(context: Any, num_workers: int) -> Any:
    """Check a context of Python's multiprocessing, or its name, and return it; no worker is ever started in it."""
    if context is None:
        return None
    if not num_workers:
        raise ValueError(CONTEXT_WITHOUT_WORKERS.format(num_workers=num_workers))
    import multiprocessing.context  # imported here because it takes 10 ms, and few need it

    if isinstance(context, str):
        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise ValueError(CONTEXT_NAME.format(methods=methods, context=context))
        return multiprocessing.get_context(context)
    if not isinstance(context, multiprocessing.context.BaseContext):
        raise TypeError(CONTEXT_TYPE.format(context=context))
    return context
