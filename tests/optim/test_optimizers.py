"""SGD, Adam and AdamW against torch's: trajectories, groups, state, refusals."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support.parity import same
from tinygrad_mlp.optim import optimizer

SHAPES = [(3, 4), (4,), (), (0, 2), (7, 5)]


def trajectory(framework: Any, name: str, options: dict[str, Any], dtype: str, steps: int = 6) -> list[np.ndarray]:
    framework.manual_seed(0)
    kind = getattr(framework, dtype)
    parameters = [framework.randn(shape, dtype=kind).requires_grad_() for shape in SHAPES]
    optimizer = getattr(framework.optim, name)(
        [{"params": parameters[:2]}, {"params": parameters[2:], "lr": options.get("lr", 1e-2) * 3}], **options
    )
    for step in range(steps):
        optimizer.zero_grad(set_to_none=step % 2 == 0)
        loss = sum(((p - 0.1 * step) ** 2).sum() + (p * p * p).sum() * 0.1 for p in parameters)
        if step == 3:
            optimizer.param_groups[0]["lr"] *= 0.5
        loss.backward()
        optimizer.step()
    return [p.detach().numpy() for p in parameters]


def assert_same_trajectory(name: str, options: dict[str, Any], dtype: str) -> None:
    ours, theirs = (trajectory(f, name, options, dtype) for f in (tinygrad_mlp, torch))
    rtol = 2e-5 if dtype == "float32" else 1e-12
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    """Updates go through large arrays in blocks; here the arrays are small, so the blocks must be smaller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizer, "BLOCK", 8)
        yield


rates = st.sampled_from([0.0, 1e-3, 0.01, 0.05])
decays = st.sampled_from([0, 0.01, 0.1])
dtypes = st.sampled_from(["float32", "float64"])


@given(
    st.fixed_dictionaries(
        {
            "lr": rates,
            "momentum": st.sampled_from([0, 0.5, 0.9]),
            "dampening": st.sampled_from([0, 0.3]),
            "weight_decay": decays,
            "maximize": st.booleans(),
        }
    ),
    st.booleans(),
    dtypes,
)
def test_sgd(options, nesterov, dtype):
    if nesterov and options["momentum"]:
        options = {**options, "dampening": 0, "nesterov": True}
    assert_same_trajectory("SGD", options, dtype)


@given(
    st.sampled_from(["Adam", "AdamW"]),
    st.fixed_dictionaries(
        {
            "lr": rates,
            "betas": st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)]),
            "eps": st.sampled_from([1e-8, 1e-3]),
            "weight_decay": decays,
            "amsgrad": st.booleans(),
            "maximize": st.booleans(),
        }
    ),
    dtypes,
)
def test_adam(name, options, dtype):
    assert_same_trajectory(name, options, dtype)


def closure_and_return_value(torch):
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(3)], w


def parameters_without_gradient_stay(torch):
    w, v = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([w, v])
    (w * 2).sum().backward()
    optimizer.step()
    return w, v, sorted(optimizer.state_dict()["state"])


def zero_grad_to_zero(torch):
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    (w * 2).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    kept = w.grad
    optimizer.zero_grad()
    return kept, w.grad


def update_is_seen_by_saved_tensors(torch):
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    loss.backward()


def keys_of_state(name, **options):
    def program(torch):
        w = torch.ones(2, requires_grad=True)
        optimizer = getattr(torch.optim, name)([w], **options)
        (w * w).sum().backward()
        optimizer.step()
        state = optimizer.state_dict()
        return sorted(state["state"].get(0, {})), state["param_groups"][0]["params"], list(state)

    return program


PROGRAMS = [
    closure_and_return_value,
    parameters_without_gradient_stay,
    zero_grad_to_zero,
    update_is_seen_by_saved_tensors,
    keys_of_state("SGD", lr=0.1, momentum=0.9),
    keys_of_state("Adam"),
    keys_of_state("AdamW", amsgrad=True),
    lambda torch: torch.optim.SGD([], lr=0.1),
    lambda torch: torch.optim.SGD(torch.ones(3, requires_grad=True), lr=0.1),
    lambda torch: torch.optim.SGD([torch.ones(3, requires_grad=True) * 2], lr=0.1),
    lambda torch: torch.optim.SGD([torch.ones(3, requires_grad=True)], lr=-0.1),
    lambda torch: torch.optim.SGD([torch.ones(3, requires_grad=True)], lr=0.1, momentum=-1),
    lambda torch: torch.optim.SGD([torch.ones(3, requires_grad=True)], lr=0.1, weight_decay=-1),
    lambda torch: torch.optim.SGD([torch.ones(3, requires_grad=True)], lr=0.1, nesterov=True),
    lambda torch: torch.optim.SGD([1.0], lr=0.1),
    lambda torch: repr(torch.optim.SGD({torch.ones(3, requires_grad=True)}, lr=0.1)),
    lambda torch: torch.optim.Adam([torch.ones(3)], betas=(1.0, 0.9)),
    lambda torch: torch.optim.Adam([torch.ones(3)], eps=-1),
    lambda torch: torch.optim.Adam([torch.ones(3)], lr=-1),
    lambda torch: torch.optim.AdamW([torch.ones(3)], weight_decay=-1),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize(("name", "options"), [("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {}), ("AdamW", {})])
def test_state_dict_goes_on_where_it_was(name, options):
    def run(steps_before: int, steps_after: int) -> np.ndarray:
        w = tinygrad_mlp.ones(3, requires_grad=True)
        optimizer = getattr(tinygrad_mlp.optim, name)([w], **options)
        for step in range(steps_before + steps_after):
            if step == steps_before:
                saved = copy.deepcopy(optimizer.state_dict())
                optimizer = getattr(tinygrad_mlp.optim, name)([w], lr=7.0)
                optimizer.load_state_dict(saved)
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        return w.detach().numpy()

    np.testing.assert_array_equal(run(3, 3), run(0, 6))


def test_a_state_dict_that_does_not_match_changes_nothing():
    w = tinygrad_mlp.ones(3, requires_grad=True)
    one, two = tinygrad_mlp.optim.Adam([w]), tinygrad_mlp.optim.Adam([w, tinygrad_mlp.ones(2, requires_grad=True)])
    (w * w).sum().backward()
    one.step()
    before = copy.deepcopy(one.state_dict())
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        one.load_state_dict(two.state_dict())
    np.testing.assert_array_equal(
        one.state_dict()["state"][0]["exp_avg"].numpy(), before["state"][0]["exp_avg"].numpy()
    )


def test_repr():
    assert repr(tinygrad_mlp.optim.SGD([tinygrad_mlp.ones(1)], lr=0.1)) == repr(
        torch.optim.SGD([torch.ones(1)], lr=0.1)
    )
