"""torch.autograd.backward and grad: every argument, alone and together, and what is refused."""

from __future__ import annotations

import collections

import pytest

from support.two_worlds import assert_alike

BACKWARD = [
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), inputs={"x": x}),
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), inputs=collections.OrderedDict(x=x)),
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), inputs={}),
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), inputs=[3]),
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), None, False, None, [x]),
    lambda torch, x, y: torch.autograd.backward(y, grad_variables=torch.ones(3)),
    lambda torch, x, y: torch.autograd.backward(y, torch.ones(3), grad_variables=torch.ones(3)),
    lambda torch, x, y: torch.autograd.backward([3]),
    lambda torch, x, y: torch.autograd.backward([y, y], [torch.ones(3)]),
    lambda torch, x, y: torch.autograd.backward([y], [torch.ones(3), torch.ones(3)]),
    lambda torch, x, y: torch.autograd.backward([y, x.detach()], [torch.ones(2), None]),
    lambda torch, x, y: torch.autograd.backward([x.detach(), y]),
    lambda torch, x, y: y.backward(torch.ones(3), True, False, [x]),
]

GRAD = [
    lambda torch, x, y: torch.autograd.grad(y.sum(), {"x": x, "again": x}),
    lambda torch, x, y: torch.autograd.grad(
        y.sum(), {"x": x, "u": torch.ones(2, requires_grad=True)}, allow_unused=True
    ),
    lambda torch, x, y: torch.autograd.grad(y.sum(), collections.OrderedDict(x=x)),
    lambda torch, x, y: torch.autograd.grad(y.sum(), {}),
    lambda torch, x, y: torch.autograd.grad(y.sum(), [3]),
    lambda torch, x, y: torch.autograd.grad(y, x, [torch.ones(3), torch.ones(3)]),
    lambda torch, x, y: torch.autograd.grad([y, y], x, [torch.ones(3)]),
    lambda torch, x, y: torch.autograd.grad(y.sum(), x, only_inputs=False),
    lambda torch, x, y: torch.autograd.grad(y.sum(), x, None, True, False, True, True, False, True),
    lambda torch, x, y: torch.autograd.grad(
        y.sum(),
        torch.autograd.graph.get_gradient_edge(torch.ones(2, requires_grad=True)),
        materialize_grads=True,
    ),
]


def _batched(**options):
    return lambda torch, x, y: torch.autograd.grad(
        options.get("of", lambda torch, y: y)(torch, y),
        options.get("to", lambda torch, x: x)(torch, x),
        options.get("along", lambda torch: torch.eye(3))(torch),
        is_grads_batched=True,
        **{key: value for key, value in options.items() if key not in ("of", "to", "along")},
    )


def _and_unused(torch, x):
    return [x, torch.ones(2, requires_grad=True)]


BATCHED = [
    _batched(),
    _batched(retain_graph=True),
    _batched(along=lambda torch: torch.ones(5, 3) * 2),
    _batched(along=lambda torch: torch.eye(3).double()),
    _batched(of=lambda torch, y: y.sum(), along=lambda torch: torch.arange(4.0)),
    _batched(
        of=lambda torch, y: [y, y.sum()], to=lambda torch, x: [x, x], along=lambda torch: [torch.eye(3), torch.ones(3)]
    ),
    _batched(of=lambda torch, y: torch.autograd.graph.get_gradient_edge(y)),
    _batched(to=_and_unused, allow_unused=True),
    _batched(to=_and_unused, materialize_grads=True),
    _batched(to=_and_unused),
    _batched(along=lambda torch: torch.ones(3)),
    _batched(along=lambda torch: torch.ones(2, 2)),
    _batched(along=lambda torch: torch.zeros(0, 3)),
    _batched(along=lambda torch: torch.tensor(1.0)),
    _batched(of=lambda torch, y: y.sum(), along=lambda torch: None),
    _batched(of=lambda torch, y: [y, y.sum()], along=lambda torch: [torch.eye(3), torch.ones(2)]),
]


@pytest.mark.parametrize("use", BACKWARD + GRAD + BATCHED, ids=range(len(BACKWARD + GRAD + BATCHED)))
def test_as_torch(use):
    def program(torch):
        x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
        y = x * x
        return use(torch, x, y), x.grad

    assert_alike(program)


def test_the_graph_is_freed_after_a_batch():
    def program(torch):
        x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
        y = x * x
        torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)
        y.sum().backward()

    assert_alike(program)


def test_gradients_of_a_batch_can_be_differentiated():
    def program(torch):
        x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
        (jacobian,) = torch.autograd.grad(x * x * x, x, torch.eye(3), is_grads_batched=True, create_graph=True)
        jacobian.sum().backward()
        return x.grad

    assert_alike(program)


@pytest.mark.parametrize("mode", [3, "no", None])
def test_modes_are_bools(mode):
    for function in ("set_grad_enabled", "set_anomaly_enabled"):
        assert_alike(lambda torch, function=function: getattr(torch, function)(mode))
