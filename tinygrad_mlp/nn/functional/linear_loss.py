"""The cross entropy of a linear layer's outputs, and its options (torch.nn.functional.linear_cross_entropy)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...arrays import dtypes
from ...tensor import FUNCTIONS, Tensor
from ...tensor.overriding import asking
from .loss import cross_entropy
from .refusals import (
    CHUNK_SIZE,
    CHUNKING_METHOD,
    LINEAR_BIAS,
    LINEAR_FEATURES,
    LINEAR_IGNORE_INDEX,
    LINEAR_INPUT,
    LINEAR_UNBATCHED,
    LINEAR_WEIGHT,
    OPTIONS_DTYPE,
    OPTIONS_POLICY,
)

__all__ = ["LinearCrossEntropyOptions", "linear_cross_entropy"]

_f: dict[str, Callable[..., Any]] = FUNCTIONS


class _Options(NamedTuple):
    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


class LinearCrossEntropyOptions(_Options):
    """How torch computes `linear_cross_entropy` in pieces of the batch, to save memory.

    The options are checked as torch checks them, ValueError for others. Here the loss is computed as a whole, whatever
    they are: its numbers are the same. Source: torch.nn.LinearCrossEntropyOptions.
    """

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> LinearCrossEntropyOptions:
        options: LinearCrossEntropyOptions = super().__new__(cls, *args, **kwargs)
        options._check()
        return options

    def _check(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(OPTIONS_POLICY.format(policy=self.acc_policy))
        if self.chunking_method is not None and self.chunking_method != "auto":
            name, colon, factor = self.chunking_method.partition(":")
            factor = factor if colon else "1"
            if name != "aspect_ratio" or not factor.isdigit() or not int(factor):
                raise ValueError(CHUNKING_METHOD.format(method=self.chunking_method))
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(CHUNK_SIZE.format(size=size))
        if self.acc_dtype is not None and self.acc_dtype not in (dtypes.float16, dtypes.float32, dtypes.float64):
            raise ValueError(OPTIONS_DTYPE.format(dtype=self.acc_dtype))


@asking
def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None,
    weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None,
    label_smoothing: float = 0.0, options: LinearCrossEntropyOptions | None = None,
) -> Tensor:  # fmt: skip
    """`cross_entropy` of input @ linear_weight.T + linear_bias, for an input (features,) or (N, features).

    `linear_weight` is (classes, features), or (classes, d, ..., features) for logits (N, classes, d, ...), and
    `linear_bias` has its shape without the features. The other arguments are those of `cross_entropy`; `options` say
    how torch computes it. RuntimeError for other shapes, and for an `ignore_index` where the target has probabilities.
    Source: torch.nn.functional.linear_cross_entropy.
    """
    *batch, features = _checked_input(input, linear_weight)
    classes, *more = linear_weight.shape[:-1]
    outputs = (classes, *more)
    if linear_bias is not None and tuple(linear_bias.shape) != outputs:
        raise RuntimeError(LINEAR_BIAS.format(expected=outputs, found=tuple(linear_bias.shape)))
    if more and not batch:
        shapes = {"weight": tuple(linear_weight.shape), "input": tuple(input.shape)}
        raise RuntimeError(LINEAR_UNBATCHED.format(features=features, **shapes))
    shape = (*batch, *outputs)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError(LINEAR_IGNORE_INDEX)
    if options is not None and (
        more or reduction not in ("mean", "sum", "none") or label_smoothing != 0 or target.array.dtype != np.int64
    ):
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == (). Got "
            f"reduction={reduction!r}, label_smoothing={label_smoothing}, target.dtype={target.dtype}, "
            f"out_features={tuple(more)}, tracing=False, linear_bias.shape="
            f"{tuple(linear_bias.shape) if linear_bias is not None else None}.",
            stacklevel=2,
        )
    if more:
        flat = math.prod(outputs)
        linear_weight = _f["reshape"](linear_weight, (flat, features))
        linear_bias = None if linear_bias is None else _f["reshape"](linear_bias, (flat,))
    logits = _f["reshape"](_f["linear"](input, linear_weight, linear_bias), shape)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        logits, target, weight, reduction=reduction, ignore_index=ignored, label_smoothing=label_smoothing
    )


def _checked_input(input: Tensor, linear_weight: Tensor) -> tuple[int, ...]:
    """The shape of the input; RuntimeError for one that does not fit the weight."""
    if input.ndim not in (1, 2):
        raise RuntimeError(LINEAR_INPUT.format(ndim=input.ndim))
    if linear_weight.ndim < 2:
        raise RuntimeError(LINEAR_WEIGHT.format(ndim=linear_weight.ndim))
    if input.shape[-1] != linear_weight.shape[-1]:
        raise RuntimeError(LINEAR_FEATURES.format(own=input.shape[-1], other=linear_weight.shape[-1]))
    return tuple(input.shape)
