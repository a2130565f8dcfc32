"""Hooks: functions that see, and may replace, a cotangent on its way.

Backward asks a node for its `hooks` once; all that they do is here. The order is torch's: the hooks of the tensor, its
`retain_grad`, the node's hooks before it runs, the node, a leaf's hooks after accumulation, the node's hooks after it
ran. A leaf keeps its hooks itself, because its node on the tape lives only as long as a graph that reaches it.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .. import dtypes
from . import engine
from .node import AccumulateGrad, Node, gradient_edge, is_tensor
from .ordered import Backward, detached, detached_tensors, running, source

Hook = Callable[..., Any]
Hooks = OrderedDict[int, Hook]  # and not a dict: a handle refers to it weakly


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


def _add(hooks: Hooks, hook: Hook) -> RemovableHandle:
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
        engine.hooked.add(weakref.ref(self, engine.hooked.discard))

    def of_cotangents(self, parts: dict[int, Any], create_graph: bool) -> dict[int, Any]:
        """The cotangents of a node's outputs, as the tensors' hooks leave them: they get None where there is none."""
        parts = dict(parts)
        for index, hooks in list(self.of_outputs.items()):
            value = _as_tensor(parts.get(index))
            for hook in list(hooks.values()):
                value = _replaced(hook, value, hook(value))
            if value is not None and hooks:
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
            outputs = _replaced_all(hook, outputs, hook(outputs))
        return {i: _raw(value, create_graph) for i, value in enumerate(outputs) if value is not None}

    def after(self, node: Node, parts: dict[int, Any], handed: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        """What the node hands on, as the hooks after it leave it."""
        for hook in list(self.accumulated.values()):
            if hook(node.variable) is not None:  # type: ignore[attr-defined]
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        if not self.after_node:
            return handed
        outputs = _of_outputs(node, parts)
        count = len(node.next_functions)  # there may be edges that torch does not have
        inputs = tuple(map(_as_tensor, handed[:count]))
        for hook in list(self.after_node.values()):
            inputs = _replaced_all(hook, inputs, hook(inputs, outputs))
        return [*(None if value is None else _raw(value, create_graph) for value in inputs), *handed[count:]]


def _as_tensor(g: Any) -> Any:
    return g if g is None or is_tensor(g) else engine.wrap(np.asarray(g) if isinstance(g, np.generic) else g)


def _raw(value: Any, create_graph: bool) -> Any:
    # A hook may have kept the array: what goes on, perhaps into a .grad, must be another.
    return value if create_graph else value.array.copy()


def _of_outputs(node: Node, parts: dict[int, Any]) -> tuple[Any, ...]:
    """The cotangents of all outputs of a node, None for those that have none."""
    return tuple(_as_tensor(parts.get(i)) for i in range(node.outputs_count))


def _replaced(hook: Hook, value: Any, result: Any) -> Any:
    """What a hook returned in place of `value`, None for no change; refused in torch's words."""
    if result is None:
        return value
    if value is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if not is_tensor(result):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    name = getattr(hook, "__name__", repr(hook))
    if result.array.dtype != value.array.dtype:
        was, got = (f"torch.{dtypes.of(x.array.dtype).tensor_type}" for x in (value, result))
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {was} got {got})")
    if result.array.shape != value.array.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")
    return result


def _replaced_all(hook: Hook, values: tuple[Any, ...], results: Any) -> tuple[Any, ...]:
    if results is None:
        return values
    if not isinstance(results, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(results).__name__}'")
    if len(results) != len(values):
        name = getattr(hook, "__name__", repr(hook))
        raise RuntimeError(
            f"hook '{name}' has returned an incorrect number of values (got {len(results)}, but expected {len(values)})"
        )
    return tuple(
        None if result is None else _replaced(hook, value, result)
        for value, result in zip(values, results, strict=True)
    )


# -- registering -----------------------------------------------------------------------------------


def _of_leaf(tensor: Any, node: Node) -> NodeHooks:
    """The hooks of a leaf, made known to a node of it."""
    if tensor._leaf_hooks is None:
        tensor._leaf_hooks = NodeHooks()
    hooks: NodeHooks = tensor._leaf_hooks
    if node.hooks is None:
        node.hooks = hooks
    return hooks


