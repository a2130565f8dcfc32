"""Data sets that ship with the package, as NumPy arrays: the handwritten digits."""

from .digits import load_digits

__all__ = ["load_digits"]
