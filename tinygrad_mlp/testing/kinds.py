"""The kinds of faults of a gradient: each function says in a sentence that its kind fits, or returns None."""

from __future__ import annotations

import itertools

import numpy as np

from .comparison import FEW, Array, Comparison, Found, broadcast_axes, largest, number

# -- the whole gradient is a multiple of the right one ---------------------------------------------


def sign(case: Comparison) -> Found:
    return ("wrong sign", "the sign is wrong") if case.fits(-case.right, case.error) else None


def zero(case: Comparison) -> Found:
    if case.wrong.any() and not np.any(case.given):
        return "zero", "zero where a gradient should be"
    return None


def known_factor(case: Comparison) -> Found:
    """Twice, half, and as often as an axis of the arrays in play is long."""
    lengths = _lengths(case)
    tried = 2 + 2 * len(lengths)
    mean = {n: f"{n} is {what}" for n, what in lengths.items()}
    for n in (2, *(n for n in lengths if n != 2)):
        because = f", where {mean[n]}" if n in mean else ""
        if case.fits(n * case.right, n * case.error, tried):
            if n == 2:
                also = f", or, as {mean[n]}, a mean taken for a sum" if because else ""
                return "factor", f"twice too large: is a term counted twice{also}?"
            return "factor", f"{n} times too large{because}: is a mean taken for a sum?"
        if case.fits(case.right / n, case.error / n, tried):
            if n == 2:
                also = f", or, as {mean[n]}, a sum taken for a mean" if because else ""
                return "factor", f"half of what it should be: is a factor 2 missing{also}?"
            return "factor", f"{n} times too small{because}: is a sum taken for a mean?"
    return None


def _lengths(case: Comparison) -> dict[int, str]:
    """The lengths of axes and the numbers of entries above 1, and what each is; the gradient's own come first."""
    found: dict[int, str] = {}
    arrays = {"": case.right, **{f" of {name}": value for name, value in case.values.items()}}
    for owner, array in arrays.items():
        for axis, n in enumerate(array.shape):
            found.setdefault(n, f"the length of axis {axis}{owner}")
    for owner, array in arrays.items():
        found.setdefault(array.size, f"the number of entries{owner}")
    return {n: what for n, what in found.items() if n > 1}


def factor(case: Comparison) -> Found:
    """Any other number by which all entries are multiplied."""
    at = largest(case.right)
    if case.distinct() < FEW or at is None:
        return None
    k = case.given[at] / case.right[at]
    unsure = case.error[at] * (1 + abs(k)) / abs(case.right[at])  # k is a quotient of two numbers with errors
    told = np.ones(case.right.shape, bool)
    told[at] = False
    if k == 0 or not case.fits(k * case.right, abs(k) * case.error + unsure * np.abs(case.right), told=told):
        return None
    return "factor", f"{number(k)} times what it should be, in every entry"


# -- the right numbers in the wrong places ---------------------------------------------------------


def swapped(case: Comparison) -> Found:
    if case.distinct() < FEW:
        return None
    for name, other in case.gradients.items():
        if other.shape == case.right.shape and case.fits(other, case.error, len(case.gradients)):
            return "swapped", f"it equals the gradient of {name}: are the two interchanged?"
    return None


def transposed(case: Comparison) -> Found:
    if case.distinct() < FEW:
        return None
    pairs = [(i, j) for i, j in itertools.combinations(range(case.right.ndim), 2) if _equal_lengths(case.right, i, j)]
    for i, j in pairs:
        if case.fits(case.right.swapaxes(i, j), case.error.swapaxes(i, j), len(pairs)):
            return "transposed", "transposed" if case.right.ndim == 2 else f"axes {i} and {j} are transposed"
    return None


def _equal_lengths(array: Array, i: int, j: int) -> bool:
    return bool(array.shape[i] == array.shape[j])


def shifted(case: Comparison) -> Found:
    """Off by one along an axis: what leaves at one end comes in at the other, or zeros or the outermost entries do."""
    if case.distinct() < FEW:
        return None
    axes = [axis for axis, n in enumerate(case.right.shape) if n >= FEW]
    for axis, step in itertools.product(axes, (1, -1)):
        ends = slice(0, 1) if step == 1 else slice(-1, None)
        end = (slice(None),) * axis + (ends,)
        error = np.maximum(np.roll(case.error, step, axis), case.error)
        rolled = np.roll(case.right, step, axis)
        emptied, repeated = rolled.copy(), rolled.copy()
        emptied[end], repeated[end] = 0.0, case.right[end]
        for moved in (rolled, emptied, repeated):
            if case.fits(moved, error, 6 * len(axes)):
                other = "i - 1" if step == 1 else "i + 1"
                return "shifted", f"off by one along axis {axis}: entry i has what entry {other} should have"
    return None


