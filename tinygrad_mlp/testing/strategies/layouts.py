"""How the elements of an array lie in memory, in each of the ways that a tensor can have them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..refusals import UNKNOWN_LAYOUT

LAYOUTS = ("contiguous", "transposed", "strided", "expanded", "overlapping")
REPEATING = ("expanded", "overlapping")  # in which some elements share memory, and so are equal


def layouts_of(wanted: str | Collection[str] | None, awkward: tuple[str, ...]) -> tuple[str, ...]:
    """The layouts that the arguments of a strategy ask for. ValueError for one that is unknown.

    Without a wish they are all, or without awkward numbers only that of a new array; without ties none that repeats
    elements.
    """
    if wanted is None:
        return tuple(x for x in LAYOUTS if "tie" in awkward or x not in REPEATING) if awkward else LAYOUTS[:1]
    wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for layout in wanted:
        if layout not in LAYOUTS:
            raise ValueError(UNKNOWN_LAYOUT.format(layout=layout, known=", ".join(LAYOUTS)))
    return tuple(layout for layout in LAYOUTS if layout in wanted)


@cache
def drawn_from(layouts: tuple[str, ...]) -> Any:
    """A strategy of layouts, in which the first one comes twice as often as the others."""
    return st.sampled_from((*layouts[:1], *layouts))


def laid_out(array: Any, layout: str) -> Any:
    """The array in a layout; those in which elements share memory repeat some of them in place of others."""
    if not array.ndim or layout == "contiguous":
        return array
    if layout == "transposed":
        return array.T.copy().T
    if layout == "strided":
        wider = np.empty((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
        wider[..., 1::2] = array
        return wider[..., 1::2]
    if not array.size:
        return array
    if layout == "expanded":
        return np.broadcast_to(array[:1].copy(), array.shape)
    memory = np.resize(array, 1 + sum(n - 1 for n in array.shape))  # each step goes to the next element of one vector
    return np.lib.stride_tricks.as_strided(memory, array.shape, (array.itemsize,) * array.ndim)
