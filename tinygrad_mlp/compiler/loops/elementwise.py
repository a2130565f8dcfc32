"""Reads the lines that compute each element for itself: ufuncs, np.where, copies, and elements at integer indices."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..lines import Line, Value
from .access import Access, Entry, resolved, whole
from .forms import Elementwise, Form, Views, is_huge, kind_of_number, operand_of, target_of
from .scalars import DTYPES, Scalar, can_be_cast, is_faster_in_numpy, scalar_of

ndarray = np.ndarray


def elementwise(line: Line, views: Views) -> Form | None:
    """The form of a line if it is elementwise, else None."""
    reader = _OTHERS.get(line.function)
    return _ufunc(line, views) if reader is None else reader(line, views)


def stays_in_numpy(line: Line) -> bool:
    """Whether a line has a loop, and NumPy is faster."""
    return line.out is not None and is_faster_in_numpy(line.function, math.prod(line.out.shape), line.out.dtype)


def _ufunc(line: Line, views: Views) -> Form | None:
    scalar = scalar_of(line.function) if isinstance(line.function, np.ufunc) else None
    if scalar is None or line.kwargs or len(line.args) != line.function.nin or stays_in_numpy(line):
        return None
    kinds = [_promotable(x) for x in line.args]
    if any(kind is None for kind in kinds):  # a dtype equals None: that of float64
        return None
    try:
        dtypes = line.function.resolve_dtypes((*kinds, None))
    except (TypeError, OverflowError):
        return None
    text, casts, result = scalar.text, list(dtypes[:-1]), dtypes[-1]
    return _elementwise(line, scalar._replace(text=text), list(line.args), casts, result, views)


def _promotable(x: Any) -> Any:
    """What NumPy promotes an operand by: its dtype, or the type of a Python number."""
    if isinstance(x, Value):
        return kind_of_number(x) if x.kind == "number" else x.dtype
    if isinstance(x, np.generic):
        return x.dtype
    return type(x) if type(x) in (int, float) else np.dtype(bool) if type(x) is bool else None


def _elementwise(
    line: Line, scalar: Scalar, args: list[Any], casts: list[Any], result: np.dtype[Any], views: Views
) -> Form | None:
    out = line.out
    if result not in DTYPES or any(dtype not in DTYPES or dtype.kind not in scalar.kinds for dtype in casts):
        return None
    for x, dtype in zip(args, casts, strict=True):
        if isinstance(x, Value) and x.kind == "number":
            if kind_of_number(x) is int and dtype.kind != "f":
                return None
        elif isinstance(x, Value):
            if not can_be_cast(x.dtype, dtype):
                return None
        elif type(x) is int and (is_huge(x) or (dtype.kind == "i" and dtype.type(x) != x)):
            return None
    if not can_be_cast(result, out.dtype):
        return None
    operands = [operand_of(x, out.shape, views) for x in args]
    text = scalar.text.replace("{T}", f"np.{casts[0].name}" if casts else "")
    return Elementwise(line, out.shape, text, operands, casts, result, target_of(line, views))


_COPY, _WHERE = Scalar("{0}", "fib"), Scalar("{1} if {0} else {2}", "fib")


def _where(line: Line, views: Views) -> Form | None:
    if len(line.args) != 3 or line.kwargs or getattr(getattr(line.args[0], "dtype", None), "kind", "") != "b":
        return None
    return _elementwise(line, _WHERE, list(line.args), [np.dtype(bool), *[line.out.dtype] * 2], line.out.dtype, views)


def _clip(line: Line, views: Views) -> Form | None:
    x, low, high = (*line.args, None, None)[:3]
    if line.kwargs or len(line.args) > 3 or not isinstance(x, Value):
        return None
    bounds = [bound for bound in (low, high) if bound is not None]
    kinds = [_promotable(bound) for bound in bounds]
    if x.dtype.kind != "f" or not all(kind is float or kind is int or kind is x.dtype for kind in kinds):
        return None
    text = "{0}" if low is None else "maximum({0}, {1})"
    text = text if high is None else f"minimum({text}, {{{len(bounds)}}})"
    return _elementwise(line, Scalar(text, "f"), [x, *bounds], [x.dtype] * (1 + len(bounds)), x.dtype, views)


def _astype(line: Line, views: Views) -> Form | None:
    if line.kwargs or len(line.args) != 2:
        return None
    return _copy_of(line, line.args[0], views)


def _copy(line: Line, views: Views) -> Form | None:
    if line.kwargs.keys() - {"order"} or len(line.args) != 1:
        return None
    return _copy_of(line, line.args[0], views)


def _copyto(line: Line, views: Views) -> Form | None:
    return None if line.kwargs or len(line.args) != 2 else _copy_of(line, line.args[1], views)


def _copy_of(line: Line, x: Any, views: Views) -> Form | None:
    if isinstance(x, Value) and x.kind != "number" and len(x.shape) > len(line.out.shape):
        return None
    return _elementwise(line, _COPY, [x], [line.out.dtype], line.out.dtype, views)


def _fill(line: Line, views: Views) -> Form | None:
    return _copy_of(line, line.args[1], views)


def _filled(value: int) -> Any:
    def reader(line: Line, views: Views) -> Form | None:
        return _copy_of(line, value, views) if line.kwargs.keys() <= {"dtype", "shape"} else None

    return reader


def _getitem(line: Line, views: Views) -> Form | None:
    """Elements of an array at integers that other arrays hold (and single elements, which are no views)."""
    base, index = line.args
    entries = _entries(base, index, line.out.shape, views)
    if entries is None:
        return None
    operand, checked = entries
    form = Elementwise(line, line.out.shape, "{0}", [operand], [base.dtype], base.dtype, target_of(line, views))
    form.checked = checked
    return form if line.out.dtype == base.dtype else None


def _setitem(line: Line, views: Views) -> Form | None:
    base, index, x = line.args
    if index is Ellipsis or (isinstance(index, slice) and index == slice(None)):
        return _copy_of(line, x, views)
    shape = _shape_at(base, index)
    entries = None if shape is None else _entries(base, index, shape, views)
    if entries is None or shape is None:
        return None
    target, checked = entries
    if (
        isinstance(x, Value)
        and x.kind != "number"
        and (len(x.shape) > len(shape) or not can_be_cast(x.dtype, base.dtype))
    ):
        return None
    if isinstance(x, Value) and x.kind == "number":
        return None
    operand = operand_of(x, shape, views)
    return Elementwise(line, shape, "{0}", [operand], [base.dtype], base.dtype, target, checked)


def _shape_at(base: Any, index: Any) -> tuple[int, ...] | None:
    """The shape of `base[index]`, where the index is made of integers and arrays of them; else None."""
    parts = index if isinstance(index, tuple) else (index,)
    if not isinstance(base, Value) or len(parts) > len(base.shape):
        return None
    arrays = [part.shape for part in parts if isinstance(part, Value)]
    return (*np.broadcast_shapes(*arrays), *base.shape[len(parts) :])


def _entries(base: Value, index: Any, shape: tuple[int, ...], views: Views) -> Any:
    """The access base[index] with its index arrays to be checked, if the index has an integer for every axis."""
    parts = index if isinstance(index, tuple) else (index,)
    if not isinstance(base, Value) or len(parts) > len(base.shape) or base in views:
        return None
    entries: list[Entry] = []
    checked: list[tuple[Access, int, int]] = []
    of_index = shape[: len(shape) - (len(base.shape) - len(parts))]
    for axis, (part, size) in enumerate(zip(parts, base.shape, strict=False)):
        if isinstance(part, Value) and part.kind != "number" and part.shape and part.dtype == np.int64:
            access = resolved(whole(part, of_index), views)
            if any(entry.by is not None for entry in access.entries):
                return None
            entries.append(Entry(None, by=access))
            if part.kind != "constant" or not (-size <= part.array.min() and part.array.max() < size):
                checked.append((access, axis, size))
        elif type(part) is int and -size <= part < size:
            entries.append(Entry(None, 1, part % size))
        else:
            return None
    if len(parts) < len(base.shape) and all(entry.by is None for entry in entries):
        return None  # a view
    for axis, size in enumerate(base.shape[len(parts) :], len(of_index)):
        entries.append(Entry(None) if size == 1 else Entry(axis))
    return Access(base, tuple(entries)), checked


def _add_at(line: Line, views: Views) -> Form | None:
    """np.add.at: what belongs to one place is added in the order of the indices."""
    base, index, x = line.args
    shape = _shape_at(base, index)
    if line.kwargs or shape is None or not isinstance(x, Value) or x.kind == "number" or x.dtype != base.dtype:
        return None
    entries = _entries(base, index, shape, views)
    if entries is None or len(x.shape) > len(shape):
        return None
    target, checked = entries
    operands = [target, operand_of(x, shape, views)]
    return Elementwise(line, shape, "{0} + {1}", operands, [base.dtype] * 2, base.dtype, target, checked)


def _take_along_axis(line: Line, views: Views) -> Form | None:
    """np.take_along_axis: along one axis the elements at the indices, which have their own along the others."""
    x, index, axis = (*line.args, None)[:3]
    if line.kwargs or len(line.args) != 3 or not isinstance(axis, int) or x in views or index.dtype != np.int64:
        return None
    axis %= len(x.shape)
    by, shape = resolved(whole(index, line.out.shape), views), line.out.shape
    if any(entry.by is not None for entry in by.entries) or len(x.shape) != len(index.shape):
        return None
    entries = [Entry(None) if size == 1 else Entry(k) for k, size in enumerate(x.shape)]
    entries[axis] = Entry(None, by=by)
    operand = Access(x, tuple(entries))
    return Elementwise(
        line, shape, "{0}", [operand], [x.dtype], x.dtype, target_of(line, views), [(by, axis, x.shape[axis])]
    )


_OTHERS = {
    np.where: _where, np.clip: _clip, ndarray.astype: _astype, np.copy: _copy, np.array: _copy, np.copyto: _copyto,
    ndarray.fill: _fill, np.zeros_like: _filled(0), np.ones_like: _filled(1), operator.getitem: _getitem,
    operator.setitem: _setitem, np.add.at: _add_at, np.take_along_axis: _take_along_axis,
}  # fmt: skip
