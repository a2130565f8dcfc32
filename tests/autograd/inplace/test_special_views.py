"""Views that torch treats on their own: of several outputs, made without grad, out of date, or with strides."""

from __future__ import annotations

from typing import Any

import pytest

from support.parity import same


def _leaf(torch: Any, *shape: int) -> Any:
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def view_of_one_of_several(torch):
    a, _ = (_leaf(torch, 2, 3) * 1).unbind()
    a[0:1].mul_(2)


def one_of_several_constants(torch):
    a, _ = torch.zeros(2, 3).unbind()
    a.mul_(_leaf(torch, 3))


def view_of_a_view_made_without_grad(torch):
    y = _leaf(torch, 2, 3) * 1
    with torch.no_grad():
        v = y[0]
    v[0:1].mul_(2)


def stale_view_made_without_grad(torch):
    y = _leaf(torch, 4) * 1
    with torch.no_grad():
        v = y[:2]
    y.mul_(2)
    v + 1


def stale_one_of_several(torch):
    y = _leaf(torch, 4) * 1
    a, _ = y.split(2)
    with torch.no_grad():
        y.mul_(2)
    return a.grad_fn


def backward_from_a_view_made_without_grad(torch):
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x[0]
    v.backward()


def split_of_a_number(torch):
    return torch.tensor(1.0).split(1)


def leaf_that_is_a_stale_view(torch):
    """Backward refuses it at the end of the tape, even when nobody else has it."""
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x.view(-1)
    v.requires_grad_()
    y = v.tanh()
    with torch.no_grad():
        v.tanh_()
    del v
    (y * y).sum().backward()


def view_made_without_grad_requires_it(torch):
    x = _leaf(torch, 3)
    with torch.no_grad():
        v = x[:2]
    z = (v * v).sum()
    z.backward()
    return v.requires_grad, v.is_leaf, v.grad, x.grad, z.requires_grad


def view_of_what_later_requires_grad(torch):
    z = torch.zeros(4)
    v = z[:2]
    z.requires_grad_()
    (v * 2).sum().backward()
    return v.requires_grad, v.is_leaf, v.grad, z.grad


def several_views_are_one_node(torch):
    x = _leaf(torch, 4, 2)
    a, b = x.split(2)
    c, d = x.split([1, 3])
    e, f = x.unbind(1)
    (a * d[:2] + e[:2, None] * f[2:, None] + b * c).sum().backward()
    nodes = [(t.grad_fn.name(), t.output_nr) for t in (a, b, c, d, e, f)]
    return nodes, a.grad_fn is b.grad_fn, x.grad, [t.grad_fn.name() for t in x.tensor_split(2)]


def several_views_twice_differentiable(torch):
    x = _leaf(torch, 4)
    a, b = x.chunk(2)
    (g,) = torch.autograd.grad((a * a * b).sum(), x, create_graph=True)
    (g * g).sum().backward()
    return g, x.grad


def index_is_a_chain_of_views(torch):
    x = _leaf(torch, 3, 4)
    parts = [x[0], x[1:], x[None], x[...], x[()], x[:, 0], x[0:1, 0], x[..., None, 1:], x[:, :]]
    return [p.grad_fn.name() for p in parts], [p._base is x for p in parts]


def diagonal_is_written(torch):
    x = _leaf(torch, 3, 3)
    y = x * 1
    y.diagonal().mul_(4)
    y.diagonal(1).fill_(2.0)
    (y * y).sum().backward()
    return x.grad, y, torch.ones(2, 3, 4).diagonal(-1, 2, 1).shape


def strided_view_with_overlap(torch):
    x = _leaf(torch, 6)
    s = x.as_strided((3, 3), (1, 1), 1)
    (s * s).sum().backward()
    return s, x.grad, s.grad_fn.name(), s._base is x


def strided_view_is_written(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    s = y[1].as_strided((2, 2), (3, 1))
    s.mul_(x[:, 1:])
    (y * y).sum().backward()
    return x.grad, y, s


def base_transposed_in_place(torch):
    x = _leaf(torch, 2, 3)
    y = x * 1
    v = y[0]
    y.t_()
    v.mul_(x[1])
    (v * v).sum().backward()
    (y * y).sum()
    return x.grad, y.shape, y._version, v


def detached_by_a_view_of_everything(torch):
    x = _leaf(torch, 3)
    flat, same_shape = x.flatten(), x.reshape(3)
    return flat is x, same_shape is x, same_shape._base is x, torch.tensor(1.0).transpose(0, -1)._is_view()


def indexed_view_that_leads_nowhere(torch):
    x = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        v = x.view(-1)
    y = v[[0]]
    y.backward(torch.ones_like(y))
    y.backward(torch.ones_like(y))


RIGHT = [
    view_made_without_grad_requires_it,
    view_of_what_later_requires_grad,
    several_views_are_one_node,
    several_views_twice_differentiable,
    index_is_a_chain_of_views,
    diagonal_is_written,
    strided_view_with_overlap,
    strided_view_is_written,
    base_transposed_in_place,
    detached_by_a_view_of_everything,
    indexed_view_that_leads_nowhere,
]

REFUSED = [
    view_of_one_of_several,
    one_of_several_constants,
    view_of_a_view_made_without_grad,
    stale_view_made_without_grad,
    stale_one_of_several,
    backward_from_a_view_made_without_grad,
    leaf_that_is_a_stale_view,
    split_of_a_number,
]


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("program", REFUSED, ids=lambda p: p.__name__)
def test_refused_as_torch_refuses(program):
    same(program)
