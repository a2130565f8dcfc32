"""The tensors that a Function saves for its backward, with the version that each had."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from ...tape import AccumulateGrad, gradient_edge
from ..graph.changed import changed, made_by
from ..graph.refusals import HOOKED
from ..graph.saved import PackedTensor, packed, saved_tensors_hooks
from ..tensors import wrap


class SavedForBackward:
    """A saved tensor and its version. For an output, it keeps the array and a weak reference to the node, so as not to
    make a cycle.

    In `saved_tensors_hooks` it keeps what they made of the array, and the tensor's place on the tape.
    """

    __slots__ = ("array", "box", "count", "counter", "index", "node", "own", "tensor")

    def __init__(self, tensor: Any, own: bool) -> None:
        self.index = tensor.output_nr
        self.counter = tensor.versions
        self.count = tensor.versions[0]
        self.own = own
        self.box = packed(tensor)
        self.array: Any = tensor.array if self.box is None else None
        self.tensor = None if self.own or self.box is not None else tensor
        self.node: Any = None
        if self.own:
            self.node = weakref.ref(tensor.node)
        elif self.box is not None and tensor.requires_grad:
            self.node = gradient_edge(tensor)

    def unpack(self) -> Any:
        node = self.node() if self.own else self.node
        if self.box is None and self.counter[0] != self.count:
            if self.tensor is not None:
                self.tensor.grad_fn  # noqa: B018 (brings a view up to date, or refuses it)
                node = self.tensor.node
            raise RuntimeError(changed(self.array, made_by(node), self.counter[0], self.count))
        if self.tensor is not None:
            return self.tensor
        tensor = wrap(self.array if self.box is None else self.box.unpack())
        if self.box is None:
            tensor.versions = self.counter
        tensor.needs_grad = node is not None
        if isinstance(node, AccumulateGrad):
            tensor._accumulator = weakref.ref(node)  # of a leaf, but hooks gave other values
        else:
            tensor.node = node
        return tensor

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        """Register hooks as `SavedTensor.register_hooks` does for operators."""
        if self.box is not None:
            raise RuntimeError(HOOKED)
        tensor = self.unpack()
        if not self.own and tensor.requires_grad:
            self.node = gradient_edge(tensor)
        self.box = PackedTensor(tensor.detach(), saved_tensors_hooks(pack_hook, unpack_hook))
        self.array = self.tensor = None
