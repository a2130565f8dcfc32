"""Fetching: how the samples of one batch are taken from a data set and collated, in this process or in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ....tensor import FUNCTIONS, Tensor
from ..dataset import Subset, TensorDataset
from .collate import is_default


class _DatasetKind:
    """The two kinds of data sets, and the fetcher for each (torch.utils.data._DatasetKind)."""

    Map = 0
    Iterable = 1

    @staticmethod
    def create_fetcher(
        kind: int, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool
    ) -> _MapDatasetFetcher | _IterableDatasetFetcher:
        fetcher = _MapDatasetFetcher if kind == _DatasetKind.Map else _IterableDatasetFetcher
        return fetcher(dataset, auto_collation, collate_fn, drop_last)


class _MapDatasetFetcher:
    """Takes samples by their indices."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn

    def fetch(self, possibly_batched_index: Any) -> Any:
        """The batch of these indices or, without batches, the sample of this index."""
        if not self.auto_collation:
            return self.collate_fn(self.dataset[possibly_batched_index])
        if is_default(self.collate_fn):
            batch = batch_of_tensors(self.dataset, possibly_batched_index)
            if batch is not None:
                return batch
        several = getattr(self.dataset, "__getitems__", None)
        if several:
            return self.collate_fn(several(possibly_batched_index))
        return self.collate_fn([self.dataset[i] for i in possibly_batched_index])


class _IterableDatasetFetcher:
    """Takes the next samples of a stream, as many as there are indices."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.dataset_iter: Iterator[Any] = iter(dataset)
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, possibly_batched_index: Any) -> Any:
        """The next batch or, without batches, the next sample; StopIteration at the end of the stream."""
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.dataset_iter))
        size = len(possibly_batched_index)
        samples = list(islice(self.dataset_iter, size))
        self.ended = len(samples) < size
        if not samples or (self.ended and self.drop_last):
            raise StopIteration
        return self.collate_fn(samples)


def batch_of_tensors(dataset: Any, indices: Sequence[int]) -> list[Tensor] | None:
    """Return the batch of these samples by one indexing of each tensor; None where that may not be the same.

    It is the same for the plain class TensorDataset and subsets of one, unless there is a gradient, whose tape would
    name other operators, or an index is not an int.
    """
    while type(dataset) is Subset:
        chosen = dataset.indices
        if not _all_ints(indices):
            return None
        indices, dataset = [chosen[i] for i in indices], dataset.dataset
    if type(dataset) is not TensorDataset or not _all_ints(indices):
        return None
    tensors = dataset.tensors
    if not all(type(tensor) is Tensor and not tensor.needs_grad for tensor in tensors):
        return None
    where = np.array(indices, np.int64)
    return [FUNCTIONS["getitem"](tensor, where).contiguous() for tensor in tensors]


def _all_ints(indices: Sequence[Any]) -> bool:
    return set(map(type, indices)) == {int}
