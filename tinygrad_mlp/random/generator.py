"""The random distributions: how each makes its numbers from the random words of the engine, as torch does.

Two generators give the same numbers only if they take as many words, in the same order and with the same rounding. All
of this was found by experiment with torch 2.13; each method says which torch function it agrees with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..arrays.dtypes import HALVES
from ..arrays.silence import silenced
from . import checks, normals
from .checks import last_integer
from .engine import Engine, Shape, size

if TYPE_CHECKING:
    import numpy.typing as npt  # needed by types only; its import takes 5 ms

_WIDE_SPAN = 2**28  # for more integers the modulo of one word is too uneven, and torch takes two words


class Generator(Engine):
    """A stream of random numbers that are equal to those of `torch.Generator("cpu")`.

    Every method that draws returns a new C-contiguous NumPy array of the given shape (a length or a sequence of
    lengths) and NumPy dtype. What torch refuses raises torch's exception and text before anything is drawn.
    RuntimeError for another device than the CPU.
    """

    __slots__ = ()

    # Continuous distributions

    def uniform(self, shape: Shape, dtype: npt.DTypeLike, low: float = 0.0, high: float = 1.0) -> Array:
        """Floats from [low, high), as torch.rand and Tensor.uniform_ draw them.

        NotImplementedError unless the dtype is floating; RuntimeError for bounds that are out of order or range.
        """
        dtype = checks.floating(dtype, "check_uniform_bounds")
        if (low, high) == (0, 1) and dtype.char not in HALVES:
            return self._units(size(shape), dtype).reshape(shape)
        checks.check_interval(low, high, dtype)
        return self._between(low, high, self._units(size(shape), dtype), dtype).reshape(shape)

    @silenced
    def _between(self, low: float, high: float, units: Array, dtype: np.dtype[Any]) -> Array:
        from .rounding import fused_multiply_add  # which only such draws need

        kind = np.float64 if dtype == np.float64 else np.float32
        start, width = kind(low), kind(high) - kind(low)
        values = fused_multiply_add(units, float(width), float(start)).astype(dtype, copy=False)
        values[values >= dtype.type(kind(high))] = start  # rounding can give the excluded bound
        return values

    @silenced
    def normal(
        self, shape: Shape, dtype: npt.DTypeLike, mean: float = 0.0, std: float = 1.0, *, blocks: bool = True
    ) -> Array:
        """Floats of the normal distribution, as torch.randn and Tensor.normal_ draw them.

        They are made by the transform of Box & Muller (1958): 16 elements or more in blocks of 16; fewer, or all if
        `blocks` is False, in pairs. If one number of a pair is not needed it is kept for the next such draw. Blocks in
        float32 and the halves are equal to torch's bit for bit; other numbers agree to 1e-14 before they are rounded to
        the dtype. NotImplementedError unless the dtype is floating, RuntimeError for std < 0.
        """
        checks.check_deviation(std)
        dtype = checks.floating(dtype, "normal_kernel_cpu")
        count = size(shape)
        pairs = count < normals.BLOCK or not blocks
        values = self._normal_pairs(count) if pairs else self._normal_blocks(count, dtype)
        kind = values.dtype.type
        if (mean, std) == (0, 1):
            values += kind(0)  # makes -0 positive, as the sum with the mean does in torch
        else:  # torch rounds only once, after the sum; a float32 product is exact in float64
            values = ((values.astype(np.float64) * kind(std)) + kind(mean)).astype(kind, copy=False)
        return values.astype(dtype, copy=False).reshape(shape)

    def _normal_blocks(self, count: int, dtype: np.dtype[Any]) -> Array:
        ragged = count % normals.BLOCK
        values = self._units(count - ragged if dtype.char in HALVES else count, dtype)
        if not ragged:
            normals.box_muller(values)
            return values
        # Torch makes whole blocks only: the last 16 elements are drawn anew, though some of them are made already.
        values = np.concatenate([values[: count - ragged], self._units(normals.BLOCK, dtype)])
        normals.box_muller(values)
        return np.concatenate([values[: count - normals.BLOCK], values[-normals.BLOCK :]])

    def _normal_pairs(self, count: int) -> Array:
        spare = [] if self._spare_normal is None else [self._spare_normal]
        pairs = (count - len(spare) + 1) // 2
        units = self._units53(2 * pairs)
        radius = np.sqrt(-2 * np.log1p(-units[1::2]))
        angle = 2 * np.pi * units[::2]
        values = np.array([radius * np.cos(angle), radius * np.sin(angle)]).T.ravel()
        values = np.concatenate([spare, values])
        self._spare_normal = float(values[count]) if len(values) > count else None
        return values[:count]

    @silenced
    def exponential(self, shape: Shape, dtype: npt.DTypeLike, lambd: float = 1.0) -> Array:
        """Floats of the exponential distribution with rate `lambd`, by inversion, as Tensor.exponential_ draws them.

        RuntimeError for a dtype that is not floating and for lambd <= 0.
        """
        dtype = np.dtype(dtype)
        checks.check_exponential(lambd, dtype)
        values = np.log1p(-self._units53(size(shape))) * (-1 / lambd)
        return values.astype(dtype, copy=False).reshape(shape)

    @silenced
    def cauchy(self, shape: Shape, dtype: npt.DTypeLike, median: float = 0.0, sigma: float = 1.0) -> Array:
        """Floats of Cauchy's distribution, by inversion, as Tensor.cauchy_ draws them.

        RuntimeError for sigma <= 0 and for a dtype that is not floating.
        """
        dtype = np.dtype(dtype)
        checks.check_cauchy(sigma, dtype)
        values = median + sigma * np.tan(np.pi * (self._units53(size(shape)) - 0.5))
        return values.astype(dtype, copy=False).reshape(shape)

    @silenced
    def log_normal(self, shape: Shape, dtype: npt.DTypeLike, mean: float = 1.0, std: float = 2.0) -> Array:
        """Floats whose logarithm has the normal distribution, made in pairs, as Tensor.log_normal_ draws them.

        RuntimeError for std <= 0, NotImplementedError unless the dtype is floating.
        """
        checks.check_positive_deviation(std)
        dtype = checks.floating(dtype, "log_normal_cpu")
        values = np.exp(self._normal_pairs(size(shape)) * std + mean)
        return values.astype(dtype, copy=False).reshape(shape)

    @silenced
    def standard_gamma(self, alpha: Array) -> Array:
        """Floats of the gamma distribution with the given shapes and rate 1, as torch._standard_gamma draws them.

        The result has the shape and the dtype of `alpha`. NotImplementedError unless that is float32 or float64.
        """
        from . import rejection  # which only such draws need

        dtype = checks.single_or_double(alpha.dtype, "gamma_cpu")
        values: Array = rejection.each(self, rejection.gamma_in(dtype), alpha).astype(dtype)
        np.maximum(values, np.finfo(dtype).tiny, out=values)
        return values

    @silenced
    def dirichlet(self, alpha: Array) -> Array:
        """Shares of 1 with the given concentrations along the last dimension, as torch._sample_dirichlet draws them.

        The result has the shape and the dtype of `alpha`. NotImplementedError unless that is float32 or float64.
        """
        from . import rejection  # which only such draws need

        dtype = checks.single_or_double(alpha.dtype, "dirichlet")
        parts = rejection.each(self, rejection.gamma_in(np.dtype(np.float64)), alpha)
        shares: Array = parts / parts.sum(axis=-1, keepdims=True)
        np.maximum(shares, np.finfo(dtype).tiny, out=shares)
        return shares.astype(dtype)

    # Discrete distributions

    def integers(self, low: int, high: int | None, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers from [low, high), as torch.randint and Tensor.random_ draw them.

        Without `high` they go up to the largest integer of the dtype. In a floating dtype that is the last one up to
        which it holds all integers (2**24 for float32). RuntimeError for bounds that are out of order or range; torch
        only warns of larger floats.
        """
        dtype = np.dtype(dtype)
        end = last_integer(dtype) + 1 if high is None else high
        checks.check_integers(low, end, dtype)
        count, span = size(shape), end - low
        words = self._double_words(count) if span >= _WIDE_SPAN else self._words(count)
        if span == 2**64:  # torch takes the words as they are
            return words.astype(np.int64).reshape(shape)
        words %= words.dtype.type(span)
        return (words.astype(np.int64) + low).astype(dtype, copy=False).reshape(shape)

    def nonnegative_integers(self, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers from 0 to the largest of the dtype (for floats see `integers`), as Tensor.random_() draws them."""
        dtype = np.dtype(dtype)
        count = size(shape)
        words = self._double_words(count) if dtype.itemsize == 8 else self._words(count)
        words %= words.dtype.type(last_integer(dtype) + 1)
        return words.astype(dtype).reshape(shape)

    def permutation(self, n: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """The numbers from 0 to n - 1 in random order, as torch.randperm.

        The shuffle is that of Fisher & Yates (1938). RuntimeError if n is negative or the dtype does not hold the
        numbers; NotImplementedError for bool, and from 214748364 elements on, where torch shuffles in another way.
        """
        from .shuffle import shuffle

        dtype = np.dtype(dtype)
        checks.check_permutation(n, dtype)
        partners = np.arange(n)
        partners[:-1] += self._words(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint32)
        return shuffle(partners).astype(dtype, copy=False)

    @silenced
    def bernoulli(self, p: float, shape: Shape) -> Array:
        """Booleans that are true with probability `p`, as Tensor.bernoulli_(p) and dropout draw them.

        Each is the comparison of a 53-bit uniform with p, whatever the dtype of the tensor. RuntimeError for p outside
        [0, 1].
        """
        checks.check_probability(p)
        units = self._double_words(size(shape)) & np.uint64(2**53 - 1)
        result: Array = units < np.uint64(math.ceil(p * 2**53))  # compares the uniforms with p, as integers
        return result.reshape(shape)

    @silenced
    def bernoulli_p(self, probabilities: Array) -> Array:
        """Booleans that are true with the given probabilities, as torch.bernoulli(probabilities).

        The result has the shape of `probabilities`. Those in float64 are compared with 53-bit uniforms, others with
        24-bit ones. NotImplementedError unless they are floating, RuntimeError if one is outside [0, 1].
        """
        dtype = checks.floating(probabilities.dtype, "bernoulli_tensor_cpu_p_")
        checks.check_probabilities(probabilities)
        result: Array = self._units(probabilities.size, dtype).reshape(probabilities.shape) < probabilities
        return np.ascontiguousarray(result).reshape(probabilities.shape)

    @silenced
    def geometric(self, shape: Shape, dtype: npt.DTypeLike, p: float) -> Array:
        """Numbers of trials until one succeeds with probability `p`, from 1 on, as Tensor.geometric_ draws them.

        RuntimeError unless p is in (0, 1), NotImplementedError for bool.
        """
        dtype = np.dtype(dtype)
        checks.check_geometric(p, dtype)
        values: Array = np.ceil(np.log(self._units53(size(shape))) / np.log1p(-p))
        return values.astype(dtype, copy=False).reshape(shape)

    @silenced
    def poisson(self, rates: Array) -> Array:
        """Numbers of events at the given rates, in their dtype, as torch.poisson draws them.

        NotImplementedError unless the dtype is floating, RuntimeError for a rate below 0 or nan.
        """
        from . import rejection  # which only such draws need

        dtype = checks.floating(rates.dtype, "poisson_cpu")
        checks.check_rates(rates)
        return rejection.each(self, rejection.poisson, rates).astype(dtype)

    @silenced
    def binomial(self, counts: Array, probabilities: Array) -> Array:
        """Numbers of successes in so many trials, in the dtype of both, as torch.binomial draws them.

        The two are broadcast. ValueError for integers, RuntimeError for two dtypes, NotImplementedError for the halves.
        """
        from . import rejection  # which only such draws need

        checks.check_trials(counts.dtype, probabilities.dtype)
        checks.single_or_double(counts.dtype, "binomial_cpu")
        return rejection.each(self, rejection.binomial_in(counts.dtype), counts, probabilities).astype(counts.dtype)

    @silenced
    def multinomial(self, weights: Array, count: int, replacement: bool = False) -> Array:
        """int64 indices, each drawn with a probability in proportion to its weight, as torch.multinomial.

        `weights` is floating, of shape (n,) or (rows, n); the result has shape (count,) or (rows, count). Without
        replacement each index waits for an exponential time at the rate of its weight, and the first are taken
        (Efraimidis & Spirakis 2006); with it, uniforms are searched in the cumulated weights. RuntimeError for weights
        and counts that torch refuses.
        """
        checks.check_weights(weights, count, replacement)
        if not replacement or count == 1:
            arrivals = self.exponential(weights.shape, weights.dtype)
            order = np.argsort(-(weights / arrivals), axis=-1, kind="stable")
            return np.ascontiguousarray(order[..., :count])
        rows = weights.reshape(-1, weights.shape[-1])
        cumulated = np.cumsum(rows, axis=-1, dtype=np.promote_types(weights.dtype, np.float32))
        cumulated /= cumulated[:, -1:]
        units = self._units53(len(rows) * count).reshape(len(rows), count)
        indices = np.array([np.searchsorted(row, u) for row, u in zip(cumulated, units, strict=True)], np.int64)
        return indices.reshape(*weights.shape[:-1], count)
