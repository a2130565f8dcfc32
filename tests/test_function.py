"""autograd.Function, as torch has it: the same program under both."""

from __future__ import annotations

import gc
import importlib
import weakref
from typing import Any

import numpy as np
import pytest
import torch as their_torch
from parity import same

import tinygrad_mlp


def _function(torch: Any, forward: Any, backward: Any, setup: Any = None, **attributes: Any) -> Any:
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward), **attributes}
    if setup is not None:
        body["setup_context"] = staticmethod(setup)
    return type("Foo", (torch.autograd.Function,), body)


def _once(torch: Any, backward: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".autograd.function").once_differentiable(backward)


def _ones(torch: Any, *shape: int) -> Any:
    return torch.ones(shape).requires_grad_()


def _passing(ctx: Any, g: Any) -> Any:
    return g


# -- what backward is given, and may return --------------------------------------------------------


def saves_and_multiplies(torch):
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        ctx.shape, ctx.edges, ctx.saved, ctx.dtype, ctx.versions = 1, 2, 3, 4, 5  # a node's own names are free
        return a * b

    def backward(ctx, g):
        a, b = ctx.saved_tensors
        assert (ctx.shape, ctx.edges, ctx.saved, ctx.dtype, ctx.versions) == (1, 2, 3, 4, 5)
        return g * b, g * a * 10

    a, b = torch.arange(3.0).requires_grad_(), _ones(torch, 3)
    y = _function(torch, forward, backward).apply(a, b)
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

    a = _ones(torch, 2)
    Foo = _function(torch, forward, backward, setup)
    y = Foo.apply(a)
    z = Foo.apply(a, n=5)
    (y + z).sum().backward()
    return y, z, a.grad, seen


def keywords(torch):
    Foo = _function(torch, lambda ctx, a, b=None: a * 2, lambda ctx, g: (g, g * 2))
    a, b = _ones(torch, 2), _ones(torch, 2)
    Foo.apply(b=b, a=a).sum().backward()
    return a.grad, b.grad


def needs_input_grad(torch):
    seen = []

    def backward(ctx, g):
        seen.append(ctx.needs_input_grad)
        return g, None, None, g * 2

    Foo = _function(torch, lambda ctx, a, n, t, c: a + c, backward)
    a, c = _ones(torch, 3), _ones(torch, 3)
    y = Foo.apply(a, 5, torch.ones(3), c)
    next_functions = [(node is None, index) for node, index in y.grad_fn.next_functions]
    return torch.autograd.grad(y.sum(), a), seen, y.grad_fn.name(), type(y.grad_fn).__name__, next_functions


def needs_input_grad_without_grad(torch):
    seen = []

    def forward(ctx, a):
        seen.append((ctx.needs_input_grad, torch.is_grad_enabled()))
        return a * 2

    with torch.no_grad():
        y = _function(torch, forward, _passing).apply(_ones(torch, 3))
    return seen, y


def tensors_in_lists_do_not_count(torch):
    return _function(torch, lambda ctx, xs: xs[0] * 2, _passing).apply([_ones(torch, 2)])


def some_gradients_are_none(torch):
    a, b = _ones(torch, 3), _ones(torch, 3)
    _function(torch, lambda ctx, a, b: a * b, lambda ctx, g: (None, g)).apply(a, b).sum().backward()
    return a.grad, b.grad


def superfluous_nones(torch):
    a = _ones(torch, 3)
    _function(torch, lambda ctx, a: a * 2, lambda ctx, g: (g, None, None)).apply(a).sum().backward()
    return a.grad


def gradient_is_summed_to_the_shape(torch):
    results = []
    for shape in ((3,), (1,), (1, 3), ()):
        a = _ones(torch, *shape)
        _function(torch, lambda ctx, a: a * 2, lambda ctx, g: torch.ones(2, 3)).apply(a).sum().backward()
        results.append(a.grad)
    return results


