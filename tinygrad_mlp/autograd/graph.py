"""The tape seen from outside: what a node says of itself (torch.autograd.graph).

Nothing here is asked while nobody looks: the attributes of nodes are properties.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from . import engine
from .hooks import register_multi_grad_hook
from .linear import CLASSES, LINEAR, rewrite
from .modes import state
from .node import Bundle, GradientEdge, Node, OutputNode, Unreachable, gradient_edge, is_tensor, name_of
from .ordered import source
from .refusals import modified, refuse_changed, refuse_detached
from .saved import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    raw,
    save_on_cpu,
    saved_attributes,
    saved_tensors_hooks,
)

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
    "set_warn_on_accumulate_grad_stream_mismatch",
]


# -- what a node says of itself --------------------------------------------------------------------


def _name(self: Node) -> str:
    """Torch's name of the node: AddBackward0, torch::autograd::AccumulateGrad."""
    return name_of(type(seen(self) or self))


def _next_functions(self: Node) -> tuple[tuple[Node | None, int], ...]:
    """The nodes of the inputs, each with the number of the output that was taken; (None, 0) for a constant."""
    name = type(self).__name__
    if name == "CopySlices":
        name = self.operator.__name__.replace("ClampBackward0", "ClampBackward1")  # type: ignore[attr-defined]
    edges, count = self.edges, _OF_NUMBERS.get(name, len(self.edges))
    if name in ("PowBackward2", "NotImplemented"):
        edges = [edge for edge in edges if edge is not None]
    elif not any(edges[count:]):
        edges = edges[:count]
    return tuple((None, 0) if e is None or type(e) is Unreachable else _seen_edge(*source(e)) for e in edges)


def _seen_edge(node: Node, index: int) -> tuple[Node | None, int]:
    return seen(node), index


# Where torch has several operators for one row, by the types of arguments: the name of another, and when it is the one.
# Of `pow` and `lerp` a 0-d tensor without a gradient counts as a number.
_OTHER_NAMES: dict[str, tuple[tuple[str, str, Callable[[Any], bool]], ...]] = {
    "SumBackward0": (("SumBackward1", "dim", lambda dim: dim is not None),),
    "MeanBackward0": (("MeanBackward1", "dim", lambda dim: dim is not None),),
    "ProdBackward0": (("ProdBackward1", "dim", lambda dim: dim is not None),),
    "PowBackward0": (
        ("PowBackward2", "input", lambda base: isinstance(base, (int, float))),
        ("PowBackward1", "exponent", lambda exponent: np.ndim(exponent) > 0),
    ),
    "ClampBackward0": (("ClampBackward1", "min max", lambda bound: not isinstance(bound, np.ndarray)),),
    "LerpBackward0": (("LerpBackward1", "weight", lambda weight: np.ndim(weight) > 0),),
    "SqueezeBackward0": (("SqueezeBackward1", "dim", lambda dim: dim is not None),),
    "SqueezeBackward1": (("SqueezeBackward2", "dim", lambda dim: not isinstance(dim, int)),),
    "SqueezeBackward3": (("SqueezeBackward4", "dim", lambda dim: dim is not None),),  # these three in place
    "SqueezeBackward4": (("SqueezeBackward5", "dim", lambda dim: not isinstance(dim, int)),),
}
# How many edges torch has where the arguments behind them are numbers; where they are tensors the name is the next.
_OF_NUMBERS = {
    "PowBackward0": 1, "ClampBackward1": 1, "ClampMinBackward0": 1, "ClampMaxBackward0": 1, "LerpBackward0": 2,
    "MaskedFillBackward0": 1, "FillBackward2": 1, "RemainderBackward0": 1, "FmodBackward0": 1, "RsubBackward1": 1,
    "UniformBackward0": 1, "NormalBackward0": 1, "BernoulliBackward2": 1, "RandomBackward0": 1,
    "ExponentialBackward0": 1, "EqBackward0": 1, "NeBackward0": 1, "LtBackward0": 1, "LeBackward0": 1,
    "GtBackward0": 1, "GeBackward0": 1,
}  # fmt: skip


