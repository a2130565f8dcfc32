"""Schedulers as programs use them: in a training, copied, as classes of the user's own, imported."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import warnings
import weakref

import pytest
import torch

import tinygrad_mlp
from support.schedules import (
    CASES,
    FRAMEWORKS,
    Halving,
    assert_same,
    go_on,
    named,
    optimizer_of,
    outcome,
    plain,
    scheduler_of,
    seen,
)

# -- the optimiser's step --------------------------------------------------------------------------


def test_the_step_takes_a_closure_and_returns_its_loss():
    def program(framework):
        p = framework.ones(3, requires_grad=True)
        optimizer = framework.optim.SGD([p], 0.5)
        scheduler = framework.optim.lr_scheduler.StepLR(optimizer, 1)

        def closure():
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item()]
        scheduler.step()
        losses.append(optimizer.step(closure=closure).item())
        return losses, p.tolist(), optimizer.step.__name__, optimizer.step._wrapped_by_lr_sched

    result, _ = assert_same(program)
    assert result[0] == [3.0, 0.0]


def test_an_optimizer_goes_when_nobody_uses_it():
    """It holds its own wrapped step, but is not held by that; no garbage collection is needed."""
    optimizer = optimizer_of(tinygrad_mlp)
    tinygrad_mlp.optim.lr_scheduler.StepLR(optimizer, 3)
    gone = weakref.ref(optimizer)
    del optimizer
    assert gone() is None


def test_a_training_is_that_of_torch():
    def program(framework):
        framework.manual_seed(0)
        model = framework.nn.Sequential(framework.nn.Linear(3, 8), framework.nn.Tanh(), framework.nn.Linear(8, 1))
        model = model.double()
        x = framework.linspace(-1, 1, 30, dtype=framework.float64).reshape(10, 3)
        optimizer = framework.optim.Adam(model.parameters(), 0.1)
        scheduler = framework.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=40)
        for _ in range(40):
            optimizer.zero_grad()
            loss = framework.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True).sin())
            loss.backward()
            optimizer.step()
            scheduler.step()
        return loss.item()

    ours, theirs = (outcome(program, framework)[0] for framework in FRAMEWORKS)
    assert ours == pytest.approx(theirs, rel=1e-6)


# -- copies ----------------------------------------------------------------------------------------


def is_lambda(options):
    return any(getattr(value, "__name__", "") == "<lambda>" for value in options.values())


WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda scheduler: pickle.loads(pickle.dumps(scheduler))}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name, options", named(CASES))
def test_a_copy_goes_on_alone(name, options, way):
    def program(framework):
        scheduler = scheduler_of(framework, name, options, optimizer_of(framework, 2))
        go_on(scheduler, [None] * 7)
        other = WAYS[way](scheduler)
        assert other.optimizer is not scheduler.optimizer
        before = seen(scheduler)
        trace = go_on(other, [None] * 20)
        assert seen(scheduler) == before or any(value is Halving for value in options.values())
        return trace, go_on(scheduler, [None] * 3)

    if is_lambda(options) and way == "pickle":  # Python refuses to pickle a lambda
        results = [outcome(program, framework)[0] for framework in FRAMEWORKS]
        assert [result[0] for result in results] in ([AttributeError] * 2, [pickle.PicklingError] * 2)
        return
    result, _ = assert_same(program)
    assert len(result[0]) == 20


@pytest.mark.parametrize("way", WAYS)
def test_a_copied_optimizer_has_the_step_of_its_class(way):
    """In a copy, the scheduler finds that its optimiser's step is no longer watched."""

    def program(framework):
        scheduler = framework.optim.lr_scheduler.StepLR(optimizer_of(framework), 1)
        scheduler.optimizer.step()
        other = WAYS[way](scheduler)
        watched = [hasattr(s.optimizer.step, "_wrapped_by_lr_sched") for s in (scheduler, other)]
        other.optimizer.step()
        other.step()
        scheduler.step()
        return watched

    result, warned = assert_same(program)
    assert result == [True, False]
    assert len(warned) == 1 and "overridden" in warned[0][1]


@pytest.mark.parametrize("way", WAYS)
def test_a_copied_optimizer_updates_its_own_parameters(way):
    def program(framework):
        p = framework.ones(2, requires_grad=True)
        optimizer = framework.optim.SGD([p], 0.5, momentum=0.9)
        framework.optim.lr_scheduler.StepLR(optimizer, 1)
        p.grad = framework.ones(2)
        other = WAYS[way](optimizer)
        (q,) = other.param_groups[0]["params"]
        q.grad = framework.ones(2)
        for _ in range(3):
            other.step()
        return p.tolist(), q.tolist(), list(other.state_dict()["state"]), list(optimizer.state_dict()["state"])

    result, _ = assert_same(program)
    assert result[0] == [1.0, 1.0] != result[1]


# -- classes of the user's own ---------------------------------------------------------------------


