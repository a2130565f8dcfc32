"""Embeddings: rows of a matrix by their numbers, one by one or reduced over bags of numbers (torch.nn.functional).

Torch can make gradients of these that are sparse tensors, with `sparse`; here they are dense, of the same numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.silence import silenced
from ...ops.table import by_value
from ...tensor import FUNCTIONS, Tensor, wrap
from ...tensor.overriding import asking
from .refusals import (
    BAG_EMPTY_ROWS,
    BAG_FIRST_OFFSET,
    BAG_INPUT,
    BAG_LAST_OFFSET,
    BAG_MAX_BY_FREQ,
    BAG_MAX_SPARSE,
    BAG_MODE,
    BAG_NO_END,
    BAG_NO_OFFSETS,
    BAG_OFFSETS,
    BAG_OFFSETS_OF_ROWS,
    BAG_ORDER,
    BAG_PADDING_IDX,
    BAG_SAMPLE_WEIGHTS,
    BAG_WEIGHT,
    PADDING_IDX,
    SAMPLE_WEIGHTS_SHAPE,
)

__all__ = ["embedding", "embedding_bag"]

_f: dict[str, Callable[..., Any]] = FUNCTIONS
_MODES = ("sum", "mean", "max")


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of `weight`, of shape (n, d), at the indices `input`: a tensor (*, d).

    The row at `padding_idx` gets no gradient. With `max_norm` rows that are taken and whose `norm_type`-norm is larger
    are first scaled down to it, in place. With `scale_grad_by_freq` the gradient of a row is divided by how often it is
    taken. IndexError for an index that is not in [0, n), AssertionError for such a `padding_idx`. Source:
    torch.nn.functional.embedding.
    """
    if padding_idx is None:
        padding_idx = -1
    elif not -weight.shape[0] <= padding_idx < max(weight.shape[0], 1):
        raise AssertionError(PADDING_IDX)
    elif padding_idx < 0:
        padding_idx += weight.shape[0]
    if max_norm is not None:
        _limit_norms(weight, input.array, max_norm, norm_type)
    return _f["embedding"](weight, input, padding_idx, scale_grad_by_freq)  # type: ignore[no-any-return]


@silenced
def _limit_norms(weight: Tensor, indices: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are taken down to `max_norm`, in place; torch adds 1e-7 to the norms that it divides by."""
    taken = np.unique(indices)
    rows = weight.array[taken]
    norms = np.linalg.norm(rows, norm_type, axis=1)
    large = norms > max_norm
    scale = np.asarray(max_norm / (norms[large] + 1e-7), rows.dtype)
    weight.array[taken[large]] = rows[large] * scale[:, None]
    weight.versions[0] += 1


@asking
def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
    per_sample_weights: Tensor | None = None, include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """The "sum", "mean" or "max" of the rows of `weight` (n, d) over each bag of indices: a tensor (bags, d).

    The bags are the rows of a matrix `input`, or the stretches of a vector that begin at `offsets`; with
    `include_last_offset` the last of these is the end of the last bag. Indices that are `padding_idx` are left out.
    `per_sample_weights`, of the shape of the input, multiply the rows of a sum. For the others see `embedding`.
    RuntimeError for an index that is out of range, ValueError for shapes that do not match. Source:
    torch.nn.functional.embedding_bag.
    """
    if weight.array.dtype == np.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(SAMPLE_WEIGHTS_SHAPE.format(weights=per_sample_weights.shape, input=input.shape))
    if weight.ndim != 2:
        raise ValueError(BAG_WEIGHT.format(ndim=weight.ndim))
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(BAG_OFFSETS_OF_ROWS.format(found=type(offsets)))
        rows, length = input.shape
        if not length:
            raise RuntimeError(BAG_EMPTY_ROWS)
        offsets, include_last_offset = wrap(np.arange(0, rows * length, length).astype(input.array.dtype)), False
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    elif input.ndim == 1:
        if offsets is None:
            raise ValueError(BAG_NO_OFFSETS)
        if offsets.ndim != 1:
            raise ValueError(BAG_OFFSETS)
    else:
        raise ValueError(BAG_INPUT.format(ndim=input.ndim))
    _check_mode(mode, scale_grad_by_freq, sparse, per_sample_weights)
    if max_norm is not None:
        _limit_norms(weight, input.array, max_norm, norm_type)
    number = -1
    if padding_idx is not None:
        n = weight.shape[0]
        if not -n <= padding_idx < n:
            raise RuntimeError(BAG_PADDING_IDX.format(rows=n, last=n - 1, padding_idx=padding_idx))
        number = padding_idx % n
    if include_last_offset and not offsets.numel():
        raise RuntimeError(BAG_NO_END)
    _check_offsets(offsets.array, input.numel())
    options = (scale_grad_by_freq, mode, per_sample_weights, include_last_offset, number)
    return _f["embedding_bag"](weight, input, offsets, *options)[0]  # type: ignore[no-any-return]


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool, per_sample_weights: Tensor | None) -> None:
    if mode not in _MODES:
        raise ValueError(BAG_MODE)
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(BAG_MAX_BY_FREQ)
    if mode == "max" and sparse:
        raise ValueError(BAG_MAX_SPARSE)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(BAG_SAMPLE_WEIGHTS.format(mode=mode))


@by_value
def _check_offsets(offsets: Any, count: int) -> None:
    if not offsets.size:
        return
    if offsets[0]:
        raise RuntimeError(BAG_FIRST_OFFSET.format(first=offsets[0]))
    if offsets[-1] > count:
        raise RuntimeError(BAG_LAST_OFFSET.format(count=count, last=offsets[-1]))
    if (np.diff(offsets) < 0).any():
        raise RuntimeError(BAG_ORDER)
