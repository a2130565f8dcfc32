"""A gradient beside the right one: which entries are wrong, and whether a supposition about them holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = Any
Found = tuple[str, str] | None  # the kind of a fault and a sentence, or that the kind does not fit

# A supposition counts only where the numbers would agree with it by accident in fewer than one of a thousand cases.
BY_ACCIDENT = 1e-3
FEW = 3  # with fewer different numbers than this, most suppositions would fit something


def as_numbers(value: Any) -> Array:
    """An array of float64 or complex128, of anything that NumPy reads as an array of numbers."""
    array = np.asarray(value)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def rounding_of(value: Any) -> float:
    """The distance from 1 to the next number of the array's dtype; of float64 for integers."""
    dtype = np.asarray(value).dtype
    return float(np.finfo(dtype if dtype.kind in "fc" else np.float64).eps)


class Comparison:
    """Two arrays of one shape, the second of which is right to within `error`.

    An entry is wrong where the difference is above the error. Where both have nan, or the same infinity, it is right;
    where the error is not finite, nothing is known, and it counts as right.
    """

    def __init__(
        self,
        given: Any,
        right: Any,
        error: Any,
        inputs: Mapping[str, Any] | None = None,
        cotangent: Any = None,
        gradients: Mapping[str, Any] | None = None,
    ) -> None:
        self.given, self.right = as_numbers(given), as_numbers(right)
        self.eps = rounding_of(given)
        self.error = np.broadcast_to(np.abs(as_numbers(error)), self.right.shape)
        self.inputs = {name: as_numbers(value) for name, value in (inputs or {}).items()}
        self.cotangent = None if cotangent is None else as_numbers(cotangent)
        self.gradients = {name: as_numbers(value) for name, value in (gradients or {}).items()}
        self.difference = self.given - self.right
        both = np.isnan(self.given) & np.isnan(self.right)
        equal = both | (self.given == self.right)
        distance = np.where(equal, 0.0, np.abs(self.difference))
        self.distance = np.where(np.isnan(distance), np.inf, distance)
        self.wrong = (self.distance > self.error) & np.isfinite(self.error)

    @property
    def values(self) -> dict[str, Array]:
        """The cotangent and the inputs, by what they are called in a sentence."""
        first = {} if self.cotangent is None else {"the cotangent": self.cotangent}
        return {**first, **self.inputs}

    def part(self, mask: Array) -> Comparison:
        """The comparison of some of the entries, in one dimension, without what else is known."""
        part = Comparison(self.given[mask], self.right[mask], self.error[mask])
        part.eps = self.eps
        return part

    def distinct(self) -> int:
        """How many different numbers there are, differences within the error apart."""
        slack = 2 * np.max(self.error, where=np.isfinite(self.error), initial=0.0)
        counts = []
        for array in (self.given, self.right):
            ordered = np.sort(array, axis=None)
            counts.append(1 + int(np.sum(np.abs(np.diff(ordered)) > slack)) if ordered.size else 0)
        return max(counts)

    def is_sum(self, array: Array, axes: tuple[int, ...]) -> bool:
        """Whether the right gradient is the sum of an array over some axes, to within the error."""
        total = array.sum(axis=axes).reshape(self.right.shape)
        rounding = rounding_of_sum(array, axes, self.eps).reshape(self.right.shape)
        return bool(np.all(np.abs(total - self.right) <= self.error + rounding))

    def close_to(self, expected: Array, error: Array) -> bool:
        """Whether all of the given gradient is `expected` to within `error`, and two roundings of its own."""
        off = np.abs(self.given - expected)
        same = (self.given == expected) | (np.isnan(self.given) & np.isnan(expected))
        return bool(np.all((off <= error + 2 * self.eps * np.abs(expected)) | same))

    def fits(self, expected: Array, error: Array, tried: int = 1, told: Array | bool = True) -> bool:
        """Whether all of the given gradient is `expected`, as `close_to` has it, and not by accident.

        `tried` is the number of suppositions among which this one is, and `told` says which entries count when the
        chance of an accident is reckoned: the error beside the size of the difference, multiplied over the entries that
        are wrong.
        """
        if not self.close_to(expected, error):
            return False
        error = error + 2 * self.eps * np.abs(expected)
        counted = self.wrong & told
        room = np.maximum(self.distance, np.abs(expected - self.right))[counted]
        chance = np.prod(np.minimum(1.0, np.broadcast_to(error, self.right.shape)[counted] / room))
        return bool(counted.any() and chance * tried <= BY_ACCIDENT)


def rounding_of_sum(array: Array, axes: tuple[int, ...], eps: float) -> Array:
    """By how much a sum in float64 may be off: by the rounding `eps` of each term, and of each addition."""
    count = array.size // max(1, array.sum(axis=axes).size)
    return np.abs(array).sum(axis=axes) * (eps + count * np.finfo(np.float64).eps)


def summed_to(array: Array, shape: tuple[int, ...]) -> Array | None:
    """An array broadcast to a shape, or summed down to it over the axes that broadcasting would make; else None."""
    if array.shape == shape:
        return array
    axes = broadcast_axes(array.shape, shape)
    if axes is not None:
        return array.sum(axis=axes).reshape(shape)
    return None if broadcast_axes(shape, array.shape) is None else np.broadcast_to(array, shape)


def broadcast_axes(large: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...] | None:
    """The axes of `large` over which an array of shape `small` is repeated to become it; None if it cannot."""
    extra = len(large) - len(small)
    if extra < 0:
        return None
    pairs = list(zip(large, (1,) * extra + small, strict=True))
    if any(s not in (1, n) for n, s in pairs):
        return None
    return tuple(i for i, (n, s) in enumerate(pairs) if i < extra or n != s)


def largest(array: Array) -> tuple[int, ...] | None:
    """The index of the largest finite number other than 0."""
    size = np.where(np.isfinite(array), np.abs(array), 0.0)
    if not np.any(size):
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(size)), size.shape))


def number(k: Any) -> str:
    """A factor as it is written: all its digits if it is nearly 1."""
    k = k.real if np.imag(k) == 0 else k
    return f"{k:.6g}" if abs(abs(k) - 1) > 1e-5 else repr(k.item())
