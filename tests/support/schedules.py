"""Schedules run under torch and under tinygrad_mlp: learning rates, momenta and states, which must be equal exactly."""

from __future__ import annotations

import functools
import math
import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch

import tinygrad_mlp

FRAMEWORKS = (tinygrad_mlp, torch)


class Halving:
    """A function with state: an object that can be called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, epoch: float) -> float:
        self.calls += 1
        return 0.5 ** (epoch // 4)


def _scaled(factor: float, epoch: float) -> float:
    return factor * (1 + math.sin(epoch))


# A name in lr_scheduler and arguments, which both frameworks can be given; objects that are called are made anew.
CASES: list[tuple[str, dict[str, Any]]] = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", {"lr_lambda": functools.partial(_scaled, 0.3)}),
    ("LambdaLR", {"lr_lambda": Halving}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 1 - 1 / (epoch + 2)}),
    ("MultiplicativeLR", {"lr_lambda": functools.partial(_scaled, 0.7)}),
    ("StepLR", {"step_size": 10}),
    ("StepLR", {"step_size": 1, "gamma": 0.97}),
    ("StepLR", {"step_size": 7, "gamma": 0.33}),
    ("MultiStepLR", {"milestones": [5, 20]}),
    ("MultiStepLR", {"milestones": [30, 3, 3, 12], "gamma": 0.7}),
    ("MultiStepLR", {"milestones": (), "gamma": 0.7}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.7, "total_iters": 20}),
    ("ConstantLR", {"factor": 1, "total_iters": 0}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.01, "total_iters": 25}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 33}),
    ("LinearLR", {"start_factor": 0.3, "end_factor": 0.7, "total_iters": 1}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ExponentialLR", {"gamma": 1.01}),
    ("ExponentialLR", {"gamma": 1}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 30, "power": 2.0}),
    ("PolynomialLR", {"total_iters": 17, "power": 0.9}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 1e-3}),
    ("CosineAnnealingLR", {"T_max": 50, "eta_min": 0.2}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 10}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 1e-4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("CyclicLR", {"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 3, "step_size_down": 8, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5, "mode": "exp_range", "gamma": 0.97}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5, "base_momentum": 0.1, "max_momentum": 0.5}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 6, "scale_fn": lambda x: 1 / (5 ** (x * 0.1))}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.3, "step_size_up": 6, "scale_fn": Halving, "scale_mode": "iterations"}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 60}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 6, "steps_per_epoch": 11, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 70, "three_phase": True, "pct_start": 0.25, "div_factor": 7}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 61, "three_phase": True, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 61, "cycle_momentum": False, "final_div_factor": 3}),
    ("OneCycleLR", {"max_lr": 0.7, "total_steps": 61, "base_momentum": 0.5, "max_momentum": 0.6, "pct_start": 0.9}),
]  # fmt: skip
# The same with a value for each of two groups.
FOR_TWO_GROUPS: list[tuple[str, dict[str, Any]]] = [
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.95**epoch, lambda epoch: 1 / (1 + epoch)]}),
    ("LambdaLR", {"lr_lambda": (Halving, lambda epoch: 0.9)}),
    ("MultiplicativeLR", {"lr_lambda": [lambda epoch: 0.95, Halving]}),
    ("CyclicLR", {"base_lr": [0.1, 0.2], "max_lr": (0.5, 0.3), "step_size_up": 7}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "base_momentum": [0.1, 0.2], "max_momentum": [0.8, 0.7],
                  "step_size_up": 7}),
    ("OneCycleLR", {"max_lr": [0.1, 0.2], "total_steps": 61}),
    ("OneCycleLR", {"max_lr": 0.1, "base_momentum": [0.5, 0.6], "max_momentum": (0.8, 0.9), "total_steps": 61}),
]  # fmt: skip


def named(cases: Iterable[tuple[str, dict[str, Any]]]) -> list[Any]:
    """The cases as pytest's parameters, with their names."""
    import pytest

    return [pytest.param(*case, id=f"{case[0]}-{i}") for i, case in enumerate(cases)]


def optimizer_of(framework: Any, groups: int = 1, kind: str = "SGD", **options: Any) -> Any:
    """An optimiser of parameters without gradients; the learning rates of the groups are 0.5, 0.25 and so on."""
    options = {**({"momentum": 0.9} if kind == "SGD" else {}), **options}
    rates = options.pop("rates", [0.5 / 2**i for i in range(groups)])
    return getattr(framework.optim, kind)(
        [{"params": [framework.zeros(2, requires_grad=True)], "lr": rate} for rate in rates], **options
    )


def scheduler_of(framework: Any, name: str, options: dict[str, Any], optimizer: Any, **others: Any) -> Any:
    """A scheduler of torch.optim.lr_scheduler, or SWALR."""
    room = framework.optim.swa_utils if name == "SWALR" else framework.optim.lr_scheduler
    return getattr(room, name)(optimizer, **{key: _made(value) for key, value in options.items()}, **others)


def _made(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_made, value))
    return Halving() if value is Halving else value


def plain(value: Any) -> Any:
    """A value that can be compared with ==: dicts with the order of their keys, tensors with their dtypes."""
    if isinstance(value, (torch.Tensor, tinygrad_mlp.Tensor)):
        return ("tensor", str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return [(key, plain(part)) for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return (type(value).__name__, value)


def seen(scheduler: Any) -> Any:
    """All that a program can see of a scheduler and of the groups of its optimiser."""
    groups = scheduler.optimizer.param_groups
    options = [{key: group[key] for key in sorted(_OF_SCHEDULES & group.keys())} for group in groups]
    return plain([options, scheduler.get_last_lr(), getattr(scheduler, "last_epoch", None), scheduler.state_dict()])


_OF_SCHEDULES = {
    "lr", "initial_lr", "momentum", "betas", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr",
}  # fmt: skip


def go_on(scheduler: Any, steps: Iterable[Any]) -> list[Any]:
    """What is seen after each step; a step is an epoch or None."""
    trace = []
    for step in steps:
        scheduler.optimizer.step()
        scheduler.step(*(() if step is None else (step,)))
        trace.append(seen(scheduler))
    return trace


def outcome(program: Callable[[Any], Any], framework: Any) -> Any:
    """The result of a program, or the type and the whole text of what it raises, and all its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = program(framework)
        except Exception as error:
            result = (type(error), str(error))
        # Torch's own point into torch where one scheduler steps another.
        if framework is tinygrad_mlp:
            assert not any(w.filename.startswith(_PACKAGE) for w in caught)
    return result, [(w.category, str(w.message)) for w in caught]


_PACKAGE = os.path.dirname(tinygrad_mlp.__file__)


def assert_same(program: Callable[[Any], Any]) -> Any:
    """Both frameworks give the same result or error, and the same warnings, of which ours point at the program."""
    ours, theirs = (outcome(program, framework) for framework in FRAMEWORKS)
    assert ours == theirs
    return ours
