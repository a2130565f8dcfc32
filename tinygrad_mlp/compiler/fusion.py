"""Passes that replace NumPy calls by cheaper ones. `mask_by_bits` turns a selection into a product:

    grad_relu = np.where(mask, grad_h, 0)
    bits = grad_h.view(np.int32); bits *= mask

It keeps every bit. `softmax_of_exp` computes no exponential twice, and rounding differs by less than 1e-6:

    e = np.exp(d); d -= np.log(total); softmax = np.exp(d)
    e = np.exp(d); d -= np.log(total); softmax = e / total
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .lines import Line, Program, Value
from .rewrites import substitute

ndarray = np.ndarray

_INTEGERS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}


def last_uses(program: Program) -> dict[Value, int]:
    """For each memory (by its root) the position of the last line that uses it; results are used after the end."""
    last: dict[Value, int] = {}
    for place, line in enumerate(program.lines):
        for value in (*line.reads(), line.out, line.target):
            if value is not None:
                last[value.root] = place
    last.update({value.root: len(program.lines) for value in program.outputs})
    return last


def uses(program: Program) -> Counter[Value]:
    """How often each value is read by a line or returned."""
    count = Counter(value for line in program.lines for value in line.reads())
    count.update(program.outputs)
    return count


def is_zero(x: Any) -> bool:
    """Whether an operand is the number 0."""
    if isinstance(x, Value):
        return x.kind == "constant" and not x.shape and not x.array
    return type(x) in (int, float) and x == 0


# -- masks -----------------------------------------------------------------------------------------


def mask_by_bits(program: Program) -> None:
    """Replace `np.where(mask, g, 0)` by the product of g's bits with the mask, in place, if g is not used afterwards.

    The product is faster, because np.where branches for each element. It is one of integers, because as floats
    infinity times 0 is nan.
    """
    last, outputs = last_uses(program), {value.root for value in program.outputs}
    lines: list[Line] = []
    by: dict[Any, Any] = {}
    for place, line in enumerate(program.lines):
        mask, g = _masked(line)
        g = by.get(g, g)
        if g is None or last[line.args[1].root] != place or g.root is not g or line.out.root in outputs:
            lines.append(line)
            continue
        bits = g.view(g.shape, _INTEGERS[g.dtype.itemsize])
        lines.append(Line(ndarray.view, (g, bits.dtype), {}, bits, None, line.where, calls=line.calls))
        comment, about = "{0} where {1}, else 0", (g, mask)
        lines.append(Line(np.multiply, (bits, mask), {}, bits, bits, line.where, comment, about, calls=line.calls))
        by[line.out] = g
        last[g] = max(last[g], last.get(line.out, place))
    program.lines = lines
    substitute(program, by)


def _masked(line: Line) -> tuple[Any, Any]:
    """The mask and the operand g of np.where(mask, g, 0) if g's bits can be multiplied by the mask, else None twice."""
    if line.function is not np.where or len(line.args) != 3 or not is_zero(line.args[2]):
        return None, None
    mask, g, _ = line.args
    fits = (
        isinstance(mask, Value)
        and isinstance(g, Value)
        and mask.dtype == bool
        and mask.shape == g.shape == line.out.shape
        and g.kind == "made"
        and g.dtype == line.out.dtype
        and g.dtype.kind == "f"
        and g.in_c_order
        and g.shape
    )
    return (mask, g) if fits else (None, None)


# -- softmax ---------------------------------------------------------------------------------------


def softmax_of_exp(program: Program) -> None:
    """Replace exp(d) by e / total after `e = exp(d); d -= log(total)`, as in the backward of log_softmax."""
    logs: dict[Value, Value] = {}  # from log(total) to total
    exps: dict[Value, Value] = {}  # from d, unchanged since, to exp(d)
    quotients: dict[Value, tuple[Value, Value]] = {}  # from d, after the subtraction, to e and total
    for line in program.lines:
        if line.target is not None:
            root, d = line.target.root, line.target
            if line.function is np.subtract and line.args[0] is d and line.args[1] in logs and d in exps:
                quotients[d] = (exps[d], logs[line.args[1]])
            else:
                quotients = {k: v for k, v in quotients.items() if root not in (k.root, v[0].root, v[1].root)}
                logs = {k: v for k, v in logs.items() if root not in (k.root, v.root)}
            exps = {k: v for k, v in exps.items() if root not in (k.root, v.root)}
        elif line.function is np.log and isinstance(line.args[0], Value):
            logs[line.out] = line.args[0]
        elif line.function is np.exp and line.args[0] in quotients:
            line.function, line.args = np.true_divide, quotients[line.args[0]]
        elif line.function is np.exp:
            exps[line.args[0]] = line.out
