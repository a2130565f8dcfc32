"""The steps of a training as exact programs: the same bits as call by call, whatever the training, and no refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from tinygrad_mlp.tables import TableClassifier, TableRegressor, steps
from tinygrad_mlp.tables.training import Diverged, Parts, Plan, fit


def parts_of(task: str, rows: int, features: int, outputs: int, seed: int = 0, held: int = 0) -> Parts:
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows + 7 + held, features)).astype(np.float32)
    y = random.integers(0, outputs, len(x)) if task == "classification" else x[:, :1] * 2
    a, b = rows, rows + 7
    return Parts(x[:a], y[:a], x[a:b], y[a:b], *((x[b:], y[b:]) if held else ()))


def plan_of(task: str, layers: tuple[int, ...], **others: Any) -> Plan:
    options: dict[str, Any] = {"epochs": 6, "batch_size": 8, "optimizer": "adam", "lr": 0.01, "seed": 0}
    return Plan(task, layers, **{**options, "momentum": 0.9, "weight_decay": 1e-3, **others})


def trained(kind: str, parts: Parts, plan: Plan, worth_it: int = 0) -> tuple[Any, str | None]:
    """Everything that a training leaves but its times, and what its steps ran in; worth it after so many steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "WORTH_IT", worth_it)
        fitted = fit(torch, parts, plan, lambda: None, lambda _: None, steps=kind)
    state = {name: x.numpy().tobytes() for name, x in fitted.model.state_dict().items()}
    grads = [p.grad.numpy().tobytes() for p in fitted.model.parameters()]
    epochs = [(e.number, e.loss, e.validation_loss, repr(e.scores)) for e in fitted.epochs]
    return (state, grads, epochs, fitted.best, torch.get_rng_state().numpy().tobytes()), fitted.backend


@settings(max_examples=25, deadline=None)
@given(
    task=st.sampled_from(["classification", "regression"]),
    rows=st.integers(1, 60),
    batch_size=st.integers(1, 24),
    widths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    optimizer=st.sampled_from(["adam", "sgd"]),
    momentum=st.sampled_from([0.0, 0.9]),
    weight_decay=st.sampled_from([0.0, 0.01]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    worth_it=st.sampled_from([0, 10]),
)
def test_the_same_bits(task, rows, batch_size, widths, optimizer, momentum, weight_decay, weighted, seed, worth_it):
    outputs = 3 if task == "classification" else 1
    weights = (0.5, 1.0, 2.5) if weighted and task == "classification" else None
    plan = plan_of(
        task, (*widths, outputs), batch_size=batch_size, optimizer=optimizer, momentum=momentum,
        weight_decay=weight_decay, class_weights=weights, seed=seed,
    )  # fmt: skip
    parts = parts_of(task, rows, widths[0], outputs, seed)
    assert trained("exact", parts, plan, worth_it)[0] == trained("eager", parts, plan)[0]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_hundreds_of_steps_with_short_batches_between_them(task):
    outputs = 10 if task == "classification" else 1
    parts, plan = parts_of(task, 323, 64, outputs), plan_of(task, (64, 128, 64, outputs), epochs=40, batch_size=32)
    exact, backend = trained("exact", parts, plan, worth_it=300)  # 400 of 32 rows, 40 of 3 rows, which do not pay
    assert backend == "exact"
    assert exact == trained("eager", parts, plan)[0]


def test_a_validation_part_stops_at_the_same_epoch():
    parts = parts_of("classification", 60, 5, 3, held=20)
    plan = plan_of("classification", (5, 16, 3), epochs=60, patience=3, lr=0.05)
    exact, backend = trained("exact", parts, plan)
    assert backend == "exact" and exact[3] < len(exact[2]) < 60
    assert exact == trained("eager", parts, plan)[0]


def test_short_trainings_run_call_by_call():
    parts, plan = parts_of("regression", 80, 4, 1), plan_of("regression", (4, 8, 1), epochs=10)
    assert trained("exact", parts, plan, worth_it=100)[1] is None
    assert trained("exact", parts, plan, worth_it=99)[1] == "exact"
    assert steps.WORTH_IT == 800


def test_a_step_that_cannot_be_recorded_goes_on_call_by_call():
    parts, plan = parts_of("classification", 40, 4, 3), plan_of("classification", (4, 8, 3))
    eager, _ = trained("eager", parts, plan)
    seen: list[float] = []
    handle = torch.nn.modules.module.register_module_forward_hook(lambda *args: seen.append(args[2].sum().item()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found, backend = trained("exact", parts, plan)
    finally:
        handle.remove()
    assert seen and backend is None
    assert found == eager


def test_a_training_that_diverges_says_so():
    parts = parts_of("regression", 40, 4, 1)
    plan = plan_of("regression", (4, 8, 1), optimizer="sgd", lr=1e4, epochs=20)
    messages = []
    for kind in ("eager", "exact"):
        with warnings.catch_warnings(), pytest.raises(Diverged) as refused:
            warnings.simplefilter("error")
            trained(kind, parts, plan)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("estimator", [TableClassifier, TableRegressor])
def test_estimators_give_the_same(estimator, monkeypatch):
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 4))
    y = random.integers(0, 3, 60)
    found = []
    for worth_it in (10**9, 0):
        monkeypatch.setattr(steps, "WORTH_IT", worth_it)
        model = estimator(hidden=(8,), epochs=8, batch_size=10).fit(x, y)
        found.append((model.predict(x).tobytes(), model.losses_))
    assert found[0] == found[1]
