"""What two runs have at the end, by name, and how far it is apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .comparison import Comparison

Array = np.ndarray[Any, np.dtype[Any]]
DRIFT = 5e-2  # how far rounding may have grown in runs that are the same, unless a tolerance is given
NOISE = 1e-6  # losses and arrays that are no larger are mostly rounding


def largest_difference(comparison: Comparison) -> tuple[float, str]:
    """The largest relative difference of what the program computes, and where it is.

    That is of the losses; of a program without any, of the parameters and buffers at the end.
    """
    losses = list(zip(comparison.ours.losses, comparison.theirs.losses, strict=False))
    if not losses:
        return largest_at_the_end(comparison)
    found = (0.0, "nowhere")
    for step, (left, right) in enumerate(losses, 1):
        size = max(abs(left), abs(right))
        if size > NOISE and abs(left - right) / size > found[0]:
            found = (abs(left - right) / size, f"the loss at step {step}")
    return found


def largest_at_the_end(comparison: Comparison) -> tuple[float, str]:
    """The largest relative difference of a parameter or a buffer at the end, and its name."""
    found = (0.0, "nowhere")
    for row in rows(comparison):
        counts = row["name"].startswith(("parameter ", "buffer ")) and bool(row["relative"])
        if counts and row["absolute"] > NOISE * row["relative"] and row["relative"] > found[0]:
            found = (row["relative"], row["name"])
    return found


def rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """The table of what was kept at the end: for each name the differences and the cosine of the angle.

    `relative` is the largest difference as a share of the largest element.
    """
    ours, theirs = comparison.ours.arrays, comparison.theirs.arrays
    for name in dict.fromkeys([*ours, *theirs]):
        if name[:1].isdigit():
            continue  # of a call
        left, right = ours.get(name), theirs.get(name)
        row: dict[str, Any] = {"name": name, "shape": None, "absolute": None, "relative": None, "cosine": None}
        if left is None or right is None:
            row["only"] = comparison.names[left is None]
        elif left.shape != right.shape or left.dtype != right.dtype:
            row["other"] = f"{left.dtype} {left.shape} and {right.dtype} {right.shape}"
        else:
            row |= differences(left, right)
        yield row


def differences(left: Array, right: Array) -> dict[str, Any]:
    """The shape, the largest difference, that as a share of the largest element, and the cosine of the angle."""
    a, b = left.astype(np.float64).ravel(), right.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        apart = np.where(np.isnan(apart), np.inf, apart)
        largest, size = float(apart.max(initial=0.0)), float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
        norms = float(np.linalg.norm(a) * np.linalg.norm(b))
        return {
            "shape": list(left.shape),
            "absolute": largest,
            "relative": largest / size if size else float(largest > 0),
            "cosine": float(a @ b) / norms if norms and np.isfinite(norms) else None,
        }
