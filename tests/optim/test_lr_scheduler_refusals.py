"""What schedulers refuse, with torch's types and whole texts; and what they take although it looks wrong."""

from __future__ import annotations

import pytest

from support.schedules import assert_same, go_on, optimizer_of, seen


def half(epoch):
    return 0.5


# Functions of lr_scheduler and an optimiser with a momentum and two groups.
REFUSED = {
    "no optimiser": lambda room, o: room.StepLR(1, 2),
    "parameters for an optimiser": lambda room, o: room.ExponentialLR(o.param_groups, 0.5),
    "no optimiser, one function": lambda room, o: room.LambdaLR(1, half),
    "no optimiser, cyclic": lambda room, o: room.CyclicLR("x", 0.1, 0.2),
    "no optimiser, one cycle": lambda room, o: room.OneCycleLR(None, 0.1, 10),
    "no optimiser, plateau": lambda room, o: room.ReduceLROnPlateau([]),
    "no optimiser, plateau, factor": lambda room, o: room.ReduceLROnPlateau([], factor=1.0),
    "no initial rate": lambda room, o: room.StepLR(o, 3, last_epoch=2),
    "no initial rate, lambda": lambda room, o: room.LambdaLR(o, half, 0),
    "no initial rate, cosine": lambda room, o: room.CosineAnnealingLR(o, 3, last_epoch=4),
    "no initial rate, one cycle": lambda room, o: room.OneCycleLR(o, 0.1, 10, last_epoch=4),
    "no initial rate, restarts": lambda room, o: room.CosineAnnealingWarmRestarts(o, 3, last_epoch=4),
    "no initial rate, cyclic": lambda room, o: room.CyclicLR(o, 0.1, 0.2, last_epoch=4),
    "functions": lambda room, o: room.LambdaLR(o, [half]),
    "functions, multiplicative": lambda room, o: room.MultiplicativeLR(o, (half, half, half)),
    "no functions": lambda room, o: room.LambdaLR(o, []),
    "not callable": lambda room, o: room.MultiplicativeLR(o, 0.5),
    "one not callable": lambda room, o: room.MultiplicativeLR(o, [half, None]),
    "number for a function": lambda room, o: room.LambdaLR(o, 0.5),
    "step of 0": lambda room, o: go_on(room.StepLR(o, 0), [None] * 2),
    "constant above 1": lambda room, o: room.ConstantLR(o, 1.1),
    "constant below 0": lambda room, o: room.ConstantLR(o, -0.1),
    "constant of 0, at its end": lambda room, o: go_on(room.ConstantLR(o, 0.0, 2), [None] * 4),
    "start above 1": lambda room, o: room.LinearLR(o, 1.1),
    "start of 0": lambda room, o: room.LinearLR(o, 0),
    "end above 1": lambda room, o: room.LinearLR(o, 1.0, 1.1),
    "end below 0": lambda room, o: room.LinearLR(o, 1.0, -0.1),
    "linear in no steps": lambda room, o: go_on(room.LinearLR(o, 1.0, 0.0, 0), [None, 3]),
    "polynomial in no steps": lambda room, o: go_on(room.PolynomialLR(o, 0), [None, 3]),
    "cosine of no epochs": lambda room, o: go_on(room.CosineAnnealingLR(o, 0), [None]),
    "T_0": lambda room, o: room.CosineAnnealingWarmRestarts(o, 0),
    "T_0 below 0": lambda room, o: room.CosineAnnealingWarmRestarts(o, -3),
    "T_0 a float": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2.0),
    "T_0 a text": lambda room, o: room.CosineAnnealingWarmRestarts(o, "2"),
    "T_mult": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2, 0),
    "T_mult a float": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2, 1.5),
    "eta_min": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2, 1, "a"),
    "eta_min None": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2, eta_min=None),
    "epoch below 0": lambda room, o: room.CosineAnnealingWarmRestarts(o, 2).step(-1),
    "base_lr": lambda room, o: room.CyclicLR(o, [0.1], 0.2),
    "max_lr": lambda room, o: room.CyclicLR(o, 0.1, (0.2, 0.3, 0.4)),
    "base_momentum": lambda room, o: room.CyclicLR(o, 0.1, 0.2, base_momentum=[0.1]),
    "max_momentum": lambda room, o: room.CyclicLR(o, 0.1, 0.2, max_momentum=[0.1]),
    "both momenta": lambda room, o: room.CyclicLR(o, 0.1, 0.2, max_momentum=[0.1], base_momentum=[]),
    "mode": lambda room, o: room.CyclicLR(o, 0.1, 0.2, mode="square"),
    "mode with a function": lambda room, o: seen(room.CyclicLR(o, 0.1, 0.2, mode="square", scale_fn=half)),
    "no up": lambda room, o: room.CyclicLR(o, 0.1, 0.2, step_size_up=0),
    "no down": lambda room, o: go_on(room.CyclicLR(o, 0.1, 0.2, step_size_up=2, step_size_down=0), [None] * 5),
    "no length": lambda room, o: room.OneCycleLR(o, 0.1),
    "half a length": lambda room, o: room.OneCycleLR(o, 0.1, epochs=3),
    "the other half": lambda room, o: room.OneCycleLR(o, 0.1, steps_per_epoch=3),
    "total_steps": lambda room, o: room.OneCycleLR(o, 0.1, 0),
    "total_steps a float": lambda room, o: room.OneCycleLR(o, 0.1, 10.0),
    "epochs": lambda room, o: room.OneCycleLR(o, 0.1, epochs=-1, steps_per_epoch=3),
    "epochs a text": lambda room, o: room.OneCycleLR(o, 0.1, epochs="3", steps_per_epoch=3),
    "steps_per_epoch": lambda room, o: room.OneCycleLR(o, 0.1, epochs=1, steps_per_epoch=3.0),
    "pct_start above 1": lambda room, o: room.OneCycleLR(o, 0.1, 10, pct_start=1.5),
    "pct_start below 0": lambda room, o: room.OneCycleLR(o, 0.1, 10, pct_start=-0.1),
    "pct_start an integer": lambda room, o: room.OneCycleLR(o, 0.1, 10, pct_start=1),
    "anneal_strategy": lambda room, o: room.OneCycleLR(o, 0.1, 10, anneal_strategy="sine"),
    "one cycle, max_lr": lambda room, o: room.OneCycleLR(o, [0.1], 10),
    "one cycle, base_momentum": lambda room, o: room.OneCycleLR(o, 0.1, 10, base_momentum=[1]),
    "one cycle, max_momentum": lambda room, o: room.OneCycleLR(o, 0.1, 10, max_momentum=[1], base_momentum=[1]),
    "past the end": lambda room, o: go_on(room.OneCycleLR(o, 0.1, 10), [None] * 12),
    "an epoch past the end": lambda room, o: go_on(room.OneCycleLR(o, 0.1, 10), [20]),
    "a cycle of one step": lambda room, o: go_on(room.OneCycleLR(o, 0.1, 1), [None] * 2),
    "plateau, factor": lambda room, o: room.ReduceLROnPlateau(o, factor=1.0),
    "plateau, mode": lambda room, o: room.ReduceLROnPlateau(o, "middle"),
    "plateau, threshold_mode": lambda room, o: room.ReduceLROnPlateau(o, threshold_mode="square"),
    "plateau, both modes": lambda room, o: room.ReduceLROnPlateau(o, mode="a", threshold_mode="square"),
    "plateau, min_lr": lambda room, o: room.ReduceLROnPlateau(o, min_lr=[0.1]),
    "plateau, no metric": lambda room, o: room.ReduceLROnPlateau(o).step(),
    "plateau, text": lambda room, o: room.ReduceLROnPlateau(o).step("a"),
    "plateau, None": lambda room, o: room.ReduceLROnPlateau(o).step(None),
    "plateau, get_lr": lambda room, o: room.ReduceLROnPlateau(o).get_lr(),
    "sequence of none": lambda room, o: room.SequentialLR(o, [], []),
    "sequence, no scheduler": lambda room, o: room.SequentialLR(o, [room.StepLR(o, 2), 3], [1]),
    "sequence, plateau": lambda room, o: room.SequentialLR(o, [room.ReduceLROnPlateau(o)], []),
    "milestones": lambda room, o: room.SequentialLR(o, [room.StepLR(o, 2), room.StepLR(o, 3)], []),
    "sequence, to an epoch": lambda room, o: room.SequentialLR(o, [room.StepLR(o, 2)], []).step(3),
    "chain of none": lambda room, o: room.ChainedScheduler([]),
    "chain of no scheduler": lambda room, o: room.ChainedScheduler([3], o),
    "chain, no scheduler and no optimiser": lambda room, o: room.ChainedScheduler([3]),
    "chain, plateau": lambda room, o: room.ChainedScheduler([room.StepLR(o, 2), room.ReduceLROnPlateau(o)]),
    "chain, to an epoch": lambda room, o: room.ChainedScheduler([room.StepLR(o, 2)]).step(3),
    "a chain taking over": lambda room, o: go_on(
        room.SequentialLR(o, [room.StepLR(o, 2), room.ChainedScheduler([room.StepLR(o, 3)])], [2]), [None] * 3
    ),
    "the base class": lambda room, o: room.LRScheduler(o),
    "the base class, resumed": lambda room, o: room._LRScheduler(o, last_epoch=0),
    "no gamma": lambda room, o: room.ExponentialLR(o),
    "verbose": lambda room, o: room.StepLR(o, 2, verbose=True),
    "verbose plateau": lambda room, o: room.ReduceLROnPlateau(o, verbose=False),
    "a state without functions": lambda room, o: room.LambdaLR(o, half).load_state_dict({}),
    "a state without a scale": lambda room, o: room.CyclicLR(o, 0.1, 0.2).load_state_dict({}),
    "a state without schedulers": lambda room, o: room.SequentialLR(o, [room.StepLR(o, 2)], []).load_state_dict({}),
    "a state of another mode": lambda room, o: room.ReduceLROnPlateau(o).load_state_dict({"mode": "x"}),
    "a state of no dict": lambda room, o: room.StepLR(o, 2).load_state_dict(3),
}  # fmt: skip
TAKEN = ("mode with a function", "no down")


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    def program(framework):
        return REFUSED[case](framework.optim.lr_scheduler, optimizer_of(framework, 2))

    result, _ = assert_same(program)
    assert (isinstance(result, tuple) and isinstance(result[0], type)) == (case not in TAKEN)


