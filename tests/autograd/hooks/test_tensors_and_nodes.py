"""Hooks on tensors and on nodes, as torch has them: order, replacing, removal, writes in place, refusals."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch as real

import tinygrad_mlp
from support.hook_log import Log, leaf
from support.parity import same


def order_of_all_hooks(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * 2
    leaf_node = y.grad_fn.next_functions[0][0]
    y.grad_fn.register_hook(log.hook("after y's node"))
    y.grad_fn.register_prehook(log.hook("before y's node"))
    leaf_node.register_hook(log.hook("after the leaf's node"))
    leaf_node.register_prehook(log.hook("before the leaf's node"))
    y.retain_grad()
    y.register_hook(log.hook("y"))
    y.register_hook(log.hook("y again"))
    x.register_post_accumulate_grad_hook(lambda t: log.note("accumulated", t, t.grad))
    x.register_hook(log.hook("x"))
    (y * y).sum().backward()
    return log, x.grad, y.grad


def replacing_gradients(torch):
    x = leaf(torch, 3)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    y.retain_grad()
    x.register_hook(lambda g: -g)
    y.sum().backward()
    return x.grad, y.grad


def replacing_at_nodes(torch):
    x, w = leaf(torch, 3), leaf(torch, 3)
    y = x * w
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 3,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + outputs[0], None))
    y.sum().backward()
    return x.grad, w.grad


def a_prehook_returns_a_tuple(torch):
    x = leaf(torch, 3)
    y = x * x
    y.grad_fn.register_prehook(lambda grads: grads[0] * 3)
    y.sum().backward()
    return x.grad


def node_hooks_see_the_summed_gradient(torch):
    log = Log()
    x, b = leaf(torch, 2, 3), leaf(torch, 3)
    y = x + b
    y.grad_fn.register_hook(log.hook("add"))
    y.sum().backward()
    return log


def node_hooks_where_one_input_needs_none(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * torch.ones(3)
    y.grad_fn.register_hook(log.hook("mul"))
    y.sum().backward()
    return log


def node_with_several_outputs(torch):
    log = Log()
    x = leaf(torch, 2, 3)
    values, indices = (x * 2).max(1)
    values.grad_fn.register_prehook(log.hook("before"))
    values.grad_fn.register_hook(log.hook("after"))
    values.register_hook(log.hook("values"))
    (values * 3).sum().backward()
    return log, x.grad, indices


def hooks_on_unbound_parts(torch):
    log = Log()
    x = leaf(torch, 2, 3)
    a, b = (x * 2).unbind()
    a.register_hook(log.hook("a"))
    b.register_hook(lambda g: g * 5)
    (a + b * 3).sum().backward()
    return log, x.grad


def removal(torch):
    log = Log()
    x = leaf(torch, 3)
    first = x.register_hook(log.hook("first"))
    second = x.register_hook(log.hook("second"))
    first.remove()
    first.remove()
    with x.register_hook(log.hook("within")):
        x.sum().backward()
    x.sum().backward()
    y = x * 2
    handle = y.register_hook(log.hook("y"))
    handle.remove()
    after = y.grad_fn.register_hook(log.hook("after"))
    after.remove()
    y.sum().backward()
    return log, second.id - first.id, type(first).__name__, isinstance(first, torch.utils.hooks.RemovableHandle)


def removing_while_running(torch):
    log = Log()
    x = leaf(torch, 3)
    handles = []

    def once(g):
        log.note("once", g)
        handles[0].remove()

    handles.append(x.register_hook(once))
    x.register_hook(log.hook("always"))
    x.sum().backward()
    x.sum().backward()
    return log


def leaf_hooks_outlive_graphs(torch):
    log = Log()
    x = leaf(torch, 2)
    x.register_hook(log.hook("before any graph"))
    (x * 2).sum().backward()
    y = (x * 3).sum()
    x.register_hook(log.hook("after the graph"))
    x.register_post_accumulate_grad_hook(lambda t: log.note("accumulated", t.grad))
    y.backward()
    (x * 4).sum().backward()
    return log


def node_hooks_of_a_leaf_die_with_the_graph(torch):
    log = Log()
    x = leaf(torch, 2)
    y = x * 2
    y.grad_fn.next_functions[0][0].register_hook(log.hook("first graph"))
    y.sum().backward()
    del y
    (x * 3).sum().backward()
    return log


def hooks_and_grad(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * 2
    x.register_hook(lambda g: g * 100)
    y.register_hook(lambda g: g + 1)
    x.register_post_accumulate_grad_hook(log.hook("accumulated"))
    y.grad_fn.register_hook(log.hook("node"))
    y.grad_fn.next_functions[0][0].register_hook(log.hook("leaf's node"))
    y.grad_fn.next_functions[0][0].register_prehook(log.hook("leaf's node, before"))
    return torch.autograd.grad(y.sum(), [x, y]), log, x.grad


def prehooks_do_not_run_where_the_gradient_is_taken(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * 2
    y.grad_fn.register_prehook(log.hook("before"))
    y.register_hook(log.hook("y"))
    return torch.autograd.grad((y * 3).sum(), y), log


def backward_with_inputs_and_hooks(torch):
    log = Log()
    x, w = leaf(torch, 3), leaf(torch, 3)
    y = x * w
    for name, t in {"x": x, "w": w, "y": y}.items():
        t.register_hook(log.hook(name))
    x.register_post_accumulate_grad_hook(lambda t: log.note("accumulated", t.grad))
    y.sum().backward(inputs=[x])
    return log, x.grad, w.grad


def register_twice_in_place(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * 2
    y.register_hook(log.hook("before the write"))
    y.mul_(3)
    y.register_hook(log.hook("after the write"))
    y.sum().backward()
    return log, x.grad


def retain_and_writes(torch):
    x = leaf(torch, 3)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.exp_()
    y.sum().backward()
    return y.grad, y.retains_grad, x.grad


def retain_on_a_view_and_its_base(torch):
    x = leaf(torch, 2, 2)
    base = x * 1
    view = base[0]
    base.retain_grad()
    view.retain_grad()
    view.mul_(3)
    (base * 2).sum().backward()
    return base.grad, view.grad, x.grad


def retain_on_a_view_then_write_into_the_base(torch):
    log = Log()
    x = leaf(torch, 2, 2)
    base = x * 1
    view = base[0]
    view.retain_grad()
    view.register_hook(log.hook("old view"))
    base.mul_(3)
    (view * 2).sum().backward()
    return view.grad, view.retains_grad, x.grad, log


def retained_gradients_accumulate(torch):
    x = leaf(torch, 3)
    y = x * x
    y.retain_grad()
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    first = y.grad
    y.sum().backward()
    return y.grad, first, first is y.grad, x.retains_grad, x.requires_grad


def retain_on_a_leaf_does_nothing(torch):
    x = leaf(torch, 3)
    x.retain_grad()
    x.sum().backward()
    return x.retains_grad, x.grad


def a_kept_gradient_is_not_changed_later(torch):
    kept = []
    x = leaf(torch, 3)
    x.register_hook(kept.append)
    x.sum().backward()
    x.sum().backward()
    x.grad.mul_(7)
    return kept, x.grad


def hooks_run_without_grad(torch):
    log = Log()
    x = leaf(torch, 3)
    y = x * x
    y.register_hook(lambda g: log.note("y", torch.is_grad_enabled(), g.requires_grad))
    x.register_post_accumulate_grad_hook(lambda t: log.note("x", torch.is_grad_enabled()))
    y.sum().backward(retain_graph=True)
    torch.autograd.grad(y.sum(), x, create_graph=True)
    return log, torch.is_grad_enabled()


def differentiating_through_a_hook(torch):
    x = leaf(torch, 3)
    y = x * x
    y.register_hook(lambda g: g * y)
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g, h


def update_in_a_post_accumulate_hook(torch):
    x = leaf(torch, 3)

    def update(parameter):
        with torch.no_grad():
            parameter.sub_(0.1 * parameter.grad)
        parameter.grad = None

    x.register_post_accumulate_grad_hook(update)
    for _ in range(3):
        (x * x).sum().backward()
    return x, x.grad


def multi_grad_hook_all(torch):
    log = Log()
    a, b, c, d = (leaf(torch, 2) for _ in range(4))
    y = a * b
    torch.autograd.graph.register_multi_grad_hook((a, b, c, y), lambda grads: log.note("all", *grads))
    (y * c * d).sum().backward()
    (a * 2).sum().backward()
    (a * c).sum().backward(inputs=[c])
    return log


def multi_grad_hook_any(torch):
    log = Log()
    a, b = leaf(torch, 2), leaf(torch, 2)
    handle = torch.autograd.graph.register_multi_grad_hook((a, b), log.hook("any"), mode="any")
    (a * 2).sum().backward()
    (b * 3).sum().backward()
    handle.remove()
    (b * 3).sum().backward()
    return log


def multi_grad_hook_removed(torch):
    log = Log()
    a, b = leaf(torch, 2), leaf(torch, 2)
    with torch.autograd.graph.register_multi_grad_hook([a, b], log.hook("all")):
        (a * b).sum().backward()
    (a * b).sum().backward()
    return log


def an_error_in_a_hook_leaves_all_usable(torch):
    x = leaf(torch, 3)
    y = (x * x).sum()

    def fail(g):
        raise KeyError("mine")

    handle = x.register_hook(fail)
    text = ""
    try:
        y.backward(retain_graph=True)
    except KeyError as error:
        text = str(error)
    handle.remove()
    before = x.grad
    y.backward()
    return text, before, x.grad, torch.is_grad_enabled()


def backward_hooks_attribute(torch):
    x = leaf(torch, 3)
    before = x._backward_hooks
    x.register_hook(lambda g: None)
    return before, len(x._backward_hooks), type(x._backward_hooks).__name__


RIGHT = [
    order_of_all_hooks, replacing_gradients, replacing_at_nodes, a_prehook_returns_a_tuple,
    node_hooks_see_the_summed_gradient, node_hooks_where_one_input_needs_none, node_with_several_outputs,
    hooks_on_unbound_parts, removal, removing_while_running, leaf_hooks_outlive_graphs,
    node_hooks_of_a_leaf_die_with_the_graph, hooks_and_grad, prehooks_do_not_run_where_the_gradient_is_taken,
    backward_with_inputs_and_hooks, register_twice_in_place, retain_and_writes, retain_on_a_view_and_its_base,
    retain_on_a_view_then_write_into_the_base, retained_gradients_accumulate, retain_on_a_leaf_does_nothing,
    a_kept_gradient_is_not_changed_later, hooks_run_without_grad, differentiating_through_a_hook,
    update_in_a_post_accumulate_hook, multi_grad_hook_all, multi_grad_hook_any, multi_grad_hook_removed,
    an_error_in_a_hook_leaves_all_usable, backward_hooks_attribute,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


def _backward_with(register, result):
    def program(torch):
        x = leaf(torch, 3)
        y = x * 2
        register(x, y, lambda *values: result(values[0][0] if isinstance(values[0], tuple) else values[0]))
        y.sum().backward()
        return x.grad

    return program


RESULTS = {
    "number": lambda g: 3,
    "other size": lambda g: g[:1],
    "other dtype": lambda g: g.double(),
    "tuple": lambda g: (g,),
    "tuple with a number": lambda g: (3, None),
    "long tuple": lambda g: (g, g, g),
    "list": lambda g: [g],
}
REGISTER = {
    "tensor": lambda x, y, hook: y.register_hook(hook),
    "leaf": lambda x, y, hook: x.register_hook(hook),
    "before node": lambda x, y, hook: y.grad_fn.register_prehook(hook),
    "after node": lambda x, y, hook: y.grad_fn.register_hook(hook),
}


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("register", REGISTER)
def test_results_refused_as_torch_refuses(register, result):
    same(_backward_with(REGISTER[register], RESULTS[result]))


REFUSED = [
    lambda torch: torch.ones(2).register_hook(print),
    lambda torch: torch.ones(2).retain_grad(),
    lambda torch: (leaf(torch, 2) * 1).register_post_accumulate_grad_hook(print),
    lambda torch: torch.ones(2).register_post_accumulate_grad_hook(print),
    lambda torch: torch.autograd.graph.register_multi_grad_hook([leaf(torch, 2)], print, mode="some"),
    lambda torch: torch.autograd.graph.register_multi_grad_hook([torch.ones(2)], print),
]


@pytest.mark.parametrize("program", REFUSED, ids=range(len(REFUSED)))
def test_refused_as_torch_refuses(program):
    same(program)


def test_a_post_accumulate_hook_returns_nothing():
    # Torch checks what comes back like a gradient, and lets a tensor pass; its docs say that None is to be returned.
    x = leaf(tinygrad_mlp, 2)
    x.register_post_accumulate_grad_hook(lambda t: t.grad)
    with pytest.raises(RuntimeError, match="Tensor post accumulate grad hooks should return None"):
        x.sum().backward()


@pytest.mark.parametrize("torch", [real, tinygrad_mlp], ids=["torch", "tinygrad_mlp"])
def test_handles_are_pickled_and_copied(torch):
    handle = leaf(torch, 2).register_hook(print)
    again = pickle.loads(pickle.dumps(torch.utils.hooks.RemovableHandle({}.__class__ and _Dict())))
    again.remove()
    assert copy.copy(handle).id == handle.id


class _Dict(dict):
    """A dict that can be referred to weakly."""


@pytest.mark.parametrize("hooked", [False, True])
def test_gradients_of_leaves_share_no_memory(hooked):
    a, b = tinygrad_mlp.ones(3, requires_grad=True), tinygrad_mlp.ones(3, requires_grad=True)
    if hooked:
        a.register_post_accumulate_grad_hook(lambda p: None)
    (a + b).sum().backward()
    a.grad.add_(1)
    assert b.grad.tolist() == [1, 1, 1]
