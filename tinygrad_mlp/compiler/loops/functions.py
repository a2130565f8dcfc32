"""What the text of loops calls besides NumPy: BLAS's gemm, sums, extrema, and the arithmetic of Python's numbers.

This module imports numba, and so is imported only where loops are compiled. What is compiled can be kept on disk: BLAS
is called by a name that is bound to its address in each process (`blas`).
"""

# numba has no types to check against.
# mypy: ignore-errors

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .loading import define_mkl, define_symbols, own

define_symbols()
jit = numba.njit(error_model="numpy", nogil=True)


def _gemm_of(library):
    """A call of gemm of one of the libraries, in Fortran's order of memory, with pointers to all of its arguments."""

    @intrinsic
    def call(typing_context, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        byte = ir.IntType(8)
        element = c.dtype
        if element not in (types.float32, types.float64) or {a.dtype, b.dtype} != {element}:
            return None
        name = own(f"{library}{'sgemm' if element == types.float32 else 'dgemm'}")
        signature = types.void(
            types.boolean, types.boolean, *[types.intp] * 3, types.float64, a, types.intp, b, types.intp,
            types.float64, c, types.intp,
        )  # fmt: skip

        def generate(context, builder, signature, arguments):
            real = context.get_value_type(element)
            if library:
                define_mkl()

            def pointer_to(value):
                return builder.bitcast(cgutils.alloca_once_value(builder, value), byte.as_pointer())

            def pass_on(value, of):
                if isinstance(of, types.Array):
                    data = context.make_array(of)(context, builder, value).data
                    return builder.bitcast(data, byte.as_pointer())
                if of == types.boolean:
                    return pointer_to(builder.select(value, byte(ord("T")), byte(ord("N"))))
                if of == types.float64:
                    return pointer_to(value if element == types.float64 else builder.fptrunc(value, real))
                return pointer_to(value)

            function_type = ir.FunctionType(ir.VoidType(), [byte.as_pointer()] * 13)
            function = cgutils.get_or_insert_function(builder.module, function_type, name)
            builder.call(function, [pass_on(x, of) for x, of in zip(arguments, signature.args, strict=True)])
            return context.get_dummy_value()

        return signature, generate

    @jit
    def gemm(alpha, a, trans_a, b, trans_b, beta, c):
        m, n = c.shape
        k = a.shape[0] if trans_a else a.shape[1]
        call(trans_b, trans_a, n, m, k, alpha, b, b.shape[1], a, a.shape[1], beta, c, n)

    return gemm


# `c = alpha * (a @ b) + beta * c`, where a and b are transposed if the flags say so; all are in C order.
# In Fortran's order of memory an array in C order is its transpose, and c.T = b.T @ a.T.
gemm, mkl_gemm = _gemm_of(""), _gemm_of("mkl_")


@intrinsic
def _mkl_threads(typing_context, count):
    """Sets how many threads oneMKL may use when this thread calls it, and returns how many it was before."""

    def generate(context, builder, signature, arguments):
        function_type = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        function = cgutils.get_or_insert_function(builder.module, function_type, own("mkl_threads"))
        return builder.call(function, arguments)

    return types.int32(types.int32), generate


@jit
def mkl_gemm_one_thread(alpha, a, trans_a, b, trans_b, beta, c):
    """As `mkl_gemm`, in one thread."""
    before = _mkl_threads(np.int32(1))
    mkl_gemm(alpha, a, trans_a, b, trans_b, beta, c)
    _mkl_threads(before)


@intrinsic
def plus(typing_context, total, x):
    """`total + x` in a sum whose terms may be added in any order: several at once in the processor's registers.

    Only the order of this sum is free: what else is computed keeps its own.
    """
    if not isinstance(total, types.Float) or total != x:
        return None

    def generate(context, builder, signature, arguments):
        return builder.fadd(*arguments, flags=("reassoc",))

    return total(total, total), generate


@jit
def added(total, lost, x):
    """`total + x`, and what all additions so far have lost to rounding, to be added at the end (Neumaier's sum)."""
    result = total + x
    loss = (total - result) + x if abs(total) >= abs(x) else (x - result) + total
    return result, lost + (loss if loss == loss else 0.0)  # it is nan where the sum is infinite


@intrinsic
def pointer(typing_context, address):
    """An integer as a pointer."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), generate


@jit
def flat(x):
    """An array in C order as one of a single axis."""
    return numba.carray(pointer(x.ctypes.data), (x.size,), x.dtype)


@jit
def maximum(a, b):
    """np.maximum of two numbers: nan if one is, and the second of two zeros."""
    return a if a > b or a != a else b


@jit
def minimum(a, b):
    """np.minimum of two numbers."""
    return a if a < b or a != a else b


@jit
def logaddexp(a, b):
    """np.logaddexp of two numbers of the same dtype: log(exp(a) + exp(b)) without large numbers in between."""
    difference = a - b
    if difference > 0:
        return a + np.log1p(np.exp(-difference))
    if difference <= 0:
        return b + np.log1p(np.exp(difference))
    return a if a == b else difference  # two infinities, or a nan


@jit
def divided(a, b):
    """`a / b` of Python's numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return np.float64(a) / np.float64(b)


@jit
def raised(a, b):
    """`a ** b` of Python's numbers, one of which is a float; ValueError where Python gives a complex number."""
    a, b = np.float64(a), np.float64(b)
    if a == 0 and b < 0:
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    if a < 0 and np.isfinite(a) and np.isfinite(b) and b != np.floor(b):
        raise ValueError("a negative number cannot be raised to a fractional power")
    result = a**b
    if np.isinf(result) and np.isfinite(a) and np.isfinite(b):
        raise OverflowError("(34, 'Numerical result out of range')")
    return result
