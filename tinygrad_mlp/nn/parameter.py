"""Parameter, the class of the tensors that a module learns.

It is a Tensor; a class of its own lets a module tell its parameters from other tensors that are assigned to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import dtypes, on_cpu
from ..arrays.dtypes import FLOATING
from ..autograd import making
from ..autograd.captured import running, share_memory
from ..autograd.modes import modes
from ..tensor import Tensor
from ..tensor.creation.values import empty
from .refusals import FLAG_TYPE, FLOATING_ONLY, NO_SHAPE_YET

new = object.__new__
making.make_with(globals())


class Parameter(Tensor):
    """A leaf tensor that becomes part of `module.parameters()` when it is assigned to a module.

    `data` is a tensor of any shape, whose memory the parameter shares; without it the parameter is empty. RuntimeError
    if `requires_grad` is true and the dtype is not floating, TypeError if it is no bool. Source: torch.nn.Parameter.
    """

    __slots__ = ()
    _version_of_copies = 0

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if not isinstance(requires_grad, bool):
            raise TypeError(FLAG_TYPE.format(found=type(requires_grad).__name__))
        if data is None:
            self.array = np.empty(0, dtypes.get_default_dtype().numpy)
            self.versions = [0]
        else:
            source = data.detach()
            self.array, self.versions = source.array, source.versions
        if requires_grad and self.array.dtype.kind not in FLOATING:
            raise RuntimeError(FLOATING_ONLY)
        self.needs_grad = bool(requires_grad)
        self.node = None
        self.viewed = None
        if running or modes.inference:
            making.mark(self)
            if data is not None:
                self._inference = source._inference
                share_memory(self, source)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        twin: Parameter = new(type(self))
        twin.__setstate__((self.array.copy(), self.needs_grad, {}))  # no gradient, unlike a copy of a plain tensor
        twin.versions = [0]
        memo[id(self)] = twin
        return twin


class _BufferMeta(type):
    """Lets `isinstance(tensor, Buffer)` ask the tensor: a buffer is a tensor of any class that was marked as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return super().__instancecheck__(instance) or (
            isinstance(instance, Tensor) and vars(instance).get("_is_buffer", False)
        )


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that becomes a buffer of a module when it is assigned to one; it shares the memory of `data`.

    The result is a plain tensor that is marked. Without `data` it is empty; with `persistent` it will be part of the
    `state_dict`. Source: torch.nn.Buffer.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        """Return a tensor that is marked as a buffer."""
        source = Tensor() if data is None else data
        tensor = source.detach().requires_grad_(source.requires_grad)
        vars(tensor).update(persistent=persistent, _is_buffer=True)
        return tensor


class _Uninitialized(Tensor):
    """A parameter or buffer of a lazy module, which has a dtype but no shape yet: RuntimeError for its `shape`."""

    __slots__ = ()
    _becomes: type[Tensor] = Tensor

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Make the tensor, of a shape, with elements that are still to be set."""
        on_cpu(device)
        self.array = np.empty(tuple(shape), self.array.dtype if dtype is None else dtypes.of(dtype).numpy)
        self.__class__ = self._becomes  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        raise RuntimeError(NO_SHAPE_YET)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad,)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter of a lazy module. Source: torch.nn.parameter.UninitializedParameter."""

    __slots__ = ()
    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(empty((0,), device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(_Uninitialized):
    """A buffer of a lazy module. Source: torch.nn.parameter.UninitializedBuffer."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        Parameter.__init__(self, empty((0,), device=device, dtype=dtype), requires_grad)  # type: ignore[arg-type]


def is_lazy(tensor: Any) -> bool:
    """Whether a parameter or buffer is not made yet."""
    return isinstance(tensor, _Uninitialized)
