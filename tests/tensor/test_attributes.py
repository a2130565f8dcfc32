"""Copies, pickles, attributes, weak references, setters and threads as torch has them; nothing stays behind."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import tinygrad_mlp
from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}
CASES = {
    "leaf": lambda torch: _leaf(torch, 3),
    "constant": lambda torch: torch.arange(6).reshape(2, 3),
    "parameter": lambda torch: torch.nn.Parameter(torch.ones(3)),
    "frozen parameter": lambda torch: torch.nn.Parameter(torch.ones(3), requires_grad=False),
    "computed": lambda torch: _leaf(torch, 3) * 2,
    "view": lambda torch: torch.arange(6.0).reshape(2, 3).t(),
    "view of a leaf": lambda torch: _leaf(torch, 2, 3)[0],
    "0-d": lambda torch: torch.tensor(3.0, dtype=torch.float64),
    "empty": lambda torch: torch.zeros(0, 3),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("how", COPIES)
def test_copies(how, case):
    def program(torch):
        x = CASES[case](torch)
        if x.requires_grad and x.is_leaf:
            (x * 2).sum().backward()
        x.mine = [1, 2]
        twin = COPIES[how](x)
        with torch.no_grad():
            shared = not x.numel() or twin.data_ptr() == x.data_ptr()
        return (
            twin, type(twin) is type(x), shared, x.numel() and twin.stride(), twin.grad, getattr(twin, "mine", None),
            getattr(twin, "mine", None) is x.mine, twin._is_view(), twin.grad_fn,
            twin._version if how != "pickle" or "parameter" not in case else None,  # that depends on its attributes
        )  # fmt: skip

    same(program)


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_several(how):
    def program(torch):
        x = torch.arange(6.0).reshape(2, 3)
        a, b, c = COPIES[how]([x, x, x.detach()[1:]])
        a[1, 0] = 9.0
        return a, b, c if how == "deepcopy" else None, a is b, x

    same(program)


def test_hooks_are_not_copied():
    def program(torch):
        log = []
        x = _leaf(torch, 3)
        x.register_hook(log.append)
        x.register_post_accumulate_grad_hook(log.append)
        twin = copy.deepcopy(x)
        (twin * 2).sum().backward()
        return log, twin.grad, bool(twin._backward_hooks)

    same(program)


def a_hook_that_is_not_serialized(torch):
    x = _leaf(torch, 3)
    x.register_hook(abs)
    return pickle.loads(pickle.dumps(x))


def a_hook_that_need_not_be_serialized(torch):
    x = _leaf(torch, 3)
    x.register_hook(torch.utils.hooks.unserializable_hook(lambda g: g))
    return pickle.loads(pickle.dumps(x))


def attributes(torch):
    x = _leaf(torch, 3)
    x.mine = 1
    y = x * 1
    y.other = x
    del x.mine
    return vars(y) == {"other": x}, hasattr(x, "mine"), hasattr(y.clone(), "other")


def unknown_attribute(torch):
    return torch.ones(2).nothing


def weak_references(torch):
    x = _leaf(torch, 3)
    reference = weakref.ref(x)
    alive = reference() is x
    y = x * 2
    del x
    held = reference() is not None
    del y
    return alive, held, reference() is None


def a_leaf_lives_in_its_graph(torch):
    x = _leaf(torch, 3)
    y = (x * x).sum()
    reference = weakref.ref(x)
    del x
    y.backward()
    return reference().grad


def data_shares_memory(torch):
    x = _leaf(torch, 3)
    x.data[0] = 7.0
    x.data.mul_(2)
    return x, x.data is x.data, x.data.requires_grad, x._version, x.data._version


def data_is_set(torch):
    x = _leaf(torch, 3)
    y = torch.zeros(2, 2, dtype=torch.float64)
    x.data = y
    y[0, 0] = 5.0
    (x * x).sum().backward()
    return x, x.grad, x._version


def data_is_set_within_a_graph(torch):
    x = _leaf(torch, 3)
    y = x * 1
    y.data = torch.zeros(3)
    y.sum().backward()
    return y, x.grad


def data_of_another_shape_beside_a_gradient(torch):
    x = _leaf(torch, 3)
    (x * 2).sum().backward()
    x.data = torch.ones(2, 2)
    (x * 2).sum().backward()


def grad_is_set(torch):
    x = _leaf(torch, 3)
    given = torch.ones(3)
    x.grad = given
    (x * 2).sum().backward()
    same_one = x.grad is given
    x.grad = None
    none = x.grad
    x.grad = torch.zeros(3)
    del x.grad
    return given, same_one, none, x.grad


def grad_of_a_non_leaf(torch):
    y = _leaf(torch, 3) * 2
    first = y.grad
    y.retain_grad()
    return first, y.grad


def clone_and_detach(torch):
    x = _leaf(torch, 2, 3)
    c, d = x.clone(), x.detach()
    t = x.t().clone()
    d[0, 0] = 9.0
    y = x * 1
    returned = y.detach_() is y
    return c, d, d._is_view(), x, t.stride(), returned, y


def _set(name, value, make=lambda torch: torch.ones(3)):
    def program(torch):
        x = make(torch)
        setattr(x, name, value(torch))
        return x, x.grad

    return program


PROGRAMS = [
    a_hook_that_is_not_serialized, a_hook_that_need_not_be_serialized, attributes, unknown_attribute, weak_references,
    a_leaf_lives_in_its_graph, data_shares_memory, data_is_set, data_is_set_within_a_graph,
    data_of_another_shape_beside_a_gradient, grad_is_set,
    grad_of_a_non_leaf, clone_and_detach,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


def _own_grad(torch):
    x = torch.ones(3)
    x.grad = x


def _delete_data(torch):
    x = torch.ones(3)
    del x.data


SETTERS = [
    _set("data", lambda torch: 3),
    _set("data", lambda torch: torch.ones(2)),
    _set("data", lambda torch: torch.arange(2), lambda torch: _leaf(torch, 3)),
    _set("data", lambda torch: _leaf(torch, 2), lambda torch: _leaf(torch, 3)),
    _set("grad", lambda torch: 3),
    _set("grad", lambda torch: [1.0]),
    _set("grad", lambda torch: torch.ones(2)),
    _set("grad", lambda torch: torch.ones(3, dtype=torch.float64)),
    _set("grad", lambda torch: None),
    _set("grad", lambda torch: torch.ones(3)),
    _set("requires_grad", lambda torch: 1),
    _set("requires_grad", lambda torch: True),
    _set("requires_grad", lambda torch: True, lambda torch: torch.arange(3)),
    _set("requires_grad", lambda torch: False, lambda torch: _leaf(torch, 3) * 2),
    _own_grad,
    _delete_data,
]


@pytest.mark.parametrize("program", SETTERS, ids=range(len(SETTERS)))
def test_setters_as_torch(program):
    same(program)


@pytest.mark.parametrize(
    "name", ["shape", "dtype", "grad_fn", "is_leaf", "_version", "ndim", "device", "output_nr", "T"]
)
def test_attributes_that_cannot_be_set(name):
    with pytest.raises(AttributeError, match=name):
        setattr(tinygrad_mlp.ones(2), name, 1)


# -- threads ---------------------------------------------------------------------------------------


def _in_threads(count, work):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_threads_lose_no_accumulation():
    # Large enough that NumPy lets go of the interpreter's lock while it adds.
    x = tinygrad_mlp.ones(40_000, requires_grad=True)
    shared = x * 2

    def work(i):
        for _ in range(25):
            (shared * 1.0).sum().backward(retain_graph=True)
            (x * 3).sum().backward()

    _in_threads(4, work)
    np.testing.assert_array_equal(x.grad.numpy(), np.full(40_000, 4 * 25 * 5.0, np.float32))


def test_threads_that_begin_without_a_gradient():
    for _ in range(30):
        x = tinygrad_mlp.ones(3, requires_grad=True)
        start = threading.Barrier(4)

        def work(i, x=x, start=start):
            y = (x * 2).sum()
            start.wait()
            y.backward()

        _in_threads(4, work)
        assert x.grad.tolist() == [8, 8, 8]


def test_threads_with_hooks_and_retained_gradients():
    x = tinygrad_mlp.ones(3, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(1))

    def work(i):
        for _ in range(20):
            y = x * 2
            y.retain_grad()
            y.sum().backward()
            assert y.grad.tolist() == [1, 1, 1]

    _in_threads(4, work)
    assert len(seen) == 80
    assert x.grad.tolist() == [160, 160, 160]


# -- nothing stays behind --------------------------------------------------------------------------


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
