"""Samplers, which decide the order of the samples of a data set; for the same seed the order is torch's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from ... import random
from ...arrays.dtypes import float64
from ...tensor.creation.data import as_tensor
from .refusals import BATCH_SIZE, DROP_LAST, NUM_SAMPLES, REPLACEMENT, WEIGHTS_SHAPE

Index = TypeVar("Index", covariant=True)


class Sampler(Generic[Index]):
    """The base class of samplers: a subclass defines `__iter__`, which yields indices, and `__len__`.

    Source: torch.utils.data.Sampler.
    """

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """The indices in order (torch.utils.data.SequentialSampler)."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in a random order, which is a new one in each pass.

    With `replacement` every index is drawn from all of them. `num_samples` is the number of indices in a pass, by
    default that of the samples. Without a generator each pass makes one, with a seed from the default generator.
    TypeError if `replacement` is not a bool, ValueError if `num_samples` is not a positive int. Source:
    torch.utils.data.RandomSampler.
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None,
        generator: random.Generator | None = None,
    ) -> None:  # fmt: skip
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples
        if not isinstance(replacement, bool):
            raise TypeError(REPLACEMENT.format(replacement=replacement))
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(NUM_SAMPLES.format(num_samples=self.num_samples))

    @property
    def num_samples(self) -> int:
        """The number of indices in a pass: as given, or else the number of samples."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, count = len(self.data_source), self.num_samples
        generator = self.generator or random.Generator().manual_seed(draw_seed(None))
        if self.replacement:
            for start in range(0, count, 32):
                yield from generator.integers(0, n, min(32, count - start)).tolist()
            return
        for _ in range(count // n):
            yield from generator.permutation(n).tolist()
        # Torch shuffles once more for the rest, even if that is empty; a generator of the user's must move on as there.
        yield from generator.permutation(n).tolist()[: count % n]

    def __len__(self) -> int:
        return self.num_samples


def draw_seed(generator: random.Generator | None) -> int:
    """Draw a seed from a generator, as `torch.empty((), dtype=torch.int64).random_()` does."""
    return int((generator or random.default_generator).nonnegative_integers((), np.int64))


class SubsetRandomSampler(Sampler[int]):
    """The given indices in a random order, a new one in each pass (torch.utils.data.SubsetRandomSampler)."""

    def __init__(self, indices: Sequence[int], generator: random.Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or random.default_generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, drawn with probabilities proportional to `weights`, with or without replacement.

    ValueError if `num_samples` is not a positive int, `replacement` is not a bool, or `weights` does not have one
    dimension. Source: torch.utils.data.WeightedRandomSampler.
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: random.Generator | None = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(NUM_SAMPLES.format(num_samples=num_samples))
        if not isinstance(replacement, bool):
            raise ValueError(REPLACEMENT.format(replacement=replacement))
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(WEIGHTS_SHAPE.format(shape=tuple(self.weights.shape)))
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or random.default_generator
        yield from generator.multinomial(self.weights.array, self.num_samples, self.replacement).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`; a shorter last list is left out with `drop_last`.

    ValueError if `batch_size` is not a positive int or `drop_last` is not a bool. Source:
    torch.utils.data.BatchSampler.
    """

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(BATCH_SIZE.format(batch_size=batch_size))
        if not isinstance(drop_last, bool):
            raise ValueError(DROP_LAST.format(drop_last=drop_last))
        self.sampler: Iterable[int] = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
