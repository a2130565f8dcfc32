"""What schedulers warn of, with torch's texts, and at which line."""

from __future__ import annotations

import warnings

import pytest
import torch

from support.schedules import CASES, FRAMEWORKS, assert_same, go_on, optimizer_of, plain, scheduler_of, seen


def test_right_order(framework_room):
    optimizer = optimizer_of(framework_room)
    scheduler = framework_room.optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
    assert scheduler.get_last_lr() == [0.05]


@pytest.fixture(params=FRAMEWORKS, ids=["ours", "torch's"])
def framework_room(request):
    return request.param


def scheduler_first(framework):
    scheduler = framework.optim.lr_scheduler.StepLR(optimizer_of(framework), 1)
    scheduler.step()
    scheduler.step()  # it is said only once
    scheduler.optimizer.step()
    scheduler.step()


def two_schedulers_first(framework):
    optimizer = optimizer_of(framework)
    schedulers = [framework.optim.lr_scheduler.ExponentialLR(optimizer, 0.5) for _ in range(2)]
    for scheduler in schedulers:
        scheduler.step()


def second_scheduler_after_steps(framework):
    optimizer = optimizer_of(framework)
    go_on(framework.optim.lr_scheduler.ExponentialLR(optimizer, 0.5), [None] * 2)
    framework.optim.lr_scheduler.ExponentialLR(optimizer, 0.5).step()


def step_is_overridden(framework):
    optimizer = optimizer_of(framework)
    scheduler = framework.optim.lr_scheduler.StepLR(optimizer, 1)
    step = optimizer.step
    optimizer.step = lambda closure=None: step(closure)
    optimizer.step()
    scheduler.step()
    scheduler.step()


def step_is_overridden_by_one_that_is_known(framework):
    optimizer = optimizer_of(framework)
    scheduler = framework.optim.lr_scheduler.StepLR(optimizer, 1)

    def step(closure=None):
        return None

    step._wrapped_by_lr_sched = True
    optimizer.step = step
    scheduler.step()


def step_is_a_function_before(framework):
    optimizer = optimizer_of(framework)
    optimizer.step = lambda: None
    return framework.optim.lr_scheduler.StepLR(optimizer, 1)


def rates_are_asked(framework):
    rates = []
    for name, options in CASES:
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework))
        rates.append(plain(scheduler.get_lr()))
    return rates


def rates_are_asked_in_a_block(framework):
    scheduler = framework.optim.lr_scheduler.ExponentialLR(optimizer_of(framework), 0.5)
    with framework.optim.lr_scheduler._enable_get_lr_call(scheduler):
        return scheduler.get_lr(), scheduler._get_lr_called_within_step


def an_epoch(framework):
    scheduler = framework.optim.lr_scheduler.ExponentialLR(optimizer_of(framework), 0.5)
    scheduler.optimizer.step()
    scheduler.step(3)
    scheduler.step(epoch=0)
    assert framework.optim.lr_scheduler.EPOCH_DEPRECATION_WARNING.startswith("The epoch parameter")
    return seen(scheduler)


def an_epoch_and_the_wrong_order(framework):
    framework.optim.lr_scheduler.ExponentialLR(optimizer_of(framework), 0.5).step(3)


def a_plateau_knows_no_order(framework):
    framework.optim.lr_scheduler.ReduceLROnPlateau(optimizer_of(framework)).step(1.0)


def restarts_know_no_order(framework):
    framework.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer_of(framework), 4).step()


@pytest.mark.parametrize("program, number", [
    (scheduler_first, 1), (two_schedulers_first, 2), (second_scheduler_after_steps, 0), (step_is_overridden, 1),
    (step_is_overridden_by_one_that_is_known, 1), (step_is_a_function_before, 0), (rates_are_asked, len(CASES)),
    (rates_are_asked_in_a_block, 0), (an_epoch, 2), (an_epoch_and_the_wrong_order, 2), (a_plateau_knows_no_order, 0),
    (restarts_know_no_order, 0),
])  # fmt: skip
def test_warnings(program, number):
    _, warned = assert_same(program)
    assert len(warned) == number


def test_warnings_point_at_the_program(framework_room):
    optimizer = optimizer_of(framework_room)
    scheduler = framework_room.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning) as caught:
        scheduler.step()
        scheduler.step(1)
        scheduler.get_lr()
    lines = {warning.filename for warning in caught}
    # Where get_lr warns, torch points at itself.
    assert lines == {__file__} | ({torch.optim.lr_scheduler.__file__} if framework_room is torch else set())
