"""Rooms of SciPy, each imported when it is first used: they would triple the time that importing this package takes."""

from __future__ import annotations

import importlib
from typing import Any


class _Room:
    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> Any:
        function = getattr(importlib.import_module(self.name), name)
        setattr(self, name, function)
        return function


special = _Room("scipy.special")
lapack = _Room("scipy.linalg")
