"""nn.utils.parametrize: parameters that are computed from others, held against torch."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from support.two_worlds import assert_alike


def linear(torch: Any, inputs: int = 3, outputs: int = 3) -> Any:
    return torch.nn.Linear(inputs, outputs, dtype=torch.float64)


def parametrization(torch: Any, forward: Any, right_inverse: Any = None) -> Any:
    """A module made of one or two functions."""
    body = {"forward": lambda self, *args: forward(*args)}
    if right_inverse is not None:
        body["right_inverse"] = lambda self, x: right_inverse(x)
    return type("Given", (torch.nn.Module,), body)()


def symmetric(torch: Any) -> Any:
    return parametrization(torch, lambda x: x.triu() + x.triu(1).T, lambda x: x.triu())


def doubled(torch: Any) -> Any:
    return parametrization(torch, lambda x: x * 2, lambda x: x / 2)


def of_two(torch: Any) -> Any:
    """A product of two vectors, found from the first column and the first row of a matrix."""
    return parametrization(
        torch, lambda a, b: a.unsqueeze(1) * b, lambda x: (x[:, 0].clone(), (x[0] / x[0, 0]).clone())
    )


def without_inverse(torch: Any) -> Any:
    return parametrization(torch, lambda x: x * 2)


def registered(torch: Any, *makers: Any, unsafe: bool = False, name: str = "weight") -> Any:
    m = linear(torch)
    for make in makers:
        torch.nn.utils.parametrize.register_parametrization(m, name, make(torch), unsafe=unsafe)
    return m


def seen(torch: Any, m: Any, x: Any = None) -> Any:
    """What a module with parametrizations shows of itself, computes and learns."""
    x = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3) if x is None else x
    y = m(x)
    y.square().sum().backward()
    parameters = dict(m.named_parameters())
    return (
        repr(m).replace("tinygrad_mlp", "torch"), y.detach(), {name: (p, p.grad) for name, p in parameters.items()},
        dict(m.named_buffers()), m.state_dict(), type(m.weight).__name__, m.weight.requires_grad, m.weight.is_leaf,
    )  # fmt: skip


STACKS = {
    "symmetric": [symmetric],
    "two of them": [symmetric, doubled],
    "several originals": [of_two],
    "several originals, and then one": [of_two, doubled],
    "no inverse": [without_inverse],
    "no inverse, twice": [without_inverse, without_inverse],
}


@pytest.mark.parametrize("name", STACKS)
def test_a_parametrized_weight(name: str) -> None:
    assert_alike(lambda torch: seen(torch, registered(torch, *STACKS[name])), rtol=1e-12)


@pytest.mark.parametrize("name", STACKS)
def test_assigned(name: str) -> None:
    def program(torch: Any) -> Any:
        m = registered(torch, *STACKS[name])
        m.weight = torch.arange(1.0, 10.0, dtype=torch.float64).reshape(3, 3)
        return seen(torch, m)

    assert_alike(program, rtol=1e-12)


@pytest.mark.parametrize("leave", [True, False])
@pytest.mark.parametrize("name", STACKS)
def test_removed(name: str, leave: bool) -> None:
    def program(torch: Any) -> Any:
        P = torch.nn.utils.parametrize
        m = registered(torch, *STACKS[name])
        before = type(m).__name__, P.is_parametrized(m), P.is_parametrized(m, "bias")
        P.remove_parametrizations(m, "weight", leave_parametrized=leave)
        return before, P.is_parametrized(m), type(m) is torch.nn.Linear, seen(torch, m), hasattr(m, "parametrizations")

    assert_alike(program, rtol=1e-12)


def bias_too(torch: Any) -> Any:
    P = torch.nn.utils.parametrize
    m = registered(torch, symmetric)
    P.register_parametrization(m, "bias", doubled(torch))
    first = seen(torch, m)
    P.remove_parametrizations(m, "weight")
    return first, seen(torch, m), P.type_before_parametrizations(m) is torch.nn.Linear


def a_buffer(torch: Any) -> Any:
    m = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    P = torch.nn.utils.parametrize
    P.register_parametrization(m, "running_mean", doubled(torch))
    m.running_mean = torch.ones(3, dtype=torch.float64)
    first = m.running_mean, list(m.state_dict()), list(dict(m.named_buffers()))
    P.remove_parametrizations(m, "running_mean")
    return first, list(m.state_dict()), m.running_mean


def in_evaluation(torch: Any) -> Any:
    m = linear(torch).eval()
    p = symmetric(torch)
    torch.nn.utils.parametrize.register_parametrization(m, "weight", p)
    return p.training, m.train().parametrizations.weight[0].training


def learnt(torch: Any) -> Any:
    m = registered(torch, symmetric, doubled)
    optimizer = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        m(torch.ones(2, 3, dtype=torch.float64)).square().sum().backward()
        optimizer.step()
    return m.weight.detach(), m.bias


def cached(torch: Any) -> Any:
    m, n = registered(torch, symmetric), registered(torch, symmetric)
    P = torch.nn.utils.parametrize
    with P.cached():
        with P.cached():
            inside = m.weight
        again, other = m.weight, n.weight
        m.weight = torch.eye(3, dtype=torch.float64)
        stale = m.weight
        (m(torch.ones(1, 3, dtype=torch.float64)) + stale).sum().backward()
    return (
        inside is again,
        inside is other,
        stale,
        m.weight,
        m.weight is m.weight,
        m.parametrizations.weight.original.grad,
    )


def deep_copied(torch: Any) -> Any:
    m = torch.nn.Sequential(registered(torch, symmetric, doubled))
    twin = copy.deepcopy(m)
    twin[0].weight = torch.eye(3, dtype=torch.float64)
    return m[0].weight, twin[0].weight, type(m[0]) is type(twin[0]), isinstance(twin[0], torch.nn.Linear)


def pickled(torch: Any) -> Any:
    return pickle.dumps(registered(torch, symmetric))


def loaded(torch: Any) -> Any:
    m, n = registered(torch, symmetric), registered(torch, of_two)
    other = linear(torch)
    return (
        m.load_state_dict(registered(torch, symmetric).state_dict()), m.weight,
        list(n.load_state_dict(other.state_dict(), strict=False)), m.load_state_dict(n.state_dict()),
    )  # fmt: skip


def transferred(torch: Any) -> Any:
    P = torch.nn.utils.parametrize
    m, n, plain = registered(torch, symmetric, doubled), linear(torch), torch.nn.Module()
    P.register_parametrization(m, "bias", doubled(torch))
    P.transfer_parametrizations_and_params(m, n, "weight")
    P.transfer_parametrizations_and_params(m, plain)
    same = m.parametrizations.weight.original is n.parametrizations.weight.original
    return same, n.weight, P.is_parametrized(n, "bias"), plain.weight, plain.bias, repr(plain), repr(n)


def transferred_several(torch: Any) -> Any:
    P = torch.nn.utils.parametrize
    n = P.transfer_parametrizations_and_params(registered(torch, of_two), linear(torch))
    return n.weight, P.transfer_parametrizations_and_params(linear(torch), n) is n


def converted(torch: Any) -> Any:
    m = registered(torch, symmetric).float()
    return m.weight.dtype, m.parametrizations.weight.original.dtype, m(torch.ones(1, 3)).dtype


def called_functionally(torch: Any) -> Any:
    m = registered(torch, symmetric)
    w = torch.arange(9.0, dtype=torch.float64).reshape(3, 3)
    given = {"parametrizations.weight.original": w}
    return torch.func.functional_call(m, given, torch.ones(1, 3, dtype=torch.float64)), m.weight


def in_several_modules(torch: Any) -> Any:
    """One parametrization object on two weights."""
    p = doubled(torch)
    net = torch.nn.Sequential(linear(torch), linear(torch))
    for m in net:
        torch.nn.utils.parametrize.register_parametrization(m, "weight", p)
    return repr(net), net(torch.ones(1, 3, dtype=torch.float64)), list(net.state_dict())


PROGRAMS = [
    bias_too, a_buffer, in_evaluation, learnt, cached, deep_copied, pickled, loaded, transferred, transferred_several,
    converted, called_functionally, in_several_modules,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(program: Any) -> None:
    assert_alike(program, rtol=1e-12)


WRONG = {
    "no module": lambda torch: torch.nn.utils.parametrize.ParametrizationList([], torch.ones(2)),
    "no such name": lambda torch: registered(torch, symmetric, name="kernel"),
    "no parameter": lambda torch: registered(torch, symmetric, name="in_features"),
    "another shape": lambda torch: registered(torch, lambda t: parametrization(t, lambda x: x[0])),
    "another dtype": lambda torch: registered(torch, lambda t: parametrization(t, lambda x: x.float())),
    "no tensor": lambda torch: registered(torch, lambda t: parametrization(t, lambda x: 3)),
    "another shape, later": lambda torch: registered(torch, symmetric, lambda t: parametrization(t, lambda x: x[0])),
    "another dtype, later": lambda torch: registered(torch, symmetric, lambda t: parametrization(t, lambda x: x.int())),
    "no tensor, later": lambda torch: registered(torch, symmetric, lambda t: parametrization(t, lambda x: None)),
    "unsafe": lambda torch: seen(
        torch, registered(torch, symmetric, lambda t: parametrization(t, lambda x: x[:, :3] + x.sum()), unsafe=True)
    ),
    "the inverse no tensor": lambda torch: registered(
        torch, lambda t: parametrization(t, lambda x: x, lambda x: {x})
    ),
    "the inverse of another dtype": lambda torch: registered(
        torch, lambda t: parametrization(t, lambda x: x, lambda x: x.float())
    ),
    "the inverse of no tensors": lambda torch: registered(
        torch, lambda t: parametrization(t, lambda x, y: x, lambda x: (x, 3))
    ),
    "a later inverse, no tensor": lambda torch: registered(
        torch, symmetric, lambda t: parametrization(t, lambda x: x, lambda x: (x, x))
    ),
    "a later inverse, another dtype": lambda torch: registered(
        torch, symmetric, lambda t: parametrization(t, lambda x: x, lambda x: x.float())
    ),
    "a later inverse, another shape": lambda torch: registered(
        torch, symmetric, lambda t: parametrization(t, lambda x: x, lambda x: x[0])
    ),
    "removed from what has none": lambda torch: torch.nn.utils.parametrize.remove_parametrizations(
        linear(torch), "weight"
    ),
    "assigned another dtype": lambda torch: setattr(registered(torch, symmetric), "weight", torch.eye(3)),
    "assigned no tensor": lambda torch: setattr(
        registered(torch, lambda t: parametrization(t, lambda x: x, lambda x: x if hasattr(x, "dtype") else (3,))),
        "weight", 3,
    ),
    "assigned too many": lambda torch: assigned_parts(torch, lambda x: (x[0], x[1], x[2])),
    "assigned no sequence": lambda torch: assigned_parts(torch, lambda x: x[0] if x[0, 0] == 5 else (x[0], x[1])),
    "assigned no tensors": lambda torch: assigned_parts(torch, lambda x: (x[0], 3)),
    "assigned parts of another dtype": lambda torch: assigned_parts(torch, lambda x: (x[0], x[1].float())),
}  # fmt: skip


def assigned_parts(torch: Any, later: Any) -> Any:
    """Assign to a tensor of two originals, whose inverse gives something else by then."""
    inverse = [lambda x: (x[0].clone(), x[1].clone())]
    p = parametrization(torch, lambda a, b: a.unsqueeze(1) * b, lambda x: inverse[0](x))
    m = linear(torch)
    torch.nn.utils.parametrize.register_parametrization(m, "weight", p)
    inverse[0] = later
    m.weight = torch.full((3, 3), 5.0, dtype=torch.float64)


@pytest.mark.parametrize("name", WRONG)
def test_refused(name: str) -> None:
    assert_alike(WRONG[name], rtol=1e-12)


def test_an_attribute_of_the_class_is_in_the_way() -> None:
    def program(torch: Any) -> Any:
        class M(torch.nn.Linear):  # type: ignore[misc, name-defined]
            pass

        m = M(2, 2)
        M.weight = 3
        return torch.nn.utils.parametrize.register_parametrization(m, "weight", doubled(torch), unsafe=True)

    assert_alike(program)
