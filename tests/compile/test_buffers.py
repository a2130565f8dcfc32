"""Compiled and eager give the same: random numbers, modes, and the buffers that a step writes to."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, mlp, regression, training

F = torch.nn.functional


def test_dropout_draws_the_same_stream():
    def model():
        return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.3), torch.nn.ReLU(), torch.nn.Linear(6, 3))

    assert_same_run(training(model), regression(30))


def test_dropout_that_is_switched_off_between_calls():
    few = regression(4)
    calls = [*few, lambda world: world.things[0].eval(), *few, lambda world: world.things[0].train(), *few]
    model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.3), torch.nn.Linear(6, 3))  # noqa: E731
    assert_same_run(training(model), calls, programs=2)


@pytest.mark.parametrize("draw", ["randn", "rand"])
@pytest.mark.parametrize("shape", [(8, 4), (3,), ()])
def test_noise(draw, shape):
    def build():
        model = mlp(4, 3)
        return World(lambda x, y: (model(x + getattr(torch, draw)(shape).sum()) - y).detach(), model)

    assert_same_run(build, regression(6))


def test_noise_of_a_generator_of_its_own():
    def build():
        generator = torch.Generator()
        generator.manual_seed(3)
        return World(lambda x, y: x + torch.randn(8, 4, generator=generator))

    assert_same_run(build, regression(6))


def test_a_permutation_and_random_integers():
    def step(x, y):
        return x[torch.randperm(8)], y[torch.randint(0, 8, (5,))], torch.bernoulli(torch.full((4,), 0.5))

    assert_same_run(lambda: World(step), regression(6))


def test_a_seed_set_in_the_step():
    def step(x, y):
        torch.manual_seed(7)
        return x + torch.randn(8, 4)

    assert_same_run(lambda: World(step), regression(4))


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_moves_its_buffers(momentum):
    def model():
        return torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6, momentum=momentum), torch.nn.ReLU(), torch.nn.Linear(6, 3)
        )

    assert_same_run(training(model), regression(20))


def test_steps_that_switch_the_mode_of_the_model():
    def build():
        model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3))
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y, training):
            if not training:
                model.eval()
                with torch.no_grad():
                    return F.mse_loss(model(x), y)
            model.train()
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return World(step, model, optimizer)

    calls = [(x, y, i % 3 != 2) for i, (x, y) in enumerate(regression(18))]
    step = assert_same_run(build, calls, programs=None)
    assert sum(program.confirmed for program in step.programs) == 3


def test_layer_norm_and_friends():
    def model():
        return torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.LayerNorm(6), torch.nn.GELU(), torch.nn.Linear(6, 6), torch.nn.SiLU(),
            torch.nn.Linear(6, 3), torch.nn.Softplus(),
        )  # fmt: skip

    assert_same_run(training(model), regression(10))


def test_a_buffer_that_the_step_writes_to():
    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(4))
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, x):
            self.mean.mul_(0.9).add_(x.detach().mean(0), alpha=0.1)
            return self.layer(x - self.mean)

    assert_same_run(training(Mean), regression(10))
