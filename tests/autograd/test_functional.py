"""autograd.functional, as torch has it: the same program under both."""

from __future__ import annotations

import itertools

import pytest

from support.functions_to_differentiate import cubes, mixed, nested, two, x_of
from support.parity import same

FLAGS = [
    dict(zip(("create_graph", "strict"), values, strict=True)) for values in itertools.product((False, True), repeat=2)
]

ROWS = {
    "square": (lambda torch: lambda x: x * x * x, lambda torch: x_of(torch, 3)),
    "matrix": (lambda torch: lambda x: x.exp().sum(1), lambda torch: x_of(torch, 2, 2)),
    "two of two": (lambda torch: two, lambda torch: (x_of(torch, 3), x_of(torch, 3) + 1)),
    "one of two": (lambda torch: mixed, lambda torch: (x_of(torch, 3), x_of(torch, 3) + 1)),
    "two of one": (lambda torch: lambda x: (x * 2, x * x), lambda torch: x_of(torch, 3)),
    "tuple of one": (lambda torch: lambda x: (x.sin(),), lambda torch: (x_of(torch, 3),)),
    "unused input": (lambda torch: lambda x, y: x * x * x, lambda torch: (x_of(torch, 2), x_of(torch, 2))),
    "linear": (lambda torch: lambda x: x.sum() * 2, lambda torch: x_of(torch, 2)),
    "constant": (lambda torch: lambda x: torch.ones(2), lambda torch: x_of(torch, 2)),
    "float64": (lambda torch: lambda x: x.exp(), lambda torch: x_of(torch, 2).double()),
    "requires grad": (lambda torch: lambda x: x.exp(), lambda torch: x_of(torch, 2).requires_grad_()),
    "an int": (lambda torch: lambda x: 5, lambda torch: x_of(torch, 2)),
    "a tensor and an int": (lambda torch: lambda x: (x, 5), lambda torch: x_of(torch, 2)),
    "a list of inputs": (lambda torch: lambda x: x, lambda torch: [x_of(torch, 2)]),
    "an int among the inputs": (lambda torch: lambda x, y: x, lambda torch: (x_of(torch, 2), 5)),
    "empty": (lambda torch: lambda x: x * 2, lambda torch: torch.zeros(0)),
}


@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("name", ROWS)
def test_jacobian(name, flags):
    function, inputs = ROWS[name]
    same(lambda torch: nested(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags)))


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
    same(lambda torch: nested(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags)))


@pytest.mark.parametrize("name", ["unused input", "float64"])
def test_vectorized_jacobian_with_a_graph(name):
    function, inputs = ROWS[name]

    def program(torch):
        flags = {"vectorize": True, "create_graph": True}
        return nested(torch.autograd.functional.jacobian(function(torch), inputs(torch), **flags))

    same(program)


def test_forward_mode_has_the_dtype_of_the_output():
    def program(torch):
        return torch.autograd.functional.jacobian(
            lambda x: x.double() * 2, x_of(torch, 2), vectorize=True, strategy="forward-mode"
        )

    same(program)


SCALARS = {
    "cubes": (lambda torch: cubes, lambda torch: x_of(torch, 3)),
    "two inputs": (lambda torch: mixed, lambda torch: (x_of(torch, 2), x_of(torch, 2) + 1)),
    "tuple of one": (lambda torch: cubes, lambda torch: (x_of(torch, 2),)),
    "matrix": (lambda torch: lambda x: (x @ x).exp().sum(), lambda torch: x_of(torch, 2, 2)),
    "one element": (lambda torch: lambda x: (x * x * x).reshape(1, 1), lambda torch: x_of(torch, 1)),
    "linear": (lambda torch: lambda x: x.sum(), lambda torch: x_of(torch, 2)),
    "unused input": (lambda torch: lambda x, y: cubes(x), lambda torch: (x_of(torch, 2), x_of(torch, 2))),
    "constant": (lambda torch: lambda x: torch.tensor(2.0), lambda torch: x_of(torch, 2)),
    "a vector": (lambda torch: lambda x: x * 2, lambda torch: x_of(torch, 2)),
    "a tuple": (lambda torch: lambda x: (x.sum(),), lambda torch: x_of(torch, 2)),
    "an int": (lambda torch: lambda x: 5, lambda torch: x_of(torch, 2)),
}


