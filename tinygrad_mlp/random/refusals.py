"""What torch refuses to draw: its conditions, exceptions and texts, one function for each distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, dtypes

if TYPE_CHECKING:
    import numpy.typing as npt  # 5 ms that only types need

# How torch's range errors call a dtype.
_C_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double", "bool": "bool", "uint8": "unsigned char"}
_C_NAMES |= {"int8": "signed char", "int16": "short", "int32": "int", "int64": "long"}


def last_integer(dtype: np.dtype[Any]) -> int:
    """The largest integer up to which the dtype holds every one."""
    if dtype.kind == "f":
        return int(2 ** (np.finfo(dtype).nmant + 1))
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _torch_name(dtype: np.dtype[Any]) -> str:
    return dtypes.of(dtype).tensor_type.removesuffix("Tensor")


def floating(dtype: npt.DTypeLike, kernel: str) -> np.dtype[Any]:
    """The dtype, which has to be floating."""
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_torch_name(dtype)}'")
    return dtype


def check_interval(low: float, high: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for bounds of a uniform that are out of order or range, or too far apart."""
    largest = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[dtype.name]}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{_torch_name(dtype)}>::max(), but found to={high:g} "
            f"and from={low:g} which result in to-from to exceed the limit"
        )


def check_deviation(std: float) -> None:
    """RuntimeError for a standard deviation below 0, or nan."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def check_exponential(lambd: float, dtype: np.dtype[Any]) -> None:
    """RuntimeError for a rate that is not above 0, and for a dtype that is not floating."""
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    if dtype.kind != "f":
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. "
            f"dtype must be a floating point but you specified {_torch_name(dtype)}"
        )


def check_integers(low: int, end: int, dtype: np.dtype[Any]) -> None:
    """RuntimeError for an empty [low, end), and for bounds that the dtype does not hold."""
    if low >= end:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={end}")
    last = last_integer(dtype)
    first = {"f": -last, "i": -last - 1}.get(dtype.kind, 0)
    for name, bound in (("from", low), ("to - 1", end - 1)):
        if not first <= bound <= last:
            raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[dtype.name]}")


def check_permutation(n: int, dtype: np.dtype[Any]) -> None:
    """RuntimeError for n < 0 or too large for the dtype, NotImplementedError for bool and from 2^32 / 20 on."""
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if dtype.kind == "b":
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    if n > last_integer(dtype) + 1:
        if dtype.kind == "f":
            limit = "2049" if dtype == np.float16 else f"2^{np.finfo(dtype).nmant + 1}+1"
            raise RuntimeError(f"n cannot be greater than {limit} for {_torch_name(dtype)} type.")
        name = "int" if dtype == np.int32 else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    if n >= (2**32 - 1) // 20:
        raise NotImplementedError(f"permutation supports fewer than {(2**32 - 1) // 20} elements, but got n={n}")


def check_probability(p: float) -> None:
    """RuntimeError outside [0, 1]."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")


def check_probabilities(probabilities: Array) -> None:
    """RuntimeError where one is outside [0, 1]."""
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")


def check_weights(weights: Array, count: int, replacement: bool) -> None:
    """RuntimeError for weights or a count from which multinomial cannot draw."""
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind != "f":
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {_torch_name(weights.dtype)}"
        )
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.all((weights >= 0) & np.isfinite(weights)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if np.any(weights.sum(axis=-1) <= 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
