"""Several views of a tensor at once: unbind, split, chunk and the like, with torch's checks of their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.inplace.views import note_several, refresh
from ...ops import TABLE
from ...ops.dims import axis, dtype_word
from ..functions import FUNCTIONS
from ..keywords import numpy_names
from ..kinds import ABSENT, KINDS, checked, no_such_call, wrong_type
from ..later import as_methods
from ..overriding import asking
from ..shape_refusals import (
    CHUNK_0D,
    CHUNKS,
    EQUAL_SPLIT_NDIM,
    EQUAL_SPLIT_SIZE,
    SECTIONS,
    SECTIONS_DTYPE,
    SECTIONS_NDIM,
    SIZES_NEGATIVE,
    SIZES_SUM,
    SPLIT_0D,
    SPLIT_SIZE_NEGATIVE,
    SPLIT_SIZE_ZERO,
    TENSOR_SPLIT_0D,
    UNBIND_0D,
)
from ..tensor import Tensor, wrap

__all__ = ["chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit"]

_f = FUNCTIONS


@numpy_names
@checked
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dimension, as views (torch.unbind)."""
    if input.viewed is not None:
        refresh(input)  # if this view cannot follow a write to its base, torch refuses that first
    if not input.array.ndim:
        raise IndexError(UNBIND_0D.format(dim=axis(dim, 0)))
    arguments = [(dim, i) for i in range(input.size(dim))]
    # NumPy goes along the first dimension by itself; of a vector's elements it would make numbers, and no views.
    rows = list(input.array) if dim == 0 and type(input.array) is np.ndarray and input.array.ndim > 1 else None
    return _several("UnbindBackward0", "select", input, arguments, rows)


def _several(
    node: str, row_name: str, input: Tensor, arguments: list[tuple[Any, ...]], arrays: list[Any] | None = None
) -> tuple[Tensor, ...]:
    """The views that one operator with several outputs gives: a row is called with each of `arguments`.

    `arrays` has what the row's forward gives for them, where it is known already.
    """
    row = TABLE[row_name]
    if input.viewed is not None:
        refresh(input)
    views = tuple(map(wrap, arrays or [row.forward(input.array, *rest) for rest in arguments]))
    note_several(views, input, [(row, rest) for rest in arguments], node)
    return views


@checked
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of a given size, or of given sizes, along a dimension (torch.split)."""
    if isinstance(split_size_or_sections, Tensor) and not split_size_or_sections.array.ndim:
        split_size_or_sections = int(split_size_or_sections)
    elif not isinstance(split_size_or_sections, (tuple, list)):
        try:
            split_size_or_sections = KINDS["int"].read(split_size_or_sections)
        except TypeError:
            return split_with_sizes(tensor, split_size_or_sections, dim)  # which refuses it, as in torch
    if tensor.viewed is not None:
        refresh(tensor)  # if this view cannot follow a write to its base, torch refuses that first
    if not tensor.array.ndim:
        raise RuntimeError(SPLIT_0D)
    length = tensor.size(dim)
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0:
            raise RuntimeError(SPLIT_SIZE_NEGATIVE.format(size=step))
        if step == 0 and length:
            raise RuntimeError(SPLIT_SIZE_ZERO.format(length=length))
        sections = [min(step, length - start) for start in range(0, length, step or 1)] or [0]
        return _split("SplitBackward0", tensor, sections, dim)
    return split_with_sizes(tensor, split_size_or_sections, dim)


@numpy_names
@checked
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of given sizes along a dimension (torch.split_with_sizes)."""
    if not input.array.ndim:
        raise RuntimeError(SPLIT_0D)
    length, sections = input.size(dim), list(split_sizes)
    if min(sections, default=0) < 0:
        raise RuntimeError(SIZES_NEGATIVE.format(sizes=sections))
    if sum(sections) != length:
        raise RuntimeError(SIZES_SUM.format(length=length, dim=dim, sizes=sections))
    return _split("SplitWithSizesBackward0", input, sections, dim)


def _split(node: str, tensor: Tensor, sections: list[int], dim: int) -> tuple[Tensor, ...]:
    starts = np.cumsum([0, *sections]).tolist()
    return _several(node, "narrow", tensor, [(dim, start, size) for start, size in zip(starts, sections, strict=False)])


