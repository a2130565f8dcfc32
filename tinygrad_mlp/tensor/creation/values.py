"""Making tensors of one value, with ones on the diagonal, and of numbers in steps.

All functions take `dtype`, `requires_grad` and torch's options `device`, `layout` and `pin_memory`, which can have only
one value here (`options.settle`). A size is given as integers or as one sequence. RuntimeError for a negative size and
for `requires_grad` with a dtype that is not floating.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import META, Array, MetaArray, contiguous_format, dtypes, entered, is_meta
from ...arrays.dtypes import FLOATING
from ...arrays.silence import silenced
from ...ops.dims import as_dtype
from ..kinds import no_such_call
from ..out import with_new_out
from ..overriding import asking
from ..refusals import (
    EMPTY_STRIDES,
    EYE_SIZE,
    LINSPACE_DIMENSIONS,
    NOT_IMPLEMENTED,
    RANGE_NOT_FINITE,
    STEP_SIGN,
    STEP_ZERO,
    STEPS_NEGATIVE,
    TRIANGLE_SIZE,
)
from ..shape_refusals import STORAGE_SIZES
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
    "arange", "empty", "empty_like", "empty_strided", "eye", "full", "full_like", "linspace", "logspace", "ones",
    "ones_like", "scalar_tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


def _new(make: Any, shape: tuple[int, ...], dtype: Any, requires_grad: bool, device: Any) -> Tensor:
    """A new leaf over the array that `make` gives for a shape and a dtype; on "meta" no memory is asked for."""
    if device is None and entered:
        device = entered[-1]
    array = make(shape, dtype) if device is None or not is_meta(device) else MetaArray(shape, dtype)
    return made(array, requires_grad, device)


@with_new_out
def zeros(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor of zeros (torch.zeros)."""
    shape = size_of("zeros", sizes, options)
    return _new(np.zeros, shape, settle("zeros", dtype, options), requires_grad, options.get("device"))


