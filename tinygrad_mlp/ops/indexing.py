"""Indexing: the operators behind `x[index]` and `x[index] = value`, and masks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import as_dtype, dtype_word, in_order, mismatch
from .fitting import expand, refuse_expansion, sum_to
from .index_refusals import PUT_DTYPES, PUT_SHAPES, SELECT_BY_OTHER_MASK
from .layout import laid_out, order, steps
from .refusals import FILL_OF_SEVERAL
from .sums import add_at
from .table import Array, operator


def is_basic(index: Any) -> bool:
    """Whether NumPy takes this index as a view: integers, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, (int, slice)) and not isinstance(part, bool))
        for part in parts
    )


@operator({"input": lambda g, index: g[index]}, method=False, sample=lambda s: s.scattered())
def put_at(input: Array, shape: tuple[int, ...], index: Any) -> Array:
    """Zeros of `shape`, with the elements of `input` added at an index: what indexing does, backwards.

    Shapes: the result has the shape `shape`.
    As: torch.Tensor.index_put with accumulate=True on zeros
    """
    whole = np.zeros_like(input, shape=shape)
    if is_basic(index):
        whole[index] = input
    else:
        np.add.at(whole, index, input)
    return whole


@operator(
    {"input": lambda g, input_shape, index: put_at(g, input_shape, index)},
    method=False,
    view=True,
    node_name="IndexBackward0",
    sample=lambda s: s.indexed(),
    saves=True,
)
def getitem(input: Array, index: Any) -> Array:
    """input[index]: a view for integers and slices, a copy for arrays and masks.

    Shapes: as numpy.ndarray.__getitem__.
    As: torch.Tensor.__getitem__
    """
    if not is_basic(index):
        return _taken(input, index if isinstance(index, tuple) else (index,))
    part = input[index]
    if isinstance(part, np.generic):  # for one element NumPy makes a copy, but a 0-d view if `...` is in the index
        part = input[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    return part


def _taken(input: Array, index: tuple[Any, ...]) -> Array:
    """The elements at an index of arrays, in the order in memory in which torch has them."""
    arrays = [i for i in index if hasattr(i, "dtype")]
    in_c_order = input.flags.c_contiguous and all(i.flags.c_contiguous for i in arrays)
    last = index[-1]
    if in_c_order and len(index) > 1 and last is arrays[0] and last.dtype != np.bool_ and _are_whole(index[:-1]):
        return np.take(input, last, len(index) - 1)  # in C order at once
    part = input[index]
    if isinstance(part, np.generic):
        return np.asarray(part)
    if in_c_order:
        return in_order(part)
    return laid_out(part, order(part.shape, steps(input, index, part.ndim)))


def _are_whole(parts: tuple[Any, ...]) -> bool:
    return all(type(i) is slice and i == slice(None) for i in parts)


@operator(
    {"input": lambda g, input_shape, mask: _unselected(g, input_shape, mask)},
    tensors=("input", "mask"),
    numbers=False,
    sample=lambda s: s.broadcast(s.floats, s.mask),
)
def masked_select(input: Array, mask: Array) -> Array:
    """The elements for which a mask of bools holds, in one row.

    Shapes: any that broadcast together; the result is a vector.
    Dtypes: any for `input`; `mask` is bool.
    Refuses: RuntimeError for a mask that is not bool, and for shapes that do not broadcast together.
    """
    if mask.dtype != np.bool_:
        raise RuntimeError(SELECT_BY_OTHER_MASK)
    refusal = mismatch(mask.shape, input.shape)
    if refusal is not None:
        raise refusal
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return expand(input, shape).reshape((-1,))[expand(mask, shape).reshape((-1,))]


def _unselected(g: Array, input_shape: tuple[int, ...], mask: Array) -> Array:
    """The VJP of masked_select: `g` at the places that the mask holds, zeros elsewhere, summed to the input's shape."""
    shape = np.broadcast_shapes(input_shape, mask.shape)
    row = put_at(g, (math.prod(shape),), expand(mask, shape).reshape((-1,)))
    return sum_to(row.reshape(shape), input_shape)


def _put(input: Array, index: Any, value: Any) -> None:
    if getattr(value, "dtype", input.dtype) != input.dtype and not is_basic(index):
        if not _fills(index, value):
            input[index]  # an index that does not fit is refused first
            own, other = (dtype_word(x) for x in (input, value))
            raise RuntimeError(PUT_DTYPES.format(own=own, other=other))
        if isinstance(value, np.ndarray):
            value = as_dtype(value.item(), input.dtype)  # refused where the dtype cannot hold it
    try:
        input[index] = value if hasattr(value, "dtype") else as_dtype(value, input.dtype)
    except (ValueError, TypeError):  # of masks NumPy says it by a TypeError
        shape = input[index].shape
        if is_basic(index):
            refuse_expansion(value, shape)
        raise RuntimeError(PUT_SHAPES.format(value=list(np.shape(value)), shape=list(shape))) from None


def _fills(index: Any, value: Any) -> bool:
    """Whether an index is one mask, beside slices, and the value one number: then torch fills, and casts."""
    arrays = [i for i in (index if isinstance(index, tuple) else (index,)) if hasattr(i, "dtype")]
    return len(arrays) == 1 and arrays[0].dtype == np.bool_ and value.size == 1


@operator(
    {
        "input": lambda g, index: put(g, index, 0),
        "value": lambda g, index, value_shape: sum_to(g[index], value_shape),
    },
    tensors=("input", "value"),
    method=False,
    inplace=True,
    write=_put,
    node_name="IndexPutBackward0",
    sample=lambda s: s.putting(),
    saves=True,
    overlap="allowed",
)
def put(input: Array, index: Any, value: Any) -> Array:
    """A copy of `input` with `value` at an index.

    Shapes: the result has the shape of `input`. `value` broadcasts to input[index].
    Refuses: RuntimeError for a value that does not broadcast, or has another dtype where the index is an array.
    As: torch.Tensor.__setitem__ on a copy
    In place: `Tensor.__setitem__`.
    """
    whole = np.copy(input)
    _put(whole, index, value)
    return whole


@operator(
    {"input": lambda g: g, "value": lambda g, index, value_shape: sum_to(g[index], value_shape)},
    tensors=("input", "value"),
    method=False,
    inplace=True,
    numbers=False,
    node_name="IndexPutBackward0",
    sample=lambda s: s.putting_again(),
    saves=True,
    overlap="allowed",
)
def put_added(input: Array, index: Any, value: Any) -> Array:
    """A copy of `input` to which `value` is added at an index, as often as an element is named.

    Shapes: the result has the shape of `input`. `value` broadcasts to input[index].
    Refuses: RuntimeError for a value that does not broadcast, or has another dtype.
    As: torch.index_put with accumulate=True
    In place: `Tensor.index_put_`.
    """
    shape = input[index].shape
    if value.dtype != input.dtype:
        raise RuntimeError(PUT_DTYPES.format(own=dtype_word(input), other=dtype_word(value)))
    whole = np.copy(input)
    try:
        add_at(whole, index, value)
    except ValueError:
        raise RuntimeError(PUT_SHAPES.format(value=list(value.shape), shape=list(shape))) from None
    return whole


def _assign(input: Array, src: Any) -> None:
    input[...] = src if hasattr(src, "dtype") else as_dtype(src, input.dtype)


@operator(
    {"input": lambda g: np.zeros_like(g), "src": lambda g: g},
    tensors=("input", "src"),
    method=False,
    inplace=True,
    write=_assign,
    node_name="CopyBackwards",
    sample=lambda s: (s.floats(shape := s.shape()), s.floats(s.broadcast_into(shape))),
)
def assign(input: Array, src: Any) -> Array:
    """`src`, broadcast to the shape of `input` and cast to its dtype.

    Shapes: the result has the shape of `input`. `src` broadcasts to it.
    As: torch.Tensor.copy_ on a copy
    In place: `Tensor.copy_`.
    """
    whole = np.empty_like(input)
    whole[...] = src
    return whole


@operator(
    {"input": lambda g: np.zeros_like(g), "value": lambda g: np.add.reduce(g, axis=None)},
    tensors=("input", "value"),
    method=False,
    inplace=True,
    write=_assign,
    node_name="FillBackward2",
    sample=lambda s: (s.floats(s.shape()), s.value()),
    overlap="number",
    function=True,
)
def fill(input: Array, value: Any) -> Array:
    """One value in every element, in the shape and dtype of `input`.

    Shapes: the result has the shape of `input`. `value` is a number or 0-d.
    Refuses: RuntimeError for another value.
    """
    if getattr(value, "ndim", 0):
        raise RuntimeError(FILL_OF_SEVERAL.format(ndim=value.ndim))
    return np.full_like(input, as_dtype(value, input.dtype))


@operator(
    {"input": lambda g: np.zeros_like(g)},
    method=False,
    inplace=True,
    write=lambda input: input.fill(0),
    overlap="allowed",
)
def zero(input: Array) -> Array:
    """0 in every element.

    As: torch.zeros_like
    """
    return np.zeros_like(input)
