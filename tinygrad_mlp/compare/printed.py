"""What two programs print, line by line, with numbers compared as numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .parting import Tolerance

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b|-inf\b")


@dataclass(frozen=True)
class Line:
    """The first line that differs: its number from 1, and what each has printed; None where one had ended."""

    number: int
    ours: str | None
    theirs: str | None


def first_other_line(ours: list[str], theirs: list[str], tolerance: Tolerance) -> Line | None:
    """The first line that says something else, or None."""
    for i, (left, right) in enumerate(zip(ours, theirs, strict=False), 1):
        if left != right and not _alike(left, right, tolerance):
            return Line(i, left, right)
    shorter = min(len(ours), len(theirs))
    if len(ours) != len(theirs):
        return Line(shorter + 1, *(lines[shorter] if len(lines) > shorter else None for lines in (ours, theirs)))
    return None


def _alike(left: str, right: str, tolerance: Tolerance) -> bool:
    """Whether two lines have the same words, and numbers that agree within the tolerance or in their last digit."""
    if _NUMBER.sub("#", left).split() != _NUMBER.sub("#", right).split():
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    return all(a == b or _near(a, b, tolerance) for a, b in pairs)


def _near(left: str, right: str, tolerance: Tolerance) -> bool:
    if not any(letter in left + right for letter in ".e"):
        return False  # whole numbers are equal or not: these are not
    a, b = float(left), float(right)
    unit = max(_unit(left), _unit(right))
    return abs(a - b) <= max(tolerance.atol + tolerance.rtol * abs(b), 1.01 * unit)


def _unit(number: str) -> float:
    """The value of the last digit of a number as it is written."""
    digits, _, exponent = number.lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - len(digits.partition(".")[2])))
