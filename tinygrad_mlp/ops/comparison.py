"""Comparing and choosing: the elements of several arrays, broadcast together."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .dims import as_dtype, dtype_word, in_order, within_range
from .masking import keep
from .refusals import (
    CLAMP_BOUNDS,
    CLAMP_OF_BOOLS,
    CLAMP_WITHOUT_BOUNDS,
    CONDITION_DTYPE,
    FILL_BY_OTHER_MASK,
    FILL_BY_SEVERAL,
)
from .table import Array, binary, operator, unary

# -- choosing --------------------------------------------------------------------------------------

# On a tie both sides get half of the cotangent, as in torch. Of 0 and -0, which are equal, NumPy's ufuncs return the
# second argument and torch mostly the first: so the arguments are swapped.
maximum = binary(
    "maximum", lambda input, other: np.maximum(other, input),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input < other, 0, g)),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input > other, 0, g)),
    numpy=np.maximum, inplace=False, numbers=False,
    doc="The larger of the elements of two arrays; nan where one is nan; ties share the cotangent equally",
)  # fmt: skip
minimum = binary(
    "minimum", lambda input, other: np.minimum(other, input),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input > other, 0, g)),
    lambda g, input, other: np.where(input == other, g / 2, np.where(input < other, 0, g)),
    numpy=np.minimum, inplace=False, numbers=False,
    doc="The smaller of the elements of two arrays; nan where one is nan; ties share the cotangent equally",
)  # fmt: skip
# Where one is nan the other is chosen, and of equal ones the first, as in torch; of 0 and -0 np.fmax gives one or the
# other, by the size of the array.
fmax = binary(
    "fmax", lambda input, other: np.where((input >= other) | (other != other), input, other),
    lambda g, input, other: keep(g, (input >= other) | (other != other)),
    lambda g, input, other: keep(g, np.logical_not((input >= other) | (other != other))),
    numpy=np.fmax, inplace=False, numbers=False,
    doc="The larger of the elements of two arrays, and where one is nan, the other; of equal ones the first",
)  # fmt: skip
fmin = binary(
    "fmin", lambda input, other: np.where((input <= other) | (other != other), input, other),
    lambda g, input, other: keep(g, (input <= other) | (other != other)),
    lambda g, input, other: keep(g, np.logical_not((input <= other) | (other != other))),
    numpy=np.fmin, inplace=False, numbers=False,
    doc="The smaller of the elements of two arrays, and where one is nan, the other; of equal ones the first",
)  # fmt: skip


@operator(
    {
        "input": lambda g, condition: keep(g, condition),
        "other": lambda g, condition: keep(g, np.logical_not(condition)),
    },
    tensors=("condition", "input", "other"),
    promotion="arithmetic",
    numpy=np.where,
    sample=lambda s: (
        (s.mask((x := s.binary())[0].shape), *x) if s.boolean() else s.broadcast(s.mask, s.floats, s.floats)
    ),
    unpromoted="condition",
)
def where(condition: Array, input: Array, other: Array) -> Array:
    """`input` where `condition` holds, else `other`.

    Refuses: RuntimeError for a condition that is neither bool nor uint8.
    """
    if condition.dtype.kind not in "bu":
        raise RuntimeError(CONDITION_DTYPE.format(word=dtype_word(condition)))
    return np.where(condition, input, other)


def _alike_bounds(min: Any, max: Any) -> None:
    """TypeError for a number and a tensor of one or more dimensions as bounds."""
    if (
        min is not None is not max
        and getattr(min, "ndim", 0) != getattr(max, "ndim", 0)
        and (not hasattr(min, "dtype") or not hasattr(max, "dtype"))
    ):
        found = ", ".join("Tensor" if hasattr(x, "dtype") else type(x).__name__ for x in (min, max))
        raise TypeError(CLAMP_BOUNDS.format(found=found))


def _no_bool_bounds(input: Array, *bounds: Any) -> None:
    """NotImplementedError where the input and the bounds are bools; TypeError for a tensor and a number as bounds."""
    if len(bounds) == 2:
        _alike_bounds(*bounds)
    given = [x for x in bounds if x is not None]
    bools = [isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in (input, *given)]
    if np.all(bools) and not (len(given) == 1 and hasattr(given[0], "dtype")):  # for one tensor torch takes its maximum
        raise NotImplementedError(CLAMP_OF_BOOLS)
    within_range(input, *given)


def _clamp_input(g: Array, input: Array, min: Any, max: Any) -> Array:
    if max is None:
        return keep(g, input >= min)
    if min is None:
        return keep(g, input <= max)
    return keep(g, (input >= min) & (input <= max))


@operator(
    {
        "input": _clamp_input,
        "min": lambda g, input, min, max: np.where((input < min) & (True if max is None else min < max), g, 0),
        "max": lambda g, input, min, max: np.where((input > max) | (False if min is None else max < min), g, 0),
    },
    tensors=("input", "min", "max"),
    promotion="arithmetic",
    check=_no_bool_bounds,
    inplace=True,
    numbers=("min", "max"),
    aliases="clip",
    sample=lambda s: s.bounded(),
)
def clamp(input: Array, min: Any = None, max: Any = None) -> Array:
    """Every element, limited to the range from `min` to `max`.

    Refuses: RuntimeError where both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError(CLAMP_WITHOUT_BOUNDS)
    if type(input) is np.ndarray and input.dtype.kind in FLOATING:
        _alike_bounds(min, max)
        within_range(input, min, max)
    low = (
        input if min is None else np.maximum(min, input)
    )  # of 0 and -0 NumPy returns the second: the input's, as torch
    return low if max is None else np.minimum(max, low)


