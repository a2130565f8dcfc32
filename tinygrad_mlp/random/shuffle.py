"""The shuffle of Fisher & Yates (1938) without a loop over its steps."""

from __future__ import annotations

import numpy as np

from ..arrays import Array


def shuffle(partners: Array) -> Array:
    """What swapping `order[i]` with `order[partners[i]]`, for i = 0, 1, ..., leaves of order = [0, 1, ..., n - 1].

    int64 of shape (n,) to int64 of shape (n,), where i <= partners[i] < n: place i is final after step i.
    """
    n = len(partners)
    steps = np.arange(n)
    # What place i holds when its step comes is what the last swap that had it for a partner brought from its own
    # place, which that one in turn had been brought: chains of steps, followed to their ends by doubling.
    held = np.arange(n)
    apart = partners != steps
    held[partners[apart]] = steps[apart]  # of several assignments to a place the last one wins
    while not np.array_equal(held, further := held[held]):
        held = further
    # Step i takes the number partners[i] itself, unless earlier steps had the same partner; then what the last of
    # them left there, which is what it held. Every round settles the last step of each partner and drops it.
    taken = partners.copy()
    last = np.empty(n, np.int64)
    while len(steps):
        last[partners] = steps
        earlier = last[partners] != steps
        steps, partners = steps[earlier], partners[earlier]
        taken[last[partners]] = held[steps]
    return taken