def gradient_is_cast(torch):
    results = []
    for dtype in (torch.float64, torch.int64, torch.float16):
        a = _ones(torch, 3)
        _function(torch, lambda ctx, a: a * 2, lambda ctx, g, d=dtype: g.to(d)).apply(a).sum().backward()
        results.append(a.grad)
    return results


def one_tensor_for_two_inputs(torch):
    def backward(ctx, g):
        twice = g * 2
        return twice, twice

    a, b = _ones(torch, 3), _ones(torch, 3)
    _function(torch, lambda ctx, a, b: a * b, backward).apply(a, b).sum().backward()
    a.grad.add_(1)
    return a.grad, b.grad


def gradient_is_kept_by_the_user(torch):
    kept = torch.ones(3)
    a, b = _ones(torch, 3), _ones(torch, 3)
    Foo = _function(torch, lambda ctx, a: a * 1, lambda ctx, g: kept)
    (Foo.apply(a) + Foo.apply(b * 1)).sum().backward()
    a.grad.add_(1)
    b.grad.mul_(3)
    return a.grad, b.grad, kept


def gradient_is_a_saved_tensor(torch):
    a, w = _ones(torch, 3), _ones(torch, 3)

    def forward(ctx, a, w):
        ctx.save_for_backward(w)
        return a * w

    _function(torch, forward, lambda ctx, g: (ctx.saved_tensors[0], None)).apply(a, w).sum().backward()
    a.grad.add_(1)
    return a.grad, w


def vjp_is_another_name(torch):
    a = _ones(torch, 3)
    body = {"forward": staticmethod(lambda ctx, a: a * 2), "vjp": staticmethod(lambda ctx, g: g * 7)}
    type("Foo", (torch.autograd.Function,), body).apply(a).sum().backward()
    return a.grad


def boxed_gradients(torch):
    a = _ones(torch, 3)
    Foo = _function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, gs: gs[0] + 5 * gs[1], boxed_grads_call=True)
    Foo.apply(a)[1].sum().backward()
    return a.grad


# -- outputs ---------------------------------------------------------------------------------------


def several_outputs(torch):
    seen = []

    def backward(ctx, *gs):
        seen.append(gs)
        return gs[0] * 2 + gs[2] * 3

    a = _ones(torch, 3)
    outputs = _function(torch, lambda ctx, a: (a * 2, 5, a * 3, "s", torch.tensor([1])), backward).apply(a)
    outputs[2].sum().backward()
    return outputs, seen, outputs[0].output_nr, outputs[2].output_nr, a.grad


def several_outputs_with_hooks(torch):
    a = _ones(torch, 3)
    first, second = _function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, g, h: g * 2 + h * 3).apply(a)
    first.register_hook(lambda g: g * 10)
    first.retain_grad()
    (first + second + first).sum().backward()
    return a.grad, first.grad


def several_outputs_with_node_hooks(torch):
    seen = []
    a = _ones(torch, 3)
    y, _ = _function(torch, lambda ctx, a: (a * 2, a * 3), lambda ctx, g, h: g * 2 + h * 3).apply(a)
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

        a = _ones(torch, 3)
        _function(torch, forward, backward).apply(a)[1].sum().backward()
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

    outputs = _function(torch, forward, backward).apply(_ones(torch, 3))
    outputs[0].sum().backward()
    return outputs, seen


def other_results(torch):
    a = _ones(torch, 3)
    return [_function(torch, lambda ctx, a, y=y: y, _passing).apply(a) for y in (None, 5, "s", [1])]


def input_returned(torch):
    a = _ones(torch, 3)
    y = _function(torch, lambda ctx, a: a, lambda ctx, g: g * 5).apply(a)
    y.sum().backward()
    return y is a, y._is_view(), y._base is a, y, a.grad


def input_returned_without_grad(torch):
    a = torch.ones(3)
    y = _function(torch, lambda ctx, a: a, _passing).apply(a)
    return y is a, y._is_view(), y._base is a, y


