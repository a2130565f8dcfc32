"""The tensors that nodes have saved, as a program sees them, and hooks that pack and unpack them.

When a program first uses `saved_tensors_hooks`, new nodes are shown to it from then on. Others pay nothing for it.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...arrays.silence import users_settings
from ...tape import FREED, AccumulateGrad, state
from ..hooks import was_detached
from ..tensors import is_tensor, wrap
from .changed import maker, raw
from .node import Node, observe_nodes
from .refusals import (
    BACKWARD_OUTSIDE,
    GONE,
    HOOKED,
    NESTED,
    NO_TENSOR_UNPACKED,
    NOTHING_SAVED,
    PACK_HOOK_WRITES,
)

# -- what a node has saved -------------------------------------------------------------------------


def saved_attributes(row: Any) -> dict[str, property]:
    """The `_saved_*` and `_raw_saved_*` of a row's nodes, with torch's names: self for input, result for the output."""
    outputs = len(row.outputs)
    names = ("result",) if outputs == 1 else tuple(row.outputs)
    names += tuple("self" if name == "input" else name for name in row.parameters)
    names += tuple(f"{names[outputs + i]}_sym_sizes" for i in row.tensors)
    places = sorted({place for read in row.reads for place in read})
    attributes = {f"_saved_{names[place]}": property(_saved_at(place)) for place in places}
    for place in places:
        if place < outputs or (place - outputs in row.tensors and not row.listed):
            attributes[f"_raw_saved_{names[place]}"] = property(functools.partial(SavedTensor, place=place))
    return attributes


def _saved_at(place: int) -> Callable[[Node], Any]:
    def saved(self: Node) -> Any:
        if self.saved is None:
            raise RuntimeError(FREED)
        if any(counter[0] != count for counter, count, k in self.versions if k == place):
            raise RuntimeError(self.modified())
        value = raw(self, place)
        return None if value is None else _with_history(self, place, value)  # None: no rule that is needed reads it

    return saved


_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}  # torch's kernels know them by number


def _with_history(node: Node, place: int, value: Any) -> Any:
    """A saved value as the tensor that it was; one that was detached since has no history."""
    row, argument = node.row, place - len(node.row.outputs)
    if argument >= 0 and (argument not in row.tensors or row.listed):
        return _REDUCTIONS[value] if row.parameters[argument : argument + 1] == ("reduction",) else value
    if not isinstance(value, np.ndarray):
        return wrap(np.asarray(value)) if row.parameters[argument] == "other" else value
    edge = node if argument < 0 else maker(node, place)
    if isinstance(edge, AccumulateGrad) and edge.variable.array is value:
        return edge.variable
    tensor = wrap(value)
    counter = next((counter for counter, _, saved_at in node.versions if saved_at == place), None)
    if counter is not None:
        tensor.versions = counter
    if edge is not None and not (argument >= 0 and was_detached(edge)):
        tensor.needs_grad = True
        if isinstance(edge, AccumulateGrad):
            tensor._accumulator = weakref.ref(edge)  # of a leaf, but hooks gave other values
        else:
            tensor.node = edge
    return tensor


# -- hooks on what is saved ------------------------------------------------------------------------


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack: list[saved_tensors_hooks] = []
        self.refusal: str | None = None
        self.mutable = False  # in allow_mutation_on_saved_tensors


local = _Local()


class saved_tensors_hooks:
    """In this block what the tape would save goes through `pack_hook(tensor)`, and what backward reads comes from it.

    `unpack_hook(packed)` gives a tensor of the same shape and values. The innermost block counts. TypeError if it
    gives anything else; RuntimeError if `pack_hook` changes its tensor. Source:
    torch.autograd.graph.saved_tensors_hooks.
    """

    __module__ = "tinygrad_mlp.autograd.graph"

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if local.refusal is not None:
            raise RuntimeError(local.refusal)
        observe_nodes(_pack)
        local.stack.append(self)

    def __exit__(self, *exception: object) -> None:
        local.stack.pop()


class save_on_cpu(saved_tensors_hooks):
    """Keeps what the tape saves on the CPU, where it is (torch.autograd.graph.save_on_cpu)."""

    __module__ = "tinygrad_mlp.autograd.graph"

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach(), lambda packed: packed)


class _Originals:
    """The copies that `allow_mutation_on_saved_tensors` keeps; without them the graph cannot run backward."""

    def __init__(self) -> None:
        self.open = True
        self.tensors: weakref.WeakKeyDictionary[_Kept, Any] = weakref.WeakKeyDictionary()

    def clear(self) -> None:
        """Forget all: the graphs written so far cannot run backward any more."""
        self.tensors.clear()

    def pack(self, tensor: Any) -> _Kept:
        """Keep a copy of a tensor; the tape has a token for it."""
        kept = _Kept()
        self.tensors[kept] = tensor.detach().clone()
        return kept

    def unpack(self, kept: _Kept) -> Any:
        """The copy again; AssertionError after the block."""
        if not self.open or kept not in self.tensors:
            raise AssertionError(BACKWARD_OUTSIDE)
        return self.tensors[kept]


class _Kept:
    __slots__ = ("__weakref__",)


@contextmanager
def allow_mutation_on_saved_tensors() -> Generator[_Originals, None, None]:
    """In this block, tensors that backward needs may be written to; backward has to run in the block, too.

    What the tape saves is copied at once, where torch copies before the first write. RuntimeError for a block within
    such a block; AssertionError for a backward outside. Source: torch.autograd.graph.allow_mutation_on_saved_tensors.
    """
    if local.mutable:
        raise RuntimeError(NESTED)
    originals = _Originals()
    local.mutable = True
    try:
        with saved_tensors_hooks(originals.pack, originals.unpack):
            yield originals
    finally:
        originals.open = local.mutable = False
        originals.clear()


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Generator[None, None, None]:
    """In this block `saved_tensors_hooks` is refused: RuntimeError with this text (torch's name)."""
    previous, local.refusal = local.refusal, error_message
    try:
        if local.stack:
            raise RuntimeError(error_message)
        yield
    finally:
        local.refusal = previous


class PackedTensor:
    """What `pack_hook` made of an array."""

    __slots__ = ("packed", "unpack_hook")

    def __init__(self, tensor: Any, hooks: saved_tensors_hooks) -> None:
        count = tensor.versions[0]
        previous, state.recording = state.recording, False
        try:
            with users_settings():
                self.packed = hooks.pack_hook(tensor)
        finally:
            state.recording = previous
        self.unpack_hook = hooks.unpack_hook
        if tensor.versions[0] != count:
            raise RuntimeError(PACK_HOOK_WRITES)

    def unpack(self) -> Any:
        """The array again."""
        with users_settings():
            tensor = self.unpack_hook(self.packed)
        if not is_tensor(tensor):
            raise TypeError(NO_TENSOR_UNPACKED.format(type(tensor).__name__))
        return tensor.array


def packed(tensor: Any) -> PackedTensor | None:
    """A tensor as the hooks of this thread pack it, None where there are none."""
    return PackedTensor(tensor, local.stack[-1]) if local.stack else None


class _PackedValues:
    """Stands in a node for its saved values, and unpacks them, each once, when backward reads them."""

    __slots__ = ("rules",)

    def __init__(self, rules: list[list[Any] | None]) -> None:
        self.rules = rules

    def _unpacked(self, values: list[Any] | None, done: dict[PackedTensor, Any]) -> list[Any] | None:
        if values is None:
            return None
        for value in values:
            if isinstance(value, PackedTensor) and value not in done:
                done[value] = value.unpack()
        return [done[value] if isinstance(value, PackedTensor) else value for value in values]

    def __iter__(self) -> Any:
        done: dict[PackedTensor, Any] = {}
        return iter([self._unpacked(values, done) for values in self.rules])

    def __getitem__(self, index: int) -> Any:
        return self._unpacked(self.rules[index], {})


def _pack(node: Node) -> None:
    """Replace what a new node has saved by what the hooks make of it."""
    if not local.stack or node.row is None or not node.saved:
        return
    row, hooks = node.row, local.stack[-1]
    outputs = len(row.outputs)
    boxes: dict[int, PackedTensor] = {}
    rules: list[list[Any] | None] = []
    for read, values in zip(row.reads, node.saved, strict=True):
        if values is None:
            rules.append(None)
            continue
        for place, value in zip(read, values, strict=True):
            a_tensor = place < outputs or (place - outputs in row.tensors and not row.listed)
            if a_tensor and isinstance(value, np.ndarray) and place not in boxes:
                boxes[place] = PackedTensor(_with_history(node, place, value), hooks)
        rules.append([boxes.get(place, value) for place, value in zip(read, values, strict=True)])
    if boxes:
        node.saved = _PackedValues(rules)
        node.versions = _NEVER_CHANGED


# Through a hook nobody can tell whether a tensor was changed; that there is an entry says that there is a tensor.
_NEVER_CHANGED = (([0], 0, -1),)


# -- hooks on one saved tensor ---------------------------------------------------------------------


class SavedTensor:
    """One of the tensors that a node has saved (torch's SavedTensor, of `_raw_saved_*`)."""

    def __init__(self, node: Node, place: int) -> None:
        self.node = node
        self.place = place

    @property
    def data(self) -> Any:
        """The tensor itself."""
        return _saved_at(self.place)(self.node)

    @property
    def unpack_hook(self) -> Callable[[Any], Any] | None:
        """The hook that it comes from, if there is one."""
        rules = self.node.saved.rules if isinstance(self.node.saved, _PackedValues) else ()
        for read, values in zip(self.node.row.reads, rules, strict=False):
            if values is not None and self.place in read:
                box = values[read.index(self.place)]
                return box.unpack_hook if isinstance(box, PackedTensor) else None
        return None

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        """Have it go through `pack_hook` now, and come from `unpack_hook`: see `saved_tensors_hooks`.

        RuntimeError if it has such hooks, or is freed, or was not saved.
        """
        node, place = self.node, self.place
        if node.saved is None:
            raise RuntimeError(GONE)
        packed = node.saved if isinstance(node.saved, _PackedValues) else _PackedValues(list(node.saved))
        rules = list(zip(node.row.reads, packed.rules, strict=True))
        found = [values[read.index(place)] for read, values in rules if values is not None and place in read]
        if not found or found[0] is None:
            raise RuntimeError(NOTHING_SAVED)
        if isinstance(found[0], PackedTensor):
            raise RuntimeError(HOOKED)
        box = PackedTensor(wrap(np.asarray(found[0])), saved_tensors_hooks(pack_hook, unpack_hook))
        packed.rules = [
            values and [box if k == place else value for k, value in zip(read, values, strict=True)]
            for read, values in rules
        ]
        node.saved = packed
        node.versions = [v for v in node.versions if v[2] != place] or _NEVER_CHANGED
