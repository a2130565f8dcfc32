"""The tape looked at from outside, as torch shows it: nodes, saved values, edges."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def _tree(node):
    """A node and its inputs, as names."""
    if node is None:
        return None
    return [
        type(node).__name__,
        node.name(),
        re.sub("0x.*", "", repr(node)),
        [(_tree(n), i) for n, i in node.next_functions],
    ]


def names(torch):
    x, w, c = _leaf(torch, 3, 3), _leaf(torch, 3, 3), torch.ones(3, 3)
    values = [
        x + w, x - 1, x * c, c * x, x / w, x @ w, x.mm(w), x**2, -x, x.exp(), x.log(), x.tanh(), x.sigmoid(), x.relu(),
        x.sum(), x.sum(0), x.mean(), x.t(), x.transpose(0, 1), x.view(9), x.reshape(9), x[0], x[:2], x.clone(),
        x.max(1)[0], x.max(), x.unsqueeze(0), x.squeeze(), x.expand(2, 3, 3), x.unbind()[1], torch.cat([x, w]),
        torch.stack([x, c]), x.abs(), x.sqrt(), x.clamp(min=2), torch.where(x > 2, x, w), x.permute(1, 0),
    ]  # fmt: skip
    return [_tree(v.grad_fn) for v in values]


def leaf_nodes(torch):
    x, c = _leaf(torch, 3), torch.ones(3)
    y = x * x
    first, second = (n for n, _ in y.grad_fn.next_functions)
    return (
        x.grad_fn, c.grad_fn, x.is_leaf, y.is_leaf, c.is_leaf, first is second, first.variable is x,
        first.next_functions,
        first.metadata, first.name(), (x * 2).grad_fn.next_functions[0][0] is first,
    )  # fmt: skip


def metadata(torch):
    y = _leaf(torch, 3) * 2
    y.grad_fn.metadata["mine"] = [1, 2]
    return y.grad_fn.metadata, (y * 1).grad_fn.next_functions[0][0].metadata, (y * 1).grad_fn.metadata


def nodes_are_nodes(torch):
    y = _leaf(torch, 3) * 2
    edge = y.grad_fn.next_functions[0][0]
    older, younger = y.grad_fn._sequence_nr(), y.exp().grad_fn._sequence_nr()
    return (
        isinstance(y.grad_fn, torch.autograd.graph.Node),
        isinstance(edge, torch.autograd.graph.Node),
        younger > older,
    )


def writes_in_place(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    v = y[0]
    v.mul_(3)
    z = torch.zeros(3)
    z[:2] = x[0, :2]
    return _tree(y.grad_fn), _tree(v.grad_fn), _tree(z.grad_fn), repr(y).rpartition(",")[2], repr(v).rpartition(",")[2]


def saved_values(torch):
    x, w, c = _leaf(torch, 3), _leaf(torch, 3), torch.ones(3)
    product, constant, number = x * w, x * c, x * 2
    return (
        product.grad_fn._saved_self is x, product.grad_fn._saved_other is w, constant.grad_fn._saved_self,
        constant.grad_fn._saved_other, number.grad_fn._saved_other, x.exp().grad_fn._saved_result,
        x.tanh().grad_fn._saved_result, x.log().grad_fn._saved_self is x, (x**3).grad_fn._saved_exponent,
        (x**3).grad_fn._saved_self is x, x.sum().grad_fn._saved_self_sym_sizes, (product.exp() * 1).sum().backward(),
    )  # fmt: skip


def saved_matrices(torch):
    x, w = _leaf(torch, 2, 3), _leaf(torch, 3, 2)
    y = x.mm(w)
    z = y.mm(x)
    return y.grad_fn._saved_self is x, y.grad_fn._saved_mat2 is w, z.grad_fn._saved_self, z.grad_fn._saved_mat2 is x


def saved_result_leads_on(torch):
    x = _leaf(torch, 3)
    y = (x * 2).exp()
    saved = y.grad_fn._saved_result
    (g,) = torch.autograd.grad(saved.sum(), x)
    return g, saved.grad_fn is y.grad_fn


def saved_value_after_release(torch):
    y = _leaf(torch, 3).exp()
    y.sum().backward()
    return y.grad_fn._saved_result


def saved_value_changed(torch):
    y = _leaf(torch, 3).exp()
    y.add_(1)
    return y.grad_fn.next_functions[0][0]._saved_result


def unknown_attribute(torch):
    return (_leaf(torch, 3) * 2).grad_fn._saved_nothing


def release_where_a_number_was_saved(torch):
    x = _leaf(torch, 3)
    y = (x * 2).sum()
    y.backward()
    y.backward()


def several_outputs(torch):
    x = _leaf(torch, 2, 3)
    values, indices = (x * 2).max(1)
    parts = (x * 2).unbind()
    return (
        values.output_nr, [p.output_nr for p in parts], [p.grad_fn is parts[0].grad_fn for p in parts],
        _tree((parts[1] * 3).grad_fn), _tree(values.exp().grad_fn), indices.grad_fn,
    )  # fmt: skip


def modified(torch):
    x = _leaf(torch, 3)
    y = x * 2
    z = y.exp()
    z.mul_(2)
    try:
        z.sum().backward()
    except RuntimeError as error:
        return str(error)


# -- edges -----------------------------------------------------------------------------------------


def edges_as_inputs(torch):
    x = _leaf(torch, 3)
    y = x * x
    edge = torch.autograd.graph.get_gradient_edge(y)
    leaf = torch.autograd.graph.get_gradient_edge(x)
    z = y.exp().sum()
    results = torch.autograd.grad(z, [edge, leaf], retain_graph=True)
    z.backward(inputs=leaf)
    return results, x.grad, edge.output_nr, edge.node is y.grad_fn, type(leaf.node).__name__, len(edge)


def edges_as_outputs(torch):
    x = _leaf(torch, 3)
    edge = torch.autograd.graph.get_gradient_edge((x * x).sum())
    torch.autograd.backward(edge, retain_graph=True)
    torch.autograd.backward([edge], [torch.tensor(2.0)])
    return x.grad


def edges_of_several_outputs(torch):
    x = _leaf(torch, 2, 3)
    a, b = (x * 2).unbind()
    edge = torch.autograd.graph.get_gradient_edge(b)
    return torch.autograd.grad((a + b * 3).sum(), [edge, x]), edge.output_nr


def edge_of_a_constant(torch):
    return torch.autograd.graph.get_gradient_edge(torch.ones(2))


def edge_that_is_no_scalar(torch):
    return torch.autograd.grad(torch.autograd.graph.get_gradient_edge(_leaf(torch, 3) * 2), _leaf(torch, 3))


def increment_version(torch):
    x, y = torch.ones(2), torch.ones(2)
    torch.autograd.graph.increment_version(x)
    torch.autograd.graph.increment_version([x, y])
    return x._version, y._version


PROGRAMS = [
    names, leaf_nodes, metadata, nodes_are_nodes, writes_in_place, saved_values, saved_matrices,
    saved_result_leads_on, several_outputs, modified, edges_as_inputs, edges_as_outputs, edges_of_several_outputs,
    increment_version, saved_value_after_release, saved_value_changed, unknown_attribute,
    release_where_a_number_was_saved, edge_of_a_constant, edge_that_is_no_scalar,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


def test_arrays_that_are_saved_are_not_copied():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    y = x.exp()
    assert np.shares_memory(y.grad_fn._saved_result.array, y.array)
