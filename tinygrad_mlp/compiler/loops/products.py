"""Reads and writes products: of matrices, of vectors, which are matrices of one row or column, and of batches.

    h = x @ w.T     # gemm(1.0, x, False, w, True, 0.0, h)
    s = q @ k       # with q and k of three axes: for i in range(4): gemm(1.0, q[i], False, k[i], False, 0.0, s[i])
    h = batch @ w   # gemm(1.0, batch.reshape((24, 8)), False, w, False, 0.0, h.reshape((24, 8)))

In the accesses of a product the first axes are those of the batch, and the last two those of the matrices.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..lines import Line, Value
from .access import Access, Entry, resolved
from .forms import Form, Product, Views, is_constant, kind_of_number

_LETTERS = "ijklmnpq"


# -- reading ---------------------------------------------------------------------------------------


def product(line: Line, views: Views) -> Form | None:
    """The form of a line that is a product by BLAS, else None."""
    if line.function not in (np.dot, np.matmul) or line.kwargs or line.target is not None or len(line.args) != 2:
        return None
    a, b = line.args
    if not isinstance(a, Value) or not isinstance(b, Value) or not a.shape or not b.shape:
        return None
    if len(a.shape) == len(b.shape) == 1 or (line.function is np.dot and max(len(a.shape), len(b.shape)) > 2):
        return None
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    count = len(batch)
    rows, inner, columns = a.shape[-2] if len(a.shape) > 1 else 1, a.shape[-1], b.shape[-1] if len(b.shape) > 1 else 1
    made = [count + 1] if len(a.shape) == 1 else [count] if len(b.shape) == 1 else [count, count + 1]
    sides = (
        _side(a, [count + 1] if len(a.shape) == 1 else [count, count + 1], (*batch, rows, inner), views),
        _side(b, [count] if len(b.shape) == 1 else [count, count + 1], (*batch, inner, columns), views),
        _side(line.out, made, (*batch, rows, columns), views),
    )
    return _of_sides(line, sides, 1.0, 0.0, batch)


def descent(line: Line, views: Views) -> Form | None:
    """What `descent.fuse` made of an update: a call of gemm that adds a product to a weight, by transposes."""
    if not str(getattr(line.function, "__name__", "")).endswith("gemm") or line.target is None:
        return None
    alpha, first, second, _, _, turned_first, turned_second, _ = line.args
    sides = []
    for x, turn in ((second, not turned_second), (first, not turned_first), (line.target, False)):
        side = _side(x, [0, 1], x.shape, views)
        sides.append(_transposed(side) if turn and side is not None else side)
    return _of_sides(line, tuple(sides), alpha, 1.0, ())


def _of_sides(line: Line, sides: Any, alpha: Any, beta: float, batch: tuple[int, ...]) -> Form | None:
    if any(side is None for side in sides) or {side.base.dtype for side in sides} != {line.out.dtype}:
        return None
    if is_constant(alpha):
        alpha = alpha.array.item()
    if not isinstance(alpha, (float, int)) and not (isinstance(alpha, Value) and kind_of_number(alpha)):
        return None
    return Product(line, sides[0], sides[1], alpha, beta, sides[2], batch) if line.out.dtype.kind == "f" else None


def _side(x: Value, matrix: list[int], sizes: tuple[int, ...], views: Views) -> Access | None:
    """The access to an operand or the result, if each of its matrices is whole, and in one piece of memory.

    `matrix` are the axes of the product to which the operand's last axes belong, `sizes` the lengths of all axes.
    """
    count = len(sizes) - 2
    axes = [*range(count + len(matrix) - len(x.shape), count), *matrix]
    entries = (Entry(None) if size == 1 else Entry(axis) for axis, size in zip(axes, x.shape, strict=True))
    access = resolved(Access(x, tuple(entries)), views)
    base = access.base
    for entry, size in zip(access.entries, base.shape, strict=True):
        if entry.by is not None or entry.scale != 1 or entry.start != 0:
            return None
        if size != (1 if entry.axis is None else sizes[entry.axis]):
            return None
    leading, trailing = _split(access, count)
    if not trailing or any(entry.axis is not None and entry.axis < count for entry in trailing):
        return None
    in_order = base.in_c_order or (not leading and len(trailing) == 2 and base.in_f_order)
    return access if in_order else None


def _split(access: Access, count: int) -> tuple[list[Entry], list[Entry]]:
    """The entries that say which matrix of a batch it is, and those of the matrix itself."""
    entries = list(access.entries)
    at = 0
    while at < len(entries) and (
        len(entries) - at > 2 or (entries[at].axis is not None and entries[at].axis < count)  # type: ignore[operator]
    ):
        at += 1
    return entries[:at], entries[at:]


def _transposed(access: Access) -> Access:
    turned = {0: 1, 1: 0, None: None}
    return Access(access.base, tuple(entry._replace(axis=turned[entry.axis]) for entry in access.entries))


def is_transposed(access: Access, count: int) -> bool:
    """Whether the access is to transposed matrices; a matrix of one column or row may be either."""
    trailing = _split(access, count)[1]
    return len(trailing) == 2 and (trailing[0].axis == count + 1 or trailing[1].axis == count)


# -- writing ---------------------------------------------------------------------------------------


def said(form: Product, names: dict[Any, str]) -> str:
    """The product as a person writes it."""
    count = len(form.batch)
    c, a, b = (
        f"{names[x.base]}{('.mT' if count else '.T') if is_transposed(x, count) else ''}"
        for x in (form.target, form.a, form.b)
    )
    return f"{c} += {form.factor(names)} * ({a} @ {b})" if form.beta else f"{c} = {a} @ {b}"


def text_of(form: Product, names: dict[Any, str], taken: set[str]) -> list[str]:
    """The calls of gemm that compute a product, with the loops around them."""
    comment = f"# {said(form, names)}"
    joined = _is_one_product(form)
    loops: list[str] = []
    index: dict[int, str] = {}
    letters = iter(letter for letter in _LETTERS if letter not in taken)
    for axis, size in enumerate(form.batch):
        if size != 1 and not joined:
            index[axis] = next(letters)
            loops.append(f"{'    ' * len(loops)}for {index[axis]} in range({size}):")
    a, turned_a, b, turned_b, c = _in_c_order(form)
    first, second, into = (_matrix(x, names, index, len(form.batch), joined and x is not form.b) for x in (a, b, c))
    arguments = f"{form.factor(names)}, {first}, {turned_a}, {second}, {turned_b}, {form.beta}, {into}"
    return [*loops, f"{'    ' * len(loops)}{form.by.function}({arguments})  {comment}"]


class Size(NamedTuple):
    """What the time of a product depends on: the matrices are rows x inner and inner x columns, or their transposes."""

    dtype: str
    rows: int
    inner: int
    columns: int
    turned_a: bool
    turned_b: bool
    adds: bool


def size_of(form: Product) -> Size:
    """The size of a call of gemm for a product."""
    count = len(form.batch)
    rows, inner, columns = _length(form.a, count), _length(form.a, count + 1), _length(form.b, count + 1)
    if _is_one_product(form):
        rows *= math.prod(form.batch)
    a, turned_a, _, turned_b, _ = _in_c_order(form)
    if a is not form.a:
        rows, columns = columns, rows
    return Size(form.line.out.dtype.name, rows, inner, columns, turned_a, turned_b, bool(form.beta))


def _length(access: Access, axis: int) -> int:
    """The length of an axis of a product, in one of its operands."""
    sizes = zip(access.entries, access.base.shape, strict=True)
    return math.prod(size for entry, size in sizes if entry.axis == axis)


def _in_c_order(form: Product) -> tuple[Access, bool, Access, bool, Access]:
    """The operands of gemm, each with whether it is transposed, and its target, which is not."""
    count = len(form.batch)
    joined = _is_one_product(form)
    turned_a, turned_c = (not joined and _is_turned(x, count) for x in (form.a, form.target))
    turned_b = _is_turned(form.b, count)
    if turned_c:  # c.T = b.T @ a.T
        return form.b, not turned_b, form.a, not turned_a, form.target
    return form.a, turned_a, form.b, turned_b, form.target


def _is_one_product(form: Product) -> bool:
    """Whether the rows of all matrices of the first operand are those of one matrix, as of `batch @ weight`."""
    count = len(form.batch)
    if not count or any(entry.axis is not None for entry in _split(form.b, count)[0]):
        return False
    for access in (form.a, form.target):
        leading, trailing = _split(access, count)
        axes = [entry.axis for entry in leading if entry.axis is not None]
        if len(trailing) != 2 or is_transposed(access, count) or axes != sorted(axes):
            return False
        if axes != [axis for axis, size in enumerate(form.batch) if size != 1]:
            return False
    return True


def _matrix(access: Access, names: dict[Any, str], index: dict[int, str], count: int, joined: bool) -> str:
    """The expression of a matrix in C order."""
    base, name = access.base, names[access.base]
    leading, trailing = _split(access, count)
    if joined:
        return f"{name}.reshape(({math.prod(base.shape[:-1])}, {base.shape[-1]}))"
    if leading:
        name += f"[{', '.join('0' if entry.axis is None else index[entry.axis] for entry in leading)}]"
    if len(trailing) == 1:
        size = base.shape[-1]
        return f"{name}.reshape(({size}, 1))" if trailing[0].axis == count else f"{name}.reshape((1, {size}))"
    return name if base.in_c_order else f"{name}.T"


def _is_turned(access: Access, count: int) -> bool:
    """Whether an operand is the transpose of its matrix in C order (`_matrix`)."""
    return is_transposed(access, count) != (len(_split(access, count)[1]) == 2 and not access.base.in_c_order)
