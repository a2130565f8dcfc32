"""From a tensor to the rows of its tape: the nodes that lead to it, in the order in which they were recorded."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.graph.names import name_of
from ..autograd.outputs import OutputNode, Unreachable, source
from ..ops import Operator
from ..ops.docstring import rule_source
from ..tape import AccumulateGrad, Node, reachable
from .model import Kind, Leaf, Operand, Output, Part, Rows, Saved, Step, Sum
from .names import Names
from .snapshot import Snapshot, ndarray_of
from .watching import Note, note_of

_NOTHING = Note()


class Gatherer:
    """Makes the rows of the tape that leads to some nodes, with the names that a program has for its tensors."""

    def __init__(self, roots: Iterable[Node], names: Names) -> None:
        self.names = names
        self.roots = [source(root)[0] for root in roots]
        nodes = [n for n in reachable(self.roots) if not isinstance(n, (OutputNode, Unreachable))]
        nodes.sort(key=lambda node: -node.order)  # the order counts down, and the oldest comes first
        self.nodes = [node for node in nodes if not isinstance(node, AccumulateGrad)]
        self.numbers = {node: i for i, node in enumerate(self.nodes, 1)}
        self.outputs: dict[Node, list[OutputNode]] = {}  # of operators with several
        for edge in reachable(roots):
            if isinstance(edge, OutputNode):
                self.outputs.setdefault(source(edge)[0], []).append(edge)
        calls = [(note_of(node) or _NOTHING).call for node in self.nodes]
        # Of the operators that one call of the program ran, the last made what the call gave.
        self.last = {node for node, call, after in zip(self.nodes, calls, [*calls[1:], None]) if call != after}  # noqa: B905

        leaves = (edge for node in self.nodes for edge in node.edges if isinstance(edge, AccumulateGrad))
        self.leaves = {leaf: i for i, leaf in enumerate(dict.fromkeys(leaves))}
        self.constants: dict[int, int] = {}  # by the id of the array, in the order of the first use

    def rows(self) -> Rows:
        """The rows as they are now: before a backward without cotangents, afterwards with those that were noted."""
        steps = [self.step(node) for node in self.nodes]
        root = self._name(self.roots[0]) if self.nodes else ""
        return Rows(steps, self._leaves(), list(self._sums()), root)

    # -- steps -------------------------------------------------------------------------------------

    def step(self, node: Node) -> Step:
        """The row of a node as it is now."""
        note, row = note_of(node) or _NOTHING, node.row
        number, name = self.numbers[node], self._name(node)
        freed = node.saved is None and row is not None
        step = Step(
            number=number,
            operator=row.name if row is not None else name_of(type(node)).removesuffix("Backward"),
            node=name_of(type(node)),
            name=name,
            inputs=list(self._inputs(node, note)),
            shape=note.output.shape if note.output is not None else node.shape,
            dtype=_dtype(node.dtype),
            value=note.output,
            saved=saved_by(node) if not freed else None,
            freed=freed,
            place=note.place,
            modules=note.modules,
            calls=note.calls,
            cotangent=note.cotangent,
            outputs=self._outputs(node),
        )
        if row is not None:
            step.rules = dict(_rules(row))
        for edge, part in zip(node.edges, note.parts, strict=False):
            if edge is not None and type(edge) is not Unreachable:
                step.parts.append(Part(self.name_of_edge(edge), self._number(edge), part, self._index(edge)))
        return step

    def _outputs(self, node: Node) -> list[Output]:
        edges = sorted(self.outputs.get(node, ()), key=lambda edge: edge.index)
        return [
            Output(self.name_of_edge(edge), edge.shape, _dtype(edge.dtype), (note_of(edge) or _NOTHING).cotangent)
            for edge in edges
        ]

    def _inputs(self, node: Node, note: Note) -> Iterable[Operand]:
        row = node.row
        if row is None or row.listed:
            for i, edge in enumerate(node.edges):
                if edge is not None:
                    yield self._operand(f"input {i}", edge, None)
            return
        edges = dict(zip((row.parameters[i] for i in row.differentiable), node.edges, strict=True))
        for place in row.tensors:
            parameter = row.parameters[place]
            array, value = note.inputs.get(parameter, (None, None))
            edge = edges.get(parameter)
            if edge is not None:
                yield self._operand(parameter, edge, value)
                continue
            if array is None:
                array = ndarray_of(_saved_at(node, place + len(row.outputs)))
                value = Snapshot(array) if isinstance(array, np.ndarray) else None
                if value is not None and note is not _NOTHING:
                    note.inputs[parameter] = (array, value)  # which is still shown when backward has freed it
            if value is not None:
                name = self.names.of_array(array) or "constant"
                index = self.constants.setdefault(id(array), len(self.constants))
                yield Operand(parameter, name, "constant", None, value.shape, _dtype(value.dtype), value, index)

    def _operand(self, parameter: str, edge: Node, value: Snapshot | None) -> Operand:
        name, kind = self.name_of_edge(edge), self._kind(edge)
        if value is None and isinstance(edge, AccumulateGrad):
            value = Snapshot(edge.variable.array)
        number, index = self._number(edge), self._index(edge)
        return Operand(parameter, name, kind, number, edge.shape, _dtype(edge.dtype), value, index)

    # -- leaves and sums ---------------------------------------------------------------------------

    def _leaves(self) -> list[Leaf]:
        leaves: dict[Any, Leaf] = {}
        for node in self.nodes:
            note = note_of(node) or _NOTHING
            for i, edge in enumerate(node.edges):
                if not isinstance(edge, AccumulateGrad) or edge in leaves:
                    continue
                tensor, grad = edge.variable, edge.variable.grad
                parameter = node.row.parameters[node.row.differentiable[i]] if node.row and not node.row.listed else ""
                value = note.inputs.get(parameter, (None, None))[1] or Snapshot(tensor.array)
                shown = None if grad is None else Snapshot(grad.array)
                name = self.name_of_edge(edge)
                dtype, own = _dtype(value.dtype) or "", note_of(edge) or _NOTHING
                leaves[edge] = Leaf(name, self._kind(edge), value.shape, dtype, value, shown, own.cotangent, own.before)
        return list(leaves.values())

    def _sums(self) -> Iterable[Sum]:
        """The values that several operators used, or one operator twice."""
        uses: dict[Node, list[tuple[int, Snapshot | None]]] = {}
        for node in self.nodes:
            parts = (note_of(node) or _NOTHING).parts
            for i, edge in enumerate(node.edges):
                if edge is not None and type(edge) is not Unreachable:
                    part = parts[i] if i < len(parts) else None
                    uses.setdefault(edge, []).append((self.numbers[node], part))
        for edge, consumers in uses.items():
            if len(consumers) > 1:
                total = (note_of(edge) or _NOTHING).cotangent
                yield Sum(self.name_of_edge(edge), self._number(edge), consumers[::-1], total, self._index(edge))

    # -- names -------------------------------------------------------------------------------------

    def _name(self, node: Node) -> str:
        target = (note_of(node) or _NOTHING).target if node in self.last else None
        if node in self.outputs and target is None:
            known = (self.names.of_node(node, index) for index in sorted(edge.index for edge in self.outputs[node]))
            return ", ".join(filter(None, known)) or f"%{self.numbers[node]}"
        return self.names.of_node(node) or target or f"%{self.numbers[node]}"

    def name_of_edge(self, edge: Node) -> str:
        """The name of the value that an edge leads to."""
        node, index = source(edge)
        if isinstance(node, AccumulateGrad):
            return self.names.of_leaf(node.variable) or "leaf"
        if not isinstance(edge, OutputNode):
            return self._name(node)
        if known := self.names.of_node(node, index):
            return known
        target = (note_of(node) or _NOTHING).target if node in self.last else None
        name = target or f"%{self.numbers[node]}"
        is_named = node.row is not None and len(node.row.outputs) > 1
        return f"{name}.{node.row.outputs[index]}" if is_named else f"{name}[{index}]"

    def _number(self, edge: Node) -> int | None:
        return self.numbers.get(source(edge)[0])

    def _index(self, edge: Node) -> int | None:
        """The place of a leaf among the leaves."""
        return self.leaves.get(edge) if isinstance(edge, AccumulateGrad) else None

    def _kind(self, edge: Node) -> Kind:
        if not isinstance(edge, AccumulateGrad):
            return "operator"
        return "parameter" if id(edge.variable) in self.names.parameters else "leaf"


@functools.lru_cache(maxsize=256)
def _rules(row: Operator) -> dict[str, str]:
    """The text of the rule for each differentiable input."""
    rules = zip(row.differentiable, row.rules, strict=True)
    return {row.parameters[i]: rule_source(rule).strip("\n") for i, rule in rules}


def _saved_at(node: Node, place: int) -> Any:
    """What a node has saved of an argument, if any of its rules reads it."""
    if node.saved is None or node.row is None:
        return None
    for read, values in zip(node.row.reads, node.saved, strict=False):
        if values is not None and place in read:
            return values[read.index(place)]
    return None


def saved_by(node: Node) -> Saved | None:
    """The arrays that a node has saved, each counted once."""
    if node.row is None or node.saved is None:
        return None
    names = [*node.row.outputs, *node.row.parameters]
    arrays: dict[int, tuple[str, int]] = {}
    for read, values in zip(node.row.reads, node.saved, strict=False):
        for place, value in zip(read, values or (), strict=False):
            for each in map(ndarray_of, value if isinstance(value, list) else (value,)):
                if isinstance(each, np.ndarray):
                    name = names[place] if place < len(names) else "shapes"
                    arrays.setdefault(id(each), (name, each.nbytes))
    return Saved([name for name, _ in arrays.values()], sum(size for _, size in arrays.values())) if arrays else None


def _dtype(dtype: Any) -> str | None:
    return None if dtype is None else str(np.dtype(dtype))