@numpy_names
@checked
def tensor_split(input: Tensor, indices_or_sections: Any = ABSENT, dim: int = 0, **named: Any) -> tuple[Tensor, ...]:
    """Views of nearly equal sizes, or between given indices, along a dimension (torch.tensor_split).

    As keywords, `sections`, `indices` and `tensor_indices_or_sections` say which of them is meant.
    """
    given = [indices_or_sections] if indices_or_sections is not ABSENT else []
    given += [named.pop(name) for name in ("sections", "indices", "tensor_indices_or_sections") if name in named]
    if len(given) != 1 or named:
        raise no_such_call("tensor_split", input, *given, **named)
    indices_or_sections = _numbers_of(given[0])
    if not input.array.ndim:
        raise RuntimeError(TENSOR_SPLIT_0D)
    length = input.size(dim)
    if isinstance(indices_or_sections, int) and not isinstance(indices_or_sections, bool):
        if indices_or_sections <= 0:
            raise RuntimeError(SECTIONS.format(count=indices_or_sections))
        least, more = divmod(length, indices_or_sections)
        ends = np.cumsum([least + (i < more) for i in range(indices_or_sections)])[:-1].tolist()
    else:
        try:
            ends = list(KINDS["Sequence[int]"].read(indices_or_sections))
        except TypeError:
            raise no_such_call("tensor_split", input, *given) from None
    return tuple(
        _f["slice_along"](input, dim, slice(start, end)) for start, end in zip([0, *ends], [*ends, length], strict=True)
    )


def _numbers_of(sections: Any) -> Any:
    """What a tensor of sections or indices says, which has to be int64 and at most 1-d; anything else as it is."""
    if not isinstance(sections, Tensor):
        return sections
    if sections.array.dtype != np.int64:
        raise RuntimeError(SECTIONS_DTYPE.format(word=dtype_word(sections.array)))
    if sections.array.ndim > 1:
        raise RuntimeError(SECTIONS_NDIM.format(ndim=sections.array.ndim))
    return sections.array.tolist()


@numpy_names
@checked
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size (the last may be smaller) along a dimension (torch.chunk)."""
    if not input.array.ndim:
        raise RuntimeError(CHUNK_0D)
    if chunks <= 0:
        raise RuntimeError(CHUNKS.format(chunks=chunks))
    if not input.size(dim):
        return split(input, [0] * chunks, dim)
    return split(input, max(-(-input.size(dim) // chunks), 1), dim)


def _equal_split(name: str, least: int) -> Any:
    """A split along one dimension into equal parts, or between indices; vectors are split along their first."""

    def split(input: Tensor, *sections: Any, **named: Any) -> tuple[Tensor, ...]:
        if not isinstance(input, Tensor):
            raise wrong_type(name, "input", 1, "Tensor", input)
        ndim = input.array.ndim
        if ndim < least:
            raise RuntimeError(EQUAL_SPLIT_NDIM.format(name=name, least=least, ndim=ndim))
        dim = {"hsplit": min(ndim - 1, 1), "vsplit": 0, "dsplit": 2}[name]
        given = (*sections, *(named.pop(each) for each in ("sections", "indices") if each in named))
        if not given or named:
            raise no_such_call(name, input, *given, **named)
        count = given if len(given) > 1 else given[0]
        size = input.array.shape[dim]
        if isinstance(count, int) and (count == 0 or size % count):
            raise RuntimeError(EQUAL_SPLIT_SIZE.format(name=name, dim=dim, size=size, count=count))
        if not isinstance(count, (int, tuple, list)) or isinstance(count, bool):
            raise no_such_call(name, input, count)
        return tensor_split(input, count, dim)

    split.__name__ = split.__qualname__ = name
    split.__doc__ = (
        f"Views of equal sizes, or between given indices, along the {_WHICH[name]} dimension (torch.{name})."
    )
    return asking(split)


_WHICH = {"hsplit": "second (of a vector the only)", "vsplit": "first", "dsplit": "third"}
hsplit, vsplit, dsplit = _equal_split("hsplit", 1), _equal_split("vsplit", 2), _equal_split("dsplit", 3)


def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    return split(self, split_size, dim)


METHODS = as_methods(unbind, split_with_sizes, tensor_split, chunk, hsplit, vsplit, dsplit)
METHODS["split"] = _split_method  # its argument is called split_size, that of the function split_size_or_sections
