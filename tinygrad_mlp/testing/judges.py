"""The numerical derivative, with an estimate of its own error; it also says where no derivative exists.

Central differences are taken at steps that shrink by a constant factor, and extrapolated to the step zero by
Richardson's scheme; the smallest difference between neighbours of the tableau estimates the error (Ridders 1982,
"Accurate computation of F'(x) and F'(x) F''(x)"; Press et al., "Numerical Recipes", 5.7). Nothing has to be chosen for
a function: neither a step nor a tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Line = Callable[[float], Array]  # all outputs, as one flat array, at the point plus t times a direction

# What the point is for an output, along a direction.
SMOOTH, KINK, JUMP, EDGE, NOT_FINITE = range(5)

RATIO = 4.0  # of a step and the next
STEPS_OF_NOISE = 2**18  # the step at which noise is measured, as a multiple of the rounding of 1
SAFETY = 10.0  # how many times its estimate the error of a judge is taken to be at most


@dataclass(frozen=True)
class Precision:
    """The steps that a floating type allows: the first, how many, and those at which both sides are compared."""

    eps: float
    first: float
    levels: int
    close: tuple[int, ...]

    @staticmethod
    def of(dtype: Any) -> Precision:
        if np.dtype(dtype).itemsize >= 8:
            return Precision(2.0**-52, 2.0**-5, 14, (8, 9, 10, 11))
        return Precision(float(np.finfo(dtype).eps), 2.0**-3, 6, (1, 2, 3, 4))


@dataclass
class Slope:
    """The derivative of each output along a direction: its value and error, or the slopes of the two sides."""

    value: Array
    error: Array
    left: Array
    right: Array
    state: Array


def noise_of(line: Line, middle: Array, ends: Sequence[int], eps: float) -> tuple[Array, Array]:
    """How much each output is off by rounding, and its slope, both from values very close to each other.

    The noise is that of the fourth differences, as smooth functions have none to speak of (Moré and Wild 2011,
    "Estimating computational noise"). It is at least the rounding of the largest number in the same array, of which
    `ends` says where each ends.
    """
    step = eps * STEPS_OF_NOISE
    values = np.array([line(k * step) for k in range(1, 7)])  # all on one side: a kink at the point is no rounding
    floor = np.zeros_like(middle)
    for a, b in zip([0, *ends], ends, strict=False):
        floor[a:b] = eps * np.max(np.abs(middle[a:b]), initial=0.0, where=np.isfinite(middle[a:b]))
    with np.errstate(all="ignore"):
        fourth = np.diff(values, 4, axis=0)
        measured = np.sqrt(np.mean(fourth**2, axis=0) / 70)  # the sum of the squares of 1, 4, 6, 4, 1
        closest = (values[-1] - values[0]) / (5 * step)
    return np.maximum(np.where(np.isfinite(measured), measured, 0.0), floor) + np.finfo(float).tiny, closest


def slope(line: Line, middle: Array, noise: Array, precision: Precision, closest: Array | None = None) -> Slope:
    """The derivative at 0 of a line through the point, for each output.

    `closest` is what `noise_of` has found of it: where that is known fewer steps may do.
    """
    with np.errstate(all="ignore"):
        value, error, bends, touched = _extrapolated(line, middle, noise, precision, closest)
        left, right = value.copy(), value.copy()
        state = np.where(~np.isfinite(middle) & touched, NOT_FINITE, SMOOTH)
        scale = np.max(np.abs(value), initial=0.0, where=np.isfinite(value))
        doubtful = ~(error <= 1e-4 * (scale + np.abs(value)) + 100 * noise / precision.first)
        if len(bends) > 1:
            (before, wide), (last, narrow) = bends[-2:]
            doubtful |= (np.abs(last) > 50 * noise) & ~(np.abs(last / narrow) < 0.6 * np.abs(before / wide))
        doubtful &= np.isfinite(middle)
        if doubtful.any():
            _look_at_sides(line, middle, noise, precision, doubtful, (left, right, state))
    return Slope(value, error, left, right, state)


def _extrapolated(
    line: Line, middle: Array, noise: Array, precision: Precision, closest: Array | None
) -> tuple[Array, Array, list[Any], Array]:
    """Value and error by Ridders' tableau; f(h) - 2 f(0) + f(-h) and h of each step; and what is finite nearby."""
    best = np.full(middle.shape, np.nan)
    least = np.full(middle.shape, np.inf)
    touched = np.zeros(middle.shape, bool)
    finite = np.isfinite(middle)
    above: list[Array] = []
    bends: list[Any] = []
    for level in range(precision.levels):
        step = precision.first * RATIO**-level
        plus, minus = line(step), line(-step)
        if not finite.all():
            touched |= np.isfinite(plus) | np.isfinite(minus)
        rounding = (noise + precision.eps * np.fmax(np.abs(plus), np.abs(minus))) / step
        bends.append((plus - 2 * middle + minus, step))
        row = [(plus - minus) / (2 * step)]
        if above:  # a finer difference that is further off than a coarser one: what was settled has settled wrongly
            least[np.abs(row[0] - best) > 2 * np.abs(above[0] - best) + SAFETY * (rounding + least)] = np.inf
        factor = RATIO**2
        for upper in above[:6]:
            row.append(row[-1] + (row[-1] - upper) / (factor - 1))
            error = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - upper)) + rounding
            better = error < least
            best, least = np.where(better, row[-1], best), np.where(better, error, least)
            factor *= RATIO**2
        above = row
        if level >= 2 or (level == 1 and closest is not None and _is_near(closest, best, noise, precision)):
            scale = np.max(np.abs(best), initial=0.0, where=np.isfinite(best))
            if np.all((least <= np.maximum(1e-11 * scale, SAFETY * rounding)) | ~finite):
                break
    return best, least, bends, touched


