"""How two values differ: by a factor, in a few elements only, or by what an update has added besides the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
FIT = 1e-3  # how near a supposition must come to the numbers, relative to them


def of_values(first: Array, second: Array, names: tuple[str, str], wrong: Array) -> Iterator[str]:
    """Sentences on two arrays of one shape, of whose elements those in `wrong` differ."""
    a, b = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        for name, each in zip(names, (a, b), strict=True):
            bad = int(np.count_nonzero(~np.isfinite(each)))
            if bad:
                yield f"{bad} of the {each.size} elements in {name} are nan or infinite."
        return
    if np.array_equal(np.sort(a), np.sort(b)):
        yield "The elements are the same in another order."
        return
    factor = _factor(a, b)
    if factor is not None and a.size > 0:
        yield _times(factor, names)
        return
    count = int(np.count_nonzero(wrong))
    if 0 < count < a.size:
        yield f"{count} of the {a.size} elements differ."
        for name, other, (x, y) in ((names[0], names[1], (a, b)), (names[1], names[0], (b, a))):
            where = wrong.ravel()
            if np.all(x[where] == 0) and np.any(y[where] != 0):
                yield f"They are all 0 in {name}, and not in {other}: only one has a mask there, such as ReLU's."


def _factor(a: Array, b: Array) -> float | None:
    """The number by which the first is the second multiplied; None if there is none."""
    square = float(b @ b)
    if not square:
        return None
    factor = float(a @ b) / square
    rest = float(np.abs(a - factor * b).max())
    return factor if factor and rest <= FIT * float(np.abs(a).max()) and abs(factor - 1) > FIT / 10 else None


def _times(factor: float, names: tuple[str, str]) -> str:
    if factor == -1 or abs(factor + 1) < FIT / 10:
        return f"{names[0]} has the other sign."
    large, small, times = (*names, factor) if abs(factor) >= 1 else (*names[::-1], 1 / factor)
    return f"{large} has {_number(times)} times the value of {small}."


def _number(value: float) -> str:
    near = round(value)
    return str(near) if near and abs(value - near) <= FIT / 10 * abs(near) else f"{value:.5g}"


def sizes(factor: float, shapes: dict[str, tuple[int, ...]]) -> Iterator[str]:
    """What the factor may be the number of: the elements or the rows of an array."""
    for name, shape in shapes.items():
        total = int(np.prod(shape))
        if total > 1 and abs(factor - total) <= FIT / 10 * total:
            yield f"That is the number of elements of {name}: a sum in one, a mean in the other."
            return
    for name, shape in shapes.items():
        if len(shape) > 1 and shape[0] > 1 and abs(factor - shape[0]) <= FIT / 10 * shape[0]:
            yield f"That is the number of rows of {name}: a sum over them in one, a mean in the other."
            return


def factor_of(first: Array, second: Array) -> float | None:
    """The factor between two arrays, at least 1 in size; None where there is none."""
    a, b = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
    if a.size != b.size or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    factor = _factor(a, b)
    return None if factor is None else max(abs(factor), 1 / abs(factor))


# -- updates ---------------------------------------------------------------------------------------


def update(weights: list[Array], gradient: Array) -> str:
    """What an update has added to a weight, of which the last two or three values are given, the last being the newest.

    The change is sought as a sum of multiples of the gradient, of the weight, and of the change before.
    """
    history = [each.astype(np.float64).ravel() for each in weights]
    change = history[-1] - history[-2]
    largest = max(float(np.abs(each).max(initial=0.0)) for each in history)
    noise = 1e-6 * float(np.abs(change).max(initial=0.0)) + 8 * float(np.finfo(weights[-1].dtype).eps) * largest
    terms = {"the gradient": gradient.astype(np.float64).ravel()}
    for more in ({}, *_others(history)):
        tried = {**terms, **more}
        found = _fit(change, tried, noise)
        if found is not None:
            text = " ".join(_term(value, name) for name, value in found.items())
            return f"-{text[2:]}" if text.startswith("-") else text[2:]
    size = float(np.linalg.norm(change)) / max(float(np.linalg.norm(terms["the gradient"])), 1e-300)
    return f"no multiple of the gradient (its length is {size:.4g} times that of the gradient)"


def _others(history: list[Array]) -> list[dict[str, Array]]:
    found = [{"the weight": history[-2]}]
    if len(history) > 2:
        last = {"the change before": history[-2] - history[-3]}
        found = [last, *found, {**last, **found[0]}]
    return found


def _fit(change: Array, terms: dict[str, Array], noise: float) -> dict[str, float] | None:
    columns = np.stack(list(terms.values()), 1)
    size = np.abs(columns).max(0)
    if not size.all() or not np.isfinite(columns).all() or not np.isfinite(change).all():
        return None
    coefficients, *_ = np.linalg.lstsq(columns / size, change, rcond=None)
    rest = np.abs(columns / size @ coefficients - change).max(initial=0.0)
    if rest > noise or len(change) <= len(terms):
        return None
    return dict(zip(terms, (coefficients / size).tolist(), strict=True))


def _term(value: float, name: str) -> str:
    sign = "-" if value < 0 else "+"
    return f"{sign} {abs(value):.4g} x {name}"
