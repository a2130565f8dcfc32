"""Views of tensors that need no row of their own, with torch's checks of their arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...arrays import dtype as _dtype
from ...arrays import dtypes
from ...autograd.inplace.views import geometry
from ...ops import Dims
from ...ops.dims import axis
from ...ops.refusals import TOO_MANY_ARGUMENTS
from ..dispatch import shares_memory
from ..functions import FUNCTIONS, INPLACE
from ..kinds import ABSENT, KINDS, checked, no_such_call, read, wrong_type
from ..later import as_methods
from ..out import with_out
from ..shape_refusals import (
    DIAG_DIMENSIONS,
    FLIP_NDIM,
    MOVEDIM_LENGTHS,
    MOVEDIM_TWICE,
    NOT_SUMMABLE,
    OFFSET_NEGATIVE,
    STORAGE_BOUNDS,
    STORAGE_SIZES,
    STRIDES_LENGTH,
    STRIDES_NEGATIVE,
    UNFLATTEN_0D,
    UNFLATTEN_EMPTY,
    UNFLATTEN_INFERRED,
    UNFLATTEN_SIZES,
    VIEW_CALL,
    VIEW_DTYPE_0D,
    VIEW_DTYPE_RATIO,
    VIEW_DTYPE_STRIDE,
    VIEW_STRIDES,
)
from ..tensor import Tensor
from .refusals import DIAGONAL_OF_VECTOR, DIAGONAL_SIZES
from .transposed import adjoint_of

__all__ = [
    "adjoint", "as_strided", "detach", "diag", "diagflat", "flatten", "fliplr", "flipud",
    "moveaxis", "movedim", "ravel", "squeeze", "swapaxes", "swapdims", "unflatten",
]  # fmt: skip

_f = FUNCTIONS


def sizes(function: str, name: str, args: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape, given as separate integers or as one sequence; TypeError for others."""
    if len(args) == 1:
        given = (args[0],) if isinstance(args[0], int) and not isinstance(args[0], bool) else args[0]
    elif isinstance(args[0], (tuple, list)):
        raise TypeError(TOO_MANY_ARGUMENTS.format(name=function, count=1, given=len(args)))
    else:
        given = (args[0], *(int(n) if isinstance(n, bool) else n for n in args[1:]))
    if not isinstance(given, (tuple, list)) and isinstance(given, Sequence):
        given = tuple(given)
    result: tuple[int, ...] = read(function, name, 1, KINDS["Sequence[int]"], given)
    return result


_INTEGERS = frozenset((int,))
_NO_SIZES = frozenset((float, str, type(None)))


def view(self: Tensor, *shape: Any, size: Any = None, dtype: _dtype | None = None) -> Tensor:
    """A view of the same elements in another shape, or of the same memory as another dtype (torch.Tensor.view).

    RuntimeError where the strides forbid it; TypeError for what is neither sizes nor a dtype.
    """
    if not shape or size is not None or dtype is not None or not _INTEGERS.issuperset(map(type, shape)):
        if len(shape) + (dtype is not None) == 1 and (dtype is not None or isinstance(shape[0], (_dtype, type))):
            return _as_dtype(self, dtypes.of(dtypes.given(dtype if dtype is not None else shape[0], "view")))
        if dtype is not None:
            raise TypeError(VIEW_CALL.format(found=f"{', '.join(type(n).__name__ for n in shape)}, dtype=torch.dtype"))
        given = shape if size is None else (size,)
        if not given or not _NO_SIZES.isdisjoint(map(type, given)):
            names = ", ".join(type(n).__name__ for n in given)
            raise TypeError(VIEW_CALL.format(found=names))
        shape = sizes("view", "size", given)
    result: Tensor = _f["reshape"](self, shape)
    if result.viewed is None and self.array.size and not shares_memory(result.array, self.array):
        raise RuntimeError(VIEW_STRIDES)
    return result


def _as_dtype(self: Tensor, dtype: _dtype) -> Tensor:
    """Read the same memory as another dtype. The result has no history, and torch does not count it as a view."""
    array, own, other = self.array, self.array.itemsize, dtype.numpy.itemsize
    names = f"{self.dtype.tensor_type[:-6]} as {dtype.tensor_type[:-6]} (different element sizes)"
    if own != other:
        if not array.ndim:
            raise RuntimeError(VIEW_DTYPE_0D.format(dtypes=names))
        _, strides, offset, _ = geometry(array)
        if strides[-1] != 1:
            raise RuntimeError(VIEW_DTYPE_STRIDE.format(dtypes=names, stride=strides[-1]))
        ratio = other // own
        multiples = {"self.size(-1)": array.shape[-1], "self.storage_offset()": offset}
        multiples |= {f"self.stride({dim})": stride for dim, stride in enumerate(strides[:-1])}
        for what, n in multiples.items() if ratio > 1 else ():
            if n % ratio:
                raise RuntimeError(VIEW_DTYPE_RATIO.format(what=what, ratio=ratio, dtypes=names, n=n))
    tensor = self.detach()
    tensor.array = array.view(dtype.numpy)
    return tensor


