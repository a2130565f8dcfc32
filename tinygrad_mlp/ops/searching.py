"""Searching: where elements stand in a sorted sequence, which are in a set, and which differ from one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import axis, dtype_word
from .refusals import (
    ISIN_OF_BOOLS,
    ROLL_OF_NUMBER,
    SEARCH_NUMBER,
    SEARCH_SHAPES,
    SEARCH_SIDE,
    SEARCH_SIDES,
    SORTER_DTYPE,
    SORTER_RANGE,
    SORTER_SHAPE,
    UNIQUE_OF_NOTHING,
)
from .table import Array, by_value, no_gradient, operator

# -- in a sorted sequence, and in a set ------------------------------------------------------------------


def _sides(right: bool, side: Any) -> str:
    if side not in (None, "left", "right"):
        raise RuntimeError(SEARCH_SIDE.format(side=side))
    if side == "left" and right:
        raise RuntimeError(SEARCH_SIDES)
    return "right" if right or side == "right" else "left"


def _sorted_by(sequence: Array, sorter: Array) -> Array:
    if sorter.dtype != np.int64:
        raise RuntimeError(SORTER_DTYPE.format(word=dtype_word(sorter)))
    if sorter.shape != sequence.shape:
        raise RuntimeError(SORTER_SHAPE.format(shape=list(sequence.shape), sorter=list(sorter.shape)))
    if np.any((sorter < 0) | (sorter >= sequence.shape[-1])):
        raise RuntimeError(SORTER_RANGE)
    return np.take_along_axis(sequence, sorter, -1)


def _found(sequence: Array, values: Array, side: Any) -> Array:
    return np.where(values == values, np.searchsorted(sequence, values, side), sequence.size)  # nan is behind all


@operator(
    tensors=("sorted_sequence", "input", "sorter"),
    promotion="arithmetic",
    unpromoted="sorter",
    out="exact",
    kinds="if",
    numbers=("input",),
    method=False,
    function=True,
    sample=lambda s: (
        np.sort(s.below_infinity(s.moderate(s.floats((s.size(),))))),
        s.floats(s.shape()),
        s.boolean(),
        s.boolean(),
        None,
        None,
    ),
)
@by_value
def searchsorted(
    sorted_sequence: Array, input: Array, out_int32: bool = False, right: bool = False, side: Any = None,
    sorter: Any = None,
) -> Array:  # fmt: skip
    """Before which index the values of `input` would have to be inserted to keep a sequence sorted.

    Shapes: `sorted_sequence` is a vector and `input` has any shape, or they have the same sizes but in the last
        dimension, along which is searched; the result has the shape of `input`.
    Dtypes: the result has int64, or int32 if asked; of equal elements it is the first or, with `right`, the next after.
    Refuses: RuntimeError for other shapes and unknown sides.
    """
    side = _sides(right, side)
    values = np.asarray(input)
    if sorted_sequence.ndim != 1 and not values.ndim:
        raise RuntimeError(SEARCH_NUMBER.format(ndim=sorted_sequence.ndim))
    if sorted_sequence.ndim != 1 and sorted_sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(SEARCH_SHAPES.format(sorted=list(sorted_sequence.shape), shape=list(values.shape)))
    if sorter is not None:
        sorted_sequence = _sorted_by(sorted_sequence, sorter)
    if sorted_sequence.ndim == 1:
        found = _found(sorted_sequence, values, side)
    else:
        found = np.empty(values.shape, np.int64)
        for row in np.ndindex(values.shape[:-1]):
            found[row] = _found(sorted_sequence[row], values[row], side)
    return found.astype(np.int32 if out_int32 else np.int64)


def _no_bools(elements: Any, test_elements: Any, *args: Any) -> None:
    """RuntimeError for bools."""
    if any(getattr(x, "dtype", None) == np.bool_ for x in (elements, test_elements)):
        raise RuntimeError(ISIN_OF_BOOLS)


@operator(
    tensors=("elements", "test_elements"),
    promotion="arithmetic",
    check=_no_bools,
    out="exact",
    method=False,
    function=True,
    sample=lambda s: (
        s.floats(s.shape()),
        s.floats(s.shape()).copy(),
        False,
        s.boolean(),
    ),  # torch fails on a strided second
)
@by_value
def isin(elements: Array, test_elements: Array, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element is one of the test elements, as bools; with `invert`, whether it is none.

    Shapes: that of `elements`. One of both may be a number.
    """
    dtype = elements.dtype if hasattr(elements, "dtype") else test_elements.dtype
    return np.isin(np.asarray(elements, dtype), np.asarray(test_elements, dtype), assume_unique, invert)


