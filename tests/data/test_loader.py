"""Data sets and loaders against torch's: the same order for the same seed, the same batches, the same refusals."""

from __future__ import annotations

import collections
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support import ROOT
from support.cpu_build import IS_CPU_BUILD, PINS_NOTHING
from support.two_worlds import assert_alike, refusal, run
from tinygrad_mlp.utils.data import DataLoader, Subset, TensorDataset

Pair = collections.namedtuple("Pair", ["x", "y"])


def rows(torch, n=10):
    return torch.utils.data.TensorDataset(torch.arange(3.0 * n).reshape(n, 3), torch.arange(n))


class Samples:
    """A data set of whatever samples it is given: not one of tensors alone."""

    def __init__(self, samples):
        self.samples = samples

    def __getitem__(self, index):
        return self.samples[index]

    def __len__(self):
        return len(self.samples)


# -- order -----------------------------------------------------------------------------------------


@given(
    n=st.integers(1, 40), batch_size=st.integers(1, 12), shuffle=st.booleans(), drop_last=st.booleans(),
    own=st.booleans(), plain=st.booleans(), epochs=st.integers(1, 3), seed=st.integers(-(2**63), 2**64 - 1),
)  # fmt: skip
def test_epochs(n, batch_size, shuffle, drop_last, own, plain, epochs, seed) -> None:
    """The batches of every epoch, and where they leave both generators: what a training draws next is the same too."""

    def run(torch):
        generator = torch.Generator().manual_seed(seed) if own else None
        data = Samples([(torch.ones(2) * i, i) for i in range(n)]) if plain else rows(torch, n)
        loader = torch.utils.data.DataLoader(
            data, batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator
        )
        log = [[batch, torch.rand(1)] for _ in range(epochs) for batch in loader]
        return log, len(loader), torch.rand(2), torch.rand(2, generator=generator)

    assert_alike(run, seed=seed)


def test_iterating_twice_at_once() -> None:
    def run(torch):
        loader = torch.utils.data.DataLoader(rows(torch), 4, shuffle=True)
        return list(zip(loader, loader, strict=True)), torch.rand(1)

    assert_alike(run)


def test_a_loop_that_is_left_early() -> None:
    def run(torch):
        loader = torch.utils.data.DataLoader(rows(torch), 4, shuffle=True)
        first = next(iter(loader))
        return first, next(iter(loader)), torch.rand(1)

    assert_alike(run)


def test_dropout_between_the_batches() -> None:
    """A training as in the manual: loader, dropout and initialisation draw from one stream."""

    def run(torch):
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 1))
        loader = torch.utils.data.DataLoader(rows(torch), batch_size=3, shuffle=True)
        return [model(x) for _ in range(2) for x, _ in loader]

    assert_alike(run, rtol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda d, n: d.SequentialSampler(range(n)),
        lambda d, n: d.RandomSampler(range(n)),
        lambda d, n: d.RandomSampler(range(n), replacement=True),
        lambda d, n: d.RandomSampler(range(n), replacement=True, num_samples=70),
        lambda d, n: d.RandomSampler(range(n), num_samples=2 * n + 3),
        lambda d, n: d.RandomSampler(range(n), num_samples=3),
        lambda d, n: d.SubsetRandomSampler([5, 3, 8]),
        lambda d, n: d.WeightedRandomSampler([0.1, 0.0, 0.7, 0.2], 20),
        lambda d, n: d.WeightedRandomSampler([0.1, 0.3, 0.7, 0.2], 3, replacement=False),
        lambda d, n: d.BatchSampler(d.SequentialSampler(range(n)), 3, False),
        lambda d, n: d.BatchSampler(d.RandomSampler(range(n)), 3, True),
        lambda d, n: d.BatchSampler(range(n), 4, True),
    ],
)
@pytest.mark.parametrize("n", [4, 9, 32])
def test_samplers(make, n) -> None:
    def run(torch):
        sampler = make(torch.utils.data, n)
        return list(sampler), list(sampler), len(sampler), torch.rand(1)

    assert_alike(run)


