"""The hooks of a node, and how they are called: functions that see, and may replace, a cotangent on its way.

The order is torch's: the hooks of the tensor, its `retain_grad`, the node's hooks before it runs, the node, a leaf's
hooks after accumulation, the node's hooks after it ran. A leaf keeps its hooks itself, because its node on the tape
lives only as long as a graph that reaches it.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ...arrays import dtypes
from ...arrays.silence import users_settings
from ...tape import AccumulateGrad, Node
from ..attached import seen_at
from ..outputs import source
from ..tensors import given_out, is_tensor
from .refusals import (
    CHANGED_SIZE,
    CHANGED_TYPE,
    INCORRECT_NUMBER,
    NO_TENSOR,
    NO_TUPLE,
    REPLACES_NONE,
    RETURNS_AFTER_ACCUMULATION,
)

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]  # and not a dict: a handle refers to it weakly
alive: set[Any] = set()  # weak references to the hooks that live: where there are none, backward has nothing to prepare
detached: weakref.WeakSet[Any] = weakref.WeakSet()  # the hooks of nodes that a tensor was cut off from


class RemovableHandle:
    """What registering a hook returns: `remove()` takes it away, as the end of a `with` block does.

    It refers weakly to the hooks, so it keeps no tensor alive. Source: torch.utils.hooks.RemovableHandle.
    """

    next_id = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extra = [] if extra_dict is None else extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self._dicts = [weakref.ref(hooks) for hooks in (hooks_dict, *extra)]

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        for reference in self._dicts:
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> Any:
        return self.id, [reference() for reference in self._dicts]

    def __setstate__(self, kept: Any) -> None:
        self.id, dicts = kept
        self._dicts = [weakref.ref(OrderedDict() if hooks is None else hooks) for hooks in dicts]
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def add(hooks: Hooks, hook: Hook) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


class NodeHooks:
    """The hooks of one node; those of a leaf's tensor are shared by all nodes that the leaf ever has.

    `of_outputs` has those of the tensors that came out of it, `retained` weak references to those whose `.grad` shall
    be kept, `detached` to those that were cut off from it, all by the number of the output.
    """

    __slots__ = ("__weakref__", "accumulated", "after_node", "before_node", "detached", "of_outputs", "retained")

    def __init__(self, leaf: NodeHooks | None = None) -> None:
        self.of_outputs: dict[int, Hooks] = {} if leaf is None else leaf.of_outputs
        self.accumulated: Hooks = OrderedDict() if leaf is None else leaf.accumulated
        self.before_node: Hooks = OrderedDict()
        self.after_node: Hooks = OrderedDict()
        self.retained: dict[int, Any] = {}
        self.detached: dict[int, Any] = {}
        alive.add(weakref.ref(self, alive.discard))

    def of_cotangents(self, parts: dict[int, Any], create_graph: bool) -> dict[int, Any]:
        """The cotangents of a node's outputs, as the tensors' hooks leave them: they get None where there is none."""
        parts = dict(parts)
        for index, hooks in list(self.of_outputs.items()):
            value = _as_tensor(parts.get(index))
            called = list(hooks.values())  # a hook may take itself away, and what it returned counts all the same
            for hook in called:
                value = _replaced(hook, value, _called(hook, value))
            if value is not None and called:
                parts[index] = _raw(value, create_graph)
        for index, reference in list(self.retained.items()):
            keeper = reference()
            if keeper is not None and index in parts:
                value = _as_tensor(parts[index])
                keeper._grad = value.clone() if keeper._grad is None else keeper._grad + value
        return parts

    def before(self, node: Node, parts: dict[int, Any], create_graph: bool) -> dict[int, Any]:
        """The cotangents, as the hooks before the node leave them."""
        if not self.before_node:
            return parts
        outputs = _of_outputs(node, parts)
        for hook in list(self.before_node.values()):
            outputs = _replaced_all(hook, outputs, _called(hook, outputs))
        return {i: _raw(value, create_graph) for i, value in enumerate(outputs) if value is not None}

    def after(self, node: Node, parts: dict[int, Any], handed: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        """What the node hands on, as the hooks after it leave it."""
        for hook in list(self.accumulated.values()):
            if _called(hook, node.variable) is not None:  # type: ignore[attr-defined]
                raise RuntimeError(RETURNS_AFTER_ACCUMULATION)
        if not self.after_node:
            return handed
        outputs = _of_outputs(node, parts)
        count = len(node.next_functions)  # type: ignore[attr-defined] # there may be edges that torch has not
        inputs = tuple(map(_as_tensor, handed[:count]))
        for hook in list(self.after_node.values()):
            inputs = _replaced_all(hook, inputs, _called(hook, inputs, outputs))
        return [*(None if value is None else _raw(value, create_graph) for value in inputs), *handed[count:]]


def _called(hook: Any, *args: Any) -> Any:
    """What a hook returns; it is code of the user, with the user's settings of NumPy."""
    with users_settings():
        return hook(*args)


def _as_tensor(g: Any) -> Any:
    return g if g is None or is_tensor(g) else given_out(g)


def _raw(value: Any, create_graph: bool) -> Any:
    # A hook may have kept the array: what goes on, perhaps into a .grad, must be another.
    return value if create_graph else value.array.copy()


def _of_outputs(node: Node, parts: dict[int, Any]) -> tuple[Any, ...]:
    """The cotangents of all outputs of a node, None for those that have none."""
    return tuple(_as_tensor(parts.get(i)) for i in range(node.outputs_count))  # type: ignore[attr-defined]


def _replaced(hook: Hook, value: Any, result: Any) -> Any:
    """What a hook returned in place of `value`, None for no change; refused in torch's words."""
    if result is None:
        return value
    if value is None:
        raise RuntimeError(REPLACES_NONE)
    if not is_tensor(result):
        raise TypeError(NO_TENSOR.format(type(result).__name__))
    name = getattr(hook, "__name__", repr(hook))
    if result.array.dtype != value.array.dtype:
        was, got = (f"torch.{dtypes.of(x.array.dtype).tensor_type}" for x in (value, result))
        raise RuntimeError(CHANGED_TYPE.format(name=name, was=was, got=got))
    if result.array.shape != value.array.shape:
        raise RuntimeError(CHANGED_SIZE.format(name=name))
    return result


def _replaced_all(hook: Hook, values: tuple[Any, ...], results: Any) -> tuple[Any, ...]:
    if results is None:
        return values
    if not isinstance(results, tuple):
        raise TypeError(NO_TUPLE.format(type(results).__name__))
    if len(results) != len(values):
        name = getattr(hook, "__name__", repr(hook))
        raise RuntimeError(INCORRECT_NUMBER.format(name=name, got=len(results), expected=len(values)))
    return tuple(
        None if result is None else _replaced(hook, value, result)
        for value, result in zip(values, results, strict=True)
    )


def hooks_of(node: Node) -> NodeHooks | None:
    """The hooks of a node: its own, or for a leaf's those of the leaf."""
    hooks: NodeHooks | None = seen_at(node).hooks
    return node.variable._leaf_hooks if hooks is None and isinstance(node, AccumulateGrad) else hooks


def was_detached(edge: Node) -> bool:
    """Whether the tensor that came from here was cut off from it since, by detach_()."""
    node, index = source(edge)
    hooks = hooks_of(node)
    if hooks is None or index not in hooks.detached:
        return False
    tensor = hooks.detached[index]()
    return tensor is None or tensor.node is None
