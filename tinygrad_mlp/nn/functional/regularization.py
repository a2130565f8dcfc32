"""Dropout of elements and of channels; the masks are those that torch draws for the same seed (nn.functional)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import random
from ...arrays.dtypes import FLOATING
from ...batching import running as batching
from ...tensor import FUNCTIONS, INPLACE, Tensor, wrap
from ...tensor.overriding import asking
from .refusals import DROPOUT1D_NDIM, DROPOUT_DTYPE, DROPOUT_PROBABILITY, FEATURE_DROPOUT_NDIM

__all__ = ["alpha_dropout", "dropout", "dropout1d", "feature_alpha_dropout"]


@asking
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p.

    Otherwise, and for `p` 0, the input itself is returned. The default generator draws the mask in the order in which
    the input's elements lie in memory, so that it is torch's for the same seed. ValueError if `p` is not in [0, 1],
    RuntimeError for integers. Source: torch.nn.functional.dropout, after Srivastava et al. (2014).
    """
    if not _is_dropped(input, p, training):
        return input
    noise = wrap(_zeros(input.array) if p == 1 else _noise(input.array, 1 - p))
    multiply: Callable[..., Tensor] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    return multiply(input, noise)


@asking
def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, set each channel of an input (n, c, l) or (c, l) to 0 with probability `p`, divide others by 1 - p.

    RuntimeError for another number of dimensions. For the rest see `dropout` (torch.nn.functional.dropout1d).
    """
    if not 0 <= p <= 1:
        raise ValueError(DROPOUT_PROBABILITY.format(p=p))
    if input.ndim not in (2, 3):
        raise RuntimeError(DROPOUT1D_NDIM.format(ndim=input.ndim))
    if not _is_dropped(input, p, training):
        return input  # type: ignore[no-any-return]
    array = input.array if input.ndim == 3 else input.array[None]
    noise = _zeros(array) if p == 1 else _noise(_of_channels(array), 1 - p)
    multiply: Callable[..., Tensor] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    return multiply(input, wrap(noise if input.ndim == 3 or p == 1 else noise[0]))


@asking
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """In training, set each element to selu's lowest value with probability `p`, and keep mean 0 and variance 1.

    For an input of mean 0 and variance 1 the output a x + b has the same. The errors, and the order in which the mask
    is drawn, are those of `dropout`. Source: torch.nn.functional.alpha_dropout, after Klambauer et al. (2017).
    """
    return _alpha_dropout(input, p, training, inplace, lambda array: array)


@asking
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels, the second dimension (torch.nn.functional.feature_alpha_dropout)."""
    return _alpha_dropout(input, p, training, inplace, _of_channels)


_LOWEST = 1.7580993408473766  # minus the limit of selu at -infinity


def _alpha_dropout(input: Any, p: float, training: bool, inplace: bool, masked: Callable[[Any], Any]) -> Tensor:
    if not _is_dropped(input, p, training):
        return input  # type: ignore[no-any-return]
    multiply: Callable[..., Any] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    if p == 1:
        return multiply(input, wrap(_zeros(input.array)))  # type: ignore[no-any-return]
    mask = _mask(masked(input.array), 1 - p)
    scale = 1 / math.sqrt((_LOWEST * _LOWEST * p + 1) * (1 - p))
    shift = (mask - 1) * (_LOWEST * scale) + _LOWEST * scale * p
    return multiply(input, wrap(mask * scale)).add_(wrap(shift))  # type: ignore[no-any-return]


def _is_dropped(input: Tensor, p: float, training: bool) -> bool:
    """Whether there is anything to drop. ValueError if `p` is not in [0, 1], RuntimeError for integers."""
    if not 0 <= p <= 1:
        raise ValueError(DROPOUT_PROBABILITY.format(p=p))
    if not training or p == 0 or not input.array.size:
        return False
    if input.array.dtype.kind not in FLOATING:
        name = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(DROPOUT_DTYPE.format(found=name))
    return True


def _zeros(array: Any) -> Any:
    return np.zeros((), array.dtype)


def _of_channels(array: Any) -> Any:
    """An array with one element for each channel of each sample, as which the mask of whole channels is drawn."""
    if array.ndim < 2:
        raise RuntimeError(FEATURE_DROPOUT_NDIM)
    return np.empty((*array.shape[:2], *(1,) * (array.ndim - 2)), array.dtype)


def _noise(array: Any, kept: float) -> Any:
    """Draw the mask: 1 / kept for each element that stays, which has probability `kept`, and 0 for the others."""
    noise = _mask(array, kept)
    noise *= array.dtype.type(1) / array.dtype.type(kept)
    return noise


def _mask(array: Any, kept: float) -> Any:
    """Draw 1 for each element that stays, which has probability `kept`, and 0 for the others."""
    order = None if array.flags.c_contiguous else _memory_order(array)
    shape = array.shape if order is None else [array.shape[d] for d in order]
    generator: Any = random.default_generator
    if batching.batches:
        from ...random.batched import over_batches

        generator = over_batches(generator)
    mask = generator.bernoulli(kept, shape).astype(array.dtype)
    return mask if order is None else mask.transpose(np.argsort(order).tolist())


def _memory_order(array: Any) -> list[int]:
    """Return the dimensions from the largest to the smallest stride, the order in which torch fills the mask.

    Torch gives the mask the memory layout of the input. An expanded dimension has stride 0 and keeps its place, as in
    torch's infer_dense_strides.
    """
    strides, shape = array.strides, array.shape
    order = list(range(array.ndim))[::-1]
    for end in range(1, array.ndim):
        k = end
        for j in range(end - 1, -1, -1):
            a, b = order[j], order[k]
            if not strides[a] or not strides[b]:
                continue
            if (strides[a], shape[a]) <= (strides[b], shape[b]):
                break
            order[j], order[k] = b, a
            k = j
    return order[::-1]
