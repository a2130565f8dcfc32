"""Scattering: operators that write elements along a dimension, or where a mask holds, into a copy of their input."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .comparison import masked_fill
from .dims import as_dtype, axis, copied, dtype_word, mismatch
from .fitting import expand
from .gathering import along, gather, in_bounds, index_select, refuse_scattered, scatter_add
from .index_refusals import (
    INDEX_COPY_COUNT,
    INDEX_COPY_DTYPE,
    INDEX_COPY_DTYPES,
    INDEX_COPY_INDEX_NDIM,
    INDEX_COPY_NDIM,
    INDEX_COPY_OF_NUMBER,
    INDEX_COPY_SLICES,
    INDEX_FILL_BY_SEVERAL,
    INDEX_FILL_DTYPE,
    INDEX_FILL_NDIM,
    INDEX_OUT_OF_BOUNDS,
    MASKED_SCATTER_COUNT,
    MASKED_SCATTER_DTYPES,
    MASKED_SCATTER_MASK,
    MEAN_OF_BOOLS,
    REDUCE_OF_ZEROS_TWICE,
    SCATTER_COMBINED,
    SCATTER_REDUCED,
)
from .indexing import masked_select
from .masking import keep
from .slices import unslice
from .sums import add_at, total
from .table import Array, by_value, not_implemented, operator

# -- along a dimension, by an index for every element -----------------------------------------------


def _scatter(input: Array, dim: int, index: Array, src: Any) -> None:
    """Write the elements of `src`, or a number, where `index` says."""
    d = axis(dim, input.ndim)
    whole, place, part = _places(input, d, index, src)
    if index.size:
        whole[place] = part


def _places(input: Array, d: int, index: Array, src: Any) -> tuple[Array, Any, Any]:
    """`input`, the index of the elements that are written, and what of `src` is written there."""
    refuse_scattered(input, d, index, src)
    in_bounds(index, input.shape[d] if input.ndim else 1, d)
    if not input.ndim:
        return input, (), src.reshape(-1)[:1].reshape(()) if hasattr(src, "reshape") else as_dtype(src, input.dtype)
    index = index.reshape((-1,)) if not index.ndim else index
    if not hasattr(src, "reshape"):
        return input, along(index, d), as_dtype(src, input.dtype)
    src = src.reshape((-1,)) if not src.ndim else src
    return input, along(index, d), src[tuple(slice(n) for n in index.shape)]


@operator(
    {
        "input": lambda g, dim, index: scatter(g, dim, index, 0),
        "src": lambda g, dim, index: gather(g, dim, index),
    },
    tensors=("input", "index", "src"),
    numbers=("src",),
    inplace=True,
    write=_scatter,
    sample=lambda s: s.scattering(),
)
def scatter(input: Array, dim: int, index: Array, src: Any) -> Array:
    """A copy of `input` in which the elements of `src`, or one number, stand where `index` says along `dim`.

    Shapes: the result has the shape of `input`. `index` and `src` have as many dimensions; the derivative of `src` is
        defined where it has the shape of `index`.
    Dtypes: `input` and `src` of one dtype; `index` has integers.
    Refuses: RuntimeError for different dtypes, and for an index that is out of bounds.
    """
    whole = np.copy(input, order="C")
    _scatter(whole, dim, index, src)
    return whole


_COMBINED = {"add": np.add, "multiply": np.multiply}


@operator(
    {"input": not_implemented("scatter"), "src": not_implemented("scatter")},
    tensors=("input", "index", "src"),
    numbers=("src",),
    method=False,
    inplace=True,
    node_name="NotImplemented",
    sample=lambda s: (*s.scattering(), s.choice(("add", "multiply"))),
)
def scatter_combined(input: Array, dim: int, index: Array, src: Any, reduce: str) -> Array:
    """A copy of `input` whose elements are added to, or multiplied by, those of `src` where `index` says along `dim`.

    Shapes: the result has the shape of `input`. `index` and `src` have as many dimensions.
    In place: `Tensor.scatter_`.
    As: torch.scatter with `reduce`
    """
    if reduce not in _COMBINED:
        raise RuntimeError(SCATTER_COMBINED)
    whole = np.copy(input, order="C")
    whole, place, part = _places(whole, axis(dim, input.ndim), index, src)
    if index.size:
        _COMBINED[reduce].at(whole, place, part)
    return whole


# -- along a dimension, several elements into one ----------------------------------------------------

_REDUCTIONS = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _neutral(reduce: str, dtype: Any) -> Any:
    """The number with which a reduction begins."""
    if reduce in ("sum", "mean", "prod"):
        return int(reduce == "prod")
    least, most = (-np.inf, np.inf) if dtype.kind in FLOATING else (0, 1) if dtype.kind == "b" else _bounds(dtype)
    return least if reduce == "amax" else most


def _bounds(dtype: Any) -> tuple[int, int]:
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def _counted(input: Array, dim: int, index: Array, src: Array, include_self: bool) -> Array:
    """How many elements go into each of the result; 1 where there is none."""
    start = np.ones_like(input) if include_self else np.zeros_like(input)
    count = scatter_add(start, dim, index, np.ones_like(src))
    return count + keep(np.ones_like(input), count == 0)


@operator(
    {
        "input": lambda g, out, input, dim, index, src, reduce, include_self: _unreduced_input(
            g, out, input, dim, index, src, reduce, include_self
        ),
        "src": lambda g, out, input, dim, index, src, reduce, include_self: _unreduced_src(
            g, out, input, dim, index, src, reduce, include_self
        ),
    },
    tensors=("input", "index", "src"),
    numbers=False,
    inplace=True,
    sample=lambda s: s.scattering_reduced(),
)
def scatter_reduce(input: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool = True) -> Array:
    """A copy of `input` with the sum, product, mean, maximum or minimum of what `src` has for each place.

    `index` says along `dim` for which place an element of `src` is; `reduce` is "sum", "prod", "mean", "amax" or
    "amin". The element of `input` takes part unless `include_self` is False.

    Shapes: the result has the shape of `input`. `index` and `src` have as many dimensions; the derivative is defined
        where `src` has the shape of `index`.
    Dtypes: `input` and `src` of one dtype; `index` has integers.
    Refuses: RuntimeError for different dtypes, and for an index that is out of bounds; NotImplementedError for the
        mean of bools.
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(SCATTER_REDUCED.format(found=reduce))
    d = axis(dim, input.ndim)
    whole, place, part = _places(input.copy(), d, index, src)
    if reduce == "mean" and input.dtype == np.bool_:
        raise NotImplementedError(MEAN_OF_BOOLS)
    if not index.size:
        return whole
    if not include_self:
        whole[place] = _neutral(reduce, input.dtype)
    if _REDUCTIONS[reduce] is np.add:
        add_at(whole, place, part)
    else:
        _REDUCTIONS[reduce].at(whole, place, part)
    if reduce == "mean":
        ones = src if src.dtype.kind != "b" else src.astype(np.int64)
        count = _counted(np.zeros_like(whole, dtype=ones.dtype), dim, index, np.ones_like(ones), include_self)
        whole = whole / count if whole.dtype.kind in FLOATING else whole // count
    return whole


