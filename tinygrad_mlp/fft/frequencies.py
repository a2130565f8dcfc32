"""The frequencies that the numbers of a Fourier transform belong to, and their order."""

from __future__ import annotations

from typing import Any

from ..arrays import dtypes
from ..tensor import Tensor
from ..tensor.creation.values import arange
from .refusals import FREQUENCIES_DTYPE

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies of the transform of n numbers that are `d` apart, 0 first (torch.fft.fftfreq).

    RuntimeError for a dtype of integers.
    """
    positive = _count("fftfreq", 0, (n + 1) // 2, dtype, device)
    negative = _count("fftfreq", -(n // 2), 0, dtype, device)
    return _scaled(positive.new_tensor([*positive.tolist(), *negative.tolist()]), n, d, requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies that are not negative, of rfft (torch.fft.rfftfreq); see fftfreq."""
    return _scaled(_count("rfftfreq", 0, n // 2 + 1, dtype, device), n, d, requires_grad)


def _count(function: str, first: int, end: int, dtype: Any, device: Any) -> Tensor:
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    if not dtype.is_floating_point:
        raise RuntimeError(FREQUENCIES_DTYPE.format(function=function))
    return arange(first, end, dtype=dtype, device=device)


def _scaled(numbers: Tensor, n: int, d: float, requires_grad: bool) -> Tensor:
    return (numbers * (1.0 / (n * d)) if n else numbers).requires_grad_(requires_grad)


def fftshift(input: Any, dim: Any = None) -> Any:
    """The same numbers with frequency 0 in the middle of the dimensions, of all without `dim` (torch.fft.fftshift)."""
    return _rolled(input, dim, lambda n: n // 2)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of fftshift (torch.fft.ifftshift)."""
    return _rolled(input, dim, lambda n: (n + 1) // 2)


def _rolled(input: Any, dim: Any, shift: Any) -> Any:
    dims = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if not dims:
        return input.clone()
    return input.roll([shift(input.size(d)) for d in dims], dims)
