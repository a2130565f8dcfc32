"""Products of vectors, matrices and batches of them: functions that choose among the rows, or reshape for one."""

from __future__ import annotations

import math
from typing import Any

from ...messages import warn_once
from ...ops.dims import axes
from ..functions import FUNCTIONS
from ..kinds import KINDS, checked, read
from ..later import as_methods
from ..out import with_cast_out, with_out
from ..refusals import OUTER_NDIM
from ..tensor import Tensor
from .refusals import (
    CROSS_WITHOUT_DIM,
    INNER_SIZES,
    NO_DIM_OF_THREE,
    PRODUCT_DTYPES,
    TENSORDOT_DIMS,
    TENSORDOT_LENGTHS,
    TENSORDOT_MANY,
    TENSORDOT_NEGATIVE,
    TENSORDOT_SIZES,
    TENSORDOT_TWICE,
)

__all__ = ["cross", "ger", "inner", "kron", "matmul", "outer", "tensordot"]

_f = FUNCTIONS


@with_out
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product of vectors, matrices or batches of matrices (torch.matmul).

    Shapes (n,) and (n,) give a number, (n, k) and (k,) a vector, (n, k) and (k, m) a matrix. With more dimensions, the
    last two are those of matrices and the others are broadcast. RuntimeError for sizes that do not fit.
    """
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        name = _PRODUCTS.get((input.array.ndim, other.array.ndim))
        if name is not None and input.array.shape[-1] == other.array.shape[0]:
            return _f[name](input, other)
    return _f["matmul"](input, other)


_PRODUCTS = {(2, 2): "mm", (1, 1): "dot", (2, 1): "mv"}


def _times(input: Any, other: Any) -> Any:
    """The product as an operator: NotImplemented for an operand of another type, so that Python asks that."""
    try:
        return matmul(input, other)
    except TypeError:
        return NotImplemented


@with_cast_out
@checked
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The products of all pairs of elements of two vectors: shapes (n,) and (m,) give (n, m) (torch.outer)."""
    for name, x in (("self", input), ("vec2", vec2)):
        if isinstance(x, Tensor) and x.array.ndim != 1:
            raise RuntimeError(OUTER_NDIM.format(name=name, ndim=x.array.ndim))
    return _f["reshape"](input, (-1, 1)) * vec2


ger = outer


@with_out
@checked
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products over the last dimension of both (torch.inner).

    Shapes (..., n) and (..., n) give the dimensions of the first and then those of the second. A 0-d tensor multiplies
    all elements of the other. RuntimeError where the last sizes differ.
    """
    if not input.array.ndim or not other.array.ndim:
        return input * other
    if input.array.shape[-1] != other.array.shape[-1]:
        raise RuntimeError(INNER_SIZES.format(a=list(input.array.shape), b=list(other.array.shape)))
    return tensordot(input, other, ([-1], [-1]))


@with_out
@checked
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product along `dim`, or else along the first dimension of three elements (torch.cross)."""
    if dim is None:
        warn_once(CROSS_WITHOUT_DIM)
        if 3 not in input.array.shape:
            raise RuntimeError(NO_DIM_OF_THREE)
        dim = input.array.shape.index(3)
    return _f["linalg_cross"](input, other, dim)


@with_cast_out
@checked
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: each element of the first times the second, as a block (torch.kron).

    The result has as many dimensions as the larger of the two, the sizes being multiplied.
    """
    ndim = max(input.array.ndim, other.array.ndim)
    a, b = ((1,) * (ndim - x.array.ndim) + x.array.shape for x in (input, other))
    blocks = _f["reshape"](input, [n for size in a for n in (size, 1)])
    elements = _f["reshape"](other, [n for size in b for n in (1, size)])
    return _f["reshape"](blocks * elements, [m * n for m, n in zip(a, b, strict=True)])


@with_out
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sums of products over some dimensions of each of two tensors (torch.tensordot).

    `dims` is how many of the last dimensions of `a` are summed with the first ones of `b`; or two lists, of dimensions
    of `a` and of those of `b`. The other dimensions of `a` and then those of `b` remain.
    RuntimeError for dimensions that do not fit.
    """
    dims_a, dims_b = _dims_to_sum(a, b, dims)
    if len(dims_a) != len(dims_b):
        raise RuntimeError(TENSORDOT_LENGTHS)
    if a.array.dtype != b.array.dtype:
        raise RuntimeError(PRODUCT_DTYPES)
    over_a, over_b = _placed(dims_a, a), _placed(dims_b, b)
    for d, e, d_given, e_given in zip(over_a, over_b, dims_a, dims_b, strict=True):
        m, n = a.array.shape[d], b.array.shape[e]
        if m == 1 != n:
            b = _f["sum"](b, e, True)
        elif n == 1 != m:
            a = _f["sum"](a, d, True)
        elif m != n:
            raise RuntimeError(TENSORDOT_SIZES.format(a=m, dim_a=d_given, b=n, dim_b=e_given))
    rest_a = [d for d in range(a.array.ndim) if d not in over_a]
    rest_b = [d for d in range(b.array.ndim) if d not in over_b]
    kept = [a.array.shape[d] for d in rest_a], [b.array.shape[d] for d in rest_b]
    count = math.prod(a.array.shape[d] for d in over_a)
    rows = _f["reshape"](_f["permute"](a, [*rest_a, *over_a]), [math.prod(kept[0]), count])
    columns = _f["reshape"](_f["permute"](b, [*over_b, *rest_b]), [count, math.prod(kept[1])])
    return _f["reshape"](_f["mm"](rows, columns), [*kept[0], *kept[1]])


def _dims_to_sum(a: Tensor, b: Tensor, dims: Any) -> tuple[Any, Any]:
    """The argument `dims` of tensordot as a list for each of the two tensors."""
    if not isinstance(dims, (int, list, tuple, Tensor)):
        raise RuntimeError(TENSORDOT_DIMS.format(dims=dims))
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(TENSORDOT_NEGATIVE.format(dims=dims))
        if dims > min(a.array.ndim, b.array.ndim):
            raise RuntimeError(TENSORDOT_MANY.format(dims=dims))
        return list(range(-dims, 0)), list(range(dims))
    dims_a, dims_b = dims
    kind = KINDS["Sequence[int]"]
    return read("tensordot", "dims_self", 3, kind, dims_a), read("tensordot", "dims_other", 4, kind, dims_b)


def _placed(dims: Any, x: Tensor) -> tuple[int, ...]:
    """Dimensions counted from the front; RuntimeError for one named twice."""
    try:
        return axes(tuple(dims), x.array.ndim) if dims else ()
    except RuntimeError:
        twice = next(d % x.array.ndim for d in dims if [e % x.array.ndim for e in dims].count(d % x.array.ndim) > 1)
        raise RuntimeError(TENSORDOT_TWICE.format(dim=twice)) from None


METHODS = as_methods(cross, inner, kron, matmul, outer) | {
    "ger": outer, "__matmul__": _times, "__rmatmul__": lambda self, other: _times(other, self),
}  # fmt: skip
