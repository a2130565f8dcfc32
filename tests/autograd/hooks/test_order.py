"""The order in which hooks run, and what they see where there is no gradient: torch's engine, to the letter."""

from __future__ import annotations

import gc
import weakref

import pytest

import tinygrad_mlp
from support.hook_log import Log, leaf
from support.parity import same

# -- which node is first ---------------------------------------------------------------------------


def a_leaf_runs_as_soon_as_it_has_its_gradient(torch):
    log = Log(digits=4)
    early, late = leaf(torch, 2), leaf(torch, 2)
    y = early.sin()
    z = y * late
    for name, t in {"early": early, "late": late, "y": y, "z": z}.items():
        t.register_hook(log.hook(name))
    for name, t in {"early": early, "late": late}.items():
        t.register_post_accumulate_grad_hook(lambda t, name=name: log.note(f"{name} accumulated", t.grad))
    z.sum().backward()
    return log


def a_leaf_that_is_used_twice_waits(torch):
    log = Log(digits=4)
    x, w = leaf(torch, 2), leaf(torch, 2)
    y = x * w
    z = y.sin() * x
    for name, t in {"x": x, "w": w, "y": y}.items():
        t.register_hook(log.hook(name))
    z.sum().backward()
    return log


def many_leaves_at_once(torch):
    logs = []
    for count in range(2, 12):
        log = Log()
        leaves = [leaf(torch, 1) for _ in range(count)]
        others = [leaf(torch, 1).sin() for _ in range(count % 4)]
        for i, x in enumerate(leaves):
            x.register_hook(log.hook(i))
        torch.cat([*others, *leaves]).sum().backward()
        logs.append([name for name, _ in log])
    return logs


def several_roots(torch):
    log = Log()
    x = leaf(torch, 2)
    y = x * 2
    z = y.sum()
    for name, t in {"x": x, "y": y, "z": z}.items():
        t.register_hook(log.hook(name))
    torch.autograd.backward([z, y.sum(), z, x.sum(), y], [None, None, None, None, torch.ones(2)])
    return log, x.grad


def backward_for_an_inner_tensor_runs_its_node(torch):
    log = Log(digits=4)
    x = leaf(torch, 2)
    y = x.sin()
    y.grad_fn.register_prehook(log.hook("before"))
    y.grad_fn.register_hook(log.hook("after"))
    y.cos().sum().backward(inputs=[y])
    try:
        y.sum().backward()
    except RuntimeError as error:
        log.note(str(error)[:40])
    return log, x.grad, y.grad


# -- several outputs -------------------------------------------------------------------------------


def hooks_of_all_outputs_run_in_the_order_of_registration(torch):
    log = Log()
    x = leaf(torch, 3)
    parts = (x * 1).unbind()
    for i in (1, 0, 2, 1):
        parts[i].register_hook(log.hook(i))
    parts[0].retain_grad()
    parts[1].retain_grad()
    parts[0].grad_fn.register_prehook(log.hook("before"))
    parts[0].grad_fn.register_hook(log.hook("after"))
    (parts[1] * 2).sum().backward()
    return log, x.grad, parts[0].grad, parts[1].grad


def hooks_of_an_output_that_is_no_more(torch):
    log = Log()
    x = leaf(torch, 4)
    first, second = x.split(2)
    first.register_hook(log.hook("first"))
    del first
    second.sum().backward()
    return log


def hooks_where_the_gradient_of_one_output_is_taken(torch):
    log = Log()
    x = leaf(torch, 3)
    p, q, r = (x * 1).unbind()
    for name, t in {"p": p, "q": q, "r": r, "x": x}.items():
        t.register_hook(lambda g, name=name: log.note(name, g))
    q.register_hook(lambda g: g * 10)
    grads = torch.autograd.grad(p * q * r, [q], retain_graph=True)
    return log, grads, torch.autograd.grad(p * q * r, [q, x])


