"""Functions that join, repeat and broadcast tensors: hstack and the like, tile, broadcast_to and the like."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays.dtypes import get_default_dtype
from ...messages import warn_once
from ...ops.dims import mismatch
from ..functions import FUNCTIONS
from ..kinds import checked, wrong_type
from ..later import as_methods
from ..out import with_cast_out
from ..overriding import asking
from ..refusals import ELEMENT_TYPE
from ..shape_refusals import (
    BROADCAST_SHAPES,
    COMBINATIONS_COUNT,
    GRID_DTYPES,
    GRID_INDEXING,
    GRID_NDIM,
    GRID_WITHOUT_INDEXING,
    NO_TENSORS,
    NO_VECTOR,
    SHAPES_TYPE,
)
from ..tensor import Size, Tensor, wrap
from .shapes import sizes

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "broadcast_to",
    "cartesian_prod", "column_stack", "combinations", "dstack", "hstack", "meshgrid", "row_stack", "tile", "vstack",
]  # fmt: skip

_f = FUNCTIONS

# -- stacks ----------------------------------------------------------------------------------------


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    """Call a function on one tensor, or on each of several or of a list of them, as torch.atleast_*d do."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    several = tensors[0] if len(tensors) == 1 else tensors
    for i, x in enumerate(several if isinstance(several, (list, tuple)) else tensors):
        if not isinstance(x, Tensor):
            raise TypeError(ELEMENT_TYPE.format(i=i, found=type(x).__name__))
    return tuple(function(x) for x in several)


def _row(x: Tensor) -> Tensor:
    return _f["reshape"](x, (1,)) if not x.array.ndim else x


def _matrix(x: Tensor) -> Tensor:
    return _f["unsqueeze"](_row(x), 0) if x.array.ndim < 2 else x


def _block(x: Tensor) -> Tensor:
    return _f["unsqueeze"](_matrix(x), -1) if x.array.ndim < 3 else x


@asking
def atleast_1d(*tensors: Any) -> Any:
    """0-d tensors with a dimension of size 1, others as they are (torch.atleast_1d)."""
    return _each(_row, tensors)


@asking
def atleast_2d(*tensors: Any) -> Any:
    """Tensors of fewer dimensions as matrices of one row (torch.atleast_2d)."""
    return _each(_matrix, tensors)


@asking
def atleast_3d(*tensors: Any) -> Any:
    """Tensors of fewer dimensions in three: (n,) becomes (1, n, 1), (n, m) becomes (n, m, 1) (torch.atleast_3d)."""
    return _each(_block, tensors)


def _listed(name: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, (list, tuple)):
        raise wrong_type(name, "tensors", 1, "tuple of Tensors", tensors)
    if not tensors:
        raise RuntimeError(NO_TENSORS.format(function=name))
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(ELEMENT_TYPE.format(i=i, found=type(x).__name__))
    return list(tensors)


@with_cast_out
def hstack(tensors: Any) -> Tensor:
    """Tensors joined along their second dimension, vectors along their first (torch.hstack).

    A 0-d tensor counts as a vector of one element. RuntimeError for an empty list and for sizes that do not fit.
    """
    rows = [_row(x) for x in _listed("hstack", tensors)]
    return _f["cat"](rows, 0 if rows[0].array.ndim == 1 else 1)


@with_cast_out
def vstack(tensors: Any) -> Tensor:
    """Tensors joined along their first dimension, vectors as rows (torch.vstack); errors as `hstack`."""
    return _f["cat"]([_matrix(x) for x in _listed("vstack", tensors)], 0)


@with_cast_out
def dstack(tensors: Any) -> Tensor:
    """Tensors joined along their third dimension, as `atleast_3d` gives them (torch.dstack); errors as `hstack`."""
    return _f["cat"]([_block(x) for x in _listed("dstack", tensors)], 2)


@with_cast_out
def column_stack(tensors: Any) -> Tensor:
    """Tensors joined along their second dimension, vectors as columns (torch.column_stack); errors as `hstack`."""
    listed = _listed("column_stack", tensors)
    return hstack([_f["reshape"](x, (x.numel(), 1)) if x.array.ndim < 2 else x for x in listed])


row_stack = vstack


@asking
def block_diag(*tensors: Any) -> Tensor:
    """The matrix that has some matrices on its diagonal, and zeros beside them (torch.block_diag).

    Vectors count as matrices of one row, numbers as those of one element; RuntimeError for more than two dimensions.
    """
    if not tensors:
        return wrap(np.empty((1, 0), get_default_dtype().numpy))
    return _f["block_diag"](_listed("block_diag", tensors))


# -- grids -----------------------------------------------------------------------------------------


