"""The passes: functions that rewrite a program so that it does the same with less work, in the order of their use.

First come those that remove lines, then those that replace calls by cheaper ones, and last those that decide in which
memory each array is computed, as every other pass would change that again.

    recorded:   t = x.T; product = np.dot(t, g); scaled = product * 1.0; np.add(grad, scaled, out=grad)
    afterwards: np.dot(x.T, g, out=product); np.add(grad, product, out=grad)

A program that must be `exact` gives the numbers of the step bit for bit. It is made without the passes that round
otherwise (`softmax_of_exp` and `descent`), that lose the sign of a zero (`start_from_zero`), or that make one array of
two equal ones (`share`, and products with 1): of a matrix and its own transpose BLAS computes one half of the product
only, and rounds otherwise than for an equal matrix elsewhere in memory.
"""

from __future__ import annotations

from typing import Any

from . import blocks, buffers, descent, fusion, products, rewrites
from .lines import Program


def start(program: Program, before_write: dict[int, tuple[Any, Any]], exact: bool = False) -> None:
    """The passes that need the elements of constants. `before_write` holds the contents before the first write."""
    rewrites.copy_written_constants(program, before_write)
    rewrites.fold(program, exact)


def finish(program: Program, blas: str | None, exact: bool = False) -> None:
    """All other passes for a program of NumPy calls.

    `blas` says whose matrix products are used, "numpy" or "scipy". With None every call is one that NumPy has: even
    plain descent does not use SciPy's gemm.
    """
    if exact:
        rewrites.drop_dead(program)
    else:
        shorten(program, blas)
    if blas == "scipy":
        products.use_scipy(program)
    fusion.mask_by_bits(program)
    blocks.mark(program)
    buffers.assign(program)


def shorten(program: Program, blas: str | None) -> None:
    """The passes that are of use in whatever way the program is written out."""
    rewrites.start_from_zero(program)
    rewrites.share(program)
    fusion.softmax_of_exp(program)
    rewrites.drop_dead(program)
    descent.fuse(program, blas)
