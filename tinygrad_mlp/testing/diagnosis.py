"""`diagnose` says of a wrong gradient what is wrong with it, where that can be told from the numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from . import kinds
from .comparison import Array, Comparison, as_numbers, broadcast_axes, rounding_of, rounding_of_sum
from .terms import term

Kind = Literal[
    "wrong sign",
    "factor",
    "not summed over a broadcast axis",
    "transposed",
    "zero",
    "shifted",
    "swapped",
    "missing term",
    "extra term",
    "scaled by an input",
    "wrong shape",
    "nan",
    "float32 inside",
    "one entry",
    "one row or column",
    "other",
]

Number = float | complex


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a gradient.

    `text` is one plain sentence. `where` is the index of the largest difference, `given` and `right` are the two
    numbers there; they and the largest differences are None where the shapes do not allow a comparison. `wrong` of the
    `entries` are wrong. `relative` is the largest difference beside the right number, inf beside 0.
    """

    kind: Kind
    text: str
    where: tuple[int, ...] | None
    given: Number | None
    right: Number | None
    wrong: int
    entries: int
    absolute: float | None
    relative: float | None

    def __str__(self) -> str:
        if self.where is None:
            return self.text
        if self.entries == 1:
            return f"{self.text} ({self.given:.8g} instead of {self.right:.8g})"
        at = f" at {self.where[0] if len(self.where) == 1 else self.where}" if self.where else ""
        largest = f"the largest difference{at}: {self.given:.8g} instead of {self.right:.8g}"
        return f"{self.text} ({self.wrong} of {self.entries} entries wrong; {largest})"


_ORDER = (
    kinds.sign,
    kinds.zero,
    kinds.known_factor,
    kinds.swapped,
    kinds.transposed,
    kinds.shifted,
    kinds.one_of_a_sum,
    kinds.factor,
    kinds.scaled,
    term,
    kinds.single_precision,
    kinds.place,
    kinds.partly,
)


def diagnose(
    given: Any,
    right: Any,
    error: Any,
    *,
    inputs: Mapping[str, Any] | None = None,
    cotangent: Any = None,
    gradients: Mapping[str, Any] | None = None,
) -> Diagnosis | None:
    """Compare a gradient with the right one, and say what is wrong with it; None if it is right to within the error.

    `given` and `right` are arrays, or None for `given` where there is no gradient, which is as good as zeros. `error`
    is that of `right`, and should allow for the rounding of `given`: a number, or an array that broadcasts. `inputs`
    are arrays that the gradient may have to do with, by name, `cotangent` that of the output, and `gradients` the
    right gradients of other inputs: with them more kinds can be told.

    A kind is named only if it accounts for every entry within the error, wrong or right, and if so good an agreement
    would be an accident in fewer than one of a thousand cases, by the size of the error beside that of the difference.
    Where two kinds fit, the one that comes first in this order is named:

    1. "wrong shape", with "not summed over a broadcast axis" and "transposed" where the shape and the numbers show it.
    2. "nan": every wrong entry is nan or infinite, here or there.
    3. "wrong sign", "zero", "factor" 2 or 1/2, "factor" n or 1/n where n is the length of an axis or the number of
       entries of an array in play. These are the only ones for gradients with one or two different numbers. For a
       single number, -1 times the right one is a wrong sign.
    4. "swapped", "transposed", "shifted", "not summed over a broadcast axis" (an entry of the axis instead of the sum).
    5. "factor", any other number in all entries.
    6. "scaled by an input": a factor too many or too few, which is an input or the cotangent.
    7. "missing term", "extra term": the difference is a multiple of the cotangent, an input, a product of two of these
       or of one and the square of another, or a constant; once before any other multiple. A term is missing if what
       is given is such a term by itself; it is extra if the right gradient is; otherwise the sign of the multiple
       decides, as nothing else can: a term with a plus that is there is extra, and one that is not there is missing.
    8. "float32 inside": float64 arrays that differ by the rounding of float32.
    9. "one entry" and "one row or column": where it is wrong; the text adds a sign, a zero or a factor.
    10. "wrong sign", "zero", "factor" as in 3, if they account for all the wrong entries and others are right.
    """
    if given is None:
        given = np.zeros_like(as_numbers(right))
        missing = True
    else:
        missing = False
    if np.shape(given) != np.shape(right):
        return _of_another_shape(as_numbers(given), as_numbers(right), error, rounding_of(given))
    with np.errstate(all="ignore"):
        case = Comparison(given, right, error, inputs, cotangent, gradients)
        if not case.wrong.any():
            return None
        kind, text = _kind(case)
        if missing and kind == "zero":
            text = "there is none where a gradient should be"
        return _diagnosis(case, kind, text)


