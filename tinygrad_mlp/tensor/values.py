"""How a tensor acts as a Python or NumPy value: as a number, a list, an array or text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import MetaArray, dtypes
from ..arrays.dtypes import FLOATING
from ..autograd.tensors import wrap
from ..batching import ReadsValues, begun, is_batched
from ..batching import running as batching
from ..batching.refusals import CONTROL_FLOW, NO_MEMORY
from ..messages import warn_once
from ..tape import state
from .refusals import (
    BOOL_OF_NONE,
    BOOL_OF_SEVERAL,
    EXPORT_OF_GRAD,
    FLOAT_OF_GRAD,
    IMAG,
    ITEM_SIZE,
    ITERATION_0D,
    LEN_0D,
    NO_INDEX,
    NUMPY_OF_BFLOAT16,
    NUMPY_OF_GRAD,
    NUMPY_OF_META,
    SEVERAL_AS_NUMBER,
)


class Values:
    """The methods of Tensor that return Python and NumPy values instead of tensors."""

    __slots__ = ()

    if TYPE_CHECKING:
        array: Any
        needs_grad: bool
        requires_grad: Any
        grad_fn: Any

        def unbind(self, dim: int = 0) -> tuple[Any, ...]: ...

    @property
    def is_meta(self) -> bool:
        """Whether the tensor has a shape and a dtype and no data."""
        return type(self.array) is MetaArray

    def item(self) -> Any:
        """The only element, as a Python number. RuntimeError for a tensor of several elements, or none."""
        if self.array.size != 1:
            raise RuntimeError(ITEM_SIZE.format(count=self.array.size))
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The tensor's array itself, which shares its memory (torch.Tensor.numpy).

        RuntimeError for a tensor that requires grad while grad mode is on, unless `force`: what NumPy computes is not
        recorded. TypeError for bfloat16, which NumPy itself does not have.
        """
        if not force and state.recording and self.requires_grad:
            raise RuntimeError(NUMPY_OF_GRAD)
        if self.is_meta:
            raise TypeError(NUMPY_OF_META)
        if begun and is_batched(self.array):
            raise ReadsValues(NO_MEMORY)
        if self.array.dtype.kind == "V":
            raise TypeError(NUMPY_OF_BFLOAT16)
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        return array if dtype is None and not copy else np.array(array, dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        """The memory as other libraries take it, such as np.from_dlpack. BufferError for a tensor with a gradient."""
        if self.requires_grad:
            raise BufferError(EXPORT_OF_GRAD)
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()  # type: ignore[no-any-return]

    @property
    def real(self) -> Any:
        """The real part: the tensor itself, as there are no complex dtypes here."""
        return self

    @property
    def imag(self) -> Any:
        raise RuntimeError(IMAG)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What NumPy's ufuncs make of a result of Tensors: a Tensor, of uint8 where it is of bools, as torch."""
        array = np.asarray(array)
        dtypes.of(array.dtype)
        return wrap(array.astype(np.uint8) if array.dtype == bool else array)

    def __bool__(self) -> bool:
        if self.array.size != 1:
            if not self.array.size:
                raise RuntimeError(BOOL_OF_NONE)
            raise RuntimeError(BOOL_OF_SEVERAL)
        try:
            return bool(self.array.item())
        except ReadsValues:
            raise ReadsValues(CONTROL_FLOW) from None

    def __int__(self) -> int:
        return int(self._only())

    def __float__(self) -> float:
        if state.recording and self.requires_grad:
            warn_once(FLOAT_OF_GRAD)
        return float(self._only())

    def _only(self) -> Any:
        if self.array.size != 1:
            raise ValueError(SEVERAL_AS_NUMBER)
        return self.array.item()

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind in FLOATING:
            raise TypeError(NO_INDEX)
        return int(self.item())

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError(LEN_0D)
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        if not self.array.ndim:
            raise TypeError(ITERATION_0D)
        return iter(self.unbind())

    def __repr__(self) -> str:
        from .printing import tensor_text  # when a tensor is first printed

        if begun and is_batched(self.array):
            level = batching.batches.index(self.array.batch) + 1 if self.array.batch in batching.batches else 0
            value = textwrap.indent(repr(wrap(self.array.value)), "    ")
            return f"BatchedTensor(lvl={level}, bdim=0, value=\n{value}\n)"
        node = self.grad_fn
        name = None if node is None else node.name().rpartition(":")[2]
        return tensor_text(self.array, requires_grad=self.needs_grad, grad_fn=name)

    def __dir__(self) -> list[str]:
        return sorted(set(object.__dir__(self)))
