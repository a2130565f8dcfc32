"""Dtype and memory: casts, copies where memory is not in order, and writes into a tensor."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..dtypes import dtype as _dtype
from ..functions import FUNCTIONS, INPLACE
from ..tensor import Tensor, device

_f = FUNCTIONS


def to(self: Tensor, *args: Any, dtype: _dtype | None = None, copy: bool = False, **other: Any) -> Tensor:
    """This tensor in another dtype (or on a device: the CPU); itself where nothing changes (torch.Tensor.to)."""
    for arg in args:
        if isinstance(arg, _dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, (str, device)):
            device(arg)  # refuses any but the CPU
    if dtype is not None and dtype.numpy != self.array.dtype:
        # Integers and bools have no gradient, so that theirs is the end of a history.
        return _f["cast"](self if dtype.is_floating_point else self.detach(), dtype.numpy)
    return _f["clone"](self) if copy else self


def _caster(name: str, target: _dtype) -> Any:
    def cast(self: Tensor) -> Tensor:
        return to(self, target)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"This tensor as {target} (torch.Tensor.{name})."
    return cast


CASTERS = {
    name: _caster(name, target)
    for name, target in {
        "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "long": dtypes.int64,
        "int": dtypes.int32, "short": dtypes.int16, "byte": dtypes.uint8, "char": dtypes.int8, "bool": dtypes.bool_,
    }.items()
}  # fmt: skip


def type(self: Tensor, dtype: Any = None) -> Any:
    """Torch's name of the tensor's type; with a dtype, the tensor cast to it (torch.Tensor.type)."""
    if dtype is not None:
        return to(self, dtype)
    return f"torch.{self.dtype.tensor_type}"


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of another."""
    return to(self, other.dtype)


def cpu(self: Tensor) -> Tensor:
    """The tensor itself, which is on the CPU."""
    return self


def contiguous(self: Tensor) -> Tensor:
    """The tensor itself if it lies in C order, else a copy that does."""
    return self if self.array.flags.c_contiguous else _f["contiguous_clone"](self)


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Write the elements of `src`, broadcast and cast, into this tensor (torch.Tensor.copy_)."""
    return INPLACE["assign_"](self, src)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Write one value into every element (torch.Tensor.fill_)."""
    number = isinstance(value, (int, float))
    if number and self.viewed is None and not self.needs_grad and self.array.flags.writeable:  # nothing to record
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        self.array.fill(value)
        self.versions[0] = count + 1
        return self
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
        )
    return INPLACE["fill_with_tensor_" if isinstance(value, Tensor) else "fill_"](self, value)


def zero_(self: Tensor) -> Tensor:
    """Write 0 into every element (torch.Tensor.zero_)."""
    if self.viewed is None and not self.needs_grad and self.array.flags.writeable:
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        self.array.fill(0)
        self.versions[0] = count + 1
        return self
    return INPLACE["zero_"](self)


METHODS = (to, type, type_as, cpu, contiguous, copy_, fill_, zero_)
