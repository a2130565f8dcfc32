"""The tape seen from outside: what a node says of itself, and hooks on what the tape saves (torch.autograd.graph).

Nothing here is asked while nobody looks: the attributes of nodes are properties, and the first `saved_tensors_hooks`
of a program has new nodes shown to it from then on.
"""

from __future__ import annotations

import functools
import re
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import dtypes
from . import engine
from .hooks import register_multi_grad_hook
from .linear import CLASSES, LINEAR, rewrite
from .modes import state
from .node import FREED, AccumulateGrad, GradientEdge, Node, OutputNode, Unreachable, gradient_edge
from .ordered import source

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


# -- what a node says of itself --------------------------------------------------------------------


def _name(self: Node) -> str:
    """Torch's name of the node: AddBackward0, torch::autograd::AccumulateGrad."""
    name = type(self).__name__
    return f"torch::autograd::{name}" if name in ("AccumulateGrad", "CopySlices", "CopyBackwards") else name


def _next_functions(self: Node) -> tuple[tuple[Node | None, int], ...]:
    """The nodes of the inputs, each with the number of the output that was taken; (None, 0) for a constant."""
    operator: Any = seen(self.written) if type(self).__name__ == "CopySlices" else self  # type: ignore[attr-defined]
    edges = self.edges[: _OF_NUMBERS.get(type(operator).__name__)]
    return tuple((None, 0) if e is None or type(e) is Unreachable else _seen_edge(*source(e)) for e in edges)


def _seen_edge(node: Node, index: int) -> tuple[Node | None, int]:
    return seen(node), index


# Where torch has two operators for one row, by the type of an argument: that of the other, and when it is the one.
# A number is a 0-d array by then, and a 0-d tensor without a gradient counts as one.
_OTHER_NAMES: dict[str, tuple[str, str, Callable[[Any], bool]]] = {
    "SumBackward0": ("SumBackward1", "dim", lambda dim: dim is not None),
    "MeanBackward0": ("MeanBackward1", "dim", lambda dim: dim is not None),
    "ProdBackward0": ("ProdBackward1", "dim", lambda dim: dim is not None),
    "PowBackward0": ("PowBackward1", "exponent", lambda exponent: np.ndim(exponent) > 0),
    "ClampBackward0": ("ClampBackward1", "min max", lambda bound: np.ndim(bound) == 0),
    "LerpBackward0": ("LerpBackward1", "weight", lambda weight: np.ndim(weight) > 0),
}
# How many edges torch has where the arguments behind them are numbers; where they are tensors the name is the next.
_OF_NUMBERS = {
    "PowBackward0": 1, "ClampBackward1": 1, "ClampMinBackward0": 1, "ClampMaxBackward0": 1, "LerpBackward0": 2,
    "MaskedFillBackward0": 1, "FillBackward2": 1, "RemainderBackward0": 1, "FmodBackward0": 1,
}  # fmt: skip


def seen(node: Node | None) -> Node | None:
    """The node, as somebody outside sees it: now its class gets the name that torch's operator has."""
    if node is not None and node.row is LINEAR:
        rewrite(node)
    own = type(node).__name__
    if node is not None and any(node.edges[_OF_NUMBERS.get(own, len(node.edges)) :]):
        node.__class__ = _named_otherwise(type(node), f"{own[:-1]}{int(own[-1]) + 1}")  # type: ignore[arg-type]
    other = _OTHER_NAMES.get(own)
    if other is None or node is None or not node.saved:
        return node
    name, arguments, matches = other
    places = [
        len(node.row.outputs) + node.row.parameters.index(a) for a in arguments.split() if a in node.row.parameters
    ]
    found = [_raw(node, place) for place in places if any(place in read for read in node.row.reads)]
    if found and all(map(matches, found)):
        node.__class__ = _named_otherwise(type(node), name)  # type: ignore[arg-type] # mypy 1.x: a class is hashable
    return node


@functools.cache
def _named_otherwise(row_class: type[Node], name: str) -> type[Node]:
    return type(name, (row_class,), {"__slots__": ()})


def _raw(node: Node, place: int) -> Any:
    for read, values in zip(node.row.reads, node.saved, strict=True):
        if values is not None and place in read:
            return values[read.index(place)]
    return None


