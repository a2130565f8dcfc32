"""Leaves, backward, grad, grad modes and refusals, as torch has them; long chains, memory and threads."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def accumulates_over_calls(torch):
    x = _leaf(torch, 3)
    for _ in range(3):
        (x * x).sum().backward()
    first = x.grad
    (x * 2).sum().backward()
    return x.grad, first is x.grad


def one_leaf_many_paths(torch):
    x = _leaf(torch, 2, 2)
    y = x.mm(x) + x * x.t() - x / 2
    (y.exp() * 1e-3).sum().backward()
    return x.grad


def gradients_do_not_share_memory(torch):
    x, y = _leaf(torch, 3), _leaf(torch, 3)
    (x + y).sum().backward()
    x.grad.mul_(5)
    g = torch.ones(3)
    (x + 0).backward(g)
    g.zero_()
    return x.grad, y.grad


def retain_graph(torch):
    x = _leaf(torch, 3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def freed_graph_without_saved_tensors(torch):
    x = _leaf(torch, 3)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


def create_graph_three_times(torch):
    x = _leaf(torch, 3)
    y = (x * x * x).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (k,) = torch.autograd.grad(h.sum(), x)
    return g, h, k


def backward_with_create_graph(torch):
    x = _leaf(torch, 3)
    (x * x).sum().backward(create_graph=True)
    g = x.grad
    x.grad = None
    (g * g).sum().backward()
    return g, x.grad


def gradient_argument(torch):
    x = _leaf(torch, 3)
    (x * x).backward(torch.tensor([1.0, 10.0, 100.0]))
    return x.grad


def backward_inputs(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 2
    (y * w).sum().backward(inputs=[w])
    return x.grad, w.grad


def several_roots(torch):
    x = _leaf(torch, 3)
    torch.autograd.backward([x.sum(), (x * x)], [None, torch.ones(3)])
    return x.grad


def grad_of_non_leaf_and_unused(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = x * 2
    z = (y * y).sum()
    return (
        torch.autograd.grad(z, [y, x], retain_graph=True),
        torch.autograd.grad(z, [x, w], allow_unused=True, retain_graph=True),
        torch.autograd.grad(z, [x, w], materialize_grads=True),
        x.grad,
    )


def backward_on_a_leaf(torch):
    x = torch.tensor(2.0, requires_grad=True)
    x.backward()
    x.backward()
    return x.grad


def modes(torch):
    x = _leaf(torch, 3)
    seen = [torch.is_grad_enabled()]
    with torch.no_grad():
        a = x * 2
        seen.append(torch.is_grad_enabled())
        with torch.enable_grad():
            b = x * 2
        with torch.set_grad_enabled(True):
            c = x * 2
        seen.append(torch.is_grad_enabled())

    @torch.no_grad()
    def decorated(v):
        return v * 2

    @torch.no_grad
    def bare(v):
        return v * 2

    torch.set_grad_enabled(False)
    d = x * 2
    torch.set_grad_enabled(True)
    seen.append(torch.is_grad_enabled())
    return a, b, c, decorated(x), bare(x), d, x * 2, seen


def generator_keeps_its_mode(torch):
    x = _leaf(torch, 3)

    @torch.no_grad()
    def numbers():
        for i in range(2):
            yield (x * i).requires_grad, torch.is_grad_enabled()

    return [(inner, torch.is_grad_enabled()) for inner in numbers()]


def requires_grad_flags(torch):
    x = torch.zeros(3)
    y = x * 2
    x.requires_grad_()
    z = x * 2
    w = z.detach()
    return y.requires_grad, z.requires_grad, w.requires_grad, x.is_leaf, z.is_leaf, w.is_leaf, (z > 0).requires_grad


def mixed_dtypes(torch):
    x = _leaf(torch, 3)
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (x * w + torch.arange(3) * x).sum().backward()
    return x.grad, w.grad, x * w, x * torch.tensor(2.0, dtype=torch.float64), torch.arange(3) * 1.5, torch.arange(3) / 2


def hooks(torch):
    x = _leaf(torch, 3)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    handle.remove()
    y.sum().backward()
    return x.grad, y.grad, seen


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


RIGHT = [
    backward_within_a_hook, backward_within_a_function,
    accumulates_over_calls, one_leaf_many_paths, gradients_do_not_share_memory, retain_graph,
    freed_graph_without_saved_tensors, create_graph_three_times, gradient_argument, backward_inputs, several_roots,
    grad_of_non_leaf_and_unused, backward_on_a_leaf, modes, generator_keeps_its_mode, requires_grad_flags, mixed_dtypes,
    hooks,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("name", ["pow2", "pow3", "square"])
def test_a_power_has_a_graph_as_often_as_torch_says(name):
    """A third derivative that is 0 is given, and not refused: torch's own second one is a power."""

    def program(torch):
        x = torch.tensor([1.0, -2.0, 0.0], requires_grad=True)
        y = {"pow2": lambda: x**2, "pow3": lambda: x**3, "square": lambda: x.square()}[name]()
        derivatives = []
        while y.requires_grad:
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            derivatives.append(y)
        return derivatives

    same(program)


