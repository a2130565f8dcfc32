"""What a line is in loops: elementwise, a reduction, a product, arithmetic of numbers; or a call that stays NumPy's.

    Line(np.subtract, (h, y), out=d)       # Elementwise: {0} - {1}, over d's shape
    Line(np.add.reduce, (d,), axis=0)      # Reduction of d along the axis 0
    Line(np.argsort, (d,))                 # None: the program calls NumPy
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..lines import Line, Value
from .access import Access, Entry, resolved, whole
from .scalars import DTYPES, SCALARS, SUMS, Scalar, can_be_cast, literal

ndarray = np.ndarray
Views = dict[Value, Access]
Operand = Any  # an Access, or a scalar: a number's Value, or a Python number

_LARGEST_INTEGER = 1 << 53


@dataclass(eq=False)
class Elementwise:
    """`target[...] = text(operands)` for each index of `space`; the operands are cast to `dtype`."""

    line: Line
    space: tuple[int, ...]
    text: str
    operands: list[Operand]
    casts: list[np.dtype[Any]]
    result: np.dtype[Any]  # of the expression
    target: Access
    checked: list[tuple[Access, int, int]] = field(default_factory=list)  # index arrays: the axis, and its length

    def reads(self) -> Iterator[Access]:
        yield from _accesses(self.operands)
        yield from (entry.by for entry in self.target.entries if entry.by is not None)

    def writes(self) -> Iterator[Access]:
        yield self.target


@dataclass(eq=False)
class Reduction:
    """`target[kept axes] = sum over the other axes of operand`."""

    line: Line
    space: tuple[int, ...]
    function: np.ufunc
    operand: Access
    axes: frozenset[int]
    dtype: np.dtype[Any]  # in which it is summed
    target: Access

    def reads(self) -> Iterator[Access]:
        yield from _accesses([self.operand])

    def writes(self) -> Iterator[Access]:
        yield self.target


@dataclass(eq=False)
class Product:
    """`target = alpha * (a @ b) + beta * target`, for matrices."""

    line: Line
    a: Access
    b: Access
    alpha: Any
    beta: float
    target: Access

    def reads(self) -> Iterator[Access]:
        yield from (self.a, self.b)
        if self.beta:
            yield self.target

    def writes(self) -> Iterator[Access]:
        yield self.target


@dataclass(eq=False)
class Arithmetic:
    """`number = text(operands)`, with Python's numbers; `result` is float or int."""

    line: Line
    text: str
    operands: list[Operand]

    def reads(self) -> Iterator[Access]:
        yield from _accesses(self.operands)

    def writes(self) -> Iterator[Access]:
        return iter(())


Form = Elementwise | Reduction | Product | Arithmetic


def _accesses(operands: list[Operand]) -> Iterator[Access]:
    for x in operands:
        if isinstance(x, Access):
            yield x
            yield from (entry.by for entry in x.entries if entry.by is not None)


def numbers_of(form: Form) -> list[Value]:
    """The Python numbers that a form reads."""
    listed = form.operands if isinstance(form, (Elementwise, Arithmetic)) else [getattr(form, "alpha", None)]
    return [x for x in listed if isinstance(x, Value)]


def form_of(line: Line, views: Views) -> Form | None:
    """The form of a line, or None if it stays a call of NumPy."""
    values = [*line.reads(), *([] if line.out is None else [line.out])]
    if any(x.kind != "number" and not _fits(x) for x in values) or (line.out is None and line.target is None):
        return None
    if line.target is None and not (line.out.in_c_order or line.out.in_f_order):
        return None  # in an order of memory that an array which is made for it would not have
    for reader in (_arithmetic, _product, _descent, _ufunc, _reduction, _other):
        form = reader(line, views)
        if form is not None:
            return form
    return None


def _fits(value: Value) -> bool:
    native: bool = value.dtype in DTYPES and value.dtype.isnative
    return native and 0 not in value.shape


def is_constant(x: Any) -> bool:
    """Whether an operand is a number that is known when the program is written."""
    return isinstance(x, Value) and x.kind == "constant" and not x.shape


def _operand(x: Any, space: tuple[int, ...], views: Views) -> Operand:
    if not isinstance(x, Value) or x.kind == "number":
        return x
    if is_constant(x):
        return x.array[()]
    return resolved(whole(x, space), views)


def _target(line: Line, views: Views) -> Access:
    return resolved(whole(line.out, line.out.shape), views)


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
        return Arithmetic(line, f"np.{'float64' if x.dtype.kind == 'f' else 'int64'}({{0}})", [_operand(x, (), views)])
    text = _ARITHMETIC.get(line.function)
    kinds = [kind_of_number(x) for x in line.args]
    if text is None or None in kinds or float not in kinds or any(_is_huge(x) for x in line.args):
        return None
    return Arithmetic(line, text, list(line.args))


