"""Registering hooks: on a tensor, on a node, and one on several tensors (register_multi_grad_hook)."""

from __future__ import annotations

import functools
import threading
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal
from weakref import WeakValueDictionary

from ...tape import AccumulateGrad, Node, gradient_edge
from ..attached import attached_to, seen_at
from ..outputs import source
from .node_hooks import Hook, Hooks, NodeHooks, RemovableHandle, add, detached, hooks_of
from .refusals import NO_GRADIENT, NO_LEAF, NOT_A_MODE, NOT_SERIALIZED, ONE_WITHOUT_GRADIENT
from .running import Backward, running
from .watched import watch, watched

detached_tensors: WeakValueDictionary[int, Any] = WeakValueDictionary()  # those that detach_() cut off, by their ids


def leaf_hooks(tensor: Any) -> NodeHooks:
    """The hooks of a leaf; the node that it has now, and those that it will have, use them."""
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
    """Note that `detach_` makes a tensor a leaf: it keeps its hooks, and nodes that saved it will refuse to run."""
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


# -- one hook for several tensors ------------------------------------------------------------------


class _MultiHandle(RemovableHandle):
    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __getstate__(self) -> Any:
        return self.handles

    def __setstate__(self, kept: Any) -> None:
        self.handles = kept


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Hook, *, mode: Literal["all", "any"] = "all"
) -> RemovableHandle:
    """Register one hook for the gradients of several tensors that require grad.

    With mode "all" `fn` gets the list of them when the last has been computed, None for those that this backward does
    not reach; with "any" it gets the first. ValueError for another mode. Source:
    torch.autograd.graph.register_multi_grad_hook.
    """
    if mode not in ("all", "any"):
        raise ValueError(NOT_A_MODE.format(mode))
    tensors = tuple(tensors)
    if mode == "any":
        first = _First(fn)
        return _MultiHandle(tuple(tensor.register_hook(first) for tensor in tensors if tensor.requires_grad))
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError(ONE_WITHOUT_GRADIENT)
    group = _Group(tensors, fn)
    return _MultiHandle(
        tuple(tensor.register_hook(functools.partial(group, index)) for index, tensor in enumerate(tensors))
    )


class _Group:
    """Counts the gradients that come in one backward, and calls the hook when the last one has come."""

    def __init__(self, tensors: Sequence[Any], fn: Hook) -> None:
        # Not the nodes: they would hold the tape, and a leaf has another node in every graph.
        self.places = [weakref.ref(x.grad_fn or x) for x in tensors]
        self.fn = fn
        self.lock = threading.Lock()
        self.buffers: weakref.WeakKeyDictionary[Backward, list[Any]] = weakref.WeakKeyDictionary()

    def __call__(self, index: int, g: Any) -> None:
        backward = running.backward
        assert backward is not None
        with self.lock:
            if backward not in self.buffers:
                waiting = sum(backward.will_visit(_node(reference())) for reference in self.places)
                self.buffers[backward] = [waiting, [None] * len(self.places)]
            buffer = self.buffers[backward]
            buffer[0] -= 1
            buffer[1][index] = g
            if buffer[0]:
                return
            del self.buffers[backward]
        self.fn(buffer[1])


def _node(place: Any) -> Node | None:
    """The tensor's node, if there still is one: a leaf may have been written to, and is no leaf then."""
    return place if place is None or isinstance(place, Node) else None if place.node else gradient_edge(place)


class _First:
    """Calls the hook for the first gradient that comes in a backward."""

    def __init__(self, fn: Hook) -> None:
        self.fn = fn
        self.lock = threading.Lock()
        self.seen: Any = None  # a weak reference to that backward

    def __call__(self, g: Any) -> None:
        with self.lock:
            if self.seen is not None and self.seen() is running.backward:
                return
            self.seen = weakref.ref(running.backward)
        self.fn(g)


# -- hooks and serialization -------------------------------------------------------------------------


def backward_hooks(tensor: Any) -> Hooks | None:
    """A tensor's hooks by the ids of their handles, None where it never had one (torch's `_backward_hooks`)."""
    hooks = tensor._leaf_hooks if tensor.node is None else hooks_of(source(tensor.node)[0])
    return None if hooks is None else hooks.of_outputs.get(tensor.output_nr)


def set_backward_hooks(tensor: Any, hooks: Hooks | None) -> None:
    """Take all hooks of a tensor away, and with a dict of others set these instead (torch's `_backward_hooks`)."""
    if hooks is not None:
        _of_tensor(tensor).of_outputs[tensor.output_nr] = hooks
    elif backward_hooks(tensor) is not None:
        _of_tensor(tensor).of_outputs.pop(tensor.output_nr)


def warn_if_has_hooks(tensor: Any) -> None:
    """Warn that the hooks of a tensor about to be serialized stay behind (torch.utils.hooks.warn_if_has_hooks)."""
    for hook in (backward_hooks(tensor) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(NOT_SERIALIZED.format(hook), stacklevel=2)


def unserializable_hook(f: Hook) -> Hook:
    """Mark a hook as one that need not be serialized (torch.utils.hooks.unserializable_hook)."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f
