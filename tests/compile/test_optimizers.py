"""Every optimiser, compiled and eager, over 300 steps."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, batches, descent, doubled, mlp

# The step of LBFGS takes a closure, whose loss decides how it goes on; Muon takes matrices alone.
OTHERS = ("LBFGS", "Muon", "Optimizer")
OPTIMIZERS = [getattr(torch.optim, name) for name in torch.optim.__all__ if name not in OTHERS]
STEPS = 300

# Options that an optimiser may know, in sets; those that know them all are run with them.
OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.5, "dampening": 0.3, "weight_decay": 0.01},
    {"weight_decay": 0.1},
    {"maximize": True, "lr": 1e-4},
    {"amsgrad": True},
    {"amsgrad": True, "weight_decay": 0.01, "betas": (0.8, 0.95)},
    {"alpha": 0.9, "centered": True, "momentum": 0.5},
    {"lr_decay": 0.1, "initial_accumulator_value": 0.5},
    {"rho": 0.8},
    {"momentum_decay": 0.01},
    {"decoupled_weight_decay": True, "weight_decay": 0.01},
]


def cases():
    for kind, options in itertools.product(OPTIMIZERS, OPTIONS):
        known = inspect.signature(kind.__init__).parameters
        if options.keys() <= known.keys():
            yield pytest.param(kind, options, id=f"{kind.__name__}-{'-'.join(map(str, options))}")


def world_of(kind, options, loss=torch.nn.functional.mse_loss):
    def build():
        model = mlp(4, 5, 3, activation=torch.nn.Tanh)
        optimizer = kind(model.parameters(), **options)
        return World(descent(model, optimizer, loss), model, optimizer)

    return build


def decay(kind, weight_decay):
    """The option, for an optimiser that has it."""
    return {"weight_decay": weight_decay} if "weight_decay" in inspect.signature(kind.__init__).parameters else {}


def regression(count, size=8):
    random = np.random.RandomState(1)
    return [tuple(torch.tensor(random.randn(size, n).astype(np.float32)) for n in (4, 3)) for _ in range(count)]


def test_every_optimizer_has_a_case():
    assert {case.values[0] for case in cases()} == set(OPTIMIZERS)
    assert len(list(cases())) >= 3 * len(OPTIMIZERS)


@pytest.mark.parametrize("kind, options", list(cases()))
def test_an_optimizer(kind, options):
    plain = kind is torch.optim.SGD and "momentum" not in options
    # Plain descent may go into the gradient's matrix product (gemm), which rounds once less.
    step = assert_same_run(world_of(kind, {"lr": 1e-2, **options}), regression(STEPS), rtol=1e-6 if plain else 0)
    assert len(step.programs) == 1


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_learning_rate_that_is_changed_by_hand(kind):
    def change(world):
        for group in world.things[1].param_groups:
            group["lr"] *= 0.9

    calls = list(itertools.chain.from_iterable((batch, change) for batch in regression(20)))
    assert_same_run(world_of(kind, {"lr": 1e-2}), calls, rtol=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_learning_rate_that_becomes_zero_or_an_integer(kind):
    def put(value):
        def change(world):
            world.things[1].param_groups[0]["lr"] = value

        return change

    few = regression(3)
    calls = [*few, put(0), *few, put(1), *few, put(0.0), *few, put(1e-3), *few]
    assert_same_run(world_of(kind, {"lr": 1e-2}), calls, rtol=1e-6, programs=None)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_another_option_that_is_changed_by_hand(kind):
    def change(world):
        world.things[1].param_groups[0]["weight_decay"] = 0.5

    few = regression(4)
    assert_same_run(world_of(kind, {"lr": 1e-2}), [*few, change, *few], rtol=1e-6, programs=2)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_groups_with_learning_rates_of_their_own(kind):
    def build():
        model = mlp(4, 5, 3, activation=torch.nn.Tanh)
        groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.05}]
        optimizer = kind(groups, lr=1e-3, **decay(kind, 0.01))
        return World(descent(model, optimizer, torch.nn.functional.mse_loss), model, optimizer)

    def halve_the_second(world):
        world.things[1].param_groups[1]["lr"] *= 0.5

    few = regression(5)
    assert_same_run(build, [*few, halve_the_second, *few], rtol=1e-6)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_the_count_of_steps_advances(kind):
    step = assert_same_run(world_of(kind, {"lr": 1e-2}), batches_of_regression := regression(30))
    assert len(batches_of_regression) == 30 and "step" in step.source


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_state_that_is_loaded_between_calls(kind):
    kept = {}

    def save(world):
        kept[id(world)] = world.things[1].state_dict()
        kept[id(world), "model"] = {name: p.clone() for name, p in world.things[0].state_dict().items()}

    def load(world):
        world.things[1].load_state_dict(kept[id(world)])
        world.things[0].load_state_dict(kept[id(world), "model"])

    few = regression(4)
    assert_same_run(
        world_of(kind, {"lr": 1e-2, **decay(kind, 0.01)}), [*few, save, *few, load, *few], rtol=1e-6, programs=None
    )


def test_cross_entropy():
    # Its softmax is exp(x) / sum instead of exp(x - log(sum)), which differs by rounding.
    def build():
        model = mlp(4, 6, 3).double()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        return World(descent(model, optimizer, torch.nn.functional.cross_entropy), model, optimizer)

    assert_same_run(build, doubled(batches(STEPS)), rtol=1e-9)


def test_an_optimizer_of_the_users_own():
    class Descent(torch.optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(p.grad, alpha=-group["lr"])

    def halve(world):
        world.things[1].param_groups[0]["lr"] *= 0.5

    few = regression(5)
    assert_same_run(world_of(Descent, {"lr": 0.1}), [*few, halve, *few], rtol=1e-6)


def test_descent_by_hand():
    def build():
        model = mlp(4, 5, 3).double()

        def step(x, y):
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.05 * p.grad
                    p.grad = None
            return loss.detach()

        return World(step, model)

    assert_same_run(build, doubled(regression(STEPS)), rtol=1e-9)


def test_a_step_with_a_closure():
    def build():
        model = mlp(4, 5, 3, activation=torch.nn.Tanh)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

        def step(x, y):
            def closure():
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(model(x), y)
                loss.backward()
                return loss

            return optimizer.step(closure)

        return World(step, model, optimizer)

    assert_same_run(build, regression(10))


def test_large_parameters_are_updated_in_blocks(monkeypatch):
    monkeypatch.setattr(torch.optim.optimizer, "BLOCK", 8)
    for kind in OPTIMIZERS:
        assert_same_run(world_of(kind, {"lr": 1e-2, **decay(kind, 0.1)}), regression(10), rtol=1e-6)