@given(
    n=st.integers(0, 30), cuts=st.lists(st.integers(0, 30), max_size=4), own=st.booleans(), seed=st.integers(0, 2**32)
)
def test_splitting_by_lengths(n, cuts, own, seed) -> None:
    bounds = [0, *sorted(min(cut, n) for cut in cuts), n]
    lengths = [b - a for a, b in pairwise(bounds)]

    def run(torch):
        options = {"generator": torch.Generator().manual_seed(seed)} if own else {}
        parts = torch.utils.data.random_split(range(n), lengths, **options)
        return [list(part) for part in parts], [len(part) for part in parts], torch.rand(1)

    if lengths != [1]:  # 1 means all of it, and not one sample
        assert_alike(run, seed=seed)


@pytest.mark.parametrize("fractions", [[0.8, 0.2], [0.3, 0.3, 0.4], [1.0], [0.5, 0.5], [0.05, 0.95], [0.0, 1.0]])
@pytest.mark.parametrize("n", [1, 10, 17])
def test_splitting_by_fractions(n, fractions) -> None:
    """A part that stays empty warns."""

    def run(torch):
        data = torch.utils.data.TensorDataset(torch.arange(n))
        return [[x for (x,) in part] for part in torch.utils.data.random_split(data, fractions)]

    assert_alike(run)


# -- data sets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, d: [rows(torch)[3], len(rows(torch)), rows(torch)[2:4], rows(torch)[-1]],
        lambda torch, d: rows(torch)[[1, 5]],
        lambda torch, d: list(d.Subset(rows(torch), [3, 1, 1])),
        lambda torch, d: d.Subset(rows(torch), [3, 1, 4])[[0, 2]],
        lambda torch, d: list(d.Subset(d.Subset(range(10, 20), [3, 1, 4]), [2, 0])),
        lambda torch, d: [(rows(torch) + rows(torch, 2))[i] for i in (0, 9, 10, 11, -1, -12)],
        lambda torch, d: [len(rows(torch) + rows(torch, 2)), (rows(torch) + rows(torch, 2)).cumulative_sizes],
        lambda torch, d: d.ConcatDataset([range(3), range(5, 9)])[4],
        lambda torch, d: list(d.DataLoader(d.ConcatDataset([range(3), range(5, 9)]), 4)),
        lambda torch, d: list(d.DataLoader(d.Subset(rows(torch), [3, 1, 4]), 2)),
        lambda torch, d: list(d.DataLoader(d.Subset(d.Subset(rows(torch), [3, 1, 4]), [2, 0]), 2)),
        lambda torch, d: list(d.DataLoader(d.TensorDataset(torch.ones(3, 0), torch.ones(3)), 2)),
        lambda torch, d: list(d.DataLoader(rows(torch), batch_size=None)),
        lambda torch, d: list(d.DataLoader(Samples([np.ones(2), 3, (np.ones(1), "a")]), batch_size=None)),
        lambda torch, d: list(d.DataLoader(rows(torch), sampler=[5, 1, 7], batch_size=2)),
        lambda torch, d: list(d.DataLoader(rows(torch), batch_sampler=[[5, 1], [7]])),
        lambda torch, d: list(d.DataLoader(rows(torch), 4, collate_fn=len)),
        lambda torch, d: len(d.DataLoader(rows(torch), batch_size=None)),
        lambda torch, d: len(d.DataLoader(rows(torch), 3, drop_last=True)),
        lambda torch, d: list(d.DataLoader(Samples([]), 3)),
    ],
)
def test_data_sets(program) -> None:
    assert_alike(lambda torch: program(torch, torch.utils.data))


def test_a_batch_of_tensors_keeps_its_history() -> None:
    def run(torch):
        x = torch.rand(4, 2, requires_grad=True)
        for (batch,) in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), 3, shuffle=True):
            (batch * batch).sum().backward()
        return x.grad, type(batch.grad_fn).__name__

    assert_alike(run, rtol=1e-6)


