"""nn.ParameterDict, and what is done to the parameters of a module as a vector, against torch's."""

from __future__ import annotations

import pytest

from support.parity import same

PROGRAMS = [
    lambda torch, d: repr(d),
    lambda torch, d: (d["b"], list(d), list(reversed(d)), len(d), "a" in d, "c" in d),
    lambda torch, d: (list(d.items()), list(d.values()), list(d.keys()), [n for n, _ in d.named_parameters()]),
    lambda torch, d: d.state_dict(),
    lambda torch, d: (d.pop("a"), list(d), d.popitem(), list(d), [n for n, _ in d.named_parameters()]),
    lambda torch, d: (d.setdefault("c", torch.ones(1)), d.setdefault("a"), d.get("x", 3), d.get("a"), list(d)),
    lambda torch, d: (d.clear(), len(d), list(d.parameters())),
    lambda torch, d: repr(d.copy()),
    lambda torch, d: repr(d | {"c": torch.ones(1), "b": torch.zeros(2, 2)}),
    lambda torch, d: repr(torch.nn.ParameterDict({"z": torch.ones(1)}) | d),
    lambda torch, d: repr(d.fromkeys(["x", "y"], 3)),
    lambda torch, d: (d.update([("c", torch.ones(2)), ["a", 5]]), repr(d)),
    lambda torch, d: d.update(3),
    lambda torch, d: d.update([3]),
    lambda torch, d: d.update([("a", 1, 2)]),
    lambda torch, d: d["x"],
    lambda torch, d: d[0],
    lambda torch, d: d.pop("x"),
    lambda torch, d: d.__delitem__("x"),
    lambda torch, d: d.__setitem__(3, torch.ones(1)),
    lambda torch, d: d(torch.ones(1)),
    lambda torch, d: d.load_state_dict({"a": torch.zeros(2), "b": torch.ones(1, 3)}),
    lambda torch, d: d.double()["b"],
    lambda torch, d: (setattr(d, "other", 3), repr(d)),
    lambda torch, d: torch.nn.ParameterDict([("a", torch.nn.Parameter(torch.ones(1))), ("b", "text")])["b"],
    lambda torch, d: torch.nn.utils.vector_to_parameters(torch.arange(4.0), d.parameters()),
    lambda torch, d: (torch.nn.utils.vector_to_parameters(torch.arange(6.0), d.parameters()), d.state_dict()),
    lambda torch, d: torch.nn.utils.vector_to_parameters(torch.ones(0), d.parameters()),
    lambda torch, d: torch.nn.utils.vector_to_parameters([1.0], d.parameters()),
    lambda torch, d: torch.nn.utils.parameters_to_vector(d.parameters()),
    lambda torch, d: (
        (d["a"].sum() * 3).backward(),
        torch.nn.utils.clip_grads_with_norm_(d.parameters(), 1.0, torch.tensor(4.0)),
        d["a"].grad,
    ),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_parameter_dict(program) -> None:
    same(lambda torch: program(torch, torch.nn.ParameterDict({"b": torch.ones(1, 3), "a": torch.zeros(2)})))
