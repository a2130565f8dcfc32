"""A tensor as Python and NumPy values: numbers, lists, arrays, text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..messages import warn_once
from ..tape import state
from .printing import tensor_text


class Values:
    """The methods of Tensor that give something else than tensors."""

    __slots__ = ()

    if TYPE_CHECKING:
        array: Any
        needs_grad: bool
        requires_grad: Any
        grad_fn: Any

        def __getitem__(self, index: Any) -> Any: ...

    def item(self) -> Any:
        """The one element, as a Python number. RuntimeError for more or fewer."""
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The array itself, sharing memory. RuntimeError where grad mode would lose its gradient, unless `force`."""
        if not force and state.recording and self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        return array if dtype is None and not copy else np.array(array, dtype, copy=copy)

    def __bool__(self) -> bool:
        if self.array.size != 1:
            if not self.array.size:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        if state.recording and self.requires_grad:
            warn_once(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first."
            )
        return float(self.item())

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind == "f":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        if not self.array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(len(self.array)))

    def __repr__(self) -> str:
        node = self.grad_fn
        name = None if node is None else node.name().rpartition(":")[2]
        return tensor_text(self.array, requires_grad=self.needs_grad, grad_fn=name)

    def __dir__(self) -> list[str]:
        return sorted(set(object.__dir__(self)))
