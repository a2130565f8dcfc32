"""The LU factorisation, what is made of it, and the older names of what solves systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support import oracle
from support.lines import assert_same_line
from support.oracle import outcome, torch

SHAPES = [(3, 3), (2, 4, 3), (2, 3, 5), (1, 1), (0, 3), (2, 0, 0)]


def assert_close(function: Any) -> None:
    """What a function gives, a list of tensors, is the same under both."""
    for mine, other in zip(function(tinygrad_mlp), function(torch()), strict=True):
        mine, other = oracle.to_numpy(mine), oracle.to_numpy(other)
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


def weighted(m: Any, x: Any) -> Any:
    return (x * m.cos(m.arange(x.numel(), dtype=m.float64)).reshape(x.shape)).sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_and_their_gradients(shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(1).normal(size=shape)

    def factors(m: Any) -> list[Any]:
        x = m.tensor(a).requires_grad_()
        p, lower, upper = m.linalg.lu(x)
        (g,) = m.autograd.grad(weighted(m, lower * lower) + weighted(m, upper**3), x, create_graph=True)
        (second,) = m.autograd.grad(weighted(m, g * g), x)
        packed, pivots = m.linalg.lu_factor(x)
        return [p, lower, upper, g, second, packed, pivots, *m.lu_unpack(packed, pivots)]

    assert_close(factors)


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize(("a_shape", "b_shape"), [((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((3, 3), (4, 3, 2))])
@pytest.mark.filterwarnings("ignore:torch.lu_solve is deprecated:UserWarning")
@pytest.mark.filterwarnings("ignore:torch.triangular_solve is deprecated:UserWarning")
def test_systems(a_shape: Any, b_shape: Any, left: bool, adjoint: bool) -> None:
    draws = np.random.default_rng(2)
    a, b = draws.normal(size=a_shape) + 3 * np.eye(3), draws.normal(size=b_shape)

    def solved(m: Any) -> list[Any]:
        x, y = m.tensor(a).requires_grad_(), m.tensor(b).requires_grad_()
        right = y if left else y.mT
        factors = m.linalg.lu_factor(x)
        found = m.linalg.lu_solve(*factors, right, left=left, adjoint=adjoint)
        old = m.triangular_solve(y, x, left, adjoint, left == adjoint)
        results = [found, *old, *([m.lu_solve(y, *factors)] if left else [])]
        return [*results, *m.autograd.grad(sum((r * r).sum() for r in results), (x, y))]

    assert_close(solved)


def test_nothing_but_finite_rows_are_swapped() -> None:
    # A product with the permutation would make nan of infinity.
    def solved(m: Any) -> list[Any]:
        a = m.tensor([[0.0, 1.0], [1.0, 0.0]])
        return [m.linalg.lu_solve(*m.linalg.lu_factor(a), m.tensor([[float("inf")], [1.0]]))]

    assert_close(solved)


def test_a_singular_matrix_is_named() -> None:
    x = np.stack([np.eye(3), np.diag([1.0, 0.0, 1.0])])
    for call in (
        lambda m: m.linalg.lu_factor(m.tensor(x)),
        lambda m: m.linalg.lu_factor(m.tensor(x[1])),
        lambda m: m.linalg.lu_factor_ex(m.tensor(x), check_errors=True),
    ):
        ours, theirs = (outcome(call, m) for m in (tinygrad_mlp, torch()))
        assert (type(ours).__name__, str(ours)) == (type(theirs).__name__, str(theirs))
    assert_close(lambda m: m.linalg.lu_factor_ex(m.tensor(x)))


LINES = """
torch.linalg.lu(torch.tensor([[0., 1.], [1., 1.]]))
torch.linalg.lu_factor(torch.eye(2), pivot=False)
torch.linalg.lu_factor(torch.ones(3))
torch.linalg.lu_factor(torch.ones(3, 3).long())
torch.linalg.lu_factor(torch.ones(3, 3).half())
torch.lu(torch.eye(2))
torch.eye(2).lu(get_infos=True)
torch.eye(2).lu_solve(*torch.linalg.lu_factor(torch.eye(2)))
torch.lu_unpack(*torch.linalg.lu_factor(torch.eye(2)), unpack_data=False)
torch.lu_unpack(*torch.linalg.lu_factor(torch.eye(2)), unpack_pivots=False)
torch.lu_unpack(torch.eye(2), torch.tensor([1, 2]))
torch.lu_unpack(torch.ones(2), torch.tensor([1, 2]).int())
torch.linalg.lu_solve(torch.eye(2), torch.tensor([1, 2]), torch.ones(2, 1))
torch.linalg.lu_solve(torch.eye(2), torch.tensor([1]).int(), torch.ones(2, 1))
torch.linalg.lu_solve(torch.eye(2), torch.tensor([1, 2]).int(), torch.ones(3, 1))
torch.linalg.lu_solve(torch.eye(2), torch.tensor([1, 2]).int(), torch.ones(2))
torch.linalg.lu_solve(torch.eye(2), torch.tensor([1, 2]).int(), torch.ones(2, 1).double())
torch.triangular_solve(torch.ones(2), torch.eye(2))
torch.triangular_solve(torch.ones(2, 1), torch.ones(2))
torch.triangular_solve(torch.ones(2, 1), torch.eye(2).double())
torch.triangular_solve(torch.ones(3, 1), torch.eye(2))
torch.triangular_solve(torch.ones(2, 1), torch.ones(2, 3))
torch.triangular_solve(torch.ones(2, 1), torch.tensor([[2., 1.], [0., 2.]])).solution
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
@pytest.mark.filterwarnings("ignore:torch.*is deprecated in favor of:UserWarning")
def test_one_line(line: str) -> None:
    assert_same_line(line)
