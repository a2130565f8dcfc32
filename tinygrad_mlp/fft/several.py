"""Fourier transforms over several dimensions: those over one, one after the other."""

from __future__ import annotations

from typing import Any

from ..ops.dims import axis
from ..tensor import Tensor
from .complex import ComplexTensor, as_complex
from .refusals import DIMS_AND_SIZES, DIMS_TWICE, MORE_SIZES, NO_AXIS
from .transforms import fft, ifft, irfft, refuse_complex, rfft

__all__ = ["fft2", "fftn", "ifft2", "ifftn", "irfft2", "irfftn", "rfft2", "rfftn"]

Numbers = Any  # a Tensor or a ComplexTensor
Sizes = Any  # None or a sequence of lengths, of which -1 stands for that of the input
_LAST_TWO = (-2, -1)


def fftn(input: Numbers, s: Sizes = None, dim: Any = None, norm: str | None = None) -> ComplexTensor:
    """The Fourier transform over several dimensions, all of them without `dim` (torch.fft.fftn).

    `s` are the lengths to which the dimensions are cut or filled with zeros, or with `s` alone the last dimensions.
    RuntimeError for a dimension named twice and where `s` and `dim` do not fit; the other errors are those of fft.
    """
    return _over_each(fft, input, *_dims_and_sizes(input, s, dim), norm)


def ifftn(input: Numbers, s: Sizes = None, dim: Any = None, norm: str | None = None) -> ComplexTensor:
    """The inverse Fourier transform over several dimensions (torch.fft.ifftn); see fftn."""
    return _over_each(ifft, input, *_dims_and_sizes(input, s, dim), norm)


def rfftn(input: Tensor, s: Sizes = None, dim: Any = None, norm: str | None = None) -> ComplexTensor:
    """The transform of a real tensor over several dimensions, of the last of them the first half (torch.fft.rfftn)."""
    refuse_complex("rfftn", input)
    dims, sizes = _dims_and_sizes(input, s, dim, "rfftn")
    return _over_each(fft, rfft(input, sizes[-1], dims[-1], norm), dims[:-1], sizes[:-1], norm)


def irfftn(input: Numbers, s: Sizes = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of rfftn; the last length is 2 * (length - 1) where `s` does not say it (torch.fft.irfftn)."""
    dims, sizes = _dims_and_sizes(input, s, dim, "irfftn")
    return irfft(_over_each(ifft, input, dims[:-1], sizes[:-1], norm), sizes[-1], dims[-1], norm)


def fft2(input: Numbers, s: Sizes = None, dim: Any = _LAST_TWO, norm: str | None = None) -> ComplexTensor:
    """The Fourier transform over two dimensions (torch.fft.fft2); see fftn."""
    return fftn(input, s, dim, norm)


def ifft2(input: Numbers, s: Sizes = None, dim: Any = _LAST_TWO, norm: str | None = None) -> ComplexTensor:
    """The inverse Fourier transform over two dimensions (torch.fft.ifft2); see fftn."""
    return ifftn(input, s, dim, norm)


def rfft2(input: Tensor, s: Sizes = None, dim: Any = _LAST_TWO, norm: str | None = None) -> ComplexTensor:
    """The transform of a real tensor over two dimensions (torch.fft.rfft2); see rfftn."""
    return rfftn(input, s, dim, norm)


def irfft2(input: Numbers, s: Sizes = None, dim: Any = _LAST_TWO, norm: str | None = None) -> Tensor:
    """The inverse of rfft2 (torch.fft.irfft2); see irfftn."""
    return irfftn(input, s, dim, norm)


def _dims_and_sizes(input: Numbers, s: Any, dim: Any, function: str = "") -> tuple[list[int], list[int | None]]:
    """The dimensions to transform, and their lengths or None; with a `function` there must be one."""
    ndim = input.ndim
    given = (dim,) if isinstance(dim, int) else dim
    lengths = (s,) if isinstance(s, int) else s
    dims = None if given is None else [axis(d, ndim) for d in given]
    if dims is not None and len(set(dims)) < len(dims):
        raise RuntimeError(DIMS_TWICE)
    if dims is not None and lengths is not None and len(dims) != len(lengths):
        raise RuntimeError(DIMS_AND_SIZES)
    if lengths is not None and len(lengths) > ndim:
        raise RuntimeError(MORE_SIZES.format(sizes=len(lengths), ndim=ndim))
    if dims is None:
        dims = list(range(ndim) if lengths is None else range(ndim - len(lengths), ndim))
    if function and not dims:
        raise RuntimeError(NO_AXIS.format(function=function))
    return dims, [None] * len(dims) if lengths is None else [None if n == -1 else n for n in lengths]


def _over_each(transform: Any, x: Numbers, dims: list[int], sizes: list[int | None], norm: str | None) -> ComplexTensor:
    for dim, n in zip(reversed(dims), reversed(sizes), strict=True):
        x = transform(x, n, dim, norm)
    return x if isinstance(x, ComplexTensor) else as_complex(x)