@pytest.mark.parametrize("name", ["SequentialLR", "ChainedScheduler"])
def test_schedulers_of_another_optimizer(name):
    """The text holds the whole optimiser, whose class has not all options in both frameworks."""

    def program(framework):
        room = framework.optim.lr_scheduler
        one, other = (optimizer_of(framework) for _ in range(2))
        schedulers = [room.StepLR(one, 2), room.StepLR(other, 2)]
        if name == "SequentialLR":
            return room.SequentialLR(one, schedulers, [3])
        return room.ChainedScheduler(schedulers, other)

    (kind, text), _ = assert_same(program)
    assert kind is ValueError and "which is different from SGD." in text


@pytest.mark.parametrize("kind", ["RMSprop", "Adagrad", "ASGD"])
@pytest.mark.parametrize("make", [
    lambda room, o: room.CyclicLR(o, 0.1, 0.2),
    lambda room, o: room.OneCycleLR(o, 0.1, 10),
    lambda room, o: room.CyclicLR(o, 0.1, 0.2, cycle_momentum=False),
    lambda room, o: room.OneCycleLR(o, 0.1, 10, cycle_momentum=False),
])  # fmt: skip
def test_optimizers_without_a_momentum(kind, make):
    def program(framework):
        return go_on(make(framework.optim.lr_scheduler, optimizer_of(framework, kind=kind)), [None] * 5)

    result, _ = assert_same(program)
    assert result


