"""func.functional_call, as torch has it."""

from __future__ import annotations

from typing import Any

import pytest

from support.functions_to_differentiate import func_of, x_of
from support.parity import same


def _tied(torch: Any) -> Any:
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 2)
            self.b = torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.register_buffer("calls", torch.zeros(1))
            self.plain = torch.ones(1)

        def forward(self, x, factor=1):
            self.calls = self.calls + 1
            return self.b(self.a(x)) * factor * self.plain

    torch.manual_seed(0)
    return Tied()


def parameters_given(torch):
    module, x = _tied(torch), torch.ones(1, 2)
    call = func_of(torch).functional_call
    before = [(name, p) for name, p in module.named_parameters()]
    weights = {"a.weight": torch.eye(2), "a.bias": torch.zeros(2), "b.bias": torch.zeros(2)}
    results = [call(module, weights, (x,), {"factor": 3}), call(module, weights, x), call(module, (weights, {}), x)]
    results.append(call(module, weights, x, tie_weights=False))
    results.append(call(module, {"plain": torch.ones(1) * 5}, x))
    results.append(call(module, {"unknown": torch.ones(1)}, x))
    return (
        results,
        hasattr(module, "unknown"),
        all(p is q for (_, p), q in zip(before, module.parameters(), strict=True)),
    )


def buffers_given(torch):
    module, buffers = _tied(torch), {"calls": torch.ones(1)}
    func_of(torch).functional_call(module, buffers, torch.ones(1, 2))
    return buffers["calls"], module.calls, module.plain


def parameters_restored_after_an_error(torch):
    module, kept = _tied(torch), None
    try:
        func_of(torch).functional_call(module, {"a.weight": torch.zeros(2, 2)}, torch.ones(1, 3))
    except RuntimeError as error:
        kept = type(error).__name__
    return module.a.weight, module.a.weight is module.b.weight, kept


def gradients_of_a_module(torch):
    F, module = func_of(torch), _tied(torch)
    params = {name: p.detach() for name, p in module.named_parameters()}
    x, y = x_of(torch, 4, 2), x_of(torch, 4, 2) * 2

    def loss(params, x, y):
        return ((F.functional_call(module, params, x) - y) ** 2).mean()

    grads, value = F.grad_and_value(loss)(params, x, y)
    return grads, value, [p.grad for p in module.parameters()]


def gradients_flow_to_parameters(torch):
    module, w = torch.nn.Linear(2, 1), torch.ones(1, 2).requires_grad_()
    func_of(torch).functional_call(module, {"weight": w * 2}, torch.ones(3, 2)).sum().backward()
    return w.grad, module.weight.grad, module.bias.grad


def _call(parameters: Any, **options: Any) -> Any:
    return lambda torch: func_of(torch).functional_call(_tied(torch), parameters(torch), torch.ones(1, 2), **options)


CALLS = {
    program.__name__: program
    for program in (
        parameters_given, buffers_given, parameters_restored_after_an_error, gradients_of_a_module,
        gradients_flow_to_parameters,
    )
} | {
    "strict": _call(lambda torch: {"a.weight": torch.eye(2), "z": torch.ones(1)}, strict=True),
    "missing": _call(lambda torch: {"a.weight": torch.eye(2)}, strict=True),
    "tied twice": _call(lambda torch: {"a.weight": torch.eye(2), "b.weight": torch.eye(2)}),
    "given twice": _call(lambda torch: [{"a.bias": torch.ones(2)}, {"a.bias": torch.ones(2)}]),
    "no dicts": _call(lambda torch: [{"a.bias": torch.ones(2)}, 3]),
    "no dict": _call(lambda torch: 3),
    "no tensor": _call(lambda torch: {"a.bias": 3}),
    "no module": _call(lambda torch: {"z.bias": torch.ones(2)}),
    "a module": _call(lambda torch: {"a": torch.ones(2)}),
}  # fmt: skip


@pytest.mark.parametrize("program", CALLS.values(), ids=CALLS.keys())
def test_functional_call(program):
    same(program)
