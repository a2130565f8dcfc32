"""The sampler for training in several processes, each of which takes its own part of the samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ... import random
from .refusals import NOT_DISTRIBUTED, RANK
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index, from that at `rank`; all ranks together get every sample.

    With `shuffle` the indices are in a random order that follows from `seed` and the epoch, which `set_epoch` sets, and
    is the same in all processes. Where the number of samples cannot be divided, some come twice or, with `drop_last`,
    some are left out. Both numbers must be given: RuntimeError if one is missing, because this package has no process
    groups; ValueError for a rank that is out of range. Source: torch.utils.data.distributed.DistributedSampler.
    """

    def __init__(
        self, dataset: Any, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
        seed: int = 0, drop_last: bool = False,
    ) -> None:  # fmt: skip
        if num_replicas is None or rank is None:
            raise RuntimeError(NOT_DISTRIBUTED)
        if not 0 <= rank < num_replicas:
            raise ValueError(RANK.format(rank=rank, last=num_replicas - 1))
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        count = len(dataset)
        left_out = num_replicas if drop_last and count % num_replicas else 0
        self.num_samples = math.ceil((count - left_out) / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            indices = random.Generator().manual_seed(self.seed + self.epoch).permutation(count).tolist()
        else:
            indices = list(range(count))
        indices *= math.ceil(self.total_size / count) if count else 1
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch: each has another random order."""
        self.epoch = epoch
