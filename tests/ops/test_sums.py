"""Sums over many numbers: exact along every dimension, in every layout, eager, compiled and in gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.parity import same

N = 100_003  # no multiple of the blocks


def layouts(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    wide = np.repeat(x, 2, axis=-1)
    return {
        "contiguous": x,
        "transposed": np.ascontiguousarray(x.T).T,
        "strided": wide[..., ::2],
        "reversed order": np.asfortranarray(x),
        "expanded": np.broadcast_to(x[..., :1], shape),
    }


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda x, dim: x.sum(dim),
    "mean": lambda x, dim: x.mean(dim),
    "var": lambda x, dim: x.var(dim),
    "std": lambda x, dim: x.std(dim),
    "norm": lambda x, dim: x.norm(dim=dim),
    "norm of order 1": lambda x, dim: x.norm(1, dim),
    "logsumexp": lambda x, dim: x.logsumexp(dim),
    "softmax": lambda x, dim: x.softmax(dim if isinstance(dim, int) else dim[0]),
    "log_softmax": lambda x, dim: x.log_softmax(dim if isinstance(dim, int) else dim[0]),
}


@pytest.mark.parametrize("layout", layouts((2, 2)))
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_are_exact_along_every_dimension(name: str, layout: str) -> None:
    for shape, dims in (((N, 3), [0, 1, (0, 1)]), ((2, 30_011, 2), [1, (0, 1), (1, 2)])):
        array = layouts(shape)[layout]
        for dim in dims:
            found = REDUCTIONS[name](tinygrad_mlp.tensor(array) if layout == "contiguous" else wrapped(array), dim)
            wanted = REDUCTIONS[name](torch.tensor(array.astype(np.float64)), dim).numpy()
            np.testing.assert_allclose(found.numpy(), wanted, rtol=2e-6, err_msg=f"{shape} {dim}")


def wrapped(array: np.ndarray) -> Any:
    """A Tensor of this very array, with its strides."""
    return tinygrad_mlp.from_numpy(array if array.flags.writeable else array.copy(order="K"))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_gradients_that_are_summed_are_exact(dtype: str) -> None:
    def program(M: Any) -> Any:
        kind = getattr(M, dtype)
        b = M.zeros(2, dtype=kind, requires_grad=True)
        w = M.zeros(3, 2, dtype=M.float32, requires_grad=True)
        bias = M.zeros(2, requires_grad=True)
        x = M.full((N, 3), 0.1)
        ((M.full((N, 2), 0.1, dtype=kind) + b) * 0.01).sum().backward()
        M.nn.functional.linear(x, w, bias).sum().backward()
        return b.grad, bias.grad

    same(program)


def test_running_totals() -> None:
    def program(M: Any) -> Any:
        x = M.full((N,), 0.1)
        y = M.full((3, 30_011), 0.1)
        return x.cumsum(0)[-1], y.cumsum(1)[:, -1], y.t().cumsum(0)[-1], (y * 0 + 1.0001).cumprod(1)[:, -1]

    same(program)


def test_the_compiled_sums_are_the_same() -> None:
    x = tinygrad_mlp.rand(N, 3)
    b = tinygrad_mlp.zeros(3, requires_grad=True)

    def step() -> Any:
        b.grad = None
        loss = (x + b).mean(0).sum() + (x * b).sum(0).sum() + x.t().sum(1).sum()
        loss.backward()
        return loss.detach(), b.grad

    compiled = tinygrad_mlp.compile(step)
    for _ in range(4):
        for found, wanted in zip(compiled(), step(), strict=True):
            assert found.tolist() == wanted.tolist()
    assert "sum_in_blocks" in compiled.source


def test_batch_norm_of_many_rows() -> None:
    """torch's own float32 mean is off by 1 here: the truth is that of float64."""
    layer = tinygrad_mlp.nn.BatchNorm1d(2, momentum=1.0)
    x = np.arange(2.0 * N).reshape(N, 2) / N + 1000
    y = layer(tinygrad_mlp.tensor(x, dtype=tinygrad_mlp.float32))
    np.testing.assert_allclose(layer.running_mean.numpy(), x.mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.running_var.numpy(), x.var(0, ddof=1), rtol=1e-3)
    assert float(y.mean(0).abs().max()) < 1e-3


