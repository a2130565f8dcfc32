"""The smallest inputs that show a fault: shorter axes first, then plainer numbers, as long as the fault stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .subject import Array, array_of, is_floating, is_tensor

SECONDS = 2.0
MOST_ENTRIES = 12  # of an array whose numbers are made plain one by one

# The kinds of faults that are not about the numbers in a gradient.
APART = frozenset(
    {
        "not deterministic", "changed in place", "float32 inside", "float32", "raised", "summed down", "no gradient",
        "no derivative", "nan", "wrong shape", "not summed over a broadcast axis",
    }
)  # fmt: skip

Kinds = Callable[[Sequence[Any]], list[str]]


def smallest_inputs(inputs: Sequence[Any], kind: str, kinds: Kinds) -> list[Any]:
    """Smaller inputs that show the same kind of fault; what raises an exception is not smaller.

    Which number is wrong in a gradient and how is one kind here, as little can be told from a single number.
    """
    best = list(inputs)
    deadline = time.monotonic() + SECONDS

    def shows(tried: list[Any]) -> bool:
        try:
            return [_wider(k) for k in kinds(tried)[:1]] == [_wider(kind)]
        except Exception:
            return False

    for candidates in (_shorter, _plainer):
        found = True
        while found:
            found = False
            for tried in candidates(best):
                if time.monotonic() > deadline:
                    return best
                if shows(tried):
                    best, found = tried, True
                    break
    return best


def _wider(kind: str) -> str:
    return kind if kind in APART else "other"


# -- shorter axes ----------------------------------------------------------------------------------


def _shorter(inputs: list[Any]) -> Iterator[list[Any]]:
    """Each axis cut by itself, and all axes of one length together, as a batch or the inner axes of a product are."""
    arrays = [array_of(x) for x in inputs]
    axes = [(i, axis) for i, x in enumerate(arrays) if isinstance(x, np.ndarray) for axis in range(x.ndim)]
    for length in sorted({arrays[i].shape[axis] for i, axis in axes}, reverse=True):
        same = [(i, axis) for i, axis in axes if arrays[i].shape[axis] == length]
        for size in sorted({1, 2, length // 2, length - 1}):
            if 0 < size < length:
                yield from _cut(inputs, arrays, same, size)
                if len(same) > 1:
                    for one in same:
                        yield from _cut(inputs, arrays, [one], size)


def _cut(inputs: list[Any], arrays: list[Any], axes: list[tuple[int, int]], size: int) -> Iterator[list[Any]]:
    short = list(arrays)
    for i, axis in axes:
        short[i] = np.take(short[i], range(size), axis)
    yield _rebuilt(inputs, arrays, short)
    integers = [i for i, x in enumerate(short) if isinstance(x, np.ndarray) and x.dtype.kind in "iu"]
    if integers:  # indices into an axis that has become shorter
        yield _rebuilt(inputs, arrays, [x % size if i in integers else x for i, x in enumerate(short)])


# -- plainer numbers -------------------------------------------------------------------------------


def _plainer(inputs: list[Any]) -> Iterator[list[Any]]:
    """Whole arrays of plain numbers, and then single ones."""
    arrays = [array_of(x) for x in inputs]
    for i, x in enumerate(arrays):
        if not is_floating(x):
            continue
        now = _effort(x)
        ramp = np.arange(1, x.size + 1, dtype=x.dtype).reshape(x.shape)
        for plain in (np.zeros_like(x), np.ones_like(x), np.full_like(x, 2), ramp, np.round(x), np.round(x, 1)):
            if _effort(plain) < now:
                yield _rebuilt(inputs, arrays, [plain if k == i else y for k, y in enumerate(arrays)])
        if x.size <= MOST_ENTRIES:
            for place in range(x.size):
                for number in (0.0, 1.0, 2.0, -1.0, np.round(x.reshape(-1)[place], 1)):
                    plain = np.array(x)
                    plain.reshape(-1)[place] = number
                    if _effort(plain) < now:
                        yield _rebuilt(inputs, arrays, [plain if k == i else y for k, y in enumerate(arrays)])


def _effort(x: Array) -> int:
    """How much there is to read in the numbers."""
    known = {0.0: 0, 1.0: 1, 2.0: 2, -1.0: 3}
    return sum(known[v] if v in known else 2 + len(repr(v)) for v in x.reshape(-1).tolist())


def _rebuilt(inputs: list[Any], arrays: list[Any], changed: list[Any]) -> list[Any]:
    """The inputs with other arrays in them: tensors of the same framework, where they were tensors."""
    return [x if new is old else like(x, new) for x, old, new in zip(inputs, arrays, changed, strict=True)]


def like(x: Any, array: Array) -> Any:
    """A tensor or an array, as `x` is, with other numbers."""
    if not is_tensor(x):
        return array
    tensor = x.detach().new_tensor(array.tolist(), dtype=x.dtype).reshape(array.shape)
    return tensor.requires_grad_() if x.requires_grad else tensor
