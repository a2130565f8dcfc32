"""Writing and taking elements by tensors of indices: functions that choose among rows, with torch's checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...messages import warn, warn_once
from ...ops.dims import axis, dtype_word
from ..functions import FUNCTIONS, INPLACE
from ..keywords import numpy_names
from ..kinds import ABSENT, KINDS, checked, no_such_call, wrong_type
from ..later import as_methods
from ..out import with_out
from ..refusals import (
    ELEMENT_OF_ARGUMENT,
    FILL_BY_BYTES,
    INDEX_BYTES,
    INDEX_DTYPE,
    INDEX_OF_NOTHING,
    INDEX_SHAPES,
    MASK_SHAPE,
    NOT_IMPLEMENTED,
    SCATTER_REDUCE,
    TOO_MANY_INDICES,
)
from ..shape_refusals import (
    NARROW_START_TENSOR,
    REPEATS_COUNT,
    REPEATS_NDIM,
    REPEATS_NEGATIVE,
    REPEATS_NUMBER_NEGATIVE,
    REPEATS_NUMBER_OUTPUT,
    REPEATS_OUTPUT,
    REPEATS_SIZE,
    TAKEN_DTYPE,
    TAKEN_NDIM,
)
from ..tensor import Tensor, wrap
from .elements import nonzero
from .joining import broadcast_shapes

__all__ = [
    "argwhere", "index_put", "index_put_", "narrow", "repeat_interleave", "scatter", "take_along_dim",
]  # fmt: skip

_f = FUNCTIONS

# -- writing ---------------------------------------------------------------------------------------


def _indices(function: str, input: Tensor, indices: Any, position: int) -> tuple[Any, ...]:
    """Some tensors of indices or masks as the index of a row."""
    if not isinstance(indices, (tuple, list)):
        raise wrong_type(function, "indices", position, "tuple of Tensors", indices)
    arrays = []
    for i, index in enumerate(indices):
        if not isinstance(index, Tensor):
            raise TypeError(ELEMENT_OF_ARGUMENT.format(i=i, position=position - 1, found=type(index).__name__))
        array = index.array
        if array.dtype == np.uint8:
            warn(INDEX_BYTES)
            array = array.astype(np.bool_)
        if array.dtype not in (np.int64, np.int32, np.bool_):
            raise IndexError(INDEX_DTYPE)
        arrays.append(array)
    taken = sum(i.ndim if i.dtype == np.bool_ else 1 for i in arrays)
    if taken > input.array.ndim:
        raise IndexError(TOO_MANY_INDICES.format(ndim=input.array.ndim) + f" (got {taken})")
    return tuple(arrays)


def refuse_bytes(index: Any, value: Any) -> None:
    """RuntimeError for one mask of uint8, by which one value is written: torch fills by masks of bools alone."""
    parts = [x for x in (index if isinstance(index, tuple) else (index,)) if isinstance(x, (Tensor, np.ndarray, list))]
    if len(parts) != 1 or isinstance(parts[0], list) or (isinstance(value, Tensor) and value.array.size != 1):
        return
    mask = parts[0].array if isinstance(parts[0], Tensor) else parts[0]
    if mask.dtype == np.uint8 and mask.ndim:
        raise RuntimeError(FILL_BY_BYTES)


def _put(table: Any, names: tuple[str, str], self: Tensor, indices: Any, values: Tensor, accumulate: bool) -> Tensor:
    index = _indices("index_put", self, indices, 2)
    if not accumulate:
        refuse_bytes(tuple(indices), values)
    try:
        result: Tensor = table[names[accumulate]](self, index, values)
    except IndexError as error:
        raise index_error(self, list(index), error) from None
    return result


@checked
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of the input with `values` at some indices, or added there (torch.index_put).

    `indices` are tensors of integers or masks, as they would be written in brackets.
    """
    return _put(_f, ("put", "put_added"), input, indices, values, accumulate)


@checked
def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write `values` at some indices, or add them there (torch.Tensor.index_put_)."""
    return _put(INPLACE, ("put_", "put_added_"), input, indices, values, accumulate)


def _scatter(table: Any, end: str, input: Tensor, dim: Any, index: Any, given: tuple[Any, ...], named: Any) -> Tensor:
    given += tuple(named.pop(name) for name in ("src", "value") if name in named)
    reduce = named.pop("reduce", None)
    if len(given) != 1 or named or not isinstance(given[0], (Tensor, int, float, np.generic)):
        raise no_such_call(f"scatter{end}", input, dim, index, *given, **named)
    src = given[0] if isinstance(given[0], Tensor) else KINDS["Number"].read(given[0])
    if reduce is None:
        result: Tensor = table[f"scatter{end}"](input, dim, index, src)
    else:
        if isinstance(src, Tensor):
            warn_once(SCATTER_REDUCE)
        result = table[f"scatter_combined{end}"](input, dim, index, src, reduce)
    return result


@with_out
def scatter(input: Tensor, dim: Any, index: Any, *src: Any, **named: Any) -> Tensor:
    """A copy of the input with the elements of `src`, or a `value`, where `index` says (torch.scatter).

    With `reduce`, "add" or "multiply", they are added or multiplied, and there is no derivative.
    """
    return _scatter(_f, "", input, dim, index, src, named)


def scatter_(self: Tensor, dim: Any, index: Any, *src: Any, **named: Any) -> Tensor:
    """Write the elements of `src`, or a `value`, where `index` says (torch.Tensor.scatter_)."""
    return _scatter(INPLACE, "_", self, dim, index, src, named)


def index_error(part: Tensor, arrays: list[Any], error: IndexError) -> IndexError:
    """Torch's words for what NumPy refuses in an index of arrays."""
    shape = list(part.shape)
    dim = 0
    for i in arrays:
        if isinstance(i, slice):
            dim += 1
        elif i.dtype == np.bool_:
            wrong = next((d for d, n in enumerate(i.shape) if n != shape[dim + d]), None)
            if wrong is not None:
                return IndexError(MASK_SHAPE.format(mask=list(i.shape), place=wrong, shape=shape, dim=dim + wrong))
            dim += i.ndim
        else:
            dim += 1
    text = str(error)
    if text.startswith("shape mismatch: indexing arrays"):
        shapes = (i.nonzero() if i.dtype == np.bool_ else (i,) for i in arrays if not isinstance(i, slice))
        return IndexError(INDEX_SHAPES.format(shapes=", ".join(str(list(x.shape)) for xs in shapes for x in xs)))
    if text.endswith(("with size 0", "from an empty axes.")):
        return IndexError(INDEX_OF_NOTHING)
    return IndexError(text.replace(" for axis ", " for dimension "))


