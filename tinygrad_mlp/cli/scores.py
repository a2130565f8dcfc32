"""Measures of how good predictions are: accuracy and confusion for classes, errors for quantities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .table import Task

__all__ = ["Classification", "Regression", "Scores", "score"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Classification:
    """The confusion of k classes: `confusion[i, j]`, int64, counts the rows of class i that were predicted as j."""

    confusion: Array

    @property
    def right(self) -> int:
        """The number of rows whose class was predicted correctly."""
        return int(self.confusion.trace())

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The fraction of the rows whose class was predicted correctly."""
        return self.right / self.rows


@dataclass(frozen=True)
class Regression:
    """The root mean squared error, in the unit of the target, and R2, the fraction of the variance that is explained.

    `r2` is 1 for perfect predictions, 0 for predictions that are as good as the mean of the test part, and nan if the
    target is constant there. Source: scikit-learn's r2_score.
    """

    rmse: float
    r2: float


Scores = Classification | Regression


def score(task: Task, outputs: Array, target: Array, unit: float = 1.0) -> Scores:
    """Compare the outputs of a network, of shape (n, k), with the target: class indices (n,), or quantities (n, 1).

    Quantities are standardised; `unit` is what a standardised 1 is in the unit of the target.
    """
    if task == "classification":
        classes = outputs.shape[1]
        pairs = target * classes + outputs.argmax(1)
        return Classification(np.bincount(pairs, minlength=classes * classes).reshape(classes, classes))
    error = outputs.astype(np.float64) - target
    mean_square = float(np.square(error).mean())
    variance = float(target.astype(np.float64).var())
    r2 = 1 - mean_square / variance if variance > 0 else math.nan
    return Regression(math.sqrt(mean_square) * unit, r2)
