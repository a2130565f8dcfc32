"""The nodes that torch makes for torch.nn.functional.linear: AddmmBackward0 over the bias, the input and TBackward0.

Here the tape has one node for all of it, which costs least. It is rewritten into torch's nodes when a program looks at
it, and before a backward with hooks, so that these run in torch's order, the bias before the weight. A program that
looks while a backward runs gets a rewritten copy. Torch multiplies matrices only: an input with more or fewer
dimensions is reshaped before the product, and the result after it.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Sequence
from typing import Any

from ...ops import TABLE
from ...tape import Node as TapeNode
from ..hooks import is_watched, running, watched
from .node import Node
from .saved import saved_attributes

LINEAR = TABLE["linear"]


class TBackward0(Node):
    """The transposed weight."""

    __slots__ = ()
    row = TABLE["t"]


class Reshaped(Node):
    """The input as a matrix, or the product in the shape of the result."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[TapeNode | None], create_graph: bool) -> Sequence[Any]:
        edge = self.edges[0]
        return (None if edge is None else g.reshape(edge.shape),)


_RESHAPED = {
    name: type(name, (Reshaped,), {"__slots__": ()})
    for name in ("ViewBackward0", "UnsafeViewBackward0", "UnsqueezeBackward0", "SqueezeBackward4")
}


def _as_torch(name: str, parameters: tuple[str, ...], start: int) -> Any:
    """The class of the product's node: with the rules of the row in another order, and the weight transposed."""
    row = copy.copy(LINEAR)
    _, weight, bias = LINEAR.rules
    row.node_name, row.parameters = name, parameters
    row.rules = (bias, lambda g, mat2: g @ mat2.T, lambda g, mat1: weight(g, mat1, ()).T)[start:]
    row.differentiable = (2, 0, 1)[start:]
    row.reads = ((), (2,), (1,))[start:]
    return type(name, (Node,), {"__slots__": (), "row": row, **saved_attributes(row)})


CLASSES = (
    _as_torch("AddmmBackward0", ("mat1", "mat2", "self"), 0),
    _as_torch("MmBackward0", ("self", "mat2", "bias"), 1),
)
_lock = threading.Lock()


def rewrite(node: Node) -> Node:
    """Rewrite the node of the row `linear` into torch's nodes: on the tape, or in a copy while a backward runs."""
    if node.row is not LINEAR:
        return node
    if running.started is not None:
        twin: Node = object.__new__(type(node))
        for slot in ("dtype", "edges", "order", "saved", "shape", "versions"):
            setattr(twin, slot, getattr(node, slot))
        node = twin
    with _lock:  # several threads may ask at the same time
        if node.row is LINEAR:
            _rewrite(node)
    return node


def _rewrite(node: Node) -> None:
    if not isinstance(node.saved, (list, tuple, type(None))):
        return  # saved_tensors_hooks have packed what it saved
    (of_input, of_weight, of_bias), saved, shape = node.edges, node.saved, node.shape
    added = of_bias is not None or any(values and values[1] != () for values in (saved or ())[:2])
    vector = len(shape) == 1 and not added  # torch then takes another way
    rows = math.prod(shape[:-1])
    if of_weight is not None:
        of_weight = TBackward0((of_weight,), ((),), (), of_weight.shape[::-1], of_weight.dtype)
        of_weight.order = node.order + 0.5  # type: ignore[assignment] # older than this node alone
    if of_input is not None and len(shape) != 2:
        made = _RESHAPED["UnsqueezeBackward0" if vector else "ViewBackward0"]
        of_input = made((of_input,), (), (), (rows, of_input.shape[-1]), of_input.dtype)
        of_input.order = node.order + (0.75 if added else 0.25)
    if saved is not None:
        by_input, by_weight, by_bias = saved
        saved = [
            by_bias,
            None if by_input is None else (by_input[0].T,),
            None if by_weight is None else (by_weight[0].reshape(rows, by_weight[0].shape[-1]),),
        ]
    start = 0 if added else 1
    edges, saved = [of_bias, of_input, of_weight][start:], saved and saved[start:]
    if len(shape) == 2:
        node.edges, node.saved = edges, saved
        _become(node, CLASSES[start])
        return
    product = CLASSES[start](edges, saved, node.versions, (rows, shape[-1]), node.dtype)
    product.order = node.order + 0.125
    node.edges, node.saved, node.versions = (product,), (), ()
    _become(node, _RESHAPED["ViewBackward0" if added else "SqueezeBackward4" if vector else "UnsafeViewBackward0"])


def _become(node: Node, node_class: type[Node]) -> None:
    node.__class__ = watched(node_class) if is_watched(type(node)) else node_class  # type: ignore[assignment]