def constant_returned(torch):
    a = torch.ones(3)
    y = _function(torch, lambda ctx, a, b: a, lambda ctx, g: (g, g)).apply(a, _ones(torch, 3))
    return y is a, y._is_view(), y


def input_returned_not_differentiable(torch):
    def forward(ctx, a):
        ctx.mark_non_differentiable(a)
        return a

    a = _ones(torch, 3)
    y = _function(torch, forward, _passing).apply(a)
    return y is a, y, a


def input_returned_twice(torch):
    a = _ones(torch, 3)
    first, second = _function(torch, lambda ctx, a: (a, a), lambda ctx, g, h: g + 2 * h).apply(a)
    (first * second).sum().backward()
    return first is second, first.output_nr, second.output_nr, a.grad


def output_returned_twice(torch):
    def forward(ctx, a):
        y = a * 2
        return y, y

    a = _ones(torch, 3)
    first, second = _function(torch, forward, lambda ctx, g, h: g * 2 + h * 3).apply(a)
    first.sum().backward()
    return first is second, first.output_nr, second.output_nr, a.grad


def captured_tensor_returned(torch):
    results = []
    for w in (_ones(torch, 3), _ones(torch, 3) * 2):
        y = _function(torch, lambda ctx, a, w=w: w, _passing).apply(_ones(torch, 3))
        results.append((y is w, y))
    return results


def view_returned(torch):
    a = _ones(torch, 4)
    y = _function(torch, lambda ctx, a: a[:2], lambda ctx, g: torch.ones(4) * 3).apply(a)
    y.sum().backward()
    return y, y._is_view(), a.grad


def detached_returned(torch):
    a = _ones(torch, 2)
    y = _function(torch, lambda ctx, a: a.detach(), lambda ctx, g: g * 3).apply(a)
    y.sum().backward()
    return y, y._is_view(), a.grad


def parameter_returned(torch):
    p = torch.nn.Parameter(torch.ones(2))
    return type(_function(torch, lambda ctx, a: a, _passing).apply(p)).__name__


def unmarked_write(torch):
    def forward(ctx, a):
        return a.mul_(2)

    x = _ones(torch, 3)
    a = x * 1
    y = _function(torch, forward, lambda ctx, g: g * 5).apply(a)
    y.sum().backward()
    return y is a, y, y._version, x.grad


# -- in place --------------------------------------------------------------------------------------


def _writing(torch: Any, position: int = 0, several: bool = False, save: bool = False) -> Any:
    def forward(ctx, *tensors):
        t = tensors[position].mul_(3)
        ctx.mark_dirty(t)
        if save:
            ctx.save_for_backward(t)
        return (t, tensors[0] * 2) if several else t

    def backward(ctx, *gs):
        if save:
            assert ctx.saved_tensors[0].grad_fn.name() in ("FooBackward", "AsStridedBackward0")
        return tuple(gs[0] * (3 if i == position else 7) for i in range(len(ctx.needs_input_grad)))

    return _function(torch, forward, backward)


def dirty(torch):
    a = _ones(torch, 3)
    x = a * 1
    y = _writing(torch).apply(x)
    y.sum().backward()
    return y is x, a.grad, x._version, x.output_nr, x


def dirty_second_argument(torch):
    x, c = torch.ones(3), _ones(torch, 3)
    y = _writing(torch, 1).apply(c, x)
    y.sum().backward()
    return y is x, x, c.grad


def dirty_and_saved(torch):
    a = _ones(torch, 3)
    _writing(torch, save=True).apply(a * 1).exp().sum().backward()
    return a.grad


def dirty_and_another(torch):
    a = _ones(torch, 3)
    x = a * 1
    y, z = _writing(torch, several=True).apply(x)
    (y + z).sum().backward()
    return y is x, y.output_nr, z.output_nr, a.grad


def dirty_view(torch):
    a = _ones(torch, 4)
    base = a * 1
    part = base[:2]
    y = _writing(torch).apply(part)
    g = torch.autograd.grad(y.sum(), a, retain_graph=True)
    base.sum().backward()
    return y is part, g, a.grad, part, base


