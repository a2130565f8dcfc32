"""Fourier transforms over one dimension, of real and of complex tensors.

With `norm` "backward", or None, the transform is not scaled and its inverse by 1/n; with "forward" it is the other way
round, and with "ortho" both are scaled by 1/sqrt(n).
"""

from __future__ import annotations

import math
from typing import Any

from ..ops.dims import axis
from ..ops.refusals import FOURIER_POINTS
from ..tensor import FUNCTIONS, Tensor
from .complex import ComplexTensor
from .refusals import INPUT_TYPE, NO_DIMENSIONS, NORMALIZATION, REAL_INPUT

__all__ = ["fft", "hfft", "ifft", "ihfft", "irfft", "rfft"]

_f = FUNCTIONS
Numbers = Any  # a Tensor or a ComplexTensor


def fft(input: Numbers, n: int | None = None, dim: int = -1, norm: str | None = None) -> ComplexTensor:
    """The discrete Fourier transform over one dimension, which is cut or filled with zeros to the length `n`.

    Shapes: any with a dimension, of which `dim` has the length `n` in the result.
    Dtypes: integers become the default floating dtype; the result has the complex dtype of that of the input.
    Errors: TypeError for an input that is no tensor, IndexError for a wrong `dim`, RuntimeError for an empty dimension,
    for another `norm`, and for float16.
    As: torch.fft.fft
    """
    return _transformed("fft", input, n, dim, norm, inverse=False)


def ifft(input: Numbers, n: int | None = None, dim: int = -1, norm: str | None = None) -> ComplexTensor:
    """The inverse discrete Fourier transform over one dimension (torch.fft.ifft); see fft."""
    return _transformed("ifft", input, n, dim, norm, inverse=True)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> ComplexTensor:
    """The first n // 2 + 1 numbers of the transform of a real tensor, which say all of them (torch.fft.rfft).

    RuntimeError for a complex input; the other arguments and errors are those of fft.
    """
    refuse_complex("rfft", input)
    whole = _transformed("rfft", input, n, dim, norm, inverse=False)
    return _half(whole, dim)


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> ComplexTensor:
    """The first n // 2 + 1 numbers of the inverse transform of a real tensor (torch.fft.ihfft); see rfft."""
    refuse_complex("ihfft", input)
    return _half(_transformed("ihfft", input, n, dim, norm, inverse=True), dim)


def irfft(input: Numbers, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real tensor of which the input is the first half of the transform (torch.fft.irfft).

    Without `n` the result is 2 * (length - 1) long. The imaginary parts of the first number, and of the last of an
    even `n`, are not read. The other arguments and errors are those of fft.
    """
    return _from_half("irfft", input, n, dim, norm, inverse=True)


def hfft(input: Numbers, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real transform of a tensor of which the input is the first half (torch.fft.hfft); see irfft."""
    return _from_half("hfft", input, n, dim, norm, inverse=False)


def refuse_complex(function: str, input: Any) -> None:
    """RuntimeError for a complex input."""
    if isinstance(input, ComplexTensor):
        more = "-valued" if function == "rfftn" else ""
        raise RuntimeError(REAL_INPUT.format(function=function, more=more, word=input.dtype.tensor_type[:-6]))


def dimension(function: str, input: Any, dim: int) -> int:
    """A dimension counted from the front; TypeError for an input that is no tensor, IndexError for a wrong one."""
    if not isinstance(input, (Tensor, ComplexTensor)):
        raise TypeError(INPUT_TYPE.format(function=function, found=type(input).__name__))
    if not input.ndim:
        raise IndexError(NO_DIMENSIONS.format(dim=dim))
    return axis(dim, input.ndim)


def _transformed(
    function: str, input: Numbers, n: int | None, dim: int, norm: str | None, inverse: bool
) -> ComplexTensor:
    dim = dimension(function, input, dim)
    length = input.shape[dim] if n is None else n
    scale = _scale(norm, length, inverse)
    if length < 1:
        raise RuntimeError(FOURIER_POINTS.format(n=length))
    x = with_length(input, length, dim)
    real, imag = (x.real, x.imag) if isinstance(x, ComplexTensor) else (x, None)
    found = ComplexTensor(*_f["discrete_fourier"](real, imag, dim, inverse))
    return found if scale == 1 else found * scale


def _scale(norm: str | None, n: int, inverse: bool) -> float:
    """By what a transform of so many numbers is multiplied; RuntimeError for another `norm`."""
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(NORMALIZATION.format(norm=norm))
    if n < 1 or norm == ("forward" if inverse else "backward") or (norm is None and not inverse):
        return 1
    return 1 / math.sqrt(n) if norm == "ortho" else 1 / n


def with_length(x: Numbers, n: int, dim: int) -> Numbers:
    """A tensor that is cut or filled with zeros to another length in one dimension."""
    if isinstance(x, ComplexTensor):
        return ComplexTensor(with_length(x.real, n, dim), with_length(x.imag, n, dim))
    if n <= x.shape[dim]:
        return x if n == x.shape[dim] else x[(*(slice(None),) * dim, slice(n))]
    more = x.new_zeros((*x.shape[:dim], n - x.shape[dim], *x.shape[dim + 1 :]))
    return _f["cat"]([x, more], dim)


def _half(whole: ComplexTensor, dim: int) -> ComplexTensor:
    dim = axis(dim, whole.ndim)
    return whole.narrow(dim, 0, whole.shape[dim] // 2 + 1)  # type: ignore[no-any-return]


def _from_half(function: str, input: Numbers, n: int | None, dim: int, norm: str | None, inverse: bool) -> Tensor:
    dim = dimension(function, input, dim)
    length = 2 * (input.shape[dim] - 1) if n is None else n
    if length < 1:
        _scale(norm, length, inverse)
        raise RuntimeError(FOURIER_POINTS.format(n=length))
    half = with_length(input, length // 2 + 1, dim)
    real, imag = (half.real, half.imag) if isinstance(half, ComplexTensor) else (half, None)
    last = (length + 1) // 2  # the numbers from 1 to this one stand for two of the whole
    others = (*(slice(None),) * dim, slice(1, last))
    real = _f["cat"]([real, real[others].flip(dim)], dim)
    if imag is None:
        return _transformed(function, real, None, dim, norm, inverse).real
    inner = imag[others]
    edge = inner.new_zeros((*inner.shape[:dim], 1, *inner.shape[dim + 1 :]))
    middle = [edge] if length % 2 == 0 else []
    imag = _f["cat"]([edge, inner, *middle, -inner.flip(dim)], dim)
    return _transformed(function, ComplexTensor(real, imag), None, dim, norm, inverse).real
