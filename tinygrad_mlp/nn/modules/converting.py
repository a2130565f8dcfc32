"""How all tensors of a module are changed at once: their dtype, where they lie, their memory.

All of it is `_apply`, which calls one function on each tensor; a class that keeps tensors elsewhere overrides it.
Behaviour is that of torch 2.13's nn.Module.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from ...arrays import dtype as _dtype
from ...arrays import dtypes, is_meta, on_cpu
from ...autograd import no_grad
from ...tensor import Tensor, wrap
from ...tensor.creation.values import empty_like
from ..parameter import Parameter
from ..refusals import NO_DATA_TO_MOVE, NOT_FLOATING

Self = TypeVar("Self", bound="Converted")


class Converted:
    """What a Module has for the conversion of its tensors."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    children: Callable[[], Iterator[Any]]

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put `fn(tensor)` in the place of each parameter, gradient and buffer, with `recurse` of the children, too.

        Parameters and gradients stay the same objects, with other elements, unless they come to another device; buffers
        are replaced.
        """
        if recurse:
            for child in self.children():
                child._apply(fn)
        with no_grad():
            for name, parameter in self._parameters.items():
                if parameter is not None:
                    self._parameters[name] = _replaced(parameter, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(
        self: Self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
        memory_format: Any = None,
    ) -> Self:  # fmt: skip
        """Cast the floating parameters, their gradients and the floating buffers to a floating dtype, in place.

        The dtype is given as such or as that of a tensor. A device, as text or object, is the CPU or "meta"; for others
        `devices.on_cpu` raises. TypeError for a dtype that is not floating, NotImplementedError from "meta", where
        there is no data, to the CPU. Source: torch.nn.Module.to.
        """
        for arg in args:
            if isinstance(arg, (_dtype, type)):
                dtype = arg
            elif isinstance(arg, Tensor):
                dtype = arg.dtype
            elif not isinstance(arg, bool):
                device = arg
        if not is_meta(device):
            on_cpu(device)
        target = None if dtype is None else dtypes.of(dtypes.given(dtype, "to"))
        if target is not None and not target.is_floating_point:
            raise TypeError(NOT_FLOATING.format(dtype=target))

        def convert(tensor: Tensor) -> Any:
            if target is not None and tensor.is_floating_point():
                tensor = tensor.to(target)
            try:
                return tensor if device is None else tensor.to(device)
            except NotImplementedError as error:
                raise NotImplementedError(NO_DATA_TO_MOVE.format(error=error)) from None

        return self._apply(convert)

    def type(self: Self, dst_type: Any) -> Self:
        """Cast all parameters and buffers, those of integers too, to a dtype or to torch's name of one."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: Self) -> Self:
        """Cast the floating parameters and buffers to float32, in place."""
        return self._apply(lambda t: _floating(t, lambda t: t.float()))

    def double(self: Self) -> Self:
        """Cast the floating parameters and buffers to float64, in place."""
        return self._apply(lambda t: _floating(t, lambda t: t.double()))

    def half(self: Self) -> Self:
        """Cast the floating parameters and buffers to float16, in place."""
        return self._apply(lambda t: _floating(t, lambda t: t.half()))

    def bfloat16(self: Self) -> Self:
        """Cast the floating parameters and buffers to bfloat16, in place."""
        return self._apply(lambda t: _floating(t, lambda t: t.bfloat16()))

    def cpu(self: Self) -> Self:
        """Return the module, which is on the CPU already."""
        return self._apply(lambda t: t.cpu())

    def cuda(self: Self, device: Any = None) -> Self:
        """Raise AssertionError, as a torch that was not built for CUDA does, if the module has any tensors."""
        return self._apply(lambda t: t.cuda(device))

    def xpu(self: Self, device: Any = None) -> Self:
        """Raise AssertionError, as a torch that was not built for XPU does, if the module has any tensors."""
        return self._apply(lambda t: _moved(t, "xpu"))

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Give the parameters and buffers new memory, whose elements are still to be set, on a device.

        Source: torch.nn.Module.to_empty.
        """
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def share_memory(self: Self) -> Self:
        """Move the tensors into memory that is shared with every process which is forked from this one.

        A process that is started in another way gets copies, as of anything that is pickled, unlike in torch. Source:
        torch.nn.Module.share_memory.
        """
        return self._apply(_shared)


def _replaced(parameter: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """A parameter with `fn` of itself and of its gradient: the same object, unless it comes to another device."""
    gradient, new = parameter._grad, fn(parameter)
    if type(new.array) is type(parameter.array):
        parameter.data = new
        if gradient is not None:
            gradient.data = fn(gradient)
        return parameter
    result = Parameter(new, parameter.requires_grad)
    if gradient is not None:
        result.grad = fn(gradient).requires_grad_(gradient.requires_grad)
    return result


def _floating(tensor: Tensor, cast: Callable[[Tensor], Tensor]) -> Tensor:
    """A tensor of a floating dtype after a cast; any other as it is."""
    return cast(tensor) if tensor.is_floating_point() else tensor


def _moved(tensor: Tensor, device: str) -> Tensor:
    """The tensor on a device, which must be the CPU."""
    on_cpu(device)
    return tensor


def _shared(tensor: Tensor) -> Tensor:
    """The tensor itself, whose elements now lie in an anonymous memory map."""
    array = tensor.array
    memory = np.frombuffer(mmap.mmap(-1, max(array.nbytes, 1)), array.dtype, array.size).reshape(array.shape)
    np.copyto(memory, array)
    tensor.data = wrap(memory)
    return tensor
