"""The device "meta", on which tensors have a shape and a dtype and no data: for models that get their numbers later."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as ours
from support.two_worlds import assert_alike, state_of


def described(x: Any) -> Any:
    """What a tensor on any device says of itself."""
    return (
        repr(x), str(x.device), x.is_meta, x.dtype, tuple(x.shape), x.stride(), x.numel(), x.is_contiguous(),
        x.requires_grad, x.element_size(), x.ndim, x.is_floating_point(),
    )  # fmt: skip


def described_module(m: Any) -> Any:
    return [(name, described(t)) for part in (m.named_parameters(), m.named_buffers()) for name, t in part]


def network(torch: Any, device: Any = "meta") -> Any:
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4, device=device), torch.nn.LayerNorm(4, device=device), torch.nn.ReLU(),
        torch.nn.Linear(4, 2, bias=False, device=device, dtype=torch.float64),
    )  # fmt: skip


MADE = {
    "empty": lambda torch: torch.empty(2, 3, device="meta"),
    "0-d": lambda torch: torch.empty((), device="meta", dtype=torch.int64),
    "of no elements": lambda torch: torch.empty(0, 3, device="meta"),
    "by its object": lambda torch: torch.empty(2, device=torch.device("meta"), dtype=torch.float64, requires_grad=True),
    "zeros": lambda torch: torch.zeros(2, device="meta", dtype=torch.bool),
    "ones": lambda torch: torch.ones((2, 3), device="meta"),
    "full": lambda torch: torch.full((2,), 3, device="meta"),
    "tensor": lambda torch: torch.tensor([[1, 2]], device="meta"),
    "like one": lambda torch: torch.zeros_like(torch.empty(2, device="meta")),
    "like another": lambda torch: torch.ones_like(torch.ones(2, 3), device="meta"),
    "on the CPU, like one": lambda torch: torch.zeros_like(torch.empty(2, device="meta"), device="cpu"),
    "new_zeros": lambda torch: torch.empty(2, device="meta").new_zeros(3),
    "new_full": lambda torch: torch.empty(2, device="meta").new_full((3,), 1.0),
    "new, on the CPU": lambda torch: torch.empty(2, device="meta").new_ones(3, device="cpu"),
    "detached": lambda torch: torch.empty(2, device="meta", requires_grad=True).detach(),
    "a gradient is asked for": lambda torch: torch.empty(2, device="meta").requires_grad_(),
    "moved there": lambda torch: torch.ones(2, 3).to("meta"),
    "moved there in a dtype": lambda torch: torch.ones(2, 3).to("meta", torch.float16),
    "cast": lambda torch: torch.empty(2, device="meta").to(torch.float64),
    "cast to half": lambda torch: torch.empty(2, device="meta").half(),
    "of integers": lambda torch: torch.empty(2, device="meta").long(),
    "moved nowhere": lambda torch: torch.empty(2, device="meta").to("meta"),
    "in its order": lambda torch: torch.empty(2, device="meta").contiguous(),
    "zeroed": lambda torch: torch.empty(2, 2, device="meta").zero_(),
    "filled": lambda torch: torch.empty(2, device="meta").fill_(3),
    "written": lambda torch: torch.empty(2, 3, device="meta").copy_(torch.ones(2, 3)),
    "drawn": lambda torch: torch.empty(20, device="meta").uniform_(),
    "drawn normally": lambda torch: torch.empty(3, 20, device="meta").normal_(0, 1),
    "a parameter": lambda torch: torch.nn.Parameter(torch.empty(2, device="meta")),
    "a parameter that is copied": lambda torch: copy.deepcopy(network(torch)[0].weight),
    "a parameter that is pickled": lambda torch: pickle.loads(pickle.dumps(network(torch)[0].weight)),
    "too large for any memory": lambda torch: torch.nn.Linear(10**7, 10**7, bias=False, device="meta").weight,
    "a full one too large for any memory": lambda torch: torch.full((10**7, 10**7), 3.0, device="meta"),
    "like one too large for any memory": lambda torch: torch.ones_like(torch.zeros(10**7, 10**7, device="meta")),
    "of another dtype than the default": lambda torch: torch.empty(2, 3, device="meta", dtype=torch.float64),
}


@pytest.mark.parametrize("name", MADE)
def test_made_without_data(name: str) -> None:
    assert_alike(lambda torch: (described(MADE[name](torch)), state_of(torch)))


def a_model(torch: Any) -> Any:
    m = network(torch)
    return described_module(m), repr(m), [(n, described(t)) for n, t in m.state_dict().items()], state_of(torch)


def inside_a_block(torch: Any) -> Any:
    with torch.device("meta") as place:
        m = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
        others = torch.zeros(2), torch.tensor([1.0]), torch.ones(1, device="cpu")
        with torch.device("cpu"):
            inner = torch.zeros(2)
    return str(place), described_module(m), [described(x) for x in (*others, inner, torch.zeros(1))], state_of(torch)


def emptied(torch: Any) -> Any:
    m = network(torch)
    before = list(m.parameters())
    result = m.to_empty(device="cpu")
    after = list(m.parameters())
    for p in after:
        torch.nn.init.ones_(p)
    y = m[1](m[0](torch.ones(2, 3)))
    return result is m, [a is b for a, b in zip(before, after, strict=True)], described_module(m), y.detach()


def assigned(torch: Any) -> Any:
    m, state = network(torch), network(torch, "cpu").state_dict()
    result = m.load_state_dict(state, assign=True)
    shared = [p.data_ptr() == t.data_ptr() for p, t in zip(m.parameters(), state.values(), strict=True)]
    return repr(result), described_module(m), shared


def not_assigned(torch: Any) -> Any:
    m = torch.nn.Linear(3, 2, device="meta")
    return repr(m.load_state_dict(torch.nn.Linear(3, 2).state_dict())), described_module(m)


def from_one_to_another(torch: Any) -> Any:
    m = torch.nn.Linear(3, 2, device="meta")
    return repr(m.load_state_dict(torch.nn.Linear(3, 2, device="meta").state_dict())), described_module(m)


def loaded_into_the_cpu(torch: Any) -> Any:
    return torch.nn.Linear(3, 2).load_state_dict(torch.nn.Linear(3, 2, device="meta").state_dict())


def moved_there(torch: Any) -> Any:
    m = network(torch, "cpu")
    m[0](torch.ones(1, 3)).sum().backward()
    before = m[0].weight
    m.to("meta", torch.float16)
    return described_module(m), described(m[0].weight.grad), m[0].weight is before


def cast(torch: Any) -> Any:
    return described_module(network(torch).double()), described_module(network(torch).to(torch.float16))


def frozen(torch: Any) -> Any:
    m = network(torch).requires_grad_(False).eval()
    return described_module(m), [p.requires_grad for p in m.to_empty(device="cpu").parameters()]


def without_values(torch: Any) -> Any:
    skip = torch.nn.utils.skip_init
    m, n = skip(torch.nn.Linear, 3, 2), skip(torch.nn.Linear, in_features=3, out_features=2, device="meta")
    shapes = [(p.shape, str(p.device), p.requires_grad) for p in (*m.parameters(), *n.parameters())]
    return shapes, state_of(torch), type(m).__name__


PROGRAMS = [
    a_model, inside_a_block, emptied, assigned, not_assigned, from_one_to_another,
    moved_there, cast, frozen, without_values,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_models(program: Any) -> None:
    assert_alike(program, rtol=1e-6)


WRONG = {
    "item": lambda torch: torch.empty((), device="meta").item(),
    "item of several": lambda torch: torch.empty(2, device="meta").item(),
    "a truth value": lambda torch: bool(torch.empty((), device="meta")),
    "a float": lambda torch: float(torch.empty((), device="meta")),
    "a list": lambda torch: torch.empty(2, device="meta").tolist(),
    "NumPy": lambda torch: torch.empty(2, device="meta").numpy(),
    "an array": lambda torch: np.asarray(torch.empty(2, device="meta")),
    "to the CPU": lambda torch: torch.empty(2, device="meta").cpu(),
    "to the CPU by name": lambda torch: torch.empty(2, device="meta").to("cpu"),
    "to the CPU in a dtype": lambda torch: torch.empty(2, device="meta").to("cpu", torch.float64),
    "into a tensor": lambda torch: torch.ones(2).copy_(torch.empty(2, device="meta")),
    "a module to the CPU": lambda torch: network(torch).to("cpu"),
    "a module to the CPU, by its method": lambda torch: network(torch).cpu(),
    "loaded into the CPU": loaded_into_the_cpu,
    "no class": lambda torch: torch.nn.utils.skip_init(3),
    "no module": lambda torch: torch.nn.utils.skip_init(dict),
    "no device": lambda torch: torch.nn.utils.skip_init(torch.nn.ReLU),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_needs_numbers_is_refused(name: str) -> None:
    assert_alike(WRONG[name])


@pytest.mark.parametrize(
    "operator",
    [
        lambda x: x + 1, lambda x: 1 - x, lambda x: x @ x.detach(), lambda x: x.exp(), lambda x: x.sum(),
        lambda x: x[0], lambda x: x.T, lambda x: x.reshape(-1), lambda x: x.clone(), lambda x: list(x),
        lambda x: x + ours.ones(2, 2), lambda x: ours.ones(2, 2) @ x, lambda x: ours.equal(x, x),
        lambda x: ours.nn.Linear(2, 2)(x), lambda x: ours.nn.functional.softmax(x, 0), lambda x: ours.cat([x, x]),
        lambda x: x.max(), lambda x: ours.ones(2, 2).add_(x), lambda x: ours.where(x > 0, x, x), lambda x: x.argsort(),
    ],
)  # fmt: skip
def test_operators_are_refused(operator: Any) -> None:
    """Torch gives the shape of the result; here nothing is made up."""
    with pytest.raises(NotImplementedError, match="meta"):
        operator(ours.empty(2, 2, device="meta"))
