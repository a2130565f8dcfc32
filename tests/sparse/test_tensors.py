"""Sparse tensors held against torch line by line: how they are made, what they say, products and gradients."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal, run

# s is a matrix of which one position is named twice, c the same with every position once, b of three dimensions.
LINES = """
s.to_dense(), c.to_dense(), b.to_dense(), s.coalesce().indices(), s.coalesce().values(), b.coalesce().to_dense()
s.shape, s.size(), s.size(-1), s.dim(), s.ndimension(), s.ndim, s.numel(), len(s), s._nnz(), s.coalesce()._nnz()
s.is_coalesced(), c.is_coalesced(), s.is_sparse, s.is_cuda, s.requires_grad, s.type(), str(s.layout), str(s.dtype)
s.sparse_dim(), s.dense_dim(), s.is_floating_point(), str(s.device), s._indices(), s._values(), c.indices(), c.values()
s @ d, s.mm(d), torch.mm(s, d), torch.sparse.mm(s, d), torch.dsmm(s, d), torch.matmul(s, d), s.matmul(d)
s @ d[:, 0], s.mv(d[:, 0]), torch.mv(s, d[:, 0]), torch.matmul(s, d[:, 1])
e @ s, torch.mm(e, s), torch.matmul(e, c)
s.t().to_dense(), s.mT.to_dense(), s.T.to_dense(), s.transpose(0, 1) @ d[:2], b.mT.to_dense(), torch.t(s).to_dense()
b.transpose(0, 2).to_dense(), b.transpose(0, 2).shape
(-s).to_dense(), (s * 2).to_dense(), (3 * s).to_dense(), (s / 2).to_dense(), (s + c).to_dense(), (s - c).to_dense()
torch.mul(s, 2.0).to_dense(), torch.add(s, c).to_dense(), s.sum(), torch.sum(s), torch.sparse.sum(s)
s.double().to_dense(), s.to(torch.float64).to_dense(), s.detach().clone().to_dense(), s.float().shape
torch.sparse_coo_tensor([[0, 1], [1, 1]], [1, 2]).to_dense(), torch.sparse_coo_tensor([[0, 1], [1, 1]], [1, 2]).shape
torch.sparse_coo_tensor((2, 3)).to_dense(), torch.sparse_coo_tensor(size=(2, 3)).shape
torch.sparse_coo_tensor(torch.zeros(2, 0), [], (2, 2)).to_dense()
torch.sparse_coo_tensor(s._indices(), s._values(), (2, 3), dtype=torch.float64).to_dense()
torch.sparse.FloatTensor(s._indices(), s._values(), torch.Size([2, 3])).to_dense()
torch.sparse.DoubleTensor(s._indices(), s._values().double()).to_dense(), torch.sparse.FloatTensor(2, 3).to_dense()
"""
# By rows, and what is made of dense tensors.
ROWS = """
r.crow_indices(), r.col_indices(), r.values(), r.shape, str(r.layout), r.is_sparse, r.is_sparse_csr, r._nnz()
r.to_dense(), r.to_sparse().indices(), r @ d, r.mm(d), torch.mv(r, d[:, 0]), (r * 2).values(), r.clone().to_dense()
r.double().values(), str(r.double().layout), (2 * r).crow_indices(), r.detach().col_indices()
torch.sparse_csr_tensor([0, 1, 2], [1, 0], [1.0, 2.0]).shape
torch.sparse_csr_tensor([0, 1, 2], [1, 0], [1, 2], (2, 4), dtype=torch.float64).to_dense()
d.to_sparse().to_dense(), d.to_sparse().indices(), d.to_sparse().is_coalesced(), (d - 1).to_sparse(2).values()
d.to_sparse(layout=torch.sparse_csr).col_indices(), d.to_sparse_csr().crow_indices(), d.to_sparse(layout=torch.strided)
torch.tensor(3.0).to_sparse()._nnz(), torch.tensor(0.0).to_sparse()._nnz(), torch.zeros(2, 0).to_sparse().shape
torch.tensor([True, False]).to_sparse().indices(), s.to_sparse()._nnz(), torch.ones(2, 1, 2).to_sparse().indices()
"""
REFUSED = """
s.indices()
s.values()
s.numpy()
s.mm(d[:2])
torch.mm(s, d.double())
torch.sparse_coo_tensor(s._indices(), s._values()[:2], (2, 3))
torch.sparse_coo_tensor(s._indices(), s._values(), (2, 3, 4))
torch.sparse_coo_tensor(s._indices() - 1, s._values(), (2, 3), check_invariants=True)
torch.sparse_coo_tensor(s._indices(), s._values(), (1, 3), check_invariants=True)
b.t()
"""


def names(torch: Any) -> dict[str, Any]:
    values = torch.tensor([3.0, 4.0, 5.0, 6.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says once that it does not check the indices
        s = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]]), values, (2, 3))
        r = torch.sparse_csr_tensor([0, 2, 3], [0, 2, 1], [1.0, 2.0, 3.0])
        b = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1, 0], [1, 0, 0, 1], [2, 0, 1, 0]]), values, (2, 2, 3))
    return {
        "torch": torch, "r": r, "s": s, "c": s.coalesce(), "b": b, "d": torch.arange(6.0).reshape(3, 2) + 1,
        "e": torch.arange(4.0).reshape(2, 2),
    }  # fmt: skip


def outcome(line: str, torch: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old constructors are deprecated, which is said once in a process
        return eval(line, names(torch))


@pytest.mark.parametrize("line", (LINES + ROWS).strip().split("\n"))
def test_values(line: str) -> None:
    assert_alike(lambda torch: outcome(line, torch), rtol=1e-6)


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_refusals(line: str) -> None:
    refusal(lambda torch: outcome(line, torch))


def test_gradients_of_values_and_of_dense_factors() -> None:
    def program(torch: Any) -> Any:
        names(torch)
        values = torch.tensor([3.0, 4.0, 5.0], dtype=torch.float64, requires_grad=True)
        dense = torch.arange(6.0, dtype=torch.float64).reshape(3, 2).requires_grad_()
        s = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1], [2, 0, 2]]), values, (2, 3))
        loss = ((s @ dense) ** 2).sum() + (s.to_dense() ** 3).sum()
        loss.backward()
        return loss.detach(), values.grad, dense.grad

    assert_alike(program, rtol=1e-12)


def test_old_constructors_warn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def program(torch: Any) -> Any:
        return torch.sparse.FloatTensor(torch.tensor([[0], [1]]), torch.ones(1), torch.Size([2, 2])).to_dense()

    monkeypatch.setattr(tinygrad_mlp.messages, "_said", set())
    _, first = run(program, tinygrad_mlp, 0)
    _, second = run(program, tinygrad_mlp, 0)
    (said,) = first
    assert "SparseTensor(indices, values, shape, *, device=) is deprecated" in str(said) and not second
    assert isinstance(names(tinygrad_mlp)["s"], tinygrad_mlp.sparse.FloatTensor)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("torch.exp(s)", r"torch\.exp of sparse tensors is not in tinygrad_mlp: give it x\.to_dense\(\)"),
        ("torch.cat([s, s])", r"torch\.cat of sparse tensors"),
        ("s * d", r"torch\.mul of sparse"),
        ("s + 1", r"torch\.add of sparse"),
        ("torch.sparse.sum(s, 0)", r"torch\.sum of sparse"),
        ("torch.sparse.softmax(s, 0)", r"torch\.sparse\.softmax is not in tinygrad_mlp"),
        ("torch.sparse_coo_tensor([[0]], torch.ones(1, 2))", "whose values are numbers"),
        ("torch.sparse_coo_tensor([[0]], torch.ones(1), requires_grad=True)", "is no leaf"),
    ],
)
def test_what_sparse_tensors_lack_is_refused(line: str, text: str) -> None:
    with pytest.raises(NotImplementedError, match=text):
        outcome(line, tinygrad_mlp)


def test_gradients_get_to_the_elements_that_are_not_0() -> None:
    def program(torch: Any) -> Any:
        x = torch.tensor([[0.0, 2.0], [3.0, 0.0]], requires_grad=True)
        x.to_sparse().to_dense().pow(2).sum().backward()
        return x.grad

    assert_alike(program)
