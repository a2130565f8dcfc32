"""autograd.functional and func, as torch has them: the same program under both."""

from __future__ import annotations

import gc
import importlib
import itertools
import warnings
import weakref
from typing import Any

import pytest
import torch as their_torch
from parity import same

import tinygrad_mlp

with warnings.catch_warnings():  # torch's own, at its first forward mode
    warnings.simplefilter("ignore")
    their_torch.func.jvp(their_torch.sin, (their_torch.ones(1),), (their_torch.ones(1),))


def _x(torch: Any, *shape: int) -> Any:
    return torch.linspace(0.5, 2.0, torch.zeros(shape).numel()).reshape(shape)


def _scalar(x: Any) -> Any:
    return (x**3).sum()


def _two(a: Any, b: Any) -> Any:
    return a * b, (a * a).sum()


def _mixed(a: Any, b: Any) -> Any:
    return (a * a * b).sum()


def _described(value: Any) -> Any:
    """With the nesting, which parity's description takes for a list."""
    if isinstance(value, tuple):
        return ["tuple", *(_described(part) for part in value)]
    return value


# -- autograd.functional ---------------------------------------------------------------------------

FLAGS = [
    dict(zip(("create_graph", "strict"), values, strict=True)) for values in itertools.product((False, True), repeat=2)
]

ROWS = {
    "square": (lambda torch: lambda x: x * x * x, lambda torch: _x(torch, 3)),
    "matrix": (lambda torch: lambda x: x.exp().sum(1), lambda torch: _x(torch, 2, 2)),
    "two of two": (lambda torch: _two, lambda torch: (_x(torch, 3), _x(torch, 3) + 1)),
    "one of two": (lambda torch: _mixed, lambda torch: (_x(torch, 3), _x(torch, 3) + 1)),
    "two of one": (lambda torch: lambda x: (x * 2, x * x), lambda torch: _x(torch, 3)),
    "tuple of one": (lambda torch: lambda x: (x.sin(),), lambda torch: (_x(torch, 3),)),
    "unused input": (lambda torch: lambda x, y: x * x * x, lambda torch: (_x(torch, 2), _x(torch, 2))),
    "linear": (lambda torch: lambda x: x.sum() * 2, lambda torch: _x(torch, 2)),
    "constant": (lambda torch: lambda x: torch.ones(2), lambda torch: _x(torch, 2)),
    "float64": (lambda torch: lambda x: x.exp(), lambda torch: _x(torch, 2).double()),
    "requires grad": (lambda torch: lambda x: x.exp(), lambda torch: _x(torch, 2).requires_grad_()),
    "an int": (lambda torch: lambda x: 5, lambda torch: _x(torch, 2)),
    "a tensor and an int": (lambda torch: lambda x: (x, 5), lambda torch: _x(torch, 2)),
    "a list of inputs": (lambda torch: lambda x: x, lambda torch: [_x(torch, 2)]),
    "an int among the inputs": (lambda torch: lambda x, y: x, lambda torch: (_x(torch, 2), 5)),
    "empty": (lambda torch: lambda x: x * 2, lambda torch: torch.zeros(0)),
}


@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("name", ROWS)
def test_jacobian(name, flags):
    function, inputs = ROWS[name]
    same(lambda torch: _described(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags)))


MODES = [
    {"vectorize": True}, {"vectorize": True, "strict": True},
    {"strategy": "forward-mode"}, {"strategy": "forward-mode", "vectorize": True},
    {"strategy": "forward-mode", "vectorize": True, "strict": True},
    {"strategy": "forward-mode", "vectorize": True, "create_graph": True}, {"strategy": "sideways"},
]  # fmt: skip


@pytest.mark.parametrize("flags", MODES, ids=str)
@pytest.mark.parametrize("name", ["two of two", "unused input", "float64"])
def test_modes_of_the_jacobian(name, flags):
    function, inputs = ROWS[name]
    same(lambda torch: _described(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags)))


@pytest.mark.parametrize("name", ["unused input", "float64"])
def test_vectorized_jacobian_with_a_graph(name):
    function, inputs = ROWS[name]

    def program(torch):
        flags = {"vectorize": True, "create_graph": True}
        return _described(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags))

    same(program)


