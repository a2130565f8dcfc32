"""The checks that a draw makes before it takes any number from the stream: what torch refuses is refused here.

One function for each distribution; exceptions and conditions are those of torch 2.13, found by experiment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, dtypes
from ..arrays.dtypes import FLOATING
from ..arrays.limits import finfo
from .refusals import (
    CAUCHY_DTYPE,
    DEVIATION,
    EXPONENTIAL_DTYPE,
    INTEGERS_ORDER,
    LOG_DEVIATION,
    NEGATIVE_SIZE,
    NO_SAMPLES,
    NO_WEIGHT,
    NOT_FLOATING,
    OUT_OF_BOUNDS,
    PERMUTATION_OF_BOOL,
    POISSON_RATE,
    PROBABILITIES,
    PROBABILITY,
    RATE,
    SCALE,
    SUCCESS,
    TOO_MANY_ELEMENTS,
    TOO_MANY_FOR_FLOAT,
    TOO_MANY_FOR_INTEGER,
    TOO_MANY_SAMPLES,
    TRIALS_DTYPE,
    TRIALS_DTYPES,
    UNIFORM_ORDER,
    UNIFORM_WIDTH,
    WEIGHTS,
    WEIGHTS_DIMENSIONS,
    WEIGHTS_DTYPE,
)

if TYPE_CHECKING:
    import numpy.typing as npt  # needed by types only; its import takes 5 ms

_MOST_PERMUTED = (2**32 - 1) // 20  # torch shuffles so many elements, or more, in another way

# The names of dtypes in torch's messages about ranges.
_C_NAMES = {
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "bool": "bool",
    "uint8": "unsigned char",
}
_CXX_NAMES = {"int64": "long int", "int16": "short int"}  # where the compiler writes them
_C_NAMES |= {"int8": "signed char", "int16": "short", "int32": "int", "int64": "long"}


def last_integer(dtype: np.dtype[Any]) -> int:
    """The largest n for which the dtype holds all integers from 0 to n: 2**24 for float32, 127 for int8."""
    if dtype.kind in FLOATING:
        return int(2 / finfo(dtypes.of(dtype)).eps)
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _torch_name(dtype: np.dtype[Any]) -> str:
    return dtypes.of(dtype).tensor_type.removesuffix("Tensor")


def floating(dtype: npt.DTypeLike, kernel: str) -> np.dtype[Any]:
    """Return the dtype. NotImplementedError, which names torch's kernel, unless it is floating."""
    dtype = np.dtype(dtype)
    if dtype.kind not in FLOATING:
        raise NotImplementedError(NOT_FLOATING.format(kernel=kernel, dtype=_torch_name(dtype)))
    return dtype


