"""Schedulers of a metric, and schedulers that are made of others, against torch's."""

from __future__ import annotations

import functools
import pickle

import pytest

from support.schedules import FRAMEWORKS, assert_same, go_on, optimizer_of, seen

# -- ReduceLROnPlateau -----------------------------------------------------------------------------

METRICS = [
    5.0, 4.0, 4.5, 4.6, 3.9999, 3.0, 3.1, 3.1, 3.0, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 2.9, 1.0, 0.0, 0.0, -1.0,
    float("nan"), float("inf"), 0.5, 7.0, 7.0, 7.0, 7.0, 8.0, 9.0, 9.0, 9.0, 9.0, 9.0, 10.0, 11.0, 11.0, 1e-5, 1e-9,
]  # fmt: skip
PLATEAUS = [
    {},
    {"patience": 2},
    {"patience": 0, "factor": 0.5},
    {"patience": 1, "cooldown": 3, "factor": 0.9},
    {"patience": 1, "threshold": 0.5, "threshold_mode": "abs"},
    {"patience": 1, "mode": "max"},
    {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.1},
    {"patience": 1, "min_lr": 0.05},
    {"patience": 1, "factor": 0.5, "eps": 0.1},
    {"patience": 1, "factor": -0.5},
]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("options", [*PLATEAUS, {"patience": 1, "min_lr": [0.01, 0.3]}])
def test_plateaus(options, groups):
    def program(framework):
        least = options.get("min_lr", 0)
        cut = {"min_lr": least[:groups] if isinstance(least, list) else least}
        scheduler = framework.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer_of(framework, groups), **{**options, **cut}
        )
        trace = []
        for i, metric in enumerate(METRICS):
            scheduler.step(framework.tensor(metric) if i % 3 == 0 else metric)
            trace.append([repr(seen(scheduler)), scheduler.in_cooldown])  # nan is not equal to itself
            if i % 5 == 0:  # with a state that has gone through a file
                scheduler.load_state_dict(pickle.loads(pickle.dumps(scheduler.state_dict())))
        scheduler.step(1.0, 100)
        scheduler.step(metrics=2.0, epoch=7)
        return trace, seen(scheduler)

    (trace, _), warnings = assert_same(program)
    assert len(trace) == len(METRICS) and len(warnings) == 2


def test_a_plateau_is_reset():
    def program(framework):
        scheduler = framework.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(framework), patience=1)
        for metric in METRICS[:8]:
            scheduler.step(metric)
        scheduler._reset()
        return seen(scheduler)

    assert_same(program)


# -- schedulers made of others ---------------------------------------------------------------------


def warm_up_and_decay(room, optimizer, milestones=(10,)):
    schedulers = [room.LinearLR(optimizer, 0.1, total_iters=10), room.ExponentialLR(optimizer, 0.9)]
    return room.SequentialLR(optimizer, schedulers, list(milestones))


def three(room, optimizer, milestones=(5, 20)):
    schedulers = [
        room.ConstantLR(optimizer, 0.1, 3), room.CosineAnnealingLR(optimizer, 8, 1e-3), room.StepLR(optimizer, 4),
    ]  # fmt: skip
    return room.SequentialLR(optimizer, schedulers, milestones=list(milestones))


def with_restarts(room, optimizer):
    schedulers = [room.LinearLR(optimizer, 0.5, total_iters=4), room.CosineAnnealingWarmRestarts(optimizer, 3, 2)]
    return room.SequentialLR(optimizer, schedulers, [6])


def of_functions(room, optimizer):
    schedulers = [room.LambdaLR(optimizer, lambda e: 0.1 * (e + 1)), room.MultiplicativeLR(optimizer, lambda e: 0.9)]
    return room.SequentialLR(optimizer, schedulers, [4])


def polynomials(room, optimizer):
    schedulers = [room.PolynomialLR(optimizer, 5), room.MultiStepLR(optimizer, [2, 9], 0.5)]
    return room.SequentialLR(optimizer, schedulers, [7], last_epoch=-1)


def cyclic(room, optimizer):
    schedulers = [room.LinearLR(optimizer, 0.1), room.CyclicLR(optimizer, 0.1, 0.2, 3)]
    return room.SequentialLR(optimizer, schedulers, [5])


def from_the_start(room, optimizer):
    return warm_up_and_decay(room, optimizer, (0,))


def chain(room, optimizer):
    return room.ChainedScheduler([room.ConstantLR(optimizer, 0.1, 8), room.ExponentialLR(optimizer, 0.9)])


def long_chain(room, optimizer):
    schedulers = [
        room.StepLR(optimizer, 3), room.MultiplicativeLR(optimizer, lambda e: 1.1), room.LinearLR(optimizer),
        room.PolynomialLR(optimizer, 20), room.CosineAnnealingLR(optimizer, 9),
    ]  # fmt: skip
    return room.ChainedScheduler(schedulers, optimizer)


def chain_of_a_sequence(room, optimizer):
    return room.ChainedScheduler((warm_up_and_decay(room, optimizer), room.StepLR(optimizer, 6)))


def sequence_of_a_chain(room, optimizer):
    chained = room.ChainedScheduler([room.ConstantLR(optimizer, 0.5, 3), room.ExponentialLR(optimizer, 0.9)])
    return room.SequentialLR(optimizer, [chained, room.StepLR(optimizer, 3)], [30])


def sequence_of_a_sequence(room, optimizer):
    return room.SequentialLR(optimizer, [warm_up_and_decay(room, optimizer), room.StepLR(optimizer, 3)], [25])


COMPOSED = [
    warm_up_and_decay, three, functools.partial(three, milestones=(3, 3)), functools.partial(three, milestones=(1, 2)),
    with_restarts, of_functions, polynomials, cyclic, from_the_start, chain, long_chain, chain_of_a_sequence,
    sequence_of_a_chain, sequence_of_a_sequence,
]  # fmt: skip


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("build", COMPOSED)
def test_composed(build, groups):
    def program(framework):
        scheduler = build(framework.optim.lr_scheduler, optimizer_of(framework, groups))
        return [seen(scheduler), *go_on(scheduler, [None] * 40)]

    result, _ = assert_same(program)
    assert len(result) == 41


@pytest.mark.parametrize("target, source", [FRAMEWORKS, FRAMEWORKS[::-1]], ids=["from torch", "to torch"])
@pytest.mark.parametrize("build", [b for b in COMPOSED if b not in (sequence_of_a_chain, sequence_of_a_sequence)])
def test_a_composed_state_of_the_other_framework(build, target, source):
    first, second = (build(f.optim.lr_scheduler, optimizer_of(f, 2)) for f in (source, target))
    go_on(first, [None] * 13)
    state = first.state_dict()
    second.load_state_dict(pickle.loads(pickle.dumps(state)))
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert second.state_dict() == state
    assert go_on(second, [None] * 20) == go_on(first, [None] * 20)
