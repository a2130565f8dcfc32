"""Functions that answer questions about elements: where they are, how many, of which dtype, whether they are equal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import dtype as _dtype
from ...arrays import dtypes
from ...arrays.silence import silenced
from ...messages import warn_once
from ...ops.dims import mismatch
from ..arguments import as_array
from ..functions import FUNCTIONS
from ..kinds import ABSENT, checked, no_such_call, wrong_type
from ..later import as_methods
from ..out import with_out
from ..overriding import asking
from ..refusals import CLOSE_DTYPES, CONDITION_OF_BYTES, TOLERANCE_NEGATIVE
from ..tensor import Tensor, wrap
from .refusals import UNRAVEL_DTYPE, UNRAVEL_NEGATIVE, UNRAVEL_SHAPE, UNRAVEL_SIZE

__all__ = [
    "allclose", "equal", "is_floating_point", "is_tensor", "isclose", "nonzero", "numel", "result_type",
    "unravel_index", "where",
]  # fmt: skip

_f = FUNCTIONS


@with_out
@checked
def where(condition: Tensor, input: Any = ABSENT, other: Any = ABSENT) -> Any:
    """`input` where the condition holds, else `other` (torch.where).

    With the condition alone, the indices where it holds: a tuple of one int64 tensor for each dimension.
    """
    if input is ABSENT and other is ABSENT:
        return nonzero(condition, as_tuple=True)
    if input is ABSENT or other is ABSENT:
        raise no_such_call("where", condition, other if input is ABSENT else input)
    return _chosen(condition, input, other)


def _chosen(condition: Tensor, input: Any, other: Any) -> Tensor:
    if condition.array.dtype == np.uint8:
        warn_once(CONDITION_OF_BYTES)
    return _f["where"](condition, input, other)


def _where_method(self: Tensor, condition: Any, other: Any) -> Any:
    if not isinstance(condition, Tensor):
        raise no_such_call("where", condition, other)
    return _chosen(condition, self, other)


_where_method.__name__ = _where_method.__qualname__ = "where"


@with_out
@checked
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: int64 of shape (count, ndim), a row each (torch.nonzero).

    With `as_tuple`, a tensor of shape (count,) for each dimension.
    """
    found = np.nonzero(input.array if input.array.ndim else input.array.reshape(1))
    if as_tuple:
        return tuple(wrap(part) for part in np.stack(found))  # in one piece of memory, as torch has them
    return wrap(np.stack(found).T[:, : input.array.ndim])


@silenced
@checked
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are within atol + rtol * abs(other) of each other (torch.allclose)."""
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


@silenced
@checked
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Which elements are within atol + rtol * abs(other) of each other (torch.isclose)."""
    if input.array.dtype != other.array.dtype:
        words = [x.dtype.tensor_type[:-6] for x in (input, other)]
        raise RuntimeError(CLOSE_DTYPES.format(own=words[0], other=words[1]))
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(TOLERANCE_NEGATIVE.format(name=name, value=tolerance))
    refusal = mismatch(input.array.shape, other.array.shape)
    if refusal is not None:
        raise refusal
    return wrap(as_array(np.isclose(input.array, other.array, rtol, atol, equal_nan)))


@checked
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements (torch.equal)."""
    return bool(np.array_equal(input.array, other.array))


@checked
def numel(input: Tensor) -> int:
    """The number of elements (torch.numel)."""
    return input.numel()


def is_tensor(obj: object) -> bool:
    """Whether an object is a Tensor (torch.is_tensor)."""
    return isinstance(obj, Tensor)


@checked
def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor's dtype is a floating one (torch.is_floating_point)."""
    return input.is_floating_point()


def result_type(tensor1: Any, tensor2: Any) -> _dtype:
    """The dtype of an operation on both (torch.result_type)."""
    for x in (tensor1, tensor2):
        if not (isinstance(x, (Tensor, bool, int, float, np.ndarray, np.generic)) or hasattr(x, "value")):
            raise no_such_call("result_type", tensor1, tensor2)
    return dtypes.of(dtypes.result_type(_raw(tensor1), _raw(tensor2)))


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, Tensor) else x


METHODS = as_methods(nonzero, allclose, isclose, equal, _where_method)


@asking
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The index along each dimension of a shape, for positions among all its elements (torch.unravel_index).

    Positions beyond the end begin anew. TypeError for indices that are not integers, and for what is no shape;
    ValueError for a negative size.
    """
    if not isinstance(indices, Tensor):
        raise wrong_type("unravel_index", "indices", 1, "Tensor", indices)
    if indices.array.dtype.kind not in "iu":
        raise TypeError(UNRAVEL_DTYPE.format(dtype=indices.dtype))
    if not isinstance(shape, (int, Sequence)):
        raise TypeError(UNRAVEL_SHAPE.format(found=type(shape)))
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(UNRAVEL_SIZE.format(found=type(size)))
    if min(sizes, default=0) < 0:
        raise ValueError(UNRAVEL_NEGATIVE.format(shape=sizes))
    if not sizes:
        return ()
    steps = np.array([math.prod(sizes[d + 1 :]) for d in range(len(sizes))], np.int64)
    places = indices.array[..., None].astype(np.int64) // steps % np.array(sizes, np.int64)
    return tuple(wrap(places[..., d]) for d in range(len(sizes)))
