"""The nodes of the tape, and what an operator writes into one.

A tensor that an operator computed points at a node; the node points at the nodes of the operator's inputs, its
`edges`. So a loss holds its whole history. A node never points at its own output, so there is no cycle, and Python
frees the history with the last tensor that needs it. To record an operator is to make its node:

    output.node = MulBackward0(edges, saved, versions, output.array.shape, output.array.dtype)

The class belongs to the operator's row of the derivative table and so knows its rules: for each input, how to make
the cotangent of the input (the derivative of the loss by it) out of the cotangent `g` of the output. For z = x * y
these are `g * y` and `g * x`, which is why the node saves y and x.
"""

import itertools
import threading
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

# When the graph is used twice: the first backward gave back the memory of what was saved for it.
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)
# When a tensor was changed in place after an operator saved it: the derivative would be taken at another point.
CHANGED = "one of the variables needed for gradient computation has been modified by an inplace operation"

_next_order = itertools.count(0, -1).__next__  # counts down, so that the smallest number is the youngest node's


class Node:
    """One operator that ran.

    `edges` has a node for each input, or None where no gradient is needed. `saved` has, for each rule, the values that
    it reads. `versions` has for each tensor among them its version counter (which every write increases), the count
    when it was saved, and its place among outputs and arguments. `shape` and `dtype` are those of the cotangent.
    """

    __slots__ = ("__weakref__", "attached", "dtype", "edges", "order", "saved", "shape", "versions")
    row: ClassVar[Any] = None  # the operator's row of the derivative table
    saves: ClassVar[bool] = False  # whether each rule reads an array, so that there is memory to give back
    shares: ClassVar[bool] = False  # whether two rules read the same array, which is then kept even if no edge is
    waits: ClassVar[bool] = False  # whether its cotangent waits until all other nodes have run: it is a leaf's

    def __init__(self, edges: Sequence[Any], saved: Any, versions: Any, shape: Any, dtype: Any) -> None:
        self.order = _next_order()
        self.edges = edges
        self.saved = saved
        self.versions = versions
        self.shape = shape
        self.dtype = dtype

    def pull(self, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        """The cotangents that go to `edges`, which are the node's own, or None where none is wanted this time."""
        saved = self.saved
        if saved is None:
            raise RuntimeError(FREED)
        for counter, count, _ in self.versions:
            if counter[0] != count:
                raise RuntimeError(self.modified())
        if create_graph:
            saved = self._differentiable_saved(type(g))
        rules = self.row.rules
        if len(rules) == 1:
            return (rules[0](g, *saved[0]),)
        return [None if edge is None else rule(g, *values) for edge, rule, values in zip(edges, rules, saved)]  # noqa: B905

    def release(self) -> None:
        """Give back the memory of what the rules read. A node that saved no array keeps working, as in torch."""
        if self.versions or (self.saves and (self.shares or any(self.edges))):
            self.saved = None
            self.versions = ()

    def end(self, g: Any, create_graph: bool) -> Any:
        """What backward gives out for a node that is wanted, and at which it ends: the cotangent that has come."""
        return g

    def modified(self) -> str:
        """Why the node does not run after a tensor that it saved was changed in place."""
        return CHANGED

    def _differentiable_saved(self, tensor_type: Any) -> list[Any]:
        """What was saved, with inputs and outputs as Tensors at their place on the tape: for `create_graph`.

        They have the version counters of those that were saved, so that the next backward, too, notices a change.
        """
        row, outputs = self.row, len(self.row.outputs)
        history = dict(zip((outputs + i for i in row.differentiable), self.edges, strict=True))
        counters = {place: counter for counter, _, place in self.versions}

        def tensor_of(place: int, value: Any) -> Any:
            node = self._place_of_output(place, value) if place < outputs else history.get(place)
            counter = counters.get(place)
            if node is None and (counter is None or place not in history or value.dtype.kind != "f"):
                return value
            tensor = tensor_type._constant(value) if node is None else tensor_type._with_history(value, node)
            if counter is not None:
                tensor.versions = counter
            return tensor

        return [values and list(map(tensor_of, read, values)) for read, values in zip(row.reads, self.saved)]  # noqa: B905

    def _place_of_output(self, index: int, value: Any) -> Any:
        return self


class AccumulateGrad(Node):
    """The end of the tape at a leaf, a tensor that no operator computed: its cotangent is added to `variable.grad`.

    It is made when an operator first uses the leaf, and lives as long as a tape leads to it. (The name is torch's.)
    """

    __slots__ = ("variable",)
    waits = True
    _lock: ClassVar[Any] = threading.Lock()  # several threads may run backward into one leaf

    def __init__(self, variable: Any) -> None:
        self.order = _next_order()
        self.edges = self.saved = self.versions = ()
        self.shape, self.dtype = variable.array.shape, variable.array.dtype
        self.variable = variable

    def accumulate(self, g: Any, create_graph: bool) -> None:
        """Add a cotangent to the leaf's `.grad`: an array, or with `create_graph` a Tensor."""
        leaf, tensor_of = self.variable, type(self.variable)._constant
        if not leaf.needs_grad:
            return  # it did when it was used
        with self._lock:
            grad = leaf._grad
            if create_graph:
                leaf._grad = tensor_of(np.empty_like(leaf.array)).copy_(g) if grad is None else grad + g
            elif grad is None:
                leaf._grad = tensor_of(np.asarray(g) if isinstance(g, np.generic) else g)
            elif grad.array.shape != g.shape:
                leaf._grad = grad + tensor_of(np.asarray(g))  # which refuses, unless they broadcast
            else:
                grad.array += g
                grad.versions[0] += 1


def gradient_edge(tensor: Any) -> Any:
    """The node at which a tensor that requires grad is on the tape: its operator's, or for a leaf one made now."""
    node = tensor.node
    if node is None:
        reference = tensor._accumulator
        if reference is None or (node := reference()) is None:
            node = tensor._leaf_node(tensor)
            tensor._accumulator = weakref.ref(node)  # weak, because the node holds the leaf
    return node
