"""Compiled and eager give the same: whole training steps, of several models, dtypes and losses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, batches, descent, doubled, mlp, regression, training
from tinygrad_mlp.compiler import compile

F = torch.nn.functional


def test_two_models_that_train_against_each_other():
    def build():
        maker, judge = mlp(4, 6, 3), mlp(3, 6, 1)
        makers = torch.optim.Adam(maker.parameters(), lr=1e-2)
        judges = torch.optim.SGD(judge.parameters(), lr=1e-2, momentum=0.9)
        loss_of = torch.nn.BCEWithLogitsLoss()

        def step(x, y):
            made = maker(x + torch.randn_like(x) * 0.1)
            judges.zero_grad()
            d_loss = loss_of(judge(y), torch.ones(8, 1)) + loss_of(judge(made.detach()), torch.zeros(8, 1))
            d_loss.backward()
            judges.step()
            makers.zero_grad()
            m_loss = loss_of(judge(made), torch.ones(8, 1))
            m_loss.backward()
            makers.step()
            return {"judge": d_loss.detach(), "maker": m_loss.detach()}

        return World(step, maker, judge, makers, judges)

    assert_same_run(build, regression(20), rtol=1e-6)


def test_a_module_with_shared_weights():
    def build():
        layer, head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 3)
        model = torch.nn.Sequential(layer, torch.nn.Tanh(), layer, torch.nn.Tanh(), head)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return World(descent(model, optimizer, F.mse_loss), model, optimizer)

    assert_same_run(build, regression(10))


def test_a_running_average_of_the_weights():
    def build():
        model, average = mlp(4, 5, 3), mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        inner = descent(model, optimizer, F.mse_loss)

        def step(x, y):
            loss = inner(x, y)
            with torch.no_grad():
                for p, q in zip(model.parameters(), average.parameters(), strict=True):
                    q.mul_(0.9).add_(p, alpha=0.1)
            return loss

        return World(step, model, average, optimizer)

    assert_same_run(build, regression(10))


def test_several_steps_in_one():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        inner = descent(model, optimizer, F.mse_loss)

        def step(x, y):
            for _ in range(3):
                loss = inner(x, y)
            return loss

        return World(step, model, optimizer)

    assert_same_run(build, regression(8))


def test_infinity_and_nan_come_in_silence():
    step = compile(lambda x: (x / 0, torch.log(-x), (x * 1e38) @ x, torch.exp(x * 1000)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            for ours, theirs in zip(step(torch.ones(2)), step.function(torch.ones(2)), strict=True):
                np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
            step(torch.full((2,), 1e30))


def test_other_dtypes():
    def build():
        model = mlp(4, 5, 3).double()
        optimizer = torch.optim.Adam(model.parameters())
        return World(descent(model, optimizer, lambda out, y: F.mse_loss(out.float(), y)), model, optimizer)

    assert_same_run(build, [(x.double(), y) for x, y in regression(6)])


def test_checkpointing():
    from tinygrad_mlp.utils.checkpoint import checkpoint

    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())

        def step(x, y):
            optimizer.zero_grad()
            loss = F.mse_loss(checkpoint(model, x, use_reentrant=False), y)
            loss.backward()
            optimizer.step()
            return loss

        return World(step, model, optimizer)

    assert_same_run(build, regression(6))


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss], ids=["cross_entropy", "nll_loss"])
def test_losses_of_classes(loss):
    assert_same_run(training(lambda: mlp(4, 6, 3).double(), loss), doubled(batches(20)), rtol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_options(reduction, smoothing, weighted):
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=torch.double) if weighted else None

    def loss_of(out, y):
        loss = F.cross_entropy(out, y, weight, reduction=reduction, label_smoothing=smoothing, ignore_index=1)
        return loss.sum()

    assert_same_run(training(lambda: mlp(4, 6, 3).double(), loss_of), doubled(batches(8)), rtol=1e-9)


def test_targets_out_of_range_are_refused_as_in_eager():
    model = mlp(4, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), F.cross_entropy))
    (x, y), *_ = batches(1)
    for _ in range(3):
        step(x, y)
    with pytest.raises(IndexError, match="Target 5 is out of bounds"):
        step(x, torch.full((8,), 5))
