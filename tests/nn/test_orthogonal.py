"""Weights that are kept orthogonal by nn.utils.parametrizations, against torch."""

from __future__ import annotations

from typing import Any

import pytest

from support.two_worlds import assert_alike


def matrix(torch: Any, *shape: int) -> Any:
    """A module with one parameter."""
    m = torch.nn.Module()
    m.weight = torch.nn.Parameter(torch.randn(*shape, dtype=torch.float64))
    return m


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("of", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (2, 4), (2, 3, 3), (2, 4, 2)])
def test_orthogonal(shape: tuple[int, ...], of: str | None, trivial: bool) -> None:
    def program(torch: Any) -> Any:
        m = matrix(torch, *shape)
        torch.nn.utils.parametrizations.orthogonal(m, "weight", of, use_trivialization=trivial)
        optimizer = torch.optim.SGD(m.parameters(), lr=0.1)
        results = [m.weight.detach()]
        for _ in range(2):
            optimizer.zero_grad()
            (m.weight * torch.arange(1.0, m.weight.numel() + 1).reshape(shape)).sin().sum().backward()
            optimizer.step()
            results.append(m.weight.detach())
        gradient = m.parametrizations.weight.original.grad
        return results, gradient, m.parametrizations.weight.original, repr(m), len(m.state_dict())

    # Without a base the original is any matrix, on whose diagonal householder reads whole numbers.
    assert_alike(program, rtol=1e-7)


@pytest.mark.parametrize("of", ["matrix_exp", "cayley", "householder"])
def test_assigned_to_orthogonal(of: str) -> None:
    def program(torch: Any, trivial: bool = True) -> Any:
        m = matrix(torch, 3, 3)
        torch.nn.utils.parametrizations.orthogonal(m, orthogonal_map=of, use_trivialization=trivial)
        rotated = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
        m.weight = rotated
        first = m.weight
        m.weight = rotated + 0.25
        product = m.weight @ m.weight.T
        return first, m.weight, product, torch.nn.utils.parametrize.remove_parametrizations(m, "weight").weight

    assert_alike(program, rtol=1e-9)
    assert_alike(lambda torch: program(torch, trivial=False), rtol=1e-9)
