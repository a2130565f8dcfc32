"""What torch.tensor, as_tensor and Tensor take as data: every sequence and buffer, and what they refuse."""

from __future__ import annotations

import array
import collections
import fractions
from typing import Any

import numpy as np
import pytest

from support.two_worlds import assert_alike


class Items:
    """A sequence by its methods alone."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: int) -> Any:
        return self.values[i]


class WithoutLength:
    def __getitem__(self, i: int) -> int:
        return [1, 2][i]


class AsArray:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.ones(2)


class ItemsAndArray(Items):
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.zeros(2)


class AsFloat:
    def __float__(self) -> float:
        return 1.5


class AsIndex:
    def __index__(self) -> int:
        return 3


DATA = {
    "deque": lambda torch: collections.deque([1.0, 2.0]),
    "nested deques": lambda torch: collections.deque([[1, 2], (3, 4), collections.deque([5, 6])]),
    "array of doubles": lambda torch: array.array("d", [1, 2]),
    "array of bytes": lambda torch: array.array("b", [1, -2]),
    "arrays in a list": lambda torch: [array.array("f", [1, 2]), array.array("i", [3, 4])],
    "empty array": lambda torch: array.array("d"),
    "array of text": lambda torch: array.array("u", "ab"),
    "bytearray": lambda torch: bytearray(b"ab"),
    "bytes": lambda torch: b"ab",
    "bytes in a list": lambda torch: [b"ab", b"cd"],
    "bytearrays in a list": lambda torch: [bytearray(b"ab")],
    "memoryview": lambda torch: memoryview(b"ab"),
    "memoryview of doubles": lambda torch: memoryview(array.array("d", [1.5, 2])),
    "memoryview of a matrix": lambda torch: memoryview(np.ones((2, 3))),
    "memoryview in a list": lambda torch: [memoryview(b"ab")],
    "range": lambda torch: range(5, 0, -2),
    "ranges in a list": lambda torch: [range(2), range(2)],
    "UserList": lambda torch: collections.UserList([1.0, 2.0]),
    "items": lambda torch: Items([1.0, 2.0]),
    "nested items": lambda torch: Items([Items([1, 2]), [3, 4]]),
    "items of tensors": lambda torch: Items([torch.tensor(1.0), torch.tensor(2)]),
    "items of NumPy's numbers": lambda torch: collections.deque([np.float64(1), np.float64(2)]),
    "no items": lambda torch: Items([]),
    "without a length": lambda torch: WithoutLength(),
    "an array by protocol": lambda torch: AsArray(),
    "an array by protocol in a list": lambda torch: [AsArray()],
    "items and an array by protocol": lambda torch: ItemsAndArray([1, 2]),
    "as a float": lambda torch: [AsFloat()],
    "as an index": lambda torch: [AsIndex(), 1],
    "fraction": lambda torch: [fractions.Fraction(1, 2)],
    "size": lambda torch: [torch.Size([1, 2]), torch.Size([3, 4])],
    "different sequences": lambda torch: [collections.deque([1, 2]), (3, 4), range(2), array.array("i", [5, 6])],
    "unequal lengths": lambda torch: collections.deque([[1], [1, 2]]),
    "unequal depths": lambda torch: [1, [2]],
    "unequal depths, the other way": lambda torch: [range(2), 3],
    "empty ones": lambda torch: collections.deque([[], ()]),
    "text": lambda torch: "ab",
    "texts": lambda torch: ["a", "b"],
    "text behind a number": lambda torch: [1, "a"],
    "set": lambda torch: {1, 2},
    "dict": lambda torch: {0: 1.0},
    "OrderedDict": lambda torch: collections.OrderedDict({0: 1.0}),
    "generator": lambda torch: (i for i in range(2)),
    "None": lambda torch: None,
    "None in a list": lambda torch: [None],
    "an integer that does not fit": lambda torch: collections.deque([2**63]),
    "a float tensor": lambda torch: [torch.tensor(2.5)],
    "a tensor of several": lambda torch: collections.deque([torch.ones(2)]),
}
DTYPES = [None, "float32", "int64", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATA)
def test_tensor_of(name: str, dtype: str | None) -> None:
    assert_alike(lambda torch: torch.tensor(DATA[name](torch), dtype=dtype and getattr(torch, dtype)))


@pytest.mark.parametrize("name", DATA)
def test_as_tensor_and_new_tensor_of(name: str) -> None:
    assert_alike(lambda torch: torch.as_tensor(DATA[name](torch)))
    assert_alike(lambda torch: torch.ones(1, dtype=torch.float64).new_tensor(DATA[name](torch)))


@pytest.mark.parametrize(
    "name", ["deque", "array of doubles", "bytearray", "bytes", "memoryview", "range", "items", "set", "dict", "text"]
)
def test_the_class_called_with(name: str) -> None:
    assert_alike(lambda torch: torch.Tensor(DATA[name](torch)))


def test_a_list_in_itself_is_refused() -> None:
    def program(torch):
        data: list[Any] = []
        data.append(data)
        return torch.tensor(data)

    assert_alike(program)