def test_forward_mode_has_the_dtype_of_the_output():
    def program(torch):
        return torch.autograd.functional.jacobian(
            lambda x: x.double() * 2, _x(torch, 2), vectorize=True, strategy="forward-mode"
        )

    same(program)


SCALARS = {
    "cubes": (lambda torch: _scalar, lambda torch: _x(torch, 3)),
    "two inputs": (lambda torch: _mixed, lambda torch: (_x(torch, 2), _x(torch, 2) + 1)),
    "tuple of one": (lambda torch: _scalar, lambda torch: (_x(torch, 2),)),
    "matrix": (lambda torch: lambda x: (x @ x).exp().sum(), lambda torch: _x(torch, 2, 2)),
    "one element": (lambda torch: lambda x: (x * x * x).reshape(1, 1), lambda torch: _x(torch, 1)),
    "linear": (lambda torch: lambda x: x.sum(), lambda torch: _x(torch, 2)),
    "unused input": (lambda torch: lambda x, y: _scalar(x), lambda torch: (_x(torch, 2), _x(torch, 2))),
    "constant": (lambda torch: lambda x: torch.tensor(2.0), lambda torch: _x(torch, 2)),
    "a vector": (lambda torch: lambda x: x * 2, lambda torch: _x(torch, 2)),
    "a tuple": (lambda torch: lambda x: (x.sum(),), lambda torch: _x(torch, 2)),
    "an int": (lambda torch: lambda x: 5, lambda torch: _x(torch, 2)),
}


@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("name", SCALARS)
def test_hessian(name, flags):
    function, inputs = SCALARS[name]
    same(lambda torch: _described(torch.autograd.functional.hessian(function(torch), inputs(torch), **flags)))


@pytest.mark.parametrize(
    "flags",
    [
        {"vectorize": True}, {"vectorize": True, "strict": True}, {"outer_jacobian_strategy": "forward-mode"},
        {"outer_jacobian_strategy": "forward-mode", "vectorize": True}, {"outer_jacobian_strategy": "sideways"},
    ],
    ids=str,
)  # fmt: skip
def test_modes_of_the_hessian(flags):
    function, inputs = SCALARS["two inputs"]

    def program(torch):  # torch's leads, in forward mode, to tensors that nobody has
        rows = torch.autograd.functional.hessian(function(torch), inputs(torch), **flags)
        return type(rows).__name__, [type(row).__name__ for row in rows], [[x.detach() for x in row] for row in rows]

    same(program)


PRODUCTS = {
    "v": (lambda torch: _scalar, lambda torch: (_x(torch, 3), _x(torch, 3))),
    "no v": (lambda torch: _scalar, lambda torch: (_x(torch, 3),)),
    "no v for one element": (lambda torch: lambda x: x * x * x, lambda torch: (torch.tensor(2.0),)),
    "scalar v": (lambda torch: _scalar, lambda torch: (_x(torch, 3), torch.tensor(2.0))),
    "tuple v": (lambda torch: _scalar, lambda torch: (_x(torch, 3), (_x(torch, 3),))),
    "v too short": (lambda torch: _scalar, lambda torch: (_x(torch, 3), _x(torch, 2))),
    "v too many": (lambda torch: _scalar, lambda torch: (_x(torch, 3), (_x(torch, 3), _x(torch, 3)))),
    "v for both": (lambda torch: _mixed, lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2), _x(torch, 2) + 1))),
    "v for one": (lambda torch: _mixed, lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2),))),
    "v wrong for one": (lambda torch: _mixed, lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2), _x(torch, 3)))),
    "scalar v for two": (lambda torch: _mixed, lambda torch: ((_x(torch, 2),) * 2, torch.tensor(2.0))),
    "two outputs": (lambda torch: _two, lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2), torch.tensor(2.0)))),
    "two outputs and inputs": (lambda torch: _two, lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2),) * 2)),
    "linear": (lambda torch: lambda x: x.sum(), lambda torch: (_x(torch, 2), _x(torch, 2))),
    "unused": (lambda torch: lambda x, y: _scalar(x), lambda torch: ((_x(torch, 2),) * 2, (_x(torch, 2),) * 2)),
    "unused, scalar v": (lambda torch: lambda x, y: _scalar(x), lambda torch: ((_x(torch, 2),) * 2, torch.tensor(2.0))),
    "constant": (lambda torch: lambda x: torch.ones(3), lambda torch: (_x(torch, 3), _x(torch, 3))),
    "constant scalar": (lambda torch: lambda x: torch.tensor(3.0), lambda torch: (_x(torch, 3), _x(torch, 3))),
    "an int": (lambda torch: lambda x: 5, lambda torch: (_x(torch, 3), _x(torch, 3))),
    "v an int": (lambda torch: _scalar, lambda torch: (_x(torch, 3), 5)),
    "inputs a list": (lambda torch: _scalar, lambda torch: ([_x(torch, 3)], 5)),
    "requires grad": (lambda torch: _scalar, lambda torch: (_x(torch, 3).requires_grad_(), _x(torch, 3))),
}


