"""SWALR, the schedule for averages of models, against torch's."""

from __future__ import annotations

import copy
import pickle

import pytest

from support.schedules import FRAMEWORKS, assert_same, go_on, optimizer_of, scheduler_of, seen

SCHEDULES = [
    {"swa_lr": 0.05}, {"swa_lr": 0.05, "anneal_epochs": 5}, {"swa_lr": 0.05, "anneal_strategy": "linear"},
    {"swa_lr": 1, "anneal_epochs": 0}, {"swa_lr": 2.0, "anneal_epochs": 1, "anneal_strategy": "linear"},
    {"swa_lr": 0.5, "anneal_epochs": 35},
]  # fmt: skip
FOR_TWO_GROUPS = [{"swa_lr": [0.05, 0.1]}, {"swa_lr": (1.0, 0.01), "anneal_epochs": 5, "anneal_strategy": "linear"}]
EVERY = [(options, groups) for groups in (1, 2) for options in SCHEDULES] + [(o, 2) for o in FOR_TWO_GROUPS]
every_schedule = pytest.mark.parametrize("options, groups", EVERY)


@every_schedule
def test_step_by_step(options, groups):
    def program(framework):
        scheduler = scheduler_of(framework, "SWALR", options, optimizer_of(framework, groups))
        return [seen(scheduler), *go_on(scheduler, [None] * 40)]

    result, warned = assert_same(program)
    assert len(result) == 41 and not warned


@every_schedule
def test_after_another_schedule(options, groups):
    """As it is used: a decay first, and the constant rate in the epochs that are averaged."""

    def program(framework):
        optimizer = optimizer_of(framework, groups)
        trace = go_on(framework.optim.lr_scheduler.ExponentialLR(optimizer, 0.9), [None] * 10)
        return trace + go_on(scheduler_of(framework, "SWALR", options, optimizer), [None] * 30)

    result, _ = assert_same(program)
    assert len(result) == 40


@pytest.mark.parametrize("target, source", [FRAMEWORKS, FRAMEWORKS[::-1]], ids=["from torch", "to torch"])
@every_schedule
def test_a_state_of_the_other_framework(options, groups, target, source):
    first, second = (scheduler_of(f, "SWALR", options, optimizer_of(f, groups)) for f in (source, target))
    go_on(first, [None] * 4)
    state = first.state_dict()
    second.load_state_dict(pickle.loads(pickle.dumps(state)))
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert second.state_dict() == state
    assert go_on(second, [None] * 20) == go_on(first, [None] * 20)


@pytest.mark.parametrize("options", [
    {"swa_lr": [0.1]}, {"swa_lr": 0.1, "anneal_strategy": "sine"}, {"swa_lr": 0.1, "anneal_epochs": -1},
    {"swa_lr": 0.1, "anneal_epochs": 1.5}, {"swa_lr": 0.1, "last_epoch": 3}, {},
])  # fmt: skip
def test_refused_schedules(options):
    result, _ = assert_same(lambda f: f.optim.swa_utils.SWALR(optimizer_of(f, 2), **options))
    assert result[0] in (ValueError, KeyError, TypeError)


def test_warnings_of_the_schedule():
    def program(framework):
        scheduler = framework.optim.swa_utils.SWALR(optimizer_of(framework), 0.1)
        rates = scheduler.get_lr()
        scheduler.step()
        scheduler.step(3)
        return rates, seen(scheduler), scheduler.anneal_func(0.25)

    _, warned = assert_same(program)
    assert len(warned) == 3


@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_the_schedule(way):
    def program(framework):
        scheduler = framework.optim.swa_utils.SWALR(optimizer_of(framework), 0.1)
        go_on(scheduler, [None] * 3)
        return go_on(way(scheduler), [None] * 10)

    result, _ = assert_same(program)
    assert len(result) == 10
