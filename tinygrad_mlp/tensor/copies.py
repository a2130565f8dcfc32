"""How tensors are copied and pickled: what `copy.copy`, `copy.deepcopy` and `pickle` call.

A copy has the tensor's elements, `requires_grad` and attributes, but not its hooks. A deep copy has a copy of `.grad`,
too; as in torch, only leaves can be deep-copied.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..autograd import hooks, making
from .refusals import COPY_OF_COMPUTED

new = object.__new__
making.make_with(globals())

# The attributes that a copy does not get: the gradient, the place on the tape and the hooks.
_OWN_ATTRIBUTES = frozenset(
    ["_accumulator", "_grad", "_inference", "_leaf_hooks", "_leaf_node", "_retains", "_transform"]
)


class Copies:
    """The methods of Tensor that the modules copy and pickle call."""

    __slots__ = ()
    _version_of_copies: ClassVar[int] = 1  # torch writes the memory into a new tensor; a Parameter starts with 0

    if TYPE_CHECKING:
        array: Any
        needs_grad: bool
        requires_grad: Any
        node: Any
        versions: Any
        viewed: Any

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self.node is not None:
            raise RuntimeError(COPY_OF_COMPUTED)
        twin = new(type(self))
        memo[id(self)] = twin
        twin.__setstate__((_memory_copied(self.array, memo), self.requires_grad, {}))
        for name, value in vars(self).items():
            if name == "_grad" or name not in _OWN_ATTRIBUTES:
                setattr(twin, name, copy.deepcopy(value, memo))
        return twin

    def __getstate__(self) -> Any:
        attributes = {name: value for name, value in vars(self).items() if name not in _OWN_ATTRIBUTES}
        return self.array, self.requires_grad, attributes

    def __reduce__(self) -> Any:
        hooks.warn_if_has_hooks(self)
        return _made_by_pickle, (type(self),), self.__getstate__()

    def __setstate__(self, kept: Any) -> None:
        tensor: Any = self  # the slots that are set here are those of Tensor
        tensor.array, tensor.needs_grad, attributes = kept
        tensor.node = tensor.viewed = None
        tensor.versions = [self._version_of_copies]
        vars(self).update(attributes)


def _made_by_pickle(cls: type[Any]) -> Any:
    return new(cls)


def _memory_copied(array: Any, memo: dict[int, Any]) -> Any:
    """Copy an array. If arrays share memory, their copies in one deepcopy share memory as well."""
    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if not whole.flags.owndata or not whole.flags.forc:
        return array.copy(order="K")
    twin = memo.get(id(whole))
    if twin is None:
        twin = memo[id(whole)] = whole.copy(order="K")
    if array is whole:
        return twin
    offset = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return np.ndarray(array.shape, array.dtype, twin.ravel(order="K"), offset, array.strides)
