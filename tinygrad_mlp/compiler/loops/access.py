"""Which element of which array a loop reads: views become index arithmetic.

    t = x.T; part = t[1:, None]  # part[i, j, k] of the view is x[k, i + 1]: no view is made

An access is an array with one entry for each of its axes. A view is resolved by asking NumPy itself: the call is made
on an array whose strides tell the axes apart, and the strides of the result say where its elements are.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..lines import Line, Value

ndarray = np.ndarray
_BITS = 62  # of an address that tells the axes apart, with a sign, and room for a sum of two
_VIEWING = frozenset((
    ndarray.transpose, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to, np.flip,
    np.diagonal, operator.getitem, ndarray.reshape, np.reshape,
))  # fmt: skip


class Entry(NamedTuple):
    """The index of one axis: `start + scale * i`, where i runs along an axis of the loop, or `start` alone."""

    axis: int | None
    scale: int = 1
    start: int = 0
    by: Any = None  # in place of that, the access to the integers that are the index


class Access(NamedTuple):
    """An array, and an entry for each of its axes."""

    base: Value
    entries: tuple[Entry, ...]


def whole(value: Value, space: tuple[int, ...]) -> Access:
    """The access to a value in a loop over this space, to whose shape it is broadcast as NumPy does it."""
    first = len(space) - len(value.shape)
    return Access(
        value, tuple(Entry(None) if size == 1 else Entry(first + axis) for axis, size in enumerate(value.shape))
    )


def has_index(shape: tuple[int, ...]) -> bool:
    """Whether views of an array of this shape can be told: of six axes, if none is longer than 511."""
    return bool(shape) and min(shape) > 0 and _bits(shape) * len(shape) <= _BITS


def _bits(shape: tuple[int, ...]) -> int:
    """In how many bits there are all indices and steps of an axis, which may be negative."""
    return 1 + max(shape).bit_length()


def view_of(line: Line) -> Access | None:
    """What the result of a line is a view of, in a loop over the result's shape; None if a loop cannot say it."""
    base, out = (line.args[0] if line.args else None), line.out
    if line.function not in _VIEWING or line.target is not None or not isinstance(base, Value):
        return None
    if not base.shape:
        return Access(base, ()) if line.function is np.broadcast_to else None
    if not has_index(base.shape):
        return None
    if len(line.reads()) > 1 or (out.kind == "made" and line.function is not np.broadcast_to):
        return None
    strides = tuple(1 << _bits(base.shape) * axis for axis in reversed(range(len(base.shape))))
    if line.function in (ndarray.reshape, np.reshape) and _without_ones(base.shape) != _without_ones(out.shape):
        return None
    dummy = as_strided(np.empty(1, np.uint8), base.shape, strides, writeable=False)
    if line.function in (ndarray.reshape, np.reshape):
        return _of_reshape(base, out)
    result = line.function(dummy, *line.args[1:], **line.kwargs)
    start = result.__array_interface__["data"][0] - dummy.__array_interface__["data"][0]
    steps = [0 if size == 1 else step for size, step in zip(result.shape, result.strides, strict=True)]
    return _decoded(base, steps, start)


def alias_of(line: Line, views: dict[Value, Access]) -> Value | None:
    """The array in C order of which a line makes a view in another shape; None if it does something else."""
    base, out = (line.args[0] if line.args else None), line.out
    if line.function not in (ndarray.reshape, np.reshape) or not isinstance(base, Value) or out.kind != "view":
        return None
    access = resolved(whole(base, base.shape), views)
    if 0 in base.shape or not access.base.in_c_order or access != whole(access.base, base.shape):
        return None
    return access.base if access.base.shape == base.shape else None


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _of_reshape(base: Value, out: Value) -> Access:
    """A view that adds or removes axes of length 1."""
    axes = iter(axis for axis, size in enumerate(out.shape) if size != 1)
    return Access(base, tuple(Entry(None) if size == 1 else Entry(next(axes)) for size in base.shape))


def _decoded(base: Value, strides: list[int], start: int) -> Access | None:
    """The access that strides and the position of the first element tell."""
    count, bits = len(base.shape), _bits(base.shape)
    scales: list[tuple[int | None, int]] = [(None, 0)] * count
    for axis, stride in enumerate(strides):
        for k, digit in enumerate(_digits(stride, count, bits)):
            if digit and scales[k][1]:
                return None
            if digit:
                scales[k] = (axis, digit)
    return Access(
        base,
        tuple(
            Entry(axis, scale or 1, first)
            for (axis, scale), first in zip(scales, _digits(start, count, bits), strict=True)
        ),
    )


def _digits(number: int, count: int, bits: int) -> list[int]:
    """A sum of multiples of the strides taken apart; the multiples have so many bits, and may be negative."""
    digits, base = [], 1 << bits
    for _ in range(count):
        digit = (number + base // 2) % base - base // 2
        digits.append(digit)
        number = (number - digit) // base
    return digits[::-1]


def composed(access: Access, view: Access) -> Access:
    """The access to the base of a view, where `access` is to the view."""
    entries = []
    for axis, scale, start, _ in view.entries:
        if axis is None:
            entries.append(Entry(None, 1, start))
            continue
        inner = access.entries[axis]
        if inner.by is not None:
            raise ValueError("an index array into a view")
        entries.append(Entry(inner.axis, scale * inner.scale, start + scale * inner.start))
    return Access(view.base, tuple(entries))


def resolved(access: Access, views: dict[Value, Access]) -> Access:
    """The access in terms of an array that is no view."""
    while access.base in views and all(entry.by is None for entry in access.entries):
        access = composed(access, views[access.base])
    return access
