"""Numbers in steps, with torch's roundings: `arange` and `linspace` are equal to its own bit for bit.

A product and the sum that it goes into are rounded once there, as one instruction (fused multiply-add) does both
(RangeFactoriesKernel.cpp).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.dtypes import FLOATING

_HALF_OF_DIGITS = 2.0**27 + 1  # splits the digits of a double in two (Dekker 1971)


def arange(start: float, step: float, count: int, kind: Any) -> Any:
    """start + i step for i below `count`, in a floating dtype.

    Torch writes vectors of 32 bytes, two at a time. It computes the first number of a vector, rounds it, and adds the
    step 0, 1, 2, ... times to it; the numbers behind the last pair of vectors it computes one by one.
    """
    inner = np.float64 if kind.itemsize > 2 else np.float32
    first, by = float(inner(start)), float(inner(step))
    lanes, whole = _vectors(count, kind)
    heads = _fused(first, np.arange(0, whole, lanes)[:, None], by, inner).astype(kind)
    rest = _fused(first, np.arange(whole, count), by, inner).astype(kind)
    return _joined(_fused(heads, np.arange(lanes), by, inner).astype(kind), rest)


def linspace(start: float, end: float, count: int, kind: Any) -> Any:
    """`count` numbers from `start` to `end`: the second half is counted from the end. Integers are cut."""
    inner = kind.type if kind.kind in FLOATING else np.float64
    first, last = (inner(x if kind.kind in FLOATING else np.asarray(int(x)).astype(kind)) for x in (start, end))
    if count == 1:
        last = first
    step = (last - first) / inner(max(count - 1, 1))
    places = np.arange(count)
    base, places = np.where(places < count // 2, first, last), np.where(places < count // 2, places, places - count + 1)
    if kind.itemsize == 2 and kind.kind in FLOATING:
        return base + places.astype(kind) * step  # torch's own float16 rounds both
    return _fused(base, places, float(step), inner).astype(kind)


def logspace(start: float, end: float, count: int, base: float, kind: Any) -> Any:
    """`base` to the power of `count` numbers from `start` to `end`, in double, whose distance has the dtype."""
    if count == 1:
        return np.full(1, np.power(base, float(start))).astype(kind)
    first, last = (kind.type(x if kind.kind in FLOATING else int(x)) for x in (start, end))
    step = float(last - first) / max(count - 1, 1)
    places = np.arange(count)
    exponents = np.where(places < count // 2, float(first) + step * places, float(last) - step * (count - places - 1))
    return np.power(base, exponents).astype(kind)


def _vectors(count: int, kind: Any) -> tuple[int, int]:
    """How many numbers a vector has, and how many of all lie in pairs of vectors."""
    lanes = 32 // kind.itemsize
    return lanes, count // (2 * lanes) * (2 * lanes)


def _joined(vectors: Any, rest: Any) -> Any:
    return np.concatenate([vectors.reshape(-1), rest])


def _fused(base: Any, places: Any, step: float, kind: Any) -> Any:
    """base + places * step, rounded once to `kind`."""
    base = np.asarray(base, np.float64)
    if np.dtype(kind).itemsize < 8:  # the product is exact in double
        return (base + places * np.float64(step)).astype(kind)
    high = _HALF_OF_DIGITS * step
    high -= high - step
    coarse, fine = places * high, places * (step - high)  # both exact, as the places are no large numbers
    whole = base + coarse
    part = whole - base
    return whole + ((base - (whole - part)) + (coarse - part) + fine)
