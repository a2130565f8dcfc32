"""What a Function saves, and gradients of its gradients."""

from __future__ import annotations

import pytest

from support.functions_of_ones_own import function, once, ones, passing, writing
from support.parity import same


def saved_tensors_are_the_same(torch):
    seen = []

    def forward(ctx, a, b):
        y, inside = a * 2, a * 3
        ctx.save_for_backward(a, None, b, y, inside)
        seen.append(ctx.saved_tensors)
        return y

    def backward(ctx, g):
        seen.extend(ctx.saved_tensors)
        return g, None

    a = ones(torch, 3)
    b = a * 1
    y = function(torch, forward, backward).apply(a, b)
    y.sum().backward()
    return seen[0], seen[1] is a, seen[2], seen[3] is b, seen[4] is y, seen[4], seen[5]


def saved_tensors_of_the_node(torch):
    def forward(ctx, a):
        ctx.k = 3
        ctx.save_for_backward(a)
        return a * 2

    a = ones(torch, 3)
    y = function(torch, forward, passing).apply(a)
    return y.grad_fn.k, y.grad_fn.saved_tensors[0] is a, y.grad_fn.needs_input_grad


def second_backward_that_reads_nothing(torch):
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * 2

    a = ones(torch, 3)
    y = function(torch, forward, passing).apply(a).sum()
    y.backward()
    y.backward()
    return a.grad


def saved_tensors_read_twice(torch):
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * 2

    def backward(ctx, g):
        ctx.maybe_clear_saved_tensors()
        return g * ctx.saved_tensors[0] * ctx.saved_tensors[0]

    a = ones(torch, 3)
    function(torch, forward, backward).apply(a).sum().backward(retain_graph=True)
    return a.grad


def saved_tensors_hooks(torch):
    seen = []

    def pack(t):
        seen.append([t.detach(), t.requires_grad, t.is_leaf, torch.is_grad_enabled()])
        return t * 2

    def forward(ctx, a, b):
        y = a * b
        ctx.save_for_backward(a, b, y)
        return y

    def backward(ctx, g):
        a, b, y = ctx.saved_tensors
        seen.append([t.grad_fn is not None for t in (b, y)])
        return g * b, g * a + y * 0

    a, b = ones(torch, 3), ones(torch, 3) * 3
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = function(torch, forward, backward).apply(a, b)
    y.sum().backward()
    return seen, a.grad


# -- gradients of gradients ------------------------------------------------------------------------


def second_order(torch):
    seen = []

    def forward(ctx, a):
        y = a.exp()
        ctx.save_for_backward(a, y)
        return y * a

    def backward(ctx, g):
        a, _ = ctx.saved_tensors
        seen.append(torch.is_grad_enabled())
        return g * (a.exp() * (a + 1))

    a = torch.arange(3.0).requires_grad_()
    y = function(torch, forward, backward).apply(a)
    (g,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    g.sum().backward()
    return g, a.grad, seen


def second_order_through_outputs(torch):
    def forward(ctx, a):
        y, z = a.exp(), a * a
        ctx.save_for_backward(a, y)
        return y, z

    def backward(ctx, g, h):
        a, y = ctx.saved_tensors
        return g * y + h * a * 2

    a = torch.arange(3.0).requires_grad_()
    y, z = function(torch, forward, backward).apply(a)
    (g,) = torch.autograd.grad((y * z).sum(), a, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), a, create_graph=True)
    h.sum().backward()
    return g, h, a.grad


def second_order_in_place(torch):
    a = torch.arange(3.0).requires_grad_()
    y = writing(torch).apply(a * a)
    (g,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    g.sum().backward()
    return g, a.grad


def once_differentiable_once(torch):
    seen = []

    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a**3

    def backward(ctx, g):
        seen.append(torch.is_grad_enabled())
        return 3 * g * ctx.saved_tensors[0] ** 2

    a = ones(torch, 3)
    y = function(torch, forward, once(torch, backward)).apply(a)
    (g,) = torch.autograd.grad((y * y).sum(), a, retain_graph=True)
    (h,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    (k,) = torch.autograd.grad(y.sum(), a, create_graph=True)
    return g, h, h.grad_fn.name(), repr(h), k, seen


def once_differentiable_of_two(torch):
    Foo = function(torch, lambda ctx, a, b: a * b, once(torch, lambda ctx, g: (g * 2, None)))
    a, b = ones(torch, 3), ones(torch, 3)
    y = Foo.apply(a, b)
    return torch.autograd.grad((y * y).sum(), (a, b), create_graph=True, allow_unused=True)


@pytest.mark.parametrize(
    "program",
    [
        saved_tensors_are_the_same, saved_tensors_of_the_node, second_backward_that_reads_nothing,
        saved_tensors_read_twice, saved_tensors_hooks, second_order, second_order_through_outputs,
        second_order_in_place, once_differentiable_once, once_differentiable_of_two,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    same(program)
