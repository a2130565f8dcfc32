"""The nodes of the tape.

A tensor that came out of an operator points at a node; the node points at the nodes of the operator's inputs, its
`edges`. So a loss holds its whole history, and the history dies with the last tensor that needs it, by reference
count alone: a node never points back at its output.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

from .. import dtypes

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
    forward. `shape` and `dtype` are those of the output, so also of its cotangent.
    """

    __slots__ = ("__weakref__", "dtype", "edges", "hooks", "order", "saved", "shape", "versions")
    row: ClassVar[Any] = None

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
                raise RuntimeError(self._modified())
        if create_graph:
            saved = self._saved_with_history(type(g))
        rules = self.row.rules
        if len(rules) == 1:
            return (rules[0](g, *saved[0]),)
        return [None if edge is None else rule(g, *values) for edge, rule, values in zip(edges, rules, saved)]  # noqa: B905

    def release(self) -> None:
        """Drop what the rules read. A node that saved no tensor keeps working, as in torch."""
        if self.versions:
            self.saved = None
            self.versions = ()

    def name(self) -> str:
        """Torch's name of the operator's node."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the inputs, each with the number of the output that was taken."""
        return tuple((e.edges[0], e.index) if isinstance(e, OutputNode) else (e, 0) for e in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def _saved_with_history(self, tensor_type: Any) -> list[Any]:
        """The saved values, where they depend on a tensor that requires grad as Tensors with their place on the tape."""
        row, outputs = self.row, len(self.row.outputs)
        history: dict[int, Node] = dict.fromkeys(range(outputs), self)
        for position, edge in zip(row.differentiable, self.edges, strict=True):
            if edge is not None:
                history[outputs + position] = edge
        return [
            None
            if values is None
            else [
                tensor_type._with_history(value, history[i]) if i in history else value
                for i, value in zip(read, values, strict=True)
            ]
            for read, values in zip(row.reads, self.saved, strict=True)
        ]

    def _modified(self) -> str:
        counter, count, place = next(v for v in self.versions if v[0][0] != v[1])
        array = next(
            values[read.index(place)]
            for read, values in zip(self.row.reads, self.saved, strict=True)
            if values is not None and place in read
        )
        argument = place - len(self.row.outputs)
        maker: Node | None = self
        if argument >= 0:
            edges = dict(zip(self.row.differentiable, self.edges, strict=False))
            maker = edges.get(argument)
        made = "" if maker is None or isinstance(maker, AccumulateGrad) else f", which is output 0 of {maker.name().removesuffix('Backward0')},"
        return (
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[torch.{dtypes.of(array.dtype).tensor_type} {list(array.shape)}]{made} is at version {counter[0]}; expected "
            f"version {count} instead. Hint: enable anomaly detection to find the operation that failed to compute its "
            "gradient, with torch.autograd.set_detect_anomaly(True)."
        )


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
        self.variable._accumulate(g)
        return ()


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
        node = AccumulateGrad(tensor)
        tensor._accumulator = weakref.ref(node)  # weak: the leaf must not hold the node that holds the leaf
    return node


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

    def __add__(self, other: Bundle) -> Bundle:
        parts = dict(self.parts)
        for index, g in other.parts.items():
            parts[index] = parts[index] + g if index in parts else g
        return Bundle(parts)
