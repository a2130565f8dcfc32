"""The transform of Box & Muller (1958), which makes normal numbers of uniform ones, in blocks of 16.

Torch's vectorised kernels work in such blocks, so which two uniforms make a pair is given by their places in a block.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array

BLOCK = 16
_AT_ONCE = 1024  # blocks; few enough for the cache, and enough that the cost of a NumPy call does not matter
_ONE, _MINUS_TWO, _TURN = (
    {np.dtype(kind): np.array(x, kind) for kind in (np.float32, np.float64)} for x in (1, -2, 2 * np.pi)
)


def box_muller(units: Array) -> None:
    """Turn uniforms from [0, 1) into standard normal numbers, in place.

    `units` is a float32 or float64 array whose length is a multiple of 16. The elements u and v at places j and j + 8
    of a block become sqrt(-2 log(1 - u)) times the cosine and the sine of 2 pi v.
    """
    pairs = units.reshape(-1, 2, BLOCK // 2)
    one, minus_two, turn = _ONE[units.dtype], _MINUS_TWO[units.dtype], _TURN[units.dtype]
    for start in range(0, len(pairs), _AT_ONCE):
        chunk = pairs[start : start + _AT_ONCE].transpose(1, 0, 2)
        uniform, angle = chunk.copy().reshape(2, -1)
        radius = one - uniform
        np.multiply(angle, turn, out=angle)
        if units.dtype == np.float32:
            from . import cephes  # which only draws of float32 need

            radius, sin, cos = cephes.log_and_sincos(radius, angle)
        else:
            np.log(radius, out=radius)
            sin, cos = np.sin(angle), np.cos(angle)
        np.multiply(radius, minus_two, out=radius)
        np.sqrt(radius, out=radius)
        cos *= radius
        sin *= radius
        chunk[0], chunk[1] = cos.reshape(-1, BLOCK // 2), sin.reshape(-1, BLOCK // 2)
