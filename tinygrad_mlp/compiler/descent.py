"""A pass for plain gradient descent, `w -= lr * (a @ b)`, where the gradient a @ b is used nowhere else.

    product = a @ b; scaled = lr * product; w -= scaled
    sgemm(-lr, b.T, a.T, 1.0, w.T, overwrite)  # a small product, or if all are SciPy's: BLAS adds it to the weight
    factor = lr * a; w -= factor @ b           # otherwise, if a has fewer elements than w

Either way fewer passes are made over arrays of the weight's size. Rounding changes by less than 1e-6.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from .fusion import uses
from .lines import Instead, Line, Program, Value
from .products import fits_gemm, gemm_of, is_large
from .reasons import ADDED_BY_GEMM, SCALED_BEFORE
from .rewrites import drop_dead, writes_by_root

ndarray = np.ndarray


class Descent(NamedTuple):
    """What belongs to one descent: the lines of the update, the product and its multiple, the factor, and its sign."""

    update: Line
    product: Line
    scaled: Line
    scale: Any
    sign: float


def fuse(program: Program, blas: str | None) -> None:
    """Rewrite every plain descent; `blas` is as in `passes.finish`."""
    made = {line.out: line for line in program.lines if line.target is None}
    count, writes = uses(program), writes_by_root(program)
    places = {id(line): place for place, line in enumerate(program.lines)}
    before: dict[int, list[Line]] = {}  # the new lines, by the id of the line that they precede
    for line in program.lines:
        found = _descent(line, count, made)
        if found is None:
            continue
        a, b = found.product.args
        between = range(places[id(found.product)] + 1, places[id(line)])
        if line.target.root in (a.root, b.root) or any(p in between for x in (a, b) for p in writes.get(x.root, ())):
            continue
        may = blas == "scipy" or (blas == "numpy" and not is_large(a, b))
        if may and fits_gemm(line.target, a, b):
            before[id(line)] = _into_product(found, made)
        else:
            before[id(found.product)] = _into_factor(found)
    program.lines = [part for line in program.lines for part in (*before.get(id(line), ()), line)]
    drop_dead(program)


def _descent(line: Line, count: Counter[Value], made: dict[Any, Line]) -> Descent | None:
    """The descent of a line `w -= scale * product` (or +=), if the product and its multiple are used only here."""
    w = line.target
    if w is None or line.function not in (np.subtract, np.add) or line.kwargs or line.args[0] is not w:
        return None
    scaled = made.get(line.args[1])
    if scaled is None or scaled.function is not np.multiply or count[scaled.out] != 1 or scaled.kwargs:
        return None
    for value, scale in (scaled.args, scaled.args[::-1]):
        product = made.get(value) if isinstance(value, Value) else None
        if product is None or not _is_scale(scale) or product.function not in (np.dot, np.matmul) or product.kwargs:
            continue
        if (
            count[product.out] == 1
            and len(w.shape) == 2
            and (product.out.shape, product.out.dtype) == (w.shape, w.dtype)
        ):
            return Descent(line, product, scaled, scale, -1.0 if line.function is np.subtract else 1.0)
    return None


def _is_scale(x: Any) -> bool:
    return type(x) in (int, float) or (isinstance(x, Value) and x.kind in ("number", "constant") and not x.shape)


# -- into the product ------------------------------------------------------------------------------


def _into_product(descent: Descent, made: dict[Any, Line]) -> list[Line]:
    """Turn the update into a call of gemm; return the lines that it needs before it.

    gemm works in Fortran's order of memory, where arrays in C order are their transposes: w.T -= scale * (b.T @ a.T).
    """
    line, (a, b), w = descent.update, descent.product.args, descent.update.target
    lines: list[Line] = []

    def transposed(x: Value) -> Value:
        view = x.view(x.shape[::-1], x.dtype, transposed=True)
        lines.append(Line(ndarray.transpose, (x,), {}, view, None, line.where, calls=line.calls))
        return view

    alpha = descent.scale
    if isinstance(alpha, Value) and alpha.kind == "constant":
        alpha = alpha.array.item()
    if not isinstance(alpha, Value):
        alpha = descent.sign * alpha
    elif descent.sign < 0:
        negative = Value(alpha.array, "number", alpha.name)
        lines.append(Line(operator.neg, (alpha,), {}, negative, None, line.where, calls=descent.scaled.calls))
        alpha = negative
    first, second = (transposed(x) if x.in_c_order else x for x in (b, a))
    for needless in (descent.product, descent.scaled):
        needless.instead = Instead(ADDED_BY_GEMM, line)
    line.function = gemm_of(w)
    line.args = (alpha, first, second, 1.0, transposed(w), int(first is b), int(second is a), True)
    sides = ((made[x].args[0],) if x in made and made[x].function is ndarray.transpose else x for x in (a, b))
    line.comment = f"{{0}} {'-' if descent.sign < 0 else '+'}= {{1}} * ({{2}} @ {{3}})"
    line.about = (w, descent.scale, *sides)
    return lines


# -- into a factor ---------------------------------------------------------------------------------


def _into_factor(descent: Descent) -> list[Line]:
    """Multiply the smaller operand of the product by the scale; return the line that does so."""
    a, b = descent.product.args
    smaller = a if math.prod(a.shape) < math.prod(b.shape) else b
    if math.prod(smaller.shape) >= math.prod(descent.product.out.shape):
        return []
    scaled = Value(None, "made")
    scaled.shape, scaled.dtype = smaller.shape, smaller.dtype
    scaled.in_c_order, scaled.in_f_order = smaller.in_c_order, smaller.in_f_order
    calls = descent.scaled.calls
    line = Line(np.multiply, (smaller, descent.scale), {}, scaled, None, descent.update.where, calls=calls)
    descent.scaled.instead = Instead(SCALED_BEFORE, line)
    descent.product.args = (scaled, b) if smaller is a else (a, scaled)
    descent.product.where = descent.update.where
    descent.update.args = (descent.update.target, descent.product.out)
    return [line]
