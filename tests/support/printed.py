"""What two runs of a program print: the same words, and numbers that agree."""

from __future__ import annotations

import re

import pytest

_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")


def assert_same_output(ours: str, theirs: str, tolerance: float) -> None:
    """Words must be equal; numbers agree within a tolerance, relative and absolute, as float32 rounds in two ways."""
    assert ours and _NUMBER.sub("#", ours) == _NUMBER.sub("#", theirs)
    found, expected = ([float(number) for number in _NUMBER.findall(text)] for text in (ours, theirs))
    assert found == pytest.approx(expected, rel=tolerance, abs=tolerance), f"{ours}\n-- torch --\n{theirs}"
