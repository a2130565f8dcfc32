"""Fourier transforms under torch's names (torch.fft).

They are all made of one row of the derivative table, `discrete_fourier`, which transforms the real and the imaginary
parts of numbers over one dimension. What is complex is a ComplexTensor: a pair of Tensors, and no Tensor itself.
"""

from .complex import ComplexTensor
from .frequencies import fftfreq, fftshift, ifftshift, rfftfreq
from .several import fft2, fftn, ifft2, ifftn, irfft2, irfftn, rfft2, rfftn
from .transforms import fft, hfft, ifft, ihfft, irfft, rfft

__all__ = [
    "ComplexTensor", "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
