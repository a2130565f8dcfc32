"""What happens to a table before training: the rows are split into two parts, and the columns are standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .refusals import TEST_FRACTION, TOO_FEW_ROWS
from .table import DataError

__all__ = ["Standardizer", "split_rows"]

Array = np.ndarray[Any, np.dtype[Any]]


def split_rows(permutation: Array, test_fraction: float) -> tuple[Array, Array]:
    """Split a permutation of the rows into the rows to train on and the rows to test on.

    `permutation` is an integer array of shape (n,), which the caller draws. Its last `round(n * test_fraction)`
    elements are for the test, the others for the training. Raises DataError if the fraction is not between 0 and 1, and
    if one of the parts would be empty.
    """
    if not 0 < test_fraction < 1:
        raise DataError(TEST_FRACTION.format(fraction=test_fraction))
    rows = len(permutation)
    tests = round(rows * test_fraction)
    if not 0 < tests < rows:
        part = "training" if tests else "test"
        rows_are = "row is" if rows == 1 else "rows are"
        raise DataError(TOO_FEW_ROWS.format(rows=rows, rows_are=rows_are, fraction=test_fraction, part=part))
    return permutation[: rows - tests], permutation[rows - tests :]


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
