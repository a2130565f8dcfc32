"""Products of vectors, matrices and batches against torch: values, gradients of two orders, and refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp

# `k` makes a tensor of a shape: of float64 that requires grad, or of another dtype.
VALUES = """
addmm(k(3, 2, t="int64"), k(3, 5, t="int64"), k(5, 2, t="int64"), beta=2.5, alpha=1.5)
addmm(k(3, 2), k(3, 5), k(5, 2), beta=0.5, alpha=0)
addmm(k(2), k(3, 0), k(0, 2))
addmv(k(3), k(3, 2), k(2), beta=2, alpha=3)
addmv(k(), k(3, 2), k(2))
addmv(k(3), k(3, 0), k(0))
addmv(k(3) * float("nan"), k(3, 2), k(2), beta=0)
addmv(k(3, t="int64"), k(3, 2, t="int64"), k(2, t="int64"), beta=2.5, alpha=1.5)
addbmm(k(3, 2), k(4, 3, 5), k(4, 5, 2), beta=2, alpha=3)
addbmm(k(), k(0, 3, 5), k(0, 5, 2))
addbmm(k(3, 2), k(4, 3, 0), k(4, 0, 2))
addbmm(k(3, 2, t="int64"), k(4, 3, 5, t="int64"), k(4, 5, 2, t="int64"), beta=2.5)
baddbmm(k(4, 3, 2), k(4, 3, 5), k(4, 5, 2), beta=2, alpha=3)
baddbmm(k(3, 2), k(4, 3, 5), k(4, 5, 2))
baddbmm(k(), k(0, 3, 5), k(0, 5, 2))
addr(k(3, 2), k(3), k(2), beta=2, alpha=3)
addr(k(), k(3), k(2))
addr(k(3, 2) * float("nan"), k(3), k(2), beta=0)
addr(k(3, 2, t="int64"), k(3, t="int32"), k(2, t="bool"))
addr(k(3, 2, t="bool"), k(3, t="bool"), k(2, t="bool"), beta=2)
addr(k(3, 2, t="bool"), k(3, t="bool"), k(2, t="bool"), beta=False)
vdot(k(0), k(0))
vdot(k(3, t="int64"), k(3, t="int64"))
inner(k(2, 3), k(4, 5, 3))
inner(k(), k(3))
inner(k(2, 0), k(3, 0))
ger(k(3), k(2))
kron(k(), k(3))
kron(k(2, 3), k(3, 1, 2))
kron(k(1, t="int32"), k(t="int64"))
kron(k(3, t="bool"), k(2, t="bool"))
tensordot(k(2, 3, 4), k(3, 4, 5))
tensordot(k(2, 3), k(3, 2), dims=0)
tensordot(k(2, 3, 4), k(4, 3, 5), dims=([2, 1], [0, 1]))
tensordot(k(2, 3, 4), k(4, 3, 5), dims=[[-1], [0]])
tensordot(k(2, 1), k(4, 2), dims=([1], [0]))
tensordot(k(2, 3), k(3, 2), dims=w.tensor([[1], [0]]))
tensordot(k(2, 3), k(3, 2), dims=w.tensor(1))
tensordot(k(2, 0), k(0, 3), dims=1)
linalg.cross(k(1, 3), k(2, 3))
linalg.cross(k(3, 2), k(3, 2), dim=0)
linalg.cross(k(0, 3), k(0, 3))
cross(k(3, 3), k(3, 3))
cross(k(3, 1), k(3, 4))
linalg.matmul(k(2, 3), k(3))
cdist(k(4, 0), k(5, 0), float("inf"))
cdist(k(0, 3), k(5, 3))
cdist(k(30, 3), k(2, 5, 3))
einsum("ij,jk", k(2, 3), k(3, 4))
einsum("b a", k(2, 3))
einsum("ii", k(3, 3))
einsum("iij->j", k(3, 3, 2))
einsum("i,j,k->kij", k(2), k(3), k(4))
einsum("ij,jk,kl->il", k(2, 3), k(3, 4), k(4, 2))
einsum("...ij,...jk", k(5, 1, 2, 3), k(4, 3, 2))
einsum("i...->...", k(3, 2))
einsum("i...,i...->i", k(2, 3), k(2, 3))
einsum("a...,...->...a", k(3), k(2, 3))
einsum("ij->...ij", k(2, 3))
einsum("ij,ij->i", k(1, 3), k(2, 1))
einsum("i,", k(3), k())
einsum("Ab,bA->A", k(2, 3), k(3, 2))
einsum("ij,jk", k(2, 0), k(0, 3))
einsum("ij,jk", k(2, 3, t="int64"), k(3, 2, t="int64"))
einsum("i,j", k(2, t="bool"), k(3, t="bool"))
einsum(k(2, 3), [0, 1], k(3, 2), [1, 30], [30, 0])
einsum(k(2, 3), [..., 1], k(3), [1])
einsum("i,i", [k(3), k(3)])
"""
REFUSED = """
addmv(k(3), k(3, 2), k(3))
addmv(k(4), k(3, 2), k(2))
addmv(k(3, 3), k(3, 2), k(2))
addmv(k(3), k(3, 2), k(2, t="float32"))
addbmm(k(3, 2), k(4, 3, 5), k(3, 5, 2))
addbmm(k(3, 2), k(4, 3, 5), k(4, 4, 2))
addbmm(k(3, 3), k(4, 3, 5), k(4, 5, 2))
addbmm(k(3, 2, t="float32"), k(4, 3, 5), k(4, 5, 2))
baddbmm(k(3, 2), k(4, 3, 5), k(4, 4, 2))
baddbmm(k(3, 3), k(4, 3, 5), k(4, 5, 2))
baddbmm(k(3, 2, t="float32"), k(4, 3, 5), k(4, 5, 2))
addr(k(3, 3), k(3), k(2))
addr(k(1, 3, 2), k(3), k(2))
addr(k(3, 2), k(3, 1), k(2))
addr(k(3, 2), k(3), k())
addr(k(3, 2, t="int64"), k(3, t="int64"), k(2, t="int64"), beta=2.5)
addr(k(3, 2), k(3), k(2), beta=True)
vdot(k(3), k(4))
vdot(k(3, 1), k(3))
vdot(k(3), k(3, t="float32"))
inner(k(3), k(4))
inner(k(3), k(3, t="float32"))
outer(k(3, 1), k(2))
tensordot(k(2, 3), k(3, 2), dims=-1)
tensordot(k(2, 3), k(3, 2), dims=3)
tensordot(k(2, 3, 4), k(4, 3, 5), dims=([1, 1], [1, 1]))
tensordot(k(2, 3), k(3, 2), dims=([5], [0]))
tensordot(k(2, 3), k(3, 2), dims=([1], [0, 1]))
tensordot(k(2, 3), k(4, 2), dims=([1], [0]))
tensordot(k(2, 3), k(3, 2), dims="a")
tensordot(k(2, 3), k(3, 2), dims=([1.0], [0]))
linalg.cross(k(3), k(2, 3))
linalg.cross(k(4), k(4))
linalg.cross(k(2, 3), k(4, 3))
linalg.cross(k(3), k(3, t="float32"))
linalg.cross(k(3), k(3), dim=1)
cross(k(2, 4), k(2, 4))
cdist(k(3), k(3, 3))
cdist(k(3, 3), k(3, 4))
cdist(k(3, 3, t="int64"), k(3, 3))
cdist(k(3, 3), k(3, 3), -1)
cdist(k(3, 3), k(3, 3), 2.0, "x")
cdist(k(2, 3, 3), k(3, 3, 3))
einsum("i")
einsum(1, k(3))
einsum("i", 3.0)
einsum("i", k(3, 3))
einsum("i...", k())
einsum("i,j", k(3))
einsum("i", k(3), k(3))
einsum("i->j", k(3))
einsum("i->ii", k(3))
einsum("..i", k(3))
einsum("....i", k(3))
einsum("i->......", k(3))
einsum("i1", k(3))
einsum("i->1", k(3))
einsum("i>i", k(3))
einsum("ii", k(2, 3))
einsum("i,i", k(3), k(4))
einsum("...,...", k(2, 3, 3), k(3, 2))
einsum("i,i", k(3), k(3, t="float32"))
einsum(k(3), [52])
"""


def outcome(world: Any, call: str) -> Any:
    """The result with its gradients, and those of the sum of the squares of these; or the exception."""
    rng, leaves = np.random.default_rng(0), []

    def k(*shape: int, t: str = "float64") -> Any:
        x = world.from_numpy(np.asarray(rng.normal(size=shape) * 3).astype(t).reshape(shape))
        leaves.append(x.requires_grad_(t == "float64"))
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = eval(f"w.{call}", {"w": world, "k": k})
        except Exception as error:
            return error
    found = [result]
    leaves = [x for x in leaves if x.requires_grad]
    for order in range(2 if result.requires_grad else 0):
        total = sum((x * x).sum() for x in found[-len(leaves) :]) if order else (result * result).sum()
        found += world.autograd.grad(total, leaves, create_graph=not order and not call.startswith("cdist"))
        if call.startswith("cdist"):
            break  # torch has no second derivative
    return found


@pytest.mark.parametrize("call", VALUES.strip().splitlines())
def test_values_and_gradients(call: str) -> None:
    ours, theirs = outcome(tinygrad_mlp, call), outcome(torch, call)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert (str(mine.dtype).split(".")[-1], tuple(mine.shape)) == (str(other.dtype)[6:], tuple(other.shape))
        np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), 1e-9, 1e-9)


@pytest.mark.parametrize("call", REFUSED.strip().splitlines())
def test_refusals(call: str) -> None:
    ours, theirs = outcome(tinygrad_mlp, call), outcome(torch, call)
    assert isinstance(ours, Exception)
    assert (type(ours).__name__, str(ours)) == (type(theirs).__name__, str(theirs))


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0, 3.0, float("inf")])
def test_the_gradient_of_cdist_can_be_differentiated(p: float) -> None:
    """Against the norms of the differences, which torch can differentiate twice."""

    def second(world: Any, distances: Any) -> list[Any]:
        a, b = (world.from_numpy(np.random.default_rng(i).normal(size=(4, 3))).requires_grad_() for i in (0, 1))
        first = world.autograd.grad((distances(a, b) ** 2).sum(), (a, b), create_graph=True)
        return [x.numpy() for x in world.autograd.grad((first[0] * first[1]).sum(), (a, b))]

    ours = second(tinygrad_mlp, lambda a, b: tinygrad_mlp.cdist(a, b, p))
    theirs = second(torch, lambda a, b: torch.linalg.vector_norm(a[:, None] - b[None], p, -1))
    np.testing.assert_allclose(ours, theirs, 1e-9, 1e-9)
