"""Learning rates and arguments that are tensors, against torch's."""

from __future__ import annotations

import pytest

from support.schedules import CASES, assert_same, go_on, named, optimizer_of, scheduler_of, seen


@pytest.mark.parametrize("steps", [[None] * 30, [3, None, 8, 1, 0, None]], ids=["step by step", "to an epoch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name, options", named(CASES))
def test_a_rate_that_is_a_tensor_stays_that_tensor(name, options, kind, dtype, steps):
    def program(framework):
        rates = [framework.tensor(0.5, dtype=getattr(framework, dtype)), framework.tensor([0.25]), 0.125]
        optimizer = optimizer_of(framework, rates=rates, kind=kind)
        scheduler = scheduler_of(framework, name, options, optimizer)
        trace = [seen(scheduler), *go_on(scheduler, steps)]
        assert all(group["lr"] is rate for group, rate in zip(optimizer.param_groups[:2], rates[:2], strict=True))
        return trace

    result, _ = assert_same(program)
    assert len(result) == len(steps) + 1


TENSORS = [
    ("CyclicLR", lambda t: {"base_lr": t.tensor(0.1), "max_lr": t.tensor([0.3]), "step_size_up": 4}),
    ("CyclicLR", lambda t: {"base_lr": [t.tensor(0.1), 0.2], "max_lr": [0.4, t.tensor(0.5)], "step_size_up": 4}),
    ("OneCycleLR", lambda t: {"max_lr": t.tensor(0.1), "total_steps": 50}),
    ("CosineAnnealingLR", lambda t: {"T_max": 7, "eta_min": t.tensor(0.01)}),
    ("SWALR", lambda t: {"swa_lr": t.tensor(0.01), "anneal_epochs": 7}),
]  # fmt: skip


@pytest.mark.parametrize("tensors", [False, True])
@pytest.mark.parametrize("name, options", TENSORS)
def test_arguments_that_are_tensors(name, options, tensors):
    def program(framework):
        rates = [framework.tensor(rate) if tensors else rate for rate in (0.5, 0.25)]
        scheduler = scheduler_of(framework, name, options(framework), optimizer_of(framework, rates=rates))
        return [seen(scheduler), *go_on(scheduler, [None] * 30)]

    assert_same(program)


@pytest.mark.parametrize("compose", [
    lambda room, o: room.SequentialLR(o, [room.LinearLR(o, 0.1), room.ExponentialLR(o, 0.9)], [5]),
    lambda room, o: room.ChainedScheduler([room.LinearLR(o, 0.1), room.ExponentialLR(o, 0.9)]),
])  # fmt: skip
def test_composed_with_a_rate_that_is_a_tensor(compose):
    def program(framework):
        optimizer = optimizer_of(framework, rates=[framework.tensor(0.5), 0.25])
        scheduler = compose(framework.optim.lr_scheduler, optimizer)
        return [seen(scheduler), *go_on(scheduler, [None] * 20)]

    result, _ = assert_same(program)
    assert len(result) == 21


def test_a_plateau_with_a_rate_that_is_a_tensor():
    def program(framework):
        optimizer = optimizer_of(framework, rates=[framework.tensor(0.5), framework.tensor([0.25]), 0.125])
        scheduler = framework.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.3)
        trace = []
        for _ in range(9):
            scheduler.step(framework.tensor([1.0]))
            trace.append(seen(scheduler))
        return trace

    result, _ = assert_same(program)
    assert len(result) == 9