# -- taking ----------------------------------------------------------------------------------------


@with_out
@checked
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """The elements at `indices` along a dimension, the others broadcast; of all in one row without one.

    Source: torch.take_along_dim.
    """
    if indices.array.dtype != np.int64:
        raise RuntimeError(TAKEN_DTYPE.format(word=dtype_word(indices.array)))
    if dim is None:
        return _f["gather"](_f["reshape"](input, (-1,)), 0, _f["reshape"](indices, (-1,)))
    shape, own = input.array.shape, indices.array.shape
    if len(shape) != len(own):
        raise RuntimeError(TAKEN_NDIM.format(own=len(shape), other=len(own)))
    d = axis(dim, len(shape))
    if shape and shape[d]:
        indices = _f["remainder"](indices, shape[d])  # as torch does here, and not in `gather`
    beside = broadcast_shapes(*((*x[:d], 1, *x[d + 1 :]) for x in (shape, own))) if shape else ()
    sizes = [(*beside[:d], x[d], *beside[d + 1 :]) if x else () for x in (shape, own)]
    expanded = (x if x.array.shape == size else _f["expand"](x, size) for x, size in zip((input, indices), sizes))  # noqa: B905
    return _f["gather"](next(expanded), d, next(expanded))


@numpy_names
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """A view of `length` elements along a dimension, from `start` on, which may be a 0-d tensor (torch.narrow)."""
    if isinstance(start, Tensor):
        if start.array.ndim or start.array.dtype.kind not in "iu":
            raise RuntimeError(NARROW_START_TENSOR)
        start = int(start)
    return _f["narrow"](input, dim, start, length)


@checked
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, a row each (torch.argwhere)."""
    found: Tensor = nonzero(input)
    return found


@numpy_names
@checked
def repeat_interleave(
    input: Tensor, repeats: Any = ABSENT, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Every element or slice repeated, a number of times or as often as a tensor says for each.

    Without `dim` of all elements in one row. Of a tensor of counts alone it gives the index of each repetition.
    Source: torch.repeat_interleave.
    """
    if repeats is ABSENT:
        return _repetitions(input, output_size)
    if not isinstance(repeats, (int, np.integer, Tensor)) or isinstance(repeats, bool):
        raise no_such_call("repeat_interleave", input, repeats)
    if dim is None:
        input, dim = _f["reshape"](input, (-1,)), 0
    d = axis(dim, input.array.ndim)
    size = input.array.shape[d] if input.array.ndim else 1
    if not isinstance(repeats, Tensor):
        return _repeated(input, int(repeats), d, output_size)
    counts = repeats
    if counts.array.ndim == 0 or (counts.array.ndim == 1 and counts.array.size == 1):
        counts = wrap(np.full(size, counts.array.reshape(())))
    elif counts.array.ndim == 1 and counts.array.size != size:
        raise RuntimeError(REPEATS_SIZE.format(count=counts.array.size, dim=dim, size=size))
    elif counts.array.ndim > 1:
        raise RuntimeError(REPEATS_NDIM)
    return _f["index_select"](input, d, _repetitions(counts, output_size))


def _repetitions(counts: Tensor, output_size: int | None) -> Tensor:
    """0 as often as the first count says, 1 as the second, and so on."""
    array = counts.array
    if array.ndim != 1:
        raise RuntimeError(REPEATS_COUNT)
    if array.dtype not in (np.int64, np.int32):
        raise NotImplementedError(
            NOT_IMPLEMENTED.format(function="repeat_interleave", dtype=counts.dtype.tensor_type[:-6])
        )
    if (array < 0).any():
        raise RuntimeError(REPEATS_NEGATIVE)
    if output_size is not None and output_size != array.sum():
        raise RuntimeError(REPEATS_OUTPUT)
    return wrap(np.repeat(np.arange(array.size, dtype=array.dtype), array))


def _repeated(input: Tensor, times: int, d: int, output_size: int | None) -> Tensor:
    """Every slice a number of times: a new dimension behind it, expanded, copied and merged into it."""
    if times < 0:
        raise RuntimeError(REPEATS_NUMBER_NEGATIVE)
    shape = input.array.shape or (1,)
    if output_size is not None and output_size != times * shape[d]:
        raise RuntimeError(REPEATS_NUMBER_OUTPUT.format(size=times * shape[d], found=output_size))
    wide = _f["expand"](_f["unsqueeze"](_f["reshape"](input, shape), d + 1), (*shape[: d + 1], times, *shape[d + 1 :]))
    return _f["reshape"](_f["contiguous_clone"](wide), (*shape[:d], times * shape[d], *shape[d + 1 :]))


METHODS = as_methods(index_put, index_put_, scatter, scatter_, take_along_dim, narrow, argwhere, repeat_interleave)
