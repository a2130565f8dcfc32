"""Normalisation: to mean 0 and variance 1, of samples (layer_norm) and of channels (batch_norm).

For x' = (x - mean(x)) / deviation the cotangent of x is (g - mean(g) - x' mean(g x')) / deviation, where g is that of
x'. It is orthogonal to 1 and to x': a step of x in these directions does not change x'.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import in_order
from .sums import total
from .table import Array, operator

_Axes = tuple[int, ...]


def _mean(x: Array, axes: _Axes) -> Array:
    return total(x, axes, True) / (math.prod(x.shape[a] for a in axes) or 1)


def statistics(x: Array, axes: _Axes) -> tuple[Array, Array]:
    """The mean and the unbiased variance along axes, which batch_norm keeps for evaluation."""
    mean, n = _mean(x, axes), math.prod(x.shape[a] for a in axes)
    variance = total(np.square(x - mean), axes) / x.dtype.type(max(n - 1, 0))
    return mean.reshape(variance.shape), variance


def _standardized(input: Array, axes: _Axes, eps: float) -> tuple[Array, Array]:
    """x', and the standard deviation."""
    centered = input - _mean(input, axes)
    deviation = np.sqrt(_mean(np.square(centered), axes) + eps)
    return centered / deviation, deviation


def _through(g: Array, standardized: Array, deviation: Array, axes: _Axes) -> Array:
    """The cotangent of x, from that of x'."""
    return (g - _mean(g, axes) - standardized * _mean(g * standardized, axes)) / deviation


def _scaled(x: Array, weight: Any, bias: Any) -> Array:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


# -- over the last dimensions ----------------------------------------------------------------------


def _last(input: Array, normalized_shape: Sequence[int]) -> _Axes:
    return tuple(range(-len(normalized_shape), 0))


def _layer_norm_input(g: Array, input: Array, normalized_shape: Sequence[int], weight: Any, eps: float) -> Array:
    axes = _last(input, normalized_shape)
    return _through(g if weight is None else g * weight, *_standardized(input, axes, eps), axes)


def _draw_layer(s: Any) -> tuple[Any, ...]:
    shape = s.shape(1, least=2)
    normalized = shape[-s.size(1, len(shape)) :]
    weight, bias = (s.maybe(s.moderate(s.floats(normalized))) for _ in range(2))
    return s.moderate(s.floats(shape)), normalized, weight, bias, s.choice([1e-5, 0.5])


