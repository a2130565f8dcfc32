"""Every scheduler against torch's: learning rates, momenta and states at each step, exactly equal."""

from __future__ import annotations

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
    plain,
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
    assert {name for name, _ in CASES} | ELSEWHERE == names - {"LRScheduler"}
    assert tinygrad_mlp.optim.lr_scheduler._LRScheduler.__base__ is tinygrad_mlp.optim.lr_scheduler.LRScheduler


ELSEWHERE = {"ReduceLROnPlateau", "SequentialLR", "ChainedScheduler"}  # in test_lr_scheduler_composed


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
        return [seen(scheduler), plain(scheduler.get_lr()), *go_on(scheduler, [None] * 30)]

    result, warnings = assert_same(program)
    assert len(result) == 32 and len(warnings) == 1  # of get_lr


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
