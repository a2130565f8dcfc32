"""A float that changes between calls: whatever a step asks of it is answered right, recorded anew, or refused."""

from __future__ import annotations

import copy
import math
import numbers
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from tinygrad_mlp.compiler import CannotRecord

X = tinygrad_mlp.tensor([1.0, 2.0])
TABLE = {0.0: 1.0, 1.0: 5.0, 2.0: 7.0, 3.0: 9.0, 4.0: 11.0, 5.0: 1.5}

QUESTIONS: dict[str, Callable[[float], Any]] = {
    "isinstance": lambda k: X * k if isinstance(k, float) else X * 100,
    "isinstance of an int": lambda k: X * 100 if isinstance(k, int) else X * k,
    "type": lambda k: X * k if type(k) is float else X * 100,
    "__class__": lambda k: X * (k.__class__ is float),
    "numbers.Real": lambda k: X * k if isinstance(k, numbers.Real) else X * 100,
    "a key": lambda k: X * TABLE[k],
    "get": lambda k: X * TABLE.get(k, -1),
    "in a set": lambda k: X * (k in {1.0, 3.0}),
    "in a list": lambda k: X * (k in [1.0, 3.0]),
    "min": lambda k: X * min(k, 2.0),
    "max": lambda k: X * max(1.0, k),
    "sum": lambda k: X * sum([k, 1]),
    "sorted": lambda k: X * sorted([3.0, k])[0],
    "sqrt": lambda k: X * math.sqrt(k),
    "floor": lambda k: X * math.floor(k) + math.ceil(k) + math.trunc(k),
    "round": lambda k: X * round(k),
    "round to digits": lambda k: X * round(k, 1),
    "int": lambda k: X * int(k),
    "abs": lambda k: X * abs(k),
    "divmod": lambda k: X * divmod(k, 2)[0] + divmod(7, k + 10)[1] if k < 0 else X * divmod(k, 2)[1],
    "str": lambda k: X * len(str(k)) + len(f"{k:.3f}") + len("%s" % k),  # noqa: UP031
    "equal": lambda k: X * (k == 2) + (k != 3),
    "between": lambda k: X * (2 < k < 4),
    "is None": lambda k: X * (1 if k is None else 2),
    "attributes": lambda k: X * k.is_integer() + k.real + k.conjugate(),
    "copies": lambda k: X * copy.copy(k) + copy.deepcopy(k),
    "pickle": lambda k: X * pickle.loads(pickle.dumps(k)),
    "bool": lambda k: X * 2 if k else X * 3,
    "range": lambda k: sum((X * i for i in range(int(k) + 1)), X),
    "tensor": lambda k: X * tinygrad_mlp.tensor(k),
    "full": lambda k: X * tinygrad_mlp.full((2,), k),
    "where": lambda k: tinygrad_mlp.where(k < X, X, k * X),
    "clamp": lambda k: X.clamp(0, k) + X.clamp(max=k),
    "arithmetic": lambda k: -k * X + k**2 + 2**k + k // 2 + k % 2 - k + 1 - k + k / 3,
    "power": lambda k: X**k,
    "dropout": lambda k: tinygrad_mlp.nn.functional.dropout(X, 0.0 if k < 9 else 1.0),
    "a branch": lambda k: X * (1 if k < 2.5 else 0),
}


@pytest.mark.parametrize(
    "ask",
    [
        lambda k: tinygrad_mlp.tensor([1, 2]) * k,
        lambda k: X * k if isinstance(k, float) else X * 100,
        lambda k: X * k if isinstance(k, int) else X * 100,
    ],
)
def test_a_float_that_becomes_an_int_or_a_bool(ask: Callable[[Any], Any]) -> None:
    holder = type("Holder", (), {})()
    step = tinygrad_mlp.compile(lambda: ask(holder.k))
    for k in (1.0, 2.0, 3.0, 4.0, 5, 6, 7.0, True, 8, 2.5):
        holder.k = k
        try:
            found = step()
        except CannotRecord:
            return
        wanted = ask(k)
        assert (found.tolist(), found.dtype) == (wanted.tolist(), wanted.dtype), k


@pytest.mark.parametrize("where", ["argument", "closure", "attribute"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_changing_float_is_answered_right(question: str, where: str) -> None:
    ask = QUESTIONS[question]
    holder = type("Holder", (), {"k": 0.0})()
    cell = [0.0]
    if where == "argument":
        step = tinygrad_mlp.compile(lambda k: ask(k))
    elif where == "closure":
        step = tinygrad_mlp.compile(lambda: ask(cell[0]))
    else:
        step = tinygrad_mlp.compile(lambda: ask(holder.k))
    for k in (0.0, 1.0, 2.0, 3.0, 4.0, 1.0, 5.0, 2.0, 0.0):
        cell[0] = holder.k = k
        try:
            found = step(k) if where == "argument" else step()
        except CannotRecord:
            return  # a refusal is right as well, and leaves all as it was
        assert found.tolist() == pytest.approx(ask(k).tolist(), rel=1e-6), k
        assert type(cell[0]) is float and type(holder.k) is float


@pytest.mark.parametrize("divide", [lambda k: X / k, lambda k: X * math.copysign(1.0, k), lambda k: X + len(str(k))])
def test_zero_and_minus_zero_are_two_numbers(divide: Callable[[float], Any]) -> None:
    step = tinygrad_mlp.compile(divide)
    for k in (0.0, -0.0, 0.0, -0.0):
        assert step(k).tolist() == divide(k).tolist()


def test_a_step_may_name_zero_and_minus_zero() -> None:
    def divide(x: Any) -> Any:
        return x / 0.0, x / -0.0, x * 1, x * 1.0, x + True

    step = tinygrad_mlp.compile(divide)
    for _ in range(3):
        assert [y.tolist() for y in step(X)] == [y.tolist() for y in divide(X)]


def test_a_changing_float_that_a_gradient_is_made_of():
    scale = {"k": 1.5}
    w = tinygrad_mlp.rand(3, dtype=tinygrad_mlp.float64).requires_grad_()

    def step(x):
        w.grad = None
        loss = ((x * w).square()).sum() * scale["k"]
        loss.backward()
        return loss.detach(), w.grad

    compiled = tinygrad_mlp.compile(step)
    x = tinygrad_mlp.rand(2, 3, dtype=tinygrad_mlp.float64)
    for scale["k"] in (1.5, 1.5, 2.0, 2.5, 3.0, 0.5):
        for ours, eager in zip(compiled(x), step(x), strict=True):
            np.testing.assert_allclose(ours.numpy(), eager.numpy(), rtol=1e-12)
