"""Finds the functions of BLAS that loops call: NumPy's own, or SciPy's; and oneMKL's, where it is installed.

NumPy's library is there in every process, with its threads. Wheels of NumPy and SciPy each bring their own OpenBLAS,
and NumPy's is the newer one as a rule. oneMKL is what the wheel `mkl` brings (the extra `mkl` of this package).
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
from importlib import metadata
from typing import Any

# How NumPy's library may name Fortran's sgemm: as in its wheels, as other builds with integers of 64 bits, or plainly.
# All take pointers to integers, and so may be given integers of 64 bits in any case: the low half comes first.
_NAMES = ("scipy_{}_64_", "{}_64_", "{}_")
ASKED = "TINYGRAD_MLP_BLAS"  # the environment variable that says whose products are to be used
LIBRARIES = ("openblas", "mkl")
_UNKNOWN = f"the environment variable {ASKED} must be 'openblas' or 'mkl', but is {{asked!r}}"
_NO_MKL = f"the environment variable {ASKED} is 'mkl', but oneMKL is not installed: pip install 'tinygrad_mlp[mkl]'"


def library_asked() -> str:
    """The library that the user has asked for, or an empty text.

    ValueError for one that is not known, ImportError for oneMKL where it is not installed.
    """
    library = os.environ.get(ASKED, "")
    if library not in ("", *LIBRARIES):
        raise ValueError(_UNKNOWN.format(asked=library))
    if library == "mkl" and mkl_version() is None:
        raise ImportError(_NO_MKL)
    return library


def address_of(name: str) -> int:
    """The address of a function of BLAS, such as "sgemm", whose parameters are Fortran's."""
    return _in_numpy(name) or _in_scipy(name)


def mkl_version() -> str | None:
    """The version of the wheel `mkl`, or None if it is not installed."""
    path = _mkl_path()
    return None if path is None else path[1]


def mkl_addresses() -> dict[str, int]:
    """The addresses of oneMKL's functions that loops call, by the names of BLAS. OSError if it cannot be loaded."""
    library = _mkl()
    return {name: _address(getattr(library, form)) for name, form in _OF_MKL.items()}


# `threads` sets the number of threads for the thread that calls it, 0 for as many as there are, and returns the former.
_OF_MKL = {"sgemm": "sgemm_", "dgemm": "dgemm_", "threads": "MKL_Set_Num_Threads_Local"}


@functools.cache
def _mkl_path() -> tuple[str, str] | None:
    """Where oneMKL's library for all processors lies, and its version."""
    try:
        installed = metadata.distribution("mkl")
    except metadata.PackageNotFoundError:
        return None
    for file in installed.files or ():
        if "mkl_rt" in file.name and file.suffix not in (".lib", ".a"):
            return os.path.realpath(str(file.locate())), installed.version
    return None


@functools.cache
def _mkl() -> Any:
    path = _mkl_path()
    if path is None:
        raise OSError(_NO_MKL)
    return ctypes.CDLL(path[0])


def _in_numpy(name: str) -> int | None:
    """The function of the BLAS that NumPy is linked with, or None where it is not found."""
    library = ctypes.CDLL(importlib.import_module("numpy._core._multiarray_umath").__file__)
    for form in _NAMES:
        function = getattr(library, form.format(name), None)
        if function is not None:
            return _address(function)
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


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address
