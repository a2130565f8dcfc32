"""Threads, reentrancy, and what is left behind: compiled steps among others."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import batches, descent, mlp, values
from tinygrad_mlp.compiler import CannotRecord, compile

F = torch.nn.functional


def together(*functions):
    """Run functions in threads of their own, all at once; what one raises is raised here."""
    errors, barrier = [], threading.Barrier(len(functions))

    def run(function):
        barrier.wait()
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


# -- threads ---------------------------------------------------------------------------------------


def test_several_threads_call_one_step():
    total = torch.zeros(())

    @compile
    def step(x):
        with torch.no_grad():
            total.add_(x.sum())
        return x * 2

    def work(n):
        for i in range(100):
            x = torch.full((3,), float(n * 1000 + i))
            assert step(x).tolist() == [2.0 * (n * 1000 + i)] * 3

    together(*(lambda n=n: work(n) for n in range(4)))
    assert total.item() == sum(3 * (n * 1000 + i) for n in range(4) for i in range(100))
    assert len(step.programs) == 1


def test_several_threads_train_models_of_their_own():
    def train(wrap, n, model, results):
        step = wrap(descent(model, torch.optim.Adam(model.parameters(), lr=0.01), F.mse_loss))
        random = np.random.RandomState(n)
        for _ in range(30):
            step(*(torch.tensor(random.randn(8, k).astype(np.float32)) for k in (4, 3)))
        results[n] = [values(p) for p in model.parameters()]

    outcomes = []
    for wrap in (lambda step: step, compile):
        torch.manual_seed(0)
        models = [mlp(4, 5, 3) for _ in range(3)]
        results = {}
        together(
            *(lambda n=n, wrap=wrap, results=results, model=models[n]: train(wrap, n, model, results) for n in range(3))
        )
        outcomes.append(results)
    for n in range(3):
        for a, b in zip(outcomes[0][n], outcomes[1][n], strict=True):
            np.testing.assert_array_equal(a, b)


def test_eager_work_while_another_thread_records():
    recording, done = threading.Event(), threading.Event()
    weight = torch.ones(2, requires_grad=True)

    def slow(x):
        recording.set()
        assert done.wait(timeout=30)
        with torch.no_grad():
            weight.mul_(1)
        return x * weight.detach()

    step = compile(slow)

    def work():
        assert recording.wait(timeout=30)
        try:
            w = torch.ones(3, requires_grad=True)
            loss = (w * 2).sum()
            loss.backward()
            assert type(w.array) is np.ndarray and w.grad.tolist() == [2.0] * 3
            assert loss.item() == 6.0 and bool(loss > 5) and f"{loss:.1f}" == "6.0"
            assert torch.rand(2).numpy().shape == (2,)
            assert weight.tolist() == [1.0, 1.0]
        finally:
            done.set()

    together(lambda: step(torch.ones(2)), work)
    step(torch.ones(2))
    assert step(torch.ones(2)).tolist() == [1.0, 1.0]
    assert "mul" not in step.source.replace("multiply", "mul") or "weight" in step.source


def test_random_numbers_of_another_thread_are_not_recorded():
    recording, done = threading.Event(), threading.Event()
    other = torch.Generator()

    def slow(x):
        recording.set()
        assert done.wait(timeout=30)
        return x + 1

    step = compile(slow)

    def work():
        assert recording.wait(timeout=30)
        torch.rand(2, generator=other)
        done.set()

    together(lambda: step(torch.ones(2)), work)
    step(torch.ones(2))
    assert "generator" not in step.source


def test_grad_mode_is_that_of_the_calling_thread():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda x: (weight * x).detach() if torch.is_grad_enabled() else weight * x * 0)

    def without_grad():
        with torch.no_grad():
            for _ in range(5):
                assert step(torch.ones(2)).tolist() == [0.0, 0.0]

    def with_grad():
        for _ in range(5):
            assert step(torch.ones(2)).tolist() == [1.0, 1.0]

    together(with_grad, without_grad)


# -- steps in steps --------------------------------------------------------------------------------


def test_a_compiled_step_that_calls_another():
    weight = torch.ones(2)

    @compile
    def inner(x):
        weight.add_(1)
        return x * weight

    @compile
    def outer(x):
        return inner(x) + inner(x)

    for i in range(4):
        k = 2 * i
        assert outer(torch.ones(2)).tolist() == [2.0 * k + 5] * 2
    assert inner.programs == ()
    assert inner(torch.ones(2)).tolist() == [10.0, 10.0]


def test_a_change_that_only_the_inner_step_sees_is_seen():
    class Scale:
        value = 2.0

    scale = Scale()

    @compile
    def inner(x):
        return x * scale.value

    outer = compile(lambda x: inner(x) + 1)
    for _ in range(3):
        assert outer(torch.ones(2)).tolist() == [3.0, 3.0]
    scale.value = 5.0
    for _ in range(3):
        assert outer(torch.ones(2)).tolist() == [6.0, 6.0]


def test_a_compiled_model_in_a_compiled_step():
    model = mlp(4, 5, 3)
    compiled = compile(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(compiled(x), y)
        loss.backward()
        optimizer.step()
        return loss

    (x, y), *_ = batches(1)
    losses = [step(x, y).item() for _ in range(20)]
    assert losses[-1] < losses[2] < losses[0] and len(step.programs) == 1


def test_recursion():
    @compile
    def power(x, n):
        return x if n == 0 else x * power(x, n - 1)

    for _ in range(3):
        assert power(torch.full((2,), 2.0), 3).tolist() == [16.0, 16.0]


def test_a_refusal_in_an_inner_step_is_one_of_the_outer():
    weight = torch.ones(2)
    inner = compile(lambda x: x * x.sum().item())

    @compile
    def outer(x):
        weight.add_(1)
        return inner(x)

    with pytest.raises(CannotRecord, match=r"item\(\)"):
        outer(torch.ones(2))
    assert weight.tolist() == [1.0, 1.0]


# -- what is left ----------------------------------------------------------------------------------


def trained(calls):
    """A compiled training step of a small model, called some times, with its model."""
    model = mlp(4, 5, 3)
    step = compile(descent(model, torch.optim.Adam(model.parameters(), lr=1e-3), F.cross_entropy))
    (x, y), *_ = batches(1)
    for _ in range(calls):
        step(x, y)
    return step, model, x, y


def test_memory_does_not_grow_over_ten_thousand_calls():
    step, _, x, y = trained(10)

    def blocks_after(calls):
        for _ in range(calls):
            step(x, y)
        gc.collect()
        return sys.getallocatedblocks()

    before = blocks_after(100)
    assert blocks_after(10_000) - before < 5_000  # of what leaks in each call there would be 10,000
    assert len(step.programs) == 1


def test_memory_does_not_grow_over_new_signatures():
    step = compile(lambda x, n: x * n)
    x = torch.ones(3)

    def record(first):
        for n in range(first, first + 20):
            step(x, n), step(x, n)

    record(0)
    record(20)
    gc.collect()
    tracemalloc.start()
    try:
        record(40)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        record(60)
        record(80)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Marker:
    """Something in a frame that can be referred to weakly."""


@pytest.mark.parametrize("calls", [1, 2, 3, 5])
def test_what_a_step_makes_dies_with_the_call(no_gc, calls):
    refs = []
    weight, note = torch.ones(2, requires_grad=True), refs.append  # a method of C, into which no guard looks

    @compile
    def noted(x):
        marker, hidden = Marker(), weight * x
        loss = hidden.sum()
        note([weakref.ref(thing) for thing in (marker, hidden, loss.grad_fn)])
        loss.backward()
        weight.grad = None
        return loss.detach()

    for _ in range(calls):
        noted(torch.ones(2))
    assert len(refs) == min(calls, 2)
    assert [ref() for noted in refs for ref in noted] == [None] * 3 * len(refs)


def test_the_arguments_of_a_call_die_with_it(no_gc):
    step = compile(lambda x: x * 2)
    step(torch.ones(2))  # its argument stays with the program, which can be saved with it
    for _ in range(4):
        x = torch.ones(2)
        array, tensor = weakref.ref(x.array), weakref.ref(x)
        step(x)
        del x
        assert array() is None and tensor() is None


def test_results_die_when_they_are_let_go(no_gc):
    step, _, x, y = trained(5)
    loss = step(x, y)
    array, tensor = weakref.ref(loss.array), weakref.ref(loss)
    del loss
    assert array() is None and tensor() is None


def test_a_step_that_is_let_go_takes_its_model_along():
    step, model, *_ = trained(5)
    dead = [weakref.ref(thing) for thing in (step, model, model[0].weight, model[0].weight.array)]
    del step, model
    gc.collect()
    assert all(ref() is None for ref in dead)


def test_nothing_of_a_refused_call_is_left(no_gc):
    refs = []
    weight, note = torch.ones(2, requires_grad=True), refs.append

    @compile
    def step(x):
        hidden = weight * x
        note([weakref.ref(hidden), weakref.ref(hidden.grad_fn)])
        return hidden.sum().item()

    with contextlib.suppress(CannotRecord):
        step(torch.ones(2))
    assert [ref() for ref in refs[0]] == [None, None]


def test_the_classes_are_as_they_were():
    def attributes(kind):
        return {name: getattr(kind, name, None) for name in vars(kind)}  # asked for, the methods of rows are made

    tensor, generator = attributes(torch.Tensor), attributes(torch.Generator)
    step = compile(lambda x: x * x.sum().item())
    with pytest.raises(CannotRecord):
        step(torch.ones(2))
    compile(lambda x: x + torch.randn(2))(torch.ones(2))
    assert attributes(torch.Tensor) == tensor
    assert attributes(torch.Generator) == generator
