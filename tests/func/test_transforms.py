"""func, as torch has it: the same program under both, and what it refuses."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any

import pytest

import tinygrad_mlp
from support.functions_to_differentiate import cubes, func_of, mixed, nested, two, x_of
from support.parity import same


def grad_of_a_scalar(torch):
    x = x_of(torch, 3)
    return func_of(torch).grad(cubes)(x), x


def grad_and_value(torch):
    return func_of(torch).grad_and_value(cubes)(x_of(torch, 3))


def grad_with_aux(torch):
    def f(x, *, k):
        return cubes(x) * k, {"twice": x * 2, "more": [x * k]}

    x = x_of(torch, 3)
    return func_of(torch).grad(f, has_aux=True)(x, k=2.0), func_of(torch).grad_and_value(f, has_aux=True)(x, k=2.0)


def grad_by_argnums(torch):
    a, b, F = x_of(torch, 3), x_of(torch, 3) + 1, func_of(torch)
    return [F.grad(mixed, argnums=n)(a, b) for n in (0, 1, -1, (0,), (1, 0), (0, -1))]


def grad_of_trees(torch):
    x, Point = x_of(torch, 3), __import__("collections").namedtuple("Point", "u v")

    def f(tree):
        return (tree["a"] * tree["b"][0] * tree["p"].u[0]).sum()

    g = func_of(torch).grad(f)({"a": x, "b": [x, x], "p": Point((x,), x)})
    return g, type(g["p"]).__name__, type(g["b"]).__name__


def one_tensor_twice(torch):
    x = x_of(torch, 3)
    return func_of(torch).grad(mixed)(x, x), func_of(torch).grad(mixed, argnums=1)(x, x)


def grad_leaves_no_trace(torch):
    x, w = x_of(torch, 3).requires_grad_(), x_of(torch, 3).requires_grad_()
    with torch.no_grad():
        g = func_of(torch).grad(lambda x: (x * x * w).sum())(x)
    return g, x.grad, w.grad, x.requires_grad


def grad_of_what_requires_grad(torch):
    x, w = x_of(torch, 3).requires_grad_(), x_of(torch, 3).requires_grad_()
    g, value = func_of(torch).grad_and_value(lambda x: (x * x * x * w).sum())(x)
    (g.sum() + value).backward()
    return g, value, x.grad, w.grad


def grad_of_a_captured_tensor(torch):
    w = x_of(torch, 3).requires_grad_()
    g = func_of(torch).grad(lambda x: (x * x * w).sum())(x_of(torch, 3))
    g.sum().backward()
    return g, w.grad


def captured_but_not_in_the_gradient(torch):
    w = x_of(torch, 3).requires_grad_()
    return func_of(torch).grad_and_value(lambda x: (x * x + w).sum())(x_of(torch, 3))


def no_grad_inside(torch):
    def f(x):
        with torch.no_grad():
            c = x * x
        return (c * x).sum(), x.requires_grad

    seen = []
    g = func_of(torch).grad(lambda x: (seen.append(f(x)[1]), f(x)[0])[1])(x_of(torch, 3))
    return g, seen


def grad_inside_no_grad_inside_grad(torch):
    F = func_of(torch)

    def f(x):
        with torch.no_grad():
            c = F.grad(cubes)(x)
        return (c * x).sum()

    return F.grad(f)(x_of(torch, 3))


def independent(torch):
    return func_of(torch).grad_and_value(lambda x: torch.tensor(3.0))(x_of(torch, 3))


def third_order(torch):
    F = func_of(torch)
    return [f(torch.tensor(1.5)) for f in itertools.accumulate(range(4), lambda f, _: F.grad(f), initial=torch.sin)]


def nested_over_another_variable(torch):
    F, x = func_of(torch), x_of(torch, 3)
    inner = lambda s: F.grad(lambda t: (t * t * t * s * s).sum())(x).sum()  # noqa: E731
    return F.grad(inner)(x), F.grad(F.grad(lambda s: F.grad(lambda t: t * t * s * s * s)(s)))(x[0])


def nested_by_name_of_the_level(torch):
    F = func_of(torch)
    return F.grad(lambda x: x * F.grad(lambda y: x + y)(torch.tensor(1.0)))(torch.tensor(5.0))


def a_custom_function(torch):
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    body = {
        "forward": staticmethod(lambda x: x * x * x),
        "setup_context": staticmethod(setup),
        "backward": staticmethod(lambda ctx, g: g * 5 * ctx.saved_tensors[0]),
    }
    Foo = type("Foo", (torch.autograd.Function,), body)
    F, x = func_of(torch), torch.tensor(2.0)
    return F.grad(Foo.apply)(x), F.grad(F.grad(Foo.apply))(x)


def vjp(torch):
    F, x = func_of(torch), x_of(torch, 3)
    output, product = F.vjp(two, x, x * 2)
    once, again = (product((x, torch.tensor(2.0))) for _ in range(2))
    output2, product2, aux = F.vjp(lambda x: ({"y": x * x}, [x * 3]), x, has_aux=True)
    return nested(output), nested(once), again, output2, product2({"y": x}), aux


def vjp_is_differentiable(torch):
    F, x, v = func_of(torch), x_of(torch, 3), x_of(torch, 3).requires_grad_()
    _, product = F.vjp(lambda x: x * x * x, x)
    (g,) = product(v)
    with torch.no_grad():
        plain = product(v)
    g.sum().backward()
    inside = F.grad(lambda x: F.vjp(lambda y: y * y * y, x)[1](x)[0].sum())(x)
    return g, v.grad, plain, inside


def jvp(torch):
    F, x = func_of(torch), x_of(torch, 3)
    results = [F.jvp(two, (x, x * 2), (x, torch.ones(3))), F.jvp(lambda x: {"y": x.exp()}, (x,), (x,))]
    results.append(F.jvp(lambda x: (x * 2, x * 3), (x,), (x,), has_aux=True))
    results.append(F.jvp(lambda x: torch.ones(2), (x,), (x,)))
    results.append(F.jvp(lambda x: x * 2, (x,), (x,), strict=True))
    return results, F.grad(lambda x: F.jvp(lambda y: y * y * y, (x,), (x,))[1].sum())(x)


def jacobians(torch):
    F, x = func_of(torch), x_of(torch, 2)
    results = []
    for make in (F.jacrev, F.jacfwd):
        results.append(make(lambda x: x * x * x)(x))
        results.append(make(lambda a, b: {"o": a * b, "p": (a.sum(),)}, argnums=(0, 1))(x, x * 2))
        results.append(make(lambda d: d["a"].exp())({"a": x_of(torch, 2, 2)}))
        results.append(make(lambda x: (x * 2, {"k": x}), has_aux=True)(x))
        results.append(make(lambda x: torch.ones(2))(x))
        results.append(make(make(lambda x: x * x * x))(x))
    results.append(F.jacrev(lambda x: x * x, chunk_size=1)(x))
    return results


def hessian(torch):
    F, x = func_of(torch), x_of(torch, 3)
    results = [F.hessian(cubes)(x), F.hessian(mixed, argnums=(0, 1))(x, x + 1)]
    w = x_of(torch, 3).requires_grad_()
    h = F.hessian(lambda x: (x * x * x * w).sum())(x)
    h.sum().backward()
    return *results, h, w.grad


def names_are_kept(torch):
    F = func_of(torch)
    return [make(cubes).__name__ for make in (F.grad, F.grad_and_value, F.jacrev, F.jacfwd, F.hessian)]


FUNC = [
    grad_of_a_scalar, grad_and_value, grad_with_aux, grad_by_argnums, grad_of_trees, one_tensor_twice,
    grad_leaves_no_trace, grad_of_what_requires_grad, grad_of_a_captured_tensor, captured_but_not_in_the_gradient,
    no_grad_inside, grad_inside_no_grad_inside_grad, independent, third_order, nested_over_another_variable,
    nested_by_name_of_the_level, a_custom_function, vjp, vjp_is_differentiable, jvp, jacobians, hessian,
    names_are_kept,
]  # fmt: skip


@pytest.mark.parametrize("program", FUNC, ids=lambda p: p.__name__)
def test_func_is_the_same_as_torchs(program):
    same(program)


def _grad(function: Any, *args: Any, name: str = "grad", **options: Any) -> Any:
    def program(torch):
        inputs = [x(torch) if callable(x) else x for x in args or (lambda torch: x_of(torch, 3),)]
        return getattr(func_of(torch), name)(lambda *xs: function(torch, *xs), **options)(*inputs)

    return program


def _vjp(function: Any, cotangents: Any = None, **options: Any) -> Any:
    def program(torch):
        _, product, *_ = func_of(torch).vjp(lambda *xs: function(torch, *xs), x_of(torch, 3), x_of(torch, 3), **options)
        return product(cotangents(torch))

    return program


def _jvp(primals: Any, tangents: Any, function: Any = lambda torch, x: x * 2, **options: Any) -> Any:
    return lambda torch: func_of(torch).jvp(
        lambda *xs: function(torch, *xs), primals(torch), tangents(torch), **options
    )  # fmt: skip


def _three(torch: Any) -> Any:
    return x_of(torch, 3)


def _tuple(torch: Any) -> Any:
    return (x_of(torch, 3),)


REFUSED = {
    "aux": _grad(lambda torch, x: cubes(x), has_aux=True),
    "aux is no tensor": _grad(lambda torch, x: (cubes(x), 5), has_aux=True),
    "an int": _grad(lambda torch, x: 5),
    "a vector": _grad(lambda torch, x: x * 2),
    "a vector of one": _grad(lambda torch, x: x[:1] * 2),
    "an integer tensor": _grad(lambda torch, x: x.sum(), lambda torch: torch.tensor([1, 2])),
    "no tensor": _grad(lambda torch, x: x * 2, 2.0),
    "argnums too large": _grad(lambda torch, x: x.sum(), argnums=1),
    "argnums too small": _grad(lambda torch, x: x.sum(), argnums=-2),
    "argnums twice": _grad(lambda torch, x: x.sum(), argnums=(0, -1)),
    "argnums empty": _grad(lambda torch, x: x.sum(), argnums=()),
    "argnums a str": _grad(lambda torch, x: x.sum(), argnums="a"),
    "argnums a str in a tuple": _grad(lambda torch, x: x.sum(), argnums=("a",)),
    "writes into its input": _grad(lambda torch, x: x.mul_(2).sum()),
    "writes into a view of its input": _grad(lambda torch, x: x[:2].mul_(2).sum()),
    "nested, writes into its input": lambda torch: func_of(torch).grad(
        lambda x: func_of(torch).grad(lambda y: y.mul_(2).sum())(x * 2).sum()
    )(x_of(torch, 3)),
    "backward inside": _grad(lambda torch, x: (cubes(x).backward(), cubes(x))[1]),
    "vjp: structure": _vjp(lambda torch, a, b: (a * b, a), _three),
    "vjp: nested structure": _vjp(lambda torch, a, b: {"a": [a * b, a]}, lambda torch: {"a": (_three(torch),)}),
    "vjp: shape": _vjp(lambda torch, a, b: a * b, lambda torch: x_of(torch, 2)),
    "vjp: an int": _vjp(lambda torch, a, b: 5),
    "vjp: nothing": _vjp(lambda torch, a, b: []),
    "vjp: None": _vjp(lambda torch, a, b: None),
    "vjp: integers": _vjp(lambda torch, a, b: a > b),
    "vjp: aux": _vjp(lambda torch, a, b: a, has_aux=True),
    "jvp: no tuple": _jvp(_three, _three),
    "jvp: structure": _jvp(_tuple, _three),
    "jvp: nothing": _jvp(lambda torch: (), lambda torch: ()),
    "jvp: tangent an int": _jvp(_tuple, lambda torch: (5,)),
    "jvp: tangent too short": _jvp(_tuple, lambda torch: (x_of(torch, 2),)),
    "jvp: an int": _jvp(_tuple, _tuple, lambda torch, x: 5),
    "jvp: strict": _jvp(_tuple, _tuple, lambda torch, x: torch.ones(2), strict=True),
    "jvp: aux": _jvp(_tuple, _tuple, has_aux=True),
    "jacrev: chunk": _grad(lambda torch, x: x, name="jacrev", chunk_size=0),
    "jacrev: an int": _grad(lambda torch, x: 5, name="jacrev"),
    "jacrev: argnums": _grad(lambda torch, x: x, name="jacrev", argnums=1),
    "jacrev: aux": _grad(lambda torch, x: x, name="jacrev", has_aux=True),
}


@pytest.mark.parametrize("program", REFUSED.values(), ids=REFUSED.keys())
def test_refused_as_torch_refuses(program):
    same(program)


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grad", "grad_and_value", "jacrev", "hessian"])
def test_no_cycle_is_left(name):
    torch = tinygrad_mlp
    gc.collect()
    gc.disable()
    try:
        x = x_of(torch, 3)
        arrays = []

        def f(x):
            y = x.exp()
            arrays.append(weakref.ref(y.array))
            return (y * y).sum()

        result = getattr(torch.func, name)(f)(x)
        del result
        assert arrays
        assert all(array() is None for array in arrays)
    finally:
        gc.enable()
