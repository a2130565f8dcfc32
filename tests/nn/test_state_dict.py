"""state_dict and load_state_dict against torch's: what is saved, loaded, missing and refused."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from support.networks import foo, network, small
from support.parity import same
from support.two_worlds import assert_alike


def filled(torch):
    """A network in which every tensor has its own number."""
    net = network(torch)
    with torch.no_grad():
        for i, tensor in enumerate(net.state_dict().values()):
            tensor.fill_(i)
    return net


def changed(torch, change):
    state = dict(small(torch).state_dict())
    change(torch, state)
    return state


CHANGES = [
    lambda torch, state: None,
    lambda torch, state: state.pop("0.bias"),
    lambda torch, state: state.update({"5.weight": torch.ones(1), "extra": torch.ones(1), "0": torch.ones(1)}),
    lambda torch, state: state.update({"0.extra": torch.ones(1)}),
    lambda torch, state: state.update({"0.bias.deep": torch.ones(1), "1.weight": torch.ones(1)}),
    lambda torch, state: state.update({"2.weight": torch.ones(3, 5)}),
    lambda torch, state: (
        state.pop("2.bias"),
        state.update({"x": 1, "0.weight": torch.ones(1), "2.weight": torch.ones(())}),
    ),
    lambda torch, state: state.update({"0.weight": torch.ones(4, 3, dtype=torch.float64) / 3}),
    lambda torch, state: state.update({"0.weight": torch.ones(4, 3, dtype=torch.int64)}),
    lambda torch, state: state.update({"0.weight": [1.0]}),
    lambda torch, state: state.clear(),
]


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_loading(change, strict, assign) -> None:
    """The answer, or the text with everything that was wrong; and what the model holds afterwards."""

    def run(torch):
        state = changed(torch, change)
        model = small(torch)
        before = model[0].weight
        answer = []
        try:
            keys = model.load_state_dict(state, strict=strict, assign=assign)
            answer = [repr(keys), keys.missing_keys, keys.unexpected_keys]
        except (RuntimeError, AttributeError) as error:
            answer = [type(error), str(error)]
        return answer, model.state_dict(), model[0].weight is before, all(p.requires_grad for p in model.parameters())

    assert_alike(run)


def test_state_dicts_share_memory() -> None:
    def run(torch):
        net = small(torch)
        state = net.state_dict()
        with torch.no_grad():
            net[0].bias.fill_(7)
        kept = net.state_dict(keep_vars=True)
        needs = [x.requires_grad for x in state.values()]
        return state, needs, kept["0.bias"] is net[0].bias, isinstance(state, OrderedDict)

    assert_alike(run)


def test_a_nested_state_is_loaded() -> None:
    def run(torch):
        net, other = filled(torch), network(torch)
        answer = other.load_state_dict(net.state_dict())
        return repr(answer), other.state_dict()

    assert_alike(run)


def test_a_number_is_loaded_from_a_vector_of_one() -> None:
    def run(torch):
        module = foo(torch)
        module.register_buffer("b", torch.zeros(()))
        module.load_state_dict({"b": torch.ones(1)})
        return module.b

    assert_alike(run)


def _with_extra(torch, saves=True, loads=True):
    class Extra(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)
            self.scale = torch.nn.Parameter(torch.ones(1))
            self.notes = "first"

        if saves:

            def get_extra_state(self):
                return {"notes": self.notes}

        if loads:

            def set_extra_state(self, state):
                self.notes = state["notes"]

    return torch.nn.Sequential(Extra(), torch.nn.ReLU(), Extra())


@pytest.mark.parametrize("loads", [True, False])
@pytest.mark.parametrize("saves", [True, False])
@pytest.mark.parametrize("strict", [True, False])
def test_what_a_module_keeps_beside_its_tensors(saves, loads, strict):
    def program(torch):
        first, second = _with_extra(torch, saves), _with_extra(torch, saves, loads)
        first[2].notes = "changed"
        state = first.state_dict()
        keys = list(state)
        result = second.load_state_dict(state, strict)
        return keys, list(result.missing_keys), list(result.unexpected_keys), second[0].notes, second[2].notes

    same(program)