def test_a_subclass_says_what_its_samples_are() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * part for part in super().__getitem__(index))

    x = tinygrad_mlp.arange(4)
    for data in (Doubled(x), Subset(Doubled(x), [0, 1, 2, 3])):
        assert [batch.tolist() for (batch,) in DataLoader(data, 2)] == [[0, 2], [4, 6]]


def test_samples_that_come_several_at_a_time() -> None:
    def run(torch):
        class Several(Samples):
            def __getitems__(self, indices):
                return [self.samples[i] * 10 for i in indices]

        return list(torch.utils.data.DataLoader(Several([1, 2, 3]), 2))

    assert_alike(run)


def test_processes_are_a_matter_of_few_programs() -> None:
    """What they need, which takes time to import, is imported when there are workers."""
    program = (
        "import sys, tinygrad_mlp as torch, tinygrad_mlp.utils.data as d; "
        "list(d.DataLoader(d.TensorDataset(torch.ones(3)), 2, shuffle=True)); "
        "print(*{'dataclasses', 'multiprocessing', 'tinygrad_mlp.utils.data.workers'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True).stdout
    assert found == b"\n"


def test_pinned_memory_is_warned_of() -> None:
    def batches(torch):
        loader = torch.utils.data.DataLoader(rows(torch, 2), pin_memory=True)
        return [[part.tolist() for part in batch] for batch in loader]

    ours, our_warnings = run(batches, tinygrad_mlp, seed=0)
    theirs, their_warnings = run(batches, torch, seed=0)
    assert ours == theirs
    assert our_warnings == [PINS_NOTHING]
    assert their_warnings == [PINS_NOTHING] or not IS_CPU_BUILD  # with a GPU there is nothing to warn of


STREAMS = [{}, {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None}, {"shuffle": False}]


@pytest.mark.parametrize("options", [*STREAMS, {"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_streams(options) -> None:
    def run(torch):
        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self):
                return iter(range(5))

            def __len__(self):
                return 5

        loader = torch.utils.data.DataLoader(Stream(), **options)
        longer = torch.utils.data.DataLoader(Stream() + Stream(), **options)
        return list(loader), list(loader), len(loader), list(longer), len(longer), torch.rand(1)

    assert_alike(run)


def test_sets_side_by_side() -> None:
    def run(torch):
        several = torch.utils.data.StackDataset(range(5), rows(torch, 5))
        named = torch.utils.data.StackDataset(x=range(5), y=Samples("abcde"))
        loader = torch.utils.data.DataLoader(named, 3)
        return several[1], named[2], len(named), list(loader), list(torch.utils.data.DataLoader(several, 2))

    assert_alike(run)


def test_attributes() -> None:
    def run(torch):
        loader = torch.utils.data.DataLoader(range(4), num_workers=1, timeout=1, multiprocessing_context="spawn")
        return (
            loader.timeout, loader.prefetch_factor, loader.persistent_workers, loader.pin_memory, loader.in_order,
            loader.worker_init_fn, loader.pin_memory_device, type(loader.multiprocessing_context).__name__,
            torch.utils.data.get_worker_info(), torch.utils.data.WeightedRandomSampler([1, 2], 2).weights,
        )  # fmt: skip

    assert_alike(run)


def stream(d):
    """A stream without a length."""
    return type("Stream", (d.IterableDataset,), {"__iter__": lambda self: iter(())})()


def short(d):
    """A data set of two samples that gives too few of them at once."""
    return type("Short", (d.Dataset,), {"__len__": lambda self: 2, "__getitems__": lambda self, indices: [0]})()


@given(
    n=st.integers(0, 30), replicas=st.integers(1, 7), shuffle=st.booleans(), drop_last=st.booleans(),
    seed=st.integers(0, 2**31), epoch=st.integers(0, 3),
)  # fmt: skip
def test_the_parts_of_several_processes(n, replicas, shuffle, drop_last, seed, epoch) -> None:
    def run(torch):
        parts = []
        for rank in range(replicas):
            sampler = torch.utils.data.distributed.DistributedSampler(
                range(n), replicas, rank, shuffle=shuffle, seed=seed, drop_last=drop_last
            )
            before = list(sampler)
            sampler.set_epoch(epoch)
            parts.append([before, list(sampler), len(sampler), sampler.total_size, sampler.num_samples, sampler.epoch])
        return parts

    if n:  # torch divides by zero without samples
        assert_alike(run)


def test_the_number_of_processes_must_be_given() -> None:
    """Torch has process groups that it can ask for them."""
    for options in ({}, {"num_replicas": 2}, {"rank": 0}):
        with pytest.raises(RuntimeError, match="Requires distributed package to be available"):
            tinygrad_mlp.utils.data.DistributedSampler(range(4), **options)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, d: d.Subset(rows(torch), [3, 1, 4]).__getitems__([0, 2]),
        lambda torch, d: d.Subset(several(d), [3, 1, 4]).__getitems__([0, 2]),
        lambda torch, d: list(d.DataLoader(d.Subset(several(d), [3, 1, 4]), 2)),
        lambda torch, d: list(d.DataLoader(d.StackDataset(several(d), range(5)), 2)),
        lambda torch, d: list(d.DataLoader(d.StackDataset(a=several(d), b=rows(torch, 5)), 3)),
        lambda torch, d: list(d.DataLoader(d.TensorDataset(torch.arange(6.0).reshape(2, 3).t()), 2)),
        lambda torch, d: list(d.DataLoader(d.TensorDataset(torch.arange(6).reshape(6, 1).expand(6, 4)), 2))[1],
        lambda torch, d: [x[0].stride() for x in d.DataLoader(d.TensorDataset(torch.ones(3, 4).t()), 2)],
        lambda torch, d: list(d.DataLoader(rows(torch), 2, sampler=[-1, True, 3])),
        lambda torch, d: list(d.DataLoader(rows(torch), 2, sampler=[torch.tensor(3), np.int64(1)])),
        lambda torch, d: list(d.DataLoader(d.Subset(rows(torch), torch.tensor([3, 1])), 2)),
        lambda torch, d: list(d.DataLoader(rows(torch), batch_sampler=iter([(1, 2), torch.tensor([3])]))),
        lambda torch, d: d.ConcatDataset.cumsum([range(3), range(2)]),
        lambda torch, d: d._utils.collate.collate(
            [1, 2], collate_fn_map={int: lambda batch, collate_fn_map: sum(batch)}
        ),
        lambda torch, d: d._utils.collate.collate([[True, 2]], collate_fn_map={(int, str): mapped_to_list}),
        lambda torch, d: d.default_convert(
            {"a": (np.ones(2), "s"), "b": [np.float32(1), range(2)], "c": Pair(1, np.int8(2))}
        ),
        lambda torch, d: str(d.default_convert([np.array(["a"]), np.array([None]), np.str_("s"), b"x", (1, 2)])),
        lambda torch, d: [len(iter(d.DataLoader(rows(torch), 3))), d.dataloader.DataLoader is d.DataLoader],
        lambda torch, d: [d.DataLoader[int].__name__, d.dataset.Subset is d.Subset, d.sampler.Sampler is d.Sampler],
    ],
)
def test_more_data_sets(program) -> None:
    assert_alike(lambda torch: program(torch, torch.utils.data))


def several(d):
    """A data set that gives several samples at once, which are others than those that it gives one by one."""
    return type(
        "Several", (d.Dataset,),
        {
            "__len__": lambda self: 5, "__getitem__": lambda self, i: i,
            "__getitems__": lambda self, indices: [10 * i for i in indices],
        },
    )()  # fmt: skip


def mapped_to_list(batch, *, collate_fn_map):
    return list(map(str, batch))


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, d: d.TensorDataset(torch.ones(3), torch.ones(4)),
        lambda torch, d: d.ConcatDataset([]),
        lambda torch, d: d.ConcatDataset([range(3)])[-4],
        lambda torch, d: d.random_split(range(5), [2, 2]),
        lambda torch, d: d.random_split(range(5), [1.5, -0.5]),
        lambda torch, d: d.DataLoader(rows(torch), batch_size=0),
        lambda torch, d: d.DataLoader(rows(torch), batch_size=2.5),
        lambda torch, d: d.DataLoader(rows(torch), num_workers=-1),
        lambda torch, d: d.DataLoader(rows(torch), timeout=-1),
        lambda torch, d: d.DataLoader(rows(torch), prefetch_factor=2),
        lambda torch, d: d.DataLoader(rows(torch), num_workers=1, prefetch_factor=-1),
        lambda torch, d: d.DataLoader(rows(torch), persistent_workers=True),
        lambda torch, d: d.DataLoader(rows(torch), multiprocessing_context="fork"),
        lambda torch, d: d.DataLoader(rows(torch), num_workers=1, multiprocessing_context="none"),
        lambda torch, d: d.DataLoader(rows(torch), num_workers=1, multiprocessing_context=3),
        lambda torch, d: setattr(d.DataLoader(rows(torch)), "batch_size", 2),
        lambda torch, d: setattr(d.DataLoader(rows(torch)), "dataset", 2),
        lambda torch, d: list(d.ChainDataset([range(3)])),
        lambda torch, d: d.StackDataset(),
        lambda torch, d: d.StackDataset(range(3), x=range(3)),
        lambda torch, d: d.StackDataset(range(3), range(4)),
        lambda torch, d: d.DataLoader(rows(torch), sampler=[1], shuffle=True),
        lambda torch, d: d.DataLoader(rows(torch), batch_sampler=[[1]], batch_size=2),
        lambda torch, d: d.DataLoader(rows(torch), batch_size=None, drop_last=True),
        lambda torch, d: d.DataLoader(rows(torch), drop_last=1),
        lambda torch, d: d.DataLoader(Samples([]), shuffle=True),
        lambda torch, d: d.RandomSampler(range(3), replacement=1),
        lambda torch, d: d.RandomSampler(range(3), num_samples=0),
        lambda torch, d: d.WeightedRandomSampler([0.5], 0),
        lambda torch, d: d.WeightedRandomSampler([0.5], 1, replacement=1),
        lambda torch, d: d.Dataset()[0],
        lambda torch, d: next(iter(d.IterableDataset())),
        lambda torch, d: d.ConcatDataset([stream(d)]),
        lambda torch, d: d.DistributedSampler(range(4), 2, 2),
        lambda torch, d: d.DistributedSampler(range(4), 2, -1),
        lambda torch, d: type("Half", (d.Subset,), {"__getitem__": lambda self, i: i})(range(4), [1]),
        lambda torch, d: d.StackDataset(range(2), short(d)).__getitems__([0, 1]),
        lambda torch, d: list(d.DataLoader(rows(torch), 2, sampler=[1, 10])),
        lambda torch, d: list(d.DataLoader(rows(torch), 2, sampler=[1, -11])),
        lambda torch, d: list(d.DataLoader(rows(torch), batch_sampler=[[]])),
        lambda torch, d: list(d.DataLoader(rows(torch), 2, sampler=[1, 0.5])),
        lambda torch, d: d.default_convert([np.bytes_(b"a")]),
        lambda torch, d: len(d.DataLoader(stream(d))),
        lambda torch, d: d._utils.collate.collate([1, 2]),
        lambda torch, d: pickle.dumps(iter(d.DataLoader(rows(torch)))),
    ],
)
def test_refusals(program) -> None:
    refusal(lambda torch: program(torch, torch.utils.data), words=6)
