"""Matrix products by SciPy's BLAS instead of NumPy's: only so can a product be added to what is in a weight (descent).

All large products of a program, or none: each library has threads of its own, and those of the one spin for a while on
the cores that those of the other need (measured: products that alternate between them take 30 times as long).
"""

from __future__ import annotations

import math

import numpy as np

from .lines import Line, Program, Value

ONE_THREAD = 1 << 18  # multiplications; up to here OpenBLAS uses no threads


def is_large(a: Value, b: Value) -> bool:
    """Whether BLAS may spread a product over threads."""
    return a.shape[0] * math.prod(b.shape) > ONE_THREAD


def fits_gemm(*values: Value) -> bool:
    """Whether matrices are as gemm takes them: of one floating dtype, without gaps, the first of them in C order."""
    first = values[0]
    alike = all(len(x.shape) == 2 and x.dtype == first.dtype and (x.in_c_order or x.in_f_order) for x in values)
    return alike and first.dtype.name in ("float32", "float64") and first.in_c_order


def gemm_of(value: Value) -> object:
    """SciPy's gemm for a dtype."""
    from scipy.linalg import blas

    return blas.sgemm if value.dtype.name == "float32" else blas.dgemm


def use_scipy(program: Program) -> None:
    """Have every product that gemm can take emitted as gemm."""
    for line in program.lines:
        if _is_product(line) and fits_gemm(line.out, *line.args):
            line.gemm = gemm_of(line.out)
            line.comment, line.about = "{0} = {1} @ {2}", (line.out, *line.args)


def _is_product(line: Line) -> bool:
    return line.function in (np.dot, np.matmul) and line.target is None and not line.kwargs