def _of_tensor(tensor: Any) -> NodeHooks:
    """The hooks of a tensor's node."""
    return _of_leaf(tensor, gradient_edge(tensor)) if tensor.node is None else _of_node(tensor.node)


def _of_node(node: Node) -> NodeHooks:
    """The hooks of a node itself. A leaf's node has its own: they die with it, those of the tensor do not."""
    node = source(node)[0]
    if isinstance(node, AccumulateGrad):
        leaf = _of_leaf(node.variable, node)
        if node.hooks is leaf:
            node.hooks = NodeHooks(leaf)
    elif node.hooks is None:
        node.hooks = NodeHooks()
    hooks: NodeHooks = node.hooks
    return hooks


def register(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook on the gradient of a tensor that requires grad."""
    return _add(_of_tensor(tensor).of_outputs.setdefault(tensor.output_nr, OrderedDict()), hook)


def register_post_accumulate_grad(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook that is called with a leaf after backward has added to its `.grad`."""
    if not tensor.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor.node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return _add(_of_tensor(tensor).accumulated, hook)


def retain(tensor: Any) -> None:
    """Have backward add the cotangent of a non-leaf to its `.grad`."""
    if not tensor._retains:
        tensor._retains = True
        _of_tensor(tensor).retained[tensor.output_nr] = weakref.ref(tensor)


def move_retained(tensor: Any, old: Node | None) -> None:
    """After a write gave a tensor a new node, its `.grad` is that of the new value; its hooks stay, as in torch."""
    if tensor._retains:
        node, index = (None, 0) if old is None else source(old)
        if node is not None and node.hooks is not None:
            node.hooks.retained.pop(index, None)
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


def register_hook(self: Node, fn: Hook) -> RemovableHandle:
    """Register `fn(grad_inputs, grad_outputs)`, called after the node has run; a tuple replaces `grad_inputs`.

    Both are tuples of tensors, None where there is no gradient. Source: torch.autograd.graph.Node.register_hook.
    """
    return _add(_of_node(self).after_node, fn)


def register_prehook(self: Node, fn: Hook) -> RemovableHandle:
    """Register `fn(grad_outputs)`, called before the node runs; a tuple replaces `grad_outputs`.

    Source: torch.autograd.graph.Node.register_prehook.
    """
    return _add(_of_node(self).before_node, fn)


Node.register_hook = register_hook  # type: ignore[attr-defined]
Node.register_prehook = register_prehook  # type: ignore[attr-defined]


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
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    tensors = tuple(tensors)
    if mode == "any":
        first = _First(fn)
        return _MultiHandle(tuple(tensor.register_hook(first) for tensor in tensors if tensor.requires_grad))
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError("Expected gradient function to be set")
    group = _Group(tensors, fn)
    return _MultiHandle(
        tuple(tensor.register_hook(functools.partial(group, index)) for index, tensor in enumerate(tensors))
    )


class _Group:
    """Counts the gradients of one backward, and calls when the last that is to come has come."""

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
    """The node that still is there: a leaf may be one no more."""
    return place if place is None or isinstance(place, Node) else None if place.node else gradient_edge(place)


class _First:
    """Calls for the first gradient of a backward."""

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


def backward_hooks(tensor: Any) -> Hooks | None:
    """A tensor's hooks by the ids of their handles, None where it never had one (torch's `_backward_hooks`)."""
    hooks = tensor._leaf_hooks if tensor.node is None else source(tensor.node)[0].hooks
    return None if hooks is None else hooks.of_outputs.get(tensor.output_nr)


def warn_if_has_hooks(tensor: Any) -> None:
    """Warn that the hooks of a tensor about to be serialized stay behind (torch.utils.hooks.warn_if_has_hooks)."""
    import warnings

    for hook in (backward_hooks(tensor) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )


def unserializable_hook(f: Hook) -> Hook:
    """Mark a hook as one that need not be serialized (torch.utils.hooks.unserializable_hook)."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f
