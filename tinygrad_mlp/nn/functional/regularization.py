"""Dropout with torch's masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import random
from ...functions import FUNCTIONS, INPLACE
from ...tensor import Tensor, wrap
from ..refusals import DROPOUT_DTYPE, DROPOUT_PROBABILITY


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element is 0 with probability `p`, else divided by 1 - p; otherwise the input itself.

    The mask comes from the default generator, torch's for the same seed, in the order of the input's memory. ValueError
    for a `p` outside [0, 1], RuntimeError for integers. Source: torch.nn.functional.dropout.
    """
    if not 0 <= p <= 1:
        raise ValueError(DROPOUT_PROBABILITY.format(p=p))
    if not training or p == 0 or not input.array.size:
        return input
    if input.array.dtype.kind != "f":
        name = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(DROPOUT_DTYPE.format(found=name))
    noise = wrap(_zeros(input.array) if p == 1 else _noise(input.array, 1 - p))
    multiply: Callable[..., Tensor] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    return multiply(input, noise)


def _zeros(array: Any) -> Any:
    return np.zeros((), array.dtype)


def _noise(array: Any, kept: float) -> Any:
    """0 or 1 / kept for each element."""
    order = None if array.flags.c_contiguous else _memory_order(array)
    shape = array.shape if order is None else [array.shape[d] for d in order]
    noise = random.default_generator.bernoulli(kept, shape).astype(array.dtype)
    noise *= array.dtype.type(1) / array.dtype.type(kept)
    return noise if order is None else noise.transpose(np.argsort(order))


def _memory_order(array: Any) -> list[int]:
    """The dimensions from the widest to the narrowest stride: torch lays out what is like a tensor as it lies itself.

    A stride of 0, of an expanded dimension, compares with none (torch's infer_dense_strides).
    """
    strides, shape = array.strides, array.shape
    order = list(range(array.ndim))[::-1]
    for end in range(1, array.ndim):
        k = end
        for j in range(end - 1, -1, -1):
            a, b = order[j], order[k]
            if not strides[a] or not strides[b]:
                continue
            if (strides[a], shape[a]) > (strides[b], shape[b]):
                order[j], order[k] = b, a
                k = j
            elif strides[a] < strides[b]:
                break
    return order[::-1]
