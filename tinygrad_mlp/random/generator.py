"""The distributions: how each spends the words of the engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from . import normals, refusals
from .engine import Engine, Shape, size
from .refusals import last_integer
from .rounding import fused_multiply_add
from .shuffle import shuffle

if TYPE_CHECKING:
    import numpy.typing as npt  # 5 ms that only types need

_WIDE_SPAN = 2**28  # from here on, the modulo of one word would be too uneven: integers take two


class Generator(Engine):
    """A stream of random numbers equal to `torch.Generator("cpu")`'s; RuntimeError for another device.

    Every drawing method returns a fresh C-contiguous NumPy array of the given shape (a length or a sequence of
    lengths) and NumPy dtype; what torch refuses raises torch's exception and text before anything is drawn.
    """

    __slots__ = ()

    # Continuous distributions

    def uniform(self, shape: Shape, dtype: npt.DTypeLike, low: float = 0.0, high: float = 1.0) -> Array:
        """Floats of [low, high), as torch.rand and Tensor.uniform_.

        NotImplementedError unless the dtype is floating; RuntimeError for bounds that are out of order or range.
        """
        dtype = refusals.floating(dtype, "check_uniform_bounds")
        refusals.check_interval(low, high, dtype)
        units = self._units(size(shape), dtype)
        if (low, high) == (0, 1) and dtype != np.float16:
            return units.reshape(shape)
        kind = np.float64 if dtype == np.float64 else np.float32
        start, width = kind(low), kind(high) - kind(low)
        values = fused_multiply_add(units, float(width), float(start)).astype(dtype, copy=False)
        values[values >= dtype.type(kind(high))] = start  # the end is open: what rounding lifts to it starts again
        return values.reshape(shape)

    def normal(
        self, shape: Shape, dtype: npt.DTypeLike, mean: float = 0.0, std: float = 1.0, *, blocks: bool = True
    ) -> Array:
        """Floats of the normal distribution by the transform of Box & Muller (1958), as torch.randn and normal_.

        16 elements or more are made in blocks, fewer, or all without `blocks`, in pairs of which an unused half waits
        for the next such draw. Blocks in float32 and float16 are torch's bit for bit, all else to 1e-14 and the
        rounding to the dtype. NotImplementedError unless the dtype is floating, RuntimeError for std < 0.
        """
        refusals.check_deviation(std)
        dtype = refusals.floating(dtype, "normal_kernel_cpu")
        count = size(shape)
        pairs = count < normals.BLOCK or not blocks
        values = self._normal_pairs(count) if pairs else self._normal_blocks(count, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            kind = values.dtype.type
            if (mean, std) == (0, 1):
                values += kind(0)  # which makes a negative zero positive, as torch's sum with the mean does
            else:  # torch rounds the product and the sum at once; a float32 product is exact in float64
                values = ((values.astype(np.float64) * kind(std)) + kind(mean)).astype(kind, copy=False)
            return values.astype(dtype, copy=False).reshape(shape)

    def _normal_blocks(self, count: int, dtype: np.dtype[Any]) -> Array:
        ragged = count % normals.BLOCK
        values = self._units(count - ragged if dtype == np.float16 else count, dtype)
        if not ragged:
            normals.box_muller(values)
            return values
        # Only whole blocks are made: the last of a ragged end overlaps its neighbour and is drawn afresh.
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

    def exponential(self, shape: Shape, dtype: npt.DTypeLike, lambd: float = 1.0) -> Array:
        """Floats of the exponential distribution of rate `lambd` by inversion, as Tensor.exponential_.

        RuntimeError for a dtype that is not floating and for lambd <= 0.
        """
        dtype = np.dtype(dtype)
        refusals.check_exponential(lambd, dtype)
        values = np.log1p(-self._units53(size(shape))) * (-1 / lambd)
        return values.astype(dtype, copy=False).reshape(shape)

    # Discrete distributions

    def integers(self, low: int, high: int | None, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers of [low, high), as torch.randint and Tensor.random_; no `high` means up to the dtype's limit.

        The dtype may be floating, up to the last of its gapless integers (2**24 in float32). RuntimeError for
        bounds that are out of order or range; torch allows floats beyond the gap with a warning, this refuses them.
        """
        dtype = np.dtype(dtype)
        end = last_integer(dtype) + 1 if high is None else high
        refusals.check_integers(low, end, dtype)
        count, span = size(shape), end - low
        words = self._double_words(count) if span >= _WIDE_SPAN else self._words(count)
        if span == 2**64:  # every word is a number, and torch takes it as it is
            return words.astype(np.int64).reshape(shape)
        words %= words.dtype.type(span)
        return (words.astype(np.int64) + low).astype(dtype, copy=False).reshape(shape)

    def nonnegative_integers(self, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers from 0 to the dtype's limit, in a float the last of its gapless ones; as Tensor.random_()."""
        dtype = np.dtype(dtype)
        count = size(shape)
        words = self._double_words(count) if dtype.itemsize == 8 else self._words(count)
        words %= words.dtype.type(last_integer(dtype) + 1)
        return words.astype(dtype).reshape(shape)

    def permutation(self, n: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """The numbers 0 to n - 1 in random order by the shuffle of Fisher & Yates (1938), as torch.randperm.

        RuntimeError for n < 0 and for an n whose numbers the dtype cannot hold, NotImplementedError for bool and
        from 214748364 elements on, where torch shuffles by another rule.
        """
        dtype = np.dtype(dtype)
        refusals.check_permutation(n, dtype)
        partners = np.arange(n)
        partners[:-1] += self._words(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint32)
        return shuffle(partners).astype(dtype, copy=False)

    def bernoulli(self, p: float, shape: Shape) -> Array:
        """Booleans, true with probability `p`, as Tensor.bernoulli_(p) and dropout; RuntimeError for p outside [0, 1].

        A 53-bit uniform is compared with p whatever the dtype of the tensor is.
        """
        refusals.check_probability(p)
        units = self._double_words(size(shape)) & np.uint64(2**53 - 1)
        result: Array = units < np.uint64(math.ceil(p * 2**53))  # the comparison of the uniforms, in integers
        return result.reshape(shape)

    def bernoulli_p(self, probabilities: Array) -> Array:
        """Booleans of the shape of `probabilities`, each true with its own, as torch.bernoulli(probabilities).

        float64 probabilities take 53-bit uniforms, others 24-bit ones. NotImplementedError unless they are floating,
        RuntimeError for one outside [0, 1].
        """
        dtype = refusals.floating(probabilities.dtype, "bernoulli_tensor_cpu_p_")
        refusals.check_probabilities(probabilities)
        result: Array = self._units(probabilities.size, dtype).reshape(probabilities.shape) < probabilities
        return np.ascontiguousarray(result).reshape(probabilities.shape)

    def multinomial(self, weights: Array, count: int, replacement: bool = False) -> Array:
        """`count` int64 indices per row of `weights` (1-d or 2-d, floating), each as likely as its weight.

        As torch.multinomial: without replacement an exponential race (Efraimidis & Spirakis 2006), with it a search
        in the cumulated weights. RuntimeError for what torch refuses.
        """
        refusals.check_weights(weights, count, replacement)
        if not replacement or count == 1:
            arrivals = self.exponential(weights.shape, weights.dtype)
            with np.errstate(divide="ignore", invalid="ignore"):
                order = np.argsort(-(weights / arrivals), axis=-1, kind="stable")
            return np.ascontiguousarray(order[..., :count])
        rows = weights.reshape(-1, weights.shape[-1])
        cumulated = np.cumsum(rows, axis=-1, dtype=np.promote_types(weights.dtype, np.float32))
        cumulated /= cumulated[:, -1:]
        units = self._units53(len(rows) * count).reshape(len(rows), count)
        indices = np.array([np.searchsorted(row, u) for row, u in zip(cumulated, units, strict=True)], np.int64)
        return indices.reshape(*weights.shape[:-1], count)
