"""A compiled step follows a scheduler that is stepped between its calls; one that steps it itself is refused."""

from __future__ import annotations

import warnings

import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, descent, mlp, regression
from tinygrad_mlp.compiler import CannotRecord

LR = torch.optim.lr_scheduler


def composed(optimizer):
    return LR.SequentialLR(optimizer, [LR.LinearLR(optimizer, 0.1), LR.CosineAnnealingLR(optimizer, 9)], [5])


SCHEDULERS = {
    "LambdaLR": lambda o: LR.LambdaLR(o, lambda epoch: 0.95**epoch),
    "MultiplicativeLR": lambda o: LR.MultiplicativeLR(o, lambda epoch: 0.95),
    "StepLR": lambda o: LR.StepLR(o, 3),
    "MultiStepLR": lambda o: LR.MultiStepLR(o, [5, 9], 0.5),
    "ConstantLR": lambda o: LR.ConstantLR(o),
    "LinearLR": lambda o: LR.LinearLR(o),
    "ExponentialLR": lambda o: LR.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: LR.PolynomialLR(o, 10),
    "CosineAnnealingLR": lambda o: LR.CosineAnnealingLR(o, 7),
    "CosineAnnealingWarmRestarts": lambda o: LR.CosineAnnealingWarmRestarts(o, 3, 2),
    "CyclicLR": lambda o: LR.CyclicLR(o, 0.001, 0.01, 3, cycle_momentum=False),
    "OneCycleLR": lambda o: LR.OneCycleLR(o, 0.01, 40, cycle_momentum=False),
    "SequentialLR": composed,
    "ChainedScheduler": lambda o: LR.ChainedScheduler([LR.StepLR(o, 3, 0.5), LR.ExponentialLR(o, 0.9)]),
    "SWALR": lambda o: torch.optim.swa_utils.SWALR(o, 0.01, 5),
}
KINDS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, 0.1),
    "momentum": lambda parameters: torch.optim.SGD(parameters, 0.02, momentum=0.9, weight_decay=0.01),
    "Adam": lambda parameters: torch.optim.Adam(parameters, 0.01),
    "SGD with a tensor": lambda parameters: torch.optim.SGD(parameters, torch.tensor(0.02), momentum=0.9),
    "Adam with a tensor": lambda parameters: torch.optim.Adam(parameters, torch.tensor(0.01)),
    "two groups": lambda parameters: torch.optim.Adam(
        [{"params": [p], "lr": 0.01 * (i + 1)} for i, p in enumerate(parameters)]
    ),
}


def world_of(kind, make):
    """A world of a training step and a scheduler."""

    def build():
        model = mlp(4, 5, 3, activation=torch.nn.Tanh)
        optimizer = KINDS[kind](model.parameters())
        world = World(descent(model, optimizer, torch.nn.functional.mse_loss), model, optimizer)
        world.scheduler = make(optimizer)
        return world

    return build


def step(world):
    world.scheduler.step()


def alternating(count):
    return [call for batch in regression(count) for call in (batch, step)]


def tolerance(kind):
    return 1e-6 if kind == "SGD" else 0  # plain descent may go into the gradient's matrix product


