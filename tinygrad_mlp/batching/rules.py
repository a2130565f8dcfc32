"""The rules of batched arrays: NumPy's functions on a whole batch, with dimensions shifted by one.

Each is for a group of functions that treat dimensions alike. What has no rule here runs for each element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from .array import MAKES_MEMORY, RULES, UFUNC_RULES, BatchedArray, Rule, again, each, memory_of
from .batches import Batch, ReadsValues
from .refusals import DYNAMIC, EQUAL, UNBATCHED_WRITE

Function = Callable[..., Any]


def rule_for(*functions: Any) -> Callable[[Rule], Rule]:
    """Register a rule for some functions."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(functions, rule))
        return rule

    return register


# -- what rules are made of -------------------------------------------------------------------------


def peel(x: Any, batch: Batch) -> tuple[Any, bool]:
    """The value of an operand, and whether the batch is its first dimension."""
    if type(x) is BatchedArray and x.batch is batch:
        return x.value, x.varies
    return x, False


def fitted(x: Any, batch: Batch, ndim: int) -> Any:
    """The value of an operand so that it broadcasts with others, whose elements have up to `ndim` dimensions."""
    value, varies = peel(x, batch)
    if varies and value.ndim <= ndim:
        return value.reshape((len(value), *(1,) * (ndim + 1 - value.ndim), *value.shape[1:]))
    return value


def whole(x: Any, batch: Batch) -> Any:
    """The value of an operand with the batch in front; the same number of times where it does not vary."""
    value, varies = peel(x, batch)
    return value if varies else np.broadcast_to(value, (batch.size, *np.shape(value)))


def dims(*operands: Any) -> int:
    """The largest number of dimensions of some operands."""
    return max((x.ndim for x in operands if hasattr(x, "ndim")), default=0)


def shifted(axis: int, ndim: int) -> int:
    """A dimension of an element as one of the whole batch; AxisError, as NumPy's own, where there is none."""
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim + 1


def shifted_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions of an element (a number, several, or None for all) as those of the whole batch."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple(shifted(d, ndim) for d in axis)
    return (shifted(axis, ndim),) if ndim else ()  # NumPy lets a 0-d array be reduced along dimension 0


# -- element by element -----------------------------------------------------------------------------


