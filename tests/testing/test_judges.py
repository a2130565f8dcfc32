"""The numerical derivative: its error is what it says, whatever the scale of the function and of the point."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tinygrad_mlp.testing.judges import SMOOTH, Precision, complex_step, noise_of, slope

FUNCTIONS = {
    "sin": (np.sin, mpmath.sin),
    "exp": (np.exp, mpmath.exp),
    "log": (np.log, mpmath.log),
    "square root": (np.sqrt, mpmath.sqrt),
    "fifth power": (lambda x: x**5, lambda x: x**5),
    "reciprocal": (lambda x: 1 / x, lambda x: 1 / x),
    "steep tanh": (lambda x: np.tanh(50 * x), lambda x: mpmath.tanh(50 * x)),
    "fast sin": (lambda x: np.sin(1000 * x), lambda x: mpmath.sin(1000 * x)),
    "cancelling": (lambda x: (1 - np.cos(x)) / x**2, lambda x: (1 - mpmath.cos(x)) / x**2),
    "large and small": (lambda x: 1e8 + x * x, lambda x: 10**8 + x * x),
}


def judged(function, x, dtype=np.float64, known=False):
    """The slope of a function of one number, as a judge sees it; `known` if it looks at it very close by first."""
    precision = Precision.of(dtype)

    def line(t):
        with np.errstate(all="ignore"):
            return np.array([function(dtype(x + t))], np.float64)

    middle = line(0.0)
    noise, closest = noise_of(line, middle, [1], precision.eps)
    return slope(line, middle, noise, precision, closest if known else None)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [0.0121, 0.31, 1.0, 2.7, 17.3])
def test_the_error_is_what_is_said(name, x, known):
    function, exact = FUNCTIONS[name]
    found = judged(function, x, known=known)
    with mpmath.workdps(50):
        right = float(mpmath.diff(exact, mpmath.mpf(x)))
    assert found.state[0] == SMOOTH
    assert abs(found.value[0] - right) <= 10 * found.error[0]
    size = max(abs(right), abs(float(function(x))), 1e-3)
    assert found.error[0] <= (1e-5 if name == "cancelling" else 1e-7) * size


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("width", [1e-2, 3e-3, 1e-3])
def test_what_is_narrower_than_the_steps_is_seen(width, known):
    """At the first two steps nothing is left of a bump, so that they agree on the slope 0."""
    found = judged(lambda x: x * np.exp(-((x / width) ** 2)), 0.0, known=known)
    assert found.state[0] == SMOOTH
    assert abs(found.value[0] - 1) <= 10 * found.error[0] <= 1e-6


def test_where_the_slope_close_by_is_known_two_steps_do_for_a_straight_line():
    calls = []

    def count(known):
        calls.clear()
        judged(lambda x: calls.append(x) or 3 * x, 1.0, known=known)
        return len(calls)

    assert count(False) - count(True) == 2


@pytest.mark.parametrize("name", ["sin", "exp", "log", "fifth power"])
@pytest.mark.parametrize("x", [0.31, 1.0, 2.7])
def test_the_error_in_float32(name, x):
    function, exact = FUNCTIONS[name]
    found = judged(function, x, np.float32)
    right = float(mpmath.diff(exact, mpmath.mpf(float(np.float32(x)))))
    assert abs(found.value[0] - right) <= 10 * found.error[0] <= 0.02 * max(abs(right), float(function(x)), 1.0)


def test_many_outputs_at_once_each_with_its_own_state():
    def line(t):
        with np.errstate(all="ignore"):
            return np.array([np.sin(t), abs(t), float(t > 0), np.cbrt(t), np.sqrt(t), t**2, np.abs(t) ** 1.5, 3.0])

    middle = line(0.0)
    noise, _ = noise_of(line, middle, [8], 2.0**-52)
    found = slope(line, middle, noise, Precision.of(np.float64))
    assert found.state.tolist() == [0, 1, 2, 2, 3, 0, 0, 0]
    assert found.value[[0, 5, 6, 7]] == pytest.approx([1, 0, 0, 0], abs=1e-6)
    assert (found.left[1], found.right[1]) == (-1, 1)


def test_complex_steps_are_exact():
    for x in (1e-9, 0.3, 40.0):
        given = complex_step(lambda t, x=x: np.array([np.exp(np.sin(x + t))]))
        assert given[0] == pytest.approx(np.exp(np.sin(x)) * np.cos(x), rel=1e-15)
