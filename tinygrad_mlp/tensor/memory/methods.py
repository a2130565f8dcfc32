"""Methods that look at the memory of a tensor, give it another one, or call a Python function for each element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import dtypes
from ...autograd.captured import refuse_captured, running
from ...autograd.inplace.views import geometry
from ...messages import warn_once
from ..functions import FUNCTIONS
from ..kinds import no_such_call, wrong_type
from ..later import as_methods
from ..refusals import INTEGER_OVERFLOW, MISSING_ARGUMENT, NO_REAL
from ..tensor import Tensor
from .refusals import (
    FUNCTION_OF_GRAD,
    MAP_DTYPE,
    RESIZED_GRAD,
    SET_DTYPE,
    SET_OF_GRAD,
    SIZE_OVERFLOW,
    TYPED_STORAGE,
)
from .storage import TypedStorage, UntypedStorage, flat_memory


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the elements lie in, as bytes (torch.Tensor.untyped_storage)."""
    return UntypedStorage(flat_memory(self.array).view(np.uint8))


def storage(self: Tensor) -> TypedStorage:
    """The memory that the elements lie in, as elements of the dtype (torch.Tensor.storage). A UserWarning, once."""
    warn_once(TYPED_STORAGE)
    return _typed_storage(self)


def _typed_storage(self: Tensor) -> TypedStorage:
    return TypedStorage(flat_memory(self.array))


# -- another shape, another memory -----------------------------------------------------------------


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Give the tensor another shape, with the elements in their order in memory (torch.Tensor.resize_).

    It keeps its memory where that is large enough; new memory begins with the old elements, and ends with whatever was
    there. Views of the old memory do not follow the tensor to a new one, as they do in torch. RuntimeError for a tensor
    that requires grad, and for a size below 0.
    """
    if not size:
        raise TypeError(MISSING_ARGUMENT.format(function="resize_", name="size"))
    return _resize(self, "resize_", *size)


def _resize(self: Tensor, name: str, *size: Any) -> Tensor:
    sizes = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    for n in sizes:
        if not hasattr(n, "__index__"):
            raise wrong_type(name, "size", 1, "tuple of ints", n)
    shape = tuple(int(n) for n in sizes)
    if min(shape, default=0) < 0:
        raise RuntimeError(SIZE_OVERFLOW)
    if running:
        refuse_captured(self, name)
    if self.requires_grad:
        raise RuntimeError(RESIZED_GRAD)
    if shape != self.array.shape:
        self.array = _resized(self.array, shape)
        self.versions[0] += 1
    return self


def _resized(array: Any, shape: tuple[int, ...]) -> Any:
    memory, offset, count = flat_memory(array), geometry(array)[2], math.prod(shape)
    if offset + count <= memory.size:
        return memory[offset : offset + count].reshape(shape)
    whole = np.empty(count, array.dtype)
    whole[: memory.size - offset] = memory[offset:]
    return whole.reshape(shape)


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give the tensor the shape of another one, as `resize_` does (torch.Tensor.resize_as_)."""
    if not isinstance(the_template, Tensor):
        raise wrong_type("resize_as_", "the_template", 1, "Tensor", the_template)
    return _resize(self, "resize_as_", the_template.array.shape)


def set_(self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Tensor:
    """Let the tensor share the memory of another, or be a view of a storage (torch.Tensor.set_).

    Without arguments it is empty. RuntimeError for another dtype, and for a tensor that requires grad.
    """
    if running:
        refuse_captured(self, "set_", (source,))
    if self.requires_grad:
        raise RuntimeError(SET_OF_GRAD)
    if isinstance(source, (TypedStorage, UntypedStorage)):
        array = _placed(source.array.view(self.array.dtype), storage_offset, size, stride)
    elif source is None:
        array = np.empty(0, self.array.dtype)
    elif isinstance(source, Tensor):
        array = source.array
    else:
        raise no_such_call("set_", source)
    if array.dtype != self.array.dtype:
        raise RuntimeError(SET_DTYPE.format(found=dtypes.of(array.dtype).word, own=self.dtype.word))
    self.array = array
    self.versions[0] += 1
    return self


def _placed(memory: Any, offset: int, size: Any, stride: Any) -> Any:
    """The part of a memory that begins at an offset, of a size and with strides, all counted in elements."""
    rest = memory[offset:]
    if size is None:
        return rest
    shape = tuple(size)
    if stride is None:
        return rest[: math.prod(shape)].reshape(shape)
    return np.ndarray(shape, rest.dtype, rest, 0, tuple(n * rest.itemsize for n in stride))


# -- a Python function for each element ------------------------------------------------------------


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Write `callable(element)` into every element, one after another, which is slow (torch.Tensor.apply_).

    RuntimeError for a tensor that requires grad, TypeError for a result that is no number.
    """
    return _written(self, "apply_", callable, [])


def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Write `callable(element, other)` into every element, with those of another tensor (torch.Tensor.map_)."""
    return _written(self, "map_", callable, [tensor])


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """The same with the elements of two other tensors (torch.Tensor.map2_)."""
    return _written(self, "map2_", callable, [x, y])


def _written(self: Tensor, name: str, function: Callable[..., Any], others: list[Any]) -> Tensor:
    if running:
        refuse_captured(self, name)
    shape = self.array.shape
    for i, (argument, other) in enumerate(zip(("other",) if len(others) == 1 else ("x", "y"), others, strict=False)):
        if not isinstance(other, Tensor):
            raise wrong_type(name, argument, i + 1, "Tensor", other)
        if other.array.dtype != self.array.dtype:
            words = [x.dtype.tensor_type for x in (self, other)]
            raise TypeError(MAP_DTYPE.format(function=name, wanted=words[0], name=argument, found=words[1]))
    if any(x.requires_grad for x in (self, *others)):
        raise RuntimeError(FUNCTION_OF_GRAD.format(function=name))
    operands = [self.array, *(FUNCTIONS["expand"](other, shape).array for other in others)]
    whole = self.array.dtype.kind in "iu"
    for place in np.ndindex(shape):
        value = function(*(x[place].item() for x in operands))
        if not hasattr(value, "__float__"):
            raise TypeError(NO_REAL.format(type=type(value).__name__))
        if whole and not -(2**63) <= value < 2**63:
            raise ValueError(INTEGER_OVERFLOW)
        self.array[place] = np.asarray(int(value)).astype(self.array.dtype) if whole else float(value)
    return self


METHODS = as_methods(untyped_storage, storage, _typed_storage, resize_, resize_as_, set_, apply_, map_, map2_)
