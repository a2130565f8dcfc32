"""Reads lines: which form each of them is, or that it stays a call of NumPy, and why."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..lines import Line, Value
from .access import Access, Entry, resolved, whole
from .elementwise import elementwise, stays_in_numpy
from .forms import Arithmetic, Form, Product, Reduction, Views, is_constant, is_huge, kind_of_number, operand_of
from .scalars import DTYPES, SUMS, can_be_cast

ndarray = np.ndarray


def form_of(line: Line, views: Views) -> Form | None:
    """The form of a line, or None if it stays a call of NumPy."""
    values = [*line.reads(), *([] if line.out is None else [line.out])]
    if any(x.kind != "number" and not _fits(x) for x in values) or (line.out is None and line.target is None):
        return None
    if line.target is None and not (line.out.in_c_order or line.out.in_f_order):
        return None  # in an order of memory that an array which is made for it would not have
    for reader in (_arithmetic, _product, _descent, elementwise, _reduction):
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


# -- products --------------------------------------------------------------------------------------


def _product(line: Line, views: Views) -> Form | None:
    if line.function not in (np.dot, np.matmul) or line.kwargs or line.target is not None or len(line.args) != 2:
        return None
    a, b = line.args
    if not isinstance(a, Value) or not isinstance(b, Value):
        return None
    return _matrices(line, a, b, 1.0, 0.0, whole(line.out, line.out.shape), views)


def _descent(line: Line, views: Views) -> Form | None:
    """What `descent.fuse` made of an update: a call of gemm that adds a product to a weight, by transposes."""
    if not str(getattr(line.function, "__name__", "")).endswith("gemm") or line.target is None:
        return None
    alpha, first, second, _, _, turned_first, turned_second, _ = line.args
    a, b = (_turned(x, not flag) for x, flag in ((second, turned_second), (first, turned_first)))
    return _matrices(line, a, b, alpha, 1.0, whole(line.target, line.target.shape), views)


def _turned(x: Value, turn: bool) -> Any:
    return (x, turn)


def _matrices(line: Line, a: Any, b: Any, alpha: Any, beta: float, target: Access, views: Views) -> Form | None:
    sides = []
    for x in (a, b):
        value, turn = x if isinstance(x, tuple) else (x, False)
        if len(value.shape) != 2:
            return None
        access = resolved(whole(value, value.shape), views)
        if access.base.shape not in (value.shape, value.shape[::-1]):
            return None  # a part of a matrix
        sides.append(_transposed(access) if turn else access)
    matrices = [*sides, resolved(target, views)]
    dtypes = {access.base.dtype for access in matrices}
    if len(dtypes) != 1 or dtypes.pop().kind != "f" or not all(map(_is_matrix, matrices)):
        return None
    if is_constant(alpha):
        alpha = alpha.array.item()
    if not isinstance(alpha, (float, int)) and not (isinstance(alpha, Value) and kind_of_number(alpha)):
        return None
    return Product(line, matrices[0], matrices[1], alpha, beta, matrices[2])


def _transposed(access: Access) -> Access:
    turned = {0: 1, 1: 0, None: None}
    return Access(access.base, tuple(entry._replace(axis=turned[entry.axis]) for entry in access.entries))


def _is_matrix(access: Access) -> bool:
    """Whether an access is to a whole contiguous matrix, as it is or transposed."""
    base = access.base
    if len(base.shape) != 2 or not (base.in_c_order or base.in_f_order):
        return False
    return all(entry.scale == 1 and entry.start == 0 and entry.by is None for entry in access.entries)


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
    return "the table of loops does not have it"