def dirty_view_of_a_constant(torch):
    base, c = torch.ones(4), _ones(torch, 2)
    part = base[:2]
    _writing(torch, 1).apply(c, part)
    return base, part


def dirty_under_no_grad(torch):
    x = torch.ones(3)
    with torch.no_grad():
        y = _writing(torch).apply(x)
    return y is x, x._version, y


# -- saved tensors ---------------------------------------------------------------------------------


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

    a = _ones(torch, 3)
    b = a * 1
    y = _function(torch, forward, backward).apply(a, b)
    y.sum().backward()
    return seen[0], seen[1] is a, seen[2], seen[3] is b, seen[4] is y, seen[4], seen[5]


def saved_tensors_of_the_node(torch):
    def forward(ctx, a):
        ctx.k = 3
        ctx.save_for_backward(a)
        return a * 2

    a = _ones(torch, 3)
    y = _function(torch, forward, _passing).apply(a)
    return y.grad_fn.k, y.grad_fn.saved_tensors[0] is a, y.grad_fn.needs_input_grad


def second_backward_that_reads_nothing(torch):
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * 2

    a = _ones(torch, 3)
    y = _function(torch, forward, _passing).apply(a).sum()
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

    a = _ones(torch, 3)
    _function(torch, forward, backward).apply(a).sum().backward(retain_graph=True)
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

    a, b = _ones(torch, 3), _ones(torch, 3) * 3
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = _function(torch, forward, backward).apply(a, b)
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
    y = _function(torch, forward, backward).apply(a)
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
    y, z = _function(torch, forward, backward).apply(a)
    (g,) = torch.autograd.grad((y * z).sum(), a, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), a, create_graph=True)
    h.sum().backward()
    return g, h, a.grad


