"""Finds the functions of BLAS that loops call: NumPy's own, or SciPy's.

NumPy's library is there in every process, with its threads. Wheels of NumPy and SciPy each bring their own OpenBLAS,
and NumPy's is the newer one as a rule.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

# How NumPy's library may name Fortran's sgemm: as in its wheels, as other builds do with integers of 64 bits, and plain.
# All take pointers to integers, and so may be given integers of 64 bits in any case: the low half comes first.
_NAMES = ("scipy_{}_64_", "{}_64_", "{}_")


def address_of(name: str) -> int:
    """The address of a function of BLAS, such as "sgemm", whose parameters are Fortran's."""
    return _in_numpy(name) or _in_scipy(name)


def _in_numpy(name: str) -> int | None:
    """The function of the BLAS that NumPy is linked with, or None where it is not found."""
    for module in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        try:
            library = ctypes.CDLL(importlib.import_module(module).__file__)
        except (ImportError, OSError):
            continue
        for form in _NAMES:
            function = getattr(library, form.format(name), None)
            if function is not None:
                return ctypes.cast(function, ctypes.c_void_p).value
    return None


def _in_scipy(name: str) -> int:
    """The function of SciPy's BLAS, from the capsule that SciPy offers to Cython."""
    capsule: Any = importlib.import_module("scipy.linalg.cython_blas").__pyx_capi__[name]
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    address: int = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    return address
