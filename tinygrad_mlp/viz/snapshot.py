"""What is kept of an array to be shown: all of a small one; of a large one an even sample, and figures of the whole."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays.silence import silenced

Array = np.ndarray[Any, np.dtype[Any]]

SMALL = 4096  # elements of which all are shown
KEPT = 1 << 18  # elements of which a copy is kept until figures are asked for: to copy is quicker than to look
SIDE = 64  # rows and columns at most of the sample of a large array


@dataclass(frozen=True)
class Figures:
    """How many elements an array has, how many are nan, infinite or zero; of the finite ones the least, mean, greatest.

    `norm` is the square root of the sum of the squares of the finite elements. Without any, all four are nan.
    """

    count: int
    nan: int
    infinite: int
    zero: int
    minimum: float
    mean: float
    maximum: float
    norm: float


@silenced
def figures_of(array: Array) -> Figures:
    """The figures of an array of numbers or bools."""
    flat = array.reshape(-1)
    if flat.dtype.itemsize < 4 or flat.dtype.kind != "f":
        flat = flat.astype(np.float64)
    squares = float(np.dot(flat, flat))  # which BLAS sums in a fraction of the time of a reduction
    if not math.isfinite(squares) or squares < _TINY:
        return _slow_figures(flat)
    zero = flat.size - int(np.count_nonzero(flat))
    mean = float(np.add.reduce(flat)) / flat.size
    least, most = float(np.minimum.reduce(flat)), float(np.maximum.reduce(flat))
    return Figures(flat.size, 0, 0, zero, least, mean, most, math.sqrt(squares))


_TINY = 1e-20  # below it squares of float32 may have become 0


def _slow_figures(flat: Array) -> Figures:
    """The same where an element is not finite, or a square overflows or underflows."""
    nan, infinite = int(np.count_nonzero(np.isnan(flat))), int(np.count_nonzero(np.isinf(flat)))
    finite = flat[np.isfinite(flat)].astype(np.float64)
    if not finite.size:
        return Figures(flat.size, nan, infinite, 0, math.nan, math.nan, math.nan, math.nan)
    zero = finite.size - int(np.count_nonzero(finite))
    norm = float(np.linalg.norm(finite))
    return Figures(flat.size, nan, infinite, zero, float(finite.min()), float(finite.mean()), float(finite.max()), norm)


def ndarray_of(x: Any) -> Any:
    """The ndarray in a Tensor, or behind an array that is being recorded by `compile`; anything else as it is."""
    if type(x) is np.ndarray:
        return x
    for _ in range(2):
        x = x if isinstance(x, (np.ndarray, np.generic)) else getattr(x, "array", x)
    return x


class Snapshot:
    """An array as it was at one moment; later writes do not change it.

    `values` holds all elements in the array's shape where there are at most SMALL. Of a larger array it holds a sample
    of at most SIDE rows and SIDE columns, evenly spaced, of the array as a matrix (the last dimension is the columns);
    `is_whole` says which.
    """

    def __init__(self, array: Array) -> None:
        self.shape: tuple[int, ...] = array.shape
        self.dtype: np.dtype[Any] = array.dtype
        size = array.size
        self.is_whole = size <= SMALL
        if size <= KEPT:
            self._copy: Array | None = array.copy()
        else:
            self._copy = None
            self.values = _sample(array)
            self.figures = figures_of(array)

    @cached_property
    def values(self) -> Array:
        """The elements that are kept."""
        self._look()
        return self.values

    @cached_property
    def figures(self) -> Figures:
        """The figures of the whole array."""
        self._look()
        return self.figures

    def _look(self) -> None:
        """Make of the copy what is shown, and give it back unless it is shown whole."""
        copy, self._copy = self._copy, None
        assert copy is not None
        self.figures = figures_of(copy)
        self.values = copy if self.is_whole else _sample(copy)

    @property
    def matrix(self) -> Array:
        """The values that are kept, as a matrix: the last dimension is the columns, the others together the rows."""
        if self.values.ndim == 2:
            return self.values
        *rows, columns = self.values.shape or (1,)  # of an empty array, reshape cannot tell the rows
        return self.values.reshape(math.prod(rows), columns)

    @property
    def has_bad(self) -> bool:
        """Whether an element is nan or infinite."""
        return bool(self.figures.nan or self.figures.infinite)


def _sample(array: Array) -> Array:
    matrix = array.reshape(-1, array.shape[-1])
    rows, columns = map(evenly, matrix.shape)
    return matrix[rows[:, None], columns]


@functools.lru_cache(maxsize=256)
def evenly(n: int) -> Array:
    """At most SIDE of n places, evenly spaced, with the first and the last."""
    return np.unique(np.linspace(0, n - 1, min(n, SIDE)).round().astype(np.int64))
