"""DataLoader, which goes through a data set in batches, in torch's order for the same seed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, Generic

from ... import random
from ...messages import warn
from ._utils.collate import default_collate, default_convert
from ._utils.fetch import _DatasetKind
from ._utils.worker import get_worker_info
from .dataset import IterableDataset, Sample
from .iterators import _BaseDataLoaderIter, _SingleProcessDataLoaderIter
from .refusals import (
    BATCH_SAMPLER_ALONE,
    CONTEXT_NAME,
    CONTEXT_TYPE,
    CONTEXT_WITHOUT_WORKERS,
    CPUSET_NOT_ASKED,
    DROP_LAST_OF_NO_BATCH,
    MANY_WORKERS,
    NO_SUGGESTION,
    NOT_FOR_STREAMS,
    NUM_WORKERS,
    PERSISTENT_WITHOUT_WORKERS,
    PREFETCH_NEGATIVE,
    PREFETCH_WITHOUT_WORKERS,
    SAMPLER_AND_SHUFFLE,
    SET_LATER,
    SUGGESTION,
    TIMEOUT,
)
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]


class DataLoader(Generic[Sample]):
    """An iterable over the batches of a data set; each pass over it is an epoch.

    The indices of the samples come from `sampler`, or, with `shuffle`, in a random order that is torch's for the same
    seed; `batch_sampler` gives lists of indices itself. With `batch_size` None the samples come one by one. With
    `drop_last` a last batch of fewer samples is left out. `collate_fn` makes a batch of a list of samples. An
    IterableDataset gives its samples in its own order.

    With `num_workers` the batches are made by so many processes, each with a copy of the data set, up to
    `prefetch_factor` (2) per worker ahead of the batch that is asked for. They come in the same order as without
    workers, or as they are ready if not `in_order`. `worker_init_fn` is called with the number of each worker when it
    starts; `multiprocessing_context` says how it starts; with `persistent_workers` it stays for the next epoch. A
    worker's exception is raised again with its traceback in the text; RuntimeError if a worker dies, or if a batch
    takes longer than `timeout` seconds. `pin_memory` and `pin_memory_device` are accepted and change nothing.

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
        self.multiprocessing_context = multiprocessing_context
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.timeout, self.worker_init_fn, self.in_order = timeout, worker_init_fn, in_order
        streams = isinstance(dataset, IterableDataset)
        self._dataset_kind = _DatasetKind.Iterable if streams else _DatasetKind.Map
        if streams:
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
        if streams:
            sampler = _InfiniteConstantSampler()
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
        self._IterableDataset_len_called: int | None = None
        self._iterator: Any = None
        self._initialized = True
        self.check_worker_number_rationality()

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(SET_LATER.format(name=name, type=type(self).__name__))
        object.__setattr__(self, name, value)

    @property
    def multiprocessing_context(self) -> Any:
        """The context of Python's multiprocessing that starts the workers, or None for the usual one."""
        return self._multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        self._multiprocessing_context = _context(context, self.num_workers)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> _BaseDataLoaderIter:
        if not self.persistent_workers or not self.num_workers:
            return self._get_iterator()
        if self._iterator is None or not self._iterator._is_usable:
            self._iterator = self._get_iterator()
        else:
            self._iterator._reset(self)
        return self._iterator  # type: ignore[no-any-return]

    def _get_iterator(self) -> _BaseDataLoaderIter:
        if not self.num_workers:
            return _SingleProcessDataLoaderIter(self)
        from .workers import _MultiProcessingDataLoaderIter  # which imports multiprocessing

        self.check_worker_number_rationality()
        return _MultiProcessingDataLoaderIter(self)

    def __len__(self) -> int:
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        count = self._IterableDataset_len_called = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def check_worker_number_rationality(self) -> None:
        """Warn if there are more workers than processors for this process (as in torch)."""
        if not self.num_workers:
            return
        knows = hasattr(os, "sched_getaffinity")
        cores = len(os.sched_getaffinity(0)) if knows else os.cpu_count()
        if cores is None or self.num_workers > cores:
            how = "" if knows else CPUSET_NOT_ASKED
            suggestion = NO_SUGGESTION if cores is None else SUGGESTION.format(cores=cores, how=how)
            warn(MANY_WORKERS.format(workers=self.num_workers, suggestion=suggestion))


# The attributes that cannot be set after __init__, because they decide which samples come.
_FIXED = frozenset(("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"))


class _InfiniteConstantSampler(Sampler[None]):
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
    """Check a context of Python's multiprocessing, or its name, and return it."""
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
