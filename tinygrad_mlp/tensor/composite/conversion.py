"""Casts to another dtype, copies in another order of memory, and writes into a tensor."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...arrays import MetaArray, contiguous_format, dtypes, is_meta, on_cpu
from ...arrays import dtype as _dtype
from ...arrays import memory_format as _memory_format
from ...arrays.dtypes import FLOATING
from ...arrays.refusals import NO_DATA
from ...arrays.silence import silently
from ...autograd.captured import running
from ...ops.dims import mismatch
from ...ops.refusals import OTHER_OUTPUT_SHAPE
from ..functions import FUNCTIONS, INPLACE
from ..kinds import no_such_call, wrong_type
from ..later import as_methods
from ..refusals import FILL_DIMENSIONS, NO_SUBCLASS, OPTION_TYPE, TYPE_NAME, TYPE_TYPE
from ..tensor import Tensor

__all__ = ["clone"]

_f = FUNCTIONS


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, non_blocking: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """This tensor in another dtype (or on a device: the CPU); itself where nothing changes (torch.Tensor.to).

    `args` may begin with a dtype, a device or a tensor that has both. `devices.on_cpu` says which devices are refused;
    NotImplementedError from "meta", where there is no data, to the CPU.
    """
    target = dtypes.given(dtype, "to") if dtype is not None else None
    for arg in args:
        if isinstance(arg, Tensor):
            target = arg.array.dtype
        elif isinstance(arg, (_dtype, builtins.type)):
            target = dtypes.given(arg, "to")
        elif not isinstance(arg, bool):
            device = arg
    if is_meta(device):
        return self if self.is_meta and target is None else _without_data(self, target)
    if device is not None:
        on_cpu(device)
        if self.is_meta:
            raise NotImplementedError(NO_DATA)
    target_format = _format("to", memory_format)
    if len(args) > 2 and [arg for arg in args if isinstance(arg, bool)][1:] == [
        True
    ]:  # the first bool is non_blocking, the second is copy
        copy = True
    if target is not None and target != self.array.dtype:
        # Integers and bools have no gradient, so a cast to them has no history.
        result = _f["cast"](self if target.kind in FLOATING else self.detach(), target)
        return contiguous(result) if target_format is contiguous_format else result
    return clone(self, memory_format=target_format) if copy else self


def _without_data(self: Tensor, target: Any) -> Tensor:
    """The shape of a tensor, and a dtype or else its own, on the device "meta"."""
    result = self.detach()
    result.array = MetaArray(self.array.shape, target or self.array.dtype)
    return result


def _format(function: str, memory_format: Any) -> Any:
    """An argument `memory_format`; TypeError for what is none."""
    if memory_format is not None and not isinstance(memory_format, _memory_format):
        raise TypeError(
            OPTION_TYPE.format(function=function, name="memory_format", found=builtins.type(memory_format).__name__)
        )
    return memory_format


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with its own memory, in C order for torch.contiguous_format, else with the same strides (torch.clone)."""
    if memory_format is None:
        return _f["clone"](input)
    ordered = _format("clone", memory_format) is contiguous_format
    return _f["contiguous_clone" if ordered else "clone"](input)


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Refuse, as a torch without CUDA does: AssertionError, for a number RuntimeError (torch.Tensor.cuda)."""
    on_cpu(device if isinstance(device, int) else "cuda")
    return self


def _caster(name: str, target: _dtype) -> Any:
    def cast(self: Tensor, *, memory_format: Any = None) -> Tensor:
        return to(self, target) if memory_format is None else to(self, target, memory_format=memory_format)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"This tensor as {target} (torch.Tensor.{name})."
    return cast


CASTERS = {
    name: _caster(name, target)
    for name, target in {
        "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "long": dtypes.int64,
        "int": dtypes.int32, "short": dtypes.int16, "byte": dtypes.uint8, "char": dtypes.int8, "bool": dtypes.bool_,
        "bfloat16": dtypes.bfloat16,
        "chalf": dtypes.complex32, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
    }.items()
}  # fmt: skip


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False, *, memory_format: Any = None) -> Any:
    """Torch's name of the tensor's type; with a dtype, or such a name, the tensor cast to it (torch.Tensor.type).

    The class `FloatTensor` and the like name a type as well, and Tensor the default one. ValueError for another type or
    text, TypeError for anything else.
    """
    if dtype is None:
        return f"torch.{self.dtype.tensor_type}"
    if isinstance(dtype, _dtype):
        return to(self, dtype, memory_format=memory_format)
    if not isinstance(dtype, (builtins.type, str)):
        raise TypeError(TYPE_TYPE)
    named = dtypes.get_default_dtype() if dtype is Tensor else getattr(dtype, "dtype", None)
    if isinstance(dtype, str):
        named = next((d for d in dtypes.WITH_EXTRAS if dtype == f"torch.{d.tensor_type}"), None)
    if not isinstance(named, _dtype):
        raise ValueError(TYPE_NAME.format(found=getattr(dtype, "__name__", dtype)))
    return to(self, named, memory_format=memory_format)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of another (torch.Tensor.type_as)."""
    if not isinstance(other, Tensor):
        raise wrong_type("type_as", "other", 1, "Tensor", other)
    return to(self, other.dtype)


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself, which is on the CPU (torch.Tensor.cpu)."""
    _format("cpu", memory_format)
    return to(self, device="cpu") if self.is_meta else self


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if it lies in C order, else a copy in C order (torch.Tensor.contiguous)."""
    if memory_format is not None:
        _format("contiguous", memory_format)
    return self if self.array.flags.c_contiguous else _f["contiguous_clone"](self)


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the elements of `src`, broadcast and cast, into this tensor (torch.Tensor.copy_)."""
    if isinstance(src, Tensor):
        shape, own = src.array.shape, self.array.shape
        if len(shape) > len(own):
            raise mismatch(own, shape) or RuntimeError(
                OTHER_OUTPUT_SHAPE.format(shape=list(own), broadcast=list(np.broadcast_shapes(own, shape)))
            )
    elif not isinstance(src, (int, float)):
        raise wrong_type("copy_", "other", 1, "Tensor", src)
    return INPLACE["assign_"](self, src)


def is_written_at_once(self: Tensor, value: Any) -> bool:
    """Whether a number is written into floats of which the tape knows nothing: they may be written where they lie."""
    held = isinstance(value, (int, float)) and -65504 <= value <= 65504 and self.array.dtype.kind in FLOATING
    return held and not (self.viewed or self.needs_grad or running) and self.array.flags.writeable


def fill_(self: Tensor, value: Any) -> Tensor:
    """Write one value into every element (torch.Tensor.fill_)."""
    if is_written_at_once(self, value):
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        silently(self.array.fill, value)
        self.versions[0] = count + 1
        return self
    if value is None or isinstance(value, (str, tuple, list)):
        raise no_such_call("fill_", value)
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(FILL_DIMENSIONS.format(ndim=value.array.ndim))
    return INPLACE["fill_with_tensor_" if isinstance(value, Tensor) else "fill_"](self, value)


def zero_(self: Tensor) -> Tensor:
    """Write 0 into every element (torch.Tensor.zero_)."""
    if not (self.viewed or self.needs_grad or running) and self.array.flags.writeable:
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        self.array.fill(0)
        self.versions[0] = count + 1
        return self
    return INPLACE["zero_"](self)


def as_subclass(self: Tensor, cls: builtins.type[Tensor]) -> Tensor:
    """This tensor as one of another class, which shares its memory and its history (torch.Tensor.as_subclass).

    TypeError for a class that is not derived from Tensor.
    """
    if not issubclass(cls, Tensor):
        raise TypeError(NO_SUBCLASS)
    result = _f["alias"](self)
    result.__class__ = cls
    return result


METHODS = as_methods(as_subclass, clone, to, type, type_as, cpu, cuda, contiguous, copy_, fill_, zero_) | CASTERS
