"""Dimension arguments: torch's `dim` as NumPy's `axis`, with torch's refusals."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from ..messages import noted
from .refusals import (
    DIM_OUT_OF_RANGE,
    DIM_TWICE,
    NO_BROADCAST,
    NUMBER_TOO_LARGE,
)
from .table import Array


def axis(dim: Any, ndim: int) -> int:
    """`dim` counted from the front. IndexError outside of [-ndim, ndim - 1]; a 0-d array counts as having one."""
    if type(dim) is int and 0 <= dim < ndim:  # the usual case
        return dim
    extent = ndim or 1
    dim = operator.index(dim)
    if not -extent <= dim < extent:
        raise IndexError(DIM_OUT_OF_RANGE.format(first=-extent, last=extent - 1, dim=dim))
    return int(dim % extent)


def axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """`dim` (a number, several, or None for all) as a tuple. RuntimeError for one named twice."""
    if type(dim) is int:  # the usual case
        d = axis(dim, ndim)
        return (d,) if ndim else ()
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return tuple(range(ndim))
    if not isinstance(dim, Sequence):
        dim = (dim,)
    result = tuple(axis(d, ndim) for d in dim)
    if len(set(result)) != len(result):
        twice = next(d for d in result if result.count(d) > 1)
        raise RuntimeError(DIM_TWICE.format(dim=twice))
    return result if ndim else ()


def count(shape: tuple[int, ...], dim: Any) -> int:
    """How many elements of an array a reduction over `dim` puts into one."""
    n = 1
    for d in axes(dim, len(shape)):
        n *= shape[d]
    return n


def mismatch(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError | None:
    """Torch's refusal of two shapes that do not broadcast together, None for shapes that do."""
    dims = max(len(a), len(b))
    for back, (m, n) in enumerate(zip(reversed(a), reversed(b), strict=False), 1):
        if m != n and m != 1 != n:
            return noted(RuntimeError(NO_BROADCAST.format(a=m, b=n, dim=dims - back)))
    return None


def as_dtype(value: Any, dtype: np.dtype[Any]) -> Array:
    """A number or an array in a dtype; RuntimeError for a Python number that the dtype cannot hold."""
    if isinstance(value, (int, float)) and dtype.kind != "b":
        least, most = _RANGES.get(dtype) or _range_of(dtype)
        if isinstance(value, int) and dtype.kind == "u":
            least = -most  # torch takes negative integers modulo 256
        if not least <= value <= most and (dtype.kind not in FLOATING or math.isfinite(value)):
            raise RuntimeError(NUMBER_TOO_LARGE.format(word=_C_WORDS.get(dtype.name, f"{dtype.name}_t")))
    return (value if hasattr(value, "astype") else np.asarray(value)).astype(dtype)


# By the dtype itself, because NumPy works out the name of one anew each time.
_RANGES: dict[np.dtype[Any], tuple[float, float]] = {
    np.dtype(name): (float(np.finfo(name).min), float(np.finfo(name).max)) for name in ("float16", "float32", "float64")
} | {np.dtype(name): (np.iinfo(name).min, np.iinfo(name).max) for name in ("uint8", "int8", "int16", "int32", "int64")}


def _range_of(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The least and the largest bfloat16; no bounds for the long doubles by which tests measure precision."""
    if dtype.name != "bfloat16":
        return (-math.inf, math.inf)
    most = (2 - 2.0**-7) * 2.0**127
    return _RANGES.setdefault(dtype, (-most, most))


_C_WORDS = {
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "int32": "int",
}


def within_range(input: Any, *bounds: Any) -> None:
    """RuntimeError for a number as a bound that the dtype of the input cannot hold."""
    if type(input) is not np.ndarray or input.dtype == np.bool_:
        return
    taken = (int, float) if input.dtype.kind in FLOATING else int  # a fraction makes floats of integers
    for bound in bounds:
        if isinstance(bound, taken) and not isinstance(bound, bool) and not -128 < bound < 128:
            as_dtype(bound, input.dtype)


def number(x: Array) -> Any:
    """A 0-d array as a Python number, which takes the dtype of what it meets; one for each of a batch as it is."""
    return x if hasattr(x, "varies") else x.item()


def positions(shape: tuple[int, ...], dim: int) -> Array:
    """The index of every element along `dim`, shaped so that it broadcasts to `shape`."""
    return np.arange(shape[dim]).reshape([-1 if d == dim else 1 for d in range(len(shape))])


def in_order(array: Array) -> Array:
    """The array itself where its elements lie in C order, else a copy of it that is in C order."""
    return array if array.flags.c_contiguous else array.copy()


def copied(array: Array) -> Array:
    """A copy with the strides in the same order; in C order where the array is expanded, as torch's clone."""
    return array.copy() if 0 in array.strides else np.copy(array)


def dtype_word(x: Array) -> str:
    """Torch's word for a dtype in its refusals."""
    words = {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}
    words |= {"float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double"}
    return words.get(x.dtype.name, str(x.dtype.name))
