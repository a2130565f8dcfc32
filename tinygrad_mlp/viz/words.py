"""How shapes, norms and bytes are written in every view of a tape."""

from __future__ import annotations

from .snapshot import Snapshot


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape as Python writes it; nothing where it is not known."""
    return "" if shape is None else f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def norm_text(value: Snapshot | None) -> str:
    """The norm of an array between bars, and how many elements are nan or inf."""
    if value is None:
        return ""
    bad = [f"{n} {word}" for n, word in ((value.figures.nan, "nan"), (value.figures.infinite, "inf")) if n]
    return f"|{value.figures.norm:.3g}|" + (f" ({', '.join(bad)})" if bad else "")


def bytes_text(count: float) -> str:
    """A number of bytes with three digits and a unit."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
