"""Tensors of ours and of torch, by the same few questions; torch is not imported for that."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

from ..tensor import Tensor
from .comparison import Array, rounding_of


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of ours or of torch, which is not imported for that."""
    return framework_of(value) is not None


def framework_of(value: Any) -> Any:
    """The module whose tensor a value is; None for anything else."""
    if isinstance(value, Tensor):
        return importlib.import_module(__name__.partition(".")[0])
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)  # which a module that is still being imported lacks
    return torch if tensor is not None and isinstance(value, tensor) else None


def array_of(tensor: Any) -> Array:
    """The numbers of a tensor; float64 for a dtype that NumPy lacks."""
    tensor = tensor.detach().cpu()
    try:
        return np.array(tensor.resolve_conj().resolve_neg().numpy() if hasattr(tensor, "resolve_neg") else tensor)
    except TypeError:  # bfloat16
        return np.array(tensor.double().numpy())


def eps_of(tensor: Any) -> float:
    """The distance from 1 to the next number of a floating tensor's dtype."""
    if isinstance(tensor, Tensor):
        return rounding_of(tensor.detach().numpy())
    return float(framework_of(tensor).finfo(tensor.dtype).eps)


def like(tensor: Any, array: Array) -> Any:
    """A tensor of the framework, dtype and device of another one."""
    return framework_of(tensor).tensor(array, dtype=tensor.dtype, device=tensor.device)