@operator(
    {
        "input": _layer_norm_input,
        "weight": lambda g, input, normalized_shape, eps: (
            g * _standardized(input, _last(input, normalized_shape), eps)[0]
        ),
        "bias": lambda g: g,
    },
    tensors=("input", "weight", "bias"),
    promotion="same",
    kinds="f",
    method=False,
    node_name="NativeLayerNormBackward0",
    sample=_draw_layer,
)
def layer_norm(
    input: Array, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Array:
    """Mean 0 and variance 1 over the last dimensions, then times `weight` plus `bias`.

    Shapes: `weight` and `bias` have the shape `normalized_shape`, the last sizes of `input`, and broadcast along the
        others; the result has the shape of `input`.
    As: torch.nn.functional.layer_norm
    """
    return _scaled(_standardized(in_order(input), _last(input, normalized_shape), eps)[0], weight, bias)


# -- over all dimensions but the second ------------------------------------------------------------


def _across(channels: Any, ndim: int) -> Any:
    """One number for each channel, in a shape that broadcasts along the second dimension."""
    return None if channels is None else channels.reshape((1, -1) + (1,) * (ndim - 2))


def _of_channels(input: Array, mean: Any, variance: Any, eps: float) -> tuple[Array, Array, _Axes]:
    """x', the deviation and the axes of the batch: with the batch's own statistics, or with those that are given."""
    ndim = len(input.shape)
    axes = (0, *range(2, ndim))
    if mean is None:
        return *_standardized(input, axes, eps), axes
    deviation = np.sqrt(_across(variance, ndim) + eps)
    return (input - _across(mean, ndim)) / deviation, deviation, axes


def _batch_norm_input(g: Array, input: Array, weight: Any, mean: Any, variance: Any, eps: float) -> Array:
    standardized, deviation, axes = _of_channels(input, mean, variance, eps)
    g = _scaled(g, _across(weight, len(input.shape)), None)
    return g / deviation if mean is not None else _through(g, standardized, deviation, axes)


def _batch_norm_weight(g: Array, input: Array, mean: Any, variance: Any, eps: float) -> Array:
    standardized, _, axes = _of_channels(input, mean, variance, eps)
    return total(g * standardized, axes)


def _draw_batch(s: Any) -> tuple[Any, ...]:
    shape = s.shape(2, least=2)
    weight, bias, mean = (s.maybe(s.moderate(s.floats(shape[1:2]))) for _ in range(3))
    return s.moderate(s.floats(shape)), weight, bias, mean, mean if mean is None else mean * mean, s.choice([1e-5, 0.5])


@operator(
    {
        "input": _batch_norm_input,
        "weight": _batch_norm_weight,
        "bias": lambda g: total(g, (0, *range(2, len(g.shape)))),
    },
    tensors=("input", "weight", "bias", "mean", "variance"),
    promotion="same",
    kinds="f",
    method=False,
    node_name="NativeBatchNormBackward0",
    sample=_draw_batch,
)
def batch_norm(
    input: Array, weight: Any = None, bias: Any = None, mean: Any = None, variance: Any = None, eps: float = 1e-5
) -> Array:
    """Mean 0 and variance 1 of every channel in the batch, or by the given statistics; times `weight` plus `bias`.

    Shapes: `input` (n, c, ...), the others (c,); the result has the shape of `input`.
    As: torch.nn.functional.batch_norm
    """
    ndim = len(input.shape)
    return _scaled(_of_channels(in_order(input), mean, variance, eps)[0], _across(weight, ndim), _across(bias, ndim))


# -- over groups of channels -----------------------------------------------------------------------


def _in_groups(x: Array, num_groups: int) -> Array:
    """The elements of each group of channels of a sample as one row."""
    shape = x.shape
    return x.reshape((shape[0], num_groups, math.prod(shape[1:]) // num_groups))


def _group_norm_input(g: Array, input: Array, num_groups: int, weight: Any, eps: float) -> Array:
    g = _in_groups(_scaled(g, _across(weight, len(input.shape)), None), num_groups)
    standardized, deviation = _standardized(_in_groups(input, num_groups), (2,), eps)
    return _through(g, standardized, deviation, (2,)).reshape(input.shape)


def _group_norm_weight(g: Array, input: Array, num_groups: int, eps: float) -> Array:
    standardized, _ = _standardized(_in_groups(input, num_groups), (2,), eps)
    return total(g * standardized.reshape(input.shape), (0, *range(2, len(g.shape))))


def _draw_groups(s: Any) -> tuple[Any, ...]:
    groups = s.choice([1, 2])
    n, c, *rest = s.shape(2, least=1)
    shape = (n, c * groups, *rest, 2)
    weight, bias = (s.maybe(s.moderate(s.floats(shape[1:2]))) for _ in range(2))
    return s.moderate(s.floats(shape)), groups, weight, bias, s.choice([1e-5, 0.5])


@operator(
    {
        "input": _group_norm_input,
        "weight": _group_norm_weight,
        "bias": lambda g: total(g, (0, *range(2, len(g.shape)))),
    },
    tensors=("input", "weight", "bias"),
    promotion="same",
    kinds="f",
    method=False,
    node_name="NativeGroupNormBackward0",
    sample=_draw_groups,
)
def group_norm(input: Array, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Array:
    """Mean 0 and variance 1 of every group of channels of a sample; times `weight` plus `bias`, of each channel.

    Shapes: `input` (n, c, ...), where c is a multiple of `num_groups`; the others (c,).
    As: torch.nn.functional.group_norm
    """
    standardized, _ = _standardized(_in_groups(in_order(input), num_groups), (2,), eps)
    ndim = len(input.shape)
    return _scaled(standardized.reshape(input.shape), _across(weight, ndim), _across(bias, ndim))
