"""A Function with setup_context: its arguments and defaults, what transforms ask for; and the old names of ctx."""

from __future__ import annotations

import functools
import importlib

import pytest

from support.functions_of_ones_own import function
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def _keeping_inputs(ctx, inputs, output):
    ctx.inputs = inputs


# -- arguments -------------------------------------------------------------------------------------

FORWARDS = {
    "two": lambda a, b: a * b,
    "a default": lambda a, b=2: a * b,
    "several": lambda a, *others: a * len(others),
    "positional only": lambda a, b, /: a * b,
    "keyword only": lambda a, *, b=3: a * b,
    "keywords": lambda a, **others: a * len(others),
}
CALLS = {
    "one": lambda a: ((a,), {}),
    "two": lambda a: ((a, 3), {}),
    "three": lambda a: ((a, 3, 4), {}),
    "none": lambda a: ((), {}),
    "by name": lambda a: ((), {"b": 3, "a": a}),
    "one by name": lambda a: ((a,), {"b": 3}),
    "twice": lambda a: ((a,), {"a": a}),
    "unknown": lambda a: ((a,), {"c": 3}),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("forward", FORWARDS)
def test_arguments(forward, call):
    def program(torch):
        Foo = function(
            torch, FORWARDS[forward], lambda ctx, g: (g * 2, *(None for _ in ctx.inputs[1:])), _keeping_inputs
        )
        a = _leaf(torch, 3)
        args, kwargs = CALLS[call](a)
        y = Foo.apply(*args, **kwargs)
        y.sum().backward()
        return y, a.grad, len(y.grad_fn.inputs), y.grad_fn.needs_input_grad

    same(program)


def a_forward_that_is_replaced(torch):
    """What is known of the signature of the one does not hold for the next."""
    Foo = function(torch, lambda a: a * 2, lambda ctx, g: (g, None)[: len(ctx.inputs)], _keeping_inputs)
    first = Foo.apply(_leaf(torch, 2))
    Foo.forward = staticmethod(lambda a, b=5: a * b)
    second = Foo.apply(_leaf(torch, 2))
    return first, second, len(second.grad_fn.inputs)


def a_subclass_with_another_forward(torch):
    Foo = function(torch, lambda a: a * 2, lambda ctx, g: (g, None)[: len(ctx.inputs)], _keeping_inputs)
    Foo.apply(_leaf(torch, 2))
    Bar = type("Bar", (Foo,), {"forward": staticmethod(lambda a, b=5: a * b)})
    return Bar.apply(_leaf(torch, 2)), Foo.apply(_leaf(torch, 2))


def a_partial_as_forward(torch):
    return function(torch, functools.partial(lambda k, a: a * k, 3), lambda ctx, g: g, _keeping_inputs).apply(
        _leaf(torch, 2)
    )


# -- transforms ------------------------------------------------------------------------------------


def _in_transform(name, with_setup):
    def program(torch):
        Foo = (
            function(torch, lambda a: a * 2, lambda ctx, g: g * 3, _keeping_inputs)
            if with_setup
            else function(torch, lambda ctx, a: a * 2, lambda ctx, g: g * 3)
        )
        func = importlib.import_module(torch.__name__ + ".func")
        result = getattr(func, name)(lambda x: Foo.apply(x).sum())(torch.ones(3))
        return result, Foo.apply(torch.ones(3))

    return program


def after_a_transform_that_failed(torch):
    func = importlib.import_module(torch.__name__ + ".func")
    Foo = function(torch, lambda ctx, a: a * 2, lambda ctx, g: g * 3)
    try:
        func.grad(lambda x: Foo.apply(x).sum())(torch.ones(3))
    except RuntimeError:
        return Foo.apply(_leaf(torch, 3))


def once_differentiable_in_a_transform(torch):
    once = importlib.import_module(torch.__name__ + ".autograd.function").once_differentiable
    func = importlib.import_module(torch.__name__ + ".func")
    Foo = function(torch, lambda a: a * 2, once(lambda ctx, g: g * 3), _keeping_inputs)
    return func.grad(lambda x: (Foo.apply(x) ** 2).sum())(torch.ones(3))


# -- names -----------------------------------------------------------------------------------------


def the_name_of_the_context(torch):
    names = []

    def forward(ctx, a):
        names.append(ctx.name())
        ctx.name = "mine"
        return a * 2

    def backward(ctx, g):
        names.append(ctx.name)
        return g

    function(torch, forward, backward).apply(_leaf(torch, 2)).sum().backward()
    with torch.no_grad():
        function(torch, forward, backward).apply(_leaf(torch, 2))
    return names


def old_names(torch):
    seen = []

    def forward(ctx, a):
        ctx.mark_shared_storage((a, a))
        ctx.save_for_backward(a)
        return a * 2

    def backward(ctx, g):
        seen.append(ctx.saved_variables)
        return g

    function(torch, forward, backward).apply(_leaf(torch, 2)).sum().backward()
    return seen


def an_inplace_function(torch):
    module = importlib.import_module(torch.__name__ + ".autograd.function")

    class Foo(module.InplaceFunction):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    a = _leaf(torch, 2)
    Foo.apply(a).sum().backward()
    return a.grad, Foo(True).inplace


PROGRAMS = {
    program.__name__: program
    for program in (
        a_forward_that_is_replaced, a_subclass_with_another_forward, a_partial_as_forward,
        after_a_transform_that_failed, once_differentiable_in_a_transform, the_name_of_the_context, old_names,
        an_inplace_function,
    )
} | {
    f"{name}, {'with' if setup else 'without'} setup_context": _in_transform(name, setup)
    for name in ("grad", "grad_and_value", "jacrev")
    for setup in (True, False)
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_same_as_torch(program):
    same(program)
