"""Values, gradients and second gradients at zeros, infinities, nan, and the ends of the range, beside torch's.

They are nan and infinite at the same places, infinities have torch's sign, and so have zeros, whose sign `1 / x` shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp

Program = Callable[..., Any]
INF, NAN = float("inf"), float("nan")
POINTS = [0.0, -0.0, 1, -1, 0.5, -0.5, 2, 3, -3, 20, -20, 20.5, -20.5, 100, -100, 1e-30, 1e30, -1e30, INF, -INF, NAN]
# Of both dtypes: the smallest number, the smallest normal one, the largest.
ENDS = ("smallest_subnormal", "tiny", "max", "min")

ELEMENTWISE = """
abs acos acosh asin asinh atan atanh celu cos cosh elu erf erfc exp exp2 expm1 floor frac gelu hardsigmoid hardswish
hardtanh leaky_relu log log10 log1p log2 logit logsigmoid mish reciprocal relu relu6 rsqrt selu sigmoid sign silu sin
sinc sinh softplus softsign sqrt square tan tanh tanhshrink
"""
LOSSES = ("mse_loss", "smooth_l1_loss", "huber_loss", "l1_loss", "binary_cross_entropy_with_logits")
OF_TWO = ["mul", "div", "atan2", "hypot", "pow", "xlogy", "logaddexp", "maximum", "minimum", "fmod", "remainder"]
FOR_TWO = [0.0, -0.0, 1, -1, 0.5, 2, -3, 1e30, INF, -INF, NAN]


def named(name: str) -> Program:
    """A function of a framework."""
    return lambda m, *xs: getattr(m.nn.functional if hasattr(m.nn.functional, name) else m, name)(*xs)


def loss(name: str, target: float) -> Program:
    return lambda m, x: getattr(m.nn.functional, name)(x, m.full_like(x, target).detach(), reduction="none")


PROGRAMS: dict[str, Program] = {
    **{name: named(name) for name in ELEMENTWISE.split()},
    **{f"pow by {p}": lambda m, x, p=p: x**p for p in (0, 0.5, 1, 2, 3, -1, 1.5, -0.5)},
    **{f"pow of {p}": lambda m, x, p=p: p**x for p in (0, 1, 2.5)},
    **{f"{name} to {target}": loss(name, target) for name in LOSSES for target in (0.0, 1.0)},
    "gelu by tanh": lambda m, x: m.nn.functional.gelu(x, approximate="tanh"),
    "clamp": lambda m, x: x.clamp(-1, 1),
    "softmax": lambda m, x: m.softmax(m.stack([x, 0 * x + 1]), 0)[0],
}
SECOND = 3  # the place of the second derivative among the results of one variable
# Where torch's second derivative is nan for a large number, because a factor overflows; the function is straight there.
OVERFLOWS = {"mish", "asinh", "atanh", "erf", "erfc"}
CANCELS = {"sinc"}  # near 0, where torch's second derivative is 0
TWO_SIGNS = {"logit"}  # at -0.0, where torch's plain derivative has another sign than its recorded one
NO_SECOND = {"hardsigmoid"}  # torch has none
NO_SIGNS = {"gelu"}  # far below 0 torch gives zeros of either sign, by the dtype


def derivatives(m: Any, name: str, arrays: list[Any]) -> list[float]:
    """The value, the gradients as plain numbers and recorded, and the second gradients.

    All of one element: torch's vectors treat nan in another way.
    """
    xs = [m.from_numpy(array.copy()).requires_grad_() for array in arrays]
    level = [(PROGRAMS.get(name) or named(name))(m, *xs)]
    plain = m.autograd.grad(level, xs, retain_graph=True, allow_unused=True) if level[0].requires_grad else ()
    found = [*level, *(g for g in plain if g is not None)]
    for _ in range(1 if name in NO_SECOND else 2):
        level = [y for y in level if y.requires_grad]
        if not level:
            break
        level = [
            g for y in level for g in m.autograd.grad(y, xs, create_graph=True, allow_unused=True) if g is not None
        ]
        found += level
    return [float(x.detach().item()) for x in found]


def points(dtype: str) -> list[float]:
    return [*POINTS, *(float(getattr(np.finfo(dtype), end)) for end in ENDS)]


def alike(ours: list[float], theirs: list[float], name: str, where: Any) -> None:
    assert len(ours) == len(theirs)
    for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if i == SECOND and name in OVERFLOWS and np.isnan(other):
            continue
        if i == SECOND and name in CANCELS and other == 0:
            continue
        a, b = np.float64(mine), np.float64(other)
        if name in TWO_SIGNS and where == 0:
            a, b = np.abs(a), np.abs(b)
        said = f"{name}({where}), result {i}: {mine}, torch {other}"
        assert np.isnan(a) == np.isnan(b), said
        assert np.isinf(a) == np.isinf(b), said
        assert not np.isinf(a) or a == b, said
        if np.isfinite(a):
            assert np.isclose(a, b, rtol=1e-4, atol=1e-6), said
        if i < 1 and name not in NO_SIGNS and a == 0 and b == 0:
            assert np.signbit(a) == np.signbit(b), said


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_of_one(name: str, dtype: str) -> None:
    for x in points(dtype):
        arrays = [np.array([x], dtype)]
        ours, theirs = (derivatives(m, name, arrays) for m in (tinygrad_mlp, torch))
        alike(ours, theirs, name, x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OF_TWO)
def test_of_two(name: str, dtype: str) -> None:
    for x in FOR_TWO:
        for y in FOR_TWO:
            arrays = [np.array([x], dtype), np.array([y], dtype)]
            ours, theirs = (derivatives(m, name, arrays) for m in (tinygrad_mlp, torch))
            alike(ours, theirs, name, (x, y))


@pytest.mark.parametrize("name", ["erf", "erfc", "glu", "sigmoid", "tanh"])
def test_the_largest_cotangent_does_not_overflow(name: str) -> None:
    """Where the slope is below 1, the gradient is finite, as in torch."""

    def gradient(m: Any) -> Any:
        x = m.tensor([1.5, 1.0], requires_grad=True)
        y = named(name)(m, x)
        return m.autograd.grad(y, x, m.full_like(y, 3e38).detach())[0].numpy()

    ours, theirs = gradient(tinygrad_mlp), gradient(torch)
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