def _kind(case: Comparison) -> tuple[Kind, str]:
    bad = ~np.isfinite(case.given[case.wrong]) | ~np.isfinite(case.right[case.wrong])
    if bad.any():
        text = _not_finite(case)
        return ("nan", text) if bad.all() else ("other", f"{text}, and other entries are wrong, too")
    for kind in _ORDER:
        found = kind(case)
        if found is not None:
            return cast(Kind, found[0]), found[1]
    return "other", "no simple reason is seen in the numbers"


def _not_finite(case: Comparison) -> str:
    given, right = case.given[case.wrong], case.right[case.wrong]
    if np.isnan(given).any():
        return "nan where a number should be" if np.isfinite(right).all() else "nan where it should not be"
    if np.isinf(given).any():
        return "infinite where a number should be" if np.isfinite(right).all() else "infinite where it should not be"
    return "a number where the right gradient is nan or infinite"


def _diagnosis(case: Comparison, kind: Kind, text: str) -> Diagnosis:
    distance = np.where(case.wrong, case.distance, -1.0)
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(distance)), distance.shape))
    relative = case.distance[case.wrong] / np.abs(case.right[case.wrong])
    return Diagnosis(
        kind=kind,
        text=text,
        where=where,
        given=case.given[where].item(),
        right=case.right[where].item(),
        wrong=int(np.sum(case.wrong)),
        entries=case.wrong.size,
        absolute=float(case.distance[where]),
        relative=float(np.max(np.where(np.isnan(relative), np.inf, relative))),
    )


def _of_another_shape(given: Array, right: Array, error: Any, eps: float) -> Diagnosis:
    kind, text = _shape_kind(given, right, np.broadcast_to(np.abs(as_numbers(error)), right.shape), eps)
    return Diagnosis(kind, text, None, None, None, right.size, right.size, None, None)


def _shape_kind(given: Array, right: Array, error: Array, eps: float) -> tuple[Kind, str]:
    shapes = f"its shape is {given.shape} where {right.shape} is right"
    axes = broadcast_axes(given.shape, right.shape)
    if axes and given.size > right.size:
        rounding = rounding_of_sum(given, axes, eps)
        which = f"axis {axes[0]} is" if len(axes) == 1 else f"axes {', '.join(map(str, axes))} are"
        if _close(given.sum(axis=axes).reshape(right.shape), right, error + rounding.reshape(right.shape)):
            return "not summed over a broadcast axis", f"the broadcast {which} not summed: {shapes}"
        return "wrong shape", f"{shapes}, and the sum over the broadcast {which} not right, either"
    if given.size == right.size and _close(given.reshape(right.shape), right, error):
        return "wrong shape", f"{shapes}; the numbers are right"
    for i in range(right.ndim):
        for j in range(i):
            swapped = right.swapaxes(i, j)
            if swapped.shape == given.shape and _close(given, swapped, error.swapaxes(i, j)):
                return "transposed", f"transposed: {shapes}"
    return "wrong shape", shapes


def _close(given: Array, right: Array, error: Array) -> bool:
    with np.errstate(all="ignore"):
        return not Comparison(given, right, error).wrong.any()
