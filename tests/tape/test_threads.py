"""Backward in several threads: no accumulation is lost, and each has its own grad mode."""

from __future__ import annotations

import threading

import numpy as np

import tinygrad_mlp


def _in_threads(count, work):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_threads_lose_no_accumulation():
    # Large enough that NumPy lets go of the interpreter's lock while it adds.
    x = tinygrad_mlp.ones(40_000, requires_grad=True)
    shared = x * 2

    def work(i):
        for _ in range(25):
            (shared * 1.0).sum().backward(retain_graph=True)
            (x * 3).sum().backward()

    _in_threads(4, work)
    np.testing.assert_array_equal(x.grad.numpy(), np.full(40_000, 4 * 25 * 5.0, np.float32))


def test_threads_that_begin_without_a_gradient():
    for _ in range(30):
        x = tinygrad_mlp.ones(3, requires_grad=True)
        start = threading.Barrier(4)

        def work(i, x=x, start=start):
            y = (x * 2).sum()
            start.wait()
            y.backward()

        _in_threads(4, work)
        assert x.grad.tolist() == [8, 8, 8]


def test_threads_with_hooks_and_retained_gradients():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(1))

    def work(i):
        for _ in range(20):
            y = x * 2
            y.retain_grad()
            y.sum().backward()
            assert y.grad.tolist() == [1, 1, 1]

    _in_threads(4, work)
    assert len(seen) == 80
    assert x.grad.tolist() == [160, 160, 160]


def test_grad_mode_belongs_to_the_thread():
    seen = []
    with tinygrad_mlp.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tinygrad_mlp.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
