"""Copies of a tensor: copy, deepcopy, pickle. What is computed has none but its elements."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..autograd import hooks
from .refusals import COPY_OF_COMPUTED

# What a copy does not share: its gradient, its place on the tape and its hooks.
_OWN_ATTRIBUTES = frozenset(["_accumulator", "_grad", "_inference", "_leaf_hooks", "_leaf_node", "_retains"])


class Copies:
    """The methods of Tensor that the modules copy and pickle call."""

    __slots__ = ()
    _version_of_copies: ClassVar[int] = 1  # torch puts the memory into a new tensor; a Parameter it makes anew

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
        twin = object.__new__(type(self))
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
        tensor: Any = self  # whose slots are those of Tensor
        tensor.array, tensor.needs_grad, attributes = kept
        tensor.node = tensor.viewed = None
        tensor.versions = [self._version_of_copies]
        vars(self).update(attributes)


def _made_by_pickle(cls: type[Any]) -> Any:
    return object.__new__(cls)


def _memory_copied(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of an array; arrays that share memory have copies, in one deepcopy, that do as well."""
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
