"""The discrete Fourier transform, on the real and the imaginary parts of complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import axis
from .refusals import FOURIER_HALF, FOURIER_POINTS
from .table import Array, by_value, operator

_HALVES = {np.dtype(np.float16): "Half"}


def _parts(gs: tuple[Any, Any], dim: int, inverse: bool) -> tuple[Any, Any]:
    """The cotangents of both parts: the transform's matrix is symmetric, so its adjoint is the conjugate one."""
    real, imag = gs
    real = np.zeros_like(imag) if real is None else real
    return discrete_fourier(real, imag, dim, not inverse)  # type: ignore[no-any-return]


def _input(gs: tuple[Any, Any], dim: int, inverse: bool) -> Any:
    return _parts(gs, dim, inverse)[0]


def _imag(gs: tuple[Any, Any], dim: int, inverse: bool) -> Any:
    return _parts(gs, dim, inverse)[1]


@operator(
    {"input": _input, "imag": _imag},
    tensors=("input", "imag"),
    outputs=("real", "imaginary"),
    method=False,
    promotion="float",
    numbers=False,
    halves=False,
    sample=lambda s: (
        s.moderate(s.floats(shape := s.shape(1, least=1))),
        s.maybe(s.moderate(s.floats(shape))),
        s.dim(shape),
        s.boolean(),
    ),
)
@by_value
def discrete_fourier(input: Array, imag: Any = None, dim: int = -1, inverse: bool = False) -> tuple[Array, Array]:
    """The sums of z[j] * exp(-2 pi i j k / n) over one dimension, for numbers of which the real parts are given.

    The imaginary parts are 0 without `imag`. With `inverse` the exponent has no minus sign; neither is scaled.

    Shapes: any with a dimension that is not empty, the same for both, which both results have, too.
    Dtypes: float32 and float64.
    Refuses: RuntimeError for other dtypes, and for an empty dimension.
    As: torch.fft.fft
    """
    if input.dtype in _HALVES:
        raise RuntimeError(FOURIER_HALF.format(word=_HALVES[input.dtype]))
    dim = axis(dim, input.ndim)
    if not input.shape[dim]:
        raise RuntimeError(FOURIER_POINTS.format(n=0))
    z = input
    if imag is not None:
        z = np.empty(input.shape, np.result_type(input.dtype, np.complex64))
        z.real, z.imag = input, imag
    found = np.fft.ifft(z, axis=dim, norm="forward") if inverse else np.fft.fft(z, axis=dim)
    return np.ascontiguousarray(found.real), np.ascontiguousarray(found.imag)
