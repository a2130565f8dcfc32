"""DataLoader: a data set in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ... import random
from .collate import default_collate, default_convert
from .dataset import batch_of_tensors
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed


class DataLoader:
    """A data set in batches: each pass over the loader is an epoch.

    `shuffle` orders the samples as torch does for the same seed, `sampler` as it says, `batch_sampler` gives the lists
    of indices themselves; with `batch_size` None the samples come one by one. `collate_fn` makes a batch of a list of
    samples. Everything is loaded in this process and thread: `num_workers`, `pin_memory`, `timeout`,
    `worker_init_fn`, `multiprocessing_context`, `prefetch_factor`, `persistent_workers`, `pin_memory_device` and
    `in_order` are accepted and change nothing.

    ValueError, as torch, where `shuffle`, `sampler`, `batch_sampler`, `batch_size` and `drop_last` exclude one another,
    for a `batch_size` that is no positive int and a negative `num_workers`. Source: torch.utils.data.DataLoader.
    """

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Any = None,
        batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None, multiprocessing_context: Any = None,
        generator: random.Generator | None = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
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
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (default_collate if batch_sampler is not None else default_convert)

    def __iter__(self) -> Iterator[Any]:
        draw_seed(self.generator)  # torch draws its workers' seed, even without workers, before the sampler draws
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

    def __len__(self) -> int:
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
