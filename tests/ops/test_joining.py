"""One line of torch, run under both modules: joining, repeating, broadcasting, taking, diagonals and transposes."""

from __future__ import annotations

import itertools

import pytest
import torch

import tinygrad_mlp
from support.parity import same

LINES = """
torch.rsub(torch.ones(2), 3)
torch.rsub(torch.ones(2), torch.tensor([1.,2.]), alpha=2)
torch.rsub(torch.ones(2), 3, alpha=0.5)
torch.rsub(torch.ones(2, requires_grad=True), 3, alpha=2)
torch.rsub(torch.ones(2), torch.ones(2, requires_grad=True), alpha=2)
torch.rsub(3, torch.ones(2))
torch.rsub(torch.tensor([True]), 1)
torch.rsub(torch.tensor([1]), 1, alpha=0.5)
torch.rsub(torch.tensor([1]), torch.tensor([2]), alpha=3)
torch.broadcast_to(torch.ones(3), (2,3))
torch.broadcast_to(torch.ones(3, requires_grad=True), (2,3))
torch.broadcast_to(torch.ones(3), (2,4))
torch.broadcast_to(torch.ones(3), size=(2,3))
torch.broadcast_to(torch.ones(3), 2, 3)
torch.ones(3).broadcast_to(2,3)
torch.ones(3).broadcast_to((2,3))
torch.ones(3).broadcast_to([2,-1])
torch.broadcast_tensors(torch.ones(3), torch.ones(2,1))
torch.broadcast_tensors([torch.ones(3), torch.ones(2,1)])
torch.broadcast_tensors(torch.ones(3), torch.ones(2))
torch.broadcast_tensors(torch.ones(3, requires_grad=True), torch.ones(2,1))
torch.broadcast_tensors()
torch.broadcast_tensors(torch.ones(3))
torch.broadcast_tensors(torch.ones(3), 2)
torch.hstack([torch.ones(2), torch.zeros(3)])
torch.hstack((torch.ones(2,1), torch.zeros(2,3)))
torch.hstack([torch.tensor(1.), torch.tensor(2.)])
torch.hstack([torch.ones(2,1), torch.zeros(3,3)])
torch.hstack([])
torch.hstack(torch.ones(2))
torch.hstack([torch.ones(2, requires_grad=True), torch.tensor([1,2])])
torch.vstack([torch.ones(2), torch.zeros(2)])
torch.vstack((torch.ones(2,2), torch.zeros(2)))
torch.vstack([torch.tensor(1.), torch.tensor(2.)])
torch.vstack([torch.ones(2), torch.zeros(3)])
torch.vstack([])
torch.dstack([torch.ones(2), torch.zeros(2)])
torch.dstack([torch.ones(2,2), torch.zeros(2,2)])
torch.dstack([torch.tensor(1.)])
torch.row_stack([torch.ones(2), torch.zeros(2)])
torch.column_stack([torch.ones(2), torch.zeros(2)])
torch.column_stack([torch.ones(2,2), torch.zeros(2)])
torch.tile(torch.arange(3), (2,))
torch.tile(torch.arange(3), (2,2))
torch.tile(torch.ones(2,3), (2,))
torch.tile(torch.ones(2,3), ())
torch.ones(2,3).tile(2)
torch.ones(2,3).tile(2,1,2)
torch.ones(2,3).tile((2,1))
torch.tile(torch.ones(3, requires_grad=True), (2,2))
torch.tile(torch.ones(3), dims=(2,))
torch.tile(torch.ones(3), (-1,))
torch.ones(2).tile(0)
torch.masked_select(torch.arange(4.), torch.tensor([True,False,True,False]))
torch.masked_select(torch.arange(4.).view(2,2), torch.tensor([True,False]))
torch.masked_select(torch.arange(2.), torch.tensor([[True,False],[True,True]]))
torch.masked_select(torch.arange(4.), torch.tensor([1,0,1,0]))
torch.masked_select(torch.arange(4.), torch.tensor([1,0,1,0], dtype=torch.uint8))
torch.masked_select(torch.arange(4.), torch.tensor([True,False]))
torch.masked_select(torch.arange(4., requires_grad=True), torch.tensor([True,False,True,False]))
torch.arange(4.).masked_select(torch.tensor([True,False,True,False]))
torch.masked_select(torch.tensor(3.), torch.tensor(True))
torch.masked_select(torch.arange(4.), [True])
torch.take(torch.arange(6.).view(2,3), torch.tensor([0,5]))
torch.take(torch.arange(6.).view(2,3), torch.tensor([[0,5],[1,-1]]))
torch.take(torch.arange(6.), torch.tensor([6]))
torch.take(torch.arange(6.), torch.tensor([-7]))
torch.take(torch.arange(6.), torch.tensor([1.]))
torch.take(torch.arange(6.), torch.tensor([1], dtype=torch.int32))
torch.take(torch.arange(6., requires_grad=True).view(2,3).t(), torch.tensor([1,1]))
torch.take(torch.arange(6.).view(2,3).t(), torch.tensor([1,1]))
torch.arange(6.).take(torch.tensor(2))
torch.take(torch.ones(0), torch.tensor([0]))
torch.take(torch.ones(0), torch.zeros(0, dtype=torch.int64))
torch.take(torch.tensor(3.), torch.tensor([0,0]))
torch.diag(torch.arange(3.))
torch.diag(torch.arange(3.), 1)
torch.diag(torch.arange(3.), -2)
torch.diag(torch.arange(6.).view(2,3))
torch.diag(torch.arange(6.).view(2,3), 1)
torch.diag(torch.arange(6.).view(2,3), diagonal=-1)
torch.diag(torch.arange(6.).view(2,3), 3)
torch.diag(torch.arange(6.).view(2,3), 5)
torch.diag(torch.ones(2,2,2))
torch.diag(torch.tensor(1.))
torch.diag(torch.arange(3., requires_grad=True), 1)
torch.diag(torch.arange(4., requires_grad=True).view(2,2))
torch.arange(3).diag(diagonal=1)
torch.diag(torch.ones(0))
torch.diag(torch.ones(2), 1.5)
torch.diag_embed(torch.arange(3.))
torch.diag_embed(torch.arange(4.).view(2,2), 1)
torch.diag_embed(torch.arange(4.).view(2,2), 0, 0, 2)
torch.diagflat(torch.arange(4.).view(2,2))
torch.trace(torch.arange(4.).view(2,2))
torch.trace(torch.arange(6.).view(2,3))
torch.trace(torch.arange(6).view(2,3))
torch.trace(torch.tensor([[True]]))
torch.trace(torch.ones(3))
torch.trace(torch.ones(2, 2, dtype=torch.int32))
torch.trace(torch.arange(4., requires_grad=True).view(2,2))
torch.arange(4.).view(2,2).trace()
torch.trace(torch.ones(0,0))
torch.ones(2,3, requires_grad=True).H
torch.ones(3).H
torch.ones(2,2,2).H
torch.tensor(1.).H
torch.ones(3).mH
torch.atleast_1d(torch.tensor(1.))
torch.atleast_2d(torch.ones(2), torch.ones(3))
torch.atleast_2d([torch.tensor(2.), torch.ones(2, 2)])
torch.atleast_3d(torch.ones(2))
torch.atleast_3d(torch.ones(2, 3))
torch.ones(2).repeat(-1)
torch.add(torch.tensor([1]), torch.tensor([1]), alpha=0.5)
torch.sub(torch.tensor([1]), 2.0, alpha=0.5)
torch.diag_embed(torch.tensor(1.))
torch.diag_embed(torch.ones(2), 0, 0, 0)
torch.diag_embed(torch.ones(2), 0, 0, 3)
torch.adjoint(torch.ones(3))
"""
SHAPES = """
torch.broadcast_shapes((2,1),(3,))
torch.broadcast_shapes((2,),(3,))
torch.broadcast_shapes(2, (3,1))
torch.ones(2,3).H.shape
torch.ones(2,3).mH.shape
torch.ones(2,2,3).mH.shape
torch.ones(2,3).adjoint().shape
"""
GRADIENTS = """
torch.autograd.grad(torch.take(x, torch.tensor([1,1,-1])).sum(), x)
torch.autograd.grad(torch.take(x.view(2,3).t(), torch.tensor([[1,1],[-1,0]])).sum(), x)
torch.autograd.grad((torch.diag(x,1)**2).sum(), x)
torch.autograd.grad((torch.diag(x.view(2,3),1)**2).sum(), x)
torch.autograd.grad((torch.trace(x.view(2,3))**2).sum(), x)
torch.autograd.grad(torch.masked_select(x**2, x > 1).sum(), x)
torch.autograd.grad((x.tile(2,2)**2).sum(), x)
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_the_same_line_under_both_modules(line: str) -> None:
    same(lambda torch: eval(line, {"torch": torch}))


@pytest.mark.parametrize("line", SHAPES.strip().splitlines())
def test_shapes(line: str) -> None:
    same(lambda torch: tuple(eval(line, {"torch": torch})))


@pytest.mark.parametrize("line", GRADIENTS.strip().splitlines())
def test_gradients(line: str) -> None:
    def program(torch):
        return eval(line, {"torch": torch, "x": torch.arange(6.0, requires_grad=True)})

    same(program)


def test_diag_gives_a_copy() -> None:
    def program(torch):
        x = torch.arange(4.0).view(2, 2)
        torch.diag(x).add_(1)
        return x

    same(program)


@pytest.mark.parametrize("dim", [0, 1, -1, -2, 5])
@pytest.mark.parametrize("name", ["cat", "stack"])
def test_lists_of_all_shapes(name: str, dim: int) -> None:
    shapes = [(), (0,), (2,), (3,), (2, 3), (0, 3), (2, 2), (1, 2, 3), (0, 0)]
    lists = [list(part) for count in (1, 2, 3) for part in itertools.product(shapes, repeat=count)]

    def program(torch):
        def shape_or_text(sizes):
            try:
                return tuple(getattr(torch, name)([torch.ones(size) for size in sizes], dim).shape)
            except (IndexError, RuntimeError) as error:
                return str(error)

        return [shape_or_text(sizes) for sizes in lists]

    assert program(torch) == program(tinygrad_mlp)
