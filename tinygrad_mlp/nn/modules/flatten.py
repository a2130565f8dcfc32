"""Flatten and Unflatten, the layers that change nothing but the shape of their input."""

from __future__ import annotations

import math
from typing import Any

from ...ops.dims import axis
from ...tensor import FUNCTIONS, Tensor
from ..refusals import UNFLATTEN_SIZE_TYPE, UNFLATTEN_SIZES, UNFLATTEN_TYPE
from .module import Module

__all__ = ["Flatten", "Unflatten"]

_flatten, _reshape = FUNCTIONS["flatten"], FUNCTIONS["reshape"]


class Flatten(Module):
    """Join the dimensions from `start_dim` to `end_dim` into one: (N, a, b) to (N, a * b) (torch.nn.Flatten)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Any:
        """Return the input with these dimensions joined."""
        return _flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split one dimension into several: (N, a * b) to (N, a, b).

    One of the sizes may be -1 and follows from the others. TypeError unless the sizes are a tuple or list of ints;
    RuntimeError in forward if their product is not the size of the dimension. Source: torch.nn.Unflatten.
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(UNFLATTEN_TYPE.format(found=type(unflattened_size).__name__))
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(UNFLATTEN_SIZE_TYPE.format(found=type(size).__name__, position=i))
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Any:
        """Return the input with the dimension split."""
        shape = list(input.shape)
        dim = axis(self.dim, len(shape))
        sizes = list(self.unflattened_size)
        known = math.prod(size for size in sizes if size != -1)
        if sizes.count(-1) == 1 and known and shape[dim] % known == 0:
            sizes[sizes.index(-1)] = shape[dim] // known
        elif -1 in sizes or known != shape[dim]:
            raise RuntimeError(UNFLATTEN_SIZES.format(sizes=sizes, dim=self.dim, size=shape[dim]))
        return _reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))

    def extra_repr(self) -> str:
        """Return the options as they are printed."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
