"""The text of a value at the end of a notebook's cell. What is expected is what IPython 9 gives."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

import tinygrad_mlp
from tinygrad_mlp.cli.shown import shown

ONES = tinygrad_mlp.ones(2, 2)


def function(x: Any, y: Any = 2) -> None:
    """A function to be shown."""


class Thing:
    """A class to be shown."""


def endless() -> list[Any]:
    x: list[Any] = [1]
    x.append(x)
    return x


CASES = {
    "short": ([1, (2,), {"a": {3}}, (), {}, set(), frozenset()], "[1, (2,), {'a': {3}}, (), {}, set(), frozenset()]"),
    "text": ("line\nbreak", "'line\\nbreak'"),
    "as long as a line": ([10**75, 1], f"[{10**75},\n 1]"),
    "shorter by one": ([10**73, 1], f"[{10**73}, 1]"),
    "long": (["word"] * 12, "[" + ",\n ".join(["'word'"] * 12) + "]"),
    "nested": ([[1, 2, 3]] * 9, "[" + ",\n ".join(["[1, 2, 3]"] * 9) + "]"),
    "a long dict": ({i: i * i for i in range(30)}, "{" + ",\n ".join(f"{i}: {i * i}" for i in range(30)) + "}"),
    "a set": (set("hello"), "{'e', 'h', 'l', 'o'}"),
    "tensors": ((ONES, ONES[0]), "(tensor([[1., 1.],\n         [1., 1.]]),\n tensor([1., 1.]))"),
    "tensors in dicts": (
        {"a": ONES, "b": [1, {"c": ONES}]},
        "{'a': tensor([[1., 1.],\n         [1., 1.]]),\n 'b': [1,\n  {'c': tensor([[1., 1.],\n           [1., 1.]])}]}",
    ),
    "a state": (
        OrderedDict(weight=ONES, bias=ONES[0]),
        "OrderedDict([('weight',\n              tensor([[1., 1.],\n                      [1., 1.]])),\n"
        "             ('bias', tensor([1., 1.]))])",
    ),
    "what has a text of its own": ([tinygrad_mlp.Size([2, 3])], "[torch.Size([2, 3])]"),
    "classes": ([int, Thing], f"[int, {__name__}.Thing]"),
    "a function": (function, f"<function {__name__}.function(x: 'Any', y: 'Any' = 2) -> 'None'>"),
    "endless": (endless(), "[1, [...]]"),
    "more than is shown": (list(range(2000)), "[" + ",\n ".join([*map(str, range(1000)), "..."]) + "]"),
}


@pytest.mark.parametrize("name", CASES)
def test_shown(name: str) -> None:
    value, expected = CASES[name]
    assert shown(value) == expected


def test_an_object_without_a_text() -> None:
    thing = Thing()
    assert shown(thing) == f"<{__name__}.Thing at {id(thing):#x}>"
