"""What is kept of an array to tell later whether another one equals it: its digest, its figures, and sums over blocks.

Two arrays with the same digest are equal to the last bit. Where digests differ, the sums say whether the arrays may
differ by more than rounding: each is the product of a block of the elements with fixed random signs, so that a single
wrong element shows, while the rounding errors of the others cancel. Sums over blocks of a thousand elements are as
sharp for an array of a million elements as for a small one.

A program that is watched makes dozens of small arrays in every step, and a dozen calls of NumPy for each would take
longer than the program itself. So small arrays are copied into a buffer, one after the other, and the calls are made
for all of them together when it is full.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 4096  # bytes
BUFFER = 128  # blocks
LARGE = 16  # blocks; an array of more is not copied
SUMS = 256  # of one array, at most: of a large one each stands for several blocks


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


class Figures(NamedTuple):
    """What is kept of the numbers of several arrays, beside their form: see Summary."""

    digests: Array
    scales: Array
    bad: Array
    sums: list[Array]


class Summaries:
    """Makes the summaries of arrays, as these are when they are added."""

    def __init__(self) -> None:
        self._buffers = {kind: _Buffer(np.dtype(kind)) for kind in ("f", "d", "B")}
        self._shapes: list[tuple[int, ...]] = []
        self._dtypes: list[str] = []
        self._large: dict[int, tuple[int, float, int, Array]] = {}  # their figures, by the place of the array

    def add(self, array: Array, dtype: str | None = None) -> bool:
        """Add an array of numbers or bools, called by another dtype if one is given; False where `take` comes first."""
        kind = _KEPT_AS.get(array.dtype.char, "B")
        buffer = self._buffers[kind]
        given = array if kind != "B" else np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        if given.size > LARGE * buffer.width:
            self._large[len(self._shapes)] = buffer.figures_of(given)
        elif not buffer.add(given, len(self._shapes)):
            return False
        self._shapes.append(array.shape)
        self._dtypes.append(dtype or _name(array.dtype))
        return True

    def take(self) -> tuple[list[tuple[int, ...]], list[str], Figures]:
        """The shapes, dtypes and figures of the arrays that were added since this was last asked for, in order."""
        shapes, dtypes, self._shapes, self._dtypes = self._shapes, self._dtypes, [], []
        count = len(shapes)
        found = Figures(np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64), [_NONE] * count)
        for buffer in self._buffers.values():
            if buffer.places:
                own = buffer.figures()
                found.digests[buffer.places], found.scales[buffer.places] = own.digests, own.scales
                found.bad[buffer.places] = own.bad
                for place, sums in zip(buffer.places, own.sums, strict=True):
                    found.sums[place] = sums
                buffer.clear()
        for place, of_one in self._large.items():
            found.digests[place], found.scales[place], found.bad[place], found.sums[place] = of_one
        self._large.clear()
        return shapes, dtypes, found


class _Buffer:
    """Small arrays of one kind of number, one after the other, each filled up with zeros to whole blocks."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.width = BLOCK // dtype.itemsize
        self.values: Array = np.empty((BUFFER, self.width), dtype)
        self.flat = self.values.reshape(-1)
        self.clear()

    def clear(self) -> None:
        """Take all arrays out."""
        self.used = 0  # blocks
        self.starts: list[int] = []
        self.sizes: list[int] = []
        self.places: list[int] = []

    def add(self, array: Array, place: int) -> bool:
        """Copy an array into the buffer; False if it has no room."""
        size = array.size
        used = self.used + (-(-size // self.width) or 1)
        if used > BUFFER:
            return False
        begin = self.used * self.width
        end = begin + size
        self.flat[begin:end].reshape(array.shape)[...] = array
        self.flat[end : used * self.width] = 0
        self.starts.append(self.used)
        self.sizes.append(size)
        self.places.append(place)
        self.used = used
        return True

    def figures(self) -> Figures:
        """The figures of the arrays in the buffer."""
        return _figures(self.values[: self.used], self.starts, self.sizes)

    def figures_of(self, array: Array) -> tuple[int, float, int, Array]:
        """The digest, the scale, the number of bad elements and the sums of a large array, where it stands."""
        flat = np.ascontiguousarray(array, self.values.dtype).reshape(-1)
        count = flat.size // self.width
        end = count * self.width
        blocks, last = flat[:end].reshape(count, self.width), np.zeros(self.width, flat.dtype)
        last[: flat.size - end] = flat[end:]
        digest = _digest_of(blocks.view(np.uint64), last.view(np.uint64))
        if flat.dtype == np.uint8:
            return digest, 0.0, 0, _NONE
        signs, sums, bad = _signs(flat.dtype.char), np.empty(count + (end < flat.size)), 0
        with np.errstate(all="ignore"):
            sums[:count] = blocks @ signs
            sums[count:] = last @ signs
            squared = float(flat @ flat)
        if not _SMALL < squared < math.inf:
            sums, squared, bad = _in_float64(np.concatenate([blocks, last[np.newaxis]])[: len(sums)])
        return digest, math.sqrt(squared / flat.size), bad, _few(sums)


def _digest_of(blocks: Array, last: Array) -> int:
    """A number that large arrays have in common if they have the same words, and else, as good as certainly, do not.

    It is a sum modulo 2**64 of what stands at the same place in all blocks, each place with an odd factor, and of what
    each block adds up to, with an even one. So the factor of every word is odd, and a change of one always shows.
    """
    factors = _factors(len(last))
    total = int((blocks.sum(axis=0) + last) @ factors) + 2 * int(blocks.sum(axis=1) @ _factors(len(blocks)))
    return (total + 2**63) % 2**64 - 2**63  # as a signed number


def _figures(blocks: Array, starts: list[int], sizes: list[int]) -> Figures:
    """The figures of arrays that begin at some of the blocks."""
    first, counts = np.array(starts), np.diff([*starts, len(blocks)])
    places = np.arange(len(blocks)) - np.repeat(first, counts)
    # As `_digest_of`, but the factor of a word is the product of two odd ones: that of its place and that of its block.
    digests = blocks.view(np.uint64) @ _factors(BLOCK // 8) * _factors(LARGE)[places]
    digests = np.add.reduceat(digests, first).view(np.int64)
    bad, dtype = np.zeros(len(starts), np.int64), blocks.dtype
    if dtype == np.uint8:
        return Figures(digests, np.zeros(len(starts)), bad, [_NONE] * len(starts))
    with np.errstate(all="ignore"):
        signed = (blocks @ _signs(dtype.char)).astype(np.float64)
        squares = np.add.reduceat(np.vecdot(blocks, blocks), first, dtype=np.float64)
    ends = [start + -(-size * dtype.itemsize // BLOCK) for start, size in zip(starts, sizes, strict=True)]
    sums = [signed[start:end] for start, end in zip(starts, ends, strict=True)]
    # of numbers that are too large or too small for the dtype, or not finite
    for i in np.flatnonzero(~((squares > _SMALL) & (squares < math.inf))).tolist():
        sums[i], squares[i], bad[i] = _in_float64(blocks[starts[i] : ends[i]])
    return Figures(digests, np.sqrt(squares / np.maximum(sizes, 1)), bad, [_few(each) for each in sums])


def _in_float64(blocks: Array) -> tuple[Array, float, int]:
    """The sums, the sum of the squares and the number of bad elements of an array, of its finite elements only."""
    if not blocks.any():
        return np.zeros(len(blocks)), 0.0, 0
    finite = np.isfinite(blocks)
    values = np.where(finite, blocks, 0).astype(np.float64)
    largest = float(np.abs(values).max()) or 1.0
    squared = float(np.square(values / largest).sum()) * largest**2
    return values @ _signs(blocks.dtype.char), squared, int(finite.size - np.count_nonzero(finite))


def _few(sums: Array) -> Array:
    """The sums of an array, at most as many as are kept."""
    if len(sums) <= SUMS:
        return sums
    return np.asarray(np.add.reduceat(sums, np.arange(0, len(sums), -(-len(sums) // SUMS))))


@functools.cache
def _name(dtype: np.dtype[Any]) -> str:
    return str(dtype)


@functools.cache
def _signs(dtype: str) -> Array:
    """Random factors near 1 and -1, always the same ones: not all alike, so that swapped elements show, too."""
    size = BLOCK // np.dtype(dtype).itemsize
    rng = np.random.default_rng(size)
    return (rng.choice((-1.0, 1.0), size) * rng.uniform(0.5, 1.5, size)).astype(dtype)


@functools.lru_cache(maxsize=64)
def _factors(size: int) -> Array:
    """Random odd numbers of 64 bits, always the same ones."""
    return np.random.default_rng(size).integers(0, 2**64, size, np.uint64) | np.uint64(1)


_KEPT_AS = {"e": "f", "f": "f", "d": "d"}  # the other dtypes as their bytes
_NONE: Array = np.zeros(0)
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
