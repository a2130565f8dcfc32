"""A cotangent where a condition holds and 0 elsewhere: what the rules of relu, clamp and where need, made fast."""

from __future__ import annotations

import numpy as np

from ..arrays.dtypes import FLOATING
from .table import Array, operator

_FEW = 2048  # elements, up to which np.where is quicker than arithmetic on the bits
_INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}


@operator(
    {"input": lambda g, mask: keep(g, mask)},
    tensors=("input", "mask"),
    method=False,
    node_name="WhereBackward0",
    sample=lambda s: (s.floats(shape := s.shape()), s.mask(shape)),
)
def keep(input: Array, mask: Array) -> Array:
    """`input` where `mask` holds, else 0.

    As: torch.where with a zero
    """
    if type(input) is np.ndarray and input.size < _FEW and input.dtype.kind in FLOATING:
        return np.where(mask, input, np.zeros((), input.dtype))  # of a Python number NumPy first makes an array
    if (
        not input.ndim
        or input.shape != mask.shape
        or mask.dtype != np.bool_
        or not isinstance(input, np.ndarray)
        or input.dtype.kind not in FLOATING
        or input.itemsize > 8
    ):
        return np.where(mask, input, 0)
    # The bits of an element AND those of -1 (all ones) or 0: np.where takes a branch for each element, which a random
    # mask mispredicts (up to 15 times slower), and multiplying by the mask would make a nan of inf * 0.
    bits = mask.astype(_INTEGERS[input.itemsize])
    np.negative(bits, out=bits)
    bits &= input.view(bits.dtype)
    return bits.view(input.dtype)
