"""What a saved program in loops needs besides its loops: BLAS, sums in any order, arithmetic of Python's numbers.

All of its products are computed by the BLAS that NumPy has loaded, or by SciPy's, as in `blas`.

step.save("step.py")  # step.py has `gemm` and the like as text, and `@jit` before its loops
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from .regions import LoopsFunction, Written

_JIT = 'jit = numba.njit(error_model="numpy", nogil=True)'

_GEMM = '''
def blas(name):
    """The function of this name of NumPy's BLAS, else of SciPy's: all of its arguments are pointers."""
    library = ctypes.CDLL(np._core._multiarray_umath.__file__)
    for form in ("scipy_{}_64_", "{}_64_", "{}_"):  # as it is called in NumPy's wheels, and in other builds
        function = getattr(library, form.format(name), None)
        if function is not None:
            address = ctypes.cast(function, ctypes.c_void_p).value
            break
    else:
        address = numba.extending.get_cython_function_address("scipy.linalg.cython_blas", name)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address)


sgemm, dgemm = blas("sgemm"), blas("dgemm")


@jit
def gemm(alpha, a, trans_a, b, trans_b, beta, c):
    """c = alpha * (a @ b) + beta * c, where a and b are transposed if the flags say so; all are in C order.

    In Fortran's order of memory an array in C order is its transpose, and c.T = b.T @ a.T. The sizes have 64 bits;
    a library whose integers have 32 reads their low halves, which come first.
    """
    k = a.shape[0] if trans_a else a.shape[1]
    sizes = np.array([c.shape[1], c.shape[0], k, b.shape[1], a.shape[1], c.shape[1]], np.int64)
    factors = np.empty(2, c.dtype)
    factors[0], factors[1] = alpha, beta
    letters = np.array([84 if trans_b else 78, 84 if trans_a else 78], np.uint8)  # T or N
    size, factor, letter = sizes.ctypes.data, factors.ctypes.data, letters.ctypes.data
    first, second, into = b.ctypes.data, a.ctypes.data, c.ctypes.data
    if c.itemsize == 4:
        sgemm(letter, letter + 1, size, size + 8, size + 16, factor, first, size + 24, second, size + 32,
              factor + 4, into, size + 40)
    else:
        dgemm(letter, letter + 1, size, size + 8, size + 16, factor, first, size + 24, second, size + 32,
              factor + 8, into, size + 40)
'''

_PLUS = '''
@numba.njit(error_model="numpy", nogil=True, fastmath={"reassoc"})
def plus(total, x):
    """total + x in a sum whose terms may be added in any order: several at once in the processor's registers."""
    return total + x
'''

_CHECKED = '''
def checked(function, axes):
    """A function of loops that raises for an index that is out of bounds; `axes` are the axes and their lengths."""

    def run(*args):
        failed, index = function(*args)
        if failed:
            axis, size = axes[failed - 1]
            raise IndexError(f"index {index} is out of bounds for axis {axis} with size {size}")

    return run
'''

_FLAT = '''
@jit
def flat(x):
    """An array in C order as one of a single axis."""
    return x.reshape(-1)
'''

_OWN = {"gemm": _GEMM, "plus": _PLUS, "flat": _FLAT}
_TAKEN_OVER = ("added", "maximum", "minimum", "logaddexp", "divided", "raised")


def imports(written: Written) -> list[str]:
    """The imports of the file."""
    return [
        *["import ctypes"] * _uses("gemm", written.text), *["import math"], "from pathlib import Path", "",
        "import numba", *["import numba.extending"] * _uses("gemm", written.text), "import numpy as np",
    ]  # fmt: skip


def text_of(written: Written) -> str:
    """The functions of loops with what they call."""
    from . import functions

    parts = [_JIT + "\n"]
    parts += [text for name, text in _OWN.items() if _uses(name, written.text)]
    for name in _TAKEN_OVER:
        if _uses(name, written.text):
            source = inspect.getsource(getattr(functions, name).py_func)
            parts.append("\n" + source)
    if any(function.checks for function in written.functions):
        parts.append(_CHECKED)
    parts += [_loops(function) for function in written.functions]
    return "\n".join(parts)


def _ported(text: str) -> str:
    """Loops in which NumPy's BLAS computes also the products that oneMKL computes here (`trial`)."""
    return re.sub(r"\bmkl_gemm(_one_thread)?\(", "gemm(", text)


def _uses(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\(", _ported(text)) is not None


def _loops(function: LoopsFunction) -> str:
    text = f"\n@jit\n{_ported(function.text)}"
    if function.checks:
        axes: list[Any] = function.checks
        text += f"\n\n{function.__name__} = checked({function.__name__}, {axes})\n"
    return text
