"""Making tensors of one value, with ones on the diagonal, and of numbers in steps.

All functions take `dtype`, `requires_grad` and torch's options `device`, `layout` and `pin_memory`, which can have only
one value here (`options.settle`). A size is given as integers or as one sequence. RuntimeError for a negative size and
for `requires_grad` with a dtype that is not floating.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import META, Array, MetaArray, contiguous_format, dtypes
from ...arrays.dtypes import FLOATING
from ...arrays.silence import silenced
from ..kinds import no_such_call
from ..refusals import (
    EYE_SIZE,
    LINSPACE_DIMENSIONS,
    NOT_IMPLEMENTED,
    RANGE_NOT_FINITE,
    STEP_SIGN,
    STEP_ZERO,
    STEPS_NEGATIVE,
)
from ..tensor import Tensor
from . import steps as in_steps
from .options import (
    DType,
    integer,
    made,
    number,
    sequence_of,
    settle,
    size_of,
    tensor_of,
)

if TYPE_CHECKING:
    from typing import Unpack

    from .options import LikeOptions, Options, SizedOptions

__all__ = [
    "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like",
]  # fmt: skip


def zeros(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor of zeros (torch.zeros)."""
    shape = size_of("zeros", sizes, options)
    return made(np.zeros(shape, settle("zeros", dtype, options)), requires_grad, options.get("device"))


def ones(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor of ones (torch.ones)."""
    shape = size_of("ones", sizes, options)
    return made(np.ones(shape, settle("ones", dtype, options)), requires_grad, options.get("device"))


def empty(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor whose elements are whatever was in memory (torch.empty)."""
    shape = size_of("empty", sizes, options)
    return made(np.empty(shape, settle("empty", dtype, options)), requires_grad, options.get("device"))


@silenced
def full(
    size: Any, fill_value: Any, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """A tensor of one value, whose type decides the dtype (torch.full). The size has to be one sequence."""
    value = number("full", "fill_value", 2, fill_value)
    shape = sequence_of("full", size, 1)
    kind = settle("full", dtype, options, dtypes.result_type(value))
    return made(np.full(shape, value, kind), requires_grad, options.get("device"))


# -- like another ----------------------------------------------------------------------------------


def order(options: Any, own: Array) -> Any:
    """The memory format of a tensor that is made like another, as NumPy names it: as the other, or C order.

    As in torch, it is C order where the other is expanded, and so overlaps itself.
    """
    return "C" if options.get("memory_format") is contiguous_format or 0 in own.strides else "K"


def _like(make: Any, make_like: Any) -> Any:
    name = make_like.__name__

    def like(
        input: Tensor, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[LikeOptions]
    ) -> Tensor:
        own = tensor_of(name, input).array
        kind = settle(name, dtype, options, own.dtype)
        plain = type(own) in (np.ndarray, MetaArray) and (own.flags.c_contiguous or order(options, own) == "C")
        array = make(own.shape, kind) if plain else make_like(own, kind, subok=False)
        return made(array, requires_grad, options.get("device", META if type(own) is MetaArray else None))

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"As `{name[:-5]}`, with the shape, dtype and memory format of another tensor (torch.{name})."
    return like


zeros_like, ones_like, empty_like = (
    _like(np.zeros, np.zeros_like),
    _like(np.ones, np.ones_like),
    _like(np.empty, np.empty_like),
)


@silenced
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[LikeOptions],
) -> Tensor:  # fmt: skip
    """A tensor of one value, with the shape, dtype and memory format of another (torch.full_like)."""
    own = tensor_of("full_like", input).array
    value = number("full_like", "fill_value", 2, fill_value)
    kind = settle("full_like", dtype, options, own.dtype)
    return made(np.full_like(own, value, kind, order(options, own)), requires_grad)


# -- in steps --------------------------------------------------------------------------------------


def eye(
    n: int, m: int | None = None, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """Ones on the diagonal of an (n, m), or (n, n), matrix, zeros elsewhere; RuntimeError below 0 (torch.eye)."""
    rows = integer("eye", "n", 1, n)
    columns = rows if m is None else integer("eye", "m", 2, m)
    for name, size in (("n", rows), ("m", columns)):
        if size < 0:
            raise RuntimeError(EYE_SIZE.format(name=name, size=size))
    return made(np.eye(rows, columns, dtype=settle("eye", dtype, options)), requires_grad)


_MISSING: Any = object()


@silenced
def arange(
    start: Any = _MISSING, end: Any = None, step: Any = 1, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """The numbers from `start` (default 0) up to `end`, which is excluded, `step` apart (torch.arange).

    Integers give int64, floats the default dtype. RuntimeError for a step of 0 or in the other direction and for bounds
    that are not finite.
    """
    if end is None:
        if start is _MISSING:
            raise no_such_call("arange")
        start, end = 0, number("arange", "end", 1, start)
    elif start is _MISSING:
        start = 0
    start, end, step = (number("arange", name, i, x) for i, (name, x) in enumerate(_named(start, end, step), 1))
    kind = settle("arange", dtype, options, dtypes.result_type(start, end, step))
    if kind.kind == "b":
        raise NotImplementedError(NOT_IMPLEMENTED.format(function="arange", dtype="Bool"))
    if step == 0:
        raise RuntimeError(STEP_ZERO)
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(RANGE_NOT_FINITE.format(start=start, end=end))
    if (end - start) * step < 0:
        raise RuntimeError(STEP_SIGN)
    if kind.kind not in FLOATING:  # torch converts the bounds to integers first
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError(STEP_ZERO)
    count = math.ceil((end - start) / step)
    if kind.kind in FLOATING:
        return made(in_steps.arange(start, step, count, kind), requires_grad)
    return made((start + np.arange(count) * step).astype(kind), requires_grad)


def _named(start: Any, end: Any, step: Any) -> tuple[tuple[str, Any], ...]:
    return ("start", start), ("end", end), ("step", step)


@silenced
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """`steps` numbers from `start` to `end`, evenly spaced; RuntimeError for fewer than 0 (torch.linspace).

    `start` and `end` may be 0-d tensors; RuntimeError for others.
    """
    try:
        count = integer("linspace", "steps", 3, steps)
    except TypeError:
        raise no_such_call("linspace", start, end, steps) from None
    for name, bound in (("start", start), ("end", end)):
        if isinstance(bound, Tensor) and bound.array.ndim:
            raise RuntimeError(LINSPACE_DIMENSIONS.format(name=name, ndim=bound.array.ndim))
    first, last = number("linspace", "start", 1, start), number("linspace", "end", 2, end)
    if count < 0:
        raise RuntimeError(STEPS_NEGATIVE)
    kind = settle("linspace", dtype, options)
    if kind.kind == "b":
        raise NotImplementedError(NOT_IMPLEMENTED.format(function="linspace", dtype="Bool"))
    return made(in_steps.linspace(first, last, count, kind), requires_grad)
