"""The faults of a sum: a simple term is missing from a gradient, or is one too many."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .comparison import FEW, Array, Comparison, Found, broadcast_axes, largest, number, summed_to

Names = tuple[str, ...]  # of the factors of a term, each as often as it is a factor

SAMPLE = 8  # entries at which a term is looked at first: few terms pass that


def term(case: Comparison) -> Found:
    """The difference is a multiple of one simple term."""
    if case.distinct() < FEW or np.sum(case.wrong) < FEW:
        return None
    terms = _terms(case)
    found = None
    for names in _likely(case, terms):
        k = _multiple(case, _product(case, names), len(terms))
        if k is not None and abs(k) == 1:  # before any other multiple
            return _found(case, k, names, terms)
        if k is not None and found is None:
            found = k, names
    return None if found is None else _found(case, *found, terms)


def _multiple(case: Comparison, array: Array, tried: int) -> Any:
    """How many times a term the difference is: a whole number, if it may be one. None if it is no multiple."""
    at = largest(array)
    if at is None:
        return None
    k = case.difference[at] / array[at]
    unsure = case.error[at] / abs(array[at])
    rounding = 2 * case.eps * (1 + abs(case.right[at]) / abs(array[at]))
    k = np.round(k) if abs(k - np.round(k)) <= unsure + rounding else k
    told = np.ones(case.right.shape, bool)
    told[at] = False
    error = case.error + unsure * np.abs(array) + case.eps * (np.abs(case.right) + np.abs(case.given))
    return k if k != 0 and case.fits(case.right + k * array, error, tried, told) else None


def _found(case: Comparison, k: Any, names: Names, terms: Sequence[Names]) -> Found:
    """Whether a term of the gradient is missing or one is too many: see `diagnose` for how this is decided."""
    missing = bool(np.real(k) < 0)
    if any(case.close_to(_product(case, each), case.error) for each in _likely(case, terms, case.given)):
        missing = True
    elif any(
        case.close_to(_product(case, each) + case.difference, case.error) for each in _likely(case, terms, case.right)
    ):
        missing = False  # the right gradient is a term
    text = _text_of(case, names)
    factor = -k if missing else k
    shown = text if factor == 1 else f"-{text}" if factor == -1 else f"{number(factor)} * {text}"
    other = f": has {text} the wrong sign?" if abs(k) == 2 else ""
    if missing:
        return "missing term", f"a term is missing: {shown}{other}"
    return "extra term", f"there is a term too many: {shown}{other}"


# -- the terms -------------------------------------------------------------------------------------


def _terms(case: Comparison) -> list[Names]:
    """The simple terms that have the right shape, or can be summed to it; squares are not summed."""
    flat = [name for name, value in case.values.items() if broadcast_axes(case.right.shape, value.shape) is not None]
    names = list(case.values)
    products: list[Names] = [(name,) for name in names]
    products += [(), *itertools.combinations_with_replacement(names, 2)]
    return [each for each in products if _has_shape(case, each)] + [
        (a, b, b) for a, b in itertools.permutations(flat, 2)
    ]


def _has_shape(case: Comparison, names: Names) -> bool:
    shapes = [case.values[name].shape for name in names]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    own = case.right.shape
    return broadcast_axes(shape, own) is not None or broadcast_axes(own, shape) is not None


def _likely(case: Comparison, terms: Sequence[Names], what: Array | None = None) -> list[Names]:
    """The terms of which an array, the difference if none is given, is a multiple where it is largest.

    All that have to be summed are likely, because to look at them is to compute them.
    """
    what = case.difference if what is None else what
    size = np.where(case.wrong, np.abs(what), -1.0).reshape(-1)
    sample = np.argsort(size)[-SAMPLE:]
    shape = case.right.shape
    values = {
        name: np.broadcast_to(value, shape).reshape(-1)[sample]
        for name, value in case.values.items()
        if broadcast_axes(shape, value.shape) is not None
    }
    whole = [each for each in terms if all(name in values for name in each)]
    ones = np.ones(len(sample))
    rows = np.array([math.prod((values[name] for name in each), start=ones) for each in whole])
    expected = what.reshape(-1)[sample]
    rounding = case.eps * (np.abs(case.right) + np.abs(case.given)).reshape(-1)[sample]
    error = case.error.reshape(-1)[sample] + 4 * rounding
    at = np.argmax(np.abs(rows), axis=1)
    most = rows[np.arange(len(rows)), at][:, None]
    unsure = (error[at] / np.abs(most[:, 0]))[:, None]
    k = expected[at][:, None] / most
    close = np.abs(expected - k * rows) <= error + unsure * np.abs(rows) + 4 * case.eps * np.abs(k * rows)
    likely = {each for each, passed in zip(whole, close.all(axis=1), strict=True) if passed}
    return [each for each in terms if each in likely or not all(name in values for name in each)]


def _product(case: Comparison, names: Names) -> Array:
    """A term with the shape of the gradient: it is summed over the axes that the gradient lacks."""
    array = math.prod((case.values[name] for name in names), start=np.ones(()))
    return summed_to(np.asarray(array), case.right.shape)


def _text_of(case: Comparison, names: Names) -> str:
    """A term as it is written in Python."""
    powers = [f"{name}**{names.count(name)}" if names.count(name) > 1 else name for name in dict.fromkeys(names)]
    text = " * ".join(powers).replace("the cotangent", "cotangent") or "1"
    shape = np.broadcast_shapes(*(case.values[name].shape for name in names))
    return f"sum({text})" if broadcast_axes(shape, case.right.shape) else text
