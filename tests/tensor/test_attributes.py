"""The attributes of a tensor, data and grad among them, their setters, and weak references, as torch has them."""

from __future__ import annotations

import weakref

import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def attributes(torch):
    x = _leaf(torch, 3)
    x.mine = 1
    y = x * 1
    y.other = x
    del x.mine
    return vars(y) == {"other": x}, hasattr(x, "mine"), hasattr(y.clone(), "other")


def unknown_attribute(torch):
    return torch.ones(2).nothing


def weak_references(torch):
    x = _leaf(torch, 3)
    reference = weakref.ref(x)
    alive = reference() is x
    y = x * 2
    del x
    held = reference() is not None
    del y
    return alive, held, reference() is None


def a_leaf_lives_in_its_graph(torch):
    x = _leaf(torch, 3)
    y = (x * x).sum()
    reference = weakref.ref(x)
    del x
    y.backward()
    return reference().grad


def data_shares_memory(torch):
    x = _leaf(torch, 3)
    x.data[0] = 7.0
    x.data.mul_(2)
    return x, x.data is x.data, x.data.requires_grad, x._version, x.data._version


def data_is_set(torch):
    x = _leaf(torch, 3)
    y = torch.zeros(2, 2, dtype=torch.float64)
    x.data = y
    y[0, 0] = 5.0
    (x * x).sum().backward()
    return x, x.grad, x._version


def data_is_set_within_a_graph(torch):
    x = _leaf(torch, 3)
    y = x * 1
    y.data = torch.zeros(3)
    y.sum().backward()
    return y, x.grad


def data_of_another_shape_beside_a_gradient(torch):
    x = _leaf(torch, 3)
    (x * 2).sum().backward()
    x.data = torch.ones(2, 2)
    (x * 2).sum().backward()


def grad_is_set(torch):
    x = _leaf(torch, 3)
    given = torch.ones(3)
    x.grad = given
    (x * 2).sum().backward()
    same_one = x.grad is given
    x.grad = None
    none = x.grad
    x.grad = torch.zeros(3)
    del x.grad
    return given, same_one, none, x.grad


def grad_of_a_non_leaf(torch):
    y = _leaf(torch, 3) * 2
    first = y.grad
    y.retain_grad()
    return first, y.grad


def clone_and_detach(torch):
    x = _leaf(torch, 2, 3)
    c, d = x.clone(), x.detach()
    t = x.t().clone()
    d[0, 0] = 9.0
    y = x * 1
    returned = y.detach_() is y
    return c, d, d._is_view(), x, t.stride(), returned, y


def _set(name, value, make=lambda torch: torch.ones(3)):
    def program(torch):
        x = make(torch)
        setattr(x, name, value(torch))
        return x, x.grad

    return program


PROGRAMS = [
    attributes, unknown_attribute, weak_references,
    a_leaf_lives_in_its_graph, data_shares_memory, data_is_set, data_is_set_within_a_graph,
    data_of_another_shape_beside_a_gradient, grad_is_set,
    grad_of_a_non_leaf, clone_and_detach,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


def _own_grad(torch):
    x = torch.ones(3)
    x.grad = x


def _delete_data(torch):
    x = torch.ones(3)
    del x.data


SETTERS = [
    _set("data", lambda torch: 3),
    _set("data", lambda torch: torch.ones(2)),
    _set("data", lambda torch: torch.arange(2), lambda torch: _leaf(torch, 3)),
    _set("data", lambda torch: _leaf(torch, 2), lambda torch: _leaf(torch, 3)),
    _set("grad", lambda torch: 3),
    _set("grad", lambda torch: [1.0]),
    _set("grad", lambda torch: torch.ones(2)),
    _set("grad", lambda torch: torch.ones(3, dtype=torch.float64)),
    _set("grad", lambda torch: None),
    _set("grad", lambda torch: torch.ones(3)),
    _set("requires_grad", lambda torch: 1),
    _set("requires_grad", lambda torch: True),
    _set("requires_grad", lambda torch: True, lambda torch: torch.arange(3)),
    _set("requires_grad", lambda torch: False, lambda torch: _leaf(torch, 3) * 2),
    _own_grad,
    _delete_data,
]


@pytest.mark.parametrize("program", SETTERS, ids=range(len(SETTERS)))
def test_setters_as_torch(program):
    same(program)


@pytest.mark.parametrize(
    "name", ["shape", "dtype", "grad_fn", "is_leaf", "_version", "ndim", "device", "output_nr", "T"]
)
def test_attributes_that_cannot_be_set(name):
    with pytest.raises(AttributeError, match=name):
        setattr(tinygrad_mlp.ones(2), name, 1)


def test_the_address_tells_tensors_apart():
    def program(torch):
        x = torch.nn.Parameter(torch.ones(2))
        return x._cdata == x._cdata, x._cdata == x.data._cdata, isinstance(x._cdata, int), x._cdata == x.detach()._cdata

    same(program)