def _unreduced_input(
    g: Array, out: Array, input: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool
) -> Array:
    """The VJP of scatter_reduce for `input` (after torch's scatter_reduce_backward)."""
    if reduce == "mean":
        g = g / _counted(input, dim, index, src, include_self)
    elif reduce == "prod":  # the product of the others, which for an element of 0 is not out / input
        others = masked_fill(input, input == 0, 1)
        g = g * scatter_reduce(others, dim, index, src, reduce, include_self) / others
    elif reduce != "sum":
        g = g / _ties(out, input, dim, index, src) * (input == out)  # nan for an element that is nan, as in torch
    return g if include_self else scatter(g, dim, index, 0)


def _unreduced_src(
    g: Array, out: Array, input: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool
) -> Array:
    """The VJP of scatter_reduce for `src` (after torch's scatter_reduce_backward)."""
    if reduce == "mean":
        g = g / _counted(input, dim, index, src, include_self)
    elif reduce == "prod":
        zero = src == 0
        zeros = gather(scatter_add(np.zeros_like(input), dim, index, keep(np.ones_like(src), zero)), dim, index)
        alone = np.logical_and(zero, zeros == 1)  # the product of the others is not 0 then, though out is
        others = scatter_reduce(input, dim, index, masked_fill(src, alone, 1), reduce, include_self)
        with_zeros = gather(g * out, dim, index) / masked_fill(src, zero, 1)
        return _once(np.where(alone, gather(g * others, dim, index), with_zeros), zeros)
    elif reduce != "sum":
        return gather(g / _ties(out, input, dim, index, src), dim, index) * (src == gather(out, dim, index))
    return gather(g, dim, index)


