"""Checkpointing in both modes, as torch has it: gradients, random numbers, what is computed when, refusals."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest

import tinygrad_mlp
from support.parity import same
from tinygrad_mlp.utils.checkpoint import checkpoint

MODES = pytest.mark.parametrize("reentrant", [False, True], ids=["recorded", "reentrant"])


def _leaf(torch, *shape):
    return (torch.arange(1.0, 1.0 + torch.zeros(shape).numel()) / 10).reshape(shape).clone().requires_grad_()


def one(torch, reentrant):
    x, w = _leaf(torch, 2, 3), _leaf(torch, 3, 3)
    runs = []

    def block(x):
        runs.append(torch.is_grad_enabled())
        return (x.mm(w).tanh() * x).exp()

    y = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=reentrant)
    (y * y).sum().backward()
    return x.grad, w.grad, runs, y.requires_grad


def several_outputs_and_other_arguments(torch, reentrant):
    x, w = _leaf(torch, 3), _leaf(torch, 3)

    def block(x, factor, w, nothing):
        return x.exp() * factor, (x * w).sin()

    a, b = torch.utils.checkpoint.checkpoint(block, x, 3.0, w, None, use_reentrant=reentrant)
    (a * b).sum().backward()
    return x.grad, w.grad


def the_same_random_numbers(torch, reentrant):
    x = torch.ones(8, requires_grad=True)
    kept = []

    def block(x):
        mask = torch.rand(8)
        kept.append(mask)
        return x.mul(mask).exp()

    y = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=reentrant)
    before = torch.rand(2)
    y.sum().backward()
    return x.grad, torch.equal(kept[0], kept[1]), before, torch.rand(2)


def other_random_numbers(torch, reentrant):
    x = torch.ones(8, requires_grad=True)

    def block(x):
        return x.mul(torch.rand(8)).exp()

    y = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=reentrant, preserve_rng_state=False)
    y.sum().backward()
    return x.grad, torch.rand(2)


def dropout(torch, reentrant):
    x = torch.ones(4, 8, requires_grad=True)
    layer = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Tanh())
    y = torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=reentrant)
    y.sum().backward()
    return y, x.grad


def nested(torch, reentrant):
    x = _leaf(torch, 4)
    runs = []

    def inner(x):
        runs.append("inner")
        return x.exp().sin()

    def outer(x):
        runs.append("outer")
        y = torch.utils.checkpoint.checkpoint(inner, x * 2, use_reentrant=reentrant)
        return (y * x).tanh()

    torch.utils.checkpoint.checkpoint(outer, x, use_reentrant=reentrant).sum().backward()
    return x.grad, runs


def sequential(torch, reentrant):
    layers = [torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 4), torch.nn.Sigmoid(), torch.nn.Linear(4, 2)]
    model = torch.nn.Sequential(*layers)
    x = _leaf(torch, 5, 3)
    results = []
    for functions, segments in ((model, 2), (list(model.children()), 5), (model, 1)):
        y = torch.utils.checkpoint.checkpoint_sequential(functions, segments, x, use_reentrant=reentrant)
        y.pow(2).sum().backward()
        results += [y, x.grad.clone(), *(p.grad.clone() for p in model.parameters())]
    return results


def twice_through_one_graph(torch, reentrant):
    x = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), x, use_reentrant=reentrant).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def under_no_grad(torch, reentrant):
    x = _leaf(torch, 3)
    with torch.no_grad():
        return torch.utils.checkpoint.checkpoint(lambda x: x.exp(), x, use_reentrant=reentrant)


def nothing_requires_grad(torch, reentrant):
    return torch.utils.checkpoint.checkpoint(lambda x: x.exp(), torch.ones(3), use_reentrant=reentrant)


def failing_function(torch, reentrant):
    return torch.utils.checkpoint.checkpoint(lambda x: x.exp() + {}["a"], _leaf(torch, 3), use_reentrant=reentrant)


def unexpected_keyword(torch, reentrant):
    return torch.utils.checkpoint.checkpoint(lambda x: x.exp(), _leaf(torch, 3), use_reentrant=reentrant, factor=2)


def sequential_with_a_keyword(torch, reentrant):
    return torch.utils.checkpoint.checkpoint_sequential(
        [torch.exp], 1, _leaf(torch, 3), use_reentrant=reentrant, factor=2
    )


def grad_and_inputs(torch, reentrant):
    x = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), x, use_reentrant=reentrant).sum()
    return torch.autograd.grad(y, x)


BOTH = [
    one, several_outputs_and_other_arguments, the_same_random_numbers, other_random_numbers, dropout, nested,
    sequential,
    twice_through_one_graph, under_no_grad, nothing_requires_grad, failing_function, unexpected_keyword,
    sequential_with_a_keyword, grad_and_inputs,
]  # fmt: skip


@MODES
@pytest.mark.parametrize("program", BOTH, ids=lambda p: p.__name__)
def test_same_as_torch(program, reentrant):
    same(lambda torch: program(torch, reentrant))


def keywords(torch):
    x = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda x, power: x.exp() ** power, x, use_reentrant=False, power=3)
    y.sum().backward()
    return x.grad


def second_order(torch):
    x = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g, h


def early_stop(torch):
    log = []

    def block(x):
        log.append("begin")
        y = x.exp().sin()
        log.append("saved")
        y = y + 1
        log.append("end")
        return y

    for how in ({}, {"early_stop": False}):
        x = _leaf(torch, 3)
        torch.utils.checkpoint.checkpoint(block, x, use_reentrant=False, **how).sum().backward()
    with torch.utils.checkpoint.set_checkpoint_early_stop(False):
        y = torch.utils.checkpoint.checkpoint(block, _leaf(torch, 3), use_reentrant=False)
    y.sum().backward()
    return log


def closed_over_tensors(torch):
    w = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda: (w * w).exp(), use_reentrant=False)
    y.sum().backward()
    return w.grad


def arguments_in_a_list(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda pair: pair[0].exp() * pair[1], [x, w], use_reentrant=False)
    y.sum().backward()
    return x.grad, w.grad


def contexts(torch):
    log = []

    class Context:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            log.append(("begin", self.name))

        def __exit__(self, *exception):
            log.append(("end", self.name))

    y = torch.utils.checkpoint.checkpoint(
        lambda x: x.exp(), _leaf(torch, 3), use_reentrant=False, context_fn=lambda: (Context("first"), Context("again"))
    )
    y.sum().backward()
    return log


def another_shape_the_second_time(torch):
    shapes = iter([3, 1])
    x = _leaf(torch, 3)
    y = torch.utils.checkpoint.checkpoint(lambda x: x[: next(shapes)].exp(), x, use_reentrant=False)
    y.sum().backward()


def fewer_the_second_time(torch):
    often = iter([True, False])
    y = torch.utils.checkpoint.checkpoint(
        lambda x: x.exp().sin() if next(often) else x.exp(), _leaf(torch, 3), use_reentrant=False
    )
    y.sum().backward()


def more_the_second_time(torch):
    often = iter([False, True])
    y = torch.utils.checkpoint.checkpoint(
        lambda x: x.exp().sin() if next(often) else x.exp(), _leaf(torch, 3), use_reentrant=False, early_stop=False
    )
    y.sum().backward()


def an_argument_changed_in_between(torch):
    x = _leaf(torch, 3)
    z = x * 1
    y = torch.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), z, use_reentrant=False).sum()
    with torch.no_grad():
        z.add_(1)
    y.backward()


def mode_not_given(torch):
    x = _leaf(torch, 3)
    torch.utils.checkpoint.checkpoint(lambda x: x.exp(), x).sum().backward()
    return x.grad


def mode_not_given_sequential(torch):
    x = _leaf(torch, 3)
    torch.utils.checkpoint.checkpoint_sequential([torch.exp, torch.sin], 2, x).sum().backward()
    return x.grad


def debug_with_reentrant(torch):
    torch.utils.checkpoint.checkpoint(torch.exp, _leaf(torch, 3), use_reentrant=True, debug=True)


def unknown_check(torch):
    torch.utils.checkpoint.checkpoint(torch.exp, _leaf(torch, 3), use_reentrant=False, determinism_check="some")


def detached_in_reentrant(torch):
    x = _leaf(torch, 3)
    torch.utils.checkpoint.checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward()


OTHERS = [
    keywords, second_order, early_stop, closed_over_tensors, arguments_in_a_list, contexts,
    another_shape_the_second_time, fewer_the_second_time, more_the_second_time, an_argument_changed_in_between,
    mode_not_given, mode_not_given_sequential, debug_with_reentrant, unknown_check, detached_in_reentrant,
]  # fmt: skip


@pytest.mark.parametrize("program", OTHERS, ids=lambda p: p.__name__)
def test_one_mode_same_as_torch(program):
    same(program)


@MODES
def test_what_lies_between_is_not_kept(reentrant):
    inner = []

    def block(x):
        y = x.exp()
        inner.append(weakref.ref(y.array))
        return y.sin().cos()

    x = tinygrad_mlp.ones(3, requires_grad=True)
    y = checkpoint(block, x, use_reentrant=reentrant)
    assert inner[0]() is None
    y.sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("early_stop", [True, False])
@MODES
def test_no_cycle_is_left(reentrant, early_stop, debug):
    options = {} if reentrant else {"early_stop": early_stop, "debug": debug}
    gc.collect()
    gc.disable()
    try:
        inner = []

        def block(x):
            y = x.exp()
            inner.append(weakref.ref(y.array))
            return y.sin().exp()

        x = tinygrad_mlp.ones(3, requires_grad=True)
        y = checkpoint(block, x, use_reentrant=reentrant, **options)
        y.sum().backward()
        references = [weakref.ref(y.grad_fn), weakref.ref(y), weakref.ref(x), *inner]
        del x, y
        assert len(references) == 5
        assert [reference() for reference in references] == [None] * 5
    finally:
        gc.enable()


def test_the_warning_names_the_callers_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        checkpoint(tinygrad_mlp.exp, tinygrad_mlp.ones(3, requires_grad=True))
    assert [w.filename for w in caught] == [__file__]
