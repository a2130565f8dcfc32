"""Functions of loops run by Python itself, without numba: slowly, but with nothing to compile."""

from __future__ import annotations

import math
import types
from typing import Any

import numpy as np


def gemm(alpha: Any, a: Any, trans_a: bool, b: Any, trans_b: bool, beta: float, c: Any) -> None:
    assert all(x.flags.c_contiguous for x in (a, b, c))
    product = c.dtype.type(alpha) * ((a.T if trans_a else a) @ (b.T if trans_b else b))
    c[...] = product + c if beta else product


def flat(x: Any) -> Any:
    assert x.flags.c_contiguous
    return x.reshape(-1)


def divided(a: Any, b: Any) -> Any:
    return np.float64(float(a) / float(b))


def raised(a: Any, b: Any) -> Any:
    return np.float64(float(a) ** float(b))


def maximum(a: Any, b: Any) -> Any:
    assert _numba_type(a) is _numba_type(b)
    return a if a > b or a != a else b


def minimum(a: Any, b: Any) -> Any:
    assert _numba_type(a) is _numba_type(b)
    return a if a < b or a != a else b


def logaddexp(a: Any, b: Any) -> Any:
    assert _numba_type(a) is _numba_type(b)
    return np.logaddexp(a, b)


def plus(a: Any, b: Any) -> Any:
    return np.float64(a) + b


def added(total: Any, lost: Any, x: Any) -> Any:
    result = total + x
    loss = (total - result) + x if abs(total) >= abs(x) else (x - result) + total
    return result, lost + (loss if loss == loss else 0.0)


def _numba_type(x: Any) -> Any:
    """The type that numba gives a number: a float of Python is a float64, and an int an int64."""
    return {float: np.float64, int: np.int64}.get(type(x), type(x))


_HELPERS = {
    "np": np, "math": types.SimpleNamespace(erf=lambda x: type(x)(math.erf(x))), "gemm": gemm, "divided": divided,
    "raised": raised, "maximum": maximum, "minimum": minimum, "plus": plus, "flat": flat, "added": added,
    "logaddexp": logaddexp,
}  # fmt: skip


def compiled(function: Any) -> Any:
    """What `loops.compiled` returns: a function of those parameters that are not static."""
    from tinygrad_mlp.compiler.loops import is_static

    scope: dict[str, Any] = dict(_HELPERS)
    exec(compile(function.text, "<loops, interpreted>", "exec"), scope)
    static = [x.array if is_static(x) else None for x in function.parameters]

    def run(*args: Any) -> None:
        others = iter(args)
        words = [next(others) if x is None else x for x in static]
        with np.errstate(all="ignore"):
            result = scope[function.__name__](*words)
        if function.checks and result[0]:
            axis, size = function.checks[result[0] - 1]
            raise IndexError(f"index {result[1]} is out of bounds for axis {axis} with size {size}")

    return run
