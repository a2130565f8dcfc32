"""Strategies of shapes, by those of hypothesis."""

from __future__ import annotations

from functools import cache

import hypothesis.extra.numpy as npst
from hypothesis.strategies import SearchStrategy

Shape = tuple[int, ...]


@cache
def shapes(
    min_ndim: int = 0, max_ndim: int = 3, *, min_side: int = 1, max_side: int = 3, empty: bool = True
) -> SearchStrategy[Shape]:
    """Shapes of `min_ndim` to `max_ndim` dimensions of `min_side` to `max_side` elements, and, if `empty`, of none.

    They shrink to () or, where that is too few dimensions, to (1,). About one in four of those of three dimensions is
    of an empty array; with `empty` False none is.
    """

    def of(min_side: int) -> SearchStrategy[Shape]:
        return npst.array_shapes(min_dims=min_ndim, max_dims=max_ndim, min_side=min_side, max_side=max_side)

    return of(min_side) | of(0) if empty else of(min_side)


@cache
def broadcastable(
    n: int, max_ndim: int = 3, *, max_side: int = 3, empty: bool = True
) -> SearchStrategy[npst.BroadcastableShapes]:
    """Tuples of `n` shapes that broadcast together, with the shape that they broadcast to.

    Each example has the fields `input_shapes` and `result_shape`. They shrink to shapes ().
    """

    def of(min_side: int) -> SearchStrategy[npst.BroadcastableShapes]:
        return npst.mutually_broadcastable_shapes(num_shapes=n, max_dims=max_ndim, min_side=min_side, max_side=max_side)

    return of(1) | of(0) if empty else of(1)
