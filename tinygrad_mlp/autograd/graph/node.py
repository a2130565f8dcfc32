"""The attributes and methods of nodes that torch documents (torch.autograd.graph.Node), such as `next_functions`.

Backward needs none of them. The name that torch gives to a node may depend on the types of the operator's arguments; a
node gets it when a program asks for the node.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ... import tape
from ...batching import begun, is_batched
from ...ops import laid_out_as
from ...tape import FREED, state
from .. import hooks
from ..attached import attached_to
from ..modes import as_rule
from ..outputs import Bundle, Unreachable, source
from ..tensors import is_tensor, wrap
from .changed import modified, raw, refuse_detached
from .names import OF_NUMBERS, OTHER_NAMES, name_of, named_otherwise, of_tensors
from .refusals import NO_VARIABLE, NOT_CALLABLE, NUMBER_OF_ARGUMENTS

# What runs the rules of a node on batched arrays; batches.py, a floor above, adds it.
OVER_BATCHES: list[Callable[..., Any]] = []
# For rows whose nodes differ from torch's, the function that rewrites a node; __init__.py adds that of linear.py.
REWRITTEN: dict[str, Callable[[Any], Any]] = {}


class Node(tape.Node):
    """The node of an operator, with the attributes and methods of torch's nodes."""

    __module__ = "tinygrad_mlp.autograd.graph"
    __slots__ = ()
    runs_on_nothing: ClassVar[bool] = False  # whether it has something to hand on even if no cotangent comes
    outputs_count: Any = 1
    on_batch: ClassVar[bool] = False  # whether what it saved is of a batch of `vmap`
    requires_grad = True
    gives_several_views: ClassVar[bool] = False
    register_hook = hooks.register_hook
    register_prehook = hooks.register_prehook

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        """As in the core; with `create_graph` the rules run on Tensors."""
        if begun and (self.on_batch or is_batched(getattr(g, "array", g))):
            return OVER_BATCHES[0](self, g, edges, create_graph)  # type: ignore[no-any-return]
        if create_graph:
            return as_rule(super().pull, g, edges, create_graph)  # type: ignore[no-any-return]
        return super().pull(g, edges, create_graph)

    def name(self) -> str:
        """Torch's name of the node: AddBackward0, torch::autograd::AccumulateGrad."""
        return name_of(type(seen(self) or self))

    @property
    def next_functions(self) -> tuple[tuple[tape.Node | None, int], ...]:
        """The nodes of the inputs, each with the number of the output that was taken; (None, 0) for a constant."""
        edges, name = self.edges, self._name_of_operator()
        count = OF_NUMBERS.get(name, len(edges))
        if name in ("PowBackward2", "NotImplemented"):
            edges = [edge for edge in edges if edge is not None]
        elif not any(edges[count:]):
            edges = edges[:count]
        return tuple((None, 0) if e is None or type(e) is Unreachable else _seen_edge(*source(e)) for e in edges)

    @property
    def gives_view(self) -> bool:
        """Whether the output is a view of the input."""
        return self.row is not None and self.row.view

    def _name_of_operator(self) -> str:
        return type(self).__name__

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict of the user's, which lives as long as the node; anomaly mode keeps the forward's traceback there."""
        kept = attached_to(self)
        if kept.metadata is None:
            kept.metadata = {}
        return kept.metadata  # type: ignore[no-any-return]

    def _sequence_nr(self) -> int:
        return -self.order

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def __call__(self, *gradients: Any) -> Any:
        """Apply the node's rules to gradients of its outputs, without calling hooks or freeing anything.

        The result is a tuple with a gradient for each edge, None for a constant, or the gradient itself if there is one
        edge. It is recorded if grad mode is on.
        """
        if self.runs_on_nothing:
            raise TypeError(NOT_CALLABLE.format(type(self).__name__))
        if len(gradients) != self.outputs_count:
            raise TypeError(NUMBER_OF_ARGUMENTS.format(expected=self.outputs_count, got=len(gradients)))
        for i, g in enumerate(gradients):
            if g is not None and not is_tensor(g):
                raise TypeError(NO_VARIABLE.format(i))
        count, create_graph = len(self.next_functions), state.recording
        parts = {i: g if create_graph else g.array for i, g in enumerate(gradients) if g is not None}
        handed: Sequence[Any] = [None] * count
        if parts:
            handed = self._pull_unwatched(parts[0] if self.shape is not None else Bundle(parts), create_graph)
        results = tuple(g if g is None or is_tensor(g) else wrap(np.asarray(g)) for g in handed[:count])
        return results[0] if len(results) == 1 else results

    def _pull_unwatched(self, g: Any, create_graph: bool) -> Sequence[Any]:
        return hooks.unwatched(type(self)).pull(self, g, self.edges, create_graph)

    def as_torch_has_it(self) -> None:
        """Become the node, or nodes, that torch has for this operator."""
        if self.row is not None and self.row.name in REWRITTEN:
            REWRITTEN[self.row.name](self)

    # -- why it does not run -----------------------------------------------------------------------

    def modified(self) -> str:
        """Which of the tensors that the node saved was changed, and what wrote it last."""
        return modified(self)

    def refuse_changed(self) -> None:
        """RuntimeError in torch's words, as from running the node, for saved values that are freed or changed."""
        if self.row is not None and self.saved is None:
            raise RuntimeError(FREED)
        if self.row is not None and any(counter[0] != count for counter, count, _ in self.versions):
            raise RuntimeError(self.modified())

    def refuse_detached(self) -> None:
        """RuntimeError in torch's words if a tensor that the node has saved was cut off from its history since."""
        refuse_detached(self)


