"""Normalisation: of vectors to length 1, and of features to mean 0 and variance 1 (torch.nn.functional)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays.dtypes import HALVES
from ...arrays.silence import silent
from ...autograd import no_grad
from ...batching import is_batched
from ...ops.normalization import statistics
from ...tape import state
from ...tensor import FUNCTIONS, Tensor
from ...tensor.composite.reductions import norm
from ...tensor.out import with_out
from ...tensor.overriding import asking
from ..refusals import NOT_DIFFERENTIABLE
from .refusals import (
    BATCH_NORM_EPS,
    BATCH_NORM_EPS_IN_TRAINING,
    CHANNELS,
    GROUP_NORM_CHANNELS,
    GROUP_NORM_DIMENSIONS,
    GROUP_NORM_GROUPS,
    GROUP_NORM_PART,
    INSTANCE_NORM_STATISTICS,
    LAYER_NORM_EMPTY,
    LAYER_NORM_INPUT,
    LAYER_NORM_PART,
    MIXED_DTYPES,
    MIXED_WITH_DOUBLE,
    NO_STATISTICS,
    ONE_SPATIAL_ELEMENT,
    ONE_VALUE_PER_CHANNEL,
    RMS_NORM_DIMENSIONS,
    RMS_NORM_DTYPE,
    SHARED_STATISTICS,
)

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "normalize", "rms_norm"]

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS


@with_out
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide the input by its p-norm along `dim`, or by `eps` where that is larger (torch.nn.functional.normalize)."""
    return input / _f["clamp"](norm(input, p, dim, keepdim=True), eps)


@asking
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
    _check_normalized(input, shape, weight=weight, bias=bias)
    _one_dtype(input, weight, bias)
    return _f["layer_norm"](input, shape, weight, bias, eps)


def _check_normalized(input: Tensor, shape: tuple[int, ...], **parts: Tensor | None) -> None:
    """RuntimeError unless the shape of the input ends in `shape`, which is not empty and which its parameters have."""
    if not shape:
        raise RuntimeError(LAYER_NORM_EMPTY)
    for name, part in parts.items():
        if part is not None and part.shape != shape:
            raise RuntimeError(LAYER_NORM_PART.format(name=name, found=list(part.shape), shape=list(shape)))
    if tuple(input.shape[max(input.ndim - len(shape), 0) :]) != shape:
        raise RuntimeError(
            LAYER_NORM_INPUT.format(shape=list(shape), sizes=str(list(shape))[1:-1], input=list(input.shape))
        )


@asking
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last dimensions: x / sqrt(mean(x^2) + eps) * weight.

    The input has the shape (*, *normalized_shape), `weight` has `normalized_shape`; without `eps` it is the epsilon of
    the dtype. Halves are computed in float32, whose epsilon it is then. RuntimeError for an input or weight of another
    shape. Source: torch.nn.functional.rms_norm, after Zhang & Sennrich (2019).
    """
    shape = tuple(normalized_shape)
    if input.ndim < len(shape):
        raise ValueError(RMS_NORM_DIMENSIONS.format(least=len(shape), ndim=input.ndim))
    _check_normalized(input, shape, weight=weight)
    if not input.is_floating_point():
        raise NotImplementedError(RMS_NORM_DTYPE.format(found=input.dtype.tensor_type.removesuffix("Tensor")))
    dtype = input.dtype
    if dtype.itemsize == 2:
        input, weight = input.float(), None if weight is None else weight.float()
    dims = tuple(range(input.ndim - len(shape), input.ndim))
    least = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    mean: Any = _f["mean"](_f["square"](input), dims, True)
    out: Any = input * _f["rsqrt"](mean + least)
    out = out if weight is None else out * weight
    return out.to(dtype) if dtype.itemsize == 2 else out  # type: ignore[no-any-return]


def _one_dtype(input: Tensor, *parts: Tensor | None) -> None:
    if any(part is not None and part.dtype != input.dtype for part in parts):
        raise RuntimeError(MIXED_DTYPES if input.dtype.itemsize < 8 else MIXED_WITH_DOUBLE)


@asking
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
    if input.ndim < 2 and not input.array.size:
        return input.clone()  # type: ignore[no-any-return]
    channels = input.shape[1]
    if training and input.shape[0] * math.prod(input.shape[2:]) == 1:
        raise ValueError(ONE_VALUE_PER_CHANNEL.format(input=input.shape))
    if eps < 0 or (training and not eps):
        raise ValueError((BATCH_NORM_EPS_IN_TRAINING if training else BATCH_NORM_EPS).format(eps=eps))
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


@asking
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise every group of channels of a sample: (x - mean) / sqrt(variance + eps) * weight + bias.

    The input is (n, channels, *); `weight` and `bias` have one element for each channel. RuntimeError for fewer than
    two dimensions, for a number of channels that `num_groups` does not divide, and for parameters of another shape or
    dtype; ValueError for one value per group. Source: torch.nn.functional.group_norm, after Wu & He (2018).
    """
    if input.ndim < 2:
        raise RuntimeError(GROUP_NORM_DIMENSIONS.format(ndim=input.ndim))
    n, channels, *rest = input.shape
    if n * channels // num_groups * math.prod(rest) == 1:
        raise ValueError(ONE_VALUE_PER_CHANNEL.format(input=[n * channels // num_groups, num_groups, *rest]))
    if num_groups <= 0:
        raise RuntimeError(GROUP_NORM_GROUPS.format(num_groups=num_groups))
    if channels % num_groups:
        raise RuntimeError(GROUP_NORM_CHANNELS.format(shape=list(input.shape), num_groups=num_groups))
    for name, part in (("weight", weight), ("bias", bias)):
        if part is not None and part.shape != (channels,):
            raise RuntimeError(GROUP_NORM_PART.format(name=name, found=list(part.shape), shape=list(input.shape)))
    _one_dtype(input, weight, bias)
    return _f["group_norm"](input, num_groups, weight, bias, eps)


@asking
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise every channel of each sample: (x - mean) / sqrt(variance + eps) * weight + bias.

    The input is (n, channels, *). With `use_input_stats` mean and variance are those of the sample, and the running
    ones, if given, move towards their mean over the samples; otherwise the running ones are used. Errors are those of
    `batch_norm`; ValueError for one value per channel. Source: torch.nn.functional.instance_norm, after Ulyanov et al.
    (2016).
    """
    n, channels, *rest = input.shape
    if use_input_stats and math.prod(rest) == 1:
        raise ValueError(ONE_SPATIAL_ELEMENT.format(input=input.shape))
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(INSTANCE_NORM_STATISTICS)
    parts: list[Any] = [running_mean, running_var, weight, bias]
    repeated: list[Any] = [None if part is None else part.repeat(n) for part in parts]
    means, variances, weights, biases = repeated
    rows = _f["reshape"](input, (1, n * channels, *rest))  # each channel of each sample as one of a single sample
    out = batch_norm(rows, means, variances, weights, biases, use_input_stats, momentum, eps)
    with no_grad():
        for running, of_samples in zip(parts[:2], repeated, strict=False):
            if running is not None and use_input_stats:
                running.copy_(of_samples.reshape(n, channels).mean(0))
    return _f["reshape"](out, input.shape)
