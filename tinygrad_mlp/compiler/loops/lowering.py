"""Replaces calls that have no loop by lines that have one, before the lines are named and read.

np.any(mask, axis=1)       # becomes np.logical_or.reduce(mask, axis=1)
np.stack([a, b])           # becomes copies of a and b into parts of a new array
np.linalg.norm(x)          # becomes np.sqrt(np.add.reduce(x * x))
v[:, None] @ w[None]       # becomes v[:, None] * w[None]
x.T.reshape(6)             # becomes a copy of x.T, and a view of the copy
x[:, ::2] @ w              # becomes a copy of x[:, ::2], and its product
x[1:, 0] = y               # becomes a copy of y into the view x[1:, 0]
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lines import Line, Program, Value
from .access import has_index
from .scalars import DTYPES

ndarray = np.ndarray


def lower(program: Program) -> None:
    """Replace the lines of a program for which there are others that have loops."""
    lines: list[Line] = []
    for line in program.lines:
        rule = _RULES.get(line.function)
        written = line.target is not None and line.function is not operator.setitem
        lines += (None if rule is None or written else rule(line, program)) or [line]
    program.lines = lines


def _made(shape: tuple[int, ...], dtype: Any) -> Value:
    """A new array in C order."""
    value = Value(None, "made")
    value.shape, value.dtype = shape, np.dtype(dtype)
    value.in_f_order = sum(size != 1 for size in shape) < 2
    return value


def _has_elements(x: Any) -> bool:
    """Whether an operand is an array that loops can read."""
    is_array = isinstance(x, Value) and x.kind != "number" and x.dtype in DTYPES
    return is_array and x.dtype.isnative and 0 not in x.shape


def _line(of: Line, function: Any, args: tuple[Any, ...], out: Value, **kwargs: Any) -> Line:
    return Line(function, args, kwargs, out, None, of.where, calls=of.calls)


def _whether(ufunc: np.ufunc) -> Callable[[Line, Program], list[Line] | None]:
    """np.any and np.all, as reductions of truths."""

    def rule(line: Line, program: Program) -> list[Line] | None:
        (x, *others), lines = line.args, []
        if others or line.kwargs.keys() - {"axis", "keepdims"} or not _has_elements(x):
            return None
        if x.dtype != bool:
            truths = _made(x.shape, bool)
            lines = [_line(line, np.not_equal, (x, 0), truths)]
            x = truths
        return [*lines, _line(line, ufunc.reduce, (x,), line.out, **{"axis": None, **line.kwargs})]

    return rule


def _norm(line: Line, program: Program) -> list[Line] | None:
    """The norm of a vector: of the squares, of the sizes, or the largest size."""
    x, order = (*line.args, None)[:2]
    if line.kwargs or len(line.args) > 2 or not _has_elements(x) or len(x.shape) != 1 or x.dtype.kind != "f":
        return None
    if order not in (None, 1, 2, math.inf):
        return None
    sizes = _made(x.shape, x.dtype)
    if order in (1, math.inf):
        reduced = np.add if order == 1 else np.maximum
        return [
            _line(line, np.absolute, (x,), sizes), _line(line, reduced.reduce, (sizes,), line.out, axis=None)
        ]  # fmt: skip
    total = _made((), x.dtype)
    return [
        _line(line, np.multiply, (x, x), sizes),
        _line(line, np.add.reduce, (sizes,), total, axis=None),
        _line(line, np.sqrt, (total,), line.out),
    ]


def _product(line: Line, program: Program) -> list[Line] | None:
    """The product of two vectors is a sum; that of a column and a row needs none; else BLAS is given whole matrices."""
    if line.kwargs or len(line.args) != 2 or not all(isinstance(x, Value) for x in line.args):
        return None
    a, b = line.args
    if a.dtype != b.dtype or a.dtype.kind != "f" or 0 in (*a.shape, *b.shape):
        return None
    if len(a.shape) == len(b.shape) == 2 and a.shape[1] == 1:
        return [_line(line, np.multiply, (a, b), line.out)]
    if not len(a.shape) == len(b.shape) == 1:
        return _of_whole_matrices(line)
    products = _made(a.shape, a.dtype)
    return [
        _line(line, np.multiply, (a, b), products), _line(line, np.add.reduce, (products,), line.out, axis=None)
    ]  # fmt: skip


def _of_whole_matrices(line: Line) -> list[Line] | None:
    """A product of parts of arrays, or of expanded ones: of copies in C order."""
    copies, args = [], []
    for x in line.args:
        is_part = x.kind == "view" and math.prod(x.shape) != math.prod(x.root.shape)
        if ((x.in_c_order or x.in_f_order) and not is_part) or not _has_elements(x):
            args.append(x)
        elif x.kind == "constant":
            args.append(Value(np.ascontiguousarray(x.array), "constant"))
        else:
            args.append(_made(x.shape, x.dtype))
            copies.append(_line(line, np.copy, (x,), args[-1], order="C"))
    return None if args == [*line.args] else [*copies, _line(line, line.function, tuple(args), line.out)]


def _joined(line: Line, program: Program) -> list[Line] | None:
    """np.stack and np.concatenate, as copies into the parts of a new array."""
    (parts, *others), out = line.args, line.out
    axis = line.kwargs.get("axis", others[0] if others else 0)
    if line.kwargs.keys() - {"axis"} or len(others) > 1 or not isinstance(axis, int) or out in program.outputs:
        return None
    if not all(_has_elements(x) and x.dtype == out.dtype for x in parts) or not out.in_c_order:
        return None
    if not has_index(out.shape):
        return None
    axis %= len(out.shape)
    lines, at = [], 0
    for x in parts:
        stop = at + (1 if line.function is np.stack else x.shape[axis])
        place = at if line.function is np.stack else slice(at, stop)
        at = stop
        view = out.view(x.shape, out.dtype)
        view.in_c_order = view.in_f_order = False
        lines.append(_line(line, operator.getitem, (out, (*[slice(None)] * axis, place, Ellipsis)), view))
        copied = _line(line, np.copyto, (view, x), view)
        copied.target = view
        lines.append(copied)
    return lines


def _reshaped(line: Line, program: Program) -> list[Line] | None:
    """A reshape that has to copy: a copy in C order, and a view of it."""
    x, out = line.args[0], line.out
    if out.kind != "made" or line.kwargs or not _has_elements(x) or out in program.outputs:
        return None
    copied = _made(x.shape, x.dtype)
    for other in {v for of in program.lines for v in (*of.reads(), of.out, of.target) if v is not None}:
        if other is not out and other.root is out:
            other.root = copied
    for other in program.outputs:
        if other.root is out:
            other.root = copied
    out.kind, out.root = "view", copied
    line.args = (copied, *line.args[1:])
    return [_line(line, np.copy, (x,), copied, order="C"), line]


def _assigned(line: Line, program: Program) -> list[Line] | None:
    """An assignment to elements that are a view, as a copy into it."""
    base, index, x = line.args
    if index is Ellipsis or not _is_basic(index) or not _has_elements(base) or not has_index(base.shape):
        return None
    part: Any = np.broadcast_to(np.False_, base.shape)[index]
    if not isinstance(part, ndarray) or 0 in part.shape:
        return None
    if isinstance(x, Value) and x.kind != "number":
        if x.root is base.root or x.dtype != base.dtype or len(x.shape) > len(part.shape):
            return None
    elif base.dtype.kind != "f":
        return None
    view = base.view(part.shape, base.dtype)
    view.in_c_order = view.in_f_order = False
    copied = _line(line, np.copyto, (view, x), view)
    copied.target = view
    return [_line(line, operator.getitem, (base, index), view), copied]


def _is_basic(index: Any) -> bool:
    """Whether an index is made of numbers that are known, and so gives a view."""
    for part in index if isinstance(index, tuple) else (index,):
        of = (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
        if not all(x is None or x is Ellipsis or type(x) is int for x in of):
            return False
    return True


_RULES: dict[Any, Callable[[Line, Program], list[Line] | None]] = {
    np.any: _whether(np.logical_or), np.all: _whether(np.logical_and), np.linalg.norm: _norm, np.dot: _product,
    np.matmul: _product, np.stack: _joined, np.concatenate: _joined, ndarray.reshape: _reshaped,
    operator.setitem: _assigned,
}  # fmt: skip
