"""The shuffle of Fisher & Yates (1938) as a few NumPy calls, instead of a Python loop over its swaps.

`Generator.permutation` draws the partners of all swaps at once; this works out the order that the swaps leave.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array


def shuffle(partners: Array) -> Array:
    """The order that is left of [0, 1, ..., n - 1] after `order[i]` and `order[partners[i]]` were swapped for every i.

    `partners` and the result are int64 arrays of shape (n,), with i <= partners[i] < n; so step i settles place i.
    """
    n = len(partners)
    steps = np.arange(n)
    # When step i comes, place i holds what the last earlier step whose partner it was has put there. This is what that
    # step's own place held, which has the same rule. So there are chains of steps, and each round doubles how far we
    # have followed them.
    held = np.arange(n)
    apart = partners != steps
    held[partners[apart]] = steps[apart]  # where several assign to a place NumPy keeps the last
    while not np.array_equal(held, further := held[held]):
        held = further
    # Step i takes the number partners[i], unless an earlier step had the same partner: then it takes what the last such
    # step has put there. Each round finds this for the last step of each partner, and leaves that step out of the next.
    taken = partners.copy()
    last = np.empty(n, np.int64)
    while len(steps):
        last[partners] = steps
        earlier = last[partners] != steps
        steps, partners = steps[earlier], partners[earlier]
        taken[last[partners]] = held[steps]
    return taken
