"""The weights and gradients of a training over time: watched at the end of each epoch, kept as histograms.

Nothing is called within a step but a counter, which finds the last step of an epoch: of that one the change of the
weights is measured. What is kept does not grow beyond a bound, however long the training is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .run_model import Histogram, Layer, Line

Array = np.ndarray[Any, np.dtype[Any]]

MOMENTS = 128  # epochs at most of which histograms are kept
BINS = 48  # rows at most of a histogram that is shown
HALF = 128  # bins on each side of zero in which weights are counted
PER_DECADE = 4  # bins for each power of ten in which magnitudes are counted
LEAST, MOST = -46 * PER_DECADE, 39 * PER_DECADE  # so that all float32 have a bin


class History:
    """Watches the weight matrices of a model: give it `start`, `step` and `epoch` at their moments of a training."""

    def __init__(self, steps: int) -> None:
        """`steps` is the number of steps in an epoch."""
        self._steps = steps
        self._step = 0
        self._epoch = 0
        self._stride = 1
        self._weights: list[Any] = []
        self._before: list[Array] = []
        self._moments: list[_Moment] = []
        self._updates: list[list[float | None]] = []

    def start(self, model: Any) -> None:
        """The model is built: its weights, before the first step, are those of epoch 0."""
        self._weights = [parameter for parameter in model.parameters() if parameter.ndim == 2]
        self._updates = [[] for _ in self._weights]
        self._moments = [_Moment(0, [_linear(_values(weight)) for weight in self._weights], [])]
        self._remember()

    def step(self) -> None:
        """A step is done."""
        self._step += 1
        if self._step == self._steps - 1:
            self._remember()

    def epoch(self) -> None:
        """The last step of an epoch is done, and its gradients are still there."""
        self._step = 0
        self._epoch += 1
        for weight, before, updates in zip(self._weights, self._before, self._updates, strict=True):
            updates.append(_ratio(_values(weight) - before, before))
        weights = [_linear(_values(weight)) for weight in self._weights]
        self._moments.append(_Moment(self._epoch, weights, [_magnitudes(_values(w.grad)) for w in self._weights]))
        # Every epoch, later every second, then every fourth, and always the last.
        if len(self._moments) >= 2 and self._moments[-2].epoch % self._stride:
            del self._moments[-2]
        if len(self._moments) > MOMENTS:
            self._stride *= 2
            *others, last = self._moments
            self._moments = [moment for moment in others if moment.epoch % self._stride == 0] + [last]
        self._remember()

    def layers(self) -> list[Layer]:
        """What was seen of each layer, in their order."""
        layers = []
        for place, (weight, updates) in enumerate(zip(self._weights, self._updates, strict=True)):
            outputs, inputs = weight.shape
            trained = self._moments[1:]
            layers.append(
                Layer(
                    f"Layer {place + 1}: {inputs:,} → {outputs:,}",
                    inputs * outputs,
                    _of_weights([m.epoch for m in self._moments], [m.weights[place] for m in self._moments]),
                    _of_gradients([m.epoch for m in trained], [m.gradients[place] for m in trained]),
                    Line(f"layer {place + 1}", updates),
                )
            )
        return layers

    def _remember(self) -> None:
        self._before = [_values(weight).copy() for weight in self._weights]


@dataclass(frozen=True)
class _Counts:
    """An array as counts: of its bins, whose width follows from `exponent`, of its zeros and of what is bad."""

    counts: Array
    bad: int
    exponent: int = 0
    zero: int = 0


@dataclass(frozen=True)
class _Moment:
    epoch: int
    weights: list[_Counts]
    gradients: list[_Counts]


def _values(tensor: Any) -> Array:
    values: Array = tensor.detach().numpy()
    return values


def _ratio(change: Array, before: Array) -> float | None:
    norm = float(np.linalg.norm(before))
    ratio = float(np.linalg.norm(change)) / norm if norm else math.inf
    return ratio if math.isfinite(ratio) else None


# -- weights: bins of one width ----------------------------------------------------------------------


def _linear(values: Array) -> _Counts:
    """Count in bins whose width is a power of two, so that those of all moments can be merged without an error."""
    finite = values[np.isfinite(values)].astype(np.float64)
    exponent = math.frexp(float(np.abs(finite).max(initial=0.0)))[1]  # all are below 2 ** exponent
    places = np.floor(finite * (HALF / 2.0**exponent)).astype(np.int64) + HALF
    counts = np.bincount(places, minlength=2 * HALF).astype(np.int32)
    return _Counts(counts, values.size - finite.size, exponent)


def _of_weights(epochs: list[int], moments: list[_Counts]) -> Histogram:
    exponent = max(moment.exponent for moment in moments)
    table = np.stack([_widened(m.counts, min(2 ** (exponent - m.exponent), HALF)) for m in moments])
    first, last = (place - HALF for place in _used(table))  # counted from zero
    factor = _merging(first, last, HALF)
    first, last = first // factor, -(-last // factor)
    counts = np.stack([_widened(row, factor) for row in table])[:, HALF + first : HALF + last]
    edges = np.arange(first, last + 1) * (2.0**exponent * factor / HALF)
    return Histogram(epochs, edges.tolist(), counts.tolist(), None, [moment.bad for moment in moments])


def _widened(counts: Array, factor: int) -> Array:
    """The counts in bins that are `factor` times as wide, with zero where it was; `factor` divides HALF."""
    pad = np.zeros(HALF - HALF // factor, counts.dtype)
    below, above = (side.reshape(-1, factor).sum(1) for side in (counts[:HALF], counts[HALF:]))
    return np.concatenate([pad, below, above, pad])


# -- gradients: bins of magnitudes -------------------------------------------------------------------


def _magnitudes(values: Array) -> _Counts:
    finite = values[np.isfinite(values)]
    sizes = np.abs(finite[finite != 0]).astype(np.float64)
    places = np.floor(np.log10(sizes) * PER_DECADE).astype(np.int64) - LEAST
    counts = np.bincount(places.clip(0, MOST - LEAST - 1), minlength=MOST - LEAST).astype(np.int32)
    return _Counts(counts, values.size - finite.size, zero=finite.size - sizes.size)


def _of_gradients(epochs: list[int], moments: list[_Counts]) -> Histogram:
    table = np.stack([moment.counts for moment in moments])
    first, last = _used(table)
    factor = _merging(first, last, PER_DECADE)
    first, last = first // factor, -(-last // factor)
    counts = table.reshape(len(table), -1, factor).sum(2)[:, first:last]
    edges = 10.0 ** ((np.arange(first, last + 1) * factor + LEAST) / PER_DECADE)
    zeros, bad = [moment.zero for moment in moments], [moment.bad for moment in moments]
    return Histogram(epochs, edges.tolist(), counts.tolist(), zeros, bad)


def _used(table: Array) -> tuple[int, int]:
    """The first column of a table that is not all zero, and that behind the last; one of them if all are zero."""
    used = np.flatnonzero(table.any(0))
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (table.shape[1] // 2, table.shape[1] // 2 + 1)


def _merging(first: int, last: int, most: int) -> int:
    """How many bins are shown as one, so that those from `first` to `last` are at most BINS: a power of two."""
    factor = 1
    while factor < most and -(-last // factor) - first // factor > BINS:
        factor *= 2
    return factor
