"""What happens to a table before training: the rows are split into two parts, and numbers are standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import DataError
from .refusals import TEST_FRACTION, TOO_FEW_ROWS

__all__ = ["Standardizer", "split_rows"]

Array = np.ndarray[Any, np.dtype[Any]]


def split_rows(
    permutation: Array, fraction: float, classes: Array | None = None, part: str = "test"
) -> tuple[Array, Array]:
    """Split a permutation of the rows into the rows to train on and a `fraction` of them that is held out.

    `permutation` is an integer array of shape (n,), which the caller draws. Its last `round(n * fraction)` elements
    are held out. With `classes`, of shape (n,), the class of each row by its index, each class gives its share (the
    split is stratified), but a class of one row stays in the training. Both parts keep the order of the permutation.

    Raises DataError, which calls the part that is held out `part`, if the fraction is not between 0 and 1, and if one
    of the parts would be empty.
    """
    if not 0 < fraction < 1:
        raise DataError(TEST_FRACTION.format(fraction=fraction))
    rows = len(permutation)
    held_out = round(rows * fraction)
    if not 0 < held_out < rows:
        empty = "training" if held_out else part
        rows_are = "row is" if rows == 1 else "rows are"
        raise DataError(TOO_FEW_ROWS.format(rows=rows, rows_are=rows_are, fraction=fraction, part=part, empty=empty))
    if classes is None:
        return permutation[: rows - held_out], permutation[rows - held_out :]
    of_rows = classes[permutation]
    is_held_out = np.zeros(rows, bool)
    for k, number in enumerate(_shares(np.bincount(of_rows), held_out)):
        places = np.flatnonzero(of_rows == k)
        is_held_out[places[len(places) - number :]] = True
    return permutation[~is_held_out], permutation[is_held_out]


def _shares(counts: Array, total: int) -> list[int]:
    """Divide a total among classes in proportion to their rows, by the method of the largest remainders.

    Every class of two rows or more keeps one at least; the last rows of a small class are given to others.
    """
    exact = counts * (total / counts.sum())
    shares = np.floor(exact).astype(np.int64)
    room = np.maximum(counts - 1, 0)
    shares = np.minimum(shares, room)
    for k in np.argsort(shares - exact, kind="stable"):
        if shares.sum() < total and shares[k] < room[k]:
            shares[k] += 1
    return [int(share) for share in shares]


@dataclass(frozen=True)
class Standardizer:
    """Shifts and scales columns to mean 0 and standard deviation 1, which are measured on the training part alone.

    `mean` and `scale` are float64 of shape (d,), or () for a single column of shape (n,).
    """

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, values: Array, one_unit: bool = False) -> Standardizer:
        """Measure mean and standard deviation of `values`, of shape (n, d) or (n,), with n at least 1.

        The standard deviation is that of the population (`numpy.std`, as in scikit-learn's StandardScaler). A constant
        column is only shifted; its scale is 1. With `one_unit`, for columns in the same unit such as pixels, all are
        scaled by one number, the root mean square of their standard deviations: otherwise a pixel that hardly ever
        changes would be blown up.
        """
        values = np.asarray(values, dtype=np.float64)
        # Values are divided by the largest, so that the squares of very large numbers stay finite.
        unit = np.abs(values).max(0)
        unit = np.where(unit > 0, unit, 1.0)
        relative = values / unit
        mean, deviation = relative.mean(0) * unit, relative.std(0) * unit
        # Compared by value, because rounding makes the standard deviation of 0.1, 0.1, 0.1 larger than 0.
        constant = values.max(0) == values.min(0)
        mean, deviation = np.where(constant, values[0], mean), np.where(constant, 0.0, deviation)
        if one_unit:
            largest = deviation.max() or 1.0
            deviation = np.full_like(deviation, largest * np.sqrt(np.square(deviation / largest).mean()))
        return cls(mean, np.where(deviation == 0, 1.0, deviation))

    def apply(self, values: Array) -> Array:
        """Return the standardised values, float64 of the same shape."""
        return np.asarray((values - self.mean) / self.scale)

    def invert(self, values: Array) -> Array:
        """Return the values whose standardised values these are, such as predictions in the unit of the target."""
        return np.asarray(values * self.scale + self.mean)
