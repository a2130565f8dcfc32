"""Reads lines: which form each of them is, or that it stays a call of NumPy, and why."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..lines import Line, Value
from .access import Access, Entry, resolved, whole
from .elementwise import elementwise, stays_in_numpy
from .forms import Arithmetic, Form, Reduction, Running, Search, Views, is_huge, kind_of_number, operand_of, target_of
from .products import descent, product
from .scalars import DTYPES, SUMS, can_be_cast

ndarray = np.ndarray


def form_of(line: Line, views: Views) -> Form | None:
    """The form of a line, or None if it stays a call of NumPy."""
    values = [*line.reads(), *([] if line.out is None else [line.out])]
    if any(x.kind != "number" and not _fits(x) for x in values) or (line.out is None and line.target is None):
        return None
    if line.target is None and not (line.out.in_c_order or line.out.in_f_order):
        return None  # in an order of memory that an array which is made for it would not have
    for reader in (_arithmetic, product, descent, elementwise, _reduction, _search, _running):
        form = reader(line, views)
        if form is not None:
            return form
    return None


def _fits(value: Value) -> bool:
    native: bool = value.dtype in DTYPES and value.dtype.isnative
    return native and 0 not in value.shape


# -- numbers of Python -----------------------------------------------------------------------------

_ARITHMETIC = {
    operator.add: "{0} + {1}", operator.sub: "{0} - {1}", operator.mul: "{0} * {1}", operator.neg: "-{0}",
    operator.truediv: "divided({0}, {1})", operator.pow: "raised({0}, {1})",
}  # fmt: skip


def _arithmetic(line: Line, views: Views) -> Form | None:
    """Arithmetic that has a float in it: integers of Python have no bounds."""
    if line.out is None or line.out.kind != "number":
        return None
    if line.function is ndarray.item:
        (x,) = line.args
        if x.shape or x.dtype.kind not in "fi":
            return None
        return Arithmetic(
            line, f"np.{'float64' if x.dtype.kind == 'f' else 'int64'}({{0}})", [operand_of(x, (), views)]
        )
    text = _ARITHMETIC.get(line.function)
    kinds = [kind_of_number(x) for x in line.args]
    if text is None or None in kinds or float not in kinds or any(is_huge(x) for x in line.args):
        return None
    return Arithmetic(line, text, list(line.args))


# -- reductions ------------------------------------------------------------------------------------


def _reduction(line: Line, views: Views) -> Form | None:
    function: Any = getattr(line.function, "__self__", None)
    if function not in SUMS or line.function.__name__ != "reduce" or len(line.args) != 1 or line.target is not None:
        return None
    if not line.kwargs.keys() <= {"axis", "keepdims", "dtype"}:
        return None
    (x,) = line.args
    axis = line.kwargs.get("axis", 0)
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = frozenset(a % len(x.shape) for a in axes) if x.shape else frozenset()
    dtype = line.out.dtype
    if not x.shape or dtype.kind not in SUMS[function].kinds or not can_be_cast(x.dtype, dtype):
        return None
    kept = [axis for axis in range(len(x.shape)) if axis not in reduced]
    if len(line.out.shape) == len(x.shape) and reduced:
        entries = [Entry(None) if a in reduced or x.shape[a] == 1 else Entry(a) for a in range(len(x.shape))]
    else:
        entries = [Entry(None) if x.shape[a] == 1 else Entry(a) for a in kept]
    operand = resolved(whole(x, x.shape), views)
    return Reduction(line, x.shape, function, operand, reduced, dtype, Access(line.out, tuple(entries)))


def _search(line: Line, views: Views) -> Form | None:
    """np.argmax and np.argmin."""
    if line.function not in (np.argmax, np.argmin) or len(line.args) != 1 or line.target is not None:
        return None
    (x,) = line.args
    if not line.kwargs.keys() <= {"axis", "keepdims"} or not x.shape or line.out.dtype != np.int64:
        return None
    axis = line.kwargs.get("axis")
    axis = None if axis is None else axis % len(x.shape)
    kept = [] if axis is None else [a for a in range(len(x.shape)) if a != axis]
    if len(line.out.shape) == len(x.shape):
        entries = [Entry(a) if a in kept and x.shape[a] != 1 else Entry(None) for a in range(len(x.shape))]
    else:
        entries = [Entry(None) if x.shape[a] == 1 else Entry(a) for a in kept]
    operand = resolved(whole(x, x.shape), views)
    return Search(line, x.shape, operand, axis, line.function is np.argmax, Access(line.out, tuple(entries)))


def _running(line: Line, views: Views) -> Form | None:
    """np.add.accumulate and its like."""
    function: Any = getattr(line.function, "__self__", None)
    if function not in SUMS or line.function.__name__ != "accumulate" or len(line.args) != 1 or line.target is not None:
        return None
    (x,), axis, dtype = line.args, line.kwargs.get("axis", 0), line.out.dtype
    if not line.kwargs.keys() <= {"axis", "dtype"} or not x.shape or x.shape[axis] == 1:
        return None
    if dtype.kind not in SUMS[function].kinds or not can_be_cast(x.dtype, dtype):
        return None
    operand = resolved(whole(x, x.shape), views)
    return Running(line, x.shape, function, operand, axis % len(x.shape), dtype, target_of(line, views))


# -- why a line has no loop ------------------------------------------------------------------------


def why_no_loop(line: Line) -> str:
    """The reason in a few words for a line that stays a call of NumPy."""
    if getattr(line.function, "draws", False):
        return "it draws random numbers"
    if line.out is None and line.target is None:
        return "it checks what it is given, and has no result"
    if stays_in_numpy(line):
        return "NumPy computes several elements at once, which is faster for so many"
    values = [x for x in (*line.reads(), line.out) if x is not None and x.kind != "number"]
    for value in values:
        if value.dtype not in DTYPES or not value.dtype.isnative:
            return f"loops do not compute in {value.dtype}"
    if any(0 in value.shape for value in values):
        return "an array is empty"
    if line.out is not None and line.out.kind == "number":
        return "a call of NumPy reads this number, or it is an integer of Python, which has no bounds"
    if line.out is not None and line.out.kind == "view":
        return "it is a view that loops have no index for"
    if line.out is not None and line.target is None and not (line.out.in_c_order or line.out.in_f_order):
        return "its result lies in memory in another order than C's and Fortran's"
    return "the table of loops does not have it"
