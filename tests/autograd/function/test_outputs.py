"""The outputs of a Function: several, inputs and views among them, and what it writes into."""

from __future__ import annotations

import pytest

from support.functions_of_ones_own import function, ones, passing, writing
from support.parity import same


def several_outputs(torch):
    seen = []

    def backward(ctx, *gs):
        seen.append(gs)
        return gs[0] * 2 + gs[2] * 3

    a = ones(torch, 3)
    outputs = function(torch, lambda ctx, a: (a * 2, 5, a * 3, "s", torch.tensor([1])), backward).apply(a)
    outputs[2].sum().backward()
    return outputs, seen, outputs[0].output_nr, outputs[2].output_nr, a.grad


def several_outputs_with_hooks(torch):
    a = ones(torch, 3)
    first, second = function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, g, h: g * 2 + h * 3).apply(a)
    first.register_hook(lambda g: g * 10)
    first.retain_grad()
    (first + second + first).sum().backward()
    return a.grad, first.grad


def several_outputs_with_node_hooks(torch):
    seen = []
    a = ones(torch, 3)
    y, _ = function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, g, h: g * 2 + h * 3).apply(a)
    y.grad_fn.register_prehook(lambda gs: seen.append(gs))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs, outputs)))
    y.sum().backward()
    return seen, a.grad


def unused_outputs(torch):
    results = []
    for materialize in (True, False):
        seen = []

        def forward(ctx, a, materialize=materialize):
            ctx.set_materialize_grads(materialize)
            return a * 2, a * 3

        def backward(ctx, g, h, seen=seen):
            seen.append((g, h))

        a = ones(torch, 3)
        function(torch, forward, backward).apply(a)[1].sum().backward()
        results.append((seen, a.grad))
    return results


def not_differentiable(torch):
    seen = []

    def forward(ctx, a):
        index, other = torch.tensor([1]), a * 3
        ctx.mark_non_differentiable(other, index)
        return a * 2, index, other

    def backward(ctx, *gs):
        seen.append(gs)
        return gs[0]

    outputs = function(torch, forward, backward).apply(ones(torch, 3))
    outputs[0].sum().backward()
    return outputs, seen


def other_results(torch):
    a = ones(torch, 3)
    return [function(torch, lambda ctx, a, y=y: y, passing).apply(a) for y in (None, 5, "s", [1])]


def input_returned(torch):
    a = ones(torch, 3)
    y = function(torch, lambda ctx, a: a, lambda ctx, g: g * 5).apply(a)
    y.sum().backward()
    return y is a, y._is_view(), y._base is a, y, a.grad


def input_returned_without_grad(torch):
    a = torch.ones(3)
    y = function(torch, lambda ctx, a: a, passing).apply(a)
    return y is a, y._is_view(), y._base is a, y


def constant_returned(torch):
    a = torch.ones(3)
    y = function(torch, lambda ctx, a, b: a, lambda ctx, g: (g, g)).apply(a, ones(torch, 3))
    return y is a, y._is_view(), y


def input_returned_not_differentiable(torch):
    def forward(ctx, a):
        ctx.mark_non_differentiable(a)
        return a

    a = ones(torch, 3)
    y = function(torch, forward, passing).apply(a)
    return y is a, y, a


def input_returned_twice(torch):
    a = ones(torch, 3)
    first, second = function(torch, lambda ctx, a: (a, a), lambda ctx, g, h: g + 2 * h).apply(a)
    (first * second).sum().backward()
    return first is second, first.output_nr, second.output_nr, a.grad


def output_returned_twice(torch):
    def forward(ctx, a):
        y = a * 2
        return y, y

    a = ones(torch, 3)
    first, second = function(torch, forward, lambda ctx, g, h: g * 2 + h * 3).apply(a)
    first.sum().backward()
    return first is second, first.output_nr, second.output_nr, a.grad


def captured_tensor_returned(torch):
    results = []
    for w in (ones(torch, 3), ones(torch, 3) * 2):
        y = function(torch, lambda ctx, a, w=w: w, passing).apply(ones(torch, 3))
        results.append((y is w, y))
    return results


def view_returned(torch):
    a = ones(torch, 4)
    y = function(torch, lambda ctx, a: a[:2], lambda ctx, g: torch.ones(4) * 3).apply(a)
    y.sum().backward()
    return y, y._is_view(), a.grad


def detached_returned(torch):
    a = ones(torch, 2)
    y = function(torch, lambda ctx, a: a.detach(), lambda ctx, g: g * 3).apply(a)
    y.sum().backward()
    return y, y._is_view(), a.grad


def parameter_returned(torch):
    p = torch.nn.Parameter(torch.ones(2))
    return type(function(torch, lambda ctx, a: a, passing).apply(p)).__name__


def unmarked_write(torch):
    def forward(ctx, a):
        return a.mul_(2)

    x = ones(torch, 3)
    a = x * 1
    y = function(torch, forward, lambda ctx, g: g * 5).apply(a)
    y.sum().backward()
    return y is a, y, y._version, x.grad


# -- in place --------------------------------------------------------------------------------------


def dirty(torch):
    a = ones(torch, 3)
    x = a * 1
    y = writing(torch).apply(x)
    y.sum().backward()
    return y is x, a.grad, x._version, x.output_nr, x


def dirty_second_argument(torch):
    x, c = torch.ones(3), ones(torch, 3)
    y = writing(torch, 1).apply(c, x)
    y.sum().backward()
    return y is x, x, c.grad


def dirty_and_saved(torch):
    a = ones(torch, 3)
    writing(torch, save=True).apply(a * 1).exp().sum().backward()
    return a.grad


def dirty_and_another(torch):
    a = ones(torch, 3)
    x = a * 1
    y, z = writing(torch, several=True).apply(x)
    (y + z).sum().backward()
    return y is x, y.output_nr, z.output_nr, a.grad


def dirty_view(torch):
    a = ones(torch, 4)
    base = a * 1
    part = base[:2]
    y = writing(torch).apply(part)
    g = torch.autograd.grad(y.sum(), a, retain_graph=True)
    base.sum().backward()
    return y is part, g, a.grad, part, base


def dirty_view_of_a_constant(torch):
    base, c = torch.ones(4), ones(torch, 2)
    part = base[:2]
    writing(torch, 1).apply(c, part)
    return base, part


def dirty_under_no_grad(torch):
    x = torch.ones(3)
    with torch.no_grad():
        y = writing(torch).apply(x)
    return y is x, x._version, y


@pytest.mark.parametrize(
    "program",
    [
        several_outputs, several_outputs_with_hooks, several_outputs_with_node_hooks, unused_outputs,
        not_differentiable, other_results, input_returned, input_returned_without_grad, constant_returned,
        input_returned_not_differentiable, input_returned_twice, output_returned_twice, captured_tensor_returned,
        view_returned, detached_returned, parameter_returned, unmarked_write, dirty, dirty_second_argument,
        dirty_and_saved, dirty_and_another, dirty_view, dirty_view_of_a_constant, dirty_under_no_grad,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    same(program)
