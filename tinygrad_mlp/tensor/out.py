"""The argument `out` of torch's functions: the result is written into a tensor that is there already.

Torch computes into the memory of that tensor. Here the result is computed as always and then copied, so that one place
serves all functions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from ..arrays import dtypes
from ..autograd.grad_mode import no_grad
from ..autograd.inplace.views import refuse_overlap
from ..messages import warn
from ..ops import Operator
from ..ops.refusals import OTHER_RESULT_DTYPE
from ..tape import state
from .dispatch import Caller
from .functions import INPLACE
from .kinds import wrong_type
from .named import NamedResult, result_class
from .overriding import take_over, takers
from .refusals import OUT_DTYPE, OUT_NOT_DIFFERENTIABLE, OUT_OTHER_DTYPE, OUT_RESIZED
from .tensor import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])


def with_out(function: Function) -> Function:
    """A function that takes `out`, too; as a method of Tensor it does not, as in torch."""
    return _taking_out(function, casts=False)


def with_cast_out(function: Function) -> Function:
    """The same where `out` may have another dtype that can hold the result, as for sums and products of elements."""
    return _taking_out(function, casts=True)


def with_new_out(function: Function) -> Function:
    """The same for a function that makes a tensor, whose dtype is that of `out`; RuntimeError for another `dtype`."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return function(*args, **kwargs)
        takes_dtype = "dtype" in function.__annotations__ and not any(isinstance(x, Tensor) for x in args)
        if isinstance(out, Tensor) and takes_dtype:
            own, wanted = out.dtype, kwargs.get("dtype") or out.dtype
            if own is not wanted:
                raise RuntimeError(OUT_OTHER_DTYPE.format(wanted=wanted.tensor_type[:-6], own=own.tensor_type[:-6]))
            kwargs["dtype"] = own
        return write_into(out, True, function, *args, **kwargs)

    return cast(Function, call)


def _taking_out(function: Function, casts: bool) -> Function:
    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            try:
                return function(*args, **kwargs)
            except Exception:
                if takers((*args, *kwargs.values())):
                    return take_over(call, (*args, *kwargs.values()), args, kwargs)
                raise
        return write_into(out, casts, function, *args, **kwargs)

    taking: Any = call
    taking.as_method = getattr(function, "as_method", function)
    return cast(Function, taking)


def write_row_into(row: Operator, caller: Caller, out: Any, arguments: tuple[Any, ...]) -> Any:
    """The result of a row, written into `out`."""

    def called(*args: Any) -> Any:
        return caller.call(*args)

    called.__name__ = row.name.removesuffix("_dim")
    return write_into(out, row.out == "cast", called, *arguments)


def write_into(out: Any, casts: bool, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Write what function(*args, **kwargs) gives into `out`, a tensor or one for each of several results; give `out`.

    A tensor of another shape is resized, with a warning where it had elements.
    Errors: TypeError for an `out` that is no tensor. RuntimeError where a gradient would be lost, for a dtype other
    than that of the result (with `casts`, only for one that cannot hold it), and where memory overlaps.
    """
    name, several = function.__name__, isinstance(out, (tuple, list))
    outs = tuple(out) if several else (out,)
    for each in outs:
        if not isinstance(each, Tensor):
            raise wrong_type(name, "out", None, "tuple of Tensors" if several else "Tensor", each)
    inputs = _tensors((*args, *kwargs.values()))
    if state.recording and any(x.requires_grad for x in (*inputs, *outs)):
        raise RuntimeError(OUT_NOT_DIFFERENTIABLE.format(name=name))
    with no_grad():
        result = function(*args, **kwargs)
        results = result if isinstance(result, (tuple, list)) else (result,)
        if isinstance(result, tuple) != several or len(results) != len(outs):
            raise wrong_type(name, "out", None, "tuple of Tensors" if isinstance(result, tuple) else "Tensor", out)
        for each, part in zip(outs, results, strict=True):
            _refuse_dtype(each, part, casts)
            refuse_overlap(each, [])  # with itself, before it gets other memory
        for each, part in zip(outs, results, strict=True):
            _resize(each, part.array.shape)
            refuse_overlap(each, inputs)
            INPLACE["assign_"](each, part)
    if isinstance(result, NamedResult):
        return result_class(f"{type(result).__name__}_out", type(result).__match_args__)(outs)
    return out


def _tensors(values: Any) -> list[Tensor]:
    """The tensors among some arguments, also in lists."""
    found = []
    for x in values:
        if isinstance(x, Tensor):
            found.append(x)
        elif isinstance(x, (tuple, list)):
            found += _tensors(x)
    return found


def _refuse_dtype(out: Tensor, result: Tensor, casts: bool) -> None:
    """RuntimeError for an `out` whose dtype cannot take a result."""
    own, wanted = dtypes.of(result.array.dtype), dtypes.of(out.array.dtype)
    if casts and dtypes.RANK[result.array.dtype.kind] > dtypes.RANK[out.array.dtype.kind]:
        raise RuntimeError(OTHER_RESULT_DTYPE.format(word=own.tensor_type[:-6], wanted=wanted.tensor_type[:-6]))
    if not casts and own is not wanted:
        raise RuntimeError(OUT_DTYPE.format(wanted=own.word, found=wanted.word))


def _resize(out: Tensor, shape: tuple[int, ...]) -> None:
    """Give a tensor another shape, and memory of its own for it."""
    if out.array.shape == shape:
        return
    if out.array.size:
        warn(OUT_RESIZED.format(own=list(out.array.shape), shape=list(shape)))
    out.array = np.empty(math.prod(shape), out.array.dtype).reshape(shape)
    out.viewed = None