def test_backward_with_create_graph():
    # torch warns here of a reference cycle that its graph makes; ours makes none, so it has nothing to warn of.
    g, grad = backward_with_create_graph(tinygrad_mlp)
    np.testing.assert_allclose(g.detach().numpy(), [2, 4, 6])
    np.testing.assert_allclose(grad.detach().numpy(), [8, 16, 24])


def twice(torch):
    x = _leaf(torch, 3)
    y = (x * x).sum()
    y.backward()
    y.backward()


def grad_twice(torch):
    x = _leaf(torch, 3)
    y = (x.exp() * x).sum()
    torch.autograd.grad(y, x)
    torch.autograd.grad(y, x)


def assign_grad(value):
    def program(torch):
        x = _leaf(torch, 3)
        x.grad = value(torch)
        return x.grad

    return program


REFUSED = [
    twice,
    grad_twice,
    lambda torch: (_leaf(torch, 3) * 2).backward(),
    lambda torch: torch.ones(()).backward(),
    lambda torch: torch.ones(3).sum().backward(),
    lambda torch: (_leaf(torch, 3) * 2).backward(torch.ones(2)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), torch.ones(3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3) * 1, _leaf(torch, 3)),
    lambda torch: torch.ones(2, 3).mm(torch.ones(2, 3)),
    lambda torch: torch.ones(2, 3).mm(torch.ones(3)),
    lambda torch: torch.ones(2, 3) @ torch.ones(2, 3),
    lambda torch: torch.ones(2, 3).mm(torch.ones(3, 2, dtype=torch.float64)),
    lambda torch: torch.ones(2) + torch.ones(3),
    lambda torch: torch.ones(2, dtype=torch.int64).requires_grad_(),
    lambda torch: torch.tensor([1, 2], requires_grad=True),
    lambda torch: _leaf(torch, 3).numpy(),
    lambda torch: torch.ones(3).item(),
    lambda torch: bool(torch.ones(3)),
    lambda torch: bool(torch.ones(0)),
    lambda torch: len(torch.tensor(1.0)),
    lambda torch: list(torch.tensor(1.0)),
    lambda torch: setattr(_leaf(torch, 3) * 1, "requires_grad", False),
    lambda torch: torch.ones(3).register_hook(lambda g: g),
    lambda torch: torch.ones(3).retain_grad(),
    assign_grad(lambda torch: torch.ones(2)),
    assign_grad(lambda torch: torch.ones(3, dtype=torch.float64)),
    assign_grad(lambda torch: 1.0),
    assign_grad(lambda torch: torch.ones(3)),
]


@pytest.mark.parametrize("program", REFUSED, ids=range(len(REFUSED)))
def test_refused_as_torch_refuses(program):
    same(program)


def test_an_input_that_needs_no_gradient_costs_no_product():
    x = tinygrad_mlp.ones(2, 3)
    w = tinygrad_mlp.ones(3, 4, requires_grad=True)
    node = x.mm(w).grad_fn
    assert [edge is None for edge in node.edges] == [True, False]
    assert node.saved[0] is None


def test_what_no_rule_reads_is_not_kept_alive():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    y = x * 2
    array = weakref.ref(y.array)
    z = y + 1
    del y
    assert array() is None
    z.sum().backward()


def test_a_million_operators_run_backward_and_are_freed():
    program = """
import tinygrad_mlp as torch
x = torch.ones(1, requires_grad=True)
y = x
for _ in range(1_000_000):
    y = y + 1
y.backward()
assert x.grad.item() == 1
del y
y = x
for _ in range(1_000_000):
    y = y * 1.0
del y
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_training_leaves_no_garbage_and_memory_where_it_was():
    program = """
import gc, tinygrad_mlp as torch
gc.disable()
x, y = torch.randn(8, 4), torch.randn(8, 1)
w1, w2 = torch.randn(4, 8, requires_grad=True), torch.randn(8, 1, requires_grad=True)
def train(steps):
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= 1e-6 * w.grad
                w.grad.zero_()
def resident():
    return int(open("/proc/self/statm").read().split()[1])
train(1000)
gc.collect()
before = resident()
train(19_000)
assert resident() <= before + 16, (before, resident())  # pages
assert gc.collect() == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_a_graph_dies_with_its_last_tensor():
    gc.disable()
    try:
        x = tinygrad_mlp.ones(3, requires_grad=True)
        y = (x * x).exp()
        y.register_hook(lambda g: g * 2)
        nodes = [weakref.ref(y.grad_fn), weakref.ref(y.grad_fn.edges[0]), weakref.ref(y)]
        y.sum().backward()
        del y
        assert [node() for node in nodes] == [None, None, None]
    finally:
        gc.enable()
