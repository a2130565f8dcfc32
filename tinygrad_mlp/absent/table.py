"""The table: the modules of this room, and the rows that make what stands in each."""

from __future__ import annotations

from . import devices, private, programs
from .rows import Row

__all__ = ["MODULES"]

MODULES: dict[str, tuple[Row, ...]] = devices.MODULES | programs.MODULES | private.MODULES
