"""Compiled and eager give the same: writes in place, views, indices, memory, versions."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_same_run, descent, mlp, of_weight, regression
from tinygrad_mlp.compiler import compile

F = torch.nn.functional


def test_in_place_operators():
    def step(x, y):
        z = x * 2
        z += 1
        z.mul_(z).sub_(0.5)
        z[:, 0] = 3
        z[1] *= y[0, 0]
        return z

    assert_same_run(lambda: World(step), regression(6))


def of_a_number(torch, x):
    return torch.sort(x, dim=0)[0]


def largest_of_a_number(torch, x):
    return torch.topk(x, 1, dim=0)[0]


def sum_added_to(torch, x):
    return x * torch.ones(3).sum().add_(1)


@pytest.mark.parametrize("function", [of_a_number, largest_of_a_number, sum_added_to], ids=lambda f: f.__name__)
def test_a_number_that_depends_on_constants_alone_is_written_to(function):
    def step(x, y):
        x = x[0, 0].detach().requires_grad_()
        z = function(torch, x)
        return z.detach(), torch.autograd.grad(z, x)

    assert_same_run(lambda: World(step), regression(6))


def test_writes_into_an_argument():
    def step(x, y):
        x.mul_(2)
        x[0].fill_(1)
        return x.sum()

    compiled = compile(step)
    for _ in range(4):
        x, twin = torch.full((2, 2), 3.0), torch.full((2, 2), 3.0)
        assert compiled(x, None).item() == step(twin, None).item()
        assert x.tolist() == twin.tolist() and x._version == twin._version


def test_writes_into_views_on_the_tape():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            h = x @ weight
            part = h[:, 1:]
            part.mul_(2)
            h[0, 0] = y[0, 0]
            h.t()[2].add_(1)
            h.diagonal().mul_(3)
            (h * y).sum().backward()
            return weight.grad.clone(), part.detach()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_writes_through_an_expanded_gradient():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            h = x @ weight
            h[:, 0].relu_()
            h.sum().backward()
            return weight.grad.clone()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_indices():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            rows = torch.tensor([0, 2, 2])
            h = (x @ weight)[rows]
            h[torch.tensor([0, 1]), torch.tensor([1, 2])] = 0.5
            loss = h[:, [0, 1]].sum() + x[::2].gather(1, torch.zeros(4, 1, dtype=torch.int64)).sum()
            loss.backward()
            return loss, weight.grad.clone()

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_a_mask_that_keeps_the_shape():
    def step(x, y):
        z = x.clone()
        z[z > 0] = 1
        return torch.where(x > 0, x, -x), z.masked_fill(z < 0, 7), (x > 0).float().mean()

    assert_same_run(lambda: World(step), regression(6))


def test_constants_that_the_step_makes_and_writes_to():
    def step(x, y):
        total = torch.zeros(3)
        for row in y:
            total += row
        table = torch.arange(12.0).reshape(4, 3)
        table[1] = total
        return total, table, torch.eye(3) @ total

    assert_same_run(lambda: World(step), regression(6))


def test_constants_as_results_that_the_caller_writes_to():
    weight = torch.ones(3, requires_grad=True)

    @compile
    def step(x):
        weight.grad = None
        weight.sum().backward()
        ones = torch.ones(3)
        return torch.zeros(3), torch.arange(3.0) * 2, ones, ones[:2], x + ones

    for _ in range(5):
        results = step(torch.ones(3))
        assert weight.grad.tolist() == [1.0, 1.0, 1.0]
        assert [r.tolist() for r in results] == [[0.0] * 3, [0.0, 2.0, 4.0], [1.0] * 3, [1.0] * 2, [2.0] * 3]
        for result in results[:2]:
            result.add_(100)
        weight.grad.add_(100)
        results[2].fill_(9)


def test_memory_that_the_step_makes_and_fills(monkeypatch):
    plain, junk = np.empty, iter(range(1, 1000))

    def empty(*args, **kwargs):
        array = plain(*args, **kwargs)
        array.fill(next(junk))  # as memory that was used before
        return array

    step = compile(lambda x: (torch.empty(3).fill_(2) * x, torch.empty(3).copy_(x) + 1))
    monkeypatch.setattr(np, "empty", empty)
    for i in range(4):
        first, second = step(torch.full((3,), float(i)))
        assert first.tolist() == [2.0 * i] * 3 and second.tolist() == [i + 1.0] * 3


def test_joining_and_splitting():
    def step_of(weight):
        def step(x, y):
            weight.grad = None
            a, b = (x @ weight).split([1, 2], dim=1)
            joined = torch.cat([b, a, y], dim=1)
            stacked = torch.stack([joined, joined * 2])
            stacked.pow(2).mean().backward()
            first, *rest = weight.detach().unbind()
            return weight.grad.clone(), first, rest

        return step

    assert_same_run(of_weight(step_of), regression(6), programs=None)


def test_a_parameter_as_result_next_to_its_copy():
    def step_of(weight):
        def step(x, y):
            with torch.no_grad():
                before = weight.clone()
                weight.add_(1)
            return before, weight.detach().clone()

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_a_view_of_a_parameter_as_result():
    def step_of(weight):
        def step(x, y):
            with torch.no_grad():
                weight.mul_(0.5)
                return weight[0]

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_swapped_memory():
    def step_of(weight):
        other = torch.zeros(4, 3)

        def step(x, y):
            with torch.no_grad():
                kept = weight.clone()
                weight.copy_(other)
                other.copy_(kept + 1)
            return other.sum()

        return step

    assert_same_run(of_weight(step_of), regression(6))


def test_versions_advance():
    def build():
        model = mlp(4, 5, 3)
        optimizer = torch.optim.Adam(model.parameters())
        return World(descent(model, optimizer, F.mse_loss), model, optimizer)

    step = assert_same_run(build, regression(6))  # seen() has the versions
    assert step.programs


def test_a_stale_graph_is_noticed_after_a_compiled_step():
    model = mlp(4, 5, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), F.mse_loss))
    (x, y), *_ = regression(1)
    for _ in range(3):
        step(x, y)
    loss = model(x).sum()
    step(x, y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
