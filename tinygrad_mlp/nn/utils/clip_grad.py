"""Clip the gradients of all parameters of a module at once, by their norm or by their value (torch.nn.utils)."""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...arrays.dtypes import HALVES
from ...arrays.silence import silenced
from ...tensor import Tensor, as_array, wrap
from .refusals import CLIP_GRAD_NORM, NORM_NOT_FINITE

Tensors = Tensor | Iterable[Tensor]


def _listed(parameters: Tensors) -> list[Tensor]:
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


def _gradients(parameters: list[Tensor]) -> list[Any]:
    return [p._grad.array for p in parameters if p._grad is not None]


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """Return the norm, as a 0-d tensor, of the vector of all elements of several tensors.

    The shapes may differ. `norm_type` is the order of the norm, `math.inf` included; `foreach` is accepted and changes
    nothing. RuntimeError if the norm is nan or infinite and `error_if_nonfinite` is true. Source:
    torch.nn.utils.get_total_norm.
    """
    return _total_norm([tensor.array for tensor in _listed(tensors)], norm_type, error_if_nonfinite)


@silenced
def _total_norm(arrays: list[Any], norm_type: float, error_if_nonfinite: bool) -> Tensor:
    if not arrays:
        return wrap(np.zeros((), np.float32))
    norm_type = float(norm_type)
    norms = np.stack([_norm(array, norm_type) for array in arrays]).astype(arrays[0].dtype)
    total = _norm(norms, norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(NORM_NOT_FINITE.format(norm_type=norm_type))
    return wrap(as_array(total.astype(norms.dtype)))


def _norm(array: Any, norm_type: float) -> Any:
    """The norm of all elements; of float16, whose squares it cannot hold, and bfloat16 computed in float32."""
    flat = array.ravel()
    return np.linalg.norm(flat.astype(np.float32) if flat.dtype.char in HALVES else flat, norm_type)


def clip_grad_norm_(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """Scale the gradients in place so that their total norm is at most `max_norm`.

    The total norm is that of the vector of all elements of all gradients; its value before the scaling is returned, as
    a 0-d tensor. `foreach` is accepted and changes nothing. RuntimeError if the norm is nan or infinite and
    `error_if_nonfinite` is true. Source: torch.nn.utils.clip_grad_norm_, after Pascanu et al. (2013).
    """
    listed = _listed(parameters)
    if not listed and isinstance(parameters, types.GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total = _total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    _scale_gradients(listed, max_norm, total)
    return total


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply the gradients in place by max_norm / (total_norm + 1e-6) if that is below 1.

    `total_norm` is a 0-d tensor, as `get_total_norm` returns it. `foreach` is accepted and changes nothing. Source:
    torch.nn.utils.clip_grads_with_norm_.
    """
    _scale_gradients(_listed(parameters), max_norm, total_norm)


@silenced
def _scale_gradients(parameters: list[Tensor], max_norm: float, total: Tensor) -> None:
    factor = np.minimum(float(max_norm) / (total.array + total.array.dtype.type(1e-6)), 1)  # keeps nan, as torch
    for p in parameters:
        if p._grad is not None:
            p._grad.array *= factor.astype(p._grad.array.dtype)
            p._grad.versions[0] += 1


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of the gradients to [-clip_value, clip_value], in place.

    Parameters without a gradient are skipped. `foreach` is accepted and changes nothing. Source:
    torch.nn.utils.clip_grad_value_.
    """
    for p in _listed(parameters):
        if p._grad is not None:
            np.clip(p._grad.array, -float(clip_value), float(clip_value), out=p._grad.array)
            p._grad.versions[0] += 1


def clip_grad_norm(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """As `clip_grad_norm_`, whose old name this is (torch.nn.utils.clip_grad_norm)."""
    warnings.warn(CLIP_GRAD_NORM, FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
