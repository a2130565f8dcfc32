"""autograd.Function, as torch has it: what backward is given, and may return."""

from __future__ import annotations

import importlib

import pytest

from support.functions_of_ones_own import function, ones, passing
from support.parity import same


def saves_and_multiplies(torch):
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        ctx.shape, ctx.edges, ctx.saved, ctx.dtype, ctx.versions = 1, 2, 3, 4, 5  # a node's own names are free
        return a * b

    def backward(ctx, g):
        a, b = ctx.saved_tensors
        assert (ctx.shape, ctx.edges, ctx.saved, ctx.dtype, ctx.versions) == (1, 2, 3, 4, 5)
        return g * b, g * a * 10

    a, b = torch.arange(3.0).requires_grad_(), ones(torch, 3)
    y = function(torch, forward, backward).apply(a, b)
    y.exp().sum().backward()
    return y, a.grad, b.grad


def setup_context(torch):
    seen = []

    def forward(a, n=3):
        seen.append(torch.is_grad_enabled())
        return a * n

    def setup(ctx, inputs, output):
        seen.append((torch.is_grad_enabled(), type(inputs), output.requires_grad))
        ctx.n = inputs[1]
        ctx.save_for_backward(inputs[0], output)

    def backward(ctx, g):
        seen.append([t.grad_fn is not None for t in ctx.saved_tensors])
        return g * ctx.n, None

    a = ones(torch, 2)
    Foo = function(torch, forward, backward, setup)
    y = Foo.apply(a)
    z = Foo.apply(a, n=5)
    (y + z).sum().backward()
    return y, z, a.grad, seen


def keywords(torch):
    Foo = function(torch, lambda ctx, a, b=None: a * 2, lambda ctx, g: (g, g * 2))
    a, b = ones(torch, 2), ones(torch, 2)
    Foo.apply(b=b, a=a).sum().backward()
    return a.grad, b.grad


def needs_input_grad(torch):
    seen = []

    def backward(ctx, g):
        seen.append(ctx.needs_input_grad)
        return g, None, None, g * 2

    Foo = function(torch, lambda ctx, a, n, t, c: a + c, backward)
    a, c = ones(torch, 3), ones(torch, 3)
    y = Foo.apply(a, 5, torch.ones(3), c)
    next_functions = [(node is None, index) for node, index in y.grad_fn.next_functions]
    return torch.autograd.grad(y.sum(), a), seen, y.grad_fn.name(), type(y.grad_fn).__name__, next_functions


def needs_input_grad_without_grad(torch):
    seen = []

    def forward(ctx, a):
        seen.append((ctx.needs_input_grad, torch.is_grad_enabled()))
        return a * 2

    with torch.no_grad():
        y = function(torch, forward, passing).apply(ones(torch, 3))
    return seen, y


def tensors_in_lists_do_not_count(torch):
    return function(torch, lambda ctx, xs: xs[0] * 2, passing).apply([ones(torch, 2)])


def some_gradients_are_none(torch):
    a, b = ones(torch, 3), ones(torch, 3)
    function(torch, lambda ctx, a, b: a * b, lambda ctx, g: (None, g)).apply(a, b).sum().backward()
    return a.grad, b.grad


def superfluous_nones(torch):
    a = ones(torch, 3)
    function(torch, lambda ctx, a: a * 2, lambda ctx, g: (g, None, None)).apply(a).sum().backward()
    return a.grad


def gradient_is_summed_to_the_shape(torch):
    results = []
    for shape in ((3,), (1,), (1, 3), ()):
        a = ones(torch, *shape)
        function(torch, lambda ctx, a: a * 2, lambda ctx, g: torch.ones(2, 3)).apply(a).sum().backward()
        results.append(a.grad)
    return results


def gradient_is_cast(torch):
    results = []
    for dtype in (torch.float64, torch.int64, torch.float16):
        a = ones(torch, 3)
        function(torch, lambda ctx, a: a * 2, lambda ctx, g, d=dtype: g.to(d)).apply(a).sum().backward()
        results.append(a.grad)
    return results


def one_tensor_for_two_inputs(torch):
    def backward(ctx, g):
        twice = g * 2
        return twice, twice

    a, b = ones(torch, 3), ones(torch, 3)
    function(torch, lambda ctx, a, b: a * b, backward).apply(a, b).sum().backward()
    a.grad.add_(1)
    return a.grad, b.grad


def gradient_is_kept_by_the_user(torch):
    kept = torch.ones(3)
    a, b = ones(torch, 3), ones(torch, 3)
    Foo = function(torch, lambda ctx, a: a * 1, lambda ctx, g: kept)
    (Foo.apply(a) + Foo.apply(b * 1)).sum().backward()
    a.grad.add_(1)
    b.grad.mul_(3)
    return a.grad, b.grad, kept


def gradient_is_a_saved_tensor(torch):
    a, w = ones(torch, 3), ones(torch, 3)

    def forward(ctx, a, w):
        ctx.save_for_backward(w)
        return a * w

    function(torch, forward, lambda ctx, g: (ctx.saved_tensors[0], None)).apply(a, w).sum().backward()
    a.grad.add_(1)
    return a.grad, w


def vjp_is_another_name(torch):
    a = ones(torch, 3)
    body = {"forward": staticmethod(lambda ctx, a: a * 2), "vjp": staticmethod(lambda ctx, g: g * 7)}
    type("Foo", (torch.autograd.Function,), body).apply(a).sum().backward()
    return a.grad


def boxed_gradients(torch):
    a = ones(torch, 3)
    Foo = function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, gs: gs[0] + 5 * gs[1], boxed_grads_call=True)
    Foo.apply(a)[1].sum().backward()
    return a.grad


# -- attributes and texts --------------------------------------------------------------------------


def context_is_named_after_the_function(torch):
    seen = []
    module = importlib.import_module(torch.__name__ + ".autograd.function")

    def forward(ctx, a):
        seen.append((type(ctx).__name__, isinstance(ctx, module.FunctionCtx)))
        return a * 2

    y = function(torch, forward, passing).apply(ones(torch, 3))
    return seen, repr(y), repr(y.grad_fn).split(" object")[0]


def instances_warn(torch):
    function(torch, lambda ctx, a: a, passing)()


@pytest.mark.parametrize(
    "program",
    [
        saves_and_multiplies, setup_context, keywords, needs_input_grad, needs_input_grad_without_grad,
        tensors_in_lists_do_not_count, some_gradients_are_none, superfluous_nones, gradient_is_summed_to_the_shape,
        gradient_is_cast, one_tensor_for_two_inputs, gradient_is_kept_by_the_user, gradient_is_a_saved_tensor,
        vjp_is_another_name, boxed_gradients, context_is_named_after_the_function, instances_warn,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    same(program)
