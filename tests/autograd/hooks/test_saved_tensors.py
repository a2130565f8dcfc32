"""Hooks on all that the tape saves, in a block: `saved_tensors_hooks` and its like, as torch has them."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


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


PROGRAMS = [
    pack_and_unpack, unpack_gives_something_else, each_backward_unpacks, the_innermost_counts,
    second_order_through_hooks, packed_tensors_are_not_checked_for_writes, saved_value_through_hooks,
    packed_in_place, save_on_cpu, a_pack_hook_that_fails, packed_and_released, a_pack_hook_that_writes,
    an_unpack_hook_that_gives_no_tensor, hooks_disabled,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
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