# -- without repetitions ---------------------------------------------------------------------------------


_results: dict[str, Any] = {"outputs": ("values", "inverse", "counts")}


def _asked(found: Any, shape: tuple[int, ...], inverse: bool, counts: bool) -> tuple[Array, Array, Array]:
    """The values, the indices among them and the counts that np.unique gives, each if it was asked for."""
    values, *others = found if inverse or counts else (found,)
    return (
        values,
        others[0].reshape(shape) if inverse else np.zeros(0, np.int64),
        others[-1] if counts else np.zeros(0, np.int64),
    )


@operator(
    {"input": no_gradient("_unique2")},
    name="unique_all",
    node_name="Unique2Backward0",
    sample=lambda s: (s.floats(s.shape()), True, True),
    method=False,
    **_results,
)
def unique_all(input: Array, return_inverse: bool = False, return_counts: bool = False) -> tuple[Array, Array, Array]:
    """The different elements in order; which of them each element is; and how often each occurs. No nan is another.

    Shapes: any; a vector, that of `input`, a vector.
    As: torch.unique
    """
    found = np.unique(input, False, return_inverse, return_counts, equal_nan=False)
    return _asked(found, input.shape, return_inverse, return_counts)


def _among_slices(input: Array, dim: int) -> int:
    if not input.ndim:
        axis(dim, 0)
        raise IndexError(ROLL_OF_NUMBER.format(dim=dim))
    d = axis(dim, input.ndim)
    if 0 in (*input.shape[:d], *input.shape[d + 1 :]):
        raise RuntimeError(UNIQUE_OF_NOTHING)
    return d


# Where slices with nan stand among the others is up to how torch sorts.
_slices: dict[str, Any] = {
    "sample": lambda s: (s.moderate(s.floats(shape := s.shape(1, least=1))), s.dim(shape), True, True)
}


@operator(
    {"input": no_gradient("unique_dim")},
    name="unique_dim",
    node_name="UniqueDimBackward0",
    method=False,
    **_slices,
    **_results,
)
def unique_dim(
    input: Array, dim: int, return_inverse: bool = False, return_counts: bool = False
) -> tuple[Array, Array, Array]:
    """The different slices along a dimension in order, which of them each slice is, and how often each occurs.

    Shapes: that of `input` with another size along `dim`, and two vectors.
    As: torch.unique
    """
    d = _among_slices(input, dim)
    if not input.size:
        return input.copy(), np.zeros(0, np.int64), np.zeros(0, np.int64)
    found = np.unique(input, False, return_inverse, return_counts, d)
    return _asked(found, (input.shape[d],), return_inverse, return_counts)


@operator(
    {"input": no_gradient("unique_consecutive")},
    name="unique_runs",
    node_name="UniqueConsecutiveBackward0",
    sample=lambda s: (s.floats(shape := s.shape(1, least=1)), s.maybe(s.dim(shape)), True, True),
    method=False,
    **_results,
)
def unique_runs(
    input: Array, dim: int | None = None, return_inverse: bool = False, return_counts: bool = False
) -> tuple[Array, Array, Array]:
    """The first of each run of equal elements, or of equal slices along a dimension, the run of each, and its length.

    Shapes: a vector, the shape of `input`, a vector; with `dim` that of `input` with another size there, two vectors.
    As: torch.unique_consecutive
    """
    d = 0 if dim is None else _among_slices(input, dim)
    whole = input.reshape(-1) if dim is None else input
    rows = np.moveaxis(whole, d, 0).reshape(whole.shape[d], -1 if whole.size else 0)
    begins = np.ones(len(rows), bool)
    begins[1:] = np.any(rows[1:] != rows[:-1], axis=1)
    first = np.flatnonzero(begins)
    inverse = (np.cumsum(begins) - 1).reshape(input.shape if dim is None else -1)
    counts = np.diff(first, append=len(rows))
    return (
        np.take(whole, first, d),
        inverse if return_inverse else np.zeros(0, np.int64),
        counts if return_counts else np.zeros(0, np.int64),
    )
