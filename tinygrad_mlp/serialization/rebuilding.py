"""How tensors are made of what a pickle says: the functions of torch._utils and torch._tensor that files name.

A file calls them with whatever it likes, so that every argument is checked; UnpicklingError for what cannot be.
"""

from __future__ import annotations

from pickle import UnpicklingError
from typing import Any, TypeVar

import numpy as np

from ..arrays import MetaArray, dtype, strided
from ..nn.parameter import Parameter
from ..tensor import Tensor, wrap
from ..tensor.memory.storage import TypedStorage, UntypedStorage
from .refusals import ARGUMENTS, BACKWARD_HOOKS, BAD_ATTRIBUTE, BITS, GEOMETRY, REBUILT_FROM

_AnyTensor = TypeVar("_AnyTensor", bound=Tensor)


def rebuild_tensor(storage: Any, storage_offset: Any, size: Any, stride: Any) -> Tensor:
    """A tensor that is a view of a storage, counted in elements (torch._utils._rebuild_tensor)."""
    if not isinstance(storage, (TypedStorage, UntypedStorage)):
        raise UnpicklingError(REBUILT_FROM.format(found=type(storage).__name__))
    tensor = wrap(_view(storage.array, storage_offset, size, stride))
    tensor.versions = [1]  # torch writes the storage into a new tensor
    return tensor


def rebuild_tensor_v2(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    """The same with its `requires_grad` (torch._utils._rebuild_tensor_v2)."""
    _check_rest(backward_hooks, metadata)
    return _requiring(rebuild_tensor(storage, storage_offset, size, stride), requires_grad)


def rebuild_tensor_v3(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, dtype: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    """The same of a storage of bytes (torch._utils._rebuild_tensor_v3)."""
    _check_rest(backward_hooks, metadata)
    if not (isinstance(storage, UntypedStorage) and _is_dtype(dtype)) or storage.nbytes() % dtype.itemsize:
        raise UnpicklingError(REBUILT_FROM.format(found=type(storage).__name__))
    typed = TypedStorage(storage.array.view(dtype.numpy))
    return _requiring(rebuild_tensor(typed, storage_offset, size, stride), requires_grad)


def rebuild_meta_tensor(dtype: Any, size: Any, stride: Any, requires_grad: Any) -> Tensor:
    """A tensor without memory; its strides are those of C order (torch._utils._rebuild_meta_tensor_no_storage)."""
    if not (_is_dtype(dtype) and _are_sizes(size)):
        raise UnpicklingError(ARGUMENTS.format(function="_rebuild_meta_tensor_no_storage"))
    return _requiring(wrap(MetaArray(tuple(size), dtype.numpy)), requires_grad)


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Parameter:
    """A Parameter with the memory of a tensor (torch._utils._rebuild_parameter)."""
    _check_rest(backward_hooks, None)
    if not isinstance(data, Tensor) or type(requires_grad) is not bool:
        raise UnpicklingError(REBUILT_FROM.format(found=type(data).__name__))
    return Parameter(data, requires_grad)


def rebuild_parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Parameter:
    """The same with attributes (torch._utils._rebuild_parameter_with_state)."""
    return _with_attributes(rebuild_parameter(data, requires_grad, backward_hooks), state)


def rebuild_from_type_v2(func: Any, new_type: Any, args: Any, state: Any) -> Tensor:
    """A tensor of a subclass, or one with attributes (torch._tensor._rebuild_from_type_v2)."""
    is_tensor_class = isinstance(new_type, type) and issubclass(new_type, Tensor)
    if not (any(func is each for each in _REBUILDING) and is_tensor_class and type(args) is tuple):
        raise UnpicklingError(ARGUMENTS.format(function="_rebuild_from_type_v2"))
    tensor: Tensor = func(*args)
    if type(tensor) is not new_type:
        tensor.__class__ = new_type
    if new_type.__setstate__ is not Tensor.__setstate__:
        tensor.__setstate__(state)
        return tensor
    return _with_attributes(tensor, state)


def get_layout(name: Any) -> Any:
    """The layout of a name: torch.strided is all there is (torch.serialization._get_layout)."""
    if type(name) is not str or name != "torch.strided":
        raise UnpicklingError(ARGUMENTS.format(function="_get_layout"))
    return strided


_REBUILDING = (rebuild_tensor, rebuild_tensor_v2, rebuild_tensor_v3, rebuild_meta_tensor, rebuild_parameter)


# -- what is checked -------------------------------------------------------------------------------


def _view(array: Any, offset: Any, size: Any, stride: Any) -> Any:
    if not (_are_sizes(size) and _are_sizes(stride) and _are_sizes((offset,)) and len(size) == len(stride)):
        raise UnpicklingError(ARGUMENTS.format(function="_rebuild_tensor"))
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if 0 not in size else offset - 1
    if last >= array.size:
        sizes = (tuple(each[:8]) for each in (size, stride))
        raise UnpicklingError(GEOMETRY.format(size=next(sizes), stride=next(sizes), offset=offset, count=array.size))
    if type(array) is MetaArray:
        return MetaArray(tuple(size), array.dtype)
    if 0 in size:
        return array[:0].reshape(size)
    step = array.itemsize
    return np.ndarray(tuple(size), array.dtype, array, offset * step, tuple(n * step for n in stride))


def _are_sizes(numbers: Any) -> bool:
    return isinstance(numbers, (tuple, list)) and all(type(n) is int and n >= 0 for n in numbers)


def _is_dtype(found: Any) -> bool:
    return isinstance(found, dtype)


def _requiring(tensor: Tensor, requires_grad: Any) -> Tensor:
    if type(requires_grad) is not bool:
        raise UnpicklingError(ARGUMENTS.format(function="_rebuild_tensor_v2"))
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def _check_rest(backward_hooks: Any, metadata: Any) -> None:
    """Refuse hooks, which would run, and the marks of a tensor that stands for its negative or its conjugate."""
    if backward_hooks:
        raise UnpicklingError(BACKWARD_HOOKS)
    if metadata:
        raise UnpicklingError(BITS.format(name=[each for each in ("neg", "conj") if each in metadata]))


def _with_attributes(tensor: _AnyTensor, state: Any) -> _AnyTensor:
    """Set attributes, of which none may be one that tensors have anyway."""
    attributes = state[0] if type(state) is tuple and len(state) == 2 else state
    for name, value in (attributes or {}).items():
        if type(name) is not str or hasattr(Tensor, name):
            raise UnpicklingError(BAD_ATTRIBUTE.format(name=str(name)[:80] if type(name) is str else type(name)))
        setattr(tensor, name, value)
    return tensor
