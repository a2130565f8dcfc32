"""Rows of a table of embeddings, one for each index, or reduced over bags of indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import dtype_word
from .gathering import scatter_add
from .refusals import (
    EMBEDDING_DTYPE,
    EMBEDDING_WEIGHT,
    NO_EMBEDDING,
    NO_EMBEDDING_IN_BAG,
    NO_EMBEDDINGS,
    SAMPLE_WEIGHTS_DTYPE,
)
from .slices import unindex
from .sums import total
from .table import Array, by_value, operator


def _is_one_of(name: str, array: Array, words: str, function: str) -> None:
    """RuntimeError for an array whose dtype is none of these."""
    word = dtype_word(array)
    if word not in words.split(", "):
        raise RuntimeError(EMBEDDING_DTYPE.format(name=name, words=words, word=word, function=function))


@by_value
def _times(indices: Array) -> Array:
    """How often each of the indices occurs among them."""
    return np.bincount(indices.reshape(-1))[indices]


def _shared(g: Array, indices: Array, counted: bool) -> Array:
    """The cotangents of the elements, each divided by how often its index occurs if they are `counted`."""
    if not counted:
        return g
    return g / _times(indices)[..., None]


def _embedding_weight(
    g: Array, weight_shape: tuple[int, ...], indices: Array, padding_idx: int, scale_grad_by_freq: bool
) -> Array:
    g = _shared(g, indices, scale_grad_by_freq)
    return unindex(np.where(indices[..., None] == padding_idx, 0, g), weight_shape, (indices,))


@by_value
def _check_indices(indices: Array, rows: int) -> None:
    if indices.size and not rows:
        raise RuntimeError(NO_EMBEDDINGS)
    if indices.size and (indices.min() < 0 or indices.max() >= rows):
        raise IndexError(NO_EMBEDDING)


@operator(
    {"weight": _embedding_weight},
    tensors=("weight", "indices"),
    numbers=False,
    method=False,
    # Torch's second derivative leaves out that the found is divided by frequencies.
    sample=lambda s: (
        s.floats((n := s.size(1), s.size(1))), s.ints(s.shape(least=1), 0, n - 1), s.size(-1, n - 1), False
    ),
)  # fmt: skip
def embedding(weight: Array, indices: Array, padding_idx: int = -1, scale_grad_by_freq: bool = False) -> Array:
    """The rows of `weight` at `indices`; that at `padding_idx` gets no gradient.

    Shapes: `weight` (n, d), `indices` any; the result has a last dimension of size d more. With `scale_grad_by_freq`
        the gradient of a row is divided by how often its index occurs.
    Dtypes: any for `weight`; `indices` int64 or int32, RuntimeError for others.
    Refuses: IndexError for an index that is not in [0, n), RuntimeError for a weight that is no matrix.
    As: torch.embedding
    """
    _is_one_of("indices", indices, "Long, Int", "embedding")
    if weight.ndim != 2:
        raise RuntimeError(EMBEDDING_WEIGHT)
    _check_indices(indices, weight.shape[0])
    return weight[indices]


# -- bags ------------------------------------------------------------------------------------------


@by_value
def _bags(indices: Array, offsets: Array, include_last_offset: bool) -> Array:
    """The bag in which each index lies: the last one that begins before it, or with it.

    Where the last offset is the end of the last bag, none begins there.
    """
    bag = np.searchsorted(offsets, np.arange(indices.size), side="right") - 1
    return np.minimum(bag, len(offsets) - 2) if include_last_offset else bag


@by_value
def _counts(bag: Array, kept: Array, count: int) -> Array:
    """How many indices each bag has, as a column; 1 for an empty bag, whose mean is 0."""
    return np.maximum(np.bincount(bag[kept], minlength=count), 1)[:, None]


@by_value
def _largest(rows: Array, indices: Array, bag: Array, kept: Array, count: int) -> Array:
    """The index of the row that has the largest element of each column in each bag, -1 in an empty one."""
    largest = np.full((count, rows.shape[1]), -np.inf, rows.dtype)
    np.maximum.at(largest, bag[kept], rows[kept])
    places = np.where((rows == largest[bag]) | (rows != rows), np.arange(len(rows))[:, None], len(rows))
    found = np.full(largest.shape, len(rows))
    np.minimum.at(found, bag[kept], places[kept])
    return np.append(indices, -1)[found]


def _embedding_bag_weight(
    g: Array, found: Array, weight_shape: tuple[int, ...], indices: Array, offsets: Array, scale_grad_by_freq: bool,
    mode: str, per_sample_weights: Any, include_last_offset: bool, padding_idx: int,
) -> Array:  # fmt: skip
    if mode == "max":
        g, found = np.where(found < 0, 0, g), np.where(found < 0, 0, found)
        return scatter_add(np.zeros_like(g, shape=weight_shape), 0, found, g)
    bag, kept = _bags(indices, offsets, include_last_offset), indices != padding_idx
    if mode == "mean":
        g = g / _counts(bag, kept, g.shape[0])
    each = g[bag]
    if per_sample_weights is not None:
        each = each * per_sample_weights[:, None]
    each = _shared(each, indices, scale_grad_by_freq)
    return unindex(np.where(kept[:, None], each, 0), weight_shape, (indices,))


def _embedding_bag_samples(
    g: Array, weight: Array, indices: Array, offsets: Array, include_last_offset: bool, padding_idx: int
) -> Array:
    bag = _bags(indices, offsets, include_last_offset)
    return np.where(indices != padding_idx, total(g[bag] * weight[indices], (1,)), 0)


@by_value
def _check_bag_indices(indices: Array, rows: int) -> None:
    wrong = np.flatnonzero((indices < 0) | (indices >= rows))
    if wrong.size:
        raise RuntimeError(NO_EMBEDDING_IN_BAG.format(place=wrong[0], index=indices[wrong[0]], rows=rows))


def _bag_dtypes(weight: Array, indices: Array, *rest: Any) -> None:
    """RuntimeError for a `weight` that is not floating and for `per_sample_weights` of another dtype than it has.

    For indices that are neither int64 nor int32, too.
    """
    samples = rest[3]
    _is_one_of("indices", indices, "Long, Int", "embedding_bag")
    _is_one_of("weight", weight, "Half, BFloat16, Float, Double", "embedding_bag")
    if samples is not None and samples.dtype != weight.dtype:
        raise RuntimeError(SAMPLE_WEIGHTS_DTYPE.format(own=dtype_word(weight), other=dtype_word(samples)))


def _draw_bags(s: Any) -> tuple[Any, ...]:
    weight = s.moderate(s.floats((n := s.size(1), s.size(1))))
    indices = s.ints((m := s.size(),), 0, n - 1)
    offsets = np.sort(np.append(s.ints((s.size(),), 0, m), 0))
    mode = s.choice(["sum", "mean", "max"])
    samples = s.maybe(s.moderate(s.floats((m,)))) if mode == "sum" else None
    # Not by frequency: torch divides by that of another index.
    return weight, indices, offsets, False, mode, samples, False, s.size(-1, n - 1)


@operator(
    {"weight": _embedding_bag_weight, "per_sample_weights": _embedding_bag_samples},
    tensors=("weight", "indices", "offsets", "per_sample_weights"),
    outputs=("out", "found"),
    check=_bag_dtypes,
    numbers=False,
    method=False,
    sample=_draw_bags,
)
def embedding_bag(
    weight: Array, indices: Array, offsets: Array, scale_grad_by_freq: bool = False, mode: str = "mean",
    per_sample_weights: Any = None, include_last_offset: bool = False, padding_idx: int = -1,
) -> tuple[Array, Array]:  # fmt: skip
    """The sum, mean or maximum of the rows of `weight` in each bag of indices, which begin at `offsets`.

    Shapes: `weight` (n, d), `indices` and `per_sample_weights` (m,), `offsets` (bags,); the result is (bags, d). With
        `include_last_offset` the last of the offsets is the end of the last bag. Indices that are `padding_idx` are
        left out; `per_sample_weights` multiply the rows of a sum. For the maximum the second result has the rows of
        `weight` where it was found, -1 in an empty bag.
    With `scale_grad_by_freq` each row's gradient is divided by how often its index occurs. (Torch's kernel on a CPU
        divides by how often another index does.)
    Refuses: RuntimeError for an index that is not in [0, n).
    As: torch.nn.functional.embedding_bag
    """
    _check_bag_indices(indices, weight.shape[0])
    bag, kept = _bags(indices, offsets, include_last_offset), indices != padding_idx
    count = len(offsets) - include_last_offset
    rows = weight[indices]
    if mode == "max":
        found = _largest(rows, indices, bag, kept, count)
        return np.where(found < 0, 0, weight[found, np.arange(weight.shape[1])]), found
    rows = rows if per_sample_weights is None else rows * per_sample_weights[:, None]
    sums = unindex.forward(np.where(kept[:, None], rows, 0), (count, weight.shape[1]), (bag,))
    if mode == "mean":
        sums = (sums / _counts(bag, kept, count)).astype(weight.dtype, copy=False)
    return sums, np.empty(0, np.int64)
