"""Every scheduler against torch's: learning rates, momenta and states at each step, exactly equal."""

from __future__ import annotations

import functools
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support.schedules import (
    CASES,
    FOR_TWO_GROUPS,
    FRAMEWORKS,
    assert_same,
    go_on,
    named,
    optimizer_of,
    scheduler_of,
    seen,
)

STEPS = 60
KINDS = ("SGD", "Adam")
EVERY = [(*case, groups) for groups in (1, 2) for case in CASES] + [(*case, 2) for case in FOR_TWO_GROUPS]
every_case = pytest.mark.parametrize("name, options, groups", EVERY, ids=[f"{c[0]}-{i}" for i, c in enumerate(EVERY)])


def test_every_scheduler_has_cases_and_torch_has_no_other():
    names = set(torch.optim.lr_scheduler.__all__)
    assert set(tinygrad_mlp.optim.lr_scheduler.__all__) == names
    assert {name for name, _ in CASES} | set(PLATEAUS_NAMES) == names - {"LRScheduler"}
    assert tinygrad_mlp.optim.lr_scheduler._LRScheduler.__base__ is tinygrad_mlp.optim.lr_scheduler.LRScheduler


PLATEAUS_NAMES = ("ReduceLROnPlateau", "SequentialLR", "ChainedScheduler")  # which are below


@pytest.mark.parametrize("kind", KINDS)
@every_case
def test_step_by_step(name, options, groups, kind):
    def program(framework):
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework, groups, kind))
        return [seen(scheduler), *go_on(scheduler, [None] * STEPS)]

    result, warnings = assert_same(program)
    assert len(result) == STEPS + 1 and not warnings


JUMPS = [None, 3, None, None, 17, 2, 0, None, 40, 41, None, None]


@every_case
def test_step_to_an_epoch(name, options, groups):
    """The closed form, where there is one, and the scheduler's own otherwise; and on from there."""

    def program(framework):
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework, groups))
        return go_on(scheduler, JUMPS)

    result, warnings = assert_same(program)
    assert len(result) == len(JUMPS)
    assert len(warnings) == (0 if name == "CosineAnnealingWarmRestarts" else 6)


@every_case
def test_going_on_from_an_epoch(name, options, groups):
    """A second scheduler with `last_epoch`, as programs make one that go on from a checkpoint."""

    def program(framework):
        optimizer = optimizer_of(framework, groups)
        go_on(scheduler_of(framework, name, options, optimizer), [None] * 11)
        scheduler = scheduler_of(framework, name, options, optimizer, last_epoch=11)
        return [seen(scheduler), *go_on(scheduler, [None] * 30)]

    result, _ = assert_same(program)
    assert len(result) == 31


@every_case
def test_closed_forms(name, options, groups):
    def program(framework):
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework, groups))
        if not hasattr(scheduler, "_get_closed_form_lr"):
            return None
        rates = []
        for scheduler.last_epoch in range(40):
            rates.append(scheduler._get_closed_form_lr())
        return rates

    result, _ = assert_same(program)
    assert (result is not None) == (name in WITH_CLOSED_FORMS)


WITH_CLOSED_FORMS = {
    "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR",
}  # fmt: skip


# -- states ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target, source", [FRAMEWORKS, FRAMEWORKS[::-1]], ids=["from torch", "to torch"])
@every_case
def test_a_state_of_the_other_framework(name, options, groups, target, source):
    """Saved in one framework, loaded in the other: it goes on as if nothing had happened."""
    first = scheduler_of(source, name, options, optimizer_of(source, groups))
    go_on(first, [None] * 13)
    state = first.state_dict()
    saved = pickle.loads(pickle.dumps((state, first.optimizer.state_dict())))

    second = scheduler_of(target, name, options, optimizer_of(target, groups))
    second.load_state_dict(saved[0])
    second.optimizer.load_state_dict(saved[1])
    assert second.state_dict() == state
    assert [trace for *trace, _ in go_on(second, [None] * 30)] == [trace for *trace, _ in go_on(first, [None] * 30)]


@pytest.mark.parametrize("name, options", named(CASES))
def test_loading_leaves_the_state_as_it_was(name, options):
    scheduler = scheduler_of(tinygrad_mlp, name, options, optimizer_of(tinygrad_mlp))
    state = scheduler.state_dict()
    before = dict(state)
    for _ in range(2):
        scheduler.load_state_dict(state)
    assert state == before


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


# -- any arguments ---------------------------------------------------------------------------------

factors = st.floats(0.01, 1.0)
lengths = st.integers(1, 12)
DRAWN = {
    "StepLR": {"step_size": lengths, "gamma": factors},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 30)), "gamma": factors},
    "ConstantLR": {"factor": factors, "total_iters": st.integers(0, 12)},
    "LinearLR": {"start_factor": factors, "end_factor": factors, "total_iters": lengths},
    "ExponentialLR": {"gamma": factors},
    "PolynomialLR": {"total_iters": lengths, "power": st.floats(0.1, 4.0)},
    "CosineAnnealingLR": {"T_max": lengths, "eta_min": st.floats(0, 0.1)},
    "CosineAnnealingWarmRestarts": {"T_0": lengths, "T_mult": st.integers(1, 3), "eta_min": st.floats(0, 0.1)},
    "CyclicLR": {
        "base_lr": factors, "max_lr": factors, "step_size_up": lengths, "step_size_down": st.none() | lengths,
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]), "gamma": factors,
        "base_momentum": st.floats(0, 1), "cycle_momentum": st.booleans(),
    },
    "OneCycleLR": {
        "max_lr": factors, "total_steps": st.integers(90, 100), "pct_start": st.floats(0.1, 0.4),
        "anneal_strategy": st.sampled_from(["cos", "linear"]), "three_phase": st.booleans(),
        "div_factor": st.floats(1, 30),
    },
    "SWALR": {
        "swa_lr": factors, "anneal_epochs": st.integers(0, 12), "anneal_strategy": st.sampled_from(["cos", "linear"]),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
@given(st.data())
def test_drawn_arguments(name, data):
    options = data.draw(st.fixed_dictionaries(DRAWN[name]))
    rates = data.draw(st.lists(st.floats(1e-6, 10), min_size=1, max_size=3))
    jumps = st.lists(st.none() | st.integers(0, 30), min_size=30, max_size=50)
    steps = data.draw(jumps) if name != "SWALR" else [None] * 30

    def program(framework):
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework, rates=rates))
        return [seen(scheduler), *go_on(scheduler, steps)]

    assert_same(program)
