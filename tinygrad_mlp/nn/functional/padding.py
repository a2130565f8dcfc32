"""Padding (torch.nn.functional.pad)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensor import FUNCTIONS as _f
from ...tensor import Tensor, wrap
from ...tensor.overriding import asking
from .refusals import PAD_DIMENSIONS, PAD_EMPTIES, PAD_MODE, PAD_ODD, PAD_VALUE, PAD_WRAPS

__all__ = ["pad"]

_ROWS = {"reflect": "reflection_pad{}d", "replicate": "replication_pad{}d"}


@asking
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    """The input with more elements at the ends of its last dimensions, or with fewer (torch.nn.functional.pad).

    `pad` has the widths before and behind the last dimension, then before and behind the last but one, ...; a negative
    width takes elements away. `mode` is "constant" (of a `value`, by default 0), "reflect", "replicate" or "circular".
    RuntimeError for an odd number of widths and for those that do not fit, NotImplementedError for another mode, and
    for modes other than "constant" unless one, two or three dimensions are padded behind one or two others.
    """
    if len(pad) % 2:
        raise RuntimeError(PAD_ODD)
    if mode == "constant":
        return _f["constant_pad_nd"](input, pad, 0.0 if value is None else value)
    if value:
        raise RuntimeError(PAD_VALUE.format(mode=mode))
    dims, ndim = len(pad) // 2, input.dim()
    if dims not in (1, 2, 3) or ndim not in (dims + 1, dims + 2):
        raise NotImplementedError(PAD_DIMENSIONS.format(count=len(pad), ndim=ndim))
    if mode == "circular":
        return _circular(input, pad)
    if mode not in _ROWS:
        raise NotImplementedError(PAD_MODE.format(mode=mode))
    return _f[_ROWS[mode].format(dims)](input, pad)


def _circular(input: Tensor, pad: Sequence[int]) -> Tensor:
    """The input continued from its other end."""
    shape = input.shape
    for k, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        size = shape[-1 - k]
        if before > size or after > size:
            raise RuntimeError(PAD_WRAPS)
        if size + before + after < 0:
            raise RuntimeError(PAD_EMPTIES)
    for k, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        first, size = max(-before, 0), shape[-1 - k] + min(before, 0) + min(after, 0)
        places = first + np.arange(-max(before, 0), size + max(after, 0)) % (size or 1)
        input = _f["index_select"](input, -1 - k, wrap(places))
    return input