def _repr(self: Node) -> str:
    return f"<{type(self).__name__} object at {id(self):#x}>"


_metadata: weakref.WeakKeyDictionary[Node, dict[Any, Any]] = weakref.WeakKeyDictionary()


def _metadata_of(self: Node) -> dict[Any, Any]:
    """A dict of the user's, which lives as long as the node; anomaly mode keeps the forward's traceback there."""
    return _metadata.setdefault(self, {})


def _maker(node: Node, place: int) -> Node | None:
    """Where the argument comes from that a node has saved from this place of its row's frame."""
    return dict(zip(node.row.differentiable, node.edges, strict=False)).get(place - len(node.row.outputs))


def _refuse_detached(self: Node) -> None:
    """RuntimeError in torch's words if a tensor that the node has saved was cut off from its history since."""
    for _, _, saved_at in self.versions if self.row is not None else ():
        maker = _maker(self, saved_at)
        node, index = (None, 0) if maker is None else source(maker)
        if node is not None and node.hooks is not None and index in node.hooks.detached:
            tensor = node.hooks.detached[index]()
            if tensor is None or tensor.node is None:
                raise RuntimeError(
                    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not "
                    "supported, please use out-of-place `.detach()` instead"
                )


def _modified(self: Node) -> str:
    """Why the node refuses to run: which of the tensors that it saved was changed."""
    counter, count, place = next(v for v in self.versions if v[0][0] != v[1])
    array = next(
        values[read.index(place)]
        for read, values in zip(self.row.reads, self.saved, strict=True)
        if values is not None and place in read
    )
    maker: Any = self if place < len(self.row.outputs) else _maker(self, place)
    made = ""
    if maker is not None and not isinstance(maker, AccumulateGrad):
        index = maker.index if isinstance(maker, OutputNode) else 0
        maker = maker.edges[0] if isinstance(maker, OutputNode) else maker
        made = f", which is output {index} of {re.sub(r'Backward[0-9]*$', '', maker.name())},"
    hint = (
        "enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
        if engine.watch is None
        else "the backtrace further above shows the operation that failed to compute its gradient. The variable in "
        "question was changed in there or anywhere later. Good luck!"
    )
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{dtypes.of(array.dtype).tensor_type} {list(array.shape)}]{made} is at version {counter[0]}; expected "
        f"version {count} instead. Hint: {hint}"
    )


for _attribute, _value in {
    "name": _name,
    "next_functions": property(_next_functions),
    "metadata": property(_metadata_of),
    "modified": _modified,
    "refuse_detached": _refuse_detached,
    "outputs_count": 1,
    "requires_grad": True,
    "_sequence_nr": lambda self: -self.order,
    "__repr__": _repr,
}.items():
    setattr(Node, _attribute, _value)


def saved_attributes(row: Any) -> dict[str, property]:
    """The `_saved_*` of a row's nodes, with torch's names: self for the input, result for the output."""
    outputs = len(row.outputs)
    names = ("result",) if outputs == 1 else tuple(row.outputs)
    names += tuple("self" if name == "input" else name for name in row.parameters)
    names += tuple(f"{names[outputs + i]}_sym_sizes" for i in row.tensors)
    places = sorted({place for read in row.reads for place in read})
    return {f"_saved_{names[place]}": property(_saved_at(place)) for place in places}


def _saved_at(place: int) -> Callable[[Node], Any]:
    def saved(self: Node) -> Any:
        if self.saved is None:
            raise RuntimeError(FREED)
        if any(counter[0] != count for counter, count, k in self.versions if k == place):
            raise RuntimeError(self.modified())
        value = _raw(self, place)
        return None if value is None else _with_history(self, place, value)  # None: no rule that is needed reads it

    return saved


def _with_history(node: Node, place: int, value: Any) -> Any:
    row, argument = node.row, place - len(node.row.outputs)
    if place < len(row.outputs):
        tensor = engine.wrap(value)
        tensor.node, tensor.needs_grad = node, True
        return tensor
    if argument not in row.tensors or row.listed:
        return value
    if not isinstance(value, np.ndarray):
        return engine.wrap(np.asarray(value)) if row.parameters[argument] == "other" else value
    edge = _maker(node, place)
    tensor = engine.wrap(value)
    if edge is None:
        return tensor
    if not isinstance(edge, AccumulateGrad):
        return tensor._with_history(value, edge)
    if edge.variable.array is value:
        return edge.variable
    tensor.needs_grad, tensor._accumulator = True, weakref.ref(edge)  # of a leaf, but hooks gave other values
    return tensor