def a_hook_on_nothing_returns_something(torch):
    x = leaf(torch, 3)
    p, q, _ = x.unbind()
    p.register_hook(lambda g: torch.ones(()))
    q.backward()


def hooks_of_sorted_values(torch):
    log = Log()
    x = leaf(torch, 2, 2)
    for values, _ in (torch.sort(x * 1, 1), torch.max(x * 1, 1), torch.topk(x * 1, 1)):
        values.register_hook(log.hook("values"))
        values.grad_fn.register_prehook(log.hook("before"))
        values.grad_fn.register_hook(log.hook("after"))
        values.sum().backward()
    return log


# -- no gradient at all ----------------------------------------------------------------------------


def _functions(torch, log):
    class Nothing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return None

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            log.note("Twice", g, h)
            return g * 2

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            log.note("Once", g)
            return g * 2

    return Nothing.apply, Twice.apply, Once.apply


def nodes_run_with_none(torch):
    log = Log()
    nothing, _, _ = _functions(torch, log)
    x = leaf(torch, 2)
    y = x.sin()
    for name, t in {"x": x, "y": y}.items():
        t.register_hook(log.hook(name))
    y.retain_grad()
    node = y.grad_fn
    for name, n in {"y's node": node, "x's node": node.next_functions[0][0]}.items():
        n.register_prehook(log.hook(f"before {name}"))
        n.register_hook(log.hook(f"after {name}"))
    x.register_post_accumulate_grad_hook(lambda t: log.note("accumulated", t.grad))
    nothing(y).sum().backward()
    return log, x.grad, y.grad


def _zeros(hooked):
    def a_function_behind_nothing_runs_on_zeros(torch):
        log = Log()
        nothing, twice, once = _functions(torch, log)
        other = leaf(torch, 1)
        if hooked:
            other.register_hook(print)
        grads = []
        for program in (
            lambda x: nothing(once(x).sin()),
            lambda x: nothing(once(x).sin()) + once(x),
            lambda x: next(y + nothing(y.sin()) for y in [once(x)]),
            lambda x: next(nothing(y.sin()) + y for y in [once(x)]),
            lambda x: nothing(twice(x)[1].sin()),
            lambda x: next(nothing(z.sin()) + y for y, z in [twice(x)]),
            lambda x: nothing(once(x).unbind()[0]),
            lambda x: nothing(nothing(once(x))),
            lambda x: nothing(x),
        ):
            x = leaf(torch, 2)
            program(x).sum().backward()
            grads.append(x.grad)
            log.note("done")
        x = leaf(torch, 2)
        y = once(x)
        z = nothing(y.sin()).sum()
        options = {"retain_graph": True, "allow_unused": True}
        grads += [torch.autograd.grad(z, wanted, **options) for wanted in ([x], [y], [x, y])]
        return grads, log

    return a_function_behind_nothing_runs_on_zeros


# -- one hook for several tensors ------------------------------------------------------------------


def one_hook_and_a_single_root(torch):
    log = Log()
    x, w = leaf(torch, 2), leaf(torch, 2)
    y = x * w
    torch.autograd.graph.register_multi_grad_hook([x, y, w], log.hook("all three"))
    torch.autograd.graph.register_multi_grad_hook([y], log.hook("the root"))
    torch.autograd.graph.register_multi_grad_hook([x, x], log.hook("twice"))
    y.backward(torch.ones(2), retain_graph=True)
    log.note("several roots")
    torch.autograd.backward([y, y], [torch.ones(2), torch.ones(2)])
    x.backward(torch.ones(2))
    return log


def one_hook_and_a_stale_view(torch):
    log = Log()
    base = leaf(torch, 2, 2) * 1
    view = base[0]
    base.mul_(2)
    torch.autograd.graph.register_multi_grad_hook([view, view], log.hook("view"))
    (view * view).sum().backward()
    return log


