"""Normalising: of vectors to length 1, of features to mean 0 and variance 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...autograd import no_grad
from ...tape import state
from ...tensor import FUNCTIONS, Tensor
from ...tensor.composite import norm

_f: dict[str, Callable[..., Tensor]] = FUNCTIONS


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input / max(its p-norm along `dim`, eps) (torch.nn.functional.normalize)."""
    return input / _f["clamp"](norm(input, p, dim, keepdim=True), eps)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 over the last dimensions, which have `normalized_shape`; then times `weight` plus `bias`.

    RuntimeError for an input, weight or bias of another shape. Source: torch.nn.functional.layer_norm, after Ba et al.
    (2016).
    """
    shape = tuple(normalized_shape)
    if tuple(input.shape[input.ndim - len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {str(list(shape))[1:-1]}], but got "
            f"input of size{list(input.shape)}"
        )
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, part in (("weight", weight), ("bias", bias)):
        if part is not None and part.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(part.shape)} "
                f"and normalized_shape = {list(shape)}"
            )
    _one_dtype(input, weight, bias)
    return _f["layer_norm"](input, shape, weight, bias, eps)


def _one_dtype(input: Tensor, *parts: Tensor | None) -> None:
    if any(part is not None and part.dtype != input.dtype for part in parts):
        raise RuntimeError(
            "mixed dtype (CPU): expect parameter to have scalar type of Float"
            if input.dtype.itemsize < 8
            else "mixed dtype (CPU): all inputs must share same datatype."
        )


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Mean 0 and variance 1 of every channel (dimension 1), then times `weight` plus `bias`.

    In training over the batch, whose mean and unbiased variance move the running ones by `momentum`, in place;
    otherwise by the running ones. ValueError for one value per channel in training, RuntimeError for another number of
    channels. Source: torch.nn.functional.batch_norm, after Ioffe & Szegedy (2015).
    """
    channels = input.shape[1]
    if training and math.prod(input.shape) == channels:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, part in parts.items():
        if part is not None and part.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {part.numel()}")
    _one_dtype(input, *parts.values())
    for name in ("running_mean", "running_var"):
        if parts[name] is not None and parts[name].requires_grad and state.recording:  # type: ignore[union-attr]
            raise RuntimeError(
                f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )
    if not training:
        if running_mean is None or running_var is None:
            name = "running_mean" if running_mean is None else "running_var"
            raise RuntimeError(f"{name} must be defined in evaluation mode")
        return _f["batch_norm"](input, weight, bias, running_mean, running_var, eps)
    dims = tuple(d for d in range(input.ndim) if d != 1)
    with no_grad():
        for running, now in (
            (running_mean, np.mean(input.array, dims)),
            (running_var, np.var(input.array, dims, ddof=1)),
        ):
            if running is not None:
                running.array[...] = (1 - momentum) * running.array + momentum * now
                running.versions[0] += 1
    return _f["batch_norm"](input, weight, bias, None, None, eps)