class AccumulateGrad(tape.AccumulateGrad, Node):
    """The end of the tape at a leaf."""

    __slots__ = ()

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        """Accumulate at once, for a node that is watched. A `.grad` must not share memory with another cotangent."""
        self.accumulate(g if create_graph else laid_out_as(self.variable.array, g.copy()), create_graph)
        return ()


class GradientEdge(NamedTuple):
    """An edge of the tape: the place where a tensor's gradient is computed (torch.autograd.graph.GradientEdge)."""

    node: Node
    output_nr: int
    ownership_token: tape.Node | None = None  # of an operator with several outputs: the node of this one


def _seen_edge(node: Any, index: int) -> tuple[tape.Node | None, int]:
    return seen(node), index


def seen(node: Any) -> Any:
    """The node as a program sees it, with the name that torch gives to it."""
    if node is None:
        return None
    if node.row is not None and node.row.name in REWRITTEN:
        node = REWRITTEN[node.row.name](node)
    own = type(node).__name__
    if any(node.edges[OF_NUMBERS.get(own, len(node.edges)) :]):
        node.__class__ = named_otherwise(type(node), of_tensors(own))  # type: ignore[arg-type] # mypy 1.x: a class is hashable
    for name, arguments, matches in OTHER_NAMES.get(own, ()) if node.saved else ():
        places = [
            len(node.row.outputs) + node.row.parameters.index(a) for a in arguments.split() if a in node.row.parameters
        ]
        found = [raw(node, place) for place in places if any(place in read for read in node.row.reads)]
        if found and all(map(matches, found)):
            node.__class__ = named_otherwise(type(node), name)  # type: ignore[arg-type]
            return seen(node)
    return node


# -- new nodes, shown to who asks ------------------------------------------------------------------

_observers: list[Callable[[Node], None]] = []
_lock = threading.Lock()


def observe_nodes(observer: Callable[[Node], None], first: bool = False) -> None:
    """Have `observer(node)` called with every node that an operator makes from now on; `first`, before the others.

    The first observer gives the class `Node` an `__init__`, and it stays: so programs without one pay nothing.
    """
    with _lock:
        if not _observers:
            Node.__init__ = _observed  # type: ignore[method-assign, assignment]
        if observer not in _observers:
            _observers.insert(0 if first else len(_observers), observer)


def _observed(self: Node, edges: Any, saved: Any, versions: Any, shape: Any, dtype: Any) -> None:
    tape.Node.__init__(self, edges, saved, versions, shape, dtype)
    for each in _observers:
        each(self)