@asking
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Vectors expanded to all of their combinations, each along its own dimension (torch.meshgrid).

    With `indexing="xy"` the first two dimensions are swapped. RuntimeError for matrices and for several dtypes.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    listed = _listed("meshgrid", tensors)
    for x in listed:
        if x.array.dtype != listed[0].array.dtype:
            raise RuntimeError(GRID_DTYPES)
    for x in listed:
        if x.array.ndim > 1:
            raise RuntimeError(GRID_NDIM.format(found=x))
    if indexing is None:
        warn_once(GRID_WITHOUT_INDEXING)
    elif indexing not in ("xy", "ij"):
        raise RuntimeError(GRID_INDEXING.format(found=indexing))
    if indexing == "xy" and len(listed) > 1:
        first, second, *others = meshgrid(listed[1], listed[0], *listed[2:], indexing="ij")
        return second, first, *others
    shape = tuple(x.array.size for x in listed)
    ones = (1,) * len(shape)
    return tuple(
        _f["expand"](_f["reshape"](x, (*ones[:d], -1 if n else 0, *ones[d + 1 :])), shape)
        for d, (x, n) in enumerate(zip(listed, shape, strict=True))
    )


def _refuse_matrix(x: Tensor) -> None:
    if x.array.ndim != 1:
        raise RuntimeError(NO_VECTOR.format(shape=list(x.array.shape)))


@asking
def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element from each of several vectors, a row each (torch.cartesian_prod)."""
    for x in (listed := _listed("meshgrid", tensors)):
        _refuse_matrix(x)
    if len(listed) == 1:
        return listed[0]
    return _f["stack"]([_f["flatten"](x) for x in meshgrid(*listed, indexing="ij")], 1)


@checked
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of `r` elements of a vector, in their order, a row each (torch.combinations)."""
    _refuse_matrix(input)
    if r < 0:
        raise RuntimeError(COMBINATIONS_COUNT.format(r=r))
    if not r:
        return wrap(np.empty(0, input.array.dtype))
    rows = np.indices((input.array.size,) * r)
    kept = np.ones(rows.shape[1:], bool)
    for first, second in itertools.pairwise(rows):
        kept &= first <= second if with_replacement else first < second
    grids = meshgrid(*[input] * r, indexing="ij")
    return _f["stack"]([_f["masked_select"](x, wrap(kept)) for x in grids], 1)


# -- broadcasting and repeating --------------------------------------------------------------------


@checked
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """A view of the input, expanded to a size; RuntimeError where it does not fit (torch.broadcast_to)."""
    return _f["expand"](input, size)


@asking
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of tensors, all expanded to their common shape; RuntimeError where there is none.

    Source: torch.broadcast_tensors.
    """
    listed = _listed("broadcast_tensors", tensors) if tensors else []
    shape: tuple[int, ...] = ()
    for x in listed:
        refusal = mismatch(shape, x.array.shape)
        if refusal is not None:
            raise refusal
        shape = np.broadcast_shapes(shape, x.array.shape)
    return tuple(x if x.array.shape == shape else _f["expand"](x, shape) for x in listed)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have when they are broadcast together (torch.broadcast_shapes).

    RuntimeError where there is none.
    """
    common = [1] * max((len(shape) for shape in shapes if isinstance(shape, (tuple, list))), default=0)
    for i, shape in enumerate(shapes):
        if not isinstance(shape, (int, tuple, list)):
            raise RuntimeError(SHAPES_TYPE.format(found=shape))
        sizes_of = (shape,) if isinstance(shape, int) else tuple(shape)
        common = [1] * (len(sizes_of) - len(common)) + common
        for back in range(-1, -1 - len(sizes_of), -1):
            n = sizes_of[back]
            if n < 0 or (n != 1 and common[back] not in (1, n)):
                shown = shape if isinstance(shape, Size) else sizes_of
                raise RuntimeError(BROADCAST_SHAPES.format(size=n, dim=back, i=i, shape=shown, common=common))
            if n != 1:
                common[back] = n
    return Size(common)


@checked
def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Repeat the input along its last dimensions, as many times as `dims` says for each of them (torch.tile)."""
    return _f["repeat"](input, (1,) * (input.array.ndim - len(dims)) + tuple(dims))


def _tile(self: Tensor, *dims: Any, **named: Any) -> Tensor:
    return tile(self, *((sizes("tile", "dims", dims),) if dims else ()), **named)


def _broadcast_to(self: Tensor, *size: Any, **named: Any) -> Tensor:
    return broadcast_to(self, *((sizes("broadcast_to", "size", size),) if size else ()), **named)


for _name, _method in {"tile": _tile, "broadcast_to": _broadcast_to}.items():
    _method.__name__ = _method.__qualname__ = (
        _name  # unlike the functions, the methods take a size as separate integers, too
    )

METHODS = as_methods(_tile, _broadcast_to)
