"""The roots and the inputs of backward and grad: several, inner ones, what nothing leads to, and what is refused."""

from __future__ import annotations

import pytest

from support.parity import same


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def several_roots(torch):
    x, w = _leaf(torch, 3), _leaf(torch, 3)
    y, z = (x * w).sum(), x.exp()
    torch.autograd.backward([y, z, z], [None, torch.ones(3), torch.ones(3) * 2])
    return x.grad, w.grad


def repeated_and_inner_inputs(torch):
    x = _leaf(torch, 3)
    y = x * x
    z = (y * x).sum()
    first = torch.autograd.grad(z, [x, y, x], retain_graph=True)
    return first, torch.autograd.grad([z, z], (x,), allow_unused=True), x.grad


def an_output_as_input(torch):
    x = _leaf(torch, 3)
    y = x * 2
    return torch.autograd.grad(y, [y, x], torch.ones(3)), torch.autograd.grad(x, x, torch.ones(3))


def unused_inputs(torch):
    x, w, c = _leaf(torch, 3), _leaf(torch, 2), _leaf(torch, 1)
    y = (x * x).sum()
    return (
        torch.autograd.grad(y, [w, x, c], allow_unused=True, retain_graph=True),
        torch.autograd.grad(y, [w, x, c], materialize_grads=True, retain_graph=True),
        torch.autograd.grad(y, [w, x, c], materialize_grads=True, allow_unused=True),
    )


def backward_towards_inputs(torch):
    x, w, b = _leaf(torch, 3), _leaf(torch, 3), _leaf(torch, 3)
    y = x * w
    z = (y + b).exp()
    z.sum().backward(inputs=[w, y], retain_graph=True)
    z.sum().backward(inputs=b)
    return x.grad, w.grad, b.grad, y.grad, y.retains_grad


def gradients_of_other_dtypes(torch):
    x = _leaf(torch, 3)
    return torch.autograd.grad(x * 2, x, torch.ones(3, dtype=torch.float64)), torch.autograd.grad(
        x * 2, x, torch.ones(3, dtype=torch.int64)
    )


def nothing_to_do(torch):
    return torch.autograd.backward([])


REFUSED = [
    lambda torch: torch.autograd.grad(_leaf(torch, 3) * 2, _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), torch.ones(3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), []),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), 3),
    lambda torch: torch.autograd.grad(3, _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(torch.ones(1), _leaf(torch, 3)),
    lambda torch: torch.autograd.grad(_leaf(torch, 3).sum(), _leaf(torch, 3), [torch.ones(1)]),
    lambda torch: torch.autograd.grad(
        _leaf(torch, 3).sum(), _leaf(torch, 3), materialize_grads=True, allow_unused=False
    ),
    lambda torch: torch.autograd.backward([_leaf(torch, 3).sum()], inputs=[]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3), _leaf(torch, 3)], [torch.ones(3)]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3)], [3]),
    lambda torch: torch.autograd.backward([_leaf(torch, 3).sum(), torch.ones(())]),
    lambda torch: _leaf(torch, 3).sum().backward(inputs=[torch.ones(3)]),
    lambda torch: torch.ones(3).backward(),
    lambda torch: (_leaf(torch, 3) * 2).backward(),
]
PROGRAMS = [
    several_roots, repeated_and_inner_inputs, an_output_as_input, unused_inputs, backward_towards_inputs,
    gradients_of_other_dtypes, nothing_to_do,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("program", REFUSED, ids=range(len(REFUSED)))
def test_refused_as_torch_refuses(program):
    same(program)
