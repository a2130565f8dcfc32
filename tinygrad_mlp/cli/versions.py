"""The versions of what computes."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np

__all__ = ["versions"]


def versions() -> str:
    """Return the versions of this package, of Python and of NumPy, in one line."""
    try:
        own = version("tinygrad_mlp")
    except PackageNotFoundError:
        own = "(not installed)"
    return f"{own} (Python {platform.python_version()}, NumPy {np.__version__})"
