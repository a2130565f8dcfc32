"""Linear algebra on what LAPACK is not made for: matrices that are not finite, and float16."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp
from support import oracle
from support.oracle import outcome, torch

NUMBERS = [float("nan"), float("inf"), -float("inf")]
FUNCTIONS = ["svd", "svdvals", "eigh", "eigvalsh", "pinv", "matrix_rank", "cholesky", "inv", "det", "matrix_exp"]


def of_matrix(m: Any, name: str, x: Any) -> list[Any]:
    return oracle.outputs(getattr(m.linalg, name)(m.tensor(x)))


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_matrix_that_is_not_finite_is_refused_or_gives_nan(name: str, number: float, batch: bool) -> None:
    x = np.eye(3)
    x[0, 1] = x[1, 0] = number
    x = np.stack([np.eye(3), x]) if batch else x
    ours, theirs = (outcome(of_matrix, m, name, x) for m in (tinygrad_mlp, torch()))
    if isinstance(theirs, Exception):
        assert (type(ours).__name__, str(ours)) == (type(theirs).__name__, str(theirs))
        return
    for mine, other in zip(ours, theirs, strict=True):
        mine, other = oracle.to_numpy(mine), oracle.to_numpy(other)
        assert mine.shape == other.shape
        if batch:  # the other matrix is as it would be alone
            assert np.isfinite(mine[0]).all() and np.isfinite(other[0]).all()
        if mine.dtype.kind == "f":
            assert np.isnan(mine).any() == np.isnan(other).any()


def test_the_minor_that_is_not_positive_is_named() -> None:
    x = np.eye(4)
    x[2, 2] = float("nan")
    ours, theirs = (outcome(m.linalg.cholesky, m.tensor(x)) for m in (tinygrad_mlp, torch()))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["inv", "cholesky", "det", "slogdet", "qr", "svd", "eigh", "pinv", "matrix_exp"])
def test_float16_is_refused_as_torch_refuses_it(name: str, dtype: str) -> None:
    ours, theirs = (outcome(getattr(m.linalg, name), m.eye(2).to(getattr(m, dtype))) for m in (tinygrad_mlp, torch()))
    assert type(ours).__name__ == type(theirs).__name__


def test_equal_singular_values_and_eigenvalues_of_a_determinant() -> None:
    # Its second derivative exists, although that of the decompositions does not.
    def hessian(m: Any) -> Any:
        x = (3 * m.eye(2, dtype=m.float64)).requires_grad_()
        (g,) = m.autograd.grad(m.linalg.det(x), x, create_graph=True)
        return m.autograd.grad((g * m.arange(4.0, dtype=m.float64).reshape(2, 2)).sum(), x)[0]

    np.testing.assert_allclose(oracle.to_numpy(hessian(tinygrad_mlp)), oracle.to_numpy(hessian(torch())), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("linalg_qr", 0),
        ("linalg_qr", 1),
        ("linalg_svd", 0),
        ("linalg_svd", 1),
        ("linalg_svd", 2),
        ("linalg_eigh", 0),
        ("linalg_eigh", 1),
        ("linalg_slogdet", 1),
    ],
)
def test_a_gradient_of_one_of_several_results_alone(name: str, place: int) -> None:
    draws = np.random.default_rng(0)
    square = draws.normal(size=(3, 3))
    a, weights = square + square.T + np.diag([0.0, 4.0, 9.0]), draws.normal(size=(3, 3))

    def gradient(m: Any) -> Any:
        x = m.tensor(a, requires_grad=True)
        result = getattr(m.linalg, name.removeprefix("linalg_"))(x)[place]
        # The signs of vectors are free: their squares are not.
        (result**2 * m.tensor(weights).reshape(-1)[: result.numel()].reshape(result.shape)).sum().backward()
        return oracle.to_numpy(x.grad)

    np.testing.assert_allclose(gradient(tinygrad_mlp), gradient(torch()), rtol=1e-9, atol=1e-9)


def test_a_factor_that_numpy_alone_does_not_find(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of a matrix that is just positive NumPy's LAPACK may say that it is not, and SciPy's, which names the minor, that
    # it is. Then there is a factor.
    def fails(x: Any) -> Any:
        raise np.linalg.LinAlgError

    x = np.stack([np.eye(2), [[4.0, 2.0], [2.0, 5.0]]])
    expected = [oracle.to_numpy(torch().linalg.cholesky(torch().tensor(x), upper=upper)) for upper in (False, True)]
    monkeypatch.setattr(np.linalg, "cholesky", fails)
    for upper in (False, True):
        factor, info = tinygrad_mlp.linalg.cholesky_ex(tinygrad_mlp.tensor(x), upper=upper)
        np.testing.assert_allclose(oracle.to_numpy(factor), expected[upper], rtol=1e-12)
        assert info.tolist() == [0, 0]
    with pytest.raises(tinygrad_mlp.linalg.LinAlgError, match="The factorization could not be completed"):
        tinygrad_mlp.linalg.cholesky(tinygrad_mlp.tensor(-x))