@pytest.mark.parametrize("product", ["vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name, product):
    function, arguments = PRODUCTS[name]

    def program(torch, flags):
        call = getattr(torch.autograd.functional, product)
        return _described(call(function(torch), *arguments(torch), **flags))

    for flags in FLAGS:
        same(lambda torch, flags=flags: program(torch, flags))


@pytest.mark.parametrize("product", ["vjp", "jvp", "vhp", "hvp"])
def test_products_under_no_grad(product):
    def program(torch):
        x = _x(torch, 3).requires_grad_()
        v = torch.tensor(1.0) if product == "vjp" else x
        with torch.no_grad():
            plain = getattr(torch.autograd.functional, product)(_scalar, x, v)
            recorded = getattr(torch.autograd.functional, product)(_scalar, x, v, create_graph=True)
        return _described(plain), _described(recorded), x.grad

    same(program)


def captured_tensors_are_constants(torch):
    w = _x(torch, 3).requires_grad_()
    plain = torch.autograd.functional.jacobian(lambda x: x * w, w)
    recorded = torch.autograd.functional.jacobian(lambda x: x * w, w, create_graph=True)
    recorded.sum().backward()
    return plain, w.grad


def jacobian_is_differentiable(torch):
    x = _x(torch, 2).requires_grad_()
    jacobian = torch.autograd.functional.jacobian(lambda x: x * x * x, x, create_graph=True)
    (jacobian * jacobian).sum().backward()
    return x.grad


def products_are_differentiable(torch):
    results = []
    for name in ("vjp", "jvp", "vhp", "hvp"):
        x, v = _x(torch, 2).requires_grad_(), _x(torch, 2).requires_grad_()
        weights = torch.tensor(1.0, requires_grad=True) if name == "vjp" else v
        _, product = getattr(torch.autograd.functional, name)(
            lambda x: (x * x * x * x).sum(), x, weights, create_graph=True
        )
        product.sum().backward()
        results.append((x.grad, weights.grad))
    return results


@pytest.mark.parametrize(
    "program", [captured_tensors_are_constants, jacobian_is_differentiable, products_are_differentiable],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    same(program)


# -- func ------------------------------------------------------------------------------------------


def _func(torch: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".func")


def grad_of_a_scalar(torch):
    x = _x(torch, 3)
    return _func(torch).grad(_scalar)(x), x


def grad_and_value(torch):
    return _func(torch).grad_and_value(_scalar)(_x(torch, 3))


def grad_with_aux(torch):
    def f(x, *, k):
        return _scalar(x) * k, {"twice": x * 2, "more": [x * k]}

    x = _x(torch, 3)
    return _func(torch).grad(f, has_aux=True)(x, k=2.0), _func(torch).grad_and_value(f, has_aux=True)(x, k=2.0)


def grad_by_argnums(torch):
    a, b, F = _x(torch, 3), _x(torch, 3) + 1, _func(torch)
    return [F.grad(_mixed, argnums=n)(a, b) for n in (0, 1, -1, (0,), (1, 0), (0, -1))]


def grad_of_trees(torch):
    x, Point = _x(torch, 3), __import__("collections").namedtuple("Point", "u v")

    def f(tree):
        return (tree["a"] * tree["b"][0] * tree["p"].u[0]).sum()

    g = _func(torch).grad(f)({"a": x, "b": [x, x], "p": Point((x,), x)})
    return g, type(g["p"]).__name__, type(g["b"]).__name__


def one_tensor_twice(torch):
    x = _x(torch, 3)
    return _func(torch).grad(_mixed)(x, x), _func(torch).grad(_mixed, argnums=1)(x, x)


def grad_leaves_no_trace(torch):
    x, w = _x(torch, 3).requires_grad_(), _x(torch, 3).requires_grad_()
    with torch.no_grad():
        g = _func(torch).grad(lambda x: (x * x * w).sum())(x)
    return g, x.grad, w.grad, x.requires_grad


def grad_of_what_requires_grad(torch):
    x, w = _x(torch, 3).requires_grad_(), _x(torch, 3).requires_grad_()
    g, value = _func(torch).grad_and_value(lambda x: (x * x * x * w).sum())(x)
    (g.sum() + value).backward()
    return g, value, x.grad, w.grad


def grad_of_a_captured_tensor(torch):
    w = _x(torch, 3).requires_grad_()
    g = _func(torch).grad(lambda x: (x * x * w).sum())(_x(torch, 3))
    g.sum().backward()
    return g, w.grad


def captured_but_not_in_the_gradient(torch):
    w = _x(torch, 3).requires_grad_()
    return _func(torch).grad_and_value(lambda x: (x * x + w).sum())(_x(torch, 3))


def no_grad_inside(torch):
    def f(x):
        with torch.no_grad():
            c = x * x
        return (c * x).sum(), x.requires_grad

    seen = []
    g = _func(torch).grad(lambda x: (seen.append(f(x)[1]), f(x)[0])[1])(_x(torch, 3))
    return g, seen


def grad_inside_no_grad_inside_grad(torch):
    F = _func(torch)

    def f(x):
        with torch.no_grad():
            c = F.grad(_scalar)(x)
        return (c * x).sum()

    return F.grad(f)(_x(torch, 3))


def independent(torch):
    return _func(torch).grad_and_value(lambda x: torch.tensor(3.0))(_x(torch, 3))


def third_order(torch):
    F = _func(torch)
    return [f(torch.tensor(1.5)) for f in itertools.accumulate(range(4), lambda f, _: F.grad(f), initial=torch.sin)]


def nested_over_another_variable(torch):
    F, x = _func(torch), _x(torch, 3)
    inner = lambda s: F.grad(lambda t: (t * t * t * s * s).sum())(x).sum()  # noqa: E731
    return F.grad(inner)(x), F.grad(F.grad(lambda s: F.grad(lambda t: t * t * s * s * s)(s)))(x[0])


def nested_by_name_of_the_level(torch):
    F = _func(torch)
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
    F, x = _func(torch), torch.tensor(2.0)
    return F.grad(Foo.apply)(x), F.grad(F.grad(Foo.apply))(x)


def vjp(torch):
    F, x = _func(torch), _x(torch, 3)
    output, product = F.vjp(_two, x, x * 2)
    once, again = (product((x, torch.tensor(2.0))) for _ in range(2))
    output2, product2, aux = F.vjp(lambda x: ({"y": x * x}, [x * 3]), x, has_aux=True)
    return _described(output), _described(once), again, output2, product2({"y": x}), aux


def vjp_is_differentiable(torch):
    F, x, v = _func(torch), _x(torch, 3), _x(torch, 3).requires_grad_()
    _, product = F.vjp(lambda x: x * x * x, x)
    (g,) = product(v)
    with torch.no_grad():
        plain = product(v)
    g.sum().backward()
    inside = F.grad(lambda x: F.vjp(lambda y: y * y * y, x)[1](x)[0].sum())(x)
    return g, v.grad, plain, inside


def jvp(torch):
    F, x = _func(torch), _x(torch, 3)
    results = [F.jvp(_two, (x, x * 2), (x, torch.ones(3))), F.jvp(lambda x: {"y": x.exp()}, (x,), (x,))]
    results.append(F.jvp(lambda x: (x * 2, x * 3), (x,), (x,), has_aux=True))
    results.append(F.jvp(lambda x: torch.ones(2), (x,), (x,)))
    results.append(F.jvp(lambda x: x * 2, (x,), (x,), strict=True))
    return results, F.grad(lambda x: F.jvp(lambda y: y * y * y, (x,), (x,))[1].sum())(x)


def jacobians(torch):
    F, x = _func(torch), _x(torch, 2)
    results = []
    for make in (F.jacrev, F.jacfwd):
        results.append(make(lambda x: x * x * x)(x))
        results.append(make(lambda a, b: {"o": a * b, "p": (a.sum(),)}, argnums=(0, 1))(x, x * 2))
        results.append(make(lambda d: d["a"].exp())({"a": _x(torch, 2, 2)}))
        results.append(make(lambda x: (x * 2, {"k": x}), has_aux=True)(x))
        results.append(make(lambda x: torch.ones(2))(x))
        results.append(make(make(lambda x: x * x * x))(x))
    results.append(F.jacrev(lambda x: x * x, chunk_size=1)(x))
    return results


def hessian(torch):
    F, x = _func(torch), _x(torch, 3)
    results = [F.hessian(_scalar)(x), F.hessian(_mixed, argnums=(0, 1))(x, x + 1)]
    w = _x(torch, 3).requires_grad_()
    h = F.hessian(lambda x: (x * x * x * w).sum())(x)
    h.sum().backward()
    return *results, h, w.grad


def names_are_kept(torch):
    F = _func(torch)
    return [make(_scalar).__name__ for make in (F.grad, F.grad_and_value, F.jacrev, F.jacfwd, F.hessian)]


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
        inputs = [x(torch) if callable(x) else x for x in args or (lambda torch: _x(torch, 3),)]
        return getattr(_func(torch), name)(lambda *xs: function(torch, *xs), **options)(*inputs)

    return program


def _vjp(function: Any, cotangents: Any = None, **options: Any) -> Any:
    def program(torch):
        _, product, *_ = _func(torch).vjp(lambda *xs: function(torch, *xs), _x(torch, 3), _x(torch, 3), **options)
        return product(cotangents(torch))

    return program


def _jvp(primals: Any, tangents: Any, function: Any = lambda torch, x: x * 2, **options: Any) -> Any:
    return lambda torch: _func(torch).jvp(
        lambda *xs: function(torch, *xs), primals(torch), tangents(torch), **options
    )  # fmt: skip


def _three(torch: Any) -> Any:
    return _x(torch, 3)


def _tuple(torch: Any) -> Any:
    return (_x(torch, 3),)


REFUSED = {
    "aux": _grad(lambda torch, x: _scalar(x), has_aux=True),
    "aux is no tensor": _grad(lambda torch, x: (_scalar(x), 5), has_aux=True),
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
    "nested, writes into its input": lambda torch: _func(torch).grad(
        lambda x: _func(torch).grad(lambda y: y.mul_(2).sum())(x * 2).sum()
    )(_x(torch, 3)),
    "backward inside": _grad(lambda torch, x: (_scalar(x).backward(), _scalar(x))[1]),
    "vjp: structure": _vjp(lambda torch, a, b: (a * b, a), _three),
    "vjp: nested structure": _vjp(lambda torch, a, b: {"a": [a * b, a]}, lambda torch: {"a": (_three(torch),)}),
    "vjp: shape": _vjp(lambda torch, a, b: a * b, lambda torch: _x(torch, 2)),
    "vjp: an int": _vjp(lambda torch, a, b: 5),
    "vjp: nothing": _vjp(lambda torch, a, b: []),
    "vjp: None": _vjp(lambda torch, a, b: None),
    "vjp: integers": _vjp(lambda torch, a, b: a > b),
    "vjp: aux": _vjp(lambda torch, a, b: a, has_aux=True),
    "jvp: no tuple": _jvp(_three, _three),
    "jvp: structure": _jvp(_tuple, _three),
    "jvp: nothing": _jvp(lambda torch: (), lambda torch: ()),
    "jvp: tangent an int": _jvp(_tuple, lambda torch: (5,)),
    "jvp: tangent too short": _jvp(_tuple, lambda torch: (_x(torch, 2),)),
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


# -- functional_call -------------------------------------------------------------------------------


def _tied(torch: Any) -> Any:
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 2)
            self.b = torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.register_buffer("calls", torch.zeros(1))
            self.plain = torch.ones(1)

        def forward(self, x, factor=1):
            self.calls = self.calls + 1
            return self.b(self.a(x)) * factor * self.plain

    torch.manual_seed(0)
    return Tied()


def parameters_given(torch):
    module, x = _tied(torch), torch.ones(1, 2)
    call = _func(torch).functional_call
    before = [(name, p) for name, p in module.named_parameters()]
    weights = {"a.weight": torch.eye(2), "a.bias": torch.zeros(2), "b.bias": torch.zeros(2)}
    results = [call(module, weights, (x,), {"factor": 3}), call(module, weights, x), call(module, (weights, {}), x)]
    results.append(call(module, weights, x, tie_weights=False))
    results.append(call(module, {"plain": torch.ones(1) * 5}, x))
    results.append(call(module, {"unknown": torch.ones(1)}, x))
    return (
        results,
        hasattr(module, "unknown"),
        all(p is q for (_, p), q in zip(before, module.parameters(), strict=True)),
    )


def buffers_given(torch):
    module, buffers = _tied(torch), {"calls": torch.ones(1)}
    _func(torch).functional_call(module, buffers, torch.ones(1, 2))
    return buffers["calls"], module.calls, module.plain


def parameters_restored_after_an_error(torch):
    module, kept = _tied(torch), None
    try:
        _func(torch).functional_call(module, {"a.weight": torch.zeros(2, 2)}, torch.ones(1, 3))
    except RuntimeError as error:
        kept = type(error).__name__
    return module.a.weight, module.a.weight is module.b.weight, kept


def gradients_of_a_module(torch):
    F, module = _func(torch), _tied(torch)
    params = {name: p.detach() for name, p in module.named_parameters()}
    x, y = _x(torch, 4, 2), _x(torch, 4, 2) * 2

    def loss(params, x, y):
        return ((F.functional_call(module, params, x) - y) ** 2).mean()

    grads, value = F.grad_and_value(loss)(params, x, y)
    return grads, value, [p.grad for p in module.parameters()]


def gradients_flow_to_parameters(torch):
    module, w = torch.nn.Linear(2, 1), torch.ones(1, 2).requires_grad_()
    _func(torch).functional_call(module, {"weight": w * 2}, torch.ones(3, 2)).sum().backward()
    return w.grad, module.weight.grad, module.bias.grad


def _call(parameters: Any, **options: Any) -> Any:
    return lambda torch: _func(torch).functional_call(_tied(torch), parameters(torch), torch.ones(1, 2), **options)


CALLS = {
    program.__name__: program
    for program in (
        parameters_given, buffers_given, parameters_restored_after_an_error, gradients_of_a_module,
        gradients_flow_to_parameters,
    )
} | {
    "strict": _call(lambda torch: {"a.weight": torch.eye(2), "z": torch.ones(1)}, strict=True),
    "missing": _call(lambda torch: {"a.weight": torch.eye(2)}, strict=True),
    "tied twice": _call(lambda torch: {"a.weight": torch.eye(2), "b.weight": torch.eye(2)}),
    "given twice": _call(lambda torch: [{"a.bias": torch.ones(2)}, {"a.bias": torch.ones(2)}]),
    "no dicts": _call(lambda torch: [{"a.bias": torch.ones(2)}, 3]),
    "no dict": _call(lambda torch: 3),
    "no tensor": _call(lambda torch: {"a.bias": 3}),
    "no module": _call(lambda torch: {"z.bias": torch.ones(2)}),
    "a module": _call(lambda torch: {"a": torch.ones(2)}),
}  # fmt: skip


@pytest.mark.parametrize("program", CALLS.values(), ids=CALLS.keys())
def test_functional_call(program):
    same(program)


# -- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grad", "grad_and_value", "jacrev", "hessian"])
def test_no_cycle_is_left(name):
    torch = tinygrad_mlp
    gc.collect()
    gc.disable()
    try:
        x = _x(torch, 3)
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
