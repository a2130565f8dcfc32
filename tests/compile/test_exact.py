"""Exact programs give the numbers of the step bit for bit: of networks, and where a pass would change a bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from support.compiled import World, batches, descent, mlp, regression
from tinygrad_mlp.compiler import CompiledStep

nn, F = torch.nn, torch.nn.functional

OPTIMIZERS = {
    "Adam": lambda p, decay: torch.optim.Adam(p, lr=1e-2, weight_decay=decay),
    "AdamW": lambda p, decay: torch.optim.AdamW(p, lr=1e-2, weight_decay=decay),
    "SGD": lambda p, decay: torch.optim.SGD(p, lr=5e-2, weight_decay=decay),
    "momentum": lambda p, decay: torch.optim.SGD(p, lr=5e-2, momentum=0.9, weight_decay=decay),
    "RMSprop": lambda p, decay: torch.optim.RMSprop(p, lr=1e-2, weight_decay=decay),
}


def bits(x: Any) -> Any:
    """A result with the bytes of arrays and tensors in their places: -0 is not 0, and a nan is itself."""
    if isinstance(x, torch.Tensor):
        x = x.detach().numpy()
    if isinstance(x, np.ndarray):
        return x.shape, x.dtype.name, x.tobytes()
    if isinstance(x, dict):
        return {key: bits(part) for key, part in x.items()}
    return [bits(part) for part in x] if isinstance(x, (list, tuple)) else x


def assert_exact(build: Any, calls: list[Any], programs: int = 1) -> CompiledStep:
    """AssertionError unless an exact program runs the calls and leaves every bit as the step does."""
    found = []
    for compiled in (False, True):
        torch.manual_seed(0)
        world = build()
        step = CompiledStep(world.step, exact=True) if compiled else world.step
        found.append([bits(step(*call)) for call in calls])
        found[-1].append(bits(world.seen()))
    eager, ours = found
    for number, (a, b) in enumerate(zip(ours, eager, strict=True)):
        same = a == b
        assert same, f"call {number} of {len(calls)}"  # the bytes themselves would be shown at great length
    assert [program.confirmed for program in step.programs] == [True] * programs
    assert step.backend == "numpy"
    return step


@settings(max_examples=40, deadline=None)
@given(
    widths=st.lists(st.integers(1, 70), min_size=2, max_size=4),
    rows=st.integers(1, 40),
    last=st.integers(1, 40),
    activation=st.sampled_from([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.LeakyReLU]),
    classes=st.booleans(),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    decay=st.sampled_from([0, 1e-2]),
    smoothing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whole_trainings(widths, rows, last, activation, classes, optimizer, decay, smoothing, seed):
    random = np.random.default_rng(seed)

    def build():
        model = mlp(*widths, activation=activation)
        loss_of = nn.CrossEntropyLoss(label_smoothing=smoothing) if classes else nn.MSELoss()
        made = OPTIMIZERS[optimizer](model.parameters(), decay)
        return World(descent(model, made, loss_of), model, made)

    def batch(size):
        x = torch.tensor(random.standard_normal((size, widths[0])).astype(np.float32))
        if classes:
            return x, torch.tensor(random.integers(0, widths[-1], size))
        return x, torch.tensor(random.standard_normal((size, widths[-1])).astype(np.float32))

    calls = [batch(size) for _ in range(12) for size in (rows, rows, last)]
    assert_exact(build, calls, programs=1 if rows == last else 2)


def test_a_training_with_arrays_of_several_blocks():
    def build():
        model = mlp(4, 1100, 300, 3)
        optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-3)
        return World(descent(model, optimizer, F.mse_loss), model, optimizer)

    step = assert_exact(build, regression(6))
    assert "range(" in step.source


# -- where a pass would change a bit ---------------------------------------------------------------


def test_the_exponentials_of_cross_entropy_are_computed_twice():
    def build():
        model = mlp(4, 16, 3)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        return World(descent(model, optimizer, F.cross_entropy), model, optimizer)

    step = assert_exact(build, batches(200))
    assert step.source.count("np.exp(") == 2


@pytest.mark.parametrize("size", [(4, 3), (700, 600)])  # a small product, which gemm would add, and a large one
def test_plain_descent_scales_the_gradient_afterwards(size):
    def build():
        weight = torch.randn(*size)

        def step(x, y):
            w = weight.detach().requires_grad_()
            (grad,) = torch.autograd.grad(F.mse_loss(x @ w, y), w)
            weight.sub_(0.05 * grad)

        return World(step, weight)

    calls = [(torch.randn(8, size[0]), torch.randn(8, size[1])) for _ in range(10)]
    assert "gemm" not in assert_exact(build, calls).source


def test_two_equal_matrices_stay_two():
    """Of a matrix with its own transpose BLAS computes one half only, with other sums than of two matrices."""

    def step(x):
        return (x * 2) @ (x * 2).T, (x * 1) @ x.T

    assert_exact(lambda: World(step), [(torch.randn(33, 65),) for _ in range(6)])


def test_the_sign_of_a_zero_is_that_of_a_sum():
    def build():
        w = torch.nn.Parameter(torch.ones(3))
        w.grad = torch.zeros(3)

        def step(x):
            (w * x).sum().backward()
            grad = w.grad.clone()
            w.grad.zero_()
            return grad

        return World(step, w)

    assert_exact(build, [(torch.tensor([-0.0, 0.0, 1.0]),) for _ in range(5)])


def test_exact_programs_are_numpys_and_a_copy_of_a_step_is_exact():
    step = CompiledStep(lambda x: x + 1, blas="scipy", backend="loops", exact=True)
    made, arguments = step.__reduce__()
    for each in (step, made(*arguments)):
        assert (each.exact, each.blas, each.backend) == (True, "numpy", "numpy")
