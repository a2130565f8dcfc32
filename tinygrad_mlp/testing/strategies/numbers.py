"""The numbers in arrays: which are plain, which are awkward, and the manners in which an array is filled with them.

An array has one manner for all its elements, because a nan anywhere makes many results nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, NamedTuple

import hypothesis.extra.numpy as npst
import numpy as np
from hypothesis import strategies as st
from scipy.special import ndtri

from ..refusals import UNKNOWN_AWKWARD

# Where rules go wrong: at zeros of either sign, where elements are equal, and at the ends of what a float holds.
AWKWARD = ("zero", "tie", "infinity", "nan", "subnormal", "huge")
NOT_FINITE = ("infinity", "nan")


def _plainness(x: float) -> Any:
    """The order in which numbers are plain: 0, 1, -1, 2, -2, ..., then halves, quarters, ... sixteenths."""
    return x.as_integer_ratio()[1], abs(x), x < 0


# Hypothesis shrinks to the front. With so few of them ties, zeros and the ends of domains occur.
_GRID = sorted((n / 16 for n in range(-48, 49)), key=_plainness)
_SMALL = (0, 1, -1, 2, -2, 3, -3, 4, -4)
_DIFFERENT = st.sampled_from(_GRID[1:])
_FEW = (1.0, -1.0, 2.0, -2.0, 0.5, -1.5, 3.0)  # beside awkward numbers
# Random numbers are made of steps, so that each shrinks by itself, and has as many choices to shrink as a plain one:
# hypothesis prefers few choices to small ones.
_STEPS = 2**20
_steps = st.integers(-_STEPS, _STEPS)

Transform = Callable[[Any], Any]  # of numbers between -1 and 1, none of them 0


class Manner(NamedTuple):
    """A way to fill an array: with `elements`, or with what `transform` makes of random numbers."""

    elements: Any
    transform: Transform | None = None


def kinds(awkward: bool | str | Collection[str], finite: bool) -> tuple[str, ...]:
    """The kinds of awkward numbers that the arguments of a strategy ask for. ValueError for a kind that is unknown."""
    wanted = AWKWARD if awkward is True else () if awkward is False else awkward
    wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for kind in wanted:
        if kind not in AWKWARD:
            raise ValueError(UNKNOWN_AWKWARD.format(kind=kind, known=", ".join(AWKWARD)))
    return tuple(kind for kind in AWKWARD if kind in wanted and not (finite and kind in NOT_FINITE))


def awkward_numbers(dtype: Any, kind: str) -> list[float]:
    """The numbers of a kind that a floating dtype holds, the plainest first; ties are no numbers."""
    limits = np.finfo(dtype)
    smallest, largest = float(limits.smallest_subnormal), float(limits.max)
    return {
        "zero": [0.0, -0.0],
        "tie": [],
        "infinity": [float("inf"), float("-inf")],
        "nan": [float("nan")],
        "subnormal": [smallest, -smallest],
        "huge": [largest, -largest],
    }[kind]


def _normal(scale: float) -> Manner:
    """Normally distributed numbers, none of them close to 0 beside `scale`."""
    return Manner(_steps, lambda u: np.sign(u) * scale * ndtri(0.525 + 0.475 * np.abs(u)))


def _subnormal(dtype: Any) -> Manner:
    """Numbers around the smallest that a dtype holds with all its digits."""
    low, high = (float(np.log10(float(x))) for x in (np.finfo(dtype).smallest_subnormal, np.finfo(dtype).tiny))
    return Manner(_steps, lambda u: np.sign(u) * 10.0 ** (low + np.abs(u) * (high + 0.25 - low)))


def _huge(dtype: Any) -> Manner:
    """Numbers of which the sum of a few is more than a dtype holds."""
    largest = float(np.finfo(dtype).max)
    return Manner(_steps, lambda u: np.sign(u) * largest * (0.15 + 0.8 * np.abs(u)))


@cache
def manners(dtype: Any, awkward: tuple[str, ...]) -> Any:
    """A strategy of the manners in which an array of a dtype is filled."""
    if dtype.kind == "f":
        return st.sampled_from(_floating(dtype, awkward))
    return st.sampled_from(_integers(dtype, awkward) if dtype.kind in "iu" else [Manner(st.booleans())])


def _floating(dtype: Any, awkward: tuple[str, ...]) -> list[Manner]:
    grid = [x for x in _GRID if x or "zero" in awkward]
    few = list(_FEW)
    found = [Manner(st.sampled_from(grid))] * 2
    if "tie" in awkward:
        found.append(Manner(st.sampled_from([float(x) for x in _SMALL if x or "zero" in awkward])))
    else:
        few = [x for x in grid if x]  # enough for all elements to differ
    special = [x for kind in awkward for x in awkward_numbers(dtype, kind)]
    if "zero" in awkward and "tie" in awkward:
        found.append(Manner(st.sampled_from([*special[:2], 1.0, -1.0])))
    if special:
        found += [Manner(st.sampled_from([*few, *special]))] * 2
    found += [_normal(1), _normal(1), _normal(1e-4), _normal(40)]
    found += [_subnormal(dtype)] if "subnormal" in awkward else []
    return found + ([_huge(dtype)] if "huge" in awkward else [])


def _integers(dtype: Any, awkward: tuple[str, ...]) -> list[Manner]:
    limits = np.iinfo(dtype)
    many = [x for x in sorted(range(-48, 49), key=_plainness) if x >= limits.min and (x or "zero" in awkward)]
    if "tie" not in awkward:
        return [Manner(st.sampled_from(many))]
    few = [x for x in many if abs(x) <= 4]
    found = [Manner(st.sampled_from(few))] * 3
    return found + ([Manner(st.sampled_from([*few, limits.max, limits.min]))] if "huge" in awkward else [])


@cache
def filled(dtype: Any, shape: tuple[int, ...], elements: Any, unique: bool = False) -> Any:
    """A strategy of arrays whose elements are drawn one by one."""
    return npst.arrays(dtype, shape, elements=elements, fill=st.nothing(), unique=unique)


def array(draw: Any, dtype: Any, shape: tuple[int, ...], awkward: tuple[str, ...]) -> Any:
    """Draw a contiguous array in one of the manners of a dtype."""
    manner = draw(manners(dtype, awkward))
    unique = "tie" not in awkward and dtype.kind != "b"
    if unique and math.prod(shape) > PLAIN_AT_MOST:
        manner = _normal(1) if dtype.kind == "f" else Manner(st.integers(1, np.iinfo(dtype).max))
    if manner.transform is None:
        return draw(filled(dtype, shape, manner.elements, unique))
    steps = draw(filled(np.dtype("int32"), shape, manner.elements, unique))
    array = np.asarray(manner.transform((steps + 0.5) / (_STEPS + 1))).astype(dtype)
    if unique and array.size <= PLAIN_AT_MOST and np.unique(array).size < array.size:  # by rounding
        return draw(filled(dtype, shape, _DIFFERENT, unique))
    return array


PLAIN_AT_MOST = 36  # different plain numbers; a larger array without ties has random ones


@cache
def number(dtype: Any, awkward: tuple[str, ...]) -> Any:
    """A strategy of Python floats that a floating dtype holds, or float32 instead of one of integers."""
    limits = dtype if dtype.kind == "f" else np.dtype("float32")
    special = [x for kind in awkward for x in awkward_numbers(limits, kind)]
    grid = [x for x in _GRID if x or "zero" in awkward]
    return st.one_of(st.sampled_from(grid), st.sampled_from([*_FEW, *special]), st.sampled_from((0.1, -2.3, 1e-3, 7.7)))
