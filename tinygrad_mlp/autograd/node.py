"""The nodes of the tape.

A tensor that came out of an operator points at a node; the node points at the nodes of the operator's inputs, its
`edges`. So a loss holds its whole history, and the history dies with the last tensor that needs it, by reference
count alone: a node never points back at its output.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)

# Counts down: a node has a smaller number than its inputs, so a min-heap runs the youngest node first.
_next_order = itertools.count(0, -1).__next__


class Node:
    """One operator that ran.

    `edges` has a node for each input that may need a gradient, None where this one does not. `saved` has the values
    that each edge's rule reads, `versions` the version counters of the tensors among them with the counts of the
    forward. `shape` and `dtype` are those of the output, so also of its cotangent. `output` refers to the node of the
    output where that is another: of a view that was written to. `writers` is shared by the nodes that one tensor had,
    if it was written to, and has the newest's class: of a node that is gone only its name is asked.
    """

    __slots__ = ("__weakref__", "dtype", "edges", "hooks", "order", "output", "saved", "shape", "versions", "writers")
    row: ClassVar[Any] = None
    shares: ClassVar[bool] = False  # whether two rules read the same array, so that it is kept even if no edge is
    saves: ClassVar[bool] = False  # whether each rule reads an array, or a number where an array could stand
    runs_on_nothing: ClassVar[bool] = False  # whether it has something to hand on even if no cotangent comes

    if TYPE_CHECKING:  # what a node says of itself: graph.py
        output: Any
        writers: Any
        name: Any
        outputs_count: Any
        next_functions: Any
        metadata: Any
        modified: Any
        refuse_changed: Any
        refuse_detached: Any

    def __init__(
        self, edges: Sequence[Node | None], saved: Any, versions: Any, shape: tuple[int, ...], dtype: Any
    ) -> None:
        self.order = _next_order()
        self.edges = edges
        self.saved = saved
        self.versions = versions
        self.shape = shape
        self.dtype = dtype
        self.hooks: Any = None

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        """The cotangents that go to `edges`, from that of the output: arrays from an array, Tensors from a Tensor."""
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
        """Drop what the rules read. A node that saved no tensor keeps working, as in torch."""
        if self.versions or (self.saves and (self.shares or any(self.edges))):
            self.saved = None
            self.versions = ()

    def _differentiable_saved(self, tensor_type: Any) -> list[Any]:
        """The saved values; those of differentiable inputs and outputs as Tensors, at their place on the tape.

        They have the version counters of the tensors that were saved, so that the next backward refuses a change.
        """
        row, outputs = self.row, len(self.row.outputs)
        output: Node = getattr(self, "output", lambda: None)() or self
        history: dict[int, Node | None] = dict.fromkeys(range(outputs), output)
        for position, edge in zip(row.differentiable, self.edges, strict=True):
            history[outputs + position] = edge
        counters = {place: counter for counter, _, place in self.versions}

        def tensor_of(place: int, value: Any) -> Any:
            node, counter = history.get(place), counters.get(place)
            if node is None and (counter is None or place not in history or value.dtype.kind != "f"):
                return value
            tensor = tensor_type._constant(value) if node is None else tensor_type._with_history(value, node)
            if counter is not None:
                tensor.versions = counter
            return tensor

        return [
            None if values is None else [tensor_of(place, value) for place, value in zip(read, values, strict=True)]
            for read, values in zip(row.reads, self.saved, strict=True)
        ]


class AccumulateGrad(Node):
    """The end of the tape at a leaf: adds the cotangent to `variable.grad`."""

    __slots__ = ("variable",)

    def __init__(self, variable: Any) -> None:
        self.order = _next_order()
        self.edges = self.saved = self.versions = ()
        self.shape = variable.array.shape
        self.dtype = variable.array.dtype
        self.variable = variable
        self.hooks = variable._leaf_hooks

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        variable = self.variable
        if variable.needs_grad:  # still, as it did when it was used
            if variable.node is not None or variable.viewed is not None:
                self.refuse_changed()
            variable._accumulate(g)
        return ()

    def refuse_changed(self) -> None:
        """RuntimeError in torch's words if the leaf is one no more, or a view that cannot follow a write."""
        if self.variable.needs_grad and self.variable.grad_fn is not None:
            raise RuntimeError("leaf variable has been moved into the graph interior")


class Unreachable(Node):
    """The end of the tape at a view made without grad, which requires grad only because its base does."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        return ()


_NAMES_IN_FULL = frozenset(("AccumulateGrad", "CopySlices", "CopyBackwards", "NotImplemented"))


def name_of(node_class: type[Node]) -> str:
    """Torch's name of the nodes of a class."""
    name = node_class.__name__
    return f"torch::autograd::{name}" if name in _NAMES_IN_FULL else name


def is_tensor(value: object) -> bool:
    """Whether a value is a Tensor; that class stands on a floor above, which the tape cannot import from."""
    return hasattr(type(value), "needs_grad")


def gradient_edge(tensor: Any) -> Node:
    """The node through which the cotangent of a tensor that requires grad flows on."""
    node: Node | None = tensor.node
    if node is not None:
        return node
    reference = tensor._accumulator
    node = None if reference is None else reference()
    if node is None:
        if tensor.viewed is not None and not tensor.viewed.own:
            return Unreachable((), (), (), tensor.array.shape, tensor.array.dtype)
        node = AccumulateGrad(tensor)
        tensor._accumulator = weakref.ref(node)  # weak: the leaf must not hold the node that holds the leaf
    return node


class GradientEdge(NamedTuple):
    """An edge of the tape: the place where a tensor's gradient is computed (torch.autograd.graph.GradientEdge)."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None  # of an operator with several outputs: the node of this one


class OutputNode(Node):
    """One output of an operator with several: hands its cotangent to the operator's node in a `Bundle`."""

    __slots__ = ("index",)

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__((node,), (), (), shape, dtype)
        self.index = index

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        return (Bundle({self.index: g}),)


class Bundle:
    """The cotangents of several outputs, added like one."""

    __slots__ = ("parts",)
    shape = dtype = base = None  # those of a node with several outputs

    @property
    def array(self) -> Bundle:
        return self

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Any) -> Any:
        if not self.parts:
            return other  # of a node with one output, if nothing came before
        parts = dict(self.parts)
        for index, g in other.parts.items():
            parts[index] = parts[index] + g if index in parts else g
        return Bundle(parts)
