"""The tape looked at from outside, as torch shows it: nodes, saved values, hooks on them, edges; drawn by torchviz."""

from __future__ import annotations

import gc
import importlib
import re
import sys
import threading
import weakref

import numpy as np
import pytest
import torch as real
from parity import same

import tinygrad_mlp
from tinygrad_mlp.cli.run import torch_alias


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


# -- hooks on saved tensors ------------------------------------------------------------------------


def _logging(log):
    def pack(x):
        numbers = [round(number, 2) for number in x.tolist()]
        log.append(("pack", numbers, x.requires_grad))
        return numbers, x.dtype

    return pack


def pack_and_unpack(torch):
    log = []

    def unpack(packed):
        log.append(("unpack", packed[0]))
        return torch.tensor(packed[0], dtype=packed[1])

    x, w, c = _leaf(torch, 3), _leaf(torch, 3), torch.ones(3)
    with torch.autograd.graph.saved_tensors_hooks(_logging(log), unpack):
        y = x * w
        z = (y.exp() * c).sum()
    log.append("backward")
    z.backward()
    return log, x.grad, w.grad


def unpack_gives_something_else(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = x * x
    y.sum().backward()
    return x.grad


def each_backward_unpacks(torch):
    count = []
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: (count.append(1), t)[1]):
        y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    return len(count), x.grad


def the_innermost_counts(torch):
    log = []
    hooks = torch.autograd.graph.saved_tensors_hooks
    x = _leaf(torch, 2)
    with hooks(lambda t: log.append("outer") or t, lambda t: t):
        y = x.exp()
        with hooks(lambda t: log.append("inner") or t, lambda t: t):
            y = y.sin()
        y = y.tanh()
    y = y.exp()
    y.sum().backward()
    return log, x.grad


def second_order_through_hooks(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().numpy().copy(), torch.from_numpy):
        y = (x * x * x).exp().log()
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g, h


