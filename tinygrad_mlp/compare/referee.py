"""The referee: the blamed call once more from the same inputs in float64, and exactly where mpmath can.

The error of each framework is counted in ulps, units in the last place: the distance of the right number to the next
number of the dtype (NumPy's `spacing`). Of a sum that cancels it is that of the scale of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .blame import Parting
from .records import COTANGENT, OUTPUT

Array = np.ndarray[Any, np.dtype[Any]]
USUAL = 8.0  # ulps that a function of single elements may be off
OF_SUMS = 4.0  # and how much more for the root of the number of terms of a sum
ALIKE = 1e-9  # of float64: how far the two frameworks may be apart in it
# of two-sided differences in float64: about the cube root of its eps
STEP = 6e-6


@dataclass(frozen=True)
class Judgement:
    """The right number at the worst element, by whom, the errors of both runs in ulps, and what follows."""

    right: float | None
    by: str
    ulps: tuple[float, float]
    sentence: str

    @property
    def is_rounding(self) -> bool:
        """Whether both are as right as one may ask for."""
        return self.sentence == ROUNDING


ROUNDING = "It is rounding: both are within the usual error of such a call."


def judge(parting: Parting, names: tuple[str, str]) -> Judgement | None:
    """The referee's word on a parting; None where there is nothing to compute: no floating-point numbers."""
    p = parting
    if not p.seen or p.ours.dtype.kind != "f" or p.ours.dtype != p.theirs.dtype:
        return None
    if p.ours.shape != p.theirs.shape or len(p.index) != p.ours.ndim:
        return None
    right, by = _right(p)
    if right is None:
        return Judgement(None, by, (math.nan, math.nan), _UNKNOWN[by].format(*names))
    values = tuple(float(array[p.index]) for array in (p.ours, p.theirs))
    ulps = tuple(_ulps(value, right, p.theirs) for value in values)
    terms = max((array.size for array in p.inputs), default=1) / max(p.theirs.size, 1)
    usual = USUAL + OF_SUMS * math.sqrt(max(terms, 1.0))
    wrong = [name for name, ulp in zip(names, ulps, strict=True) if not ulp <= usual]
    sentence = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong." if wrong else ROUNDING
    return Judgement(right, by, ulps, sentence)  # type: ignore[arg-type]


_UNKNOWN = {
    "nobody": "The call cannot be run again in float64.",
    "disagreement": "In float64 {0} and {1} differ as much: it is no rounding.",
}


def _right(p: Parting) -> tuple[float | None, str]:
    """The right number at the worst element, and who says so."""
    exact = exactly(p)
    if exact is not None:
        return exact, "mpmath"
    wide = [None if array is None or array.shape != p.ours.shape else float(array[p.index]) for array in p.float64]
    ours, theirs = wide
    if ours is not None and theirs is not None:
        if math.isclose(ours, theirs, rel_tol=ALIKE, abs_tol=ALIKE) or (math.isnan(ours) and math.isnan(theirs)):
            return theirs, "float64"
        differences = two_sided(p)
        return (None, "disagreement") if differences is None else (differences, "differences of the forward in float64")
    found = theirs if ours is None else ours
    return (None, "nobody") if found is None else (found, "float64")


def _ulps(value: float, right: float, like: Array) -> float:
    if value == right or (math.isnan(value) and math.isnan(right)):
        return 0.0
    if not math.isfinite(value) or not math.isfinite(right):
        return math.inf
    finite = like[np.isfinite(like)].astype(np.float64)
    scale = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    unit = float(np.spacing(np.asarray(max(abs(right), scale / 10), like.dtype)))
    return abs(value - right) / max(unit, float(np.finfo(like.dtype).smallest_subnormal))


# -- exact arithmetic ------------------------------------------------------------------------------


