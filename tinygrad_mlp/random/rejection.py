"""Distributions whose samplers reject: each number takes as many uniforms of the stream as it needs.

The order in which uniforms and normals are taken was found by experiment with torch 2.13, whose stream these functions
give. They work on Python floats, one number after another, as the next one begins where the last one ended.

The methods: for the gamma distribution Marsaglia & Tsang (2000), for Poisson's and the binomial distribution those of
Hörmann (1993), PTRS and BTRS, and for small means the products and the sums of waiting times of Devroye (1986).
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from .engine import Engine

_FEWEST, _MOST = 64, 8192  # uniforms that are made at once


class Uniforms:
    """The 53-bit uniforms of an engine one by one, as `next()` gives them, and normals of pairs of them.

    They are made in advance; `close` sets the engine to where the last one that was taken ends.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bits = engine._mt19937
        self._start = self._bits.state
        self._spare = engine._spare_normal
        self._made = 0
        self._chunk: Iterator[float] = iter(())
        self.next: Callable[[], float] = itertools.chain.from_iterable(self._chunks()).__next__  # quicker than a method

    def _chunks(self) -> Iterator[Iterator[float]]:
        count = _FEWEST
        while True:
            self._chunk = iter(self._engine._units53(count).tolist())
            self._made += count
            yield self._chunk
            count = min(2 * count, _MOST)

    def normal(self) -> float:
        """A normal number; of two that are made of a pair of uniforms, the second is kept (Box & Muller 1958)."""
        spare = self._spare
        if spare is not None:
            self._spare = None
            return spare
        angle = 2 * math.pi * self.next()
        radius = math.sqrt(-2 * math.log1p(-self.next()))
        self._spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def close(self) -> None:
        """Leave the engine behind the last uniform that was taken."""
        self._bits.state = self._start
        self._bits.random_raw(2 * (self._made - operator.length_hint(self._chunk)))
        self._engine._spare_normal = self._spare


def each(engine: Engine, draw: Callable[..., float], *parameters: Array) -> Array:
    """Call `draw(uniforms, ...)` for the elements of arrays, broadcast, and return its numbers in float64."""
    uniforms = Uniforms(engine)
    arrays = np.broadcast_arrays(*parameters)
    try:
        values = [draw(uniforms, *elements) for elements in zip(*(x.ravel().tolist() for x in arrays), strict=True)]
    finally:
        uniforms.close()
    return np.array(values, np.float64).reshape(arrays[0].shape)


# -- gamma -----------------------------------------------------------------------------------------

_THIRD, _SQUEEZE = float(np.float32(1 / 3)), float(np.float32(0.0331))  # torch has them in float32 for all dtypes


def gamma_in(dtype: np.dtype[Any]) -> Callable[[Uniforms, float], float]:
    """The sampler of the gamma distribution with rate 1, whose constants torch computes in a dtype."""
    rounded: Callable[[float], float] = float if dtype == np.float64 else lambda x: float(dtype.type(x))

    def draw(uniforms: Uniforms, alpha: float) -> float:
        scale = 1.0
        if alpha < 1:  # more are accepted of alpha + 1, which a power of a uniform brings back
            if alpha == 0:
                return 0.0
            scale = math.pow(1 - uniforms.next(), rounded(1 / alpha))
            alpha = rounded(alpha + 1)
        d = rounded(alpha - _THIRD)
        c = 1 / math.sqrt(9 * d)
        while True:
            x = uniforms.normal()
            y = 1 + c * x
            if y <= 0:
                continue
            v = y * y * y
            u = 1 - uniforms.next()
            xx = x * x
            if u < 1 - _SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1 - v + math.log(v)):
                return scale * d * v

    return draw


# -- Poisson ---------------------------------------------------------------------------------------


def poisson(uniforms: Uniforms, rate: float) -> float:
    """A number of events at a rate: by waiting times below 10, else by PTRS."""
    if rate >= 10:
        return _poisson_by_rejection(uniforms, rate)
    count, product, end = 0, 1.0, math.exp(-rate)
    if rate == 0:
        return 0
    while True:
        product *= uniforms.next()
        if product <= end:
            return count
        count += 1


def _poisson_by_rejection(uniforms: Uniforms, rate: float) -> float:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniforms.next() - 0.5, uniforms.next()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= quick:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        bound = -rate + k * log_rate - math.lgamma(k + 1)
        if not v or math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= bound:
            return k


# -- binomial --------------------------------------------------------------------------------------


def binomial_in(dtype: np.dtype[Any]) -> Callable[[Uniforms, float, float], float]:
    """The sampler of the binomial distribution, whose constants torch computes in a dtype."""
    return _binomial if dtype == np.float64 else lambda uniforms, n, p: _binomial(uniforms, n, p, dtype.type)


def _binomial(uniforms: Uniforms, count: float, p: float, kind: Any = float) -> float:
    """A number of successes: by waiting times where fewer than 10 are expected, else by BTRS."""
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return count
    if p != p:
        return p
    if p > 0.5:
        return count - _binomial(uniforms, count, float(kind(1) - kind(p)), kind)
    if float(kind(count) * kind(p)) >= 10:
        return _binomial_by_rejection(uniforms, count, p, kind)
    total, successes, log_failure = 0.0, 0.0, math.log1p(-p) if kind is float else float(np.log1p(-kind(p)))
    while True:
        u = uniforms.next()
        total += math.ceil(math.log(u) / log_failure) if u else math.inf
        if total > count:
            return successes
        successes += 1


def _binomial_by_rejection(uniforms: Uniforms, count: float, p: float, kind: Any) -> float:
    n, q = kind(count), kind(p)
    deviation = float(np.sqrt(n * q * (1 - q)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = float(n * q) + 0.5
    quick = 0.92 - 4.2 / b
    r = float(q / (1 - q))
    alpha = (2.83 + 5.1 / b) * deviation
    m = math.floor(float((n + 1) * q))
    while True:
        u, v = uniforms.next() - 0.5, uniforms.next()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c) if us else -1
        if k < 0 or k > count:
            continue
        if us >= 0.07 and v <= quick:
            return k
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + (_stirling(m) + _stirling(count - m) - _stirling(k) - _stirling(count - k))
        )
        if not v or math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return k


def _stirling(k: float) -> float:
    """What log(k!) is above Stirling's formula: log(k!) - log(2 pi)/2 - (k + 1/2) log(k + 1) + k + 1."""
    if k <= 9:
        return math.lgamma(k + 1) - 0.5 * math.log(2 * math.pi) - (k + 0.5) * math.log(k + 1) + (k + 1)
    square = (k + 1) ** 2
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
