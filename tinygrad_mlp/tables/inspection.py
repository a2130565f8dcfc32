"""What can be said of a table before the training, and of a network after it, beyond its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .encoders import Encoder
from .roles import Column, YesNo
from .scores import Scores
from .targets import Target
from .values import Texts

__all__ = ["giveaways", "importance"]

Array = np.ndarray[Any, np.dtype[Any]]

REPEATS = 5


def giveaways(columns: Sequence[Column], target: Target) -> list[str]:
    """Return the names of the columns that give the target away: a copy of it, or one value for each class.

    A network that may read such a column learns nothing else.
    """
    return [column.name for column in columns if column.used and _gives_away(column.values, target)]


def _gives_away(values: Any, target: Target) -> bool:
    if target.task == "regression":
        if not isinstance(values, np.ndarray):
            return False
        both = ~np.isnan(values)
        x, y = values[both], target.values[both]
        if len(x) < 3 or x.std() == 0 or y.std() == 0:
            return False
        return abs(float(np.corrcoef(x, y)[0, 1])) > 1 - 1e-12
    if isinstance(values, np.ndarray | YesNo):
        numbers = values.values if isinstance(values, YesNo) else values
        if np.isnan(numbers).any():
            return False
        levels, codes = np.unique(numbers, return_inverse=True)
        k = len(levels)
    else:
        if not isinstance(values, Texts) or values.missing:
            return False
        codes, k = values.codes, len(values.levels)
    if k != len(target.classes):
        return False
    return len(np.unique(codes * k + target.values)) == k


def importance(
    encoders: Sequence[Encoder], inputs: Array, score: Callable[[Array], Scores], seed: int
) -> list[tuple[str, float]]:
    """Return how much the score falls when the values of a column are shuffled among the rows, the largest first.

    `inputs`, of shape (n, inputs), belong to rows that the network was not trained on. Each column is shuffled five
    times, all of its inputs together. Source: permutation importance, Breiman (2001), Random Forests.
    """
    random = np.random.RandomState(seed % 2**32)
    whole = score(inputs).value
    found = []
    at = 0
    for encoder in encoders:
        place = slice(at, at + encoder.width)
        at += encoder.width
        drops = []
        for _ in range(REPEATS):
            shuffled = inputs.copy()
            shuffled[:, place] = inputs[random.permutation(len(inputs)), place]
            drops.append(whole - score(shuffled).value)
        found.append((encoder.name, float(np.mean(drops))))
    return sorted(found, key=lambda pair: -pair[1])
