"""The options of optimisers against torch's: what is refused, at which call, and what changes nothing."""

from __future__ import annotations

import importlib

import pytest

import tinygrad_mlp
from support.parity import same

OPTIONS = [
    {"fused": True, "foreach": True}, {"fused": True, "differentiable": True}, {"fused": True}, {"foreach": True},
    {"foreach": False, "fused": False}, {"differentiable": True}, {"maximize": True}, {"other": 1},
    {"weight_decay": -1.0}, {"lr": -1.0},
]  # fmt: skip
OF_ADAM = [
    {"capturable": True}, {"betas": (1.0, 0.0)}, {"betas": (0.9, -0.1)}, {"betas": (0.9,)}, {"eps": -1.0},
    {"amsgrad": True, "weight_decay": 0.1}, {"decoupled_weight_decay": True, "weight_decay": 0.1},
    {"lr": -1.0, "eps": -1.0}, {"betas": (0, 0.5)}, {"eps": 0.0},
]  # fmt: skip
OF_SGD = [
    {"momentum": -1.0}, {"nesterov": True}, {"momentum": 0.9, "nesterov": True}, {"dampening": 0.1},
    {"momentum": 0.9, "nesterov": True, "dampening": 0.1},
]  # fmt: skip
CASES = [
    *((name, options) for name in ("SGD", "Adam", "AdamW") for options in OPTIONS),
    *((name, options) for name in ("Adam", "AdamW") for options in OF_ADAM),
    *(("SGD", options) for options in OF_SGD),
]


@pytest.mark.parametrize("name, options", CASES)
def test_options(name, options) -> None:
    def program(torch):
        p = torch.ones(2, requires_grad=True)
        optimizer = getattr(torch.optim, name)([p], **options)
        made = optimizer.defaults, repr(optimizer)
        (p * p).sum().backward()
        try:
            optimizer.step()
        except (RuntimeError, AssertionError) as error:
            return made, type(error).__name__, str(error)[:60], p
        return made, p, optimizer.state_dict()

    same(program)


TENSORS = [
    lambda torch: {"lr": torch.tensor(0.1)},
    lambda torch: {"lr": torch.tensor([0.1])},
    lambda torch: {"lr": torch.tensor([0.1, 0.2])},
    lambda torch: {"lr": torch.tensor(0.1), "foreach": True},
]
TENSORS_OF_ADAM = [
    lambda torch: {"lr": torch.tensor(0.1), "foreach": True, "capturable": True},
    lambda torch: {"betas": (torch.tensor(0.9), torch.tensor(0.99)), "foreach": True, "capturable": True},
    lambda torch: {"betas": (torch.tensor([0.9]), torch.tensor([[0.99]]))},
    lambda torch: {"betas": (torch.tensor([0.9, 0.8]), torch.tensor([0.99]))},
    lambda torch: {"betas": (torch.tensor(0.9), torch.tensor(0.99))},
    lambda torch: {"betas": (torch.tensor(0.9), 0.99)},
    lambda torch: {"betas": (torch.tensor(0.9), torch.tensor(0.99)), "foreach": True},
]


@pytest.mark.parametrize(
    "name, options", [(n, o) for n in ("SGD", "Adam") for o in TENSORS] + [("Adam", o) for o in TENSORS_OF_ADAM]
)
def test_options_that_are_tensors(name, options) -> None:
    def program(torch):
        p = torch.ones(2, requires_grad=True)
        optimizer = getattr(torch.optim, name)([p], **options(torch))
        (p * p).sum().backward()
        optimizer.step()
        return optimizer.defaults, p

    same(program)


@pytest.mark.parametrize(
    "name, options", [("SGD", {}), ("SGD", {"momentum": 0.9}), ("Adam", {}), ("AdamW", {"weight_decay": 0.0})]
)
def test_without_decay_an_infinite_parameter_stays(name, options) -> None:
    """Decay by 0 is none: the product of 0 and the parameter, which is nan, is not added."""

    def program(torch):
        p = torch.tensor([float("inf"), -float("inf"), 1.0], requires_grad=True)
        optimizer = getattr(torch.optim, name)([p], **options)
        for _ in range(2):
            p.grad = torch.ones(3)
            optimizer.step()
        return p, optimizer.state_dict()

    same(program)


GROUPS = [
    lambda torch, p, q: [("w", p), ("b", q)],
    lambda torch, p, q: [("w", p), q],
    lambda torch, p, q: [{"params": [("w", p)]}, {"params": [("b", q)], "lr": 0.5}],
    lambda torch, p, q: [{"params": [("w", p)]}, {"params": [q]}],
    lambda torch, p, q: [{"params": [p]}, {"params": [("b", q)]}],
    lambda torch, p, q: [p, p],
    lambda torch, p, q: [{"params": p}, {"params": p}],
    lambda torch, p, q: [p * 1],
    lambda torch, p, q: [{"params": {p, q}}],
    lambda torch, p, q: p,
    lambda torch, p, q: [1],
]


@pytest.mark.parametrize("groups", GROUPS)
def test_groups_and_names(groups) -> None:
    def program(torch):
        p, q = torch.ones(2, requires_grad=True), torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD(groups(torch, p, q), lr=0.1)
        (p.sum() * 2 + q.sum()).backward()
        optimizer.step()
        other = torch.optim.SGD(groups(torch, p, q), lr=0.2)
        other.load_state_dict(optimizer.state_dict())
        return p, q, optimizer.param_groups, other.state_dict(), repr(other)

    same(program)


def test_a_differentiable_step_without_history_is_an_ordinary_one() -> None:
    def program(torch):
        p = torch.ones(2)
        p.grad = torch.ones(2)
        torch.optim.SGD([p], lr=0.1, differentiable=True).step()
        return p

    same(program)


def test_a_step_that_would_have_to_be_recorded_is_refused() -> None:
    """Where torch records it: there is no silent step without a gradient."""
    torch = tinygrad_mlp
    p = torch.ones(2, requires_grad=True) * 1
    optimizer = torch.optim.SGD([p], lr=0.1, differentiable=True)
    p.grad = torch.ones(2)
    with pytest.raises(NotImplementedError, match="differentiable=True"):
        optimizer.step()


def test_the_sign_that_an_option_is_required_is_there_for_libraries() -> None:
    from tinygrad_mlp.optim.optimizer import required

    assert repr(required) == "<required parameter>" == repr(importlib.import_module("torch.optim.optimizer").required)