@operator(
    {
        "input": lambda g, mask: np.where(mask, 0, g),
        "value": lambda g, mask: np.add.reduce(np.where(mask, g, 0), axis=None),
    },
    tensors=("input", "mask", "value"),
    numbers=("value",),
    inplace=True,
    sample=lambda s: (s.floats(shape := s.shape()), s.mask(s.broadcast_into(shape)), s.value()),
    overlap="allowed",
)
def masked_fill(input: Array, mask: Array, value: Any) -> Array:
    """`value` where `mask` holds, else `input`.

    Dtypes: any for `input` and `value`; `mask` is bool.
    Refuses: RuntimeError for a mask that is not bool.
    """
    if mask.dtype != bool:
        raise RuntimeError(FILL_BY_OTHER_MASK.format(word=dtype_word(mask)))
    if getattr(value, "ndim", 0):
        raise RuntimeError(FILL_BY_SEVERAL.format(ndim=value.ndim))
    value = value.item() if isinstance(value, np.ndarray) else value
    return in_order(np.where(mask, as_dtype(value, input.dtype), input))


clamp_min = binary(
    "clamp_min", lambda input, min: np.maximum(min, input),
    lambda g, input, min: keep(g, input >= min), lambda g, input, min: keep(g, input < min),
    names=("input", "min"), check=_no_bool_bounds, numpy=None, numbers=("min",), doc="Every element, at least `min`",
)  # fmt: skip
clamp_max = binary(
    "clamp_max", lambda input, max: np.minimum(max, input),
    lambda g, input, max: keep(g, input <= max), lambda g, input, max: keep(g, input > max),
    names=("input", "max"), check=_no_bool_bounds, numpy=None, numbers=("max",), doc="Every element, at most `max`",
)  # fmt: skip

# -- comparison and logic: nothing to differentiate ------------------------------------------------

comparison = functools.partial(binary, flat=True, numbers=("other",))

eq = comparison("eq", np.equal, doc="Whether input == other, as bools")
ne = comparison("ne", np.not_equal, aliases="not_equal", doc="Whether input != other, as bools")
lt = comparison("lt", np.less, aliases="less", doc="Whether input < other, as bools")
le = comparison("le", np.less_equal, aliases="less_equal", doc="Whether input <= other, as bools")
gt = comparison("gt", np.greater, aliases="greater", doc="Whether input > other, as bools")
ge = comparison("ge", np.greater_equal, aliases="greater_equal", doc="Whether input >= other, as bools")
logical_not = unary("logical_not", np.logical_not, doc="Whether an element is 0, as bools")
logical_and = binary("logical_and", np.logical_and, numbers=False, doc="Whether neither element is 0, as bools")
logical_or = binary("logical_or", np.logical_or, numbers=False, doc="Whether not both elements are 0, as bools")
logical_xor = binary("logical_xor", np.logical_xor, numbers=False, doc="Whether just one element is 0, as bools")
bitwise_not = unary("bitwise_not", np.bitwise_not, kinds="bi", doc="Every bit inverted")
bitwise_and = binary("bitwise_and", np.bitwise_and, kinds="bi", doc="The bits that both elements have")
bitwise_or = binary("bitwise_or", np.bitwise_or, kinds="bi", doc="The bits that one of the elements has, or both")
bitwise_xor = binary("bitwise_xor", np.bitwise_xor, kinds="bi", doc="The bits that just one of the elements has")