def packed_tensors_are_not_checked_for_writes(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x.exp()
    z = y.sum()
    y.detach().add_(100)
    z.backward()
    return x.grad


def packed_and_released(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (x * x).sum()
    y.backward()
    y.backward()


def saved_value_through_hooks(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t + 1):
        y = x * x
    return y.grad_fn._saved_self, y.grad_fn._saved_other.grad_fn


def packed_in_place(torch):
    x = _leaf(torch, 2, 2)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x * 2
        y[0].pow_(2)
        y.mul_(x)
    y.sum().backward()
    return x.grad


def save_on_cpu(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.save_on_cpu():
        y = (x * x).exp()
    y.sum().backward()
    return x.grad


def a_pack_hook_that_writes(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.add_(1), lambda t: t):
        return (x * 1).exp()


def an_unpack_hook_that_gives_no_tensor(torch):
    x = _leaf(torch, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: 3, lambda t: t):
        y = x * x
    y.sum().backward()


def a_pack_hook_that_fails(torch):
    x = _leaf(torch, 3)
    text = ""
    try:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: {}["a"], lambda t: t):
            x.exp()
    except KeyError as error:
        text = str(error)
    x.exp().sum().backward()
    return text, x.grad


def hooks_disabled(torch):
    with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
        with torch.autograd.graph.disable_saved_tensors_hooks("nor here"):
            pass
        with torch.autograd.graph.save_on_cpu():
            pass


RIGHT = [
    names, leaf_nodes, metadata, nodes_are_nodes, writes_in_place, saved_values, saved_matrices, saved_result_leads_on,
    several_outputs, modified, edges_as_inputs, edges_as_outputs, edges_of_several_outputs, increment_version,
    pack_and_unpack, unpack_gives_something_else, each_backward_unpacks, the_innermost_counts,
    second_order_through_hooks, packed_tensors_are_not_checked_for_writes, saved_value_through_hooks, packed_in_place,
    save_on_cpu, a_pack_hook_that_fails,
]  # fmt: skip
REFUSED = [
    saved_value_after_release, saved_value_changed, unknown_attribute, release_where_a_number_was_saved,
    edge_of_a_constant, edge_that_is_no_scalar, packed_and_released, a_pack_hook_that_writes,
    an_unpack_hook_that_gives_no_tensor, hooks_disabled,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT + REFUSED, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


def test_hooks_on_saved_tensors_belong_to_the_thread():
    packed = []
    x = tinygrad_mlp.ones(2, requires_grad=True)
    with tinygrad_mlp.autograd.graph.saved_tensors_hooks(lambda t: packed.append(1) or t, lambda t: t):
        thread = threading.Thread(target=lambda: x.exp())
        thread.start()
        thread.join()
        assert packed == []
        x.exp()
        assert packed == [1]


def test_no_cycle_through_packed_tensors():
    gc.collect()
    gc.disable()
    try:
        x = tinygrad_mlp.ones(3, requires_grad=True)
        with tinygrad_mlp.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t):
            y = x.exp().sin()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


# -- backward's details ----------------------------------------------------------------------------


def several_roots(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y, z = (x * w).sum(), x.exp()
    torch.autograd.backward([y, z, z], [None, torch.ones(3), torch.ones(3) * 2])
    return x.grad, w.grad


def repeated_and_inner_inputs(torch):
    x = _leaf(torch, 3)
    y = x * x
    z = (y * x).sum()
    first = torch.autograd.grad(z, [x, y, x], retain_graph=True)
    return first, torch.autograd.grad([z, z], (x,), allow_unused=True), x.grad


def an_output_as_input(torch):
    x = _leaf(torch, 3)
    y = x * 2
    return torch.autograd.grad(y, [y, x], torch.ones(3)), torch.autograd.grad(x, x, torch.ones(3))


def unused_inputs(torch):
    x, w, c = _leaf(torch, 3), _leaf(torch, 2), _leaf(torch, 1)
    y = (x * x).sum()
    return (
        torch.autograd.grad(y, [w, x, c], allow_unused=True, retain_graph=True),
        torch.autograd.grad(y, [w, x, c], materialize_grads=True, retain_graph=True),
        torch.autograd.grad(y, [w, x, c], materialize_grads=True, allow_unused=True),
    )


def backward_towards_inputs(torch):
    x, w, b = _leaf(torch, 3), _leaf(torch, 3), _leaf(torch, 3)
    y = x * w
    z = (y + b).exp()
    z.sum().backward(inputs=[w, y], retain_graph=True)
    z.sum().backward(inputs=b)
    return x.grad, w.grad, b.grad, y.grad, y.retains_grad


def gradients_of_other_dtypes(torch):
    x = _leaf(torch, 3)
    return torch.autograd.grad(x * 2, x, torch.ones(3, dtype=torch.float64)), torch.autograd.grad(
        x * 2, x, torch.ones(3, dtype=torch.int64)
    )


def backward_within_a_hook(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    other = (w * w).exp().sum()
    y = x * 2
    seen = []

    def hook(g):
        with torch.enable_grad():
            other.backward()
            (w * g).sum().backward()
            seen.extend(torch.autograd.grad((x * x).sum(), x))
        return g * 2

    y.register_hook(hook)
    y.exp().sum().backward()
    return x.grad, w.grad, seen, torch.is_grad_enabled()


def backward_within_a_function(torch):
    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            x = x.detach().requires_grad_()
            with torch.enable_grad():
                x.sin().backward(g)
            return x.grad

    x = _leaf(torch, 3)
    Inner.apply(Inner.apply(x * 2)).sum().backward()
    return x.grad


def nothing_to_do(torch):
    return torch.autograd.backward([])


GRAD_REFUSED = [
    lambda torch: torch.autograd.grad(_leaf(torch, 3) * 2, _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), torch.ones(3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), []),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), 3),
    lambda torch: torch.autograd.grad(3, _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(torch.ones(1), _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), _leaf(torch, 3), [torch.ones(1)]),
    lambda torch: torch.autograd.grad(
        _leaf(torch, 3).sum(), _leaf(torch, 3), materialize_grads=True, allow_unused=False
    ),
    lambda torch: torch.autograd.backward([_leaf(torch, 3).sum()], inputs=[]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3), _leaf(torch, 3)], [torch.ones(3)]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3)], [3]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3).sum(), torch.ones(())]),
    lambda torch: _leaf(torch, 3).sum().backward(inputs=[torch.ones(3)]),
    lambda torch: torch.ones(3).backward(),
    lambda torch: (_leaf(torch, 3) * 2).backward(),
]
DETAILS = [
    several_roots, repeated_and_inner_inputs, an_output_as_input, unused_inputs, backward_towards_inputs,
    gradients_of_other_dtypes, backward_within_a_hook, backward_within_a_function, nothing_to_do,
]  # fmt: skip


