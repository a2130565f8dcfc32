"""The passes over a program, in their order: shorter first, then fewer and cheaper calls, then where its arrays lie."""

from __future__ import annotations

from typing import Any

from . import blocks, buffers, descent, fusion, products, rewrites
from .lines import Program


def start(program: Program, before_write: dict[int, tuple[Any, Any]]) -> None:
    """The passes that look at the elements of constants."""
    rewrites.copy_written_constants(program, before_write)
    rewrites.fold(program)


def finish(program: Program, blas: str | None) -> None:
    """All the others. `blas` is whose products to use, "numpy" or "scipy"; None for calls that NumPy itself has."""
    rewrites.start_from_zero(program)
    rewrites.share(program)
    fusion.softmax_of_exp(program)
    rewrites.drop_dead(program)
    descent.fuse(program, blas)
    if blas == "scipy":
        products.use_scipy(program)
    fusion.mask_by_bits(program)
    blocks.mark(program)
    buffers.assign(program)
