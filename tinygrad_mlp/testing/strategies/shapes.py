"""Strategies of shapes, by those of hypothesis."""

from __future__ import annotations

from functools import cache
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
from hypothesis import strategies as st
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
    # As hypothesis's own `mutually_broadcastable_shapes`, in half of its time, which tests of operators feel.
    return _broadcastable(n, shapes(0, max_ndim, max_side=max_side, empty=empty))


@st.composite
def _broadcastable(draw: Any, n: int, whole: SearchStrategy[Shape]) -> npst.BroadcastableShapes:
    shape = draw(whole)
    parts = tuple(broadcast_into(draw, shape) for _ in range(n))
    return npst.BroadcastableShapes(parts, np.broadcast_shapes(*parts))


def broadcast_into(draw: Any, shape: Shape) -> Shape:
    """Draw a shape that broadcasts to `shape`: some sizes are 1, some leading dimensions missing."""
    if not shape:
        return ()
    kept = shape[len(shape) - draw(_kept(len(shape))) :]
    ones = draw(_ones(len(kept))) if kept else 0
    return tuple(1 if ones >> 2 * i & 3 == 3 else n for i, n in enumerate(kept))


@cache
def _kept(ndim: int) -> Any:
    return st.sampled_from((*range(ndim), *(ndim,) * (ndim + 1)))  # the fewest first, to which it shrinks


@cache
def _ones(ndim: int) -> Any:
    return st.integers(0, 4**ndim - 1)  # two bits a dimension: a quarter of the sizes is 1
