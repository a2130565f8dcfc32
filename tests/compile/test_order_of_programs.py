"""Which of its programs a step runs: the one that ran last, if it fits, and else the newest that does."""

from __future__ import annotations

import threading
import warnings
import weakref

import pytest

import tinygrad_mlp as torch
from support.compiled import World, batches, descent, mlp
from tinygrad_mlp.compiler import compile
from tinygrad_mlp.compiler.guard import MISS

F = torch.nn.functional


def recorded(step, *calls):
    """The step after enough calls for a program of each signature."""
    for call in calls:
        for _ in range(3):
            step(*call)
    assert len(step.programs) == len(calls) and all(program.confirmed for program in step.programs)
    return step


def watched(step):
    """The list of what the step's programs are asked, as numbers of programs, and whether each fitted."""
    asked = []
    for number, program in enumerate(step.programs):

        def call(args, kwargs, number=number, plain=program.call):
            result = plain(args, kwargs)
            asked.append((number, result is not MISS))
            return result

        program.call = call
    return asked


def test_the_program_that_ran_last_is_asked_first_and_none_is_asked_twice():
    short, medium, long = ((torch.ones(n),) for n in (2, 3, 4))
    step = recorded(compile(lambda x: x * 2), short, medium, long)
    asked = watched(step)
    for call, expected in [
        (long, [(2, True)]),
        (long, [(2, True)]),
        (short, [(2, False), (1, False), (0, True)]),
        (short, [(0, True)]),
        (medium, [(0, False), (2, False), (1, True)]),
        (medium, [(1, True)]),
        (long, [(1, False), (2, True)]),
    ]:
        asked.clear()
        assert step(*call).tolist() == [2.0] * len(call[0])
        assert asked == expected


def test_two_signatures_in_turn():
    def build():
        torch.manual_seed(0)
        model = mlp(4, 5, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        return World(descent(model, optimizer, F.cross_entropy), model)

    short, long = batches(12, size=3), batches(12, size=8)
    losses = []
    for wrap in (compile, lambda step: step):
        step = wrap(build().step)
        losses.append([step(*call).item() for pair in zip(short, long, strict=True) for call in pair])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0][-1] != losses[0][-3]


def test_a_program_that_is_counted_is_counted_each_time():
    """Two programs fit here: the float was a constant of the first, and is an argument of the second."""
    factor = {"of": 1.5}
    step = compile(lambda x: (x * factor["of"]).sum())
    for value in (1.5, 2.5, 1.5, 3.5, 1.5, 1.5):
        factor["of"] = value
        for _ in range(3):
            assert step(torch.ones(2)).item() == 2 * value


def test_a_program_that_is_dropped_is_let_go():
    step = recorded(compile(lambda x: x * 2), (torch.ones(1),))
    program = weakref.ref(step.programs[0])
    for n in range(2, 18):
        assert program() is not None
        step(torch.ones(n))
    assert len(step.programs) == 16
    assert program() is None
    assert step(torch.ones(1)).tolist() == [2.0]


def test_what_a_program_raises_leaves_it_usable():
    def step(x, i):
        return (x * 2)[torch.arange(2), i] + 1

    compiled, x = compile(step), torch.ones(2, 3)
    recorded(compiled, (x, torch.tensor([0, 1])))
    for _ in range(2):
        with pytest.raises(IndexError):
            compiled(x, torch.tensor([0, 3]))
        results = []
        thread = threading.Thread(target=lambda found=results: found.append(compiled(x, torch.tensor([2, 0])).tolist()))
        thread.start()
        thread.join(timeout=30)
        assert results == [[3.0, 3.0]]
        assert compiled(x, torch.tensor([0, 1])).tolist() == [3.0, 3.0]
    assert len(compiled.programs) == 1


def test_modes_that_change_between_calls():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda x: (weight * x).detach() if torch.is_grad_enabled() else weight * x + 1)
    for number in range(12):
        with torch.set_grad_enabled(number % 3 > 0):
            assert step(torch.ones(2)).tolist() == ([1.0] * 2 if number % 3 else [2.0] * 2)
    assert len(step.programs) == 2


def test_a_module_whose_outputs_are_put_on_the_tape_now_and_then():
    model = torch.nn.Linear(2, 1)
    compiled = compile(model)
    for number in range(12):
        with torch.set_grad_enabled(number % 4 == 3):
            result = compiled(torch.ones(3, 2))
        assert result.requires_grad is (number % 4 == 3)
        assert result.tolist() == model(torch.ones(3, 2)).tolist()
    assert len(compiled.programs) == 1


def test_a_step_that_falls_back_runs_no_program_any_more():
    calls = []

    def step(x):
        calls.append(len(x)) if len(x) == 3 else None
        return x * (2 if len(x) < 3 else x.sum().item())

    compiled = recorded(compile(step, fallback=True), (torch.ones(2),))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert compiled(torch.ones(3)).tolist() == [3.0] * 3
    assert len(caught) == 1
    asked = watched(compiled)
    assert compiled(torch.ones(2)).tolist() == [2.0] * 2
    assert asked == []


def test_two_threads_with_two_signatures():
    total = torch.zeros(())

    def step(x):
        with torch.no_grad():
            total.add_(x.sum())
        return x * 2

    compiled = recorded(compile(step), (torch.zeros(2),), (torch.zeros(3),))
    results = {2: [], 3: []}

    def work(n):
        results[n] += [compiled(torch.full((n,), float(i))).tolist() for i in range(300)]

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == {n: [[2.0 * i] * n for i in range(300)] for n in results}
    assert total.item() == 5 * sum(range(300))
    assert len(compiled.programs) == 2


def test_a_step_that_another_thread_records_meanwhile():
    """It runs when the recording has ended: the two share the lock."""
    started, go_on = threading.Event(), threading.Event()
    total = torch.zeros(())

    def step(x):
        if len(x) == 3:
            started.set()
            assert go_on.wait(timeout=30)
        with torch.no_grad():
            total.add_(x.sum())
        return x * 2

    compiled = recorded(compile(step), (torch.ones(2),))
    results = []
    threads = [threading.Thread(target=lambda: results.append(compiled(torch.ones(3)).tolist()))]
    threads[0].start()
    assert started.wait(timeout=30)
    threads.append(threading.Thread(target=lambda: results.append(compiled(torch.ones(2)).tolist())))
    threads[1].start()
    threads[1].join(timeout=0.1)
    assert results == []
    go_on.set()
    for thread in threads:
        thread.join(timeout=30)
    assert results == [[2.0] * 3, [2.0] * 2]
    assert total.item() == 11.0