@checked
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions from `start_dim` to `end_dim` as one; the tensor itself if they are one already (torch.flatten)."""
    ndim = input.array.ndim
    if ndim and axis(start_dim, ndim) == axis(end_dim, ndim):
        return input
    return _f["flatten"](input, start_dim, end_dim)


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """A view in the shape of another tensor (torch.Tensor.view_as)."""
    if not isinstance(other, Tensor):
        raise wrong_type("view_as", "other", 1, "Tensor", other)
    return view(self, other.shape)


def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The same elements in the shape of another tensor, as a view if possible (torch.Tensor.reshape_as)."""
    if not isinstance(other, Tensor):
        raise wrong_type("reshape_as", "other", 1, "Tensor", other)
    return _f["reshape"](self, other.shape)


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """A view expanded to the shape of another tensor (torch.Tensor.expand_as)."""
    if not isinstance(other, Tensor):
        raise wrong_type("expand_as", "other", 1, "Tensor", other)
    return _f["expand"](self, other.shape)


@checked
def as_strided_(self: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """Make this tensor itself the view that `as_strided` gives (torch.Tensor.as_strided_)."""
    rest = as_strided(self.detach(), size, stride, storage_offset).viewed.steps[-1][1]  # type: ignore[union-attr]
    return INPLACE["as_strided_"](self, *rest)


@checked
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension, as a view if possible (torch.ravel)."""
    return _f["reshape"](input.contiguous(), (-1,))


def squeeze(input: Tensor, dim: Any = ABSENT, **named: Any) -> Tensor:
    """A view without the dimensions of size 1, of all or of those that are named (torch.squeeze).

    TypeError for None as a dimension.
    """
    if dim is None or None in named.values():
        raise no_such_call("squeeze", input, None)
    return _f["squeeze"](input, *(() if dim is ABSENT else (dim,)), **named)


def _squeeze_method(self: Tensor, *dims: Any, **named: Any) -> Tensor:
    if len(dims) > 1:
        return squeeze(self, sizes("squeeze", "dim", dims), **named)
    return squeeze(self, *dims, **named)


@checked
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """A view with two dimensions swapped (torch.swapaxes)."""
    return _f["transpose"](input, axis0, axis1)


@checked
def movedim(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    """A view with one dimension, or several, moved to other places (torch.movedim).

    RuntimeError for a dimension that is named twice, and for another number of destinations than of sources.
    """
    several = isinstance(source, Sequence)
    if several != isinstance(destination, Sequence):
        raise no_such_call("movedim", input, source, destination)
    sources, destinations = ((d,) if isinstance(d, int) else tuple(d) for d in (source, destination))
    if len(sources) != len(destinations):
        raise RuntimeError(MOVEDIM_LENGTHS.format(sources=list(sources), destinations=list(destinations)))
    ndim = input.array.ndim
    moved, places = ([axis(d, ndim) for d in dims] for dims in (sources, destinations))
    for name, dims, given in (("source", moved, sources), ("destination", places, destinations)):
        if several and len(set(dims)) != len(dims):
            raise RuntimeError(MOVEDIM_TWICE.format(name=name, dims=list(given)))
    if not ndim:
        return _f["alias"](input)
    order = [d for d in range(ndim) if d not in moved]
    for place, d in sorted(zip(places, moved, strict=True)):
        order.insert(place, d)
    return _f["permute"](input, order)


@checked
def detach(input: Tensor) -> Tensor:
    """A tensor that shares the input's memory and has no history (torch.detach)."""
    return input.detach()


@checked
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """A view with one dimension split into several, whose sizes may have one -1 (torch.unflatten).

    RuntimeError unless the product of the sizes is the size of the dimension.
    """
    if not input.array.ndim:
        raise RuntimeError(UNFLATTEN_0D.format(dim=dim))
    d = axis(dim, input.array.ndim)
    shape = input.array.shape
    wanted = list(sizes)
    if not wanted:
        raise RuntimeError(UNFLATTEN_EMPTY)
    if wanted.count(-1) > 1:
        raise RuntimeError(UNFLATTEN_INFERRED)
    known = math.prod(n for n in wanted if n != -1)
    if (-1 in wanted and (not known or shape[d] % known)) or (-1 not in wanted and known != shape[d]):
        raise RuntimeError(UNFLATTEN_SIZES.format(sizes=wanted, dim=d, size=shape[d]))
    wanted = [shape[d] // known if n == -1 else n for n in wanted]
    return view(input, (*shape[:d], *wanted, *shape[d + 1 :]))


@checked
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """A view of the tensor's memory by sizes, strides and an offset, counted in elements (torch.as_strided)."""
    own = geometry(input.array)
    start, available, itemsize = own[2], own[3], input.array.itemsize
    offset = start if storage_offset is None else storage_offset
    size, stride = tuple(int(n) for n in size), tuple(int(n) for n in stride)
    if len(size) != len(stride):
        raise RuntimeError(STRIDES_LENGTH)
    if min(stride, default=0) < 0:
        raise RuntimeError(STRIDES_NEGATIVE.format(strides=list(stride)))
    if offset < 0:
        raise RuntimeError(OFFSET_NEGATIVE.format(offset=offset))
    if min(size, default=0) < 0:
        raise RuntimeError(STORAGE_SIZES.format(sizes=list(size), strides=list(stride)))
    needed = 0 if 0 in size else offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if needed > available:
        raise RuntimeError(
            STORAGE_BOUNDS.format(
                sizes=list(size),
                strides=list(stride),
                offset=offset,
                itemsize=itemsize,
                needed=needed * itemsize,
                available=available * itemsize,
            )
        )
    return _f["as_strided"](input, size, stride, offset, own)


def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions along which a size is broadcast to that of the tensor (torch.Tensor.sum_to_size)."""
    wanted = sizes("sum_to_size", "size", size)
    shape = self.array.shape
    added = len(shape) - len(wanted)
    if added < 0 or any(n not in (1, own) for n, own in zip(wanted, shape[added:], strict=True)):
        raise RuntimeError(NOT_SUMMABLE.format(size=list(wanted), shape=list(shape)))
    over = (*range(added), *(d for d in range(added, len(shape)) if wanted[d - added] == 1 != shape[d]))
    result = _f["sum"](self, over, True) if over else self
    return view(result, wanted) if added else result


@checked
def fliplr(input: Tensor) -> Tensor:
    """A copy with the order along the second dimension reversed (torch.fliplr); RuntimeError for a vector."""
    if input.array.ndim < 2:
        raise RuntimeError(FLIP_NDIM.format(ndim=2))
    return _f["flip"](input, (1,))


@checked
def flipud(input: Tensor) -> Tensor:
    """A copy with the order along the first dimension reversed (torch.flipud); RuntimeError for a number."""
    if not input.array.ndim:
        raise RuntimeError(FLIP_NDIM.format(ndim=1))
    return _f["flip"](input, (0,))


# -- diagonals and transposes ----------------------------------------------------------------------


@with_out
@checked
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, copied; for a vector, the matrix that has it on the diagonal (torch.diag).

    `diagonal` is 0 for the main one, and positive above it. RuntimeError for other numbers of dimensions.
    """
    if not isinstance(diagonal, int):
        raise wrong_type("diag", "diagonal", 2, "int", diagonal)
    if input.array.ndim == 1:
        return _f["diag_embed"](input, diagonal)
    if input.array.ndim != 2:
        raise RuntimeError(DIAG_DIMENSIONS.format(ndim=input.array.ndim))
    return _f["clone"](_f["diagonal"](input, diagonal))


@checked
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix that has all elements of the input, in their order, on a diagonal (torch.diagflat)."""
    return _f["diag_embed"](ravel(input), offset)


@checked
def adjoint(input: Tensor) -> Tensor:
    """A view with the last two dimensions swapped (torch.adjoint); real numbers are their own conjugates.

    RuntimeError for a vector.
    """
    return adjoint_of(input, "adjoint()")


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Fill the main diagonal with a number (torch.Tensor.fill_diagonal_).

    With `wrap`, the diagonal of a matrix that has more rows than columns starts again below its end. RuntimeError for
    less than two dimensions, and for more of different sizes.
    """
    shape = self.array.shape
    if len(shape) < 2:
        raise RuntimeError(DIAGONAL_OF_VECTOR)
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(DIAGONAL_SIZES)
    diagonal = _f["diagonal"]
    if len(shape) == 2:
        rows, columns = shape
        for start in range(0, rows if wrap else min(rows, 1), columns + 1):
            diagonal(_f["narrow"](self, 0, start, min(columns, rows - start))).fill_(fill_value)
        return self
    view = self
    while view.array.ndim > 1:  # the dimension of each diagonal is the last
        view = diagonal(view, 0, 0, -1)
    view.fill_(fill_value)
    return self


moveaxis, swapdims = movedim, swapaxes

METHODS = as_methods(
    diag, diagflat, adjoint,
    view, flatten, view_as, reshape_as, expand_as, ravel, swapaxes, movedim, unflatten, as_strided, as_strided_,
    sum_to_size, fill_diagonal_, fliplr, flipud,
) | {
    "squeeze": _squeeze_method,  # which, unlike the function, takes several dimensions as separate integers
    "moveaxis": movedim,
    "swapdims": swapaxes,
}  # fmt: skip
