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
from ..ops import cast, sum_to
from . import engine
from .node import AccumulateGrad, Bundle, Node, OutputNode, gradient_edge, is_tensor

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
    """The hooks of one node; those of a leaf's tensor are shared by all nodes that the leaf ever has."""

    __slots__ = ("accumulated", "after", "before_node", "of_tensor", "retained")

    def __init__(self, leaf: NodeHooks | None = None) -> None:
        self.of_tensor: Hooks = OrderedDict() if leaf is None else leaf.of_tensor
        self.accumulated: Hooks = OrderedDict() if leaf is None else leaf.accumulated
        self.before_node: Hooks = OrderedDict()
        self.after: Hooks = OrderedDict()
        self.retained: Any = None  # a weak reference to the tensor whose .grad shall be kept

    def before(self, node: Node, g: Any, create_graph: bool, pending: Any, useful: Any) -> Any:
        """The cotangent of a node's output, as the tensor's hooks leave it."""
        keeper = None if self.retained is None else self.retained()
        if not self.of_tensor and keeper is None:
            return g
        tensor = _as_tensor(g)
        outer, _running.backward = _running.backward, (node, pending, useful)
        try:
            for hook in list(self.of_tensor.values()):
                tensor = _replaced(hook, tensor, hook(tensor))
        finally:
            _running.backward = outer
        if keeper is not None:
            keeper._grad = tensor.clone() if keeper._grad is None else keeper._grad + tensor
        # A hook may have kept the array: what goes on, perhaps into a .grad, must be another.
        return tensor if create_graph else tensor.array.copy() if self.of_tensor else tensor.array

    def pull(self, node: Node, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        """What the node hands on, with the node's own hooks before and after."""
        outputs = None
        if self.before_node or self.after:
            outputs = _outputs(node, g)
            for hook in list(self.before_node.values()):
                outputs = _replaced_all(hook, outputs, hook(outputs))
            if self.before_node:
                g = _cotangent(g, outputs, create_graph)
                if g is None:
                    return [None] * len(edges)
        parts = node.pull(g, edges, create_graph)
        if self.accumulated:
            variable = node.variable  # type: ignore[attr-defined]
            for hook in list(self.accumulated.values()):
                if hook(variable) is not None:
                    raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        if self.after:
            inputs = tuple(
                None if edge is None or part is None else _as_tensor(fitted(part, edge, create_graph))
                for edge, part in zip(edges, parts, strict=bool(edges))
            )
            for hook in list(self.after.values()):
                inputs = _replaced_all(hook, inputs, hook(inputs, outputs))
            parts = [x if x is None or create_graph else x.array.copy() for x in inputs]
        return parts


def _as_tensor(g: Any) -> Any:
    return g if is_tensor(g) else engine.wrap(np.asarray(g) if isinstance(g, np.generic) else g)


class _Running(threading.local):
    backward: Any = (
        None  # the node whose hooks run, the pending cotangents and the nodes to visit: which backward it is
    )


_running = _Running()


def fitted(part: Any, edge: Node, create_graph: bool) -> Any:
    """A cotangent in the shape and dtype of the tensor that it belongs to."""
    array = part.array if create_graph else part
    if edge.shape is not None and array.shape != edge.shape:
        part = sum_to(part, edge.shape)
    if edge.dtype is not None and array.dtype != edge.dtype:
        part = cast(part, edge.dtype)
    return part


def _outputs(node: Node, g: Any) -> tuple[Any, ...]:
    """The cotangents of all outputs of a node, None for those that have none."""
    if isinstance(g, Bundle):
        count = len(getattr(node, "outputs", "1"))  # of a row's outputs one is differentiable
        return tuple(_as_tensor(g.parts[i]) if i in g.parts else None for i in range(count))
    return (_as_tensor(g),)


def _cotangent(g: Any, outputs: tuple[Any, ...], create_graph: bool) -> Any:
    raw = [x if x is None or create_graph else x.array.copy() for x in outputs]
    return Bundle({i: x for i, x in enumerate(raw) if x is not None}) if isinstance(g, Bundle) else raw[0]


def _replaced(hook: Hook, value: Any, result: Any) -> Any:
    """What a hook returned in place of `value`, None for no change; refused in torch's words."""
    if result is None:
        return value
    if not is_tensor(result):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if value is None:
        return result
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


def _of_leaf(tensor: Any) -> NodeHooks:
    """The hooks of a leaf, made known to the node that it has at the moment."""
    if tensor._leaf_hooks is None:
        tensor._leaf_hooks = NodeHooks()
    hooks: NodeHooks = tensor._leaf_hooks
    node = gradient_edge(tensor)
    if node.hooks is None:
        node.hooks = hooks
    return hooks


def of_tensor(tensor: Any) -> NodeHooks:
    """The hooks of a tensor's node, made if there are none."""
    node = tensor.node
    if node is None:
        return _of_leaf(tensor)
    if node.hooks is None:
        node.hooks = NodeHooks()
    hooks: NodeHooks = node.hooks
    return hooks


def _of_node(node: Node) -> NodeHooks:
    """The hooks of a node itself. A leaf's node has its own: they die with it, those of the tensor do not."""
    if isinstance(node, OutputNode):
        node = node.edges[0]  # type: ignore[assignment]
    if isinstance(node, AccumulateGrad):
        leaf = _of_leaf(node.variable)
        if node.hooks is leaf:
            node.hooks = NodeHooks(leaf)
    elif node.hooks is None:
        node.hooks = NodeHooks()
    hooks: NodeHooks = node.hooks
    return hooks


def register(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook on the gradient of a tensor that requires grad."""
    return _add(of_tensor(tensor).of_tensor, hook)


def register_post_accumulate_grad(tensor: Any, hook: Hook) -> RemovableHandle:
    """Register a hook that is called with a leaf after backward has added to its `.grad`."""
    if not tensor.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor.node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return _add(_of_leaf(tensor).accumulated, hook)


def retain(tensor: Any) -> None:
    """Have backward add the cotangent of a non-leaf to its `.grad`."""
    if not tensor._retains:
        tensor._retains = True
        of_tensor(tensor).retained = weakref.ref(tensor)


def move_retained(tensor: Any, old: Node | None) -> None:
    """After a write gave a tensor a new node, its `.grad` is that of the new value; its hooks stay, as in torch."""
    if tensor._retains:
        if old is not None and old.hooks is not None:
            old.hooks.retained = None
        of_tensor(tensor).retained = weakref.ref(tensor)


def register_hook(self: Node, fn: Hook) -> RemovableHandle:
    """Register `fn(grad_inputs, grad_outputs)`, called after the node has run; a tuple replaces `grad_inputs`.

    Both are tuples of tensors, None where there is no gradient. Source: torch.autograd.graph.Node.register_hook.
    """
    return _add(_of_node(self).after, fn)


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
        return _MultiHandle(tuple(register(tensor, first) for tensor in tensors if tensor.requires_grad))
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError("Expected gradient function to be set")
    group = _Group(tensors, fn)
    return _MultiHandle(
        tuple(register(tensor, functools.partial(group, index)) for index, tensor in enumerate(tensors))
    )


class _Group:
    """Counts the gradients of one backward, and calls when the last that is to come has come."""

    def __init__(self, tensors: Sequence[Any], fn: Hook) -> None:
        # Not the nodes: they would hold the tape, and a leaf has another node in every graph.
        self.places = [weakref.ref(x) if x.node is None else x.node.order for x in tensors]
        self.fn = fn
        self.lock = threading.Lock()
        self.buffers: dict[int, list[Any]] = {}  # by the identity of the pending cotangents, which is the backward's

    def __call__(self, index: int, g: Any) -> None:
        node, pending, useful = _running.backward
        with self.lock:
            if id(pending) not in self.buffers:
                to_come = {n.order for n in _nodes_to_come(node, pending, useful)}
                waiting = sum(_order(place) in to_come for place in self.places)
                self.buffers[id(pending)] = [waiting, [None] * len(self.places), pending]
            buffer = self.buffers[id(pending)]
            buffer[0] -= 1
            buffer[1][index] = g
            if buffer[0]:
                return
            del self.buffers[id(pending)]
        self.fn(buffer[1])


def _order(place: Any) -> int:
    if isinstance(place, int):
        return place
    tensor = place()
    return 1 if tensor is None else gradient_edge(tensor).order  # no node has an order above 0


class _First:
    """Calls for the first gradient of a backward."""

    def __init__(self, fn: Hook) -> None:
        self.fn = fn
        self.lock = threading.Lock()
        self.seen: Any = None

    def __call__(self, g: Any) -> None:
        pending = _running.backward[1]
        with self.lock:
            if self.seen is pending:
                return
            self.seen = pending
        self.fn(g)


def _nodes_to_come(node: Node, pending: Any, useful: Any) -> set[Node]:
    """The nodes that the running backward will still visit, the present one included."""
    seen = {node, *pending}
    stack = list(seen)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in seen and (useful is None or edge in useful):
                seen.add(edge)
                stack.append(edge)
    return seen


def backward_hooks(tensor: Any) -> Hooks | None:
    """A tensor's hooks by the ids of their handles, None where it never had one (torch's `_backward_hooks`)."""
    hooks = tensor._leaf_hooks if tensor.node is None else tensor.node.hooks
    return None if hooks is None else hooks.of_tensor


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
