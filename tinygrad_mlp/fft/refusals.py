"""The texts of exceptions that Fourier transforms and complex tensors raise; most are torch's."""

from __future__ import annotations

# RuntimeError for a `norm` that does not exist.
NORMALIZATION = 'Invalid normalization mode: "{norm}"'
# IndexError for a tensor without dimensions.
NO_DIMENSIONS = "Dimension specified as {dim} but tensor has no dimensions"
# RuntimeError for a complex input of a transform of real numbers.
REAL_INPUT = "{function} expects a real{more} input tensor, but got {word}"
# RuntimeError for dimensions and sizes of transforms over several dimensions.
DIMS_TWICE = "FFT dims must be unique"
DIMS_AND_SIZES = "When given, dim and shape arguments must have the same length"
MORE_SIZES = "Got shape with {sizes} values but input tensor only has {ndim} dimensions."
NO_AXIS = "{function} must transform at least one axis"
# fftfreq and rfftfreq: RuntimeError for a dtype of integers.
FREQUENCIES_DTYPE = "{function} requires a floating point or complex dtype"
# TypeError for an input that is no tensor.
INPUT_TYPE = "fft_{function}(): argument 'input' (position 1) must be Tensor, not {found}"
# The matrix product: RuntimeError for a complex and a real factor.
PRODUCT_DTYPES = "expected m1 and m2 to have the same dtype, but got: {a} != {b}"
# NotImplementedError for a function that complex tensors do not have here.
NOT_OF_COMPLEX = "torch.{function} of complex tensors is not in tinygrad_mlp: they come of torch.fft alone"