def one_of_a_sum(case: Comparison) -> Found:
    """One slice of the cotangent where the sum over a broadcast axis is right."""
    if case.cotangent is None or case.distinct() < FEW:
        return None
    axes = broadcast_axes(case.cotangent.shape, case.right.shape)
    if axes is None or len(axes) != 1 or not case.is_sum(case.cotangent, axes):
        return None
    axis, n = axes[0], case.cotangent.shape[axes[0]]
    for i in (0, n - 1):
        if case.fits(case.cotangent.take(i, axis).reshape(case.right.shape), case.error, 2):
            text = f"the broadcast axis {axis} of the cotangent is not summed: only entry {i} of it is taken"
            return "not summed over a broadcast axis", text
    return None


# -- an input or the cotangent is a factor ----------------------------------------------------------------


def scaled(case: Comparison) -> Found:
    """A factor too many or too few that is an input or the cotangent."""
    if case.distinct() < FEW:
        return None
    tried = 2 * len(case.values)
    for name, value in case.values.items():
        if broadcast_axes(case.right.shape, value.shape) is None:
            continue
        v = np.broadcast_to(value, case.right.shape)
        if case.fits(case.right * v, case.error * np.abs(v), tried):
            return "scaled by an input", f"multiplied by {name} once too often"
        if np.any(v == 0) and np.any(case.right[v == 0]):
            continue
        divisor = np.where(v == 0, 1.0, v)
        expected = np.where(v == 0, case.given, case.right / divisor)
        if case.fits(expected, case.error / np.abs(divisor), tried, told=v != 0):
            return "scaled by an input", f"a factor is missing: it should be multiplied by {name}"
    return None


# -- precision and place ---------------------------------------------------------------------------

SINGLE = float(np.finfo(np.float32).eps)


def single_precision(case: Comparison) -> Found:
    """Differences of the size of float32's rounding, in an array of float64."""
    if case.eps >= SINGLE or np.iscomplexobj(case.given) or np.iscomplexobj(case.right):
        return None
    relative = case.distance[case.wrong] / np.max(np.abs(case.right), initial=0.0, where=np.isfinite(case.right))
    # One rounding is at most half of SINGLE. A gradient is the work of several, and some of them are small.
    is_right_rounded = np.array_equal(case.given, case.right.astype(np.float32), equal_nan=True)
    if not (relative.max() <= 8 * SINGLE and (relative.max() >= SINGLE / 16 or is_right_rounded)):
        return None
    rounded = np.array_equal(case.given, case.given.astype(np.float32), equal_nan=True)
    differences = case.difference[case.wrong]
    both_signs = bool(np.any(differences > 0) and np.any(differences < 0))
    if rounded or (np.sum(case.wrong) >= FEW and both_signs):
        return "float32 inside", "right to seven digits only: is something computed in float32 inside?"
    return None


def place(case: Comparison) -> Found:
    """All that is wrong is in one entry, or in one row or column."""
    count = int(np.sum(case.wrong))
    if count == case.wrong.size:
        return None
    indices = np.nonzero(case.wrong)
    if count == 1:
        at = tuple(int(i[0]) for i in indices)
        return "one entry", f"only entry {at[0] if len(at) == 1 else at} is wrong{_there(case)}"
    for axis, each in enumerate(indices):
        if np.all(each == each[0]) and case.wrong.shape[axis] > 1:
            two = case.wrong.ndim == 2
            name = f"{('row', 'column')[axis]} {each[0]}" if two else f"index {each[0]} of axis {axis}"
            return "one row or column", f"only {name} is wrong{_there(case)}"
    return None


def _there(case: Comparison) -> str:
    found = pointwise(case.part(case.wrong))
    return "" if found is None else f": {found[1].partition(':')[0]}"


def pointwise(case: Comparison) -> Found:
    """What may hold for some entries only."""
    for kind in (sign, zero, known_factor):
        found = kind(case)
        if found is not None:
            return found
    return None


def partly(case: Comparison) -> Found:
    """A sign, a zero or a factor in the entries that are wrong, where others are right."""
    found = pointwise(case.part(case.wrong)) if np.sum(case.wrong) >= FEW else None
    return None if found is None else (found[0], f"in some of the entries, {found[1]}")
