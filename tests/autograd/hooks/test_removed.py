"""Hooks that are taken away while backward runs: by themselves, the usual way to write a hook for one backward."""

from __future__ import annotations

import pytest

from support.parity import same


def _once(register, result):
    """Register a hook that takes itself away and returns what `result` makes of its arguments."""

    def hook(*args):
        handle.remove()
        return result(*args)

    handle = register(hook)


def _twice(torch, x, loss):
    """The gradients of two backwards, one after the other."""
    loss().backward()
    first, x.grad = x.grad.clone(), None
    loss().backward()
    return first, x.grad


def _leaf(torch):
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def of_a_leaf(torch):
    x = _leaf(torch)
    _once(x.register_hook, lambda g: g * 10)
    return _twice(torch, x, lambda: (x * 2).sum())


def of_an_inner_tensor(torch):
    x = _leaf(torch)
    y = x * 2
    _once(y.register_hook, lambda g: g * 10)
    loss = y.sum()
    loss.backward(retain_graph=True)
    first, x.grad = x.grad.clone(), None
    loss.backward()
    return first, x.grad


def of_two_that_both_go(torch):
    x = _leaf(torch)
    _once(x.register_hook, lambda g: g * 10)
    _once(x.register_hook, lambda g: g + 1)
    return _twice(torch, x, lambda: (x * 2).sum())


def of_one_of_several(torch):
    x = _leaf(torch)
    x.register_hook(lambda g: g + 1)
    _once(x.register_hook, lambda g: g * 10)
    x.register_hook(lambda g: -g)
    return _twice(torch, x, lambda: (x * 2).sum())


def that_writes_and_returns_nothing(torch):
    x = _leaf(torch)
    y = x * 2

    def triple(g):
        g.mul_(3)

    _once(y.register_hook, triple)
    (y * y).sum().backward()
    return x.grad


def with_retained_gradient(torch):
    x = _leaf(torch)
    y = x * 2
    y.retain_grad()
    _once(y.register_hook, lambda g: g * 10)
    y.sum().backward()
    return x.grad, y.grad


def in_autograd_grad(torch):
    x = _leaf(torch)
    y = x * 2
    _once(y.register_hook, lambda g: g * 10)
    return torch.autograd.grad(y.sum(), [x])


def with_create_graph(torch):
    x = _leaf(torch)
    y = x * x
    _once(y.register_hook, lambda g: g * x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return g, torch.autograd.grad(g.sum(), x)


def after_a_node(torch):
    x = _leaf(torch)
    y = x * 2
    _once(y.grad_fn.register_hook, lambda inputs, outputs: (inputs[0] * 10, *inputs[1:]))
    y.sum().backward()
    return x.grad


def before_a_node(torch):
    x = _leaf(torch)
    y = x * 2
    _once(y.grad_fn.register_prehook, lambda outputs: (outputs[0] * 10,))
    y.sum().backward()
    return x.grad


def after_accumulation(torch):
    x = _leaf(torch)

    def enlarge(leaf):
        leaf.grad.mul_(10)

    _once(x.register_post_accumulate_grad_hook, enlarge)
    return _twice(torch, x, lambda: (x * 2).sum())


def of_one_of_several_outputs(torch):
    x = _leaf(torch)
    first, second = x.reshape(3, 1).unbind(1)[0], x * 1
    _once(first.register_hook, lambda g: g * 10)
    (first * second).sum().backward()
    return x.grad


PROGRAMS = [
    of_a_leaf, of_an_inner_tensor, of_two_that_both_go, of_one_of_several, that_writes_and_returns_nothing,
    with_retained_gradient, in_autograd_grad, with_create_graph, after_a_node, before_a_node, after_accumulation,
    of_one_of_several_outputs,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)
