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
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1024  # elements that one sum stands for
BLOCKS = 256  # at most, of one array: of larger arrays each sum stands for more


class Summary(NamedTuple):
    """What is kept of one array.

    `scale` is the root of the mean of the squares of the finite elements. `bad` is the number of elements that are nan
    or infinite. `sums` has the sum over each block, of floating-point arrays only.
    """

    shape: tuple[int, ...]
    dtype: str
    digest: int
    scale: float
    bad: int
    sums: Array

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def summarise(array: Array) -> Summary:
    """The summary of an array of numbers or bools.

    It is computed in the array's own dtype, which takes a fifth of the time: the rounding of a sum of a thousand
    elements is far below every tolerance.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    digest = digest_of(flat)
    if flat.dtype.kind != "f" or not flat.size:
        return Summary(array.shape, _name(array.dtype), digest, 0.0, 0, _NO_SUMS)
    values = flat.astype(np.float32) if flat.dtype == np.float16 else flat
    bad = 0
    with np.errstate(all="ignore"):
        squares = _products(values, values)
        squared = float(squares.sum(dtype=np.float64))
        if not _SMALL < squared < math.inf:  # too large or too small for the dtype, or not finite
            values = values.astype(np.float64)
            finite = np.isfinite(values)
            bad = int(values.size - np.count_nonzero(finite))
            values = np.where(finite, values, 0.0)
            largest = float(np.abs(values).max()) or 1.0
            squared = float(np.square(values / largest).sum()) * largest**2
        sums = _products(values, _signs(values.size, values.dtype.char)).astype(np.float64)
    return Summary(array.shape, _name(array.dtype), digest, math.sqrt(squared / values.size), bad, sums)


@functools.cache
def _name(dtype: np.dtype[Any]) -> str:
    return str(dtype)


def digest_of(flat: Array) -> int:
    """A number that arrays with the same bytes have in common, and others, as good as certainly, do not.

    It is CRC-32 of a small array; of a large one a sum of its words of 64 bits, each with an odd factor of its own,
    modulo 2**64, which is several times faster.
    """
    data = flat.view(np.uint8)
    if data.size <= _FEW:
        return zlib.crc32(data.data)
    end = data.size - data.size % 8
    words = data[:end].view(np.uint64)
    total = int(np.add.reduce(words * _factors(words.size))) + zlib.crc32(data[end:].data)
    return (total + 2**63) % 2**64 - 2**63  # as a signed number


def _products(values: Array, others: Array) -> Array:
    """The sums of the products over each block."""
    size = values.size
    block = max(BLOCK, -(-size // BLOCKS))
    full = size - size % block
    tail = np.vecdot(values[full:], others[full:])
    if not full:
        return np.asarray(tail).reshape(1)
    sums = np.vecdot(values[:full].reshape(-1, block), others[:full].reshape(-1, block))
    return np.asarray(sums if full == size else np.append(sums, tail))


@functools.lru_cache(maxsize=64)
def _signs(size: int, dtype: str) -> Array:
    """Random factors near 1 and -1, always the same ones: not all alike, so that swapped elements show, too."""
    rng = np.random.default_rng(size)
    return (rng.choice((-1.0, 1.0), size) * rng.uniform(0.5, 1.5, size)).astype(dtype)


@functools.lru_cache(maxsize=64)
def _factors(size: int) -> Array:
    """Random odd numbers of 64 bits, always the same ones."""
    return np.random.default_rng(size).integers(0, 2**64, size, np.uint64) | np.uint64(1)


_NO_SUMS: Array = np.zeros(0)
_FEW = 4096  # bytes
_SMALL = 1e-24  # squares of float32 that are smaller are inexact


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
