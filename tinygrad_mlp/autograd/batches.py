"""Tensors get into a batch of `vmap` and out of it, and the rules of nodes run over it.

Inside of `vmap` a tensor holds a batched array, and everything is recorded as for one element of the batch. Where a
tensor from outside comes in, or a result goes out, the tape has a node of its own, a `Crossing`: it hands the cotangent
on by the transpose of what it did (batching/crossing.py). So a tensor that all elements of the batch share gets the sum
of their cotangents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tape
from ..batching import Batch, ReadsValues, begin, end
from ..batching.array import BatchedArray, run, youngest
from ..batching.crossing import batches_of, entered, left, shared, summed
from ..messages import noted
from ..ops.slices import select
from ..tape import gradient_edge, state
from .captured import running, share_memory
from .graph.node import OVER_BATCHES, Node
from .inplace.refusals import LEAF
from .inplace.views import rebase, refresh
from .modes import as_rule
from .tensors import is_tensor, wrap

_TRANSPOSES: dict[Any, Callable[..., Any]] = {entered: left, left: entered, shared: summed, summed: shared}


class Crossing(Node):
    """The node of a tensor that came into a batch, or out of it."""

    __slots__ = ("args", "function")

    def __init__(self, function: Any, args: tuple[Any, ...], edge: Any, array: Any) -> None:
        super().__init__((edge,), (), (), array.shape, array.dtype)
        self.function = function
        self.args = args

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        return (crossed(_TRANSPOSES[self.function], g, *self.args),)


def crossed(function: Any, x: Any, *args: Any) -> Any:
    """One of the functions of batching/crossing.py, of an array or, recorded, of a Tensor."""
    if not is_tensor(x):
        return function(x, *args)
    if x.viewed is not None:
        refresh(x)
    y = wrap(function(x.array, *args))
    if function is not summed:
        y.versions = x.versions
        if running:
            share_memory(y, x)
    if state.recording and x.requires_grad:
        y.node = Crossing(function, args, gradient_edge(x), y.array)
        y.needs_grad = True
    return y


def enter(x: Any, dim: int, batch: Batch) -> Any:
    """The tensor for one element of a batch, which is its dimension `dim`."""
    return crossed(entered, x, dim, batch)


def leave(x: Any, dim: int, batch: Batch) -> Any:
    """The tensor for the whole batch, along its dimension `dim`."""
    return crossed(left, x, dim, batch)


def share(x: Any, batches: Sequence[Batch]) -> Any:
    """The tensor as one that every element of some batches has for itself; those that it is of already make no odds."""
    own = batches_of(x.array)
    for batch in sorted(batches, key=lambda each: each.number):
        if batch not in own:
            x = crossed(shared, x, batch)
    return x


def of_all(*trees: Any) -> list[Batch]:
    """All batches of the arrays and Tensors in some arguments."""
    found: dict[Batch, None] = {}
    for x in trees:
        if isinstance(x, (tuple, list)):
            found.update(dict.fromkeys(of_all(*x)))
        else:
            array = getattr(x, "array", x)
            if type(array) is BatchedArray:
                found.update(dict.fromkeys(batches_of(array)))
    return list(found)


FEW = 8  # elements, for which a loop is quicker


def at_once(function: Callable[..., Any], tensors: Sequence[Any]) -> list[Any] | None:
    """A function of the elements along the first dimension of some tensors, for all of these at once.

    It returns a list of Tensors or None, which is returned with the batch in front. None where something asks for
    values, such as a Function of the user's, and where there are so few elements that a loop is quicker.
    """
    size = len(tensors[0])
    if size < FEW:
        return None
    batch = Batch(size, "different")
    outer = begin(batch)
    try:
        results = [None if y is None else leave(y, 0, batch) for y in function(*(enter(x, 0, batch) for x in tensors))]
    except ReadsValues:
        return None
    finally:
        end(outer)
    for y in results:
        if y is not None and not y.array.flags.writeable and not y.requires_grad:
            y.array = y.array.copy()
    return results


def write_through(x: Any, inside: Any, dim: int, batch: Batch) -> None:
    """Put a write into the tensor `inside`, which came in as dimension `dim` of `x`, on the tape of `x`."""
    rebase(x, Crossing(left, (dim, batch), gradient_edge(inside), x.array))


def refuse_leaf(x: Any) -> None:
    """RuntimeError in torch's words for a write into a leaf that came into a batch."""
    if type(x.node) is Crossing and x.node.function is entered and type(x.node.edges[0]).waits:
        raise noted(RuntimeError(LEAF))


# -- rules ------------------------------------------------------------------------------------------


def _pull(node: Node, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
    """Run the rules of a node line by line; where one asks for values, for one element of the batch after the other."""
    try:
        plain = tape.Node.pull
        return as_rule(plain, node, g, edges, create_graph) if create_graph else plain(node, g, edges, create_graph)
    except ReadsValues:
        saved = node._differentiable_saved(type(g)) if create_graph else node.saved
        rules = zip(node.row.rules, edges, saved, strict=False)
        run_rule = _run_on_tensors if create_graph else run
        return [None if edge is None else run_rule(rule, g, *values) for rule, edge, values in rules]


def _run_on_tensors(rule: Any, *values: Any) -> Any:
    try:
        return as_rule(rule, *values)
    except ReadsValues:
        batch = youngest([getattr(x, "array", x) for x in values])
        if batch is None:
            raise
    whole = [leave(share(x, [batch]), 0, batch) if is_tensor(x) else x for x in values]

    def element(x: Any, i: int) -> Any:
        if is_tensor(x):
            return as_rule(select, x, 0, i)
        return x.value[i, ...] if type(x) is BatchedArray and x.batch is batch and x.varies else x

    parts = [_run_on_tensors(rule, *(element(x, i) for x in whole)) for i in range(batch.size)]
    if parts[0] is None:
        return None
    return enter(as_rule(np.stack, [x if is_tensor(x) else wrap(x) for x in parts]), 0, batch)


OVER_BATCHES.append(_pull)

__all__ = ["Crossing", "at_once", "crossed", "enter", "leave", "of_all", "share"]