def _is_near(closest: Array, value: Array, noise: Array, precision: Precision) -> bool:
    """Whether slopes from wide steps are those very close to the point, as far as rounding lets it be seen."""
    apart = np.abs(closest - value)
    return bool(np.all(apart <= 1e-3 * np.abs(value) + SAFETY * noise / (precision.eps * STEPS_OF_NOISE)))


def _look_at_sides(
    line: Line, middle: Array, noise: Array, precision: Precision, doubtful: Array, found: tuple[Array, Array, Array]
) -> None:
    """Compare the slopes to the left and to the right at ever closer points, and write down where they part."""
    left, right, state = found
    steps = [precision.first * RATIO**-level for level in precision.close]
    plus, minus = [line(h) for h in steps], [line(-h) for h in steps]
    rights = [(x - middle) / h for x, h in zip(plus, steps, strict=True)]
    lefts = [(middle - x) / h for x, h in zip(minus, steps, strict=True)]
    rounding = 50 * noise / steps[-1]
    steep = np.maximum(np.abs(rights), np.abs(lefts))
    jump = np.all(steep[1:] > 1.5 * steep[:-1], axis=0) & (steep[-1] > rounding)
    apart = np.abs(np.subtract(rights, lefts))
    steady = (apart[1:] > 0.6 * apart[:-1]) & (apart[1:] < 1.6 * apart[:-1])
    kink = np.all(steady, axis=0) & (apart[-1] > rounding + 1e-5 * steep[-1])
    no_right, no_left = (~np.isfinite(sides).any(axis=0) for sides in (rights, lefts))
    kind = np.select([no_right | no_left, jump, kink], [EDGE, JUMP, KINK], SMOOTH)
    state[doubtful] = kind[doubtful]
    parted = doubtful & (kind != SMOOTH)
    left[parted], right[parted] = lefts[-1][parted], rights[-1][parted]


def complex_step(line: Callable[[complex], Array]) -> Array:
    """The derivative of each output of an analytic function that takes complex numbers: nothing is subtracted.

    Source: Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions".
    """
    step = 1e-40
    with np.errstate(all="ignore"):
        return np.imag(line(1j * step)) / step
