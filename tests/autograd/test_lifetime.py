"""What a step leaves behind, with hooks, Functions and gradients of gradients: no cycle and no graph."""

from __future__ import annotations

import gc
import weakref

import pytest

import tinygrad_mlp


def _plain_step(model, x, target, optimizer, refs):
    optimizer.zero_grad()
    out = model(x)
    loss = ((out - target) ** 2).mean()
    loss.backward()
    optimizer.step()
    refs += [weakref.ref(out), weakref.ref(loss), weakref.ref(loss.grad_fn), weakref.ref(out.grad_fn)]


def _step_with_hooks(model, x, target, optimizer, refs):
    optimizer.zero_grad()
    hidden = model[1](model[0](x))
    hidden.retain_grad()
    hidden.register_hook(lambda g: g * 2)
    hidden.grad_fn.register_hook(lambda inputs, outputs: None)
    hidden.grad_fn.register_prehook(lambda outputs: None)
    handle = tinygrad_mlp.autograd.graph.register_multi_grad_hook([hidden, model[0].weight], lambda grads: None)
    out = model[2](hidden)
    out[0].mul_(2)
    loss = ((out - target) ** 2).mean()
    loss.backward()
    optimizer.step()
    handle.remove()
    refs += [
        weakref.ref(hidden),
        weakref.ref(out),
        weakref.ref(loss),
        weakref.ref(out.grad_fn),
        weakref.ref(hidden.grad_fn),
    ]


def _step_with_a_function(model, x, target, optimizer, refs):
    class Cube(tinygrad_mlp.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            result = x * x * x
            ctx.save_for_backward(x, result)
            return result

        @staticmethod
        def backward(ctx, g):
            x, _ = ctx.saved_tensors
            return g * 3 * x * x

    out = Cube.apply(model(x))
    loss = out.mean()
    loss.backward()
    refs += [weakref.ref(out), weakref.ref(loss), weakref.ref(out.grad_fn)]


def _step_through_saved_tensors_hooks(model, x, target, optimizer, refs):
    with tinygrad_mlp.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t):
        out = model(x)
    out.mean().backward()
    refs += [weakref.ref(out), weakref.ref(out.grad_fn)]


def _step_with_a_gradient_of_the_gradient(model, x, target, optimizer, refs):
    x = x.clone().requires_grad_()
    out = model(x)
    (g,) = tinygrad_mlp.autograd.grad(out.sum(), x, create_graph=True)
    penalty = ((g.pow(2).sum(1) - 1) ** 2).mean()
    penalty.backward()
    refs += [weakref.ref(out), weakref.ref(g), weakref.ref(penalty), weakref.ref(g.grad_fn), weakref.ref(out.grad_fn)]


STEPS = [_plain_step, _step_with_hooks, _step_with_a_function, _step_through_saved_tensors_hooks,
         _step_with_a_gradient_of_the_gradient]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s.__name__)
def test_a_step_leaves_no_cycle(step):
    nn = tinygrad_mlp.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x, target = tinygrad_mlp.ones(5, 3), tinygrad_mlp.zeros(5, 2)
    optimizer = tinygrad_mlp.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    step(model, x, target, optimizer, [])
    gc.collect()
    gc.disable()
    try:
        refs = []
        step(model, x, target, optimizer, refs)
        assert refs
        assert [reference() for reference in refs] == [None] * len(refs)
    finally:
        gc.enable()


def test_an_error_in_a_hook_leaves_no_graph_behind():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        y = x * 2
        y.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()
        node = weakref.ref(y.grad_fn)
        del y
        gc.enable()
        gc.collect()  # the traceback of the error holds frames that hold the node
        assert node() is None
    finally:
        gc.enable()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
