"""The stage of a training program at which a value is made.

The stages are: setting, data, initial weights, forward, loss, gradient and update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..records import Trace
from .sequences import GRADIENT, Pair, Values, is_gradient_of
from .statements import dependencies, depending

Array = np.ndarray[Any, np.dtype[Any]]
SETTING, DATA, WEIGHTS, FORWARD, LOSS, BACKWARD, UPDATE = (
    "setting",
    "data",
    "initial weights",
    "forward",
    "loss",
    "gradient",
    "update",
)

_LOSS = re.compile(r"(^|_)(loss|cost|nll|mse|objective)(_|$|\d)|loss$")
_DELTA = re.compile(r"^(grad|delta|d_|dl_?d)")


class Program:
    """What the names of one program are: weights, losses, gradients, and what is computed from them.

    Of tensors the trace says it: backward was called on a loss, a weight is a leaf that requires a gradient. Of arrays
    it is read from the names, and from the text of the program: from what each variable is computed.
    """

    def __init__(self, trace: Trace, values: Iterable[Values]) -> None:
        about = trace.about
        self.values = list(values)
        self.shapes = {each.key: trace.summary(int(each.numbers[0])).shape for each in self.values}
        reads = dependencies(list(about["files"].values()))
        paths = {each.key: each.path for each in self.values}
        self.gradients = {key for key in paths if self._is_gradient(key, paths, reads)}
        self.weights = self._weights(about, reads)
        roots = {_root(paths[key]) for key in self.weights}
        computed = depending(roots, reads) | {_root(paths[key]) for key in about["differentiable"] if key in paths}
        self.losses = set(about["losses"]) & set(paths)
        if not self.losses:
            self.losses = {key for key, path in paths.items() if _LOSS.search(_last(path)) and not self._size(key) > 1}
        by_hand = {paths[key] for key in self.gradients if "." not in paths[key]}
        states = depending(by_hand, {name: read for name, read in reads.items() if name not in roots})
        self.states = {key for key, path in paths.items() if _root(path) in states} - self.weights - self.gradients
        free = {name for name, read in reads.items() if not read & {_root(path) for path in paths.values()}}
        self.settings = {key for key in paths if not self.shapes[key] and _root(paths[key]) in free}
        self.computed = {key for key, path in paths.items() if _root(path) in computed} - self.weights

    def _size(self, key: str) -> int:
        return int(np.prod(self.shapes[key]))

    def _is_gradient(self, key: str, paths: dict[str, str], reads: dict[str, set[str]]) -> bool:
        path = paths[key]
        if path.endswith(GRADIENT) or _DELTA.search(_last(path)):
            return True
        scope = key.partition(":")[0]
        return any(is_gradient_of(path, of) for other, of in paths.items() if other.partition(":")[0] == scope)

    def _weights(self, about: dict[str, Any], reads: dict[str, set[str]]) -> set[str]:
        """What is trained: leaves that require gradients, else what has a gradient and is changed by it."""
        leaves = {each.key for each in self.values if each.key in about["leaves"]}
        if leaves:
            return leaves
        found = set()
        for each in self.values:
            if each.key in self.gradients or len(each.numbers) < 2:
                continue
            partners = [g for g in self.gradients if is_gradient_of(g.partition(":")[2], each.path)]
            root = _root(each.path)
            if any(self.shapes[g] == self.shapes[each.key] for g in partners) and root in reads.get(root, {root}):
                found.add(each.key)
        return found or {
            each.key
            for each in self.values
            if len(each.numbers) > 1
            and each.key not in self.gradients
            and self._size(each.key) > 1
            and _root(each.path) in reads.get(_root(each.path), ())
        }


def _root(path: str) -> str:
    return path.partition(".")[0]


def _last(path: str) -> str:
    return path.removesuffix(GRADIENT).rpartition(".")[2]


class Stages:
    """The stages of the values of pairs, and the step of the training in which a value is made."""

    def __init__(self, first: Program, second: Program) -> None:
        self.first, self.second = first, second
        losses = [each.numbers for each in first.values if each.key in first.losses]
        self.losses = max(losses, key=len) if losses else np.zeros(0, int)
        made = [each.numbers[0] for each in first.values if each.key in first.computed | first.losses]
        self.began = int(min(made)) if made else None
        self.both_began = self._began(first), self._began(second)

    def _began(self, program: Program) -> int:
        """The number of the first value that a program computes from its weights, or one beyond the last value."""
        made = [each.numbers[0] for each in program.values if each.key in program.computed | program.losses]
        return int(min(made)) if made else 1 + max(int(each.numbers[-1]) for each in program.values)

    def of(self, pair: Pair, place: int = 0) -> str:
        """The stage of one of the values of a pair; the place counts from 0."""
        a, b = pair.first.key, pair.second.key
        if a in self.first.gradients or b in self.second.gradients:
            return BACKWARD
        if self.is_weight(pair):
            number = int(pair.numbers[0][place])
            is_first = place == 0 if self.began is None else number < self.began
            return WEIGHTS if is_first else UPDATE
        if a in self.first.losses or b in self.second.losses:
            return LOSS
        if a in self.first.states or b in self.second.states:
            return UPDATE
        if a in self.first.computed or b in self.second.computed:
            return FORWARD
        return SETTING if a in self.first.settings and b in self.second.settings else DATA

    def is_weight(self, pair: Pair) -> bool:
        """Whether a pair is of what is trained."""
        return pair.first.key in self.first.weights or pair.second.key in self.second.weights

    def step(self, number: int, stage: str) -> int | None:
        """The step of the training, from 1, in which the first program makes a value; None before, or if unknown."""
        if not len(self.losses) or stage == WEIGHTS or (self.began is not None and number < self.began):
            return None
        before = int(np.searchsorted(self.losses, number, side="left"))
        return max(1, before if stage in (BACKWARD, UPDATE) else before + 1)
