"""The numerical gradients of a loss that a function of NumPy arrays computes, and how far off they may be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .comparison import Array
from .evidence import Differences, Judged, reach_of
from .judges import SAFETY, SMOOTH, Precision
from .numpy_subjects import NumPyPair
from .refusals import NO_ARGUMENT, ONE_NUMBER
from .subject import Inputs

RUNS = 2  # of complex steps from points that are one rounding away


class Numerical(NamedTuple):
    """A gradient, and by how much it and one written by hand may differ; inf where no derivative exists."""

    right: Array
    allowed: Array


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that may be given by name."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]


def name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "the function"))


def arguments_of(
    function: Callable[..., Any], given: Mapping[str, Any], variables: Mapping[str, Any]
) -> dict[str, Any]:
    """An argument for each parameter: as given, or the variable of its name, or its default. NameError for none."""
    found = {}
    for parameter in parameters_of(function):
        name = parameter.name
        if name in given:
            found[name] = given[name]
        elif name in variables:
            found[name] = variables[name]
        elif parameter.default is inspect.Parameter.empty:
            raise NameError(NO_ARGUMENT.format(name=name, function=name_of(function)), name=name)
    return found


def gradients_by_function(
    function: Callable[..., Any], arguments: Mapping[str, Any], names: Sequence[str]
) -> list[Numerical]:
    """The gradient of the loss for each named argument, entry by entry, in float64.

    The judge takes complex steps where the function allows them, and else differences. Rounding is measured as by
    `gradients_by_tape`, but at points that are one rounding away, because there is no tape; and what changes the loss
    less than its own rounding, where an argument changes by as much as it is large, is rounding, too. Differences know
    their error themselves. ValueError if the function returns more than one number.
    """
    arrays = [np.asarray(arguments[name], dtype=np.float64) for name in names]
    judge = _judge(function, arguments, names, arrays)
    if judge.middle.size != 1:
        raise ValueError(ONE_NUMBER.format(function=name_of(function), shape=judge.outputs[0].shape))
    found = _gradient(judge)
    changes = [np.zeros(array.shape) for array in arrays]
    if judge.needs_confirmation:  # complex steps, which say nothing of rounding
        generator = np.random.default_rng(0)
        for _ in range(RUNS):
            moved = [x * (1 + judge.precision.eps * generator.choice([-1.0, 1.0], x.shape)) for x in arrays]
            again = _gradient(_judge(function, arguments, names, moved))
            changes = [np.maximum(c, np.abs(a.value - f.value)) for c, a, f in zip(changes, again, found, strict=True)]
    longest = max([1, *(n for x in arguments.values() for n in np.shape(x)), *(x.size for x in arrays)])
    roundings = [c + float(judge.noise[0]) / reach_of(x) for c, x in zip(changes, arrays, strict=True)]
    return [_numerical(f, r, longest, judge.precision.eps) for f, r in zip(found, roundings, strict=True)]


def _judge(
    function: Callable[..., Any], arguments: Mapping[str, Any], names: Sequence[str], arrays: Sequence[Array]
) -> Differences:
    def loss(*values: Array) -> Any:
        return function(**{**arguments, **dict(zip(names, values, strict=True))})

    pair = NumPyPair(loss, loss, Inputs(arrays, names))  # it is never asked for the gradient of its own
    return Differences(pair, Precision.of(np.float64), analytic=None)


def _gradient(judge: Differences) -> list[Judged]:
    return judge.gradient(tuple(np.ones(x.shape) for x in judge.outputs))


def _numerical(found: Judged, rounding: Array, longest: int, eps: float) -> Numerical:
    """The gradient, with the rounding of the longest sum that may lead to it: see `gradients_by_tape`."""
    right = np.asarray(found.value, dtype=np.float64)
    finite = np.isfinite(right)
    largest = np.max(rounding, initial=0.0, where=finite) + eps * np.max(np.abs(right), initial=0.0, where=finite)
    allowed = SAFETY * np.asarray(found.error, dtype=np.float64) + largest * math.sqrt(longest)
    return Numerical(right, np.where(np.asarray(found.state) == SMOOTH, allowed, np.inf))
