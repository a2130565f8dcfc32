"""Arithmetic, products of matrices and reductions: functions that choose among rows, or combine several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import dtype as _dtype
from ...arrays.dtypes import HALVES
from ...messages import warn_once
from ...ops.refusals import TOO_MANY_ARGUMENTS
from ..arguments import is_plain_number
from ..functions import FUNCTIONS, INPLACE
from ..keywords import numpy_names
from ..kinds import ABSENT, KINDS, checked, no_such_call, read
from ..later import as_methods
from ..refusals import ALPHA_BY_POSITION, BOOL_ALPHA, FLOAT_ALPHA, NUCLEAR_NORM, OUTER_NDIM, ROUNDING_MODE
from ..tensor import Tensor, wrap
from .conversion import to

__all__ = [
    "add", "argsort", "cumprod", "cumsum", "div", "index_add", "matmul", "max", "min", "norm", "outer", "prod", "rsub",
    "std", "sub", "var",
]  # fmt: skip

_f = FUNCTIONS
_NUMBERS = frozenset((bool, int, float))

# -- arithmetic ------------------------------------------------------------------------------------


def _by_position(name: str, other: Any, scaled: tuple[Any, ...], alpha: Any) -> tuple[Any, Any]:
    """`other` and `alpha` of add(input, alpha, other), which torch takes from old programs, with a warning."""
    try:
        if len(scaled) > 1 or alpha != 1:
            raise TypeError
        factor = KINDS["Number"].read(other)
    except TypeError:
        raise TypeError(TOO_MANY_ARGUMENTS.format(name=name, count=2, given=2 + len(scaled))) from None
    warn_once(ALPHA_BY_POSITION.format(name=name))
    return scaled[0], factor


def _scaled(name: str, input: Any, other: Any, alpha: Any) -> Any:
    if type(alpha) not in _NUMBERS:
        alpha = read(name, "alpha", None, KINDS["Number"], alpha)
    if alpha is True and not (_is_bool(input) and _is_bool(other)):
        raise RuntimeError(BOOL_ALPHA)
    if isinstance(alpha, float) and not (_is_floating(input) or _is_floating(other)):
        raise RuntimeError(FLOAT_ALPHA)
    return other if is_plain_number(alpha) and alpha == 1 else other * alpha


def _are_scaled_halves(input: Any, other: Any, alpha: Any) -> bool:
    """Whether a sum of halves is scaled: torch does both in float32, with alpha as they have it, and rounds once."""
    if type(alpha) not in (int, float) or alpha == 1:  # a number that `compile` records has a type of its own
        return False
    return all(isinstance(x, Tensor) and x.array.dtype.char in HALVES for x in (input, other))


def _halves(input: Tensor, other: Tensor, alpha: Any) -> tuple[Tensor, Tensor, Tensor, float]:
    """What addcmul is called with for input + alpha * other."""
    kind = np.promote_types(input.array.dtype, other.array.dtype)
    return input, other, wrap(np.ones((), kind)), float(kind.type(alpha))


def _is_bool(x: Any) -> bool:
    return x.array.dtype == np.bool_ if isinstance(x, Tensor) else isinstance(x, bool)


def _is_floating(x: Any) -> bool:
    return x.is_floating_point() if isinstance(x, Tensor) else isinstance(x, float)


def add(input: Any, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input + alpha * other (torch.add)."""
    if scaled:
        other, alpha = _by_position("add", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return _f["addcmul"](*_halves(input, other, alpha))
    return _f["add"](input, _scaled("add", input, other, alpha))


def sub(input: Any, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input - alpha * other (torch.sub)."""
    if scaled:
        other, alpha = _by_position("sub", other, scaled, alpha)
    if alpha != 1 and (_is_bool(input) or _is_bool(other)):
        return _f["sub"](input, other)  # which refuses bools; alpha would make integers of them
    if _are_scaled_halves(input, other, alpha):
        return _f["addcmul"](*_halves(input, other, -alpha))
    return _f["sub"](input, _scaled("sub", input, other, alpha))


def rsub(input: Tensor, other: Any, *number: Any, alpha: Any = 1) -> Tensor:
    """other - alpha * input (torch.rsub); TypeError unless `input` is a Tensor.

    Where `other` is a number, `alpha` may be given by its position.
    """
    if number:
        try:
            (alpha,) = map(KINDS["Number"].read, number)
            other = KINDS["Number"].read(other)
        except (TypeError, ValueError):
            raise no_such_call("rsub", input, other, *number) from None
    if not isinstance(input, Tensor):
        raise no_such_call("rsub", input, other)
    if _are_scaled_halves(other, input, alpha):
        return _f["addcmul"](*_halves(other, input, -alpha))
    return _f["rsub"](_scaled("rsub", other, input, alpha), other)


def add_(input: Tensor, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input += alpha * other (torch.Tensor.add_)."""
    if scaled:
        other, alpha = _by_position("add_", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return INPLACE["addcmul_"](*_halves(input, other, alpha))
    return INPLACE["add_"](input, _scaled("add", input, other, alpha))


def sub_(input: Tensor, other: Any, *scaled: Any, alpha: Any = 1) -> Tensor:
    """input -= alpha * other (torch.Tensor.sub_)."""
    if scaled:
        other, alpha = _by_position("sub_", other, scaled, alpha)
    if _are_scaled_halves(input, other, alpha):
        return INPLACE["addcmul_"](*_halves(input, other, -alpha))
    return INPLACE["sub_"](input, _scaled("sub", input, other, alpha))


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, rounded towards 0 ("trunc") or down ("floor") if asked (torch.div)."""
    if rounding_mode is None:
        return _f["div"](input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(ROUNDING_MODE.format(found=rounding_mode))
    return _f["div_rounded"](input, other, rounding_mode)


# -- products --------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product of vectors, matrices or batches of matrices (torch.matmul).

    Shapes (n,) and (n,) give a number, (n, k) and (k,) a vector, (n, k) and (k, m) a matrix. With more dimensions, the
    last two are those of matrices and the others are broadcast. RuntimeError for sizes that do not fit.
    """
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        name = _PRODUCTS.get((input.array.ndim, other.array.ndim))
        if name is not None and input.array.shape[-1] == other.array.shape[0]:
            return _f[name](input, other)
    return _f["matmul"](input, other)


_PRODUCTS = {(2, 2): "mm", (1, 1): "dot", (2, 1): "mv"}


@checked
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The products of all pairs of elements of two vectors: shapes (n,) and (m,) give (n, m) (torch.outer)."""
    for name, x in (("self", input), ("vec2", vec2)):
        if isinstance(x, Tensor) and x.array.ndim != 1:
            raise RuntimeError(OUTER_NDIM.format(name=name, ndim=x.array.ndim))
    return _f["reshape"](input, (-1, 1)) * vec2


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """The input, with the slices of alpha * source added where `index` says along a dimension (torch.index_add)."""
    return _f["index_add"](input, dim, index, source if alpha == 1 else source * _as_own(source, alpha))


def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """Add the slices of alpha * source where `index` says along a dimension (torch.Tensor.index_add_)."""
    return INPLACE["index_add_"](self, dim, index, source if alpha == 1 else source * _as_own(source, alpha))


def _as_own(x: Tensor, alpha: Any) -> Any:
    """A factor as the dtype of a tensor takes it: without its fraction for integers."""
    return alpha if x.is_floating_point() else int(alpha)


# -- reductions ------------------------------------------------------------------------------------


@numpy_names
def max(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, other: Any = ABSENT) -> Any:
    """The largest element; with `dim` (values, indices) along it; with a tensor, elementwise (torch.max).

    Called as max(input), max(input, dim, keepdim=False) or max(input, other); TypeError for other arguments.
    """
    return _extreme("max", "maximum", input, dim, keepdim, other)


@numpy_names
def min(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, other: Any = ABSENT) -> Any:
    """The smallest element; with `dim` (values, indices) along it; with a tensor, elementwise (torch.min).

    Called as min(input), min(input, dim, keepdim=False) or min(input, other); TypeError for other arguments.
    """
    return _extreme("min", "minimum", input, dim, keepdim, other)


def _extreme(name: str, pairwise: str, input: Tensor, dim: Any, keepdim: Any, other: Any) -> Any:
    if dim is ABSENT and keepdim is ABSENT:
        return _f[name + "_all"](input) if other is ABSENT else _f[pairwise](input, other)
    if isinstance(dim, Tensor) and keepdim is ABSENT and other is ABSENT:
        return _f[pairwise](input, dim)
    if dim is ABSENT or dim is None or other is not ABSENT:
        raise no_such_call(name, *(x for x in (input, dim, keepdim, other) if x is not ABSENT))
    return _f[name + "_dim"](input, dim, False if keepdim is ABSENT else keepdim)


@numpy_names
def var(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> Tensor:
    """The variance of all elements, or over `dim` (torch.var).

    The sum of squared distances from the mean is divided by n - 1, or by n if not `unbiased`, or by n - `correction`.
    """
    return _deviation("var", input, dim, unbiased, keepdim, correction)


@numpy_names
def std(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> Tensor:
    """The standard deviation, which is the square root of `var` (torch.std)."""
    return _deviation("std", input, dim, unbiased, keepdim, correction)


def _deviation(name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> Tensor:
    given = [x for x in (dim, unbiased, correction) if x is not ABSENT]
    if isinstance(dim, bool) and len(given) == 1:  # torch.var(x, False)
        dim, unbiased = None, dim
    if unbiased is ABSENT:
        unbiased = True
    elif not isinstance(unbiased, bool) or correction is not ABSENT:
        raise no_such_call(name, input, *given)
    by = int(unbiased) if correction is ABSENT or correction is None else correction
    return _f[name](input, None if dim is ABSENT else dim, by, keepdim)


def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: _dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over `dim`; the subgradient at 0 is 0 (torch.norm)."""
    if dtype is not None:
        input = to(input, dtype)
    if p == "nuc":
        raise NotImplementedError(NUCLEAR_NORM)
    ord = 2 if p in ("fro", None) else p
    return _f["vector_norm"](input, ord, dim, keepdim)


@numpy_names
def prod(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, dtype: _dtype | None = None) -> Tensor:
    """The product of all elements, or over `dim`, computed in `dtype` if it is given (torch.prod).

    TypeError for `keepdim` without `dim`.
    """
    if dim is None or (dim is ABSENT and keepdim is not ABSENT):
        raise no_such_call("prod", input, *(x for x in (dim, keepdim) if x is not ABSENT))
    return _in("prod", dtype, input, *(x for x in (dim, keepdim) if x is not ABSENT))


@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: _dtype | None = None) -> Tensor:
    """The running total along a dimension, computed in `dtype` if it is given (torch.cumsum)."""
    return _in("cumsum", dtype, input, dim)


@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: _dtype | None = None) -> Tensor:
    """The running product along a dimension, computed in `dtype` if it is given (torch.cumprod)."""
    return _in("cumprod", dtype, input, dim)


def _in(name: str, dtype: _dtype | None, input: Tensor, *rest: Any) -> Tensor:
    """What a row gives for an input that is cast to a dtype before, and whose result has it, too."""
    if dtype is None:
        return _f[name](input, *rest)
    kind = read(name, "dtype", None, KINDS["DType | None"], dtype)
    return to(_f[name](to(input, kind), *rest), kind)


@numpy_names
@checked
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along a dimension (torch.argsort)."""
    indices: Tensor = _f["sort"](input, dim, descending)[1]
    return indices


METHODS = as_methods(
    add, sub, add_, sub_, div, index_add, index_add_, matmul, outer, max, min, var, std, norm, prod, cumsum, cumprod,
    argsort,
) | {"__matmul__": matmul, "__rmatmul__": lambda self, other: matmul(other, self)}  # fmt: skip
