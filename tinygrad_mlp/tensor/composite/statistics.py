"""Statistics of samples: quantiles, covariance and correlation; and differences and areas along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...messages import warn
from ...ops.dims import axis, dtype_word
from ...ops.index_refusals import SLICE_OF_NUMBER
from ...ops.refusals import ROLL_OF_NUMBER
from ..arguments import is_plain_number
from ..functions import FUNCTIONS
from ..keywords import numpy_names
from ..kinds import KINDS, checked, no_such_call
from ..later import as_methods
from ..out import with_out
from ..tensor import Tensor, wrap
from . import refusals
from .shapes import movedim

__all__ = ["corrcoef", "cov", "cumulative_trapezoid", "diff", "nanquantile", "quantile", "trapezoid", "trapz"]

_f = FUNCTIONS

# -- quantiles -------------------------------------------------------------------------------------------


@with_out
@numpy_names
@checked
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The number below which the part `q` of the elements lies, of all or along `dim` (torch.quantile).

    `q` is a number, or a tensor of several, which are the first dimension of the result. Between two elements it is
    interpolated: "linear", "lower", "higher", "midpoint" or "nearest". Where an element is nan, the result is.
    RuntimeError for other dtypes than float32 and float64, for no elements, and for a `q` outside of [0, 1].
    """
    return _quantile(input, q, dim, keepdim, interpolation, False)


@with_out
@numpy_names
@checked
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The same as `quantile` of the elements that are not nan (torch.nanquantile)."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


_ROUNDINGS = {"linear": "", "midpoint": "", "lower": "floor", "higher": "ceil", "nearest": "round"}


def _quantile(input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool) -> Tensor:
    q = _part(input, q, interpolation)
    shape, d = input.array.shape, None if dim is None else axis(dim, input.array.ndim)
    rows = input.reshape((-1,)) if d is None or not shape else movedim(input, d, -1)
    values = _interpolated(_f["sort"](rows)[0], q.reshape((-1,)), interpolation, skip_nan)
    kept = [1 if d in (None, k) else n for k, n in enumerate(shape)]
    if not keepdim:
        kept = [] if d is None else [n for k, n in enumerate(shape) if k != d]
    result: Tensor = movedim(values, -1, 0).reshape((*q.array.shape, *kept))
    return result


def _part(input: Tensor, q: Any, interpolation: str) -> Any:
    """`q` as a tensor of the dtype of the input; RuntimeError for arguments that are refused."""
    if not isinstance(q, Tensor):
        if not is_plain_number(q):
            raise no_such_call("quantile", input, q)
        q = wrap(np.asarray(q, input.array.dtype))
    if not input.array.size:
        raise RuntimeError(refusals.QUANTILE_OF_NOTHING)
    if q.array.ndim > 1:
        raise RuntimeError(refusals.QUANTILE_NDIM)
    if input.array.dtype.char not in "fd":
        raise RuntimeError(refusals.QUANTILE_DTYPE)
    if q.array.dtype != input.array.dtype:
        raise RuntimeError(refusals.QUANTILE_OTHER_DTYPE)
    if interpolation not in _ROUNDINGS:
        raise RuntimeError(refusals.QUANTILE_INTERPOLATION.format(found=interpolation))
    if not np.all((q.array >= 0) & (q.array <= 1)):
        raise RuntimeError(refusals.QUANTILE_RANGE)
    return q


def _interpolated(rows: Tensor, q: Tensor, interpolation: str, skip_nan: bool) -> Tensor:
    """The elements of sorted rows at the places that the parts `q` stand for."""
    size = rows.array.shape[-1]
    nan = _f["isnan"](rows.detach())
    if skip_nan:
        last = _f["clamp"](size - 1 - _f["sum"](nan, -1, True), 0)  # of rows of nothing but nan, which stand at the end
        places = q * last
    else:
        places = _f["where"](_f["any"](nan, -1, True), size - 1, q * (size - 1))
    if _ROUNDINGS[interpolation]:
        places = _f[_ROUNDINGS[interpolation]](places)
    below = _f["floor"](places.detach())
    found = _f["gather"](rows, -1, below.long())
    if _ROUNDINGS[interpolation]:
        return found
    above = _f["gather"](rows, -1, _f["ceil"](places.detach()).long())
    between: Tensor = _f["lerp"](found, above, places - below if interpolation == "linear" else 0.5)
    return between