@pytest.mark.parametrize("program", DETAILS, ids=lambda p: p.__name__)
def test_backward_in_detail(program):
    same(program)


@pytest.mark.parametrize("program", GRAD_REFUSED, ids=range(len(GRAD_REFUSED)))
def test_backward_refuses_as_torch(program):
    same(program)


# -- torchviz --------------------------------------------------------------------------------------


def _torchviz(torch):
    """The public package, imported afresh, so that `torch` in it is what `torch` means now."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchviz"]:
        del sys.modules[name]
    torchviz = importlib.import_module("torchviz")
    assert torchviz.dot.torch is torch
    return torchviz


def _drawing(source):
    """A drawing's nodes and edges without addresses: each node by its text and colour, and those it leads to."""
    nodes = dict(re.findall(r"^\t(\d+) \[label=(.*?)\]$", source, re.MULTILINE | re.DOTALL))
    texts = {n: re.sub(r"\s+", " ", text) for n, text in nodes.items()}
    edges = re.findall(r"^\t(\d+) -> (\d+)(.*)$", source, re.MULTILINE)
    return sorted(texts.values()), sorted((texts[a], texts[b], style) for a, b, style in edges)


def _mlp(torch):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    y = model(torch.ones(5, 3))
    return y.pow(2).mean(), dict(model.named_parameters())


def _by_hand(torch):
    x, w1, w2 = torch.ones(2, 3), _leaf(torch, 3, 4), _leaf(torch, 4, 2)
    return x.mm(w1).tanh().mm(w2).exp().sum(), {"w1": w1, "w2": w2}


def _a_view(torch):
    x = _leaf(torch, 2, 3)
    y = x * 2
    return y[0], {"x": x}


def _several(torch):
    x = _leaf(torch, 3)
    y = x * x
    return (y.exp(), y.log()), {"x": x}


OPTIONS = {"plain": {}, "saved": {"show_saved": True}}
DRAWN = [
    (_mlp, "plain"),
    (_by_hand, "plain"),
    (_by_hand, "saved"),
    (_a_view, "plain"),
    (_several, "plain"),
    (_several, "saved"),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torchviz asks distutils for versions
@pytest.mark.parametrize(("program", "options"), DRAWN, ids=lambda p: getattr(p, "__name__", p))
def test_torchviz_draws_the_same(program, options):
    value, params = program(real)
    theirs = _torchviz(real).make_dot(value, params=params, **OPTIONS[options]).source
    with torch_alias():
        value, params = program(tinygrad_mlp)
        ours = _torchviz(tinygrad_mlp).make_dot(value, params=params, **OPTIONS[options]).source
    sys.modules.pop("torchviz", None)
    nodes, edges = _drawing(ours)
    assert nodes
    assert edges
    assert (nodes, edges) == _drawing(theirs)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchviz_shows_attributes():
    with torch_alias():
        value, params = _by_hand(tinygrad_mlp)
        source = _torchviz(tinygrad_mlp).make_dot(value, params=params, show_attrs=True, show_saved=True).source
    sys.modules.pop("torchviz", None)
    assert re.search(r"MmBackward0\n-+\nmat2: \[saved tensor\]\nself: \[saved tensor\]", source)
    assert re.search(r"ExpBackward0\n-+\nresult: \[saved tensor\]", source)


def test_arrays_that_are_saved_are_not_copied():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    y = x.exp()
    assert np.shares_memory(y.grad_fn._saved_result.array, y.array)
