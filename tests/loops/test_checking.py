"""What machine code answers for a guard: whether the same objects are in their places, and never that they are not."""

from __future__ import annotations

import collections
from types import CellType

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import loops
from tinygrad_mlp.compiler.guard import Guard, Identity
from tinygrad_mlp.compiler.loops import cache, checking
from tinygrad_mlp.compiler.state import State


def places_of_a_step():
    """The places that a training step can read."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Dropout(0.5), torch.nn.Linear(3, 2))
    optimizer = torch.optim.Adam(model.parameters())
    factors = [1.0, 2.0]
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()

    def step(x):
        optimizer.zero_grad()
        (model(x) * factors[0]).sum().backward()
        optimizer.step()

    return State(step)


def same_of(places):
    guard = Guard()
    for place in places:
        guard.place(place)
    return loops.same(guard)


def test_every_place_of_a_step_is_watched():
    state = places_of_a_step()
    same, answered = same_of(state.places)
    assert same() is True
    assert len(answered) > 0.9 * len(state.places)
    guard = Guard()
    watched = 0
    for place in state.places:
        guard.place(place)
        if guard.conditions[-1] not in answered or not place.can_be_put:
            continue
        watched += 1
        place.put(object())
        assert same() is False, place.path
        place.put(place.value)
        assert same() is True, place.path
    assert watched > 100


def guarded(holder, key, kind, value, others=20):
    """A guard with one condition, and enough others for it to be worth it."""
    guard, cell = Guard(), CellType(None)
    guard.identities = [Identity(f"{i}", cell, None, "cell", None) for i in range(others)]
    guard.identities.append(Identity("this", holder, key, kind, value))
    return guard


def emptied(x):
    x.clear()


CHANGES = [
    ([1, 2, 3], None, "len", 3, lambda x: x.append(4)),
    ([1, 2, 3], None, "len", 3, emptied),
    ({"a": 1}, None, "len", 1, emptied),
    ({1, 2}, None, "len", 2, lambda x: x.remove(1)),
    (collections.OrderedDict(a=1), None, "len", 1, lambda x: x.update(b=2)),
    (collections.defaultdict(int, a=1), "a", "item", 1, emptied),
    ({"a": None}, "a", "item", None, lambda x: x.update(a=False)),
    ({5: True}, 5, "item", True, lambda x: x.update({5: 1})),
    (CellType(0), None, "cell", 0, lambda x: setattr(x, "cell_contents", False)),
    (torch.ones(2), "needs_grad", "slot", False, lambda x: x.requires_grad_()),
    (torch.ones(2), "viewed", "slot", None, lambda x: setattr(x, "viewed", 1)),
    (torch.ones(2), "node", "slot", None, lambda x: setattr(x, "node", 1)),
]


@pytest.mark.parametrize("holder, key, kind, value, change", CHANGES)
def test_a_change_of_each_kind_is_seen(holder, key, kind, value, change):
    same, answered = loops.same(guarded(holder, key, kind, value))
    assert "this" in answered
    assert same() is True
    change(holder)
    assert same() is False


def test_a_list_that_moves_in_memory_is_read_where_it_is():
    value = object()
    items = [value]
    same, _ = loops.same(guarded(items, 0, "item", value))
    items += range(100_000)
    assert same() is True
    items[0] = 1
    assert same() is False


class Counting(dict):
    def __getitem__(self, key):
        return 1


class Key:
    def __hash__(self):
        raise AssertionError("code of the user runs")


@pytest.mark.parametrize(
    "holder, key, kind",
    [(Counting(a=2), "a", "item"), ({"a": 2}, Key(), "item"), (collections.deque([1]), None, "len"), ((1,), 0, "item")],
)
def test_what_it_does_not_know_is_left_to_the_guard(holder, key, kind):
    _, answered = loops.same(guarded(holder, key, kind, 1))
    assert "this" not in answered


def test_few_conditions_and_no_lock_are_not_worth_it(monkeypatch):
    assert loops.same(guarded({}, None, "len", 0, others=2)) == (None, set())
    monkeypatch.setattr(checking.sys, "_is_gil_enabled", lambda: False, raising=False)
    assert loops.same(guarded({}, None, "len", 0)) == (None, set())


def test_an_equal_number_in_a_place_asks_for_no_other_program():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3))
    factors = {"of": 1000.5}

    def step(x):
        return (model(x).detach() * factors["of"]).sum()

    compiled = torch.compile(step, backend="loops")
    x = torch.ones(2, 3)
    expected, *_ = [compiled(x).item() for _ in range(3)]
    for factor, sign in ((1000.5, 1), (-1000.5, -1), (1000.5, 1)):
        factors["of"] = float(str(factor))
        assert compiled(x).item() == pytest.approx(sign * expected, rel=1e-6)


def test_damaged_code_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path))
    for _ in range(2):
        checking._engine.cache_clear()
        same, _ = loops.same(guarded({}, None, "len", 0))
        assert same() is True
        (path,) = tmp_path.rglob("*.code")
        assert cache.found(["checking"]) is not None
        path.write_bytes(b"damaged\n" * 9)
        assert cache.found(["checking"]) is None
    checking._engine.cache_clear()
