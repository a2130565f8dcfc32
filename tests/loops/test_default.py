"""A step that names no backend runs in NumPy at first, and in loops from the call on by which that is to pay."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support import interpreted
from support.compiled import World, assert_equal, batches, descent, mlp
from tinygrad_mlp.compiler import CannotRecord, CompiledStep, loops

F = torch.nn.functional


@pytest.fixture(autouse=True)
def four_calls(monkeypatch):
    """Compiling pays after four calls, and Python itself runs the loops."""
    monkeypatch.setattr(loops, "calls_until_worth_it", lambda program: 4)
    monkeypatch.setattr(loops, "compiled", interpreted.compiled)


def world():
    torch.manual_seed(0)
    model = mlp(4, 6, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    return World(descent(model, optimizer, F.cross_entropy), model, optimizer)


def run(step, calls):
    """The losses of calls, and the backends after each of them."""
    losses, backends = [], []
    for call in calls:
        losses.append(step(*call).detach().numpy().copy())
        backends.append(step.backend)
    return losses, backends


def test_loops_come_after_the_calls_by_which_they_pay():
    ours, theirs = world(), world()
    step = torch.compile(ours.step)
    assert step.backend == "auto"
    losses, backends = run(step, batches(14))
    assert backends == ["auto"] + ["numpy"] * 6 + ["loops"] * 7  # three calls that record, four more, loops
    assert [program.confirmed for program in step.programs] == [True]
    assert_equal(losses, run(torch.compile(theirs.step, backend="numpy"), batches(14))[0], 1e-6)
    assert_equal(ours.seen(), theirs.seen(), 1e-6)


def test_two_runs_change_over_at_the_same_call(monkeypatch):
    """Also where the second finds on disk what the first has compiled."""
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "calls_until_worth_it", lambda program: 4)
        losses, backends = run(torch.compile(world().step), batches(10))
        again, same = run(torch.compile(world().step), batches(10))
    assert backends == same == ["auto"] + ["numpy"] * 6 + ["loops"] * 3
    assert_equal(again, losses)


def test_a_program_that_does_more_is_worth_it_sooner(monkeypatch):
    monkeypatch.undo()
    calls = []
    for n in (3, 300, 3000):
        step = torch.compile(lambda x: ((x @ x + 1) * x).exp().sum())
        step(torch.ones(n, n))
        calls.append(step.programs[0].remaining)
    assert calls == sorted(calls, reverse=True)
    assert calls[0] > 20_000
    assert calls[-1] < 5


def test_random_numbers_are_drawn_between_loops():
    def results(backend):
        torch.manual_seed(0)
        step = torch.compile(lambda x: F.dropout((x * 2 + 1).relu(), 0.5) * x.exp(), backend=backend)
        return [step(torch.arange(6.0)).numpy().copy() for _ in range(10)], step.backend

    (ours, backend), (theirs, _) = results(None), results("numpy")
    assert backend == "loops"
    assert_equal(ours, theirs, 1e-6)


def test_each_program_is_counted_on_its_own():
    step = torch.compile(lambda x: (x * 2 + 1).sum())
    short, long = torch.ones(3), torch.ones(5)
    for x in (short, long):
        step(x), step(x)
    for _ in range(6):
        assert step(short).item() == 9
    assert sorted(program.backend for program in step.programs) == ["loops", "numpy"]
    assert step(long).item() == 15
    for _ in range(6):
        step(long)
    assert [program.backend for program in step.programs] == ["loops", "loops"]


def test_a_program_that_is_not_whole_stays_in_numpy(capsys):
    step = torch.compile(lambda x: (x * 2).argsort() + 1)
    for _ in range(9):
        assert step(torch.ones(3)).shape == (3,)
    assert step.backend == "numpy"
    assert len(step.programs) == 1
    step.explain()
    assert capsys.readouterr().out == f"All lines are calls of NumPy: {loops.NOT_WHOLE}.\n"


def test_without_numba_nothing_is_counted(monkeypatch, capsys):
    monkeypatch.setattr(loops, "is_available", lambda: False)
    step = torch.compile(lambda x: (x * 2 + 1).sum())
    for _ in range(9):
        assert step(torch.ones(3)).item() == 9
    assert step.backend == "numpy"
    step.explain()
    assert capsys.readouterr().out == "All lines are calls of NumPy: numba is not installed.\n"


@pytest.mark.parametrize("options", [{"backend": "numpy"}, {"blas": "scipy"}])
def test_who_asks_for_numpy_gets_it(options):
    step = torch.compile(lambda x: (x * 2 + 1).sum(), **options)
    for _ in range(9):
        assert step(torch.ones(3)).item() == 9
    assert step.backend == "numpy"


@pytest.mark.parametrize("fallback", [False, True])
def test_a_step_that_cannot_be_recorded_again_goes_on(fallback, monkeypatch):
    keep = CompiledStep._keep

    def refusing(self, *args):
        if self.programs and self.programs[0].confirmed:
            raise CannotRecord("not again")
        keep(self, *args)

    monkeypatch.setattr(CompiledStep, "_keep", refusing)
    ours = world()
    losses, backends = run(torch.compile(ours.step, fallback=fallback), batches(12))
    assert backends == ["auto"] + ["numpy"] * 11
    theirs = world()
    assert_equal(losses, run(torch.compile(theirs.step, backend="numpy"), batches(12))[0])
    assert_equal(ours.seen(), theirs.seen())


def test_a_program_that_numba_refuses_stays_in_numpy(monkeypatch):
    def refuse(function):
        raise TypeError("no such type")

    monkeypatch.setattr(loops, "compiled", refuse)
    step = torch.compile(lambda x: (x * 2 + 1).sum())
    for _ in range(9):
        result = step(torch.ones(3))
        assert type(result.array) is np.ndarray and result.tolist() == 9
    assert step.backend == "numpy"
    assert len(step.programs) == 1
