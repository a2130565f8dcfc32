"""`linearize`: a function at a point, and the linear function that is closest to it there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from ..tensor import Tensor, wrap
from .refusals import NOT_FLOATING, TANGENT_DIFFERS, TANGENTS
from .transforms import Function, vjp
from .tree import leaves, mapped, structure


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return the output of `func(*primals)` and a function that multiplies tangents by its Jacobian there.

    That function takes tangents of the structure, shapes and dtypes of the `primals` and returns a tree like the
    output. `func` is called once, where `jvp` calls it for all tangents anew. A vector is multiplied by the Jacobian by
    a backward through the backward, which is linear in its cotangents. RuntimeError for tangents that do not fit,
    ValueError for primals of integers. Source: torch.func.linearize.
    """
    flat = leaves(primals)
    for x in flat:
        if isinstance(x, Tensor) and x.array.dtype.kind not in FLOATING:
            raise ValueError(NOT_FLOATING.format(what="primal", dtype=x.dtype))
    output, product = vjp(func, *primals)
    zeros = mapped(lambda y: wrap(np.zeros_like(y.array)), output)
    _, transposed = vjp(product, zeros)

    def pushed(*tangents: Any) -> Any:
        if structure(tangents) != structure(primals):
            raise RuntimeError(TANGENTS.format(tangents=structure(tangents), primals=structure(primals)))
        for i, (v, x) in enumerate(zip(leaves(tangents), flat, strict=True)):
            for what in ("shape", "dtype"):
                own, wanted = getattr(v, what), getattr(x, what)
                if own != wanted:
                    raise RuntimeError(TANGENT_DIFFERS.format(i=i, what=what, own=own, wanted=wanted))
        return transposed(tangents)[0]

    return output, pushed
