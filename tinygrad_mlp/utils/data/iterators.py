"""One pass over a DataLoader: what every iterator does, and the one that loads in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from ...messages import warn
from ._utils.fetch import _DatasetKind
from .refusals import (
    LONGER_THAN_SAID,
    LONGER_WITH_WORKERS,
    NO_PICKLED_ITERATOR,
    PIN_MEMORY,
    PIN_MEMORY_DEVICE,
    TIMEOUT_WITHOUT_WORKERS,
)
from .sampler import draw_seed

if TYPE_CHECKING:
    from .dataloader import DataLoader


class _BaseDataLoaderIter:
    """An iterator over the batches of a DataLoader (torch.utils.data.dataloader._BaseDataLoaderIter)."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._dataset = loader.dataset
        self._dataset_kind = loader._dataset_kind
        self._auto_collation = loader._auto_collation
        self._drop_last = loader.drop_last
        self._index_sampler = loader._index_sampler
        self._num_workers = loader.num_workers
        if loader.pin_memory and loader.pin_memory_device:
            warn(PIN_MEMORY_DEVICE.format(device=loader.pin_memory_device))
        if loader.pin_memory:
            warn(PIN_MEMORY)
        self._pin_memory = False
        self._timeout = loader.timeout
        self._collate_fn = loader.collate_fn
        self._persistent_workers = loader.persistent_workers
        _BaseDataLoaderIter._reset(self, loader)
        self._base_seed = draw_seed(loader.generator)  # torch draws it after the sampler begins, even without workers

    def _reset(self, loader: DataLoader[Any], first_iter: bool = False) -> None:
        """Begin a new epoch."""
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._sampler_iter = iter(self._index_sampler)
        self._num_yielded = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def _next_index(self) -> Any:
        return next(self._sampler_iter)

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        said = self._IterableDataset_len_called
        if said is not None and self._dataset_kind == _DatasetKind.Iterable and self._num_yielded > said:
            text = LONGER_THAN_SAID.format(dataset=self._dataset, said=said, count=self._num_yielded)
            warn(text + (LONGER_WITH_WORKERS if self._num_workers else ""))
        return data

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(NO_PICKLED_ITERATOR, type(self).__name__)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Loads every batch when it is asked for, in the calling thread."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if self._timeout:
            raise AssertionError(TIMEOUT_WITHOUT_WORKERS)
        self._dataset_fetcher = _DatasetKind.create_fetcher(
            self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last
        )

    def _next_data(self) -> Any:
        return self._dataset_fetcher.fetch(next(self._sampler_iter))
