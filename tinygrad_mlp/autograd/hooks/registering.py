"""Registering hooks on tensors and on nodes."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from typing import Any
from weakref import WeakValueDictionary

from ...tape import AccumulateGrad, Node
from ..attached import attached_to, seen_at
from ..outputs import source
from .handles import Hook, Hooks, RemovableHandle, add
from .node_hooks import NodeHooks, detached, hooks_of
from .refusals import NO_GRADIENT, NO_LEAF, NOT_SERIALIZED
from .watched import watch, watched

detached_tensors: WeakValueDictionary[int, Any] = WeakValueDictionary()  # those that detach_() cut off, by their ids


def leaf_hooks(tensor: Any) -> NodeHooks:
    """The hooks of a leaf, made known to its node if there is one, and to those that it will have."""
    hooks: NodeHooks | None = tensor._leaf_hooks
    if hooks is None:
        hooks = tensor._leaf_hooks = NodeHooks()
        if issubclass(tensor._leaf_node, AccumulateGrad):
            tensor._leaf_node = watched(tensor._leaf_node)
    node = None if tensor._accumulator is None else tensor._accumulator()
    if node is not None:
        watch(node)
        if seen_at(node).hooks is None and not isinstance(node, AccumulateGrad):
            attached_to(node).hooks = hooks  # a node of `func`, which stands for the leaf outside
    return hooks


def _of_tensor(tensor: Any) -> NodeHooks:
    """The hooks of a tensor's node."""
    return leaf_hooks(tensor) if tensor.node is None else _of_node(tensor.node)


def _of_node(node: Node) -> NodeHooks:
    """The hooks of a node itself. A leaf's node has its own: they die with it, those of the tensor do not."""
    node = source(node)[0]
    kept = attached_to(node)
    if kept.hooks is None:
        kept.hooks = NodeHooks(leaf_hooks(node.variable) if isinstance(node, AccumulateGrad) else None)
        watch(node)
    return kept.hooks  # type: ignore[no-any-return]


def register(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook on the gradient of a tensor that requires grad."""
    return add(_of_tensor(tensor).of_outputs.setdefault(tensor.output_nr, OrderedDict()), hook)


def register_post_accumulate_grad(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook that is called with a leaf after backward has added to its `.grad`."""
    if not tensor.requires_grad:
        raise RuntimeError(NO_GRADIENT)
    if tensor.node is not None:
        raise RuntimeError(NO_LEAF)
    return add(_of_tensor(tensor).accumulated, hook)


def retain(tensor: Any) -> None:
    """Have backward add the cotangent of a non-leaf to its `.grad`."""
    if not tensor._retains:
        tensor._retains = True
        _of_tensor(tensor).retained[tensor.output_nr] = weakref.ref(tensor)


def move_retained(tensor: Any, old: Node | None) -> None:
    """After a write gave a tensor a new node, its `.grad` is that of the new value; its hooks stay, as in torch."""
    if tensor._retains:
        node, index = (None, 0) if old is None else source(old)
        hooks = None if node is None else hooks_of(node)
        if hooks is not None:
            hooks.retained.pop(index, None)
        _of_tensor(tensor).retained[tensor.output_nr] = weakref.ref(tensor)


def note_detached(tensor: Any) -> None:
    """Before a tensor is cut off from its node: its hooks become a leaf's too, and who has saved it will refuse."""
    node, index = source(tensor.node)
    hooks = _of_node(node)
    hooks.detached[index] = weakref.ref(tensor)
    detached.add(hooks)
    detached_tensors[id(tensor)] = tensor
    if index in hooks.of_outputs:
        tensor._leaf_hooks = NodeHooks()
        tensor._leaf_hooks.of_outputs[0] = hooks.of_outputs[index]
        tensor._leaf_node = watched(tensor._leaf_node)


def register_hook(self: Node, fn: Hook) -> RemovableHandle:
    """Register `fn(grad_inputs, grad_outputs)`, called after the node has run; a tuple replaces `grad_inputs`.

    Both are tuples of tensors, None where there is no gradient. Source: torch.autograd.graph.Node.register_hook.
    """
    return add(_of_node(self).after_node, fn)


def register_prehook(self: Node, fn: Hook) -> RemovableHandle:
    """Register `fn(grad_outputs)`, called before the node runs; a tuple replaces `grad_outputs`.

    Source: torch.autograd.graph.Node.register_prehook.
    """
    return add(_of_node(self).before_node, fn)


def backward_hooks(tensor: Any) -> Hooks | None:
    """A tensor's hooks by the ids of their handles, None where it never had one (torch's `_backward_hooks`)."""
    hooks = tensor._leaf_hooks if tensor.node is None else hooks_of(source(tensor.node)[0])
    return None if hooks is None else hooks.of_outputs.get(tensor.output_nr)


def warn_if_has_hooks(tensor: Any) -> None:
    """Warn that the hooks of a tensor about to be serialized stay behind (torch.utils.hooks.warn_if_has_hooks)."""
    for hook in (backward_hooks(tensor) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(NOT_SERIALIZED.format(hook), stacklevel=2)


def unserializable_hook(f: Hook) -> Hook:
    """Mark a hook as one that need not be serialized (torch.utils.hooks.unserializable_hook)."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f
