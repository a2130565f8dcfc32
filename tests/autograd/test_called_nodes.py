"""A node is a function: from the gradient of its output to those of its inputs."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike, refusal


def _x(torch):
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def called(torch):
    y = _x(torch) * _x(torch)
    y.grad_fn.register_hook(lambda inputs, outputs: pytest.fail("no hook is called"))
    return y.grad_fn(torch.ones(3)), y.grad_fn(torch.ones(3) * 2), y.grad_fn(None)


def called_without_grad(torch):
    y = _x(torch).exp()
    with torch.no_grad():
        return y.grad_fn(torch.ones(3)), y.grad_fn(torch.ones(3)).requires_grad


def called_and_differentiated(torch):
    x = _x(torch)
    g = (x * x * x).grad_fn(torch.ones(3))
    g[0].sum().backward()
    return g[0].requires_grad, x.grad


def walked_by_hand(torch):
    """Backward of a chain, as a learner would write it."""
    x = _x(torch)
    node, g = (x * 2).exp().sum().grad_fn, torch.tensor(1.0)
    with torch.no_grad():
        while node is not None and node.next_functions:
            result = node(g)
            g = result if hasattr(result, "shape") else result[0]
            node = node.next_functions[0][0]
        return node.name(), node(g), x.grad


def of_several_outputs(torch):
    node = _x(torch).unbind()[0].grad_fn
    return node(torch.tensor(1.0), None, torch.tensor(2.0))


def of_a_sum_and_a_join(torch):
    x = _x(torch)
    return x.sum().grad_fn(torch.tensor(2.0)), torch.cat([x, x]).grad_fn(torch.ones(6))


CALLED = [
    called,
    called_without_grad,
    called_and_differentiated,
    walked_by_hand,
    of_several_outputs,
    of_a_sum_and_a_join,
]


@pytest.mark.parametrize("program", CALLED, ids=lambda p: p.__name__)
def test_a_node_is_called(program):
    assert_alike(program, rtol=1e-6)


def freed(torch):
    y = _x(torch) * _x(torch)
    y.sum().backward()
    return y.grad_fn(torch.ones(3))


def a_function(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Double.apply(_x(torch)).grad_fn(torch.ones(3))


NOT_CALLED = [
    freed,
    a_function,
    lambda torch: (_x(torch) * 2).grad_fn(),
    lambda torch: (_x(torch) * 2).grad_fn(3),
    lambda torch: _x(torch).unbind()[0].grad_fn(torch.tensor(1.0)),
]


@pytest.mark.parametrize("program", NOT_CALLED, ids=range(len(NOT_CALLED)))
def test_a_call_is_refused(program):
    refusal(program)