def _ties(out: Array, input: Array, dim: int, index: Array, src: Array) -> Array:
    """How many elements are equal to the extreme of their place; they share the cotangent."""
    own = keep(np.ones_like(input), input == out)
    return scatter_add(own, dim, index, keep(np.ones_like(src), src == gather(out, dim, index)))


def _refuse_second(g: Array) -> Array:
    raise RuntimeError(REDUCE_OF_ZEROS_TWICE)


@by_value
def _once(g: Array, zeros: Array) -> Array:
    """A cotangent that cannot be differentiated again where several zeros were multiplied, as in torch."""
    return differentiable_once(g) if (zeros > 1).any() else g


@operator({"input": _refuse_second}, method=False, node_name="DelayedErrorBackward0")
def differentiable_once(input: Array) -> Array:
    """The same elements, for which there is no derivative.

    As: torch._C._functions.DelayedError, which torch's own rules use
    """
    return copied(input)


# -- along a dimension, whole slices -----------------------------------------------------------------


@operator(
    {
        "input": lambda g, dim, index: index_fill(g, dim, index, 0),
        "value": lambda g, dim, index: total(
            keep(g, index_fill(np.zeros_like(g, dtype=np.bool_), dim, index, True)), None
        ),
    },
    tensors=("input", "index", "value"),
    numbers=("value",),
    inplace=True,
    sample=lambda s: (s.floats(shape := s.shape(1)), d := s.dim(shape), s.indices(shape[d]), s.value()),
)
def index_fill(input: Array, dim: int, index: Array, value: Any) -> Array:
    """A copy of `input` with one value in the slices at the positions `index` along `dim`.

    Shapes: the result has the shape of `input`; `index` is a vector, `value` a number or 0-d.
    Refuses: IndexError for an index that is not int64, not a vector or out of range.
    """
    d = axis(dim, input.ndim)
    if getattr(value, "ndim", 0):
        raise RuntimeError(INDEX_FILL_BY_SEVERAL.format(ndim=value.ndim))
    if index.dtype != np.int64:
        raise IndexError(INDEX_FILL_DTYPE)
    if index.ndim > 1:
        raise RuntimeError(INDEX_FILL_NDIM)
    _refuse_outside(index, input.shape[d] if input.ndim else 1, d)
    whole = copied(input)
    place = (*(slice(None),) * d, index.reshape((-1,))) if input.ndim else ... if index.size else np.zeros((), bool)
    whole[place] = as_dtype(value.item() if isinstance(value, np.ndarray) else value, input.dtype)
    return whole


@by_value
def _refuse_outside(index: Array, size: int, dim: int) -> None:
    wrong = index[(index < -size) | (index >= size)]
    if wrong.size:
        raise IndexError(INDEX_OUT_OF_BOUNDS.format(index=wrong.flat[0], dim=dim, size=size))


@operator(
    {
        "input": lambda g, dim, index: index_fill(g, dim, index, 0),
        "source": lambda g, dim, index, source_shape: index_select(g, dim, index).reshape(source_shape),
    },
    tensors=("input", "index", "source"),
    numbers=False,
    inplace=True,
    sample=lambda s: (
        s.floats(shape := s.shape(1)),
        d := s.dim(shape) % len(shape),
        index := np.arange(s.size(0, shape[d])),
        s.floats((*shape[:d], len(index), *shape[d + 1 :])),
    ),
)
def index_copy(input: Array, dim: int, index: Array, source: Array) -> Array:
    """A copy of `input` with the slices of `source` at the positions `index` along `dim`.

    Shapes: the result has the shape of `input`. `source` has it too, with the length of the vector `index` along
        `dim`.
    Dtypes: `input` and `source` of one dtype; `index` is int64.
    Refuses: RuntimeError for different dtypes; IndexError for shapes that do not fit and an index that is out of range.
    """
    d = axis(dim, input.ndim)
    _refuse_copied(input, d, index, source)
    _refuse_negative(index, input.shape[d] if input.ndim else 1, d)
    whole = np.copy(input, order="C")
    if input.ndim:
        whole[(*(slice(None),) * d, index.reshape((-1,)))] = source
    elif index.size:
        whole[...] = source.reshape(())
    return whole


