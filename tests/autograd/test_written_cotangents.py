"""Who gets a cotangent may write to it: hooks, Functions, and those who ask for gradients.

The cotangent of a sum is one number that all elements share. Torch hands that out as it is after `sum` (a write to one
element is refused, or changes all), and computes a new tensor after `mean`; here what is handed out is always its own.
"""

from __future__ import annotations

import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.ones(*shape or (3,), requires_grad=True)


def _zero_first(g):
    g.view(-1)[0] = 0


def _changed(torch):
    class Changed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            _zero_first(g)
            return g

    return Changed


REDUCTIONS = {
    "mean": lambda x: x.mean(),
    "mean of rows": lambda x: x.mean(-1).mean(),
    "mean squared": lambda x: (x.mean() ** 2) * 3,
    "mse_loss": lambda x: ((x - 3) ** 2).mean(),
    "var": lambda x: (x * x).var(),
}


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1,), (1, 4)])
@pytest.mark.parametrize("reduction", REDUCTIONS.values(), ids=REDUCTIONS)
def test_in_a_hook(reduction, shape) -> None:
    def program(torch):
        x = _leaf(torch, *shape)
        y = x * 1
        y.register_hook(_zero_first)
        reduction(y).backward()
        return x.grad

    same(program)


@pytest.mark.parametrize("reduction", REDUCTIONS.values(), ids=REDUCTIONS)
def test_in_a_function(reduction) -> None:
    def program(torch):
        x = _leaf(torch, 2, 3)
        reduction(_changed(torch).apply(x)).backward()
        return x.grad

    same(program)


def test_of_what_grad_and_func_return() -> None:
    def program(torch):
        x = _leaf(torch)
        y = x * 1
        (first,) = torch.autograd.grad(y.mean(), y)
        second = torch.func.grad(lambda x: x.mean())(torch.ones(3))
        third = torch.func.vjp(lambda x: x.mean(), torch.ones(3))[1](torch.ones(()))[0]
        fourth = torch.autograd.functional.jacobian(lambda x: x.mean(), torch.ones(3))
        for g in (first, second, third, fourth):
            _zero_first(g)
        return first, second, third, fourth

    same(program)


@pytest.mark.parametrize(
    "spread", [lambda x: x.sum(), lambda x: x.sum(0).sum(), lambda x: (x + x.new_zeros(2, 2, 3)).sum()]
)
def test_after_a_sum_the_memory_is_its_own(spread) -> None:
    seen = []
    x = _leaf(tinygrad_mlp, 2, 3)
    y = x * 1
    y.register_hook(lambda g: _zero_first(g) or seen.append(g.clone()))
    y.grad_fn.register_prehook(lambda outputs: _zero_first(outputs[0]))
    spread(y).backward()
    expected = tinygrad_mlp.full((2, 3), float(spread(tinygrad_mlp.ones(2, 3)) / 6))
    _zero_first(expected)
    assert [g.tolist() for g in seen] == [expected.tolist()]
    assert x.grad.tolist() == expected.tolist()
    (g,) = tinygrad_mlp.autograd.grad(spread(y := x * 1), y)
    _zero_first(g)
    assert g.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_has_its_dtype(dtype) -> None:
    """A Function that gives a number gets a cotangent of its dtype, however it came about."""

    def program(torch):
        class Squares(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return (x * x).sum()

            @staticmethod
            def backward(ctx, g):
                seen.append(g)
                return 2 * g * ctx.saved_tensors[0]

        seen = []
        x = torch.tensor([1.0, 1 / 3], dtype=getattr(torch, dtype), requires_grad=True)
        y = Squares.apply(x)
        y.register_hook(lambda g: seen.append(g))
        for loss in (y / 3, y * y, (y + 1).sqrt(), y.mean() - y.exp()):
            loss.backward(retain_graph=True)
        return seen, x.grad

    same(program)
