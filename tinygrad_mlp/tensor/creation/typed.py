"""Torch's old constructors: `torch.Tensor(...)`, `torch.FloatTensor(...)` and the like, and `x.new(...)`.

They take sizes, data, another tensor or a storage, and have one dtype each: of data that is the dtype of the elements,
of a tensor and a storage it has to be theirs. The classes `FloatTensor` and the like make Tensors, are asked whether an
object is a tensor of their dtype, and name it to `x.type`; no object is an instance of them in the sense of Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import device as _device
from ...arrays import dtype as _dtype
from ...arrays import dtypes, strided
from ...autograd import making
from ...autograd.captured import running
from ...autograd.modes import modes
from ...messages import type_name, warn_once
from ..kinds import no_such_call
from ..memory.storage import TypedStorage, UntypedStorage
from ..refusals import NO_SEQUENCE, TEXT
from ..sequences import is_sequence
from ..tensor import Size, Tensor, wrap
from .data import array_of
from .options import size_of
from .refusals import DEFAULT_TENSOR_TYPE, DEFAULT_TYPE_DEPRECATED, LEGACY_DEVICE, LEGACY_DTYPE, NO_CUDA_TYPE

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "set_default_tensor_type",
]  # fmt: skip


def _array(args: tuple[Any, ...], options: dict[str, Any], kind: np.dtype[Any], fixed: bool) -> Any:
    """The array of a new tensor. TypeError, if the dtype is `fixed`, for a tensor or a storage of another dtype."""
    place = options.pop("device", None)
    if place is not None and _device(place).type != "cpu":
        raise RuntimeError(LEGACY_DEVICE.format(device=_device(place).type))
    named = [options.pop(name) for name in ("data", "other", "storage") if name in options]
    if "size" in options:
        named.append(Size(options.pop("size")))
    if options or len(named) + bool(args) > 1:
        raise no_such_call("new", *args, **options)
    args = (*args, *named)
    first = args[0] if args else Size((0,))
    if len(args) < 2 and not _is_size(first):
        return _of_data(first, kind, fixed)
    if len(args) > 1 and not _is_size(first):
        raise no_such_call("new", *args)
    return np.empty(size_of("new", args or (first,), {}), kind)


def _is_size(x: Any) -> bool:
    return isinstance(x, (int, np.integer, Size)) and not isinstance(x, bool)


def _of_data(data: Any, kind: np.dtype[Any], fixed: bool) -> Any:
    if isinstance(data, (Tensor, TypedStorage, UntypedStorage)):
        array = data.array.view(kind) if isinstance(data, UntypedStorage) else data.array
        if fixed and array.dtype != kind:
            raise TypeError(LEGACY_DTYPE.format(wanted=dtypes.of(kind).word, found=dtypes.of(array.dtype).word))
        return array
    if isinstance(data, (str, bytes)):
        raise TypeError(TEXT.format(type=type_name(data)))
    if not isinstance(data, np.ndarray) and not is_sequence(data):
        raise TypeError(NO_SEQUENCE.format(type=type_name(data)))
    return np.array(array_of(data, kind))


def __init__(self: Tensor, *args: Any, **options: Any) -> None:
    """Sizes give a tensor whose elements are whatever was in memory, data one of the default dtype (torch.Tensor)."""
    array = _array(args, options, dtypes.get_default_dtype().numpy, False)
    self.array = array
    self.needs_grad = False
    self.node = None
    self.versions = args[0].versions if len(args) == 1 and isinstance(args[0], Tensor) else [0]
    self.viewed = None
    if running or modes.inference:
        making.mark(self)


def new(self: Tensor, *args: Any, **options: Any) -> Tensor:
    """A tensor of this one's dtype, of a size or from data (torch.Tensor.new); an old form of `new_tensor`."""
    return _made(args, options, self.array.dtype)


def _made(args: tuple[Any, ...], options: dict[str, Any], kind: np.dtype[Any]) -> Tensor:
    tensor = wrap(_array(args, options, kind, True))
    if len(args) == 1 and isinstance(args[0], Tensor):  # which shares its memory
        tensor.versions = args[0].versions
    return tensor


METHODS = {"__init__": __init__, "new": new}


# -- a class for each dtype ------------------------------------------------------------------------


class _TensorType(type):
    """The class of FloatTensor and the like."""

    dtype: _dtype

    def __call__(cls, *args: Any, **options: Any) -> Any:
        return _made(args, options, cls.dtype.numpy)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __getattr__(cls, name: str) -> Any:
        return getattr(Tensor, name)  # a method such as FloatTensor.add_


def _type_of(d: _dtype) -> Any:
    own = {
        "__module__": "tinygrad_mlp",
        "__doc__": f"Makes tensors of {d}, from sizes or data (torch.{d.tensor_type}).",
        "dtype": d, "layout": strided, "is_cuda": False, "is_sparse": False,
    }  # fmt: skip
    return _TensorType(d.tensor_type, (), own)


FloatTensor, DoubleTensor, HalfTensor, BFloat16Tensor = map(
    _type_of, (dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16)
)
LongTensor, IntTensor, ShortTensor, CharTensor = map(
    _type_of, (dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8)
)  # fmt: skip
ByteTensor, BoolTensor = _type_of(dtypes.uint8), _type_of(dtypes.bool_)


def set_default_tensor_type(t: Any, /) -> None:
    """The same as `set_default_dtype`, by a class such as FloatTensor or its name (torch.set_default_tensor_type)."""
    warn_once(DEFAULT_TYPE_DEPRECATED)
    if isinstance(t, str) and t.startswith("torch.cuda."):
        raise TypeError(NO_CUDA_TYPE.format(type=t))
    names = {f"torch.{d.tensor_type}": d for d in dtypes.WITH_EXTRAS}
    found = t.dtype if isinstance(t, _TensorType) else names.get(t) if isinstance(t, str) else None
    if found is None:
        raise TypeError(DEFAULT_TENSOR_TYPE)
    dtypes.set_default_dtype(found)