def _elementwise(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    out = kwargs.get("out")
    ndim = dims(*args, *kwargs.values())
    if out is None:
        options = {key: fitted(x, batch, ndim) for key, x in kwargs.items()} if kwargs else kwargs
        return again(function(*[fitted(x, batch, ndim) for x in args], **options), batch)
    if type(out) is not BatchedArray or out.batch is not batch:
        raise ReadsValues(UNBATCHED_WRITE)
    values = [fitted(x, batch, ndim) for x in args]
    function(*values, **{**kwargs, "out": out.expand()})
    return out


UFUNC_RULES["__call__"] = _elementwise
rule_for(
    np.where, np.clip, np.nan_to_num, np.isclose, np.round, np.around, np.fix, np.real, np.isneginf, np.isposinf,
    np.i0, np.sinc,
)(_elementwise)  # fmt: skip


@rule_for(np.zeros_like, np.ones_like, np.empty_like, np.full_like)
def _alike(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names = ("a", "fill_value") if function is np.full_like else ("a",)
    given = {**dict(zip((*names, "dtype", "order", "subok", "shape"), args, strict=False)), **kwargs}
    x = given.pop("a", given.pop("prototype", None))
    shape = given.pop("shape", None)
    value, varies = peel(x, batch)
    if "fill_value" in given:
        given["fill_value"] = fitted(given["fill_value"], batch, np.ndim(value) - varies)
    if shape is None and varies:
        return BatchedArray(function(value, **given), batch)
    shape = x.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    return BatchedArray(function(value, **given, shape=(batch.size, *shape)), batch)


@rule_for(np.copy)
def _copy(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return again(function(whole(args[0], batch), *args[1:], **kwargs), batch)


MAKES_MEMORY.update((np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy))


# -- reductions -------------------------------------------------------------------------------------


def _reduced(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ufunc.reduce(array, axis=0, dtype, out, keepdims, initial, where)`."""
    names = ("array", "axis", "dtype", "out", "keepdims", "initial", "where")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    x = given.pop("array")
    value, varies = peel(x, batch)
    if not varies or given.get("out") is not None or given.get("where", True) is not True:
        return each(batch, function, args, kwargs)
    given.pop("out", None)
    axis = shifted_axes(given.pop("axis", 0), x.ndim)
    return again(function(value, axis=axis, **given), batch)


UFUNC_RULES["reduce"] = _reduced


@rule_for(
    np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.mean, np.var, np.std, np.all, np.any, np.count_nonzero,
    np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.median, np.nanmedian, np.ptp,
)  # fmt: skip
def _over_axes(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, axis, rest = _with_axis(args, kwargs, None)
    if rest is None or rest.get("out") is not None or not peel(x, batch)[1]:
        return each(batch, function, args, kwargs)
    rest.pop("out", None)
    return again(function(x.value, axis=shifted_axes(axis, x.ndim), **rest), batch)


def _with_axis(args: tuple[Any, ...], kwargs: dict[str, Any], default: Any) -> tuple[Any, Any, dict[str, Any] | None]:
    """The first argument, `axis` and the other keywords; None for these where there is more without a name."""
    rest = dict(kwargs)
    axis = args[1] if len(args) > 1 else rest.pop("axis", default)
    return args[0], axis, None if len(args) > 2 else rest


def _along(default: int | None) -> Rule:
    """For functions along one dimension, or, for None, along the array as one row."""

    def rule(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x, axis, rest = _with_axis(args, kwargs, default)
        value, varies = peel(x, batch)
        if rest is None or not varies or (axis is None and rest.get("keepdims")) or not x.ndim:
            return each(batch, function, args, kwargs)
        if axis is None:
            return again(function(value.reshape((batch.size, x.size)), axis=1, **rest), batch)
        return again(function(value, axis=shifted(axis, x.ndim), **rest), batch)

    return rule


rule_for(np.argmax, np.argmin, np.cumsum, np.cumprod, np.nancumsum)(_along(None))
rule_for(np.sort, np.argsort)(_along(-1))


def _accumulated(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(("array", "axis", "dtype", "out"), args, strict=False)), **kwargs}
    x = given.pop("array")
    if not peel(x, batch)[1] or given.get("out") is not None:
        return each(batch, function, args, kwargs)
    return again(function(x.value, shifted(given.get("axis", 0), x.ndim), given.get("dtype")), batch)


UFUNC_RULES["accumulate"] = _accumulated


# -- products ---------------------------------------------------------------------------------------


@rule_for(np.matmul, np.dot)
def _product(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    a, b = args
    if kwargs or (function is np.dot and max(a.ndim, b.ndim) > 2):
        return each(batch, function, args, kwargs)
    if not a.ndim or not b.ndim:
        return again(np.multiply(a, b), batch) if function is np.dot else each(batch, function, args, kwargs)
    _refuse_sizes(a, b)
    (x, x_varies), (y, y_varies) = peel(a, batch), peel(b, batch)
    if not y_varies and b.ndim <= 2:  # one product for the whole batch
        rows = x.reshape((-1, a.shape[-1])) if b.ndim == 2 and a.shape[-1] else x
        shape = (batch.size, *a.shape[:-1], *b.shape[1:])
        return BatchedArray(np.matmul(rows, y).reshape(shape), batch)
    if not x_varies and a.ndim == 2 and b.ndim == 1:
        return BatchedArray(np.matmul(y, x.T), batch)
    ndim = max(a.ndim, b.ndim, 2)
    x = fitted(a[None, :] if a.ndim == 1 else a, batch, ndim)
    y = fitted(b[:, None] if b.ndim == 1 else b, batch, ndim)
    out = x * y if x.shape[-1] == 1 and x.dtype.kind in FLOATING else np.matmul(x, y)  # an outer product, and quicker
    if b.ndim == 1:
        out = out[..., 0]
    if a.ndim == 1:
        out = out[..., 0, :] if b.ndim > 1 else out[..., 0]
    return BatchedArray(out, batch)


def _refuse_sizes(a: Any, b: Any) -> None:
    """ValueError, which the rows read as NumPy's own, for matrices that do not fit."""
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError("matmul: Input operand 1 has a mismatch in its core dimension 0")
    if a.ndim > 2 and b.ndim > 2:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])


@rule_for(np.outer)
def _outer(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    a, b = (np.ravel(x) for x in args)
    return again(np.multiply(a[:, None], b[None, :]), batch) if not kwargs else each(batch, function, args, kwargs)


@rule_for(
    np.linalg.inv, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky, np.linalg.qr, np.linalg.svd,
    np.linalg.eigh, np.linalg.eigvalsh, np.linalg.matrix_power, np.triu, np.tril,
)  # fmt: skip
def _of_matrices(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Functions that take all dimensions but the last two for a batch, as it is."""
    if not peel(args[0], batch)[1] or args[0].ndim < 2:
        return each(batch, function, args, kwargs)
    result = function(args[0].value, *args[1:], **kwargs)
    parts = tuple(result) if isinstance(result, tuple) else result  # slogdet's have a type of their own
    return again(type(result)(*parts), batch) if hasattr(result, "_fields") else again(parts, batch)


# -- shapes -----------------------------------------------------------------------------------------


@rule_for(np.reshape)
def _reshape(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, shape = args[0], args[1] if len(args) > 1 else kwargs["shape"]
    if kwargs.get("order", "C") != "C" or kwargs.get("copy") is not None:
        return each(batch, function, args, kwargs)
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    size = x.size
    if -1 in shape:
        others = 1
        for n in shape:
            others *= n if n != -1 else 1
        if not others or size % others or shape.count(-1) > 1:
            np.empty(x.shape, bool).reshape(shape)  # which says what is wrong
        shape = tuple(size // others if n == -1 else n for n in shape)
    else:
        others = 1
        for n in shape:
            others *= n
        if others != size:
            raise ValueError(f"cannot reshape array of size {size} into shape {shape}")
    return BatchedArray(x.value.reshape((batch.size, *shape)), batch)


@rule_for(np.ravel)
def _ravel(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x = args[0]
    return each(batch, function, args, kwargs) if len(args) > 1 or kwargs else x.reshape((x.size,))


@rule_for(np.transpose)
def _transpose(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, axes = args[0], args[1] if len(args) > 1 else kwargs.get("axes")
    axes = range(x.ndim)[::-1] if axes is None else axes
    return BatchedArray(x.value.transpose((0, *(shifted(d, x.ndim) for d in axes))), batch)


@rule_for(np.swapaxes, np.moveaxis)
def _two_axes(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs or any(isinstance(axis, (tuple, list)) for axis in args[1:]):
        return each(batch, function, args, kwargs)
    x, first, second = args
    return BatchedArray(function(x.value, shifted(first, x.ndim), shifted(second, x.ndim)), batch)


@rule_for(np.expand_dims)
def _expand_dims(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, axis, _ = _with_axis(args, kwargs, None)
    added = len(axis) if isinstance(axis, (tuple, list)) else 1
    return BatchedArray(function(x.value, shifted_axes(axis, x.ndim + added)), batch)


@rule_for(np.squeeze)
def _squeeze(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, axis, _ = _with_axis(args, kwargs, None)
    over = tuple(d + 1 for d, n in enumerate(x.shape) if n == 1) if axis is None else shifted_axes(axis, x.ndim)
    return BatchedArray(function(x.value, over), batch)


@rule_for(np.flip)
def _flip(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, axis, _ = _with_axis(args, kwargs, None)
    return BatchedArray(function(x.value, shifted_axes(axis, x.ndim)), batch)


@rule_for(np.roll)
def _roll(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, shift, axis = args[0], args[1], args[2] if len(args) > 2 else kwargs.get("axis")
    if axis is None:
        return each(batch, function, args, kwargs)
    over = shifted_axes(axis, x.ndim)
    return BatchedArray(function(x.value, shift, over if isinstance(axis, (tuple, list)) else over[0]), batch)


@rule_for(np.broadcast_to)
def _broadcast_to(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, shape = args[0], args[1] if len(args) > 1 else kwargs["shape"]
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return BatchedArray(function(fitted(x, batch, len(shape)), (batch.size, *shape)), batch)


@rule_for(np.diagonal)
def _diagonal(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = {**dict(zip(("a", "offset", "axis1", "axis2"), args, strict=False)), **kwargs}
    x = given["a"]
    first, second = shifted(given.get("axis1", 0), x.ndim), shifted(given.get("axis2", 1), x.ndim)
    return BatchedArray(function(x.value, given.get("offset", 0), first, second), batch)


@rule_for(np.tile)
def _tile(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, times = args[0], args[1] if len(args) > 1 else kwargs["reps"]
    times = (times,) if isinstance(times, int) else tuple(times)
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    return BatchedArray(function(fitted(x, batch, ndim), (1, *times)), batch)


@rule_for(np.concatenate, np.stack)
def _joined(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    parts, axis, rest = _with_axis(args, kwargs, 0)
    parts = list(parts)
    ndim = parts[0].ndim + (function is np.stack)
    if rest or axis is None or any(x.ndim != parts[0].ndim for x in parts) or not ndim:
        return each(batch, function, args, kwargs)
    return again(function([whole(x, batch) for x in parts], axis=shifted(axis, ndim)), batch)


# -- what asks, and what writes ----------------------------------------------------------------------


@rule_for(np.shape, np.ndim, np.size)
def _asked(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return getattr(args[0], function.__name__)


@rule_for(np.may_share_memory, np.shares_memory)
def _shared(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return memory_of(args[0]) is memory_of(args[1])


@rule_for(np.nonzero, np.argwhere, np.flatnonzero, np.unique)
def _dynamic(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise RuntimeError(DYNAMIC.format(name="_unique2" if function is np.unique else "nonzero"))


@rule_for(np.array_equal)
def _equal(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise RuntimeError(EQUAL)


@rule_for(np.copyto)
def _copyto(batch: Batch, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if kwargs or len(args) > 2 or type(args[0]) is not BatchedArray:
        return each(batch, function, args, kwargs)
    args[0][...] = args[1]
    return None