def seen(node: Node | None) -> Node | None:
    """The node, as somebody outside sees it: now its class gets the name that torch's operator has."""
    if node is None:
        return None
    if node.row is LINEAR:
        rewrite(node)
    own = type(node).__name__
    if any(node.edges[_OF_NUMBERS.get(own, len(node.edges)) :]):
        node.__class__ = _named_otherwise(type(node), _of_tensors(own))  # type: ignore[arg-type] # mypy 1.x: a class is hashable
    for name, arguments, matches in _OTHER_NAMES.get(own, ()) if node.saved else ():
        places = [
            len(node.row.outputs) + node.row.parameters.index(a) for a in arguments.split() if a in node.row.parameters
        ]
        found = [raw(node, place) for place in places if any(place in read for read in node.row.reads)]
        if found and all(map(matches, found)):
            node.__class__ = _named_otherwise(type(node), name)  # type: ignore[arg-type]
            return seen(node)
    return node


def _of_tensors(name: str) -> str:
    """The name of an operator's node where all arguments are tensors."""
    return "RsubBackward0" if name == "RsubBackward1" else f"{name[:-1]}{int(name[-1]) + 1}"


@functools.cache
def _named_otherwise(row_class: type[Node], name: str) -> type[Node]:
    return type(name, (row_class,), {"__slots__": ()})


def _repr(self: Node) -> str:
    return f"<{type(self).__name__} object at {id(self):#x}>"


def _call(self: Node, *gradients: Any) -> Any:
    """What the node hands on from these gradients of its outputs: no hook is called, and nothing is freed.

    One for each edge, None for a constant; alone if there is one edge. With grad mode on it is recorded.
    """
    if self.runs_on_nothing:
        raise TypeError(f"'{type(self).__name__}' object is not callable")
    if len(gradients) != self.outputs_count:
        raise TypeError(f"expected {self.outputs_count} arguments, got {len(gradients)} instead")
    for i, g in enumerate(gradients):
        if g is not None and not is_tensor(g):
            raise TypeError(f"argument {i} is not a Variable")
    count, create_graph = len(self.next_functions), state.recording
    parts = {i: g if create_graph else g.array for i, g in enumerate(gradients) if g is not None}
    if not parts:
        handed: Sequence[Any] = [None] * count
    else:
        handed = self.pull(parts[0] if self.shape is not None else Bundle(parts), self.edges, create_graph)
    results = tuple(g if g is None or is_tensor(g) else engine.wrap(np.asarray(g)) for g in handed[:count])
    return results[0] if len(results) == 1 else results


_metadata: weakref.WeakKeyDictionary[Node, dict[Any, Any]] = weakref.WeakKeyDictionary()


def _metadata_of(self: Node) -> dict[Any, Any]:
    """A dict of the user's, which lives as long as the node; anomaly mode keeps the forward's traceback there."""
    return _metadata.setdefault(self, {})


for _attribute, _value in {
    "name": _name,
    "next_functions": property(_next_functions),
    "metadata": property(_metadata_of),
    "modified": modified,
    "refuse_changed": refuse_changed,
    "refuse_detached": refuse_detached,
    "outputs_count": 1,
    "requires_grad": True,
    "_sequence_nr": lambda self: -self.order,
    "__call__": _call,
    "__repr__": _repr,
}.items():
    setattr(Node, _attribute, _value)


for _class in CLASSES:
    for _attribute, _value in saved_attributes(_class.row).items():
        setattr(_class, _attribute, _value)


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge where the gradient of a tensor that requires grad is computed; RuntimeError for one that does not.

    `grad` and `backward` take it in place of the tensor. Source: torch.autograd.graph.get_gradient_edge.
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    tensor.grad_fn  # noqa: B018 (brings a view up to date)
    node = gradient_edge(tensor)
    return GradientEdge(node.edges[0], node.index, node) if isinstance(node, OutputNode) else GradientEdge(node, 0)  # type: ignore[arg-type]


def increment_version(tensor: Any) -> None:
    """Count a write into a tensor, or each of several, that was made behind its back (torch's increment_version).

    RuntimeError for what is no tensor, or no several of them.
    """
    tensors = (tensor,) if is_tensor(tensor) else tensor
    if not isinstance(tensors, Iterable):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    for x in tensors:
        x.versions[0] += 1


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Nothing: a CPU has no streams that could differ (torch's name)."""
