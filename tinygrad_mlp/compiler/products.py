"""A pass that lets SciPy's BLAS compute the matrix products, because its gemm can add a product to a weight.

    product = x @ w; sgemm(1.0, w.T, x.T).T  # the same by NumPy and by SciPy

Either all large products of a program are SciPy's or none is: each library has its own threads, and those of one keep
a core busy for a while after a product, when the other's need it. Products that alternate between the two were measured
to take 30 times as long.
"""

from __future__ import annotations

import math

import numpy as np

from .lines import Line, Program, Value

ONE_THREAD = 1 << 18  # multiplications in a product, up to which OpenBLAS uses a single thread


def is_large(a: Value, b: Value) -> bool:
    """Whether BLAS may use several threads for the product of two matrices."""
    return a.shape[0] * math.prod(b.shape) > ONE_THREAD


def fits_gemm(*values: Value) -> bool:
    """Whether gemm can take these matrices: one floating dtype, contiguous, and the first of them in C order."""
    first = values[0]
    alike = all(len(x.shape) == 2 and x.dtype == first.dtype and (x.in_c_order or x.in_f_order) for x in values)
    return alike and first.dtype.name in ("float32", "float64") and first.in_c_order


def gemm_of(value: Value) -> object:
    """SciPy's gemm for the dtype of a value."""
    from scipy.linalg import blas

    return blas.sgemm if value.dtype.name == "float32" else blas.dgemm


def use_scipy(program: Program) -> None:
    """Mark every product that gemm can compute, so that its source is a call of gemm."""
    for line in program.lines:
        if _is_product(line) and fits_gemm(line.out, *line.args):
            line.gemm = gemm_of(line.out)
            line.comment, line.about = "{0} = {1} @ {2}", (line.out, *line.args)


def _is_product(line: Line) -> bool:
    return line.function in (np.dot, np.matmul) and line.target is None and not line.kwargs
