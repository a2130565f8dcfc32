"""Sobol's sequences, whose points fill a cube more evenly than random ones (torch.quasirandom).

The sequences themselves are SciPy's, which takes the direction numbers of Joe & Kuo (2008) as torch does. Torch's
scrambling is applied to their points.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from .arrays import dtypes
from .random import Generator
from .tensor import Tensor, wrap
from .tensor.composite.conversion import to
from .tensor.creation.drawn import randint

__all__ = ["SobolEngine"]

# ValueError: a number of dimensions for which there are no direction numbers, and points that are not a power of two.
DIMENSIONS = "Supported range of dimensionality for SobolEngine is [1, {most}]"
BALANCE = (
    "The balance properties of Sobol' points require n to be a power of 2. {before} points have been previously "
    "generated, then: n={before}+2**{m}={total}. If you still want to do this, please use 'SobolEngine.draw()' instead."
)


class SobolEngine:
    """Draws the points of a Sobol sequence in [0, 1)^dimension one after the other (torch.quasirandom.SobolEngine).

    With `scramble` the digits of the points are mixed by random matrices and shifted by random numbers: those that
    follow from `seed`, or without it from the default generator. Errors: ValueError for a dimension outside of
    [1, MAXDIM].
    """

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(DIMENSIONS.format(most=self.MAXDIM))
        self.seed = seed
        self.scramble = scramble
        self.dimension = dimension
        self.num_generated = 0
        self._digits: Any = None
        self.shift = wrap(np.zeros(dimension, np.int64))
        if scramble:
            self._draw_scrambling()
        sobol = importlib.import_module("scipy.stats").qmc.Sobol  # not imported sooner, because it takes a second
        self._points = sobol(dimension, scramble=False, bits=self.MAXBIT)

    def _draw_scrambling(self) -> None:
        generator = None
        if self.seed is not None:
            generator = Generator()
            generator.manual_seed(self.seed)
        bits = self.MAXBIT
        shifts = randint(2, (self.dimension, bits), generator=generator).array
        self.shift = wrap(shifts @ (1 << np.arange(bits)))
        matrices = np.tril(randint(2, (self.dimension, bits, bits), generator=generator).array)
        matrices[:, np.arange(bits), np.arange(bits)] = 1
        self._digits = matrices

    def draw(self, n: int = 1, out: Tensor | None = None, dtype: Any = None) -> Tensor:
        """The next n points, of the shape (n, dimension); by default in the default dtype."""
        dtype = dtypes.get_default_dtype() if dtype is None else dtype
        first = self.num_generated == 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a number of points that is not a power of two
            whole = np.rint(self._points.random(n) * 2**self.MAXBIT).astype(np.int64)
        self.num_generated += n
        result = wrap(self._scrambled(whole) * 2.0**-self.MAXBIT)
        if first and n:  # torch computes the first point in the default dtype
            result[0] = to(result[0], dtypes.get_default_dtype())
        result = to(result, dtype)
        return result if out is None else out.resize_as_(result).copy_(result)

    def _scrambled(self, points: Any) -> Any:
        """Points as integers after the scrambling: each digit is the parity of some before it, and shifted."""
        if self._digits is None:
            return points
        places = np.arange(self.MAXBIT - 1, -1, -1)
        digits = points[:, :, None] >> places & 1
        mixed = np.matmul(self._digits, digits[..., None])[..., 0] & 1
        return (mixed << places).sum(-1) ^ self.shift.array

    def draw_base2(self, m: int, out: Tensor | None = None, dtype: Any = None) -> Tensor:
        """The next 2**m points; ValueError unless all points drawn so far are then a power of two."""
        total = self.num_generated + 2**m
        if total & (total - 1):
            raise ValueError(BALANCE.format(before=self.num_generated, m=m, total=total))
        return self.draw(2**m, out, dtype)

    def reset(self) -> SobolEngine:
        """Begin again with the first point; return the engine."""
        self._points.reset()
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Pass over n points; return the engine."""
        self._points.fast_forward(n)
        self.num_generated += n
        return self

    def __repr__(self) -> str:
        shown = [f"dimension={self.dimension}"]
        if self.scramble:
            shown.append("scramble=True")
        if self.seed is not None:
            shown.append(f"seed={self.seed}")
        return f"{type(self).__name__}({', '.join(shown)})"