@pytest.mark.parametrize("scale", [1e-30, 1e-25, 1e25, 1e37])
def test_spreads_of_huge_and_tiny_numbers(scale: float) -> None:
    def program(M: Any) -> Any:
        x = M.tensor([1.0, 3.0, 2.0, 2.5]) * scale
        return x.std(), x.std(0, keepdim=True), x.mean()

    same(program)


HALF: dict[str, Callable[[Any, Any], Any]] = {
    "mean": lambda M, x: (x.abs() + 100).repeat(400).mean(),
    "division by a large number": lambda M, x: x / 70000,
    "product with a small number": lambda M, x: x * 1e-9 * 1e9,
    "gelu": lambda M, x: M.nn.functional.gelu(x),
    "gelu by tanh": lambda M, x: M.nn.functional.gelu(x, approximate="tanh"),
    "silu": lambda M, x: M.nn.functional.silu(x),
    "softplus": lambda M, x: M.nn.functional.softplus(x),
    "mish": lambda M, x: M.nn.functional.mish(x),
    "sigmoid": lambda M, x: x.sigmoid(),
    "tanh": lambda M, x: x.tanh(),
    "softmax": lambda M, x: x.softmax(0),
    "exp": lambda M, x: x.exp(),
    "log1p": lambda M, x: x.abs().log1p(),
    "norm": lambda M, x: (x * 100).norm(),
    "var": lambda M, x: (x * 100).var(),
    "cumsum": lambda M, x: (x + 5).repeat(100).cumsum(0),
    "mse_loss": lambda M, x: M.nn.functional.mse_loss(x * 30, -x * 30),
    "matrix product": lambda M, x: x.reshape(2, -1).mm(x.reshape(-1, 2)),
}


@pytest.mark.parametrize("name", HALF)
def test_float16_is_computed_in_float32(name: str) -> None:
    def program(M: Any) -> Any:
        x = M.tensor([-8.0, -3.0, -0.5, -0.01, 0.1, 0.7, 3.0, 9.0], dtype=M.float16, requires_grad=True)
        y = HALF[name](M, x)
        y.float().sum().backward()
        return y.detach(), x.grad

    same(program)


@pytest.mark.parametrize("recorded", [False, True])
def test_elements_that_lie_at_one_place_are_added_in_float32(recorded):
    def program(M: Any) -> Any:
        x = M.tensor([1.0], dtype=M.float16, requires_grad=True)
        g = (M.arange(400, dtype=M.float32) + 100).sqrt().half()
        return M.autograd.grad(x.as_strided((400,), (0,)), x, g, create_graph=recorded)[0].detach()

    same(program)


@pytest.mark.parametrize("recorded", [False, True])
def test_their_sum_is_rounded_to_float16_before_it_is_shared(recorded):
    def program(M: Any) -> Any:
        x = M.ones(2, dtype=M.float16, requires_grad=True).expand(3, 2)
        g = M.full((2, 2), 40_000.0, dtype=M.float16)
        return M.autograd.grad(x.as_strided((2, 2), (0, 1)), x, g, create_graph=recorded)[0].detach()

    same(program)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", [0, 1, -1, -2])
@pytest.mark.parametrize("columns", [1, 2, 10, 16, 17])
def test_a_matrix_with_few_columns_is_summed_exactly(columns, dim, keepdim):
    x = np.random.default_rng(columns).random((4000, columns), np.float32)
    ours = tinygrad_mlp.tensor(x).sum(dim, keepdim)
    exact = x.astype(np.float64).sum(dim, keepdims=keepdim)
    assert ours.shape == exact.shape and ours.is_contiguous()
    assert np.abs(ours.numpy() / exact - 1).max() < 4e-7