def one_hook_and_a_leaf_that_is_one_no_more(torch):
    log = Log()
    x, w = leaf(torch, 2), leaf(torch, 2)
    torch.autograd.graph.register_multi_grad_hook([x, w], log.hook("both"))
    x.detach_()
    x += w
    (x * x).sum().backward()
    return log


def one_hook_where_the_gradient_of_a_leaf_is_taken(torch):
    x, w = leaf(torch, 2), leaf(torch, 2)
    torch.autograd.graph.register_multi_grad_hook([x, w], print)
    torch.autograd.grad((x * w).sum(), [x, w])


# -- cut off from the history ----------------------------------------------------------------------


def hooks_go_with_a_detached_tensor(torch):
    log = Log()
    x = leaf(torch, 2)
    y = x * 2
    y.register_hook(log.hook("y"))
    z = y * 3
    y.detach_()
    z.sum().backward()
    y.requires_grad_()
    (y * 2).sum().backward()
    y.register_hook(log.hook("again"))
    (y * 2).sum().backward()
    return log, x.grad, y.grad


def _saved_and_detached(program):
    def saved_and_detached(torch):
        x = leaf(torch, 2, 2)
        y = x * 2
        z = program(torch, x, y)
        y.detach_()
        z.sum().backward()
        return x.grad

    return saved_and_detached


def _detached_and_written(torch, x, y):
    z = y * y
    y.detach_()
    y.mul_(x)
    return z


SAVED = {
    "itself": lambda torch, x, y: y * y,
    "a constant": lambda torch, x, y: y * 2,
    "the other": lambda torch, x, y: torch.ones(2, 2) * y,
    "product": lambda torch, x, y: y.mm(y),
    "linear": lambda torch, x, y: torch.nn.functional.linear(y, x),
    "nothing": lambda torch, x, y: torch.cat([y, y]) + y.sum(),
    "an argument without a gradient": lambda torch, x, y: torch.where(y > 0, y, y),
    "in place": lambda torch, x, y: (x * 1).mul_(y),
    "into a view": lambda torch, x, y: _view_times(x, y),
    "written later": _detached_and_written,
    "output": lambda torch, x, y: y.tanh(),
    "behind a None gradient": lambda torch, x, y: _functions(torch, Log())[0](y * y),
}


def _view_times(x, y):
    base = x * 1
    base[0].mul_(y)
    return base


RIGHT = [
    a_leaf_runs_as_soon_as_it_has_its_gradient, a_leaf_that_is_used_twice_waits, many_leaves_at_once, several_roots,
    backward_for_an_inner_tensor_runs_its_node, hooks_of_all_outputs_run_in_the_order_of_registration,
    hooks_of_an_output_that_is_no_more, hooks_where_the_gradient_of_one_output_is_taken,
    a_hook_on_nothing_returns_something, hooks_of_sorted_values, nodes_run_with_none, one_hook_and_a_single_root,
    one_hook_and_a_stale_view, one_hook_and_a_leaf_that_is_one_no_more, one_hook_where_the_gradient_of_a_leaf_is_taken,
    hooks_go_with_a_detached_tensor,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("hooked", [False, True])
def test_a_function_behind_nothing_runs_on_zeros(hooked):
    same(_zeros(hooked))


@pytest.mark.parametrize("program", SAVED.values(), ids=SAVED)
def test_a_saved_tensor_that_was_detached_is_refused(program):
    same(_saved_and_detached(program))


def test_hooks_let_go_of_the_tape():
    log = []
    x = leaf(tinygrad_mlp, 2)
    gc.disable()
    try:
        for mode in ("all", "any"):
            y = x * 2
            node = weakref.ref(y.grad_fn)
            tinygrad_mlp.autograd.graph.register_multi_grad_hook([x, y], log.append, mode=mode)
            y.register_hook(log.append)
            y.sum().backward()
            del y
            assert node() is None
    finally:
        gc.enable()
    assert len(log) == 5