for _class in CLASSES:
    for _attribute, _value in saved_attributes(_class.row).items():
        setattr(_class, _attribute, _value)


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge where the gradient of a tensor that requires grad is computed; RuntimeError for one that does not.

    `grad` and `backward` take it in place of the tensor. Source: torch.autograd.graph.get_gradient_edge.
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = gradient_edge(tensor)
    return GradientEdge(node.edges[0], node.index, node) if isinstance(node, OutputNode) else GradientEdge(node, 0)  # type: ignore[arg-type]


def increment_version(tensor: Any) -> None:
    """Count a write into a tensor, or each of several, that was made behind its back (torch's increment_version)."""
    for x in (tensor,) if hasattr(tensor, "array") else tensor:
        x.versions[0] += 1


# -- new nodes, shown to who asks ------------------------------------------------------------------

_observers: list[Callable[[Node], None]] = []


def observe_nodes(observer: Callable[[Node], None]) -> None:
    """Have `observer(node)` called with every node that an operator writes from now on.

    The first observer replaces `Node.__init__`, and it stays replaced: so programs without one pay nothing.
    """
    if not _observers:
        plain = Node.__init__

        def observed(self: Node, edges: Any, saved: Any, versions: Any, shape: Any, dtype: Any) -> None:
            plain(self, edges, saved, versions, shape, dtype)
            for each in _observers:
                each(self)

        Node.__init__ = observed  # type: ignore[method-assign]
    if observer not in _observers:
        _observers.append(observer)


# -- hooks on what is saved ------------------------------------------------------------------------


class _Default(threading.local):
    def __init__(self) -> None:
        self.stack: list[saved_tensors_hooks] = []
        self.refusal: str | None = None


_default = _Default()


class saved_tensors_hooks:
    """In this block what the tape would save goes through `pack_hook(tensor)`, and what backward reads comes from it.

    `unpack_hook(packed)` gives a tensor of the same shape and values. The innermost block counts. TypeError if it
    gives anything else; RuntimeError if `pack_hook` changes its tensor. Source:
    torch.autograd.graph.saved_tensors_hooks.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _default.refusal is not None:
            raise RuntimeError(_default.refusal)
        observe_nodes(_pack)
        _default.stack.append(self)

    def __exit__(self, *exception: object) -> None:
        _default.stack.pop()


class save_on_cpu(saved_tensors_hooks):
    """Keeps what the tape saves on the CPU, where it is (torch.autograd.graph.save_on_cpu)."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach(), lambda packed: packed)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Generator[None, None, None]:
    """In this block `saved_tensors_hooks` is refused: RuntimeError with this text (torch's name)."""
    previous, _default.refusal = _default.refusal, error_message
    try:
        if _default.stack:
            raise RuntimeError(error_message)
        yield
    finally:
        _default.refusal = previous


class PackedTensor:
    """What `pack_hook` made of an array."""

    __slots__ = ("packed", "unpack_hook")

    def __init__(self, tensor: Any, hooks: saved_tensors_hooks) -> None:
        count = tensor.versions[0]
        previous, state.recording = state.recording, False
        try:
            self.packed = hooks.pack_hook(tensor)
        finally:
            state.recording = previous
        self.unpack_hook = hooks.unpack_hook
        if tensor.versions[0] != count:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can "
                "not be modified by in-place operations as this can lead to unexpected side-effects. Please open an "
                "issue if you need to perform in-place operations on the input to a pack hook."
            )

    def unpack(self) -> Any:
        """The array again."""
        tensor = self.unpack_hook(self.packed)
        if not hasattr(tensor, "array"):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor.array


def packed(tensor: Any) -> PackedTensor | None:
    """A tensor as the hooks of this thread pack it, None where there are none."""
    return PackedTensor(tensor, _default.stack[-1]) if _default.stack else None


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
    """Put what the hooks make of it in place of what a new node has saved."""
    if not _default.stack or node.row is None or not node.saved:
        return
    row, hooks = node.row, _default.stack[-1]
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
