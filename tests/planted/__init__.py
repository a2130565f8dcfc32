"""40 right pairs of NumPy functions and 200 faults planted in them, to check `assert_gradients` itself."""

from __future__ import annotations

from . import arrays, elementwise
from .cases import NAMES, Case, Fault

CASES: list[Case] = [*elementwise.CASES, *arrays.CASES]
FAULTS: list[Fault] = [fault for case in CASES for fault in case.faults]

__all__ = ["CASES", "FAULTS", "NAMES", "Case", "Fault"]
