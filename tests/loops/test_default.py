"""A step that names no backend runs in NumPy at first, in loops when that has paid, or at once where it is free."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_mlp as torch
from support import interpreted
from support.compiled import World, assert_equal, batches, descent, mlp
from tinygrad_mlp.compiler import CannotRecord, CompiledStep, build, loops
from tinygrad_mlp.compiler import step as of_steps

F = torch.nn.functional


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Nothing is on disk, calls take a second and compiling three, and Python itself runs the loops."""
    monkeypatch.setattr(build, "SECONDS_TO_COMPILE", 3.0)
    monkeypatch.setattr(build, "SECONDS_A_LINE", 0.0)
    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path))
    seconds = itertools.count()
    monkeypatch.setattr(of_steps, "clock", lambda: float(next(seconds)))
    monkeypatch.setattr(loops, "compiled", interpreted.compiled)
    return tmp_path


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


def test_loops_come_when_numpy_has_run_for_as_long_as_compiling_takes():
    ours, theirs = world(), world()
    step = torch.compile(ours.step)
    assert step.backend == "auto"
    losses, backends = run(step, batches(14))
    assert backends == ["auto"] + ["numpy"] * 6 + ["loops"] * 7  # three calls that record, four seconds, loops
    assert [program.confirmed for program in step.programs] == [True]
    assert_equal(losses, run(torch.compile(theirs.step, backend="numpy"), batches(14))[0], 1e-6)
    assert_equal(ours.seen(), theirs.seen(), 1e-5)


def test_what_is_on_disk_is_taken_at_once(monkeypatch):
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_steps, "clock", None)  # nothing is timed
        losses, _ = run(torch.compile(world().step, backend="loops"), batches(5))
        again, backends = run(torch.compile(world().step), batches(5))
    assert backends == ["auto"] + ["loops"] * 4
    assert_equal(again, losses)


def test_a_file_that_comes_between_two_recordings_changes_nothing(monkeypatch):
    step = torch.compile(lambda x: (x * 2 + 1).sum())
    step(torch.ones(3))
    monkeypatch.setattr(loops, "is_any_kept", lambda: True)
    monkeypatch.setattr(loops, "is_kept", lambda function: True)
    assert step(torch.ones(3)).item() == 9
    assert step.backend == "numpy"
    assert step.programs[0].confirmed


def test_a_longer_program_takes_longer_to_compile(monkeypatch):
    monkeypatch.setattr(build, "SECONDS_A_LINE", 1.0)
    remaining = []
    for function in (lambda x: x + 1, lambda x: ((x + 1) * x).exp().sum()):
        step = torch.compile(function)
        step(torch.ones(3))
        remaining.append(step.programs[0].remaining)
    assert remaining == [4, 7]


def test_each_program_has_a_time_of_its_own():
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


def test_without_numba_nothing_is_timed(monkeypatch, capsys):
    monkeypatch.setattr(loops, "is_available", lambda: False)
    monkeypatch.setattr(of_steps, "clock", None)
    step = torch.compile(lambda x: (x * 2 + 1).sum())
    for _ in range(5):
        assert step(torch.ones(3)).item() == 9
    assert step.backend == "numpy"
    step.explain()
    assert capsys.readouterr().out == "All lines are calls of NumPy: numba is not installed.\n"


@pytest.mark.parametrize("options", [{"backend": "numpy"}, {"blas": "scipy"}])
def test_who_asks_for_numpy_gets_it(options, monkeypatch):
    monkeypatch.setattr(of_steps, "clock", None)
    step = torch.compile(lambda x: (x * 2 + 1).sum(), **options)
    for _ in range(5):
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
        np.testing.assert_array_equal(step(torch.ones(3)).numpy(), 9)
    assert step.backend == "numpy"
    assert len(step.programs) == 1
