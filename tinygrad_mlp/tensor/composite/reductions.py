"""Reductions and running totals: functions that choose among rows, or combine several."""

from __future__ import annotations

from typing import Any

from ...arrays import dtype as _dtype
from ...ops.dims import dtype_word
from ...ops.extremes import nonempty
from ...ops.table import Dims, DType
from ..functions import FUNCTIONS, INPLACE
from ..keywords import numpy_names
from ..kinds import ABSENT, KINDS, checked, no_such_call, read
from ..later import as_methods
from ..named import result_class
from ..out import with_cast_out, with_out
from ..overriding import asking
from ..tensor import Tensor
from .conversion import to
from .linear_algebra import linalg_matrix_norm
from .refusals import AMINMAX_OF_NOTHING, NANMEAN_OF_INTEGERS, OTHER_DTYPE_IN_PLACE, SPREAD_OF_INTEGERS

__all__ = [
    "aminmax", "cumprod", "cumsum", "max", "median", "min", "nanmean", "nanmedian", "norm", "prod", "std", "std_mean",
    "var", "var_mean",
]  # fmt: skip

_f = FUNCTIONS


@with_cast_out
@numpy_names
def max(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, other: Any = ABSENT) -> Any:
    """The largest element; with `dim` (values, indices) along it; with a tensor, elementwise (torch.max).

    Called as max(input), max(input, dim, keepdim=False) or max(input, other); TypeError for other arguments.
    """
    return _extreme("max", "maximum", input, dim, keepdim, other)


@with_cast_out
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


@with_out
@numpy_names
@checked
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element, of all or along `dim` (torch.aminmax).

    Ties share the cotangent equally. RuntimeError, or IndexError along `dim`, where there is no element.
    """
    if dim is None and not input.array.size:
        raise RuntimeError(AMINMAX_OF_NOTHING)
    if dim is not None:
        nonempty(input.array, dim, "aminmax")
    both = [_f[name](input, dim, keepdim) for name in ("amin", "amax")]
    return result_class("aminmax", ("min", "max"))(both)


@numpy_names
def median(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT) -> Any:
    """The median of all elements; with `dim` (values, indices) along it (torch.median).

    Of an even number of elements it is the lower of the two in the middle. If one is nan, so is the median.
    """
    return _middle("median", input, dim, keepdim)


@numpy_names
def nanmedian(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT) -> Any:
    """The median of the elements that are not nan; with `dim` (values, indices) along it (torch.nanmedian)."""
    return _middle("nanmedian", input, dim, keepdim)


def _middle(name: str, input: Tensor, dim: Any, keepdim: Any) -> Any:
    if dim is not ABSENT:
        return _f[f"{name}_dim"](input, dim, False if keepdim is ABSENT else keepdim)
    if keepdim is not ABSENT:
        raise no_such_call(name, input, keepdim)
    return _f[f"{name}_all"](input)


@with_cast_out
@numpy_names
@checked
def nanmean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean of the elements that are not nan, of all or over `dim`; nan where there are none (torch.nanmean).

    RuntimeError for integers and bools.
    """
    if not input.is_floating_point():
        raise RuntimeError(NANMEAN_OF_INTEGERS.format(word=dtype_word(input.array)))
    count = _f["sum"](_f["logical_not"](_f["isnan"](input.detach())), dim, keepdim)
    mean: Tensor = _f["nansum"](input, dim, keepdim, dtype) / count
    return mean


