"""Torch's own database of optimisers: every entry trains the same parameters, and is refused alike."""

import numpy as np
import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

import tinygrad_mlp

OPTIMISERS = {entry.name: entry for entry in optim_db if entry.name != "SparseAdam"}  # sparse gradients are not here
CASES = [
    pytest.param(entry, options.kwargs, id=f"{name}: {options.desc}")
    for name, entry in OPTIMISERS.items()
    for options in entry.optim_inputs_func("cpu")
]
# In Muon, matrices are rounded to bfloat16 in products of another order; in LBFGS, differences of gradients magnify
# rounding at every iteration.
TOLERANCES = {"Muon": 1e-2, "LBFGS": 1e-8}


def trained(world, entry, kwargs, steps=200):
    """The parameters of a small regression after some steps, and the state of the optimiser."""
    world.manual_seed(0)
    x, y = world.randn(12, 4, dtype=world.float64), world.randn(12, 3, dtype=world.float64)
    weights = [world.randn(4, 5, dtype=world.float64), world.randn(5, 3, dtype=world.float64)]
    parameters = [world.nn.Parameter(w) for w in weights]
    optimizer = getattr(world.optim, entry.name)(parameters, **translated(kwargs, world))

    def closure():
        optimizer.zero_grad()
        fit = ((x @ parameters[0]).tanh() @ parameters[1] - y).pow(2).mean()
        loss = fit + 0.1 * sum(
            p.pow(2).sum() for p in parameters
        )  # without it rounding decides where flat valleys lead
        loss.backward()
        return loss

    for _ in range(steps // 50 if entry.step_requires_closure else steps):  # LBFGS makes 20 at once
        if entry.step_requires_closure:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
    return [p.detach().numpy() for p in parameters], optimizer


@pytest.mark.parametrize("entry, kwargs", CASES)
def test_200_steps_are_torchs(entry, kwargs):
    ours, theirs = (trained(world, entry, kwargs)[0] for world in (tinygrad_mlp, torch))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCES.get(entry.name, 1e-10))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_state_goes_to_torch_and_back(name):
    entry = OPTIMISERS[name]
    worlds = (tinygrad_mlp, torch)
    for source, target in (worlds, worlds[::-1]):
        _, first = trained(source, entry, {}, steps=50)
        _, second = trained(target, entry, {}, steps=50)
        state = translated(first.state_dict(), target)
        second.load_state_dict(state)
        assert alike(translated(second.state_dict(), torch), translated(first.state_dict(), torch))


def translated(x, world):
    """A state with the tensors of a framework."""
    if isinstance(x, (torch.Tensor, tinygrad_mlp.Tensor)):
        return world.tensor(x.detach().numpy())
    if isinstance(x, dict):
        return {key: translated(value, world) for key, value in x.items()}
    return type(x)(translated(part, world) for part in x) if isinstance(x, (list, tuple)) else x


def alike(a, b):
    """Whether two states have the same entries with the same numbers."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a.double(), b.double())  # torch gives what it loads the dtype of the parameter
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b


@pytest.mark.parametrize("name", OPTIMISERS)
def test_states_have_torchs_names(name):
    ours, theirs = (trained(world, OPTIMISERS[name], {}, steps=50)[1].state_dict() for world in (tinygrad_mlp, torch))
    for key, state in theirs["state"].items():
        assert ours["state"][key].keys() == state.keys()
        for part in state.keys() & {"step", "exp_avg", "square_avg", "mu_product", "eta", "mu", "row_var"}:
            assert str(ours["state"][key][part].dtype) == str(state[part].dtype)
            assert tuple(ours["state"][key][part].shape) == tuple(state[part].shape)


ERRORS = [
    pytest.param(entry, error, id=f"{name}: {error.optimizer_error_input.desc}")
    for name, entry in OPTIMISERS.items()
    for error in entry.optim_error_inputs_func("cpu", torch.float64)
    if "complex" not in error.optimizer_error_input.desc
]


@pytest.mark.parametrize("entry, error", ERRORS)
def test_refusals(entry, error):
    given = error.optimizer_error_input

    def made(world):
        seen = {}

        def parameter(p):
            return seen.setdefault(id(p), world.nn.Parameter(world.tensor(p.detach().numpy())))

        def parameters(x):
            if isinstance(x, torch.Tensor):
                return parameter(x)
            if isinstance(x, dict):
                return {key: parameters(value) for key, value in x.items()}
            return type(x)(map(parameters, x)) if isinstance(x, (list, tuple)) else x

        params = [world.nn.Parameter(world.ones(2, 2))] if given.params is None else parameters(given.params)
        return getattr(world.optim, entry.name)(params, **translated(given.kwargs, world))

    if issubclass(error.error_type, Warning):
        for world in (torch, tinygrad_mlp):
            with pytest.warns(error.error_type, match=error.error_regex):
                made(world)
    else:
        for world in (torch, tinygrad_mlp):
            with pytest.raises(error.error_type, match=error.error_regex):
                made(world)


@pytest.mark.parametrize("name", sorted(OPTIMISERS.keys() - {"LBFGS", "Muon"}))
def test_a_compiled_step_is_the_same(name):
    def run(compiled):
        torch = tinygrad_mlp
        torch.manual_seed(0)
        p = torch.nn.Parameter(torch.randn(3, 4))
        optimizer = getattr(torch.optim, name)([p])

        def step():
            optimizer.zero_grad()
            loss = (p * p).sum() + p.sin().sum()
            loss.backward()
            optimizer.step()
            return loss

        step = torch.compile(step) if compiled else step
        return [step().item() for _ in range(8)], p.tolist()

    (losses, elements), (plain_losses, plain_elements) = run(True), run(False)
    assert losses == pytest.approx(plain_losses, rel=1e-6)
    np.testing.assert_allclose(elements, plain_elements, rtol=1e-5, atol=1e-6)
