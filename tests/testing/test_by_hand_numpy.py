"""`by_hand` on plain NumPy programs, beside a function that computes the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tinygrad_mlp.testing import GradientError, by_hand


def forward(x, W1, b1, W2, y):
    a = x @ W1 + b1
    h = np.tanh(a - a.mean(0))
    return ((h @ W2 - y) ** 2).mean()


def numpy_network(dtype: type = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shapes = {"x": (6, 4), "W1": (4, 5), "b1": (5,), "W2": (5, 2), "y": (6, 2)}
    v: dict[str, Any] = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    program = """
a = x @ W1 + b1
h = np.tanh(a - a.mean(0))
de = 2 * (h @ W2 - y) / y.size
dW2 = h.T @ de
dh = de @ W2.T
da = dh * (1 - h * h)
da = da - da.mean(0)
dW1 = x.T @ da
db1 = da.sum(0)
dx = da @ W1.T
"""
    exec(program, {"np": np}, v)
    return v


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_numpy_program(dtype):
    v = numpy_network(dtype)
    found = by_hand(forward, v)
    assert found.ok, found
    assert [row.name for row in found.rows] == ["dx", "dW1", "db1", "dW2"]
    y, W2, h, dh = v["y"], v["W2"], v["h"], v["dh"]
    assert by_hand(lambda h: ((h @ W2 - y) ** 2).mean(), dh=h).ok
    found = by_hand(lambda h: ((h @ W2 - y) ** 2).mean(), dh=(2 * dh, h))
    assert (found.rows[0].verdict, found.rows[0].kind) == ("wrong", "factor")


NUMPY_FAULTS = [
    ("dW1", lambda v: -v["dW1"], "wrong sign"),
    ("dW2", lambda v: v["dW2"] * 12, "factor"),
    ("db1", lambda v: v["da"], "not summed over a broadcast axis"),
    ("dx", lambda v: v["dx"].T, "transposed"),
    ("dW2", lambda v: v["dW2"] + 0.01 * v["W2"], "extra term"),
    ("dW1", lambda v: None, "zero"),
]


@pytest.mark.parametrize(("name", "fault", "kind"), NUMPY_FAULTS)
@pytest.mark.parametrize("analytic", [True, False])
def test_faults_of_a_numpy_program(name, fault, kind, analytic):
    v = numpy_network()
    v[name] = fault(v)
    # Complex steps cannot be taken through abs, which is the identity here.
    function = forward if analytic else lambda x, W1, b1, W2, y: np.abs(forward(x, W1, b1, W2, y))
    found = by_hand(function, v)
    assert [(row.name, row.kind) for row in found.rows if row.verdict == "wrong"] == [(name, kind)]
    with pytest.raises(GradientError):
        found.assert_right()


def test_where_no_derivative_exists_nothing_is_judged():
    x = np.array([1.0, 0.0, -2.0])
    found = by_hand(lambda x: np.abs(x).sum(), dx=(np.array([1.0, 0.3, -1.0]), x))
    assert found.ok
    assert found.rows[0].text == "1 of 3 entries are not judged: no derivative exists there"
    assert not by_hand(lambda x: np.abs(x).sum(), dx=(np.array([1.0, 0.3, 1.0]), x)).ok
    nothing = by_hand(lambda x: np.abs(x).sum(), dx=(np.zeros(2), np.zeros(2)))
    assert nothing.rows[0].verdict == "not judged"
    assert nothing.rows[0].text == "no derivative exists at this x"


def test_numbers_are_arguments_too():
    a, b = 2.0, -3.0
    da, db = -3.0, 2.0
    assert by_hand(lambda a, b: a * b, locals()).ok
    db = -2.0
    assert by_hand(lambda a, b: a * b, locals()).rows[1].kind == "wrong sign"
    assert (a, b, da, db) == (2.0, -3.0, -3.0, -2.0)


def test_a_parameter_may_have_a_default():
    x, dx = np.array([1.0, 2.0]), np.array([3.0, 3.0])
    assert by_hand(lambda x, k=3: (k * x).sum(), dx=x).ok
    assert dx is not x


def test_what_is_asked_wrongly_of_a_function():
    x = np.ones(2)
    with pytest.raises(NameError, match="there is no variable missing, which <lambda> takes"):
        by_hand(lambda x, missing: (x * missing).sum(), dx=(x, x))
    with pytest.raises(ValueError, match="<lambda> takes no x"):
        by_hand(lambda z: z.sum(), dx=(x, x), z=(x, x))
    with pytest.raises(ValueError, match="must return one number"):
        by_hand(lambda x: x * 2, dx=(x, x))
    with pytest.raises(TypeError, match="the gradients of arrays, not of Tensor"):
        by_hand(lambda x: x * 2, dx=(x, torch.ones(2)))
    with pytest.raises(ValueError, match="no variable has a gradient beside it"):
        by_hand(lambda x: x.sum(), {"x": x})