@pytest.mark.parametrize("make", [
    lambda room, o: room.StepLR(o, 1),
    lambda room, o: room.LambdaLR(o, half),
    lambda room, o: room.MultiplicativeLR(o, half),
    lambda room, o: room.CosineAnnealingLR(o, 5),
    lambda room, o: room.CosineAnnealingWarmRestarts(o, 5),
    lambda room, o: room.CyclicLR(o, 0.1, 0.2),
    lambda room, o: room.OneCycleLR(o, 0.1, 10),
])  # fmt: skip
def test_a_group_that_is_added_later(make):
    def program(framework):
        optimizer = optimizer_of(framework)
        scheduler = make(framework.optim.lr_scheduler, optimizer)
        optimizer.add_param_group({"params": [framework.zeros(3)], "lr": 0.3})
        optimizer.step()
        scheduler.step()
        return [group["lr"] for group in optimizer.param_groups], scheduler.get_last_lr()

    result, _ = assert_same(program)
    assert result


@pytest.mark.parametrize("least", [0.2, [0.1], (0.2,)])
def test_a_group_that_is_added_before_a_plateau_ends(least):
    def program(framework):
        optimizer = optimizer_of(framework)
        scheduler = framework.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=least)
        optimizer.add_param_group({"params": [framework.zeros(3)], "lr": 0.3})
        for metric in (1.0, 2.0, 3.0):
            scheduler.step(metric)
        return seen(scheduler)

    result, _ = assert_same(program)
    assert (result[0] is RuntimeError) == isinstance(least, (list, tuple))