def exactly(p: Parting) -> float | None:
    """The result of a function of single elements, or of a product of matrices, at the worst element by mpmath."""
    call = p.event.ours
    if p.event.role != OUTPUT or not p.inputs:
        return None
    try:
        import mpmath  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    rule = _elementwise(mpmath).get(call.name.removesuffix("_"))
    plain = p.described is not None and "=" not in (p.described.get("text") or "=")  # no alpha, no rounding_mode
    if rule is None or not plain or rule[0] != len(p.inputs):
        return None
    try:
        values = [np.broadcast_to(array, p.theirs.shape)[p.index] for array in p.inputs]
        with mpmath.workdps(50):
            return float(rule[1](*(mpmath.mpf(float(value)) for value in values)))
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        return None  # other shapes, or a complex result


def _elementwise(mp: Any) -> dict[str, tuple[int, Callable[..., Any]]]:
    """Functions by their names, with how many arrays go in."""
    one: dict[str, Callable[..., Any]] = {
        "exp": mp.exp, "expm1": mp.expm1, "exp2": lambda x: mp.mpf(2) ** x, "log": mp.log, "log1p": mp.log1p,
        "log2": lambda x: mp.log(x, 2), "log10": mp.log10, "sqrt": mp.sqrt, "rsqrt": lambda x: 1 / mp.sqrt(x),
        "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
        "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh,
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "erf": mp.erf, "erfc": mp.erfc, "reciprocal": lambda x: 1 / x,
        "square": lambda x: x * x, "neg": lambda x: -x, "abs": abs, "relu": lambda x: max(x, mp.mpf(0)),
        "softplus": lambda x: mp.log1p(mp.exp(x)), "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
        "gelu": lambda x: x * mp.ncdf(x), "silu": lambda x: x / (1 + mp.exp(-x)), "lgamma": mp.loggamma,
    }  # fmt: skip
    two: dict[str, Callable[..., Any]] = {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
        "pow": lambda x, y: x**y, "atan2": mp.atan2, "maximum": max, "minimum": min, "hypot": mp.hypot,
    }  # fmt: skip
    return {**{name: (1, rule) for name, rule in one.items()}, **{name: (2, rule) for name, rule in two.items()}}


# -- differences -----------------------------------------------------------------------------------


def two_sided(p: Parting) -> float | None:
    """The gradient at the worst element by differences of the blamed call's forward in float64.

    None where it is not known how to run the call again, or where more than one call has added to the gradient.
    """
    if p.event.role != COTANGENT or len(p.readers) != 1 or p.cotangent is None:
        return None
    run = forward(p)
    slot = p.readers[0].slot
    if run is None or slot >= len(p.inputs) or p.inputs[slot].shape != p.ours.shape:
        return None
    wide = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in p.inputs]
    step = STEP * max(1.0, abs(float(wide[slot][p.index])))
    sums = []
    for sign in (1, -1):
        inputs = [array.copy() for array in wide]
        inputs[slot][p.index] += sign * step
        out = run(inputs)
        if out is None or out.shape != p.cotangent.shape:
            return None
        sums.append(float(np.sum(out * p.cotangent.astype(np.float64))))
    return (sums[0] - sums[1]) / (2 * step)


def forward(p: Parting) -> Callable[[list[Array]], Array | None] | None:
    """The blamed call under this package as a function of its arrays, from its text; None where there is none."""
    described = p.described or {}
    if not described.get("text") or ("source" in described and not described["source"]):
        return None
    import tinygrad_mlp

    def run(inputs: list[Array]) -> Array | None:
        names: dict[str, Any] = {"torch": tinygrad_mlp, "np": np, "math": math}
        try:
            if described.get("source"):
                exec(described["source"], names)
            names |= {f"x{i}": tinygrad_mlp.tensor(array) for i, array in enumerate(inputs)}
            with tinygrad_mlp.no_grad():
                out = eval(described["text"], names)
        except Exception:  # whatever it raises: names of the program's that are not here
            return None
        return out.numpy() if isinstance(out, tinygrad_mlp.Tensor) else None

    return run
