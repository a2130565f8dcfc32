"""Normalisation: of vectors to length 1, and of features to mean 0 and variance 1 (torch.nn.functional)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...arrays.dtypes import HALVES
from ...arrays.silence import silent
from ...autograd import no_grad
from ...batching import is_batched
from ...ops.normalization import statistics
from ...tape import state
from ...tensor import FUNCTIONS, Tensor
from ...tensor.composite.reductions import norm
from ..refusals import (
    CHANNELS,
    LAYER_NORM_EMPTY,
    LAYER_NORM_INPUT,
    LAYER_NORM_PART,
    MIXED_DTYPES,
    MIXED_WITH_DOUBLE,
    NO_STATISTICS,
    NOT_DIFFERENTIABLE,
    ONE_VALUE_PER_CHANNEL,
    SHARED_STATISTICS,
)

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide the input by its p-norm along `dim`, or by `eps` where that is larger (torch.nn.functional.normalize)."""
    return input / _f["clamp"](norm(input, p, dim, keepdim=True), eps)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise over the last dimensions: (x - mean) / sqrt(variance + eps) * weight + bias.

    The input has the shape (*, *normalized_shape), `weight` and `bias` have `normalized_shape`; mean and (biased)
    variance are taken over those dimensions. RuntimeError for an input, weight or bias of another shape or dtype.
    Source: torch.nn.functional.layer_norm, after Ba et al. (2016).
    """
    shape = tuple(normalized_shape)
    if tuple(input.shape[input.ndim - len(shape) :]) != shape:
        raise RuntimeError(
            LAYER_NORM_INPUT.format(shape=list(shape), sizes=str(list(shape))[1:-1], input=list(input.shape))
        )
    if not shape:
        raise RuntimeError(LAYER_NORM_EMPTY)
    for name, part in (("weight", weight), ("bias", bias)):
        if part is not None and part.shape != shape:
            raise RuntimeError(LAYER_NORM_PART.format(name=name, found=list(part.shape), shape=list(shape)))
    _one_dtype(input, weight, bias)
    return _f["layer_norm"](input, shape, weight, bias, eps)


def _one_dtype(input: Tensor, *parts: Tensor | None) -> None:
    if any(part is not None and part.dtype != input.dtype for part in parts):
        raise RuntimeError(MIXED_DTYPES if input.dtype.itemsize < 8 else MIXED_WITH_DOUBLE)


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise every channel (dimension 1 of the input): (x - mean) / sqrt(variance + eps) * weight + bias.

    In training mean and variance are those of the batch, and the running ones, if given, are updated in place:
    running = (1 - momentum) * running + momentum * batch, with the unbiased variance. Otherwise the running ones are
    used. All of them, `weight` and `bias` have the shape (channels,). ValueError for one value per channel in training,
    RuntimeError for another number of channels or dtype. Source: torch.nn.functional.batch_norm, after Ioffe &
    Szegedy (2015).
    """
    channels = input.shape[1]
    if training and input.shape[0] * math.prod(input.shape[2:]) == 1:
        raise ValueError(ONE_VALUE_PER_CHANNEL.format(input=input.shape))
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, part in parts.items():
        if part is not None and part.numel() != channels:
            raise RuntimeError(CHANNELS.format(name=name, channels=channels, found=part.numel()))
    _one_dtype(input, *parts.values())
    for name in ("running_mean", "running_var"):
        if parts[name] is not None and parts[name].requires_grad and state.recording:  # type: ignore[union-attr]
            raise RuntimeError(NOT_DIFFERENTIABLE.format(function="native_batch_norm", name=name))
    if not training:
        if running_mean is None or running_var is None:
            name = "running_mean" if running_mean is None else "running_var"
            raise RuntimeError(NO_STATISTICS.format(name=name))
        return _f["batch_norm"](input, weight, bias, running_mean, running_var, eps)
    dims = tuple(d for d in range(input.ndim) if d != 1)
    with no_grad(), silent():
        x = input.array.astype(np.float32) if input.array.dtype.char in HALVES else input.array
        for running, now in zip((running_mean, running_var), statistics(x, dims), strict=True):
            if running is not None and is_batched(now) and not is_batched(running.array):
                raise RuntimeError(SHARED_STATISTICS)
            if running is not None and input.array.size:
                running.array[...] = (1 - momentum) * running.array + momentum * now
                running.versions[0] += 1
    return _f["batch_norm"](input, weight, bias, None, None, eps)