@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("name", SCALARS)
def test_hessian(name, flags):
    function, inputs = SCALARS[name]
    same(lambda torch: nested(torch.autograd.functional.hessian(function(torch), inputs(torch), **flags)))


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
    "v": (lambda torch: cubes, lambda torch: (x_of(torch, 3), x_of(torch, 3))),
    "no v": (lambda torch: cubes, lambda torch: (x_of(torch, 3),)),
    "no v for one element": (lambda torch: lambda x: x * x * x, lambda torch: (torch.tensor(2.0),)),
    "scalar v": (lambda torch: cubes, lambda torch: (x_of(torch, 3), torch.tensor(2.0))),
    "tuple v": (lambda torch: cubes, lambda torch: (x_of(torch, 3), (x_of(torch, 3),))),
    "v too short": (lambda torch: cubes, lambda torch: (x_of(torch, 3), x_of(torch, 2))),
    "v too many": (lambda torch: cubes, lambda torch: (x_of(torch, 3), (x_of(torch, 3), x_of(torch, 3)))),
    "v for both": (lambda torch: mixed, lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2), x_of(torch, 2) + 1))),
    "v for one": (lambda torch: mixed, lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2),))),
    "v wrong for one": (lambda torch: mixed, lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2), x_of(torch, 3)))),
    "scalar v for two": (lambda torch: mixed, lambda torch: ((x_of(torch, 2),) * 2, torch.tensor(2.0))),
    "two outputs": (lambda torch: two, lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2), torch.tensor(2.0)))),
    "two outputs and inputs": (lambda torch: two, lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2),) * 2)),
    "linear": (lambda torch: lambda x: x.sum(), lambda torch: (x_of(torch, 2), x_of(torch, 2))),
    "unused": (lambda torch: lambda x, y: cubes(x), lambda torch: ((x_of(torch, 2),) * 2, (x_of(torch, 2),) * 2)),
    "unused, scalar v": (lambda torch: lambda x, y: cubes(x), lambda torch: ((x_of(torch, 2),) * 2, torch.tensor(2.0))),
    "constant": (lambda torch: lambda x: torch.ones(3), lambda torch: (x_of(torch, 3), x_of(torch, 3))),
    "constant scalar": (lambda torch: lambda x: torch.tensor(3.0), lambda torch: (x_of(torch, 3), x_of(torch, 3))),
    "an int": (lambda torch: lambda x: 5, lambda torch: (x_of(torch, 3), x_of(torch, 3))),
    "v an int": (lambda torch: cubes, lambda torch: (x_of(torch, 3), 5)),
    "inputs a list": (lambda torch: cubes, lambda torch: ([x_of(torch, 3)], 5)),
    "requires grad": (lambda torch: cubes, lambda torch: (x_of(torch, 3).requires_grad_(), x_of(torch, 3))),
}


@pytest.mark.parametrize("product", ["vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name, product):
    function, arguments = PRODUCTS[name]

    def program(torch, flags):
        call = getattr(torch.autograd.functional, product)
        return nested(call(function(torch), *arguments(torch), **flags))

    for flags in FLAGS:
        same(lambda torch, flags=flags: program(torch, flags))


@pytest.mark.parametrize("product", ["vjp", "jvp", "vhp", "hvp"])
def test_products_under_no_grad(product):
    def program(torch):
        x = x_of(torch, 3).requires_grad_()
        v = torch.tensor(1.0) if product == "vjp" else x
        with torch.no_grad():
            plain = getattr(torch.autograd.functional, product)(cubes, x, v)
            recorded = getattr(torch.autograd.functional, product)(cubes, x, v, create_graph=True)
        return nested(plain), nested(recorded), x.grad

    same(program)


def captured_tensors_are_constants(torch):
    w = x_of(torch, 3).requires_grad_()
    plain = torch.autograd.functional.jacobian(lambda x: x * w, w)
    recorded = torch.autograd.functional.jacobian(lambda x: x * w, w, create_graph=True)
    recorded.sum().backward()
    return plain, w.grad


def jacobian_is_differentiable(torch):
    x = x_of(torch, 2).requires_grad_()
    jacobian = torch.autograd.functional.jacobian(lambda x: x * x * x, x, create_graph=True)
    (jacobian * jacobian).sum().backward()
    return x.grad


def products_are_differentiable(torch):
    results = []
    for name in ("vjp", "jvp", "vhp", "hvp"):
        x, v = x_of(torch, 2).requires_grad_(), x_of(torch, 2).requires_grad_()
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