def second_order_in_place(torch):
    a = torch.arange(3.0).requires_grad_()
    y = _writing(torch).apply(a * a)
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

    a = _ones(torch, 3)
    y = _function(torch, forward, _once(torch, backward)).apply(a)
    (g,) = torch.autograd.grad((y * y).sum(), a, retain_graph=True)
    (h,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    (k,) = torch.autograd.grad(y.sum(), a, create_graph=True)
    return g, h, h.grad_fn.name(), repr(h), k, seen


def once_differentiable_of_two(torch):
    Foo = _function(torch, lambda ctx, a, b: a * b, _once(torch, lambda ctx, g: (g * 2, None)))
    a, b = _ones(torch, 3), _ones(torch, 3)
    y = Foo.apply(a, b)
    return torch.autograd.grad((y * y).sum(), (a, b), create_graph=True, allow_unused=True)


# -- attributes and texts --------------------------------------------------------------------------


def context_is_named_after_the_function(torch):
    seen = []
    module = importlib.import_module(torch.__name__ + ".autograd.function")

    def forward(ctx, a):
        seen.append((type(ctx).__name__, isinstance(ctx, module.FunctionCtx)))
        return a * 2

    y = _function(torch, forward, _passing).apply(_ones(torch, 3))
    return seen, repr(y), repr(y.grad_fn).split(" object")[0]


def instances_warn(torch):
    _function(torch, lambda ctx, a: a, _passing)()


RIGHT = [
    saves_and_multiplies, setup_context, keywords, needs_input_grad, needs_input_grad_without_grad,
    tensors_in_lists_do_not_count, some_gradients_are_none, superfluous_nones, gradient_is_summed_to_the_shape,
    gradient_is_cast, one_tensor_for_two_inputs, gradient_is_kept_by_the_user, gradient_is_a_saved_tensor,
    vjp_is_another_name, boxed_gradients, several_outputs, several_outputs_with_hooks,
    several_outputs_with_node_hooks, unused_outputs,
    not_differentiable, other_results, input_returned, input_returned_without_grad, constant_returned,
    input_returned_not_differentiable, input_returned_twice, output_returned_twice, captured_tensor_returned,
    view_returned, detached_returned, parameter_returned, unmarked_write, dirty, dirty_second_argument,
    dirty_and_saved, dirty_and_another, dirty_view, dirty_view_of_a_constant, dirty_under_no_grad,
    saved_tensors_are_the_same, saved_tensors_of_the_node, second_backward_that_reads_nothing,
    saved_tensors_read_twice, saved_tensors_hooks, second_order, second_order_through_outputs, second_order_in_place,
    once_differentiable_once, once_differentiable_of_two, context_is_named_after_the_function, instances_warn,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


# -- refused ---------------------------------------------------------------------------------------


def _run(forward: Any, backward: Any, *shapes: tuple[int, ...], extra: tuple[Any, ...] = (), **attributes: Any) -> Any:
    def program(torch):
        inputs = [_ones(torch, *shape) for shape in shapes or ((3,),)]
        rule = (lambda ctx, *gs: backward(torch, ctx, *gs)) if callable(backward) else backward
        _function(torch, forward, rule, **attributes).apply(*inputs, *extra).sum().backward()

    return program


def _twice(ctx: Any, *args: Any) -> Any:
    return args[0] * 2


def _saving(ctx: Any, a: Any) -> Any:
    ctx.save_for_backward(a)
    return a * 2


def _changed(which: int) -> Any:
    def program(torch):
        def forward(ctx, a, b):
            y = a * 2
            ctx.kept = a * 3
            ctx.save_for_backward(a, b, y, ctx.kept)
            return y

        def backward(ctx, g):
            return g * ctx.saved_tensors[0], None

        a = _ones(torch, 3)
        b = a * 1
        y = _function(torch, forward, backward).apply(a, b)
        s = y.sum()
        with torch.no_grad():
            (a, b, y, y.grad_fn.kept)[which].add_(1)
        s.backward()

    return program


def _marked(mark: Any) -> Any:
    def program(torch):
        def forward(ctx, a):
            return mark(ctx, a)

        return _function(torch, forward, _passing).apply(_ones(torch, 3) * 1)

    return program


def backward_twice(torch):
    y = _function(torch, _saving, lambda ctx, g: g * ctx.saved_tensors[0]).apply(_ones(torch, 3)).sum()
    y.backward()
    y.backward()


def nothing_saved_but_read_twice(torch):
    y = _function(torch, _twice, lambda ctx, g: (ctx.saved_tensors, g)[1]).apply(_ones(torch, 3)).sum()
    y.backward()
    y.backward()


def saved_tensors_after_backward(torch):
    y = _function(torch, _saving, _passing).apply(_ones(torch, 3))
    y.sum().backward()
    return y.grad_fn.saved_tensors


def dirty_leaf(torch):
    _writing(torch).apply(_ones(torch, 3))


def dirty_view_of_a_leaf(torch):
    _writing(torch).apply(_ones(torch, 3)[:2])


def dirty_view_and_another(torch):
    _writing(torch, several=True).apply((_ones(torch, 3) * 1)[:2])


def dirty_view_made_without_grad(torch):
    base = _ones(torch, 3) * 1
    with torch.no_grad():
        part = base[:2]
    _writing(torch).apply(part)


def dirty_not_an_input(torch):
    def forward(ctx, a):
        y = a * 2
        ctx.mark_dirty(y)
        return y

    return _function(torch, forward, _passing).apply(_ones(torch, 3)).requires_grad


def write_into_a_returned_input(torch):
    _function(torch, lambda ctx, a: a, _passing).apply(_ones(torch, 3) * 1).mul_(2)


def write_into_a_returned_view(torch):
    _function(torch, lambda ctx, a: a[:2], _passing).apply(_ones(torch, 3) * 1).mul_(2)


def write_into_the_base_of_a_returned_view(torch):
    a = _ones(torch, 3) * 1
    y = _function(torch, lambda ctx, a: a[:2], _passing).apply(a)
    a.mul_(2)
    return y.grad_fn


def write_into_one_of_several_views(torch):
    y, _ = _function(torch, lambda ctx, a: (a[:2], a[1:]), lambda ctx, g, h: g).apply(_ones(torch, 3) * 1)
    y.mul_(2)


def returned_input_saved_in_setup_context(torch):
    Foo = _function(torch, lambda a: a, _passing, lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]))
    Foo.apply(_ones(torch, 3))


