"""Order and sets: functions that sort, search, and find the different elements."""

from __future__ import annotations

from typing import Any

from ..functions import FUNCTIONS
from ..keywords import numpy_names
from ..kinds import checked
from ..later import as_methods
from ..out import with_out
from ..tensor import Tensor
from .refusals import BOUNDARIES_NDIM

__all__ = ["argsort", "bucketize", "msort", "unique", "unique_consecutive"]

_f = FUNCTIONS


@numpy_names
@checked
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along a dimension (torch.argsort)."""
    indices: Tensor = _f["sort"](input, dim, descending)[1]
    return indices


@with_out
@checked
def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension (torch.msort)."""
    values: Tensor = _f["sort"](input, 0)[0]
    return values


@with_out
@checked
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Which of the intervals between sorted boundaries each element, or a number, lies in (torch.bucketize).

    An interval has its upper boundary; with `right` its lower one. RuntimeError unless `boundaries` is a vector.
    """
    if boundaries.array.ndim != 1:
        raise RuntimeError(BOUNDARIES_NDIM.format(ndim=boundaries.array.ndim))
    found: Tensor = _f["searchsorted"](boundaries, input, out_int32, right)
    return found


@checked
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The different elements in order, or the different slices along `dim` (torch.unique).

    With `return_inverse` also which of them each element is, and with `return_counts` how often each occurs. They are
    sorted in any case.
    """
    if dim is None:
        return _wanted(_f["unique_all"](input, return_inverse, return_counts), return_inverse, return_counts)
    return _wanted(_f["unique_dim"](input, dim, return_inverse, return_counts), return_inverse, return_counts)


@checked
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The first of each run of equal elements, or of equal slices along `dim` (torch.unique_consecutive).

    With `return_inverse` also in which run each element is, and with `return_counts` the lengths of the runs.
    """
    return _wanted(_f["unique_runs"](input, dim, return_inverse, return_counts), return_inverse, return_counts)


def _wanted(found: Any, return_inverse: bool, return_counts: bool) -> Any:
    values, inverse, counts = found
    wanted = (values, *([inverse] if return_inverse else []), *([counts] if return_counts else []))
    return wanted if len(wanted) > 1 else values


METHODS = as_methods(argsort, msort, unique, unique_consecutive)
