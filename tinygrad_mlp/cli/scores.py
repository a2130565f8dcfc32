"""How good predictions are: accuracy and confusion of classes, error of quantities."""

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
    """`confusion[i, j]` counts the rows of class i that were taken for class j: int64 of shape (k, k)."""

    confusion: Array

    @property
    def right(self) -> int:
        """The rows whose class was found."""
        return int(self.confusion.trace())

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of the rows whose class was found."""
        return self.right / self.rows


@dataclass(frozen=True)
class Regression:
    """The root of the mean squared error, in the target's unit, and the share of the variance that is explained.

    `r2` is 1 for perfect predictions, 0 for those as good as the mean of the test part, nan if that part's target is
    constant (scikit-learn's r2_score).
    """

    rmse: float
    r2: float


Scores = Classification | Regression


def score(task: Task, outputs: Array, target: Array, unit: float = 1.0) -> Scores:
    """Compare a network's outputs, of shape (n, k), with the target: class indices (n,), or quantities (n, 1).

    Quantities are standardised, as the network knows them; `unit` is what 1 is in the target's own unit.
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
