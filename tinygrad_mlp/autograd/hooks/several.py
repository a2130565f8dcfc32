"""One hook for the gradients of several tensors (torch.autograd.graph.register_multi_grad_hook)."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Sequence
from typing import Any, Literal

from ...tape import Node, gradient_edge
from .handles import Hook, RemovableHandle
from .refusals import NOT_A_MODE
from .running import Backward, running


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
