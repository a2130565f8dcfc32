"""What happens inside of a function that a transform runs: nested transforms, hooks, Functions, arguments, buffers."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

import tinygrad_mlp
from support.functions_to_differentiate import attempt, double_of, func_of, x_of
from support.parity import same
from tinygrad_mlp.autograd import captured

TRANSFORMS = {
    "grad": lambda F, f, x: F.grad(f)(x),
    "grad, aux": lambda F, f, x: F.grad(lambda x: (f(x), x), has_aux=True)(x),
    "grad_and_value": lambda F, f, x: F.grad_and_value(f)(x),
    "vjp": lambda F, f, x: F.vjp(f, x)[0],
    "jvp": lambda F, f, x: F.jvp(f, (x,), (x,)),
    "jacrev": lambda F, f, x: F.jacrev(f)(x),
    "jacfwd": lambda F, f, x: F.jacfwd(f)(x),
    "hessian": lambda F, f, x: F.hessian(f)(x),
    "nested": lambda F, f, x: F.grad(lambda x: F.grad(f)(x).sum())(x),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_in_every_transform(name):
    def program(torch):
        a = torch.zeros(2)
        outcome = attempt(lambda: TRANSFORMS[name](func_of(torch), lambda x: (x * x * a.add_(1)).sum(), torch.ones(2)))
        return outcome, a.add_(1)  # which is allowed afterwards

    same(program)


def _inner(torch: Any, captured: Any, x: Any) -> Any:
    return func_of(torch).grad(lambda y: (y * captured.add_(1)).sum())(x).sum()


def outer_computed(torch):
    return attempt(lambda: func_of(torch).grad(lambda x: _inner(torch, x * 1, x))(torch.ones(2)))


def outer_constant(torch):
    return attempt(lambda: func_of(torch).grad(lambda x: _inner(torch, torch.zeros(2), x))(torch.ones(2)))


def outer_argument(torch):
    return attempt(lambda: func_of(torch).grad(lambda x: _inner(torch, x, x))(torch.ones(2)))


def made_by_an_inner_transform(torch):
    F, made = func_of(torch), []

    def inner(y):
        made.extend([y * 2, torch.zeros(2)])
        return (y * y).sum()

    def outer(x):
        F.grad(inner)(x)
        return (x * sum(t.add_(1) for t in made)).sum()

    return F.grad(outer)(torch.ones(2))


def made_by_the_transform_before(torch):
    F, made = func_of(torch), []

    def function(x):
        for t in made:
            t.add_(1)
        made.append(torch.zeros(2))
        return (x * x).sum()

    return [attempt(lambda: F.grad(function)(torch.ones(2))) for _ in range(2)], made


def all_is_allowed_afterwards(torch):
    F, a, kept = func_of(torch), torch.zeros(2), []

    def function(x):
        kept.extend([x * 2, torch.zeros(2), a.view(2), a.detach()])
        return (x * x).sum()

    g = F.grad(function)(torch.ones(2))
    return [t.detach().add_(1) for t in [*kept, g]], a


def allowed_after_an_error(torch):
    a = torch.zeros(2)
    first = attempt(lambda: func_of(torch).grad(lambda x: x.no_such_attribute)(torch.ones(2)))
    return first[0], a.add_(1)


def the_detached_argument_of_an_inner_transform(torch):
    F, captured, x = func_of(torch), torch.ones(2), torch.ones(2)

    def inner(y):
        y.detach().add_(1)
        return (y * y).sum()

    results = [attempt(lambda: F.grad(lambda x: (F.grad(inner)(captured) * x).sum())(x))]
    results.append(F.grad(lambda x: F.grad(inner)(x * 1).sum())(x))
    results.append(F.grad(lambda x: F.grad(inner)(x).sum())(x))
    return results, captured, x


def another_thread(torch):
    a = torch.zeros(2)

    def function(x):
        thread = threading.Thread(target=lambda: a.add_(1))
        thread.start()
        thread.join()
        return (a * x).sum()

    return func_of(torch).grad(function)(torch.ones(2)), a


def hooks(torch):
    a, results = torch.zeros(2), []

    def hooked(hook):
        def function(x):
            y = x * x
            y.register_hook(hook)
            return (y * 3).sum()

        return function

    def into_captured(g):
        a.add_(1)

    def into_the_gradient(g):
        g.mul_(2)

    results.append(attempt(lambda: func_of(torch).grad(hooked(into_captured))(torch.ones(2))))
    results.append(attempt(lambda: func_of(torch).grad(hooked(into_the_gradient))(torch.ones(2))))
    _, product = func_of(torch).vjp(hooked(into_captured), torch.ones(2))
    return results, product(torch.tensor(1.0)), a  # the transform is over when the product is computed


def functions(torch):
    a, results = torch.zeros(2), []

    def forward_into_captured(x):
        a.add_(1)
        return x * 2

    def forward_into_its_own(x):
        y = torch.zeros(2)
        return y.copy_(x * 2)

    def backward_into_captured(ctx, g):
        a.add_(10)
        return g * 2

    def backward_into_its_own(ctx, g):
        return torch.zeros(2).copy_(g).mul_(2)

    for forward in (None, forward_into_captured, forward_into_its_own):
        for backward in (None, backward_into_captured, backward_into_its_own):
            double = double_of(torch, forward, backward)
            results.append(
                attempt(lambda double=double: func_of(torch).grad(lambda x: double.apply(x).sum())(x_of(torch, 2)))
            )
    return results, a


def once_differentiable(torch):
    backward = torch.autograd.function.once_differentiable(lambda ctx, g: g * 2)
    double = double_of(torch, None, backward)
    return func_of(torch).grad(lambda x: double.apply(x).sum())(torch.ones(2))


def its_own_tensors_in_place(torch):
    F = func_of(torch)

    def function(x):
        t = torch.zeros(3)
        t[:2] = x * x
        t[2] = x[0]
        t += 1
        t *= x.sum()
        return t.clamp_(0, 10).sum()

    x = x_of(torch, 2)
    return F.grad(function)(x), F.hessian(function)(x), F.jacrev(function)(x), F.jvp(function, (x,), (x,))


def its_own_optimisers_and_modules(torch):
    def function(x):
        p, q = torch.zeros(2), torch.zeros(2)
        for optimizer, tensor in ((torch.optim.SGD([p], lr=0.1, momentum=0.9), p), (torch.optim.Adam([q], lr=0.1), q)):
            tensor.grad = torch.ones(2)
            optimizer.step()
            optimizer.step()
        module = torch.nn.Linear(2, 1)
        torch.nn.init.ones_(module.weight)
        module.load_state_dict(torch.nn.Linear(2, 1).state_dict())
        torch.nn.BatchNorm1d(2)(x.expand(3, 2))
        return (p * x + q).sum() + module(x).sum()

    return func_of(torch).grad(function)(torch.ones(2))


def leaves_of_its_own_lead_nowhere(torch):
    def function(x):
        return x * x * torch.ones(2, requires_grad=True)

    output, product = func_of(torch).vjp(function, torch.ones(2))
    return output, product(torch.ones(2)), func_of(torch).grad(lambda x: function(x).sum())(torch.ones(2))


def a_leaf_for_a_product_from_outside(torch):
    F, results = func_of(torch), []
    _, product = F.vjp(lambda x: x * x, torch.ones(2))

    def function(x):
        v = torch.ones(2, requires_grad=True)
        results.append(torch.autograd.grad(product(v)[0].sum(), v)[0].detach() * 1)
        return (x * x).sum()

    return attempt(lambda: F.grad(function)(torch.ones(2))), len(results)


def what_requires_grad_outside(torch):
    leaf = torch.zeros(2, requires_grad=True)
    with torch.inference_mode():
        made_there = torch.zeros(2)
    unusual = [leaf, leaf * 1, made_there, torch.zeros(1).expand(2), torch.zeros(2, dtype=torch.int64)]
    return [attempt(lambda a=a: func_of(torch).grad(lambda x: (a.add_(1.5) * x).sum())(torch.ones(2))) for a in unusual]


def gradients_may_be_scaled(torch):
    p = torch.zeros(2)
    p.grad = torch.ones(2) * 100

    def function(x):
        torch.nn.utils.clip_grad_norm_([p], 1.0)
        return (x * x).sum()

    return func_of(torch).grad(function)(torch.ones(2)), p.grad


def a_state_is_not_loaded(torch):
    module = torch.nn.Linear(2, 1, bias=False)
    state = {name: torch.ones_like(tensor) for name, tensor in module.state_dict().items()}

    def function(x):
        module.load_state_dict(state)
        return module(x).sum()

    refused = attempt(lambda: func_of(torch).grad(function)(torch.ones(2)))
    return "mutate a captured Tensor" in refused[1], module.weight.detach()


PROGRAMS = [
    outer_computed, outer_constant, outer_argument, made_by_an_inner_transform, made_by_the_transform_before,
    all_is_allowed_afterwards, allowed_after_an_error, the_detached_argument_of_an_inner_transform,
    another_thread, hooks, functions, once_differentiable, its_own_tensors_in_place,
    its_own_optimisers_and_modules, leaves_of_its_own_lead_nowhere, a_leaf_for_a_product_from_outside,
    what_requires_grad_outside, gradients_may_be_scaled, a_state_is_not_loaded,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


OTHERS = {
    "grad": lambda F, f, x, y: F.grad(lambda x, y: f(x, y).sum())(x, y),
    "by name": lambda F, f, x, y: F.grad(lambda x, y: f(x, y).sum())(x, y=y),
    "in a tree": lambda F, f, x, y: F.grad(lambda x, y: f(x, y["a"][0]).sum())(x, {"a": [y, 3], "b": None}),
    "a view": lambda F, f, x, y: F.grad(lambda x, y: f(x, y).sum())(x, y[:]),
    "captured besides": lambda F, f, x, y: F.grad(lambda x, z: f(x, y).sum())(x, y),
    "grad_and_value": lambda F, f, x, y: F.grad_and_value(lambda x, y: f(x, y).sum())(x, y),
    "aux": lambda F, f, x, y: F.grad(lambda x, y: (f(x, y).sum(), y), has_aux=True)(x, y),
    "jacrev": lambda F, f, x, y: F.jacrev(lambda y, x: f(x, y), argnums=1)(y, x),
    "jacfwd": lambda F, f, x, y: F.jacfwd(f)(x, y),
    "hessian": lambda F, f, x, y: F.hessian(lambda x, y: f(x, y).sum())(x, y),
    "vjp": lambda F, f, x, y: F.vjp(f, x, y)[0],
    "captured by an inner": lambda F, f, x, y: F.grad(lambda x: F.grad(lambda x, y: f(x, y).sum())(x, y).sum())(x),
    "of both": lambda F, f, x, y: F.grad(lambda x, y: F.grad(lambda x, y: f(x, y).sum())(x, y).sum())(x, y),
    "twice": lambda F, f, x, y: [F.grad(lambda x, y: f(x, y).sum())(x, y) for _ in range(2)],
}
INTO = {
    "a number": lambda x, y: y.add_(1),
    "the argument": lambda x, y: y.add_(x),
    "an element": lambda x, y: (y.__setitem__(0, 3.0), y)[1],
    "data": lambda x, y: (y.data.add_(1), y)[1],
    "a view": lambda x, y: (y[:1].add_(1), y)[1],
}


@pytest.mark.parametrize("into", INTO)
@pytest.mark.parametrize("name", OTHERS)
def test_arguments_that_are_not_differentiated(name, into):
    def program(torch):
        x, y = x_of(torch, 2), torch.zeros(2)
        outcome = attempt(lambda: OTHERS[name](func_of(torch), lambda x, y: x * x * INTO[into](x, y), x, y))
        return outcome, x, y, y.add_(1)

    same(program)


def test_gradients_of_arguments_that_are_not_differentiated():
    def program(torch):
        F, x, y = func_of(torch), x_of(torch, 2), torch.ones(2, requires_grad=True)
        g = F.grad(lambda x, y: (x * x * y * y).sum())(x, y)
        g.sum().backward()
        inside = F.grad(lambda y: F.grad(lambda x, z: (x * x * z["k"]).sum())(x, z={"k": y * y}).sum())(y.detach())
        refused = attempt(lambda: F.grad(lambda x, y: (x * y.add_(1)).sum())(x, y))
        with torch.no_grad():
            unrecorded = F.grad(lambda x, y: (x * x * y).sum())(x, y)
        return g, y.grad, inside, refused, unrecorded

    same(program)


def _batch_norm(torch: Any) -> Any:
    module = torch.nn.BatchNorm1d(2)
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    return module, {name: p.detach() for name, p in module.named_parameters()}, buffers


NORMS = {
    "its own statistics": lambda F, m, p, b, x: F.grad(lambda p: F.functional_call(m, p, x).pow(2).sum())(p),
    "captured": lambda F, m, p, b, x: F.grad(lambda p: F.functional_call(m, (p, b), x).pow(2).sum())(p),
    "arguments": lambda F, m, p, b, x: F.grad(lambda p, b: F.functional_call(m, (p, b), x).pow(2).sum())(p, b),
    "no running count": lambda F, m, p, b, x: F.grad(
        lambda p: F.functional_call(m, (p, {"num_batches_tracked": None}), x).pow(2).sum()
    )(p),
    "evaluation": lambda F, m, p, b, x: F.grad(lambda p: F.functional_call(m.eval(), p, x).pow(2).sum())(p),
}


@pytest.mark.parametrize("name", NORMS)
def test_statistics_of_batch_norm(name):
    def program(torch):
        module, parameters, buffers = _batch_norm(torch)
        x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
        outcome = attempt(lambda: NORMS[name](func_of(torch), module, parameters, buffers, x))
        if isinstance(outcome, dict):  # a sum of squares of what is normalised: differences of rounding alone
            outcome = {key: (g * 1e3).round() for key, g in outcome.items()}
        return outcome, dict(module.named_buffers()), buffers

    same(program)


@pytest.mark.parametrize("of", ["Optimizer", "Module"])
def test_zero_grad_keeps_the_tensor(of):
    def program(torch):
        results = []
        for create_graph in (False, True):
            module = torch.nn.Linear(2, 1)
            module.weight.grad = torch.ones(1, 2).requires_grad_(create_graph) * (2 if create_graph else 1)
            g = module.weight.grad
            (torch.optim.SGD(module.parameters()) if of == "Optimizer" else module).zero_grad(set_to_none=False)
            results.append((g is module.weight.grad, g, module.weight.grad.requires_grad))
        return results

    same(program)


def test_tensors_are_marked_only_while_a_transform_runs():
    makers = [sys.modules[f"tinygrad_mlp.{name}"] for name in ("tensor.tensor", "tensor.dispatch", "tensor.copies")]

    def function(x):
        assert all(module.new is not object.__new__ for module in makers)
        return (x * x).sum()

    tinygrad_mlp.func.grad(function)(tinygrad_mlp.ones(2))
    with pytest.raises(AttributeError):
        tinygrad_mlp.func.grad(lambda x: x.no_such_attribute)(tinygrad_mlp.ones(2))
    assert all(module.new is object.__new__ for module in makers)
    assert not captured.running
