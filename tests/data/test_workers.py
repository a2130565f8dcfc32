"""Loading in worker processes against torch's: the same batches, random streams, warnings and errors."""

from __future__ import annotations

import gc
import random
import time

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal, run

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),  # on a machine with one processor
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # of Python 3.12, where there are threads
]


@pytest.fixture(autouse=True, scope="module")
def torch_waits_shortly():
    """Torch waits five seconds for a worker whose exception has reached the parent, when its iterator is collected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.2)
        yield
        gc.collect()


class Numbers:
    """A data set of numbers, for each of which a function is called in the worker."""

    def __init__(self, n, function=float):
        self.n = n
        self.function = function

    def __getitem__(self, index):
        return self.function(index)

    def __len__(self):
        return self.n


def same(samples):
    return samples


def rows(torch, n):
    return torch.utils.data.TensorDataset(torch.arange(3.0 * n).reshape(n, 3), torch.arange(n))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "options",
    [
        {"shuffle": True, "batch_size": 3},
        {"shuffle": True, "batch_size": 3, "drop_last": True, "own": True},
        {"shuffle": True, "batch_size": 4, "persistent_workers": True, "prefetch_factor": 3},
        {"batch_size": None},
        {"sampler": [5, 3, 3, 1], "batch_size": 2, "collate_fn": same},
        {"batch_sampler": [[5, 1], [7], [2, 3, 4]]},
    ],
)
def test_batches_and_the_stream_of_the_parent(workers, options) -> None:
    def program(torch):
        generator = torch.Generator().manual_seed(5) if "own" in options else None
        chosen = {name: value for name, value in options.items() if name != "own"}
        if not workers:
            chosen = {
                name: value for name, value in chosen.items() if name not in ("persistent_workers", "prefetch_factor")
            }
        loader = torch.utils.data.DataLoader(rows(torch, 20), num_workers=workers, generator=generator, **chosen)
        epochs = [[[batch, torch.rand(1)] for batch in loader] for _ in range(2)]
        return epochs, len(loader), torch.rand(2), torch.rand(2, generator=generator)

    assert_alike(program)


def test_an_iterator_that_is_left_early_has_drawn_what_torchs_has() -> None:
    """The indices of batches ahead are drawn already; what persistent workers have ready is thrown away."""

    def program(torch):
        results = []
        for persistent in (False, True):
            loader = torch.utils.data.DataLoader(
                rows(torch, 40), 2, shuffle=True, num_workers=2, persistent_workers=persistent
            )
            for _ in range(2):
                results += [next(iter(loader)), torch.rand(1)]
            results += list(loader)
        return results, torch.rand(1)

    assert_alike(program)


@pytest.mark.parametrize("persistent", [False, True])
def test_what_is_random_in_a_worker(persistent) -> None:
    """The seeds of torch, `random` and NumPy, and what a worker knows of itself."""

    def program(torch):
        def draw(index):
            info = torch.utils.data.get_worker_info()
            return [
                torch.rand(2), torch.initial_seed() == info.seed, random.random(), np.random.rand(3), torch.randperm(5),
                info.id, info.num_workers, info.seed % 2**40, len(info.dataset), info.worker_method, started[0],
            ]  # fmt: skip

        started = [-1]
        data = Numbers(6, draw)
        loader = torch.utils.data.DataLoader(
            data, 2, num_workers=2, worker_init_fn=lambda i: started.append(started.pop() + 10 + i),
            persistent_workers=persistent,
        )  # fmt: skip
        return list(loader), list(loader), started, torch.utils.data.get_worker_info()

    assert_alike(program)


def test_the_seed_comes_from_the_generator_of_the_loader() -> None:
    def program(torch):
        generator = torch.Generator().manual_seed(7)
        data = Numbers(3, lambda index: torch.rand(2))
        loader = torch.utils.data.DataLoader(data, num_workers=1, generator=generator)
        return list(loader), list(loader), torch.rand(1), torch.rand(1, generator=generator)

    assert_alike(program)


def test_a_sampler_that_draws_when_it_begins() -> None:
    """With workers torch begins it twice."""

    def program(torch):
        class Eager:
            def __iter__(self):
                return iter(torch.randperm(6).tolist())

            def __len__(self):
                return 6

        return [
            [list(torch.utils.data.DataLoader(range(6), None, sampler=Eager(), num_workers=n)), torch.rand(1)]
            for n in (0, 1)
        ]

    assert_alike(program)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("lengths", [(5, 5), (1, 7), (4, 0)])
@pytest.mark.parametrize("options", [{"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None}])
def test_streams(workers, lengths, options) -> None:
    """Every worker has a stream of its own, and some end before others."""

    def program(torch):
        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self):
                info = torch.utils.data.get_worker_info()
                return iter(range(100 * info.id, 100 * info.id + lengths[info.id]) if info else range(sum(lengths)))

        loader = torch.utils.data.DataLoader(
            Stream(), num_workers=workers, persistent_workers=workers == 2, prefetch_factor=1 if workers else None,
            **options,
        )  # fmt: skip
        return list(loader), list(loader), torch.rand(1)

    assert_alike(program)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_that_is_longer_than_it_says(workers) -> None:
    def program(torch):
        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self):
                return iter(range(4))

            def __len__(self):
                return 3

            def __repr__(self):
                return "Stream()"

        loader = torch.utils.data.DataLoader(Stream(), 1, num_workers=workers)
        before = list(loader)
        return before, len(loader), list(loader)

    assert_alike(program)


def test_batches_as_they_are_ready() -> None:
    """Without `in_order` a slow worker does not keep the others from giving their batches."""
    ready = tinygrad_mlp.utils.data.DataLoader(
        Numbers(8, lambda i: time.sleep(0.4 if i == 0 else 0) or i), None, num_workers=2, in_order=False
    )
    batches = list(ready)
    assert sorted(batches) == list(range(8))
    assert batches[0] != 0


def test_options_of_workers() -> None:
    refusal(lambda torch: iter(torch.utils.data.DataLoader(range(4), timeout=1)))
    refusal(lambda torch: setattr(torch.utils.data.DataLoader(range(4)), "multiprocessing_context", "fork"))
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0"):  # torch's __del__ fails then
        iter(tinygrad_mlp.utils.data.DataLoader(range(4), num_workers=1, prefetch_factor=0))


def test_more_workers_than_processors_are_warned_of() -> None:
    assert_alike(lambda torch: len(torch.utils.data.DataLoader(range(4), num_workers=5000)))


# -- exceptions in workers -------------------------------------------------------------------------


class Several(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


class WithMessage(Exception):
    message = "a class attribute"

    def __init__(self, message=None):
        super().__init__(message)


def failing(error, at):
    def sample(index):
        if index == at:
            raise error
        return index

    return sample


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyError("key"), Several(1, 2), WithMessage("text"), IndexError(), StopIteration("end")]
)
def test_an_exception_of_a_worker(error) -> None:
    """It has the same type and, before the traceback, the same text; the batches after it still come."""

    def program(torch):
        iterator = iter(torch.utils.data.DataLoader(Numbers(6, failing(error, 2)), 2, num_workers=1))
        log = [next(iterator)]
        try:
            next(iterator)
        except Exception as caught:
            lines = str(caught).splitlines()
            log += [
                type(caught).__name__,
                lines[:2],
                lines[-1],
                "sample(index)" in str(caught) or "raise" in str(caught),
            ]
        return [*log, list(iterator)]

    assert_alike(program)


@pytest.mark.parametrize("kind", ["init", "iter", "collate"])
def test_an_exception_elsewhere_in_a_worker(kind) -> None:
    def fail(*_):
        raise ZeroDivisionError(kind)

    def program(torch):
        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self):
                fail()

        data = Stream() if kind == "iter" else range(4)
        options = {"init": {"worker_init_fn": fail}, "collate": {"collate_fn": fail}, "iter": {}}[kind]
        iterator = iter(torch.utils.data.DataLoader(data, num_workers=1, **options))
        try:
            next(iterator)
        except ZeroDivisionError as caught:
            return str(caught).splitlines()[:2], str(caught).splitlines()[-1]

    assert_alike(program)


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (lambda i: lambda: i, Exception, "pickle"),
        (lambda i: tinygrad_mlp.ones(2000, requires_grad=True) * 2, RuntimeError, "non-leaf"),
        (failing(type("Local", (ValueError,), {})("hidden"), 0), RuntimeError, "Caught"),
    ],
)
def test_what_cannot_be_sent_is_an_error_and_no_hang(function, kind, words) -> None:
    loader = tinygrad_mlp.utils.data.DataLoader(Numbers(2, function), num_workers=1, collate_fn=same)
    with pytest.raises(kind, match=words):
        next(iter(loader))


def test_a_data_set_that_a_new_process_cannot_get() -> None:
    def program(torch):
        data = Numbers(2, lambda i: i)
        iter(torch.utils.data.DataLoader(data, num_workers=1, multiprocessing_context="spawn"))

    results = [run(program, world, 0) for world in (torch, tinygrad_mlp)]
    assert type(results[0][0]) is type(results[1][0])
    assert results[0][1] == results[1][1]


def test_workers_that_are_not_forked() -> None:
    data = tinygrad_mlp.utils.data.TensorDataset(tinygrad_mlp.arange(6000.0).reshape(6, 1000))
    loader = tinygrad_mlp.utils.data.DataLoader(data, 4, num_workers=1, multiprocessing_context="spawn")
    assert [batch.sum(1).tolist() for (batch,) in loader] == [
        [499500.0 + 1000000.0 * i for i in range(4)], [499500.0 + 1000000.0 * i for i in (4, 5)]
    ]  # fmt: skip


def test_memory_that_a_data_set_uses_again() -> None:
    """A sample that is overwritten by the next one is sent as it was."""

    class Stream(tinygrad_mlp.utils.data.IterableDataset):
        def __iter__(self):
            kept = np.zeros(300_000)
            for i in range(6):
                kept[:] = i
                yield kept

    loader = tinygrad_mlp.utils.data.DataLoader(Stream(), None, num_workers=1, prefetch_factor=6)
    assert [sorted(set(batch.tolist())) for batch in loader] == [[float(i)] for i in range(6)]
