"""Uniforms into normals by the transform of Box & Muller (1958), in the blocks of torch's vectorised kernels."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from . import cephes

BLOCK = 16
_AT_ONCE = 4096  # blocks: their temporaries stay in the cache, and a call of NumPy has enough to do


def box_muller(units: Array) -> None:
    """Turn float32 or float64 uniforms of [0, 1), whole blocks of 16, into standard normals in place.

    In a block element j pairs with element j + 8: sqrt(-2 log(1 - u)) times the cosine and the sine of 2 pi v.
    """
    pairs = units.reshape(-1, 2, BLOCK // 2)
    for start in range(0, len(pairs), _AT_ONCE):
        chunk = pairs[start : start + _AT_ONCE].transpose(1, 0, 2)
        radius, angle = chunk.copy()
        np.subtract(1, radius, out=radius)
        angle *= units.dtype.type(2 * np.pi)
        if units.dtype == np.float32:
            radius = cephes.log(radius)
            sin, cos = cephes.sincos(angle)
        else:
            np.log(radius, out=radius)
            sin, cos = np.sin(angle), np.cos(angle)
        radius *= -2
        np.sqrt(radius, out=radius)
        np.multiply(radius, cos, out=chunk[0])
        np.multiply(radius, sin, out=chunk[1])
