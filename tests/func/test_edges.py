"""func at its edges: jacfwd and jvp of integers, empty outputs, inference mode, other trees, arguments refused."""

from __future__ import annotations

import collections
from typing import Any

import pytest

from support.functions_to_differentiate import func_of, x_of
from support.parity import same


def _integers(torch):
    return torch.arange(3)


JACFWD = {
    "no aux": (lambda torch, x: x * 2, {"has_aux": True}),
    "a str": (lambda torch, x: (x * 2, "a"), {}),
    "an int": (lambda torch, x: 5, {}),
    "None": (lambda torch, x: None, {}),
    "integers": (lambda torch, x: (x * 2).long(), {}),
    "integers and floats": (lambda torch, x: {"a": (x * 2).long(), "b": x * x}, {}),
    "randomness": (lambda torch, x: x * x, {"randomness": "same"}),
    "unknown randomness": (lambda torch, x: x * x, {"randomness": "some"}),
    "integers, in a tuple": (lambda torch, x: (x * 2).long(), {"argnums": (0,)}),
}


@pytest.mark.parametrize("name", JACFWD)
def test_jacfwd(name):
    function, options = JACFWD[name]
    same(lambda torch: func_of(torch).jacfwd(lambda x: function(torch, x), **options)(x_of(torch, 3)))


@pytest.mark.parametrize("transform", ["grad", "grad_and_value", "jacrev", "jacfwd", "hessian"])
def test_of_integers(transform):
    same(lambda torch: getattr(func_of(torch), transform)(lambda x: (x * x).sum())(_integers(torch)))


@pytest.mark.parametrize("transform", ["grad", "grad_and_value", "jacrev", "hessian"])
def test_no_argnums(transform):
    same(lambda torch: getattr(func_of(torch), transform)(lambda x: (x * x).sum(), argnums=None)(x_of(torch, 3)))


def jvp_of_integers(torch):
    return func_of(torch).jvp(lambda x: x * 2, (_integers(torch),), (x_of(torch, 3),))


def jvp_along_integers(torch):
    return func_of(torch).jvp(lambda x: x * 2, (x_of(torch, 3),), (_integers(torch),))


def jacrev_of_nothing(torch):
    return func_of(torch).jacrev(lambda x: x[:0].exp())(x_of(torch, 3))


def jacrev_of_something_and_nothing(torch):
    return func_of(torch).jacrev(lambda x, y: {"a": x[:0].exp(), "b": x * y}, argnums=(0, 1))(
        x_of(torch, 2), x_of(torch, 2)
    )


def a_default_dict(torch):
    tree: Any = collections.defaultdict(list)
    tree["a"] = x_of(torch, 3)
    g = func_of(torch).grad(lambda tree: (tree["a"] ** 2).sum())(tree)
    return g, type(g).__name__, g["b"]


def vjp_that_frees_the_graph(torch):
    _, product = func_of(torch).vjp(lambda x: x.exp(), x_of(torch, 3))
    product(torch.ones(3), retain_graph=False)
    product(torch.ones(3))


def in_inference_mode(torch):
    F = func_of(torch)
    outside = x_of(torch, 3)
    with torch.inference_mode():
        inside = x_of(torch, 3) + 1
        results = [
            F.grad(lambda x: (x**3).sum())(outside), F.grad(lambda x: (x**3).sum())(inside),
            F.grad_and_value(lambda x: (x * outside).sum())(inside), F.jacrev(lambda x: x * x)(inside),
            F.hessian(lambda x: (x**3).sum())(outside), F.jvp(lambda x: x * x, (inside,), (outside,)),
            F.vjp(lambda x: x * x, inside)[1](outside),
        ]  # fmt: skip
        recorded = (outside * 2).is_inference()
    return results, recorded


@pytest.mark.parametrize(
    "program",
    [
        jvp_of_integers, jvp_along_integers, jacrev_of_nothing, jacrev_of_something_and_nothing, a_default_dict,
        vjp_that_frees_the_graph, in_inference_mode,
    ],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    same(program)