@with_new_out
def ones(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor of ones (torch.ones)."""
    shape = size_of("ones", sizes, options)
    return _new(np.ones, shape, settle("ones", dtype, options), requires_grad, options.get("device"))


@with_new_out
def empty(*sizes: Any, dtype: DType = None, requires_grad: bool = False, **options: Unpack[SizedOptions]) -> Tensor:
    """A tensor whose elements are whatever was in memory (torch.empty)."""
    shape = size_of("empty", sizes, options)
    return _new(np.empty, shape, settle("empty", dtype, options), requires_grad, options.get("device"))


@with_new_out
@silenced
def full(
    size: Any, fill_value: Any, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """A tensor of one value, whose type decides the dtype (torch.full). The size has to be one sequence."""
    value = number("full", "fill_value", 2, fill_value)
    shape = sequence_of("full", size, 1)
    kind = settle("full", dtype, options, dtypes.result_type(value))
    element = in_dtype(value, kind)
    return _new(lambda shape, dtype: np.full(shape, element, dtype), shape, kind, requires_grad, options.get("device"))


def in_dtype(value: Any, dtype: Any) -> Any:
    """A number as an element of a dtype; RuntimeError if it is too large. A recorded number is one already."""
    return as_dtype(value, np.dtype(dtype)) if type(value) in (int, float) else value


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
        place = options.get("device", META if type(own) is MetaArray else None)
        if plain:
            return _new(make, own.shape, kind, requires_grad, place)
        return made(make_like(own, kind, subok=False), requires_grad, place)

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"As `{name[:-5]}`, with the shape, dtype and memory format of another tensor (torch.{name})."
    return asking(like)


zeros_like, ones_like, empty_like = (
    _like(np.zeros, np.zeros_like),
    _like(np.ones, np.ones_like),
    _like(np.empty, np.empty_like),
)


@asking
@silenced
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[LikeOptions],
) -> Tensor:  # fmt: skip
    """A tensor of one value, with the shape, dtype and memory format of another (torch.full_like)."""
    own = tensor_of("full_like", input).array
    value = number("full_like", "fill_value", 2, fill_value)
    kind = settle("full_like", dtype, options, own.dtype)
    return made(np.full_like(own, in_dtype(value, kind), kind, order(options, own)), requires_grad)


# -- in steps --------------------------------------------------------------------------------------


@with_new_out
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


@with_new_out
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


@with_new_out
@silenced
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """`steps` numbers from `start` to `end`, evenly spaced; RuntimeError for fewer than 0 (torch.linspace).

    `start` and `end` may be 0-d tensors; RuntimeError for others.
    """
    first, last, count = _bounds("linspace", start, end, steps)
    kind = settle("linspace", dtype, options)
    if kind.kind == "b":
        raise NotImplementedError(NOT_IMPLEMENTED.format(function="linspace", dtype="Bool"))
    return made(in_steps.linspace(first, last, count, kind), requires_grad)


def _bounds(function: str, start: Any, end: Any, steps: Any) -> tuple[Any, Any, int]:
    """The first number, the last one and how many there are; errors as `linspace`."""
    try:
        count = integer(function, "steps", 3, steps)
    except TypeError:
        raise no_such_call(function, start, end, steps) from None
    for name, bound in (("start", start), ("end", end)):
        if isinstance(bound, Tensor) and bound.array.ndim:
            raise RuntimeError(LINSPACE_DIMENSIONS.format(function=function, name=name, ndim=bound.array.ndim))
    first, last = number(function, "start", 1, start), number(function, "end", 2, end)
    if count < 0:
        raise RuntimeError(STEPS_NEGATIVE)
    return first, last, count


@with_new_out
@silenced
def logspace(
    start: Any, end: Any, steps: int, base: Any = 10.0, *, dtype: DType = None, requires_grad: bool = False,
    **options: Unpack[Options],
) -> Tensor:  # fmt: skip
    """`steps` powers of `base`, whose exponents go from `start` to `end`, evenly spaced; errors as `linspace`.

    Source: torch.logspace.
    """
    first, last, count = _bounds("logspace", start, end, steps)
    power = float(number("logspace", "base", 4, base))
    kind = settle("logspace", dtype, options)
    if kind.kind == "b":
        raise NotImplementedError(NOT_IMPLEMENTED.format(function="logspace", dtype="Bool"))
    return made(in_steps.logspace(first, last, count, power, kind), requires_grad)


# -- others ----------------------------------------------------------------------------------------


def scalar_tensor(s: Any, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]) -> Tensor:
    """A 0-d tensor of a number, in the default dtype if none is given (torch.scalar_tensor)."""
    value = number("scalar_tensor", "s", 1, s)
    return made(as_dtype(value, settle("scalar_tensor", dtype, options)), requires_grad)


def empty_strided(
    size: Any, stride: Any, *, dtype: DType = None, requires_grad: bool = False, **options: Unpack[Options]
) -> Tensor:
    """A tensor of whatever was in memory, laid out there by strides that count elements (torch.empty_strided).

    RuntimeError for another number of strides than of sizes, and for one below 0.
    """
    return made(strided("empty_strided", size, stride, settle("empty_strided", dtype, options)), requires_grad)


def strided(function: str, size: Any, stride: Any, kind: Any) -> Array:
    """An array of a size and of strides that count elements."""
    shape = sequence_of(function, size, 1)
    steps = tuple(integer(function, "stride", 2, n) for n in stride)
    if len(shape) != len(steps):
        raise RuntimeError(EMPTY_STRIDES.format(sizes=len(shape), strides=len(steps)))
    if min(steps, default=0) < 0:
        raise RuntimeError(STORAGE_SIZES.format(sizes=list(shape), strides=list(steps)))
    memory = 0 if 0 in shape else 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    return np.ndarray(shape, kind, np.empty(memory, kind), 0, [step * kind.itemsize for step in steps])


def _triangle(name: str, indices: Any) -> Any:
    def function(
        row: int, col: int, offset: int = 0, *, dtype: DType = None, requires_grad: bool = False,
        **options: Unpack[Options],
    ) -> Tensor:  # fmt: skip
        rows, columns, k = (
            integer(name, each, i, n) for i, (each, n) in enumerate((("row", row), ("col", col), ("offset", offset)), 1)
        )
        for each, size in (("row", rows), ("col", columns)):
            if size < 0:
                raise RuntimeError(TRIANGLE_SIZE.format(name=each, size=size))
        kind = settle(name, dtype, options, dtypes.int64.numpy)
        if kind.kind in "fb":
            word = dtypes.of(kind).tensor_type[:-6]
            raise NotImplementedError(NOT_IMPLEMENTED.format(function=name, dtype=word))
        return made(np.stack(indices(rows, k, columns)).astype(kind), requires_grad)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The places of the elements that torch.{name[:4]} keeps of a (row, col) matrix, as int64: a row for the first "
        f"index, and one for the second (torch.{name})."
    )
    return function


tril_indices, triu_indices = _triangle("tril_indices", np.tril_indices), _triangle("triu_indices", np.triu_indices)
