"""The layers that normalise: of samples, batches, instances and groups, to mean 0 and variance 1; and RMSNorm."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from ...tensor.creation.options import DType
from .. import functional as F
from .. import init
from ..functional.refusals import (
    BATCH_NORM_DIMENSIONS,
    GROUP_NORM_DIVISIBLE,
    INSTANCE_NORM_BUFFERS,
    INSTANCE_NORM_FEATURES,
    INSTANCE_NORM_UNUSED,
)
from .linear import blank
from .module import Module

__all__ = ["BatchNorm1d", "GroupNorm", "InstanceNorm1d", "LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """Normalise the last dimensions, which have the shape `normalized_shape`, then multiply by weight and add bias.

    The formula is that of `nn.functional.layer_norm`. The weight starts as 1 and the bias as 0; both have the shape
    `normalized_shape`, and without `elementwise_affine` there is neither. RuntimeError for an input whose shape does
    not end in `normalized_shape`. Source: torch.nn.LayerNorm, after Ba et al. (2016).
    """

    def __init__(
        self, normalized_shape: int | tuple[int, ...] | list[int], eps: float = 1e-5, elementwise_affine: bool = True,
        bias: bool = True, device: Any = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, present in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            self.register_parameter(name, blank(self.normalized_shape, device, dtype) if present else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        _reset(self)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, of shape (*, *normalized_shape)."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class _NormBase(Module):
    """What BatchNorm1d and InstanceNorm1d have in common: weight and bias, and statistics that run along."""

    _version = 2  # since which the number of batches is saved

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: DType = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, present in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, blank((num_features,), device, dtype) if present else None)
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, blank((num_features,), device, dtype).detach() if track_running_stats else None)
        self.register_buffer("num_batches_tracked", wrap(np.zeros((), np.int64)) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the number of batches to 0."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and reset the running statistics."""
        self.reset_running_stats()
        _reset(self)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        key = f"{prefix}num_batches_tracked"
        if (local_metadata.get("version") or 0) < 2 and self.track_running_stats and key not in state_dict:
            counted = self.num_batches_tracked
            state_dict[key] = wrap(np.zeros((), np.int64)) if counted is None else counted
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_NormBase):
    """Normalise every feature of a batch (N, C) or (N, C, L), then multiply by weight and add bias.

    The formula is that of `nn.functional.batch_norm`. Training normalises by the mean and variance of the batch and
    updates the running ones by `momentum`, or, if that is None, makes them the mean over all batches so far; evaluation
    normalises by the running ones, unless `track_running_stats` is false. ValueError for another number of dimensions,
    and in training for one value per feature; RuntimeError for another number of features. Source:
    torch.nn.BatchNorm1d, after Ioffe & Szegedy (2015).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, of shape (N, C) or (N, C, L)."""
        _check_dimensions(input)
        momentum = self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = 1.0 / self.num_batches_tracked.array.item()
        # The option may be switched off later: the running statistics then stay as they are in training.
        running = not self.training or self.track_running_stats
        return F.batch_norm(
            input, self.running_mean if running else None, self.running_var if running else None,
            self.weight, self.bias, self.training or self.running_mean is None,
            0.0 if momentum is None else momentum, self.eps,
        )  # fmt: skip


def _check_dimensions(input: Tensor) -> None:
    if input.ndim not in (2, 3):
        raise ValueError(BATCH_NORM_DIMENSIONS.format(dimensions=input.ndim))


class InstanceNorm1d(_NormBase):
    """Normalise every channel of each sample (N, C, L) or (C, L), then multiply by weight and add bias.

    The formula is that of `nn.functional.instance_norm`. Usually it has neither weights (`affine`) nor running
    statistics (`track_running_stats`), which evaluation would use. ValueError for another number of dimensions, for one
    element per channel and, with weights, for another number of channels. Source: torch.nn.InstanceNorm1d, after
    Ulyanov et al. (2016).
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: DType = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, of shape (N, C, L) or (C, L)."""
        _check_dimensions(input)
        dim = input.ndim - 2
        if input.shape[dim] != self.num_features:
            if self.affine:
                sizes = {"features": self.num_features, "found": input.shape[dim]}
                raise ValueError(INSTANCE_NORM_FEATURES.format(dim=dim, **sizes))
            warnings.warn(INSTANCE_NORM_UNUSED.format(dim=dim), stacklevel=2)
        out = F.instance_norm(
            input if dim else input.unsqueeze(0), self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip
        return out if dim else out.squeeze(0)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        if local_metadata.get("version") is None and not self.track_running_stats:
            keys = [key for name in ("running_mean", "running_var") if (key := prefix + name) in state_dict]
            if keys:
                names = " and ".join(f'"{key}"' for key in keys)
                rest[-1].append(INSTANCE_NORM_BUFFERS.format(names=names, type=type(self).__name__))
                for key in keys:
                    state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class GroupNorm(Module):
    """Normalise every group of channels of a sample (N, C, *), then multiply by weight and add bias.

    The formula is that of `nn.functional.group_norm`. The weight starts as 1 and the bias as 0, of each channel.
    ValueError unless `num_groups` divides `num_channels`. Source: torch.nn.GroupNorm, after Wu & He (2018).
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
        dtype: DType = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(GROUP_NORM_DIVISIBLE.format(channels=num_channels, groups=num_groups))
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, present in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, blank((num_channels,), device, dtype) if present else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        _reset(self)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, of shape (N, C, *)."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divide by the root of the mean square of the last dimensions, then multiply by weight.

    The formula is that of `nn.functional.rms_norm`. The weight, of shape `normalized_shape`, starts as 1. Source:
    torch.nn.RMSNorm, after Zhang & Sennrich (2019).
    """

    def __init__(
        self, normalized_shape: int | tuple[int, ...] | list[int], eps: float | None = None,
        elementwise_affine: bool = True, device: Any = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = blank(self.normalized_shape, device, dtype) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised input, of shape (*, *normalized_shape)."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _reset(module: Module) -> None:
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
