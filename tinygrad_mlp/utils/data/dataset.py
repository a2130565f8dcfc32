"""Data sets, which give samples by their index or as a stream, and functions that combine and split them."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

from ... import random
from ...tensor import Tensor
from .refusals import (
    BEFORE_FIRST,
    CHAIN_TYPE,
    CONCAT_OF_NONE,
    CONCAT_OF_STREAM,
    NO_GETITEM,
    SPLIT_FRACTION,
    SPLIT_LENGTHS,
    STACK_COUNT,
    STACK_LENGTHS,
    STACK_OF_BOTH,
    STACK_OF_NONE,
    SUBSET_HALF,
    TENSOR_SIZES,
)

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """The base class of data sets: a subclass defines `__getitem__(index)`, and `__len__`, which a loader needs.

    `a + b` has the samples of a, then those of b. Source: torch.utils.data.Dataset.
    """

    def __getitem__(self, index: Any) -> Sample:
        raise NotImplementedError(NO_GETITEM)

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample], Iterable[Sample]):
    """The base class of data sets that are streams: a subclass must define `__iter__`, which yields the samples.

    `a + b` yields the samples of a, then those of b. Source: torch.utils.data.IterableDataset.
    """

    def __add__(self, other: Any) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class ChainDataset(IterableDataset[Any]):
    """Several streams, one after the other.

    AssertionError, at iteration, for what is not an IterableDataset. Source: torch.utils.data.ChainDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(CHAIN_TYPE)
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        for dataset in self._streams():
            yield from dataset

    def __len__(self) -> int:
        return sum(map(len, self._streams()))


class StackDataset(Dataset[Any]):
    """Data sets side by side: sample i is the tuple, or with keywords the dict, of their i-th samples.

    ValueError without data sets, for positional ones together with keywords, and for data sets of different lengths.
    Source: torch.utils.data.StackDataset.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(STACK_OF_BOTH)
        if not args and not kwargs:
            raise ValueError(STACK_OF_NONE)
        self.datasets: Any = args or kwargs
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        self._length = lengths[0]
        if any(length != self._length for length in lengths):
            raise ValueError(STACK_LENGTHS)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        """The samples at several indices; a data set that has this method gives its own all at once.

        ValueError if it gives another number of them.
        """
        if isinstance(self.datasets, dict):
            columns = [_several(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(self.datasets, row, strict=True)) for row in zip(*columns, strict=True)]
        return list(zip(*(_several(dataset, indices) for dataset in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


def _several(dataset: Any, indices: list[Any]) -> Any:
    """The samples at several indices."""
    if not callable(getattr(dataset, "__getitems__", None)):
        return [dataset[i] for i in indices]
    samples = dataset.__getitems__(indices)
    if len(samples) != len(indices):
        raise ValueError(STACK_COUNT.format(expected=len(indices), count=len(samples)))
    return samples


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors side by side: sample i is the tuple of tensor[i] for each of them.

    AssertionError unless the tensors have the same first size. Source: torch.utils.data.TensorDataset.
    """

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError(TENSOR_SIZES)
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class Subset(Dataset[Any]):
    """The samples of another data set at the given indices.

    NotImplementedError for a subclass that overrides `__getitem__` but not `__getitems__`, by which a loader gets its
    samples. Source: torch.utils.data.Subset.
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(SUBSET_HALF.format(type=kind.__name__))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> Any:
        """The samples at several indices, all at once if the other data set can do that."""
        chosen = [self.indices[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(chosen)
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Any]):
    """Several data sets, one after the other.

    AssertionError without data sets and for a stream; ValueError for a negative index before the first sample,
    IndexError for one after the last. Source: torch.utils.data.ConcatDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError(CONCAT_OF_NONE)
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(CONCAT_OF_STREAM)
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """The lengths of the data sets up to each of them."""
        return list(accumulate(map(len, sequence)))

    def __getitem__(self, index: int) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError(BEFORE_FIRST)
            index += len(self)
        which = bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(dataset: Any, lengths: Sequence[float], generator: random.Generator | None = None) -> list[Subset]:
    """Split a data set at random into parts, whose sizes are given as lengths or as fractions that sum to 1.

    Fractions are rounded down to lengths, and the samples that remain are given to the parts in turn, from the first.
    The samples of each part are torch's for the same seed of the generator. ValueError if the lengths do not sum to
    that of the data set, or a fraction is not in [0, 1]; a fraction that gets no sample is warned of. Source:
    torch.utils.data.random_split.
    """
    counts = list(lengths)
    if math.isclose(sum(counts), 1) and sum(counts) <= 1:
        for i, fraction in enumerate(counts):
            if not 0 <= fraction <= 1:
                raise ValueError(SPLIT_FRACTION.format(index=i))
        counts = [math.floor(len(dataset) * fraction) for fraction in counts]
        for i in range(len(dataset) - sum(counts)):  # type: ignore[arg-type]
            counts[i % len(counts)] += 1
        for i, count in enumerate(counts):
            if not count:
                warnings.warn(
                    f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=2
                )
    if sum(counts) != len(dataset):
        raise ValueError(SPLIT_LENGTHS)
    order = (generator or random.default_generator).permutation(len(dataset)).tolist()
    ends = list(accumulate(int(count) for count in counts))
    return [Subset(dataset, order[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
