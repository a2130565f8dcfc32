"""What the package computes with (torch.__config__)."""

from __future__ import annotations

import platform

import numpy as np

from ..settings import get_num_threads

__all__ = ["parallel_info", "show"]


def show() -> str:
    """The versions of Python and NumPy, and NumPy's BLAS (torch.__config__.show)."""
    blas = np.show_config("dicts")["Build Dependencies"]["blas"]
    python, numpy = platform.python_version(), np.__version__
    return f"tinygrad_mlp on Python {python}, NumPy {numpy}, {blas['name']} {blas['version']}\n"


def parallel_info() -> str:
    """How many threads a matrix product may take (torch.__config__.parallel_info)."""
    return f"threads of a matrix product: {get_num_threads()}\n"