@with_cast_out
@numpy_names
def var(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> Tensor:
    """The variance of all elements, or over `dim` (torch.var).

    The sum of squared distances from the mean is divided by n - 1, or by n if not `unbiased`, or by n - `correction`.
    """
    return _deviation("var", input, dim, unbiased, keepdim, correction)


@with_cast_out
@numpy_names
def std(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> Tensor:
    """The standard deviation, which is the square root of `var` (torch.std)."""
    return _deviation("std", input, dim, unbiased, keepdim, correction)


def _deviation(name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> Tensor:
    result: Tensor = _f[name](input, *_spread_over(name, input, dim, unbiased, correction), keepdim)
    return result


def _spread_over(name: str, input: Tensor, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    """The dimensions and the correction of a call, in which the first may stand for `unbiased`."""
    given = [x for x in (dim, unbiased, correction) if x is not ABSENT]
    if isinstance(dim, bool) and len(given) == 1:  # torch.var(x, False)
        dim, unbiased = None, dim
    if unbiased is ABSENT:
        unbiased = True
    elif not isinstance(unbiased, bool) or correction is not ABSENT:
        raise no_such_call(name, input, *given)
    by = int(unbiased) if correction is ABSENT or correction is None else correction
    return None if dim is ABSENT else dim, by


def _refuse_integers(name: str, input: Tensor) -> None:
    if not input.is_floating_point():
        raise RuntimeError(SPREAD_OF_INTEGERS.format(name=name))


@asking
@numpy_names
def var_mean(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> tuple[Tensor, Tensor]:
    """The variance and the mean of all elements, or over `dim` (torch.var_mean)."""
    over, by = _spread_over("var_mean", input, dim, unbiased, correction)
    _refuse_integers("var_mean", input)
    return _f["var"](input, over, by, keepdim), _f["mean"](input, over, keepdim)


@asking
@numpy_names
def std_mean(
    input: Tensor, dim: Any = ABSENT, unbiased: Any = ABSENT, keepdim: bool = False, *, correction: Any = ABSENT
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean of all elements, or over `dim` (torch.std_mean)."""
    over, by = _spread_over("std_mean", input, dim, unbiased, correction)
    _refuse_integers("std_mean", input)
    return _f["std"](input, over, by, keepdim), _f["mean"](input, over, keepdim)


@with_out
def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: _dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over `dim`; the subgradient at 0 is 0 (torch.norm)."""
    if dtype is not None:
        input = to(input, dtype)
    if p == "nuc":
        return linalg_matrix_norm(input, "nuc", (0, 1) if dim is None else dim, keepdim)
    ord = 2 if p in ("fro", None) else p
    return _f["linalg_vector_norm"](input, ord, dim, keepdim)


@with_out
@numpy_names
def prod(input: Tensor, dim: Any = ABSENT, keepdim: Any = ABSENT, *, dtype: _dtype | None = None) -> Tensor:
    """The product of all elements, or over `dim`, computed in `dtype` if it is given (torch.prod).

    TypeError for `keepdim` without `dim`.
    """
    if dim is None or (dim is ABSENT and keepdim is not ABSENT):
        raise no_such_call("prod", input, *(x for x in (dim, keepdim) if x is not ABSENT))
    return _in("prod", dtype, input, *(x for x in (dim, keepdim) if x is not ABSENT))


@with_out
@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: _dtype | None = None) -> Tensor:
    """The running total along a dimension, computed in `dtype` if it is given (torch.cumsum)."""
    return _in("cumsum", dtype, input, dim)


@with_out
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


def cumsum_(input: Tensor, dim: int, *, dtype: _dtype | None = None) -> Tensor:
    """The running total along a dimension, in place; `dtype` can only be the own one (torch.Tensor.cumsum_)."""
    return _in_place("cumsum", dtype, input, dim)


def cumprod_(input: Tensor, dim: int, *, dtype: _dtype | None = None) -> Tensor:
    """The running product along a dimension, in place; `dtype` can only be the own one (torch.Tensor.cumprod_)."""
    return _in_place("cumprod", dtype, input, dim)


def _in_place(name: str, dtype: _dtype | None, input: Tensor, dim: int) -> Tensor:
    if dtype is not None and dtype is not input.dtype:
        raise RuntimeError(OTHER_DTYPE_IN_PLACE.format(own=input.dtype, other=dtype))
    written: Tensor = INPLACE[f"{name}_"](input, dim)
    return written


METHODS = as_methods(
    aminmax, cumprod, cumprod_, cumsum, cumsum_, max, median, min, nanmean, nanmedian, norm, prod, std, var
)
