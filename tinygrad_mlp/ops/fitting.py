"""Making an array fit another: broadcast to its shape, summed back to it, cast to its dtype.

Backward itself needs these, and so does whatever takes arrays of several shapes: no program goes without this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dims import axes, dtype_word
from .refusals import NO_SIZE_TO_KEEP, NOT_EXPANDABLE, TOO_FEW_SIZES
from .sums import total
from .table import Array, operator


def spread(g: Array, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Array:
    """Repeat the cotangent of a reduction over `dim` along what was reduced."""
    if not keepdim and g.ndim:
        reduced = axes(dim, len(shape))
        g = g.reshape([1 if d in reduced else n for d, n in enumerate(shape)])
    return expand(g, shape)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the dimensions along which `shape` was broadcast to that of `x`: the VJP of broadcasting."""
    added = x.ndim - len(shape)
    stretched = [added + d for d, n in enumerate(shape) if n == 1 != x.shape[added + d]]
    over = (*range(added), *stretched)  # to a Tensor an empty tuple would mean all dimensions
    if over:
        # The engine calls this on Tensors too, which have NumPy's protocols only while a rule runs.
        protocols = hasattr(type(x), "__array_ufunc__")
        x = total(x, over, True) if protocols else x.sum(over, True)
    return x.reshape(shape)


def refuse_expansion(x: Array, size: tuple[int, ...]) -> None:
    """RuntimeError in torch's words unless `x` can be broadcast to `size`."""
    added = len(size) - x.ndim
    if added < 0:
        raise RuntimeError(
            TOO_FEW_SIZES.format(word=dtype_word(x), shape=list(x.shape), size=list(size), given=len(size), ndim=x.ndim)
        )
    if -1 in size[:added]:
        raise RuntimeError(NO_SIZE_TO_KEEP.format(dim=size.index(-1)))
    for d in reversed(range(added, len(size))):
        n, own = size[d], x.shape[d - added]
        if n != own != 1:
            raise RuntimeError(NOT_EXPANDABLE.format(size=n, own=own, dim=d, sizes=list(size), shape=list(x.shape)))


@operator(
    {"input": lambda g, input_shape: sum_to(g, input_shape)},
    view=True,
    variadic=True,
    sample=lambda s: (s.floats(s.broadcast_into(shape := s.shape())), shape),
)
def expand(input: Array, size: Sequence[int]) -> Array:
    """A view with dimensions of size 1 repeated, and new ones in front; -1 keeps a size.

    Shapes: the result has the shape `size`, to which `input` broadcasts.
    Refuses: RuntimeError for a shape that does not.
    As: torch.Tensor.expand
    """
    if type(input) is np.ndarray and not input.ndim and min(size, default=0) >= 0:
        return np.ndarray(size, input.dtype, input, 0, (0,) * len(size))  # np.broadcast_to takes six times as long
    if -1 in size:
        added = len(size) - input.ndim
        size = [input.shape[d - added] if n == -1 and d >= added else n for d, n in enumerate(size)]
    refuse_expansion(input, tuple(size))
    return np.broadcast_to(input, size)


# The rule hands g on as it is: backward casts every cotangent to the dtype of its input.
@operator(
    {"input": lambda g: g}, node_name="ToCopyBackward0", sample=lambda s: (s.floats(s.shape()), s.another_dtype())
)
def cast(input: Array, dtype: Any) -> Array:
    """The elements as another NumPy dtype.

    As: torch.Tensor.to
    """
    return (input.copy() if 0 in input.strides else input).astype(dtype)  # torch copies an expanded one in C order
