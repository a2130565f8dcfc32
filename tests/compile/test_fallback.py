"""compile(fallback=True): what cannot be recorded runs eagerly, with one warning."""

from __future__ import annotations

import warnings

import pytest

import tinygrad_mlp as torch
from support.compiled import Snapshot, assert_equal, trained, values
from support.unrepeatable import CHANGING, READING, array_as_text
from tinygrad_mlp.compiler import compile

x = torch.tensor([[1.0, -2.0], [3.0, 4.0]])


@pytest.mark.parametrize("read", [f for f in READING if f is not array_as_text], ids=lambda f: f.__name__)
def test_fallback_runs_eagerly_with_one_warning(read):
    outcomes = []
    for wrapped in (False, True):
        torch.manual_seed(0)
        model, optimizer = trained()

        def step(x, model=model, optimizer=optimizer):
            out = model(x)
            out.pow(2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            return read(model(x).detach())

        run = compile(step, fallback=True) if wrapped else step
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [values(run(x)) for _ in range(5)]
        assert [str(w.message) for w in caught if "runs eagerly" in str(w.message)] == [str(w.message) for w in caught]
        assert len(caught) == wrapped
        if wrapped:
            assert caught[0].filename == __file__ and f"in {read.__name__}" in str(caught[0].message)
        outcomes.append((results, Snapshot(model, optimizer).before))
    for eager, ours in zip(outcomes[0][0], outcomes[1][0], strict=True):
        assert_equal(ours, eager)
    del outcomes[0][1]["grad_ids"], outcomes[1][1]["grad_ids"]
    assert_equal(outcomes[1][1], outcomes[0][1])


@pytest.mark.parametrize("change", CHANGING, ids=lambda f: f.__name__)
def test_fallback_of_changing_state(change):
    weight = torch.zeros(())

    def step(x):
        with torch.no_grad():
            weight.add_(1)
        change(x)
        return weight * 1

    compiled = compile(step, fallback=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = [compiled(x).item() for _ in range(5)]
    assert counts == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(caught) <= 1


def test_fallback_of_a_result_on_the_tape_can_be_differentiated():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda x: (weight * x).sum(), fallback=True)
    with pytest.warns(UserWarning, match="still on the tape"):
        step(x).backward()
    step(x).backward()
    assert weight.grad.tolist() == [8.0, 4.0]
    assert step.programs == ()


def test_fallback_of_a_step_that_can_be_recorded_is_a_program():
    step = compile(lambda x: x * 2, fallback=True)
    for _ in range(3):
        assert step(x).tolist() == (x * 2).tolist()
    assert step.programs[0].confirmed