def check_interval(low: float, high: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for bounds of a uniform distribution that are out of order or range, or too far apart."""
    largest = finfo(dtypes.of(dtype)).max
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(OUT_OF_BOUNDS.format(bound=name, dtype=_C_NAMES[dtype.name]))
    if low > high:
        raise RuntimeError(UNIFORM_ORDER.format(low=low, high=high))
    if high - low > largest:
        raise RuntimeError(UNIFORM_WIDTH.format(dtype=_torch_name(dtype), low=low, high=high))


def check_deviation(std: float) -> None:
    """RuntimeError for a standard deviation that is negative or nan."""
    if not std >= 0:
        raise RuntimeError(DEVIATION.format(std=std))


def check_exponential(lambd: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for a rate that is not positive, and for a dtype that is not floating."""
    if not lambd > 0:
        raise RuntimeError(RATE.format(lambd=lambd))
    if dtype.kind not in FLOATING:
        raise RuntimeError(EXPONENTIAL_DTYPE.format(dtype=_torch_name(dtype)))


def check_cauchy(sigma: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for a scale that is not positive, and for a dtype that is not floating."""
    if not sigma > 0:
        raise RuntimeError(SCALE.format(sigma=sigma))
    if dtype.kind not in FLOATING:
        raise RuntimeError(CAUCHY_DTYPE.format(dtype=_CXX_NAMES.get(dtype.name, _C_NAMES[dtype.name])))


def check_positive_deviation(std: float) -> None:
    """RuntimeError for a standard deviation of a log-normal distribution that is not positive."""
    if not std > 0:
        raise RuntimeError(LOG_DEVIATION.format(std=std))


def check_geometric(p: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for a probability outside (0, 1); NotImplementedError for bool."""
    if not 0 < p < 1:
        raise RuntimeError(SUCCESS.format(p=p))
    if dtype.kind == "b":
        raise NotImplementedError(NOT_FLOATING.format(kernel="geometric_cpu", dtype=_torch_name(dtype)))


def check_rates(rates: Array) -> None:
    """RuntimeError if a rate of Poisson's distribution is below 0 or nan."""
    if not np.all(rates >= 0):
        raise RuntimeError(POISSON_RATE)


def check_trials(counts: np.dtype[Any], probabilities: np.dtype[Any]) -> None:
    """ValueError for numbers of trials that are not floating, RuntimeError for probabilities in another dtype."""
    for name, dtype in (("count", counts), ("prob", probabilities)):
        if dtype.kind not in FLOATING:
            raise ValueError(TRIALS_DTYPE.format(name=name, dtype=_torch_name(dtype)))
    if counts != probabilities:
        raise RuntimeError(TRIALS_DTYPES.format(first=_torch_name(counts), second=_torch_name(probabilities)))


def single_or_double(dtype: np.dtype[Any], kernel: str) -> np.dtype[Any]:
    """Return the dtype. NotImplementedError, which names torch's kernel, unless it is float32 or float64."""
    if dtype.char not in "fd":
        raise NotImplementedError(NOT_FLOATING.format(kernel=kernel, dtype=_torch_name(dtype)))
    return dtype


def check_integers(low: int, end: int, dtype: np.dtype[Any]) -> None:
    """RuntimeError for an empty interval [low, end), and for bounds that the dtype does not hold."""
    if low >= end:
        raise RuntimeError(INTEGERS_ORDER.format(low=low, end=end))
    last = last_integer(dtype)
    first = -last if dtype.kind in FLOATING else -last - 1 if dtype.kind == "i" else 0
    for name, bound in (("from", low), ("to - 1", end - 1)):
        if not first <= bound <= last:
            raise RuntimeError(OUT_OF_BOUNDS.format(bound=name, dtype=_C_NAMES[dtype.name]))


def check_permutation(n: int, dtype: np.dtype[Any]) -> None:
    """Refuse a number of elements, or a dtype, that `permutation` does not support.

    RuntimeError if n is negative or too large for the dtype; NotImplementedError for bool, and from 2**32 / 20 elements
    on.
    """
    if n < 0:
        raise RuntimeError(NEGATIVE_SIZE.format(n=n))
    if dtype.kind == "b":
        raise NotImplementedError(PERMUTATION_OF_BOOL)
    if n > last_integer(dtype) + 1 and dtype.kind != "V":  # of bfloat16 torch does not ask
        if dtype.kind in FLOATING:
            limit = "2049" if dtype == np.float16 else f"2^{np.finfo(dtype).nmant + 1}+1"
            raise RuntimeError(TOO_MANY_FOR_FLOAT.format(limit=limit, dtype=_torch_name(dtype)))
        name = "int" if dtype == np.int32 else f"{dtype.name}_t"
        raise RuntimeError(TOO_MANY_FOR_INTEGER.format(dtype=name))
    if n >= _MOST_PERMUTED:
        raise NotImplementedError(TOO_MANY_ELEMENTS.format(limit=_MOST_PERMUTED, n=n))


def check_probability(p: float) -> None:
    """RuntimeError for a probability outside [0, 1]."""
    if not 0 <= p <= 1:
        raise RuntimeError(PROBABILITY.format(p=p))


def check_probabilities(probabilities: Array) -> None:
    """RuntimeError if an element is outside [0, 1]."""
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise RuntimeError(PROBABILITIES)


def check_weights(weights: Array, count: int, replacement: bool) -> None:
    """RuntimeError for weights or a number of samples with which `multinomial` cannot draw."""
    if weights.ndim not in (1, 2):
        raise RuntimeError(WEIGHTS_DIMENSIONS)
    if weights.dtype.kind not in FLOATING:
        raise RuntimeError(WEIGHTS_DTYPE.format(dtype=_torch_name(weights.dtype)))
    if count <= 0:
        raise RuntimeError(NO_SAMPLES)
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError(TOO_MANY_SAMPLES)
    if not np.all((weights >= 0) & np.isfinite(weights)):
        raise RuntimeError(WEIGHTS)
    if np.any(weights.sum(axis=-1) <= 0):
        raise RuntimeError(NO_WEIGHT)
