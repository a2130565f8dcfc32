"""The node of torch.nn.functional.linear as torch writes it: AddmmBackward0 over the bias, the input and TBackward0.

On the tape it is one node, which costs least. Who looks at it, or hooks into its backward, finds it rewritten: so
hooks run in torch's order, the bias before the weight.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

from ..ops import TABLE
from .node import Node

LINEAR = TABLE["linear"]


class TBackward0(Node):
    """The transposed weight."""

    __slots__ = ()
    row = TABLE["t"]


class ViewBackward0(Node):
    """The input, where it is no matrix: torch makes it one, before it transposes the weight if there is a bias."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        return (g,)


INSERTED = (TBackward0, ViewBackward0)  # what a backward may meet that began before somebody looked


_lock = threading.Lock()


def rewrite(node: Node) -> None:
    """Put the node of the row `linear` as torch's nodes on the tape, in place of itself."""
    with _lock:  # several threads may look
        if node.row is not LINEAR or not isinstance(node.saved, (list, tuple, type(None))):
            return  # what it saved is with saved_tensors_hooks
        (of_input, of_weight, of_bias), saved = node.edges, node.saved
        if of_weight is not None:
            of_weight = TBackward0((of_weight,), ((),), (), of_weight.shape[::-1], of_weight.dtype)
            of_weight.order = node.order + 0.5  # type: ignore[assignment] # older than this node alone
        if of_input is not None and len(node.shape) != 2:
            of_input = ViewBackward0((of_input,), (), (), of_input.shape, of_input.dtype)
            of_input.order = node.order + (0.25 if of_bias is None else 0.75)  # type: ignore[assignment]
        if saved is not None:
            by_input, by_weight, by_bias = saved
            saved = [by_bias, None if by_input is None else (by_input[0].T,), by_weight]
        start = 0 if of_bias is not None else 1
        node.edges, node.saved = [of_bias, of_input, of_weight][start:], saved and saved[start:]
        node.__class__ = CLASSES[start]


def _as_torch(name: str, parameters: tuple[str, ...], start: int) -> Any:
    """The class of the rewritten node: with the rules of the row in another order, and the weight transposed."""
    row = copy.copy(LINEAR)
    _, weight, bias = LINEAR.rules
    row.node_name, row.parameters = name, parameters
    row.rules = (bias, lambda g, mat2: g @ mat2.T, lambda g, mat1: weight(g, mat1).T)[start:]
    row.differentiable = (2, 0, 1)[start:]
    row.reads = tuple(LINEAR.reads[i] for i in row.differentiable)
    return type(name, (Node,), {"__slots__": (), "row": row})


CLASSES = (
    _as_torch("AddmmBackward0", ("mat1", "mat2", "self"), 0),
    _as_torch("MmBackward0", ("self", "mat2", "bias"), 1),
)
