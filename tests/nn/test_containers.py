"""Sequential, ModuleList, ModuleDict and the parameter containers against torch's: what they do as lists and dicts."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from support.two_worlds import assert_alike
from tinygrad_mlp import nn


def four(torch):
    return torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3), torch.nn.Tanh())


CONTAINER_PROGRAMS = [
    lambda torch, s: s[0],
    lambda torch, s: s[-1],
    lambda torch, s: s[1:3],
    lambda torch, s: s[::-2],
    lambda torch, s: s[4],
    lambda torch, s: s[-5],
    lambda torch, s: s["0"],
    lambda torch, s: [type(m).__name__ for m in s],
    lambda torch, s: len(s),
    lambda torch, s: (s.append(torch.nn.ELU()), s),
    lambda torch, s: (s.insert(1, torch.nn.ELU()), s),
    lambda torch, s: (s.insert(4, torch.nn.ELU()), s),
    lambda torch, s: s.extend([torch.nn.ELU(), torch.nn.SELU()]),
    lambda torch, s: s.append(3),
    lambda torch, s: s.extend(3),
    lambda torch, s: (s.pop(1), s),
    lambda torch, s: (s.pop(slice(0, 2)), s),
    lambda torch, s: (s.__setitem__(1, torch.nn.ELU()), s),
    lambda torch, s: s.__setitem__(1, 3),
    lambda torch, s: s.__setitem__(7, torch.nn.ELU()),
    lambda torch, s: (s.__delitem__(0), s),
    lambda torch, s: (s.__delitem__(slice(1, 3)), s),
    lambda torch, s: s.__delitem__(9),
    lambda torch, s: s + type(s)(),
    lambda torch, s: s.__iadd__(four(torch)),
    lambda torch, s: list(dict(s.named_parameters())),
]


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
@pytest.mark.parametrize("program", CONTAINER_PROGRAMS)
def test_containers(program, kind) -> None:
    def run(torch):
        modules = four(torch) if kind == "Sequential" else torch.nn.ModuleList(four(torch))
        result = program(torch, modules)
        return [repr(part) for part in (result if isinstance(result, (tuple, list)) else [result])]

    assert_alike(run)


def test_a_module_list_inserts_from_the_end() -> None:
    """Torch's Sequential does so too; its ModuleList takes a negative index for a name and breaks."""
    modules = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    modules.insert(-1, nn.ELU())
    assert [type(m) for m in modules] == [nn.ReLU, nn.ELU, nn.Tanh]


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.Sequential(),
        lambda torch: torch.nn.Sequential()(3),
        lambda torch: torch.nn.Sequential(3),
        lambda torch: torch.nn.Sequential(OrderedDict(a=torch.nn.ReLU(), b=torch.nn.Sequential(torch.nn.Tanh()))),
        lambda torch: torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(1, 1), b=torch.nn.ReLU()))[1:],
        lambda torch: torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(1, 1), b=torch.nn.ReLU())).a,
        lambda torch: four(torch) + four(torch),
        lambda torch: four(torch) + 1,
        lambda torch: four(torch) * 2,
        lambda torch: 2 * four(torch),
        lambda torch: four(torch) * 0,
        lambda torch: four(torch) * 1.5,
        lambda torch: four(torch).__imul__(2),
        lambda torch: [s := four(torch), s.insert(-1, torch.nn.ELU())],
        lambda torch: four(torch).insert(0, 3),
        lambda torch: four(torch).insert(9, torch.nn.ReLU()),
        lambda torch: torch.nn.ModuleList(),
        lambda torch: torch.nn.ModuleList(3),
        lambda torch: torch.nn.ModuleList([3]),
        lambda torch: torch.nn.ModuleList([torch.nn.ReLU()])(1),
        lambda torch: torch.nn.ModuleList([*(torch.nn.Linear(1, 1) for _ in range(3)), torch.nn.ReLU()]),
        lambda torch: torch.nn.ModuleList([four(torch) for _ in range(2)]),
        lambda torch: torch.nn.Sequential(torch.nn.ModuleList([four(torch) for _ in range(2)])),
        lambda torch: torch.nn.ModuleList([torch.nn.ReLU()]).__add__([torch.nn.Tanh()]),
        lambda torch: torch.nn.ModuleDict(),
        lambda torch: torch.nn.ModuleDict({"a": torch.nn.ReLU(), "b": torch.nn.Linear(1, 1)}),
        lambda torch: torch.nn.ModuleDict([("a", torch.nn.ReLU())]),
        lambda torch: torch.nn.ModuleDict({"a.b": torch.nn.ReLU()}),
        lambda torch: torch.nn.ModuleDict({"keys": torch.nn.ReLU()}),
        lambda torch: torch.nn.ModuleDict({"a": 3}),
        lambda torch: torch.nn.ModuleDict(3),
        lambda torch: torch.nn.ModuleDict({"a": torch.nn.ReLU()})["b"],
        lambda torch: torch.nn.ParameterList([torch.ones(2, 3), torch.nn.Parameter(torch.ones(4))]),
        lambda torch: torch.nn.ParameterList([torch.ones(2), 3]),
        lambda torch: torch.nn.ParameterList([torch.ones(2), torch.ones(3)])[5],
        lambda torch: torch.nn.ParameterList([torch.ones(2), torch.ones(3)])[1:],
        lambda torch: torch.nn.ParameterList(torch.ones(2)),
        lambda torch: torch.nn.ParameterList([torch.ones(2)])(),
        lambda torch: [list(p.shape) for p in torch.nn.ParameterList([torch.ones(2), torch.ones(3)]).parameters()],
        lambda torch: [list(p.shape) for p in torch.nn.ParameterList([torch.ones(2), torch.ones(3)])],
    ],
)
def test_making_containers(program) -> None:
    assert_alike(lambda torch: repr(program(torch)))


def test_module_dicts_are_dicts() -> None:
    def run(torch):
        d = torch.nn.ModuleDict({"a": torch.nn.ReLU(), "b": torch.nn.Tanh()})
        d["c"] = torch.nn.ELU()
        popped = d.pop("a")
        d.update({"d": torch.nn.SELU()})
        d.update(torch.nn.ModuleDict({"e": torch.nn.Linear(1, 1)}))
        del d["b"]
        answer = [repr(popped), len(d), list(d), list(d.keys()), [repr(m) for m in d.values()], "c" in d, "a" in d]
        answer.append([key for key, _ in d.items()])
        d.clear()
        return [*answer, repr(d)]

    assert_alike(run)