def _refuse_copied(input: Array, d: int, index: Array, source: Array) -> None:
    """Refuse what index_copy does not take by its shapes and dtypes, in torch's words."""
    if index.ndim > 1:
        raise IndexError(INDEX_COPY_INDEX_NDIM.format(ndim=index.ndim))
    if not source.ndim and index.size != 1:
        raise IndexError(INDEX_COPY_OF_NUMBER.format(count=index.size))
    if source.ndim != input.ndim and source.ndim and input.ndim:
        raise IndexError(INDEX_COPY_NDIM.format(source=source.ndim, own=input.ndim))
    if index.dtype != np.int64:
        raise RuntimeError(INDEX_COPY_DTYPE.format(word=dtype_word(index)))
    if source.dtype != input.dtype:
        raise RuntimeError(INDEX_COPY_DTYPES.format(own=dtype_word(input), other=dtype_word(source)))
    beside = [shape[:d] + shape[d + 1 :] for shape in (input.shape, source.shape)]
    if source.ndim and input.ndim and beside[0] != beside[1]:
        sizes = (" ".join(map(str, sizes)) for sizes in beside)
        raise RuntimeError(INDEX_COPY_SLICES.format(*sizes, dim=d))
    if source.ndim and index.size != source.shape[d]:
        raise IndexError(INDEX_COPY_COUNT.format(count=index.size, size=source.shape[d]))


@by_value
def _refuse_negative(index: Array, size: int, dim: int) -> None:
    wrong = index[(index < 0) | (index >= size)]
    if wrong.size:
        text = INDEX_OUT_OF_BOUNDS.format(index=wrong.flat[0], dim=dim, size=size)
        raise IndexError(f"index_copy_(): {text}")


# -- where a mask holds ------------------------------------------------------------------------------


@operator(
    {
        "input": lambda g, mask: masked_fill(g, mask, 0),
        "source": lambda g, mask, source_shape: _unscattered(g, mask, source_shape),
    },
    tensors=("input", "mask", "source"),
    numbers=False,
    inplace=True,
    sample=lambda s: s.masked_source(),
)
def masked_scatter(input: Array, mask: Array, source: Array) -> Array:
    """A copy of `input` in which the elements where `mask` holds are those of `source`, one after the other.

    Shapes: `input` and `mask` broadcast together; `source` has at least as many elements as the mask has True.
    Dtypes: `input` and `source` of one dtype; `mask` is bool.
    Refuses: RuntimeError for other dtypes, and for too few elements.
    """
    if mask.dtype != np.bool_:
        raise RuntimeError(MASKED_SCATTER_MASK.format(word=dtype_word(mask)))
    if source.dtype != input.dtype:
        raise RuntimeError(MASKED_SCATTER_DTYPES.format(own=dtype_word(input), other=dtype_word(source)))
    refusal = mismatch(input.shape, mask.shape)
    if refusal is not None:
        raise refusal
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return _scattered(expand(input, shape), expand(mask, shape), source)


@by_value
def _scattered(input: Array, mask: Array, source: Array) -> Array:
    count = np.count_nonzero(mask)
    if count > source.size:
        raise RuntimeError(MASKED_SCATTER_COUNT)
    whole = np.copy(input, order="C")
    whole[mask] = source.reshape(-1)[:count]
    return whole


@by_value
def _unscattered(g: Array, mask: Array, source_shape: tuple[int, ...]) -> Array:
    """The VJP of masked_scatter for `source`: the cotangents of what was taken from it, then zeros."""
    taken = masked_select(g, mask)
    size = int(np.prod(source_shape))
    return unslice(taken, (size,), slice(taken.shape[0])).reshape(source_shape)