def warm_up(framework, optimizer):
    """As transformers have it, which asks the flag and gives the warning itself."""

    class WarmUp(framework.optim.lr_scheduler._LRScheduler):
        def __init__(self, optimizer, warmup, total, last_epoch=-1):
            self.warmup, self.total = warmup, total
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            if not self._get_lr_called_within_step:
                warnings.warn("asked outside", UserWarning, stacklevel=1)
            share = min(1, (self.last_epoch + 1) / self.warmup)
            return [base * share * (1 - self.last_epoch / self.total) for base in self.base_lrs]

    return WarmUp(optimizer, 5, 100)


def with_a_closed_form(framework, optimizer):
    class Squares(framework.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            if self._is_initial or self.last_epoch == 0:
                return [group["lr"] for group in self.optimizer.param_groups]
            ratio = (self.last_epoch / (self.last_epoch + 1)) ** 2
            return [group["lr"] * ratio for group in self.optimizer.param_groups]

        def _get_closed_form_lr(self):
            return [base / (self.last_epoch + 1) ** 2 for base in self.base_lrs]

    return Squares(optimizer)


def with_a_step_of_its_own(framework, optimizer):
    class Skipping(framework.optim.lr_scheduler.CosineAnnealingLR):
        def step(self, epoch=None):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls % 2:
                super().step(epoch)

        def get_lr(self):
            return [max(rate, 0.01) for rate in super().get_lr()]

    return Skipping(optimizer, 9)


def not_one_rate_a_group(framework, optimizer):
    class Short(framework.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [0.1] * (2 if self.last_epoch < 3 else 1)

    return Short(optimizer)


@pytest.mark.parametrize("steps", [[None] * 30, [3, None, 8, 1, 0, None]], ids=["step by step", "to an epoch"])
@pytest.mark.parametrize("make", [warm_up, with_a_closed_form, with_a_step_of_its_own, not_one_rate_a_group])
def test_a_class_of_the_users_own(make, steps):
    def program(framework):
        scheduler = make(framework, optimizer_of(framework, 2))
        trace = [seen(scheduler), *go_on(scheduler, steps)]
        return trace, plain(scheduler.get_lr())

    result, _ = assert_same(program)
    assert (result[0] is ValueError) == (make is not_one_rate_a_group)


def test_a_scheduler_that_is_not_one_of_torchs():
    """Whatever has an optimiser and steps can stand in a chain."""

    def program(framework):
        optimizer = optimizer_of(framework)

        class Own:
            def __init__(self):
                self.optimizer, self.steps = optimizer, 0

            def step(self):
                self.steps += 1
                optimizer.param_groups[0]["lr"] = 1 / (1 + math.exp(self.steps))

        own = Own()
        chain = framework.optim.lr_scheduler.ChainedScheduler([own, framework.optim.lr_scheduler.StepLR(optimizer, 2)])
        trace = []
        for _ in range(5):
            optimizer.step()
            chain.step()
            trace.append(chain.get_last_lr())
        return trace

    result, _ = assert_same(program)
    assert len(result) == 5


# -- names and imports -----------------------------------------------------------------------------


def test_it_is_imported_when_it_is_first_asked_for():
    code = (
        "import sys, tinygrad_mlp as torch; torch.optim.SGD\n"
        "assert 'tinygrad_mlp.optim.lr_scheduler' not in sys.modules\n"
        "print(torch.optim.lr_scheduler.StepLR.__name__, torch.optim.swa_utils.SWALR.__name__)\n"
        "from tinygrad_mlp.optim.lr_scheduler import StepLR, _LRScheduler, LRScheduler\n"
        "from tinygrad_mlp.optim import lr_scheduler, swa_utils\n"
        "print(lr_scheduler.StepLR is StepLR)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["StepLR", "SWALR", "True"]


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="has no attribute 'lr_schedulers'"):
        tinygrad_mlp.optim.lr_schedulers  # noqa: B018


def test_names_that_other_libraries_import():
    def program(framework):
        room, optimizer = framework.optim.lr_scheduler, optimizer_of(framework, 2)
        room._update_param_group_val(optimizer.param_groups[0], "lr", 0.125)
        scheduler = room.StepLR(optimizer, 2)
        room._warn_get_lr_called_within_step(scheduler)
        rates = room._param_groups_val_list(optimizer, "lr"), room._format_param("rate", optimizer, 0.5)
        return rates, issubclass(room._LRScheduler, room.LRScheduler), room.EPOCH_DEPRECATION_WARNING

    _, warned = assert_same(program)
    assert len(warned) == 1


@pytest.mark.parametrize("name", torch.optim.lr_scheduler.__all__)
def test_signatures_have_torchs_names_and_defaults(name):
    import inspect

    ours, theirs = (inspect.signature(getattr(f.optim.lr_scheduler, name).__init__) for f in FRAMEWORKS)
    assert [(p.name, p.default, p.kind) for p in ours.parameters.values()] == [
        (p.name, p.default, p.kind) for p in theirs.parameters.values()
    ]
