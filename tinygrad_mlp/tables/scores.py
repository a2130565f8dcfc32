"""Measures of how good predictions are: accuracy and confusion for classes, errors for quantities, and what a guess is.

A score says little by itself: 95 % right is poor where 98 % of the rows are of one class. So each score stands beside
that of the simplest guess, the most frequent class or the mean of the training rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .targets import Task

__all__ = ["Classification", "Regression", "Scores", "baseline", "score"]

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

    @property
    def value(self) -> float:
        """The score in one number, the larger the better: the accuracy."""
        return self.accuracy

    @property
    def by_class(self) -> Array:
        """Precision, recall and F1 of each class, of shape (k, 3), with nan where a class was never predicted or met.

        Source: scikit-learn's precision_recall_fscore_support.
        """
        right = np.diagonal(self.confusion).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision, recall = right / self.confusion.sum(0), right / self.confusion.sum(1)
            f1 = 2 * right / (self.confusion.sum(0) + self.confusion.sum(1))
        return np.stack([precision, recall, f1], 1)


@dataclass(frozen=True)
class Regression:
    """The root mean squared error, in the unit of the target, and R2, the fraction of the variance that is explained.

    `r2` is 1 for perfect predictions, 0 for predictions that are as good as the mean of the test part, and nan if the
    target is constant there. Source: scikit-learn's r2_score.
    """

    rmse: float
    r2: float

    @property
    def value(self) -> float:
        """The score in one number, the larger the better: R2, or minus the error where R2 is undefined."""
        return -self.rmse if math.isnan(self.r2) else self.r2


Scores = Classification | Regression


def score(task: Task, outputs: Array, target: Array, unit: float = 1.0) -> Scores:
    """Compare the outputs of a network, of shape (n, k), with the target: class indices (n,), or quantities (n, 1).

    Quantities are standardised; `unit` is what a standardised 1 is in the unit of the target.
    """
    if task == "classification":
        return _confusion(outputs.argmax(1), target, outputs.shape[1])
    error = outputs.astype(np.float64) - target
    mean_square = float(np.square(error).mean())
    variance = float(target.astype(np.float64).var())
    r2 = 1 - mean_square / variance if variance > 0 else math.nan
    return Regression(math.sqrt(mean_square) * unit, r2)


def baseline(task: Task, train_target: Array, test_target: Array, classes: int, unit: float = 1.0) -> Scores:
    """Return the scores of the simplest guess: the most frequent class, or the mean, of the training rows."""
    if task == "classification":
        guess = np.bincount(train_target, minlength=classes).argmax()
        return _confusion(np.full(len(test_target), guess), test_target, classes)
    return score(task, np.full(test_target.shape, train_target.mean(dtype=np.float64)), test_target, unit)


def _confusion(predicted: Array, target: Array, classes: int) -> Classification:
    pairs = target * classes + predicted
    return Classification(np.bincount(pairs, minlength=classes * classes).reshape(classes, classes))
