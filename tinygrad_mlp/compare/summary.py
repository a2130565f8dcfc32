"""What is kept of an array to tell later whether another one equals it: its digest, its figures, and sums over blocks.

Two arrays with the same digest are equal to the last bit. Where digests differ, the sums say whether the arrays may
differ by more than rounding: each is the product of a block of the elements with fixed random signs, so that a single
wrong element shows, while the rounding errors of the others cancel. Sums over blocks of a thousand elements are as
sharp for an array of a million elements as for a small one.
"""

from __future__ import annotations

import functools
import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1024  # elements that one sum stands for
BLOCKS = 256  # at most, of one array: of larger arrays each sum stands for more


@dataclass(frozen=True)
class Summary:
    """What is kept of one array.

    `scale` is the root of the mean of the squares of the finite elements. `bad` is the number of elements that are nan
    or infinite. `sums` has the sum over each block, of floating-point arrays only.
    """

    shape: tuple[int, ...]
    dtype: str
    digest: int
    scale: float
    least: float
    most: float
    bad: int
    sums: Array

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def summarise(array: Array) -> Summary:
    """The summary of an array of numbers or bools."""
    flat = np.ascontiguousarray(array).reshape(-1)
    digest = zlib.crc32(flat.view(np.uint8).data) if flat.size else 0
    if flat.dtype.kind != "f" or not flat.size:
        least, most = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 0.0)
        return Summary(array.shape, str(array.dtype), digest, 0.0, least, most, 0, _NO_SUMS)
    values = flat.astype(np.float64)
    squares = float(np.einsum("i,i->", values, values))  # no BLAS, whose threads would wait for the program's
    bad = 0
    if not math.isfinite(squares):
        finite = np.isfinite(values)
        bad = int(values.size - np.count_nonzero(finite))
        values = np.where(finite, values, 0.0)
        squares = float(np.square(values / _LARGE).sum()) * _LARGE**2
    scale = math.sqrt(squares / values.size)
    return Summary(
        array.shape, str(array.dtype), digest, scale, float(values.min()), float(values.max()), bad, _sums(values)
    )


def _sums(values: Array) -> Array:
    size = values.size
    block = max(BLOCK, -(-size // BLOCKS))
    signed = values * _signs(size)
    full = size - size % block
    sums = signed[:full].reshape(-1, block).sum(1)
    return sums if full == size else np.append(sums, signed[full:].sum())


@functools.lru_cache(maxsize=64)
def _signs(size: int) -> Array:
    """Random factors near 1 and -1, always the same ones: not all alike, so that swapped elements show, too."""
    rng = np.random.default_rng(size)
    return rng.choice((-1.0, 1.0), size) * rng.uniform(0.5, 1.5, size)


_NO_SUMS: Array = np.zeros(0)
_LARGE = 1e150


def may_differ(ours: Summary, theirs: Summary, rtol: float, atol: float) -> bool:
    """Whether two arrays may differ in an element by more than `atol + rtol * scale`.

    Never False for arrays that do by twice as much; it may be True for some that do not, so whoever asks looks at the
    arrays then. Other shapes and kinds of numbers always differ.
    """
    if ours.digest == theirs.digest and ours.shape == theirs.shape and ours.dtype == theirs.dtype:
        return False
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype or ours.bad != theirs.bad:
        return True
    if not ours.sums.size:
        return True  # integers and bools are equal or they are not
    bound = atol + rtol * max(ours.scale, theirs.scale)
    return bool(np.any(np.abs(ours.sums - theirs.sums) > bound))
