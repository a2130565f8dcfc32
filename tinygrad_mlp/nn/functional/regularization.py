"""Dropout with torch's masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import random
from ...functions import FUNCTIONS, INPLACE
from ...tensor import Tensor, wrap


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element is 0 with probability `p`, else divided by 1 - p; otherwise the input itself.

    The mask comes from the default generator, torch's for the same seed, in the order of the input's memory. ValueError
    for a `p` outside [0, 1], RuntimeError for integers. Source: torch.nn.functional.dropout.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input.array.size:
        return input
    if input.array.dtype.kind != "f":
        name = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"result type Float can't be cast to the desired output type {name}")
    noise = wrap(_zeros(input.array) if p == 1 else _noise(input.array, 1 - p))
    multiply: Callable[..., Tensor] = INPLACE["mul_"] if inplace else FUNCTIONS["mul"]
    return multiply(input, noise)


def _zeros(array: Any) -> Any:
    return np.zeros((), array.dtype)


def _noise(array: Any, kept: float) -> Any:
    """0 or 1 / kept for each element."""
    order = range(array.ndim)
    if not array.flags.c_contiguous:  # torch's mask lies in memory as its input does, if that has no gaps
        order = sorted(order, key=lambda d: -array.strides[d])  # type: ignore[assignment]
        if not array.transpose(order).flags.c_contiguous:
            order = range(array.ndim)
    mask = random.default_generator.bernoulli(kept, [array.shape[d] for d in order])
    noise = mask.astype(array.dtype)
    noise *= array.dtype.type(1) / array.dtype.type(kept)
    return noise.transpose(np.argsort(order)) if array.ndim else noise
