"""A program that takes gradients from the call before does what the step does, whatever has become of them."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.changed_gradients import CHANGES, KINDS, REFUSED, Pair, bits, outcome
from tinygrad_mlp.compiler import CannotRecord, compile


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("zeroed", [True, False])
@pytest.mark.parametrize("shape, dtype", KINDS)
def test_a_changed_gradient(shape, dtype, zeroed, change):
    pair, eager = Pair(shape, dtype, zeroed), Pair(shape, dtype, zeroed)
    step = compile(pair.step)
    for number in range(10):
        for each in (pair, eager):
            if number in (4, 7):
                CHANGES[change](each)
            elif number in (5, 8):
                each.put_back()
        factor = torch.full(shape, float(number % 3), dtype=getattr(torch, dtype))
        before = [*map(bits, pair.seen())]
        ours, theirs = outcome(pair, step, factor), outcome(eager, eager.step, factor)
        if ours[0] is CannotRecord:
            assert change in REFUSED and number == 4
            assert [*map(bits, pair.seen())] == before
            return
        assert ours == theirs, number
    assert change not in REFUSED


# -- gradients that share their memory with what the step sees -------------------------------------


class Sharing:
    """Two leaves with gradients of zeros, and what else has their memory."""

    def __init__(self, kind: str) -> None:
        self.leaves = [torch.arange(3.0).requires_grad_(), torch.ones(3).requires_grad_()]
        for leaf in self.leaves:
            leaf.grad = torch.zeros(3)
        grad = self.leaves[0].grad
        self.buffer = torch.zeros(3)
        self.array = self.detached = self.view = None
        if kind == "array":
            self.array = grad.numpy()
        elif kind == "detached":
            self.detached = grad.detach()
        elif kind == "view":
            self.view = grad.view(3, 1)
        elif kind == "two tensors":
            self.leaves[1].grad.array = grad.array
        elif kind == "one tensor":
            self.leaves[1].grad = grad

    def step(self, x):
        self.buffer += 1
        first, second = self.leaves
        (first * x).sum().backward()
        seen = [first.grad.clone()]
        seen += [tensor * 2 for tensor in (self.detached, self.view) if tensor is not None]
        if self.array is not None:
            seen.append(x + torch.from_numpy(self.array))
        (second * 2 * x).sum().backward()
        seen += [first.grad.clone(), second.grad.clone(), self.buffer * 1]
        for leaf in self.leaves:
            leaf.grad.zero_()
        return seen


def other_gradient(sharing):
    sharing.leaves[0].grad = torch.zeros(3)


def gradient_of_the_buffer(sharing):
    sharing.buffer.zero_()
    sharing.leaves[0].grad = sharing.buffer


SHARING = ["nothing", "array", "detached", "view", "two tensors", "one tensor"]


@pytest.mark.parametrize(
    "kind, change", [*((kind, other_gradient) for kind in SHARING), ("nothing", gradient_of_the_buffer)]
)
def test_a_gradient_that_shares_its_memory(kind, change):
    ours, eager = Sharing(kind), Sharing(kind)
    step = compile(ours.step)
    for number in range(8):
        for each in (ours, eager) if number in (3, 6) else ():
            change(each)
        x = torch.full((3,), number + 1.0)
        results = [[tensor.tolist() for tensor in call(x)] for call in (step, eager.step)]
        assert results[0] == results[1], number


def test_gradients_that_share_nothing_are_arguments():
    """So that one program does for all of them."""
    sharing = Sharing("nothing")
    step = compile(sharing.step)
    for number in range(6):
        step(torch.ones(3))
        other_gradient(sharing)
        assert np.shares_memory(sharing.buffer.array, sharing.leaves[0].grad.array) is False
        assert len(step.programs) == 1, number
