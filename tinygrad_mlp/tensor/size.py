"""The shape of a tensor (torch.Size)."""

from __future__ import annotations

import operator
from typing import Any

from ..messages import type_name
from .refusals import SIZE_ELEMENT, SIZE_SUM

_INTEGERS = frozenset((int,))


def _size(i: int, n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError:
        raise TypeError(SIZE_ELEMENT.format(i=i, found=type_name(n))) from None


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as torch.Size and counts its elements.

    Parts of it, sums with tuples and multiples are of the class, too.
    """

    __slots__ = ()
    __module__ = "tinygrad_mlp"  # as torch's own: where programs find the class, and what its text says

    def __new__(cls, sizes: Any = ()) -> Size:
        if type(sizes) is not tuple or not _INTEGERS.issuperset(map(type, sizes)):
            sizes = [_size(i, n) for i, n in enumerate(sizes)]
        return tuple.__new__(cls, sizes)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        n = 1
        for size in self:
            n *= size
        return n

    def __getitem__(self, index: Any) -> Any:
        part = tuple.__getitem__(self, index)
        return Size(part) if isinstance(index, slice) else part

    # What a sum takes is checked as when a shape is made.

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, tuple):
            raise TypeError(SIZE_SUM.format(found=type_name(other)))
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Any:
        return Size(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: Any) -> Any:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__
