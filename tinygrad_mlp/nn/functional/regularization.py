"""Dropout, whose masks are those that torch draws for the same seed (torch.nn.functional.dropout)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import random
from ...arrays.dtypes import FLOATING
from ...batching import running as batching
from ...tensor import FUNCTIONS, INPLACE, Tensor, wrap
from ..refusals import DROPOUT_DTYPE, DROPOUT_PROBABILITY


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p.

    Otherwise, and for `p` 0, the input itself is returned. The default generator draws the mask in the order in which
    the input's elements lie in memory, so that it is torch's for the same seed. ValueError if `p` is not in [0, 1],
    RuntimeError for integers. Source: torch.nn.functional.dropout, after Srivastava et al. (2014).
    """
    if not 0 <= p <= 1:
        raise ValueError(DROPOUT_PROBABILITY.format(p=p))
    if not training or p == 0 or not input.array.size:
        return input
    if input.array.dtype.kind not in FLOATING:
        name = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(DROPOUT_DTYPE.format(found=name))
    noise = wrap(_zeros(input.array) if p == 1 else _noise(input.array, 1 - p))
    multiply: Callable[..., Tensor] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    return multiply(input, noise)


def _zeros(array: Any) -> Any:
    return np.zeros((), array.dtype)


def _noise(array: Any, kept: float) -> Any:
    """Draw the mask: 1 / kept for each element that stays, which has probability `kept`, and 0 for the others."""
    order = None if array.flags.c_contiguous else _memory_order(array)
    shape = array.shape if order is None else [array.shape[d] for d in order]
    generator: Any = random.default_generator
    if batching.batches:
        from ...random.batched import over_batches

        generator = over_batches(generator)
    noise = generator.bernoulli(kept, shape).astype(array.dtype)
    noise *= array.dtype.type(1) / array.dtype.type(kept)
    return noise if order is None else noise.transpose(np.argsort(order))


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
