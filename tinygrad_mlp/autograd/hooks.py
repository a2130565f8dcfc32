"""Hooks: functions that see, and may replace, a cotangent on its way.

The engine asks a node for its `hooks` once; all that they do is here. A leaf keeps its hooks itself, because its node
on the tape lives only as long as a graph that reaches it.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .node import Node, gradient_edge

Hook = Callable[[Any], Any]
_next_key = itertools.count().__next__


class Handle:
    """What registering returns: `remove()` takes the hook away again; it does so at the end of a `with` block too."""

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks = hooks
        self._key = key

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class NodeHooks:
    """The hooks of one node: run on the cotangent of its output before the node, in the order of registration."""

    __slots__ = ("retained", "tensor_hooks", "tensor_type")

    def __init__(self, tensor_type: Any) -> None:
        self.tensor_type = tensor_type
        self.tensor_hooks: dict[int, Hook] = {}
        self.retained: Any = None  # a weak reference to the tensor whose .grad shall be kept

    def before(self, g: Any, create_graph: bool) -> Any:
        """The cotangent, as the hooks leave it."""
        tensor = g if create_graph else self.tensor_type._constant(g)
        for hook in list(self.tensor_hooks.values()):
            result = hook(tensor)
            if result is not None:
                tensor = _checked(result, tensor)
        keeper = None if self.retained is None else self.retained()
        if keeper is not None:
            keeper._accumulate(tensor if create_graph else tensor.array.copy())
        # A hook may have kept the array: what goes on, perhaps into a .grad, must be another.
        return tensor if create_graph else np.array(tensor.array) if self.tensor_hooks else tensor.array


def _checked(result: Any, g: Any) -> Any:
    if not hasattr(result, "array"):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if result.array.shape != g.array.shape:
        raise RuntimeError(
            f"hook has changed the size of value: was {list(g.array.shape)}, got {list(result.array.shape)}"
        )
    return result


def _hooks_of(node: Node, tensor_type: Any) -> NodeHooks:
    if node.hooks is None:
        node.hooks = NodeHooks(tensor_type)
    hooks: NodeHooks = node.hooks
    return hooks


def register(tensor: Any, hook: Hook) -> Handle:
    """Register a hook on the gradient of a tensor that requires grad."""
    key = _next_key()
    if tensor.node is None:
        if tensor._leaf_hooks is None:
            tensor._leaf_hooks = NodeHooks(type(tensor))
        hooks = gradient_edge(tensor).hooks = tensor._leaf_hooks
    else:
        hooks = _hooks_of(tensor.node, type(tensor))
    hooks.tensor_hooks[key] = hook
    return Handle(hooks.tensor_hooks, key)


def retain(node: Node, tensor: Any) -> None:
    """Have backward add the cotangent of a non-leaf to its `.grad`."""
    _hooks_of(node, type(tensor)).retained = weakref.ref(tensor)
