"""Backward inside of backward, however deep, and callbacks at its end."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support.parity import same


def deep(M: Any, seen: Any = None) -> Any:
    """A Function whose backward calls backward, as often as its argument says."""

    class Deep(M.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            with M.enable_grad():
                ctx.x = x.detach().requires_grad_() - 1
            return ctx.x.detach()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            if seen is not None:
                seen()
            if ctx.x >= 0:
                with M.enable_grad():
                    Deep.apply(ctx.x).sum().backward()
            return g

    return Deep


@pytest.mark.parametrize("depth", [1, 14, 15, 16, 17, 40, 300, 2000])
def test_backward_inside_of_backward(depth: int) -> None:
    def program(M: Any) -> Any:
        x = M.tensor(float(depth), requires_grad=True)
        deep(M).apply(x).sum().backward()
        return x.grad

    same(program)


def test_an_exception_comes_out_of_the_depth() -> None:
    def program(M: Any) -> Any:
        left = [100]

        def count() -> None:
            left[0] -= 1
            if not left[0]:
                raise KeyError("deep inside")

        x = M.tensor(200.0, requires_grad=True)
        try:
            deep(M, count).apply(x).sum().backward()
        except KeyError as error:
            return str(error), left, x.grad, M.is_grad_enabled()

    same(program)


def test_the_modes_of_the_thread_go_along() -> None:
    """What is set where backward is called holds in the threads into which it moves."""
    M = tinygrad_mlp
    seen: set[Any] = set()
    names: set[str] = set()

    def look() -> None:
        seen.add((M.is_grad_enabled(), M.is_inference_mode_enabled(), np.geterr()["divide"], M.is_anomaly_enabled()))
        names.add(threading.current_thread().name)

    with np.errstate(divide="raise"):
        x = M.tensor(80.0, requires_grad=True)
        deep(M, look).apply(x).sum().backward()
    assert seen == {(False, False, "raise", False)}
    assert len(names) == 2  # the main thread, and those of the backwards inside
    assert threading.active_count() <= 2


def test_hooks_that_call_backward() -> None:
    def program(M: Any) -> Any:
        def chain(n: int) -> Any:
            x = M.tensor(1.0, requires_grad=True)
            y = x * 2
            if n:
                y.register_hook(lambda g: g + chain(n - 1))
            y.backward()
            return x.grad

        return chain(100)

    same(program)


# -- callbacks -------------------------------------------------------------------------------------


def queue(M: Any, callback: Any) -> None:
    M.autograd.Variable._execution_engine.queue_callback(callback)


def function_that(M: Any, act: Any) -> Any:
    class F(M.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            act()
            return g

    return F


def test_callbacks_run_when_the_leaves_have_their_gradients() -> None:
    def program(M: Any) -> Any:
        said: list[Any] = []
        x = M.ones(2, requires_grad=True)

        def last() -> None:
            said.append(("last", x.grad.tolist()))

        def first() -> None:
            said.append(("first", x.grad.tolist()))
            queue(M, last)  # a callback may queue another

        F = function_that(M, lambda: (said.append(x.grad is None), queue(M, first)))
        x.register_hook(lambda g: said.append("leaf"))
        F.apply(x).sum().backward()
        F.apply(x).sum().backward()
        return said

    same(program)


def test_callbacks_belong_to_their_own_backward() -> None:
    def program(M: Any) -> Any:
        said: list[str] = []
        x = M.ones(2, requires_grad=True)
        inner = function_that(M, lambda: (said.append("inner"), queue(M, lambda: said.append("inner done"))))

        def act() -> None:
            queue(M, lambda: said.append("outer done"))
            with M.enable_grad():
                inner.apply(M.ones(2, requires_grad=True)).sum().backward()
            said.append("outer")

        function_that(M, act).apply(x).sum().backward()
        M.autograd.grad(function_that(M, lambda: queue(M, lambda: said.append("grad done"))).apply(x).sum(), x)
        return said

    same(program)


def test_callbacks_outside_of_backward_and_after_a_failure() -> None:
    def program(M: Any) -> Any:
        queue(M, print)

    same(program)

    def failing(M: Any) -> Any:
        said: list[str] = []

        def act() -> None:
            queue(M, lambda: said.append("not reached"))
            raise KeyError("in backward")

        x = M.ones(2, requires_grad=True)
        try:
            function_that(M, act).apply(x).sum().backward()
        except KeyError:
            said.append("failed")
        return said

    same(failing)

    def broken(M: Any) -> Any:
        def fail() -> None:
            raise KeyError("in the callback")

        x = M.ones(2, requires_grad=True)
        function_that(M, lambda: queue(M, fail)).apply(x).sum().backward()

    same(broken)


def test_the_hooks_of_a_tensor_as_a_dict() -> None:
    def program(M: Any) -> Any:
        x = M.ones(2, requires_grad=True)
        handle = x.register_hook(lambda g: g * 3)
        found = [len(x._backward_hooks)]
        x._backward_hooks = None
        found.append(x._backward_hooks)
        (x * 2).sum().backward()
        handle.remove()
        found.append(x.grad.clone())
        x.register_hook(lambda g: g * 5)
        (x * 2).sum().backward()
        return [*found, x.grad]

    same(program)