def kind_of_number(x: Any) -> type | None:
    """float or int, for a Python number; None if it is another, or not known."""
    value = x.array if isinstance(x, Value) and x.kind == "number" else x
    return type(value) if type(value) in (float, int) else None


def _is_huge(x: Any) -> bool:
    return type(x) is int and abs(x) > _LARGEST_INTEGER


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
    form = _matrices(line, a, b, alpha, 1.0, whole(line.target, line.target.shape), views)
    return form


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


def is_transposed(access: Access) -> bool:
    """Whether the access to a matrix is to its transpose; a matrix of one column or row may be either."""
    first, second = access.entries
    return first.axis == 1 or second.axis == 0


# -- elementwise -----------------------------------------------------------------------------------


def _ufunc(line: Line, views: Views) -> Form | None:
    scalar = SCALARS.get(line.function) if isinstance(line.function, np.ufunc) else None
    if scalar is None or line.kwargs or len(line.args) != line.function.nin:
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
        elif type(x) is int and (_is_huge(x) or (dtype.kind == "i" and dtype.type(x) != x)):
            return None
    if not can_be_cast(result, out.dtype):
        return None
    operands = [_operand(x, out.shape, views) for x in args]
    text = scalar.text.replace("{T}", f"np.{casts[0].name}" if casts else "")
    return Elementwise(line, out.shape, text, operands, casts, result, _target(line, views))


_COPY, _WHERE = Scalar("{0}", "fib"), Scalar("{1} if {0} else {2}", "fib")


def _other(line: Line, views: Views) -> Form | None:
    """Functions that are no ufuncs but compute each element for itself."""
    reader = _OTHERS.get(line.function)
    return None if reader is None else reader(line, views)


def _where(line: Line, views: Views) -> Form | None:
    if len(line.args) != 3 or line.kwargs or getattr(line.args[0], "dtype", None) != bool:
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
    form = Elementwise(line, line.out.shape, "{0}", [operand], [base.dtype], base.dtype, _target(line, views))
    form.checked = checked
    return form if line.out.dtype == base.dtype else None


def _setitem(line: Line, views: Views) -> Form | None:
    base, index, x = line.args
    if index is Ellipsis or (isinstance(index, slice) and index == slice(None)):
        return _copy_of(line, x, views)
    shape = _shape_at(index)
    entries = None if shape is None else _entries(base, index, shape, views)
    if entries is None or shape is None:
        return None
    target, checked = entries
    if isinstance(x, Value) and x.kind != "number" and (len(x.shape) > len(shape) or not can_be_cast(x.dtype, base.dtype)):
        return None
    if isinstance(x, Value) and x.kind == "number":
        return None
    operand = _operand(x, shape, views)
    return Elementwise(line, shape, "{0}", [operand], [base.dtype], base.dtype, target, checked)


def _shape_at(index: Any) -> tuple[int, ...] | None:
    arrays = [part for part in (index if isinstance(index, tuple) else (index,)) if isinstance(part, Value)]
    return np.broadcast_shapes(*(x.shape for x in arrays)) if arrays else ()


def _entries(base: Value, index: Any, shape: tuple[int, ...], views: Views) -> Any:
    """The access base[index] with its index arrays to be checked, if the index has an integer for every axis."""
    parts = index if isinstance(index, tuple) else (index,)
    if not isinstance(base, Value) or len(parts) != len(base.shape) or base in views:
        return None
    entries: list[Entry] = []
    checked: list[tuple[Access, int, int]] = []
    for axis, (part, size) in enumerate(zip(parts, base.shape, strict=True)):
        if isinstance(part, Value) and part.kind != "number" and part.shape and part.dtype == np.int64:
            access = resolved(whole(part, shape), views)
            if any(entry.by is not None for entry in access.entries):
                return None
            entries.append(Entry(None, by=access))
            if part.kind != "constant" or not (-size <= part.array.min() and part.array.max() < size):
                checked.append((access, axis, size))
        elif type(part) is int and -size <= part < size:
            entries.append(Entry(None, 1, part % size))
        else:
            return None
    return Access(base, tuple(entries)), checked


_OTHERS = {
    np.where: _where, np.clip: _clip, ndarray.astype: _astype, np.copy: _copy, np.array: _copy, np.copyto: _copyto,
    ndarray.fill: _fill, np.zeros_like: _filled(0), np.ones_like: _filled(1), operator.getitem: _getitem,
    operator.setitem: _setitem,
}  # fmt: skip


# -- reductions ------------------------------------------------------------------------------------


def _reduction(line: Line, views: Views) -> Form | None:
    function = getattr(line.function, "__self__", None)
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
