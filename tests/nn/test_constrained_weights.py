"""Weight and spectral normalisation of nn.utils, in their older and newer forms, against torch."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from support.two_worlds import assert_alike


def linear(torch: Any, inputs: int = 3, outputs: int = 4) -> Any:
    torch.manual_seed(1)
    return torch.nn.Linear(inputs, outputs, dtype=torch.float64)


def batch(torch: Any, inputs: int = 3, rows: int = 2) -> Any:
    return torch.linspace(-1, 2, rows * inputs, dtype=torch.float64).reshape(rows, inputs)


def tensor_module(torch: Any, *shape: int, dtype: Any = None) -> Any:
    """A module with one parameter of a shape."""
    m = torch.nn.Module()
    m.weight = torch.nn.Parameter(torch.randn(*shape, dtype=dtype or torch.float64))
    return m


def seen(torch: Any, m: Any) -> Any:
    """What a module is, computes and learns: values, gradients and those of a second forward, names and state."""
    x = batch(torch, m.in_features)
    first, second = m(x), m(x)
    (first.square().sum() + second.sum()).backward()
    grads = {name: p.grad for name, p in m.named_parameters()}
    return (
        repr(m).replace("tinygrad_mlp", "torch"), first.detach(), m.eval()(x).detach(), grads, m.state_dict(),
        list(dict(m.named_parameters())), type(m.weight).__name__,
    )  # fmt: skip


# -- the older form: hooks ---------------------------------------------------------------------------

OLD = {
    "weight": lambda torch, m: torch.nn.utils.weight_norm(m),
    "weight, dim 1": lambda torch, m: torch.nn.utils.weight_norm(m, "weight", 1),
    "weight, all": lambda torch, m: torch.nn.utils.weight_norm(m, dim=None),
    "bias": lambda torch, m: torch.nn.utils.weight_norm(m, "bias"),
    "both": lambda torch, m: torch.nn.utils.weight_norm(torch.nn.utils.weight_norm(m), "bias", dim=None),
    "spectral": lambda torch, m: torch.nn.utils.spectral_norm(m),
    "spectral, iterations": lambda torch, m: torch.nn.utils.spectral_norm(m, n_power_iterations=4),
    "spectral, dim 1": lambda torch, m: torch.nn.utils.spectral_norm(m, dim=1, eps=1e-6),
}


@pytest.mark.parametrize("name", OLD)
def test_the_older_form(name: str) -> None:
    assert_alike(lambda torch: seen(torch, OLD[name](torch, linear(torch))), rtol=1e-9, scale=1e-3)


@pytest.mark.parametrize("name", OLD)
def test_the_older_form_removed(name: str) -> None:
    def program(torch: Any) -> Any:
        m = OLD[name](torch, linear(torch))
        m(batch(torch))
        remove = torch.nn.utils.remove_spectral_norm if "spectral" in name else torch.nn.utils.remove_weight_norm
        removed = remove(m, "bias" if name == "bias" else "weight")
        rest = m._forward_pre_hooks, m._state_dict_hooks, m._load_state_dict_pre_hooks
        return (
            removed is m,
            seen(torch, m),
            [len(hooks) for hooks in rest],
            remove(m, "bias" if name == "bias" else "weight"),
        )

    assert_alike(program, rtol=1e-9, scale=1e-3)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("name", ["weight", "spectral"])
def test_copies_of_the_older_form(name: str, copied: Any) -> None:
    def program(torch: Any) -> Any:
        with torch.no_grad():  # what has a graph cannot be copied
            m = OLD[name](torch, linear(torch))
            m(batch(torch))
            return copied(m)(batch(torch)), m.state_dict()

    assert_alike(program, rtol=1e-9)


def two_states(torch: Any) -> Any:
    """The state of a spectral norm, loaded into another module."""
    m, n = OLD["spectral"](torch, linear(torch)), OLD["spectral"](torch, torch.nn.Linear(3, 4, dtype=torch.float64))
    m(batch(torch))
    state = m.state_dict()
    return state._metadata, n.load_state_dict(state), n(batch(torch)).detach(), list(state)


def an_old_state(torch: Any) -> Any:
    """A state of the time when v was not kept but the weight was."""
    m, n = OLD["spectral"](torch, linear(torch)), OLD["spectral"](torch, torch.nn.Linear(3, 4, dtype=torch.float64))
    m(batch(torch))
    state = m.state_dict()
    state["weight"] = m.weight.detach()
    del state["weight_v"]
    del state._metadata[""]["spectral_norm"]
    return n.load_state_dict(state), n.eval()(batch(torch)).detach(), n.weight_v


def an_old_state_that_lacks_one(torch: Any) -> Any:
    n = OLD["spectral"](torch, linear(torch))
    return n.load_state_dict({"bias": n.bias})


def a_state_without_metadata(torch: Any) -> Any:
    n = OLD["spectral"](torch, linear(torch))
    return n.load_state_dict(dict(n.state_dict()))


def the_version_twice(torch: Any) -> Any:
    m = OLD["spectral"](torch, linear(torch))
    m._register_state_dict_hook(torch.nn.utils.spectral_norm.__globals__["SpectralNormStateDictHook"](
        next(iter(m._forward_pre_hooks.values()))
    ))  # fmt: skip
    return m.state_dict()


def from_the_older_form(torch: Any) -> Any:
    """The state of the older form of weight normalisation fits the newer one."""
    m = OLD["weight"](torch, linear(torch))
    n = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 4, dtype=torch.float64))
    net, other = torch.nn.Sequential(m), torch.nn.Sequential(n)
    return other.load_state_dict(net.state_dict()), n.weight, n.load_state_dict({"weight_g": m.weight_g})


STATES = [
    two_states, an_old_state, an_old_state_that_lacks_one, a_state_without_metadata, the_version_twice,
    from_the_older_form,
]  # fmt: skip


@pytest.mark.parametrize("program", STATES, ids=lambda f: f.__name__)
def test_states(program: Any) -> None:
    assert_alike(program, rtol=1e-9)


# -- the newer form: parametrizations ----------------------------------------------------------------

NEW = {
    "weight": lambda P, m: P.weight_norm(m),
    "weight, dim 1": lambda P, m: P.weight_norm(m, dim=1),
    "weight, all": lambda P, m: P.weight_norm(m, "weight", None),
    "bias": lambda P, m: P.weight_norm(m, "bias"),
    "spectral": lambda P, m: P.spectral_norm(m),
    "spectral, iterations": lambda P, m: P.spectral_norm(m, "weight", 3, 1e-8),
    "spectral, dim -1": lambda P, m: P.spectral_norm(m, dim=-1),
    "spectral, a vector": lambda P, m: P.spectral_norm(m, "bias"),
    "both": lambda P, m: P.spectral_norm(P.weight_norm(m), "bias"),
}


@pytest.mark.parametrize("name", NEW)
def test_the_newer_form(name: str) -> None:
    def program(torch: Any) -> Any:
        m = NEW[name](torch.nn.utils.parametrizations, linear(torch))
        before = seen(torch, m)
        twin = copy.deepcopy(m.train())
        m.weight = torch.full((4, 3), 0.5, dtype=torch.float64) if "bias" not in name else m.weight.detach()
        torch.nn.utils.parametrize.remove_parametrizations(
            m, "bias" if "vector" in name or name == "bias" else "weight"
        )
        return before, seen(torch, twin), seen(torch, m)

    assert_alike(program, rtol=1e-9, scale=1e-3)


@pytest.mark.parametrize("shape", [(4, 3, 2), (2, 3, 2, 2)])
@pytest.mark.parametrize("dim", [0, 1, 2, None])
def test_tensors_of_more_dimensions(shape: tuple[int, ...], dim: int | None) -> None:
    def program(torch: Any) -> Any:
        P = torch.nn.utils.parametrizations
        weight = P.weight_norm(tensor_module(torch, *shape), dim=dim)
        spectral = P.spectral_norm(tensor_module(torch, *shape), dim=dim)
        old = torch.nn.utils.spectral_norm(tensor_module(torch, *shape), dim=dim)
        return weight.weight, [p.shape for p in weight.parameters()], spectral.weight, old.weight_u, old.weight_v

    assert_alike(program, rtol=1e-9)


# -- refusals ---------------------------------------------------------------------------------------

WRONG = {
    "two of a kind": lambda torch: torch.nn.utils.weight_norm(torch.nn.utils.weight_norm(linear(torch))),
    "two spectral norms": lambda torch: torch.nn.utils.spectral_norm(torch.nn.utils.spectral_norm(linear(torch))),
    "no iterations": lambda torch: torch.nn.utils.spectral_norm(linear(torch), n_power_iterations=0),
    "no parameter": lambda torch: torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2, bias=False), "bias"),
    "no name": lambda torch: torch.nn.utils.weight_norm(linear(torch), "kernel"),
    "no iterations, newer": lambda torch: torch.nn.utils.parametrizations.spectral_norm(
        linear(torch), n_power_iterations=-1
    ),
    "no such dim": lambda torch: torch.nn.utils.parametrizations.spectral_norm(linear(torch), dim=2),
    "no spectral norm of no tensor": lambda torch: torch.nn.utils.parametrizations.spectral_norm(linear(torch), "x"),
    "no weight norm of no tensor": lambda torch: torch.nn.utils.parametrizations.weight_norm(linear(torch), "x"),
    "nothing to make orthogonal": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch), "x"),
    "an orthogonal vector": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch), "bias"),
    "an unknown map": lambda torch: torch.nn.utils.parametrizations.orthogonal(linear(torch), orthogonal_map="qr"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_refused(name: str) -> None:
    assert_alike(WRONG[name], rtol=1e-9)