def test_every_scheduler_has_a_case():
    assert {*SCHEDULERS, "LRScheduler", "ReduceLROnPlateau"} == {*LR.__all__, "SWALR"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_one_program_follows_the_scheduler(name, kind):
    assert_same_run(world_of(kind, SCHEDULERS[name]), alternating(20), rtol=tolerance(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_reduced_on_a_plateau(kind):
    def observe(world):
        world.epoch = getattr(world, "epoch", 0) + 1
        world.scheduler.step(1.0 if world.epoch < 5 else 2.0)

    calls = [call for batch in regression(20) for call in (batch, observe)]
    make = lambda optimizer: LR.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)  # noqa: E731
    assert_same_run(world_of(kind, make), calls, rtol=tolerance(kind))


@pytest.mark.parametrize("kind", ["momentum", "Adam"])
@pytest.mark.parametrize("make", [
    lambda o: LR.CyclicLR(o, 0.001, 0.01, 4, base_momentum=0.5), lambda o: LR.OneCycleLR(o, 0.01, 60),
])  # fmt: skip
def test_a_momentum_that_goes_with_it(make, kind):
    """Every other momentum takes another program."""
    assert_same_run(world_of(kind, make), alternating(30), programs=None)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_a_scheduler_that_comes_later(kind):
    """It finds the optimiser's steps, though those before were not noted, and warns of nothing."""

    def late(world):
        world.scheduler = LR.ExponentialLR(world.things[1], 0.5)

    few = regression(4)
    assert_same_run(world_of(kind, lambda o: None), [*few, late, *alternating(8)], rtol=tolerance(kind), programs=2)


def test_a_scheduler_that_is_stepped_first_warns():
    def first(world):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            world.scheduler.step()
        assert [str(warning.message)[:16] for warning in caught] == ["Detected call of"]

    assert_same_run(world_of("Adam", SCHEDULERS["StepLR"]), [first, *alternating(8)])


# -- in the step itself ----------------------------------------------------------------------------


IN_THE_STEP = [(name, "scheduler") for name in SCHEDULERS]
IN_THE_STEP += [(name, held) for name in ("StepLR", "ChainedScheduler") for held in ("method", "attribute")]


@pytest.mark.parametrize("name, held", IN_THE_STEP)
def test_a_step_that_steps_the_scheduler_is_refused(name, held):
    """A program would leave it out: in the epochs that change no rate, nobody would see that."""
    torch.manual_seed(0)
    world = world_of("momentum", SCHEDULERS[name])()
    scheduler, go_on = world.scheduler, world.scheduler.step
    holder = type("Trainer", (), {})()
    holder.schedule = scheduler
    then = {
        "scheduler": lambda: scheduler.step(), "method": lambda: go_on(), "attribute": lambda: holder.schedule.step(),
    }[held]  # fmt: skip

    def train(x, y):
        loss = world.step(x, y)
        then()
        return loss.detach()

    compiled = torch.compile(train)
    states = [repr(scheduler.state_dict())]
    with pytest.raises(CannotRecord, match="changes"):
        for batch in regression(30):
            compiled(*batch)
            states.append(repr(scheduler.state_dict()))
    assert repr(scheduler.state_dict()) == states[-1]  # the refused call is taken back
    assert not compiled.programs


def test_a_refusal_names_the_learning_rate():
    world = world_of("momentum", lambda o: LR.StepLR(o, 1000))()

    def train(x, y):
        world.step(x, y)
        world.scheduler.step()

    compiled = torch.compile(train)
    with pytest.raises(CannotRecord, match=r"scheduler\._last_lr`: change learning rates between"):
        for batch in regression(5):
            compiled(*batch)


READ = {
    "get_last_lr": lambda scheduler: scheduler.get_last_lr()[0],
    "last_epoch": lambda scheduler: scheduler.last_epoch + 1,
    "base_lrs": lambda scheduler: scheduler.base_lrs[0],
    "optimizer": lambda scheduler: scheduler.optimizer.param_groups[0]["lr"],
}


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "SequentialLR", "ChainedScheduler"])
@pytest.mark.parametrize("read", READ)
def test_what_a_step_reads_of_the_scheduler(read, name):
    if name in ("ChainedScheduler", "SequentialLR") and read in ("last_epoch", "base_lrs"):
        name = "CosineAnnealingWarmRestarts"

    def build():
        world = world_of("momentum", SCHEDULERS[name])()
        train, scheduler, ask = world.step, world.scheduler, READ[read]
        world.step = lambda x, y: train(x, y).detach() * ask(scheduler)
        return world

    assert_same_run(build, alternating(20), programs=None)


# -- averages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"multi_avg_fn": torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)}])
def test_an_average_between_the_calls(options):
    def build():
        world = world_of("Adam", SCHEDULERS["SWALR"])()
        world.average = torch.optim.swa_utils.AveragedModel(world.things[0], **options)
        world.things = (*world.things, world.average)
        return world

    def update(world):
        world.average.update_parameters(world.things[0])

    calls = [call for batch in regression(20) for call in (batch, step, update)]
    assert_same_run(build, calls)


def test_an_average_in_the_step_is_refused():
    """Whether it is the first update is read from a tensor."""
    world = world_of("Adam", SCHEDULERS["SWALR"])()
    average = torch.optim.swa_utils.AveragedModel(world.things[0])

    def train(x, y):
        world.step(x, y)
        average.update_parameters(world.things[0])

    compiled = torch.compile(train)
    with pytest.raises(CannotRecord):
        for batch in regression(5):
            compiled(*batch)
