"""What happens to a table between the file and the network: a split into two parts, and standardisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .table import DataError

__all__ = ["Standardizer", "split_rows"]

Array = np.ndarray[Any, np.dtype[Any]]


def split_rows(permutation: Array, test_fraction: float) -> tuple[Array, Array]:
    """Split a permutation of the rows into the rows to train on and the rows to test on.

    `permutation` is an integer array of shape (n,), drawn by the caller, so that the seed is the caller's too. The test
    gets the last `round(n * test_fraction)` of it, the training the rest. Raises DataError for a fraction that is not
    between 0 and 1, and if either part would be empty.
    """
    if not 0 < test_fraction < 1:
        raise DataError(f"the test fraction must lie between 0 and 1, not {test_fraction:g}")
    rows = len(permutation)
    tests = round(rows * test_fraction)
    if not 0 < tests < rows:
        part = "training" if tests else "test"
        noun = "row is" if rows == 1 else "rows are"
        raise DataError(f"{rows} {noun} too few: a test fraction of {test_fraction:g} leaves none for the {part}")
    return permutation[: rows - tests], permutation[rows - tests :]


@dataclass(frozen=True)
class Standardizer:
    """Shift and scale columns to mean 0 and standard deviation 1, as measured on the training part alone.

    `mean` and `scale` are float64 of shape (d,), or () for a single column of shape (n,).
    """

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, values: Array, one_unit: bool = False) -> Standardizer:
        """Measure `values`, of shape (n, d) or (n,) with n at least 1.

        The standard deviation is that of the population (`numpy.std`, as in scikit-learn's StandardScaler). A constant
        column is only shifted: its scale is 1. Columns in one unit, such as pixels, can be scaled by one number for
        all, the root mean square of the deviations: a pixel that hardly ever changes then does not outweigh the others.
        """
        values = np.asarray(values, dtype=np.float64)
        # In units of the largest value, so that squares of very large numbers stay finite.
        unit = np.abs(values).max(0)
        unit = np.where(unit > 0, unit, 1.0)
        relative = values / unit
        mean, deviation = relative.mean(0) * unit, relative.std(0) * unit
        # Asked of the values, not of the deviation: that of 0.1, 0.1, 0.1 is rounding noise rather than 0.
        constant = values.max(0) == values.min(0)
        mean, deviation = np.where(constant, values[0], mean), np.where(constant, 0.0, deviation)
        if one_unit:
            largest = deviation.max() or 1.0
            deviation = np.full_like(deviation, largest * np.sqrt(np.square(deviation / largest).mean()))
        return cls(mean, np.where(deviation == 0, 1.0, deviation))

    def apply(self, values: Array) -> Array:
        """Standardised values, float64 of the same shape."""
        return np.asarray((values - self.mean) / self.scale)

    def invert(self, values: Array) -> Array:
        """The values that `apply` would standardise to these: predictions in the target's own unit."""
        return np.asarray(values * self.scale + self.mean)
