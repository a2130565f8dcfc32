"""What the error of assert_gradients shows: the smallest input, and lines that reproduce the fault."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp.testing import GradientError, assert_gradients, check_gradients


def cube(x):
    return x**3


def wrong_cube(g, x):
    return 3 * g * x


def mean_of_products(x, w):
    return (x @ w).mean(0)


def wrong_products(g, x, w):
    rows = np.broadcast_to(g, (len(x), len(g)))
    return rows @ w.T / len(x), x.T @ rows


class Doubled(tinygrad_mlp.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 4


class DoubledInTorch(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 4


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("f", "inputs", "smallest"),
    [
        ((cube, wrong_cube), [RANDOM.normal(size=(4, 5))], "x = [[2.0]] (float64)"),
        (Doubled, [tinygrad_mlp.tensor(RANDOM.normal(size=(3, 2)))], "x = [[0.0]] (float64)"),
        (DoubledInTorch, [torch.randn(3, 2)], "x = [[0.0]] (float32)"),
        (
            (mean_of_products, wrong_products),
            [RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(4, 3))],
            "x = [[0.0], [1.0]] (float64)\nw = [[0.0]] (float64)",
        ),
    ],
    ids=["numbers", "ours", "torch", "axes of two inputs together"],
)
def test_smallest_inputs(f, inputs, smallest):
    report = check_gradients(f, *inputs)
    if f == (cube, wrong_cube):  # at 0 and 1 the gradient is right
        assert report.smallest in (smallest, "x = [[-1.0]] (float64)")
    else:
        assert report.smallest == smallest


def test_what_raises_an_exception_is_not_smaller():
    def at_least_three(x):
        if x.shape[0] < 3 or not x.any():
            raise ValueError("too short")
        return x * 2

    report = check_gradients((at_least_three, lambda g, x: g), RANDOM.normal(size=7))
    assert report.smallest == "x = [0.0, 0.0, 1.0] (float64)"


def test_indices_are_shortened_with_their_axis():
    def rows(x, index):
        return x[index]

    def wrong(g, x, index):
        dx = np.zeros_like(x)
        dx[index] = g
        return dx

    report = check_gradients((rows, wrong), RANDOM.normal(size=(5, 3)), np.array([4, 2, 4, 0]))
    x, index = report.smallest.splitlines()
    assert x == "x = [[0.0]] (float64)" and index == "index = [0, 0] (int64)"


def test_inputs_are_not_changed_by_the_search():
    x = RANDOM.normal(size=(3, 4))
    before = x.copy()
    t = torch.tensor(x, requires_grad=True)
    check_gradients((cube, wrong_cube), x)
    check_gradients(DoubledInTorch, t)
    assert np.array_equal(x, before) and np.array_equal(t.detach().numpy(), before) and t.grad is None


@pytest.mark.parametrize(
    ("f", "x"),
    [
        ((cube, wrong_cube), RANDOM.normal(size=(4, 5))),
        (Doubled, tinygrad_mlp.tensor(RANDOM.normal(size=(3, 2)), requires_grad=True)),
        (DoubledInTorch, torch.randn(3, 2)),
    ],
    ids=["pair", "ours", "torch"],
)
def test_the_snippet_reproduces_the_fault(f, x):
    with pytest.raises(GradientError) as caught:
        assert_gradients(f, x, order=1)
    snippet = caught.value.report.snippet
    assert len(snippet.splitlines()) == 4 and snippet in str(caught.value).replace("\n    ", "\n")
    with pytest.raises(GradientError):
        exec(snippet, {name: globals()[name] for name in ("cube", "wrong_cube", "Doubled", "DoubledInTorch")})


def test_the_snippet_of_torch_as_the_judge_runs(capsys):
    report = check_gradients(tinygrad_mlp.relu, tinygrad_mlp.tensor([1.5, -2.5]), against=torch.abs, order=1)
    lines = report.snippet.splitlines()
    assert lines[3] == "assert_gradients(tinygrad_mlp.relu, input, order=1, against=torch.abs)"
    assert lines[5] == "print(torch.autograd.grad(torch.abs(input).sum(), [input]))"
    with pytest.raises(GradientError):
        exec("\n".join(lines[:4]), {})
    exec("\n".join([lines[0], *lines[4:]]), {})
    assert capsys.readouterr().out.startswith("(tensor([")


def test_nothing_heavy_is_imported_with_the_package():
    program = "import sys, tinygrad_mlp.testing as t; t.assert_gradients; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "hypothesis", "pytest", "scipy", "rich"} & set(loaded)
    assert "assert_gradients" in dir(tinygrad_mlp.testing)
