"""The tape seen from outside: what a node says of itself (torch.autograd.graph).

Nothing here is asked while nobody looks: the attributes of nodes are properties.
"""

from __future__ import annotations

import functools
import re
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from . import engine
from .hooks import register_multi_grad_hook
from .linear import CLASSES, LINEAR, rewrite
from .node import FREED, AccumulateGrad, GradientEdge, Node, OutputNode, Unreachable, gradient_edge, is_tensor
from .ordered import source
from .saved import disable_saved_tensors_hooks, maker, raw, save_on_cpu, saved_attributes, saved_tensors_hooks

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
    edges = self.edges[_OF_TENSORS.get(type(operator).__name__, slice(None))]
    if type(operator).__name__ == "NotImplemented":
        edges = [edge for edge in edges if edge is not None]
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
}
# Which edges torch has where other arguments are numbers; where these are tensors, too, the name is the next.
_OF_TENSORS = {
    "PowBackward2": slice(1, None), "LerpBackward0": slice(2),
    **dict.fromkeys(
        (
            "PowBackward0", "ClampBackward1", "ClampMinBackward0", "ClampMaxBackward0", "MaskedFillBackward0",
            "FillBackward2", "RemainderBackward0", "FmodBackward0", "RsubBackward1", "EqBackward0", "NeBackward0",
            "LtBackward0", "LeBackward0", "GtBackward0", "GeBackward0",
        ),
        slice(1),
    ),
}  # fmt: skip


def seen(node: Node | None) -> Node | None:
    """The node, as somebody outside sees it: now its class gets the name that torch's operator has."""
    if node is None:
        return None
    if node.row is LINEAR:
        rewrite(node)
    own = type(node).__name__
    if own in _OF_TENSORS and own != "PowBackward2" and any(node.edges[_OF_TENSORS[own].stop :]):
        node.__class__ = _named_otherwise(type(node), _of_tensors(own))  # type: ignore[arg-type] # mypy 1.x: a class is hashable
    for name, arguments, matches in _OTHER_NAMES.get(own, ()) if node.saved else ():
        places = [
            len(node.row.outputs) + node.row.parameters.index(a) for a in arguments.split() if a in node.row.parameters
        ]
        found = [raw(node, place) for place in places if any(place in read for read in node.row.reads)]
        if found and all(map(matches, found)):
            node.__class__ = _named_otherwise(type(node), name)  # type: ignore[arg-type]
            break
    return node


def _of_tensors(name: str) -> str:
    """The name of an operator's node where all arguments are tensors."""
    return "RsubBackward0" if name == "RsubBackward1" else f"{name[:-1]}{int(name[-1]) + 1}"


@functools.cache
def _named_otherwise(row_class: type[Node], name: str) -> type[Node]:
    return type(name, (row_class,), {"__slots__": ()})


def _repr(self: Node) -> str:
    return f"<{type(self).__name__} object at {id(self):#x}>"


_metadata: weakref.WeakKeyDictionary[Node, dict[Any, Any]] = weakref.WeakKeyDictionary()


def _metadata_of(self: Node) -> dict[Any, Any]:
    """A dict of the user's, which lives as long as the node; anomaly mode keeps the forward's traceback there."""
    return _metadata.setdefault(self, {})


def _refuse_detached(self: Node) -> None:
    """RuntimeError in torch's words if a tensor that the node has saved was cut off from its history since."""
    for _, _, saved_at in self.versions if self.row is not None else ():
        made_by = maker(self, saved_at)
        node, index = (None, 0) if made_by is None else source(made_by)
        if node is not None and node.hooks is not None and index in node.hooks.detached:
            tensor = node.hooks.detached[index]()
            if tensor is None or tensor.node is None:
                raise RuntimeError(
                    "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not "
                    "supported, please use out-of-place `.detach()` instead"
                )


def _refuse_changed(self: Node) -> None:
    """RuntimeError in torch's words, as from running the node, for saved values that are freed or changed."""
    if self.row is not None and self.saved is None:
        raise RuntimeError(FREED)
    if self.row is not None and any(counter[0] != count for counter, count, _ in self.versions):
        raise RuntimeError(self.modified())


def _modified(self: Node) -> str:
    """Why the node refuses to run: which of the tensors that it saved was changed."""
    counter, count, place = next(v for v in self.versions if v[0][0] != v[1])
    array = next(
        values[read.index(place)]
        for read, values in zip(self.row.reads, self.saved, strict=True)
        if values is not None and place in read
    )
    made_by = self if place < len(self.row.outputs) else maker(self, place)
    made = ""
    if made_by is not None and not isinstance(made_by, AccumulateGrad):
        node, index = source(made_by)
        made = f", which is output {index} of {re.sub(r'Backward[0-9]*$', '', node.name())},"
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
    "refuse_changed": _refuse_changed,
    "refuse_detached": _refuse_detached,
    "outputs_count": 1,
    "requires_grad": True,
    "_sequence_nr": lambda self: -self.order,
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
    """Count a write into a tensor, or each of several, that was made behind its back (torch's increment_version)."""
    for x in (tensor,) if is_tensor(tensor) else tensor:
        x.versions[0] += 1