def differentiated_twice(torch):
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]

    a = _ones(torch, 3)
    y = _function(torch, _saving, _once(torch, backward)).apply(a)
    (g,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    g.sum().backward()


def both_names(torch):
    _function(torch, _twice, _passing, vjp=staticmethod(_passing)).apply(_ones(torch, 3)).sum().backward()


def no_forward(torch):
    type("Foo", (torch.autograd.Function,), {}).apply(_ones(torch, 3))


def no_backward(torch):
    body = {"forward": staticmethod(_twice)}
    type("Foo", (torch.autograd.Function,), body).apply(_ones(torch, 3)).sum().backward()


def called(torch):
    torch.autograd.Function.__call__(None)


def _keyword(*names: str) -> Any:
    def program(torch):
        Foo = _function(torch, lambda ctx, a, b=1, *, c=2: a * 2, lambda ctx, g: (g, None))
        return Foo.apply(*([] if "b" in names else [_ones(torch, 2)]), **{name: _ones(torch, 2) for name in names})

    return program


def _static(name: str) -> Any:
    return lambda torch: getattr(torch.autograd.Function, name)(None, None, None)


def _save_for_forward(ctx: Any, a: Any) -> Any:
    ctx.save_for_forward(5)
    return a * 2


REFUSED = {
    "too few": _run(lambda ctx, a, b: a * b, lambda torch, ctx, g: g, (3,), (3,)),
    "too many": _run(_twice, lambda torch, ctx, g: (g, g)),
    "none returned": _run(_twice, lambda torch, ctx, g: ()),
    "wrong shape": _run(_twice, lambda torch, ctx, g: torch.ones(2)),
    "wrong shape of the second": _run(_twice, lambda torch, ctx, g: (g, torch.ones(2), None), (3,), (3,), extra=(5,)),
    "too few dimensions": _run(_twice, lambda torch, ctx, g: torch.ones(3), (2, 3)),
    "an int": _run(_twice, lambda torch, ctx, g: 5),
    "a list": _run(_twice, lambda torch, ctx, g: [g]),
    "a str": _run(_twice, lambda torch, ctx, g: ("s",)),
    "for no tensor": _run(_twice, lambda torch, ctx, g: (g, g), extra=(5,)),
    "an int for no tensor": _run(_twice, lambda torch, ctx, g: (g, 1), extra=(5,)),
    "own error": _run(_twice, lambda torch, ctx, g: 1 / 0),
    "missing attribute": _run(_twice, lambda torch, ctx, g: ctx.foo),
    "saves no tensor": _marked(lambda ctx, a: (ctx.save_for_backward(a, 5), a * 2)[1]),
    "saves no tensor for forward": _run(_save_for_forward, _passing),
    "dirty is no tensor": _marked(lambda ctx, a: (ctx.mark_dirty(5), a * 2)[1]),
    "dirty is not returned": _marked(lambda ctx, a: (ctx.mark_dirty(a), a * 2)[1]),
    "non-differentiable is no tensor": _marked(lambda ctx, a: (ctx.mark_non_differentiable(5), a * 2)[1]),
    "cleared": _run(
        _saving, lambda torch, ctx, g: g * ctx.saved_tensors[0] * ctx.saved_tensors[0],
        clear_saved_tensors_on_access=True,
    ),
    **{f"changed {i}": _changed(i) for i in range(4)},
    **{f"keyword {names}": _keyword(*names) for names in ("a", "b", "c", "d")},
    **{f"Function.{name}": _static(name) for name in ("forward", "backward", "vjp", "jvp", "vmap", "setup_context")},
    **{
        program.__name__: program
        for program in (
            backward_twice, nothing_saved_but_read_twice, saved_tensors_after_backward, dirty_leaf,
            dirty_view_of_a_leaf, dirty_view_and_another, dirty_view_made_without_grad, dirty_not_an_input,
            write_into_a_returned_input, write_into_a_returned_view, write_into_the_base_of_a_returned_view,
            write_into_one_of_several_views, returned_input_saved_in_setup_context, differentiated_twice, both_names,
            no_forward, no_backward, called,
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("program", REFUSED.values(), ids=REFUSED.keys())
def test_refused_as_torch_refuses(program):
    same(program)


def _text(torch: Any, program: Any) -> str:
    try:
        program(torch)
    except Exception as error:
        return str(error)
    raise AssertionError("not refused")


WHOLE = [
    name for name in REFUSED
    if name not in ("own error", "no_backward", "dirty_not_an_input", "called") and not name.startswith("Function.")
]  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_text_of_a_refusal(name):
    theirs = _text(their_torch, REFUSED[name])
    assert _text(tinygrad_mlp, REFUSED[name]) == theirs


# -- what torch gets wrong -------------------------------------------------------------------------


def test_dirty_view_that_is_not_the_first_argument():
    torch = tinygrad_mlp
    a, c = _ones(torch, 4), _ones(torch, 2)
    base = a * 1
    _writing(torch, 1).apply(c, base[:2])
    base.sum().backward()
    assert a.grad.tolist() == [3, 3, 1, 1]
    assert c.grad.tolist() == [7, 7]


def test_none_for_a_dirty_view_is_zero():
    torch = tinygrad_mlp

    def forward(ctx, t):
        ctx.mark_dirty(t)
        return t.mul_(3)

    a = _ones(torch, 4)
    base = a * 1
    _function(torch, forward, lambda ctx, g: None).apply(base[:2])
    base.sum().backward()
    assert a.grad.tolist() == [0, 0, 1, 1]


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["output", "several", "dirty", "dirty view", "once", "refused"])
def test_no_cycle_is_left(kind):
    torch = tinygrad_mlp

    def forward(ctx, a):
        y, z = a * 2, a * 3
        ctx.save_for_backward(a, y, z)
        return (y, z) if kind == "several" else y

    def backward(ctx, *gs):
        assert len(ctx.saved_tensors) == 3
        return gs[0] if kind != "refused" else 5

    Foo = _writing(torch, save=True) if "dirty" in kind else _function(torch, forward, backward)
    if kind == "once":
        Foo.backward = staticmethod(_once(torch, Foo.backward))
    gc.collect()
    gc.disable()
    try:
        a = _ones(torch, 3)
        x = a * 1
        result = Foo.apply(x[:2] if kind == "dirty view" else x)
        y = result[0] if isinstance(result, tuple) else result
        node, array = weakref.ref(y.grad_fn), weakref.ref(y.array)
        if kind == "refused":
            with pytest.raises(RuntimeError, match="expected Variable"):
                y.sum().backward()
        elif kind == "output":
            pass  # a graph that nobody ran
        else:
            torch.autograd.grad(y.sum(), a, create_graph=kind != "dirty view")
        del x, y, result
        assert node() is None
        assert array() is None
    finally:
        gc.enable()


def test_saved_tensors_are_freed_by_backward():
    torch = tinygrad_mlp
    kept: list[Any] = []

    def forward(ctx, a):
        inside = a * 3
        kept.append(weakref.ref(inside.array))
        ctx.save_for_backward(inside)
        return a * 2

    y = _function(torch, forward, _passing).apply(_ones(torch, 3)).sum()
    assert kept[0]() is not None
    y.backward()
    assert kept[0]() is None


def test_gradients_given_to_backward_are_float32_as_the_outputs():
    torch = tinygrad_mlp
    seen = []

    def backward(ctx, g):
        seen.append(g.array.dtype)
        return g.double()

    a = _ones(torch, 3)
    _function(torch, _twice, backward).apply(a).double().sum().backward()
    assert seen == [np.float32]
    assert a.grad.array.dtype == np.float32
