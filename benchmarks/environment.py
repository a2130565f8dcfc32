"""Describes the machine and the versions of all packages, which are saved with the figures."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "XLA_FLAGS")


def describe(packages: list[str]) -> dict[str, Any]:
    """Python, system, processor, cores, load, NumPy's BLAS, variables that set threads, and versions of packages."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "numpy_blas": numpy_blas(),
        "thread_variables": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
        "versions": {package: version(package) for package in packages},
    }


def processor() -> str:
    """The name of the processor's model on Linux, elsewhere that of its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def machine() -> str:
    """The processor, its cores, and the BLAS that NumPy calls, in one line for below a table."""
    return f"{processor()}, {os.cpu_count()} cores; NumPy's {numpy_blas()}"


def openblas_kernels() -> str:
    """For which processor the kernels are that OpenBLAS has chosen; empty where that cannot be told."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    for library in {line.split()[-1] for line in lines if "openblas" in line}:
        for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            function = getattr(ctypes.CDLL(library), name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return str(function().decode())
    return ""


def numpy_blas() -> str:
    """The name and version of the BLAS with which NumPy was built, and the kernels that it uses here."""
    # Not imported at the top, so that the harness uses less memory than its workers (see worker.peak_bytes).
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    kernels = openblas_kernels()
    return f"{blas['name']} {blas['version']}" + (f" with the kernels for {kernels}" if kernels else "")


def version(package: str) -> str | None:
    """The version of an installed package; None for a source tree that is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
