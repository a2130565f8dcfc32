"""Hooks on one saved tensor of a node, `_raw_saved_*`, as torch has them."""

from __future__ import annotations

import pytest

from support.parity import same


def _leaf(torch, *numbers):
    return torch.tensor(numbers or (1.0, 2.0), requires_grad=True)


def _kept(t):
    return t


def packed_and_unpacked(torch):
    log = []
    x = _leaf(torch)
    y = x * x
    y.grad_fn._raw_saved_self.register_hooks(
        lambda t: (log.append(("pack", t.tolist(), t.requires_grad)), t * 2)[1],
        lambda t: (log.append(("unpack", t.tolist())), t)[1],
    )
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return log, x.grad


def an_output_and_its_gradient(torch):
    x = _leaf(torch)
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: (t.detach(), 10), lambda kept: kept[0] * kept[1])
    saved = y.grad_fn._saved_result
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return saved, g, h


def two_of_one_node(torch):
    x, w = _leaf(torch), _leaf(torch, 3.0, 4.0)
    y = x * w
    y.grad_fn._raw_saved_self.register_hooks(lambda t: t + 1, _kept)
    y.grad_fn._raw_saved_other.register_hooks(lambda t: t + 2, _kept)
    y.sum().backward()
    return x.grad, w.grad


def a_change_is_not_noticed(torch):
    x = _leaf(torch)
    y = x * 1
    z = y * y
    for saved in (z.grad_fn._raw_saved_self, z.grad_fn._raw_saved_other):
        saved.register_hooks(lambda t: t.clone(), _kept)
    y.mul_(2)
    z.sum().backward()
    return x.grad


def a_change_of_the_other_is(torch):
    x = _leaf(torch)
    y, w = x * 1, x * 2
    z = y * w
    z.grad_fn._raw_saved_self.register_hooks(lambda t: t.clone(), _kept)
    w.mul_(2)
    z.sum().backward()


def of_a_linear_layer(torch):
    x, w = torch.ones(2, 3), torch.ones(2, 3, requires_grad=True)
    y = torch.nn.functional.linear(x, w, torch.ones(2, requires_grad=True))
    y.grad_fn._raw_saved_mat1.register_hooks(lambda t: t * 3, _kept)
    y.sum().backward()
    return w.grad


def of_a_function(torch):
    log = []

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            out = a * b
            ctx.save_for_backward(a, b, out)
            return out

        @staticmethod
        def backward(ctx, g):
            saved = ctx.saved_tensors
            log.extend((t.tolist(), t.requires_grad, t.is_leaf) for t in saved)
            return g * saved[1], g * saved[0]

    x = _leaf(torch)
    y = Twice.apply(x, x * 2)
    for saved in y.grad_fn._raw_saved_tensors:
        saved.register_hooks(lambda t: t * 3, _kept)
    y.sum().backward()
    return log, x.grad


def _refused(pack, unpack=_kept, again=False, free=False, backward=False):
    def refused(torch):
        x = _leaf(torch)
        y = x * x
        saved = y.grad_fn._raw_saved_self
        if free:
            y.sum().backward()
        for _ in range(1 + again):
            saved.register_hooks(pack, unpack)
        if backward:
            y.sum().backward()

    return refused


def hooks_have_it_already(torch):
    with torch.autograd.graph.saved_tensors_hooks(_kept, _kept):
        y = _leaf(torch) ** 3
    y.grad_fn._raw_saved_self.register_hooks(_kept, _kept)


def detached_meanwhile(torch):
    x = _leaf(torch)
    y = x * 1
    z = y * y
    y.detach_()
    z.grad_fn._raw_saved_self.register_hooks(_kept, _kept)
    z.sum().backward()


def the_graph_to_an_output_is_freed(torch):
    x = _leaf(torch)
    a, b = (x * 1).unbind()
    y = a * a
    torch.autograd.grad(y, [b], allow_unused=True)
    y.backward()


def in_place_of_the_input(torch):
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(2), _kept):
        return torch.ones(2, requires_grad=True).exp()


PROGRAMS = {
    program.__name__: program
    for program in (
        packed_and_unpacked, an_output_and_its_gradient, two_of_one_node, a_change_is_not_noticed,
        a_change_of_the_other_is, of_a_linear_layer, of_a_function, hooks_have_it_already, detached_meanwhile,
        the_graph_to_an_output_is_freed, in_place_of_the_input,
    )
}  # fmt: skip
REFUSED = {
    "twice": _refused(_kept, again=True),
    "freed": _refused(_kept, free=True),
    "no tensor comes back": _refused(lambda t: 5, backward=True),
    "no argument": _refused(lambda: 5),
}


@pytest.mark.parametrize("program", [*PROGRAMS.values(), *REFUSED.values()], ids=[*PROGRAMS, *REFUSED])
def test_same_as_torch(program):
    same(program)