# -- covariance ------------------------------------------------------------------------------------------


@checked
def cov(input: Tensor, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """The covariances of variables, which are the rows; their observations are the columns (torch.cov).

    Observations may have frequencies (integers, `fweights`) and weights (floats, `aweights`). The sums are divided by
    the number of observations, or the sum of their weights, less `correction`. RuntimeError for weights that do not
    fit, bools, and more than two dimensions.
    """
    _refuse_ndim("cov", input)
    if input.array.dtype == np.bool_:
        raise RuntimeError(refusals.COV_OF_BOOLS)
    x = input if input.array.ndim == 2 else input.reshape((1, -1))
    weights = _weights(x.array.shape[1], fweights, aweights)
    count = x.array.shape[1] if weights is None else weights.sum()
    if weights is not None and not count.array:
        raise RuntimeError(refusals.COV_WEIGHTS_ZERO)
    mean = _f["sum"](x if weights is None else x * weights, 1, True) / count
    freedom = count - (correction if aweights is None else correction * (weights * aweights).sum() / count)
    if freedom <= 0:
        warn(refusals.COV_NO_FREEDOM)
        freedom = freedom * 0
    centred = x - mean
    products = _f["mm"](centred, (centred if weights is None else centred * weights).t())
    return _f["squeeze"](products / freedom)


def _weights(count: int, fweights: Any, aweights: Any) -> Any:
    """The products of the weights of observations, or None; RuntimeError for those that do not fit."""
    weights = None
    for name, given, kinds, word in (
        ("fweights", fweights, "iu", "integral"), ("aweights", aweights, "f", "floating point"),
    ):  # fmt: skip
        if given is None:
            continue
        if given.array.ndim > 1:
            raise RuntimeError(refusals.COV_WEIGHTS_NDIM.format(name=name, ndim=given.array.ndim))
        if given.array.dtype.kind not in kinds:
            raise RuntimeError(refusals.COV_WEIGHTS_DTYPE.format(name=name, wanted=word, word=dtype_word(given.array)))
        if given.array.size != count:
            raise RuntimeError(refusals.COV_WEIGHTS_COUNT.format(name=name, given=given.array.size, count=count))
        if not np.all(given.array >= 0):
            raise RuntimeError(refusals.COV_WEIGHTS_NEGATIVE.format(name=name))
        weights = given if weights is None else weights * given
    return weights


def _refuse_ndim(name: str, input: Tensor) -> None:
    if input.array.ndim > 2:
        raise RuntimeError(refusals.COV_NDIM.format(name=name, ndim=input.array.ndim))


@checked
def corrcoef(input: Tensor) -> Tensor:
    """The correlations of variables, which are the rows; their observations are the columns (torch.corrcoef).

    RuntimeError for bools, and more than two dimensions.
    """
    _refuse_ndim("corrcoef", input)
    c = cov(input)
    if not c.array.ndim:
        return c / c
    deviation = _f["sqrt"](_f["diagonal"](c))
    return _f["clamp"](c / deviation.reshape((-1, 1)) / deviation.reshape((1, -1)), -1, 1)


# -- along a dimension -----------------------------------------------------------------------------------


@with_out
@numpy_names
@checked
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """The differences of neighbours along a dimension, `n` times over; of bools, whether they differ (torch.diff).

    `prepend` and `append` are put before and behind the input. RuntimeError where they do not fit, for a 0-d tensor,
    and for a negative `n`.
    """
    if not input.array.ndim:
        raise RuntimeError(refusals.DIFF_OF_NUMBER)
    d = axis(dim, input.array.ndim)
    if n < 0:
        raise RuntimeError(refusals.DIFF_ORDER.format(n=n))
    for other in (prepend, append):
        _refuse_join(input, other, d)
    if n == 0:
        return _f["clone"](input)
    parts = [x for x in (prepend, input, append) if x is not None]
    result = _f["cat"](parts, d) if len(parts) > 1 else input
    subtract = _f["logical_xor" if result.array.dtype == np.bool_ else "sub"]
    for _ in range(min(n, result.array.shape[d])):
        size = result.array.shape[d] - 1
        result = subtract(_f["narrow"](result, d, 1, size), _f["narrow"](result, d, 0, size))
    return result


def _refuse_join(input: Tensor, other: Any, d: int) -> None:
    """RuntimeError unless a tensor can stand before or behind another along a dimension."""
    if other is None:
        return
    if other.array.ndim != input.array.ndim:
        raise RuntimeError(refusals.DIFF_NDIM)
    for k, (n, m) in enumerate(zip(input.array.shape, other.array.shape, strict=True)):
        if n != m and k != d:
            raise RuntimeError(refusals.DIFF_SIZES.format(dim=k, size=n, other=m))


@checked
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The area below the points along a dimension, by the trapezoidal rule (torch.trapezoid).

    The points have the distance `dx`, by default 1, or stand at `x`. RuntimeError for bools and for an `x` that does
    not fit.
    """
    d = _dimension_of_points("trapezoid", y, x, dx, dim)
    if not y.array.shape[d]:
        return _f["sum"](y, d)
    _refuse_bools("trapezoid", y, x)
    if x is None:
        ends = _f["select"](y, d, 0) + _f["select"](y, d, -1)
        area: Tensor = (_f["sum"](y, d) - ends * 0.5) * (1 if dx is None else KINDS["Number"].read(dx))
        return area
    return _f["sum"](_sums_of_neighbours(y, d) * _widths("trapezoid", y, x, d), d) / 2


@checked
def trapz(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """`trapezoid` by its older name (torch.trapz)."""
    return trapezoid(y, x, dx=dx, dim=dim)


@checked
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The areas below the first two points along a dimension, below the first three, ... (torch.cumulative_trapezoid).

    The result has one element less in that dimension. The arguments and errors are those of `trapezoid`; IndexError for
    a tensor without dimensions.
    """
    d = _dimension_of_points("cumulative_trapezoid", y, x, dx, dim)
    _refuse_bools("cumulative_trapezoid", y, x)
    sums = _sums_of_neighbours(y, d)
    if x is None:
        return _f["cumsum"](sums * ((1 if dx is None else KINDS["Number"].read(dx)) / 2), d)
    return _f["cumsum"](sums * _widths("cumulative_trapezoid", y, x, d), d) / 2


def _dimension_of_points(function: str, y: Tensor, x: Any, dx: Any, dim: int) -> int:
    """The dimension along which the points lie; TypeError for `x` and `dx` together."""
    if x is not None and (dx is not None or not isinstance(x, Tensor)):
        raise no_such_call(function, y, x, *([] if dx is None else [dx]))
    if not y.array.ndim:
        raise IndexError(SLICE_OF_NUMBER if function != "trapezoid" else ROLL_OF_NUMBER.format(dim=dim))
    return axis(dim, y.array.ndim)


def _refuse_bools(function: str, y: Tensor, x: Tensor | None) -> None:
    if np.bool_ in (y.array.dtype, y.array.dtype if x is None else x.array.dtype):
        names = "`y`" if x is None else "`x` or `y`"
        raise RuntimeError(refusals.TRAPEZOID_OF_BOOLS.format(function=function, names=names))


def _sums_of_neighbours(y: Tensor, d: int) -> Tensor:
    size = max(y.array.shape[d] - 1, 0)
    return _f["narrow"](y, d, 0, size) + _f["narrow"](y, d, min(1, y.array.shape[d]), size)


def _widths(function: str, y: Tensor, x: Tensor, d: int) -> Tensor:
    """The distances of the points at `x`, in the dimensions of `y`; RuntimeError where there are not as many."""
    ndim = y.array.ndim
    if x.array.ndim == 1:
        if x.array.shape[0] != y.array.shape[d]:
            raise RuntimeError(refusals.TRAPEZOID_COUNT.format(function=function))
        x = x.reshape([-1 if k == d else 1 for k in range(ndim)])
    elif x.array.ndim < ndim:
        x = x.reshape((1,) * (ndim - x.array.ndim) + x.array.shape)
    return diff(x, dim=d)


METHODS = as_methods(corrcoef, cov, diff, nanquantile, quantile)
