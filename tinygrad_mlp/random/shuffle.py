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
    before, total = -1, np.add.reduce(held)
    # The sum falls as long as a chain leads further back, and takes less time than a comparison.
    while total != before:
        held = held[held]
        before, total = total, np.add.reduce(held)
    # Step i takes the number partners[i], unless an earlier step had the same partner: then it takes what the last such
    # step has put there. A stable sort by partner puts the steps that have the same one beside each other, in order.
    # NumPy sorts numbers of 16 bits in linear time, so larger ones are sorted by their low bits, then by the others.
    order = partners.astype(np.uint16).argsort(kind="stable")
    if n > 2**16:
        order = order[(partners[order] >> 16).astype(np.uint16).argsort(kind="stable")]
    earlier, later, sorted_partners = order[:-1], order[1:], partners[order]
    same = sorted_partners[1:] == sorted_partners[:-1]
    taken = partners.copy()
    # np.where takes half the time of picking by `same`, whose random branches no processor foresees.
    taken[later] = np.where(same, held[earlier], sorted_partners[1:])
    return taken
