"""What is noticed about a function before its gradients are compared: without it the numbers would mislead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .evidence import Differences, flat
from .report import Finding
from .subject import Array, Arrays, Subject, Trial, array_of, is_array

NOT_DETERMINISTIC = "not deterministic: two calls of {what} with the same inputs differ by up to {apart:.1e}"
CHANGED = "{name} was changed in place by the {who}"
SHARED = "{name} has elements that share memory: checked on a copy of its own, each element for itself"
SHARED_BY_TWO = "{first} and {second} share memory: checked on copies of their own"
NOT_FINITE = "the function is {value} at {place}, where nothing can be judged"
NARROW = "float32 inside: the inputs are float64, but the value has no more than the precision of float32"
SUMMED_DOWN = (
    "{who} returns a gradient of the shape {given} for {name} of the shape {right}; "
    "it is summed down to that without a word"
)


def shared_memory(inputs: Sequence[Any], names: Sequence[str]) -> Iterator[Finding]:
    """Inputs whose elements share memory, with each other or with those of another input."""
    arrays = [(array_of(x), name) for x, name in zip(inputs, names, strict=False)]
    arrays = [(x, name) for x, name in arrays if isinstance(x, np.ndarray)]
    for i, (x, name) in enumerate(arrays):
        if overlaps(x):
            yield Finding("shared memory", SHARED.format(name=name))
        for other, second in arrays[i + 1 :]:
            if np.may_share_memory(x, other) and x.size and other.size:
                yield Finding("shared memory", SHARED_BY_TWO.format(first=name, second=second))


def overlaps(x: Array) -> bool:
    """Whether two elements may be at one place: an axis steps no further than the elements below it reach."""
    reach = x.itemsize
    for stride, size in sorted(
        (abs(stride), size) for stride, size in zip(x.strides, x.shape, strict=True) if size > 1
    ):
        if stride < reach:
            return True
        reach += stride * (size - 1)
    return False


def not_deterministic(first: Trial, second: Trial) -> Finding | None:
    """Whether two forwards or two backwards differ, by more than an order of sums may do."""
    for what, x, y in (
        ("the function", flat(first.outputs), flat(second.outputs)),
        ("its backward", _flat_gradients(first.gradients), _flat_gradients(second.gradients)),
    ):
        apart = _apart(x, y)
        if apart > 0:
            return Finding("not deterministic", NOT_DETERMINISTIC.format(what=what, apart=apart), fault=True)
    return None


def _apart(first: Array, second: Array) -> float:
    """By how much two results differ; 0 for what rounding may do."""
    if first.shape != second.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        apart = np.abs(first - second)
    size = np.max(np.abs(first), initial=0.0, where=np.isfinite(first))
    largest = float(np.max(apart, initial=0.0, where=np.isfinite(apart)))
    return largest if first.size and largest > 8 * np.finfo(first.dtype).eps * size else 0.0


def changed_in_place(trial: Trial) -> Iterator[Finding]:
    """Inputs and cotangents that a forward or a backward has written into."""
    for name, who in trial.changes:
        yield Finding("changed in place", CHANGED.format(name=name, who=who), fault=True)


def not_finite(outputs: Arrays) -> Iterator[Finding]:
    """The first element of each output that is nan or infinite."""
    for k, x in enumerate(outputs):
        bad = np.argwhere(~np.isfinite(x))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            place = f"output {k}" if len(outputs) > 1 else "the output"
            place += f" [{', '.join(map(str, index))}]" if index else ""
            yield Finding("not finite", NOT_FINITE.format(value=x[index], place=place))


def narrow_inside(judge: Differences) -> Finding | None:
    """Whether a function of float64 computes in float32 somewhere.

    A change of the inputs by much less than float32 can hold then has not the effect that a larger one has.
    """
    if any(x.dtype.itemsize < 8 for x in judge.outputs):
        return Finding("float32 inside", NARROW, fault=True)
    line, steps = judge.line(judge.direction), (2.0**-10, 2.0**-17)
    values = [line(step) for step in steps]  # on one side, where a kink at the point is none
    with np.errstate(all="ignore"):
        wide, middling = ((x - judge.middle) / step for x, step in zip(values, steps, strict=True))
        settled = np.abs(middling - wide) < 0.3 * np.abs(wide)
        # What rounding in float64 makes of the smallest step, and some; far smaller values than nearby say nothing.
        rounding = 2.0**-12 * np.fmax(np.abs(judge.middle), np.abs(values[0]))
        off = np.abs(judge.closest - middling) > 0.05 * np.abs(middling) + rounding
    return Finding("float32 inside", NARROW, fault=True) if np.any(settled & off) else None


def other_shapes(subject: Subject, cotangents: Arrays) -> Iterator[tuple[str, Finding]]:
    """Gradients of another shape than their input, which a framework sums down: the input, and what to say of it."""
    try:
        odd = list(subject.raw_gradients(cotangents))
    except Exception:  # a backward that does not run twice, or alone, is not asked
        return
    for who, name, given, right in odd:
        yield name, Finding("summed down", SUMMED_DOWN.format(who=who, name=name, given=given, right=right))


def _flat_gradients(gradients: Sequence[Any]) -> Array:
    return flat(tuple(g for g in gradients if is_array(g)))
