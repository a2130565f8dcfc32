"""What a Function refuses, in the words of torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch as their_torch

import tinygrad_mlp
from support.functions_of_ones_own import function, once, ones, passing, twice, writing
from support.parity import same


def _run(forward: Any, backward: Any, *shapes: tuple[int, ...], extra: tuple[Any, ...] = (), **attributes: Any) -> Any:
    def program(torch):
        inputs = [ones(torch, *shape) for shape in shapes or ((3,),)]
        rule = (lambda ctx, *gs: backward(torch, ctx, *gs)) if callable(backward) else backward
        function(torch, forward, rule, **attributes).apply(*inputs, *extra).sum().backward()

    return program


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

        a = ones(torch, 3)
        b = a * 1
        y = function(torch, forward, backward).apply(a, b)
        s = y.sum()
        with torch.no_grad():
            (a, b, y, y.grad_fn.kept)[which].add_(1)
        s.backward()

    return program


def _marked(mark: Any) -> Any:
    def program(torch):
        def forward(ctx, a):
            return mark(ctx, a)

        return function(torch, forward, passing).apply(ones(torch, 3) * 1)

    return program


def backward_twice(torch):
    y = function(torch, _saving, lambda ctx, g: g * ctx.saved_tensors[0]).apply(ones(torch, 3)).sum()
    y.backward()
    y.backward()


def nothing_saved_but_read_twice(torch):
    y = function(torch, twice, lambda ctx, g: (ctx.saved_tensors, g)[1]).apply(ones(torch, 3)).sum()
    y.backward()
    y.backward()


def saved_tensors_after_backward(torch):
    y = function(torch, _saving, passing).apply(ones(torch, 3))
    y.sum().backward()
    return y.grad_fn.saved_tensors


def dirty_leaf(torch):
    writing(torch).apply(ones(torch, 3))


def dirty_view_of_a_leaf(torch):
    writing(torch).apply(ones(torch, 3)[:2])


def dirty_view_and_another(torch):
    writing(torch, several=True).apply((ones(torch, 3) * 1)[:2])


def dirty_view_made_without_grad(torch):
    base = ones(torch, 3) * 1
    with torch.no_grad():
        part = base[:2]
    writing(torch).apply(part)


def dirty_not_an_input(torch):
    def forward(ctx, a):
        y = a * 2
        ctx.mark_dirty(y)
        return y

    return function(torch, forward, passing).apply(ones(torch, 3)).requires_grad


def write_into_a_returned_input(torch):
    function(torch, lambda ctx, a: a, passing).apply(ones(torch, 3) * 1).mul_(2)


def write_into_a_returned_view(torch):
    function(torch, lambda ctx, a: a[:2], passing).apply(ones(torch, 3) * 1).mul_(2)


def write_into_the_base_of_a_returned_view(torch):
    a = ones(torch, 3) * 1
    y = function(torch, lambda ctx, a: a[:2], passing).apply(a)
    a.mul_(2)
    return y.grad_fn


def write_into_one_of_several_views(torch):
    y, _ = function(torch, lambda ctx, a: (a[:2], a[1:]), lambda ctx, g, h: g).apply(ones(torch, 3) * 1)
    y.mul_(2)


def returned_input_saved_in_setup_context(torch):
    Foo = function(torch, lambda a: a, passing, lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]))
    Foo.apply(ones(torch, 3))


def differentiated_twice(torch):
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]

    a = ones(torch, 3)
    y = function(torch, _saving, once(torch, backward)).apply(a)
    (g,) = torch.autograd.grad((y * y).sum(), a, create_graph=True)
    g.sum().backward()


def both_names(torch):
    function(torch, twice, passing, vjp=staticmethod(passing)).apply(ones(torch, 3)).sum().backward()


def no_forward(torch):
    type("Foo", (torch.autograd.Function,), {}).apply(ones(torch, 3))


def no_backward(torch):
    body = {"forward": staticmethod(twice)}
    type("Foo", (torch.autograd.Function,), body).apply(ones(torch, 3)).sum().backward()


def called(torch):
    torch.autograd.Function.__call__(None)


def _keyword(*names: str) -> Any:
    def program(torch):
        Foo = function(torch, lambda ctx, a, b=1, *, c=2: a * 2, lambda ctx, g: (g, None))
        return Foo.apply(*([] if "b" in names else [ones(torch, 2)]), **{name: ones(torch, 2) for name in names})

    return program


def _static(name: str) -> Any:
    return lambda torch: getattr(torch.autograd.Function, name)(None, None, None)


def _save_for_forward(ctx: Any, a: Any) -> Any:
    ctx.save_for_forward(5)
    return a * 2


REFUSED = {
    "too few": _run(lambda ctx, a, b: a * b, lambda torch, ctx, g: g, (3,), (3,)),
    "too many": _run(twice, lambda torch, ctx, g: (g, g)),
    "none returned": _run(twice, lambda torch, ctx, g: ()),
    "wrong shape": _run(twice, lambda torch, ctx, g: torch.ones(2)),
    "wrong shape of the second": _run(twice, lambda torch, ctx, g: (g, torch.ones(2), None), (3,), (3,), extra=(5,)),
    "too few dimensions": _run(twice, lambda torch, ctx, g: torch.ones(3), (2, 3)),
    "an int": _run(twice, lambda torch, ctx, g: 5),
    "a list": _run(twice, lambda torch, ctx, g: [g]),
    "a str": _run(twice, lambda torch, ctx, g: ("s",)),
    "for no tensor": _run(twice, lambda torch, ctx, g: (g, g), extra=(5,)),
    "an int for no tensor": _run(twice, lambda torch, ctx, g: (g, 1), extra=(5,)),
    "own error": _run(twice, lambda torch, ctx, g: 1 / 0),
    "missing attribute": _run(twice, lambda torch, ctx, g: ctx.foo),
    "saves no tensor": _marked(lambda ctx, a: (ctx.save_for_backward(a, 5), a * 2)[1]),
    "saves no tensor for forward": _run(_save_for_forward, passing),
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
