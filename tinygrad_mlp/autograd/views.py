"""Views, and writing into tensors that are on the tape.

A view remembers its base and the steps that lead from the base to it. A recorded write into a view gives the *base* a
new node, `CopySlices`: outside the view the cotangent passes, inside it goes through the operator that wrote. Every
view of that base is then out of date; it gets its new node, which leads to the base, when it is used next. So a write
anywhere flows into the base and into all its views, at any depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .modes import state
from .node import Node, gradient_edge

MADE_WITHOUT_GRAD = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case "
    "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want "
    "the inplace to be tracked)."
)
ONE_OF_SEVERAL = (
    "Output {index} of {name} is a view and is being modified inplace. This view is the output of a function that "
    "returns multiple views. Such functions do not allow the output views to be modified inplace. You should replace "
    "the inplace operation by an out-of-place one."
)

OVERLAPPING = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
    "clone() the tensor before performing the operation."
)


class View:
    """What a view is of: `base`, and `steps`, pairs of a row and its arguments after the first.

    `current` is the count of the base's versions at which the view's node was right; `refusal` is why a recorded
    write into it is refused, if it is.
    """

    __slots__ = ("base", "current", "refusal", "steps")

    def __init__(self, base: Any, steps: tuple[Any, ...], current: int, refusal: str | None) -> None:
        self.base = base
        self.steps = steps
        self.current = current
        self.refusal = refusal

    def of(self, whole: Any) -> Any:
        """The same part of another array, or Tensor, of the base's shape."""
        for row, rest in self.steps:
            whole = row(whole, *rest)
        return whole


def note_view(tensor: Any, source: Any, row: Any, rest: tuple[Any, ...]) -> None:
    """Make `tensor`, whose array is a part of the source's, a view of it."""
    tensor.versions = counter = source.versions
    refusal = None if state.recording else MADE_WITHOUT_GRAD
    of = source.viewed
    if of is None:
        tensor.viewed = View(source, ((row, rest),), counter[0], refusal)
    else:
        tensor.viewed = View(of.base, (*of.steps, (row, rest)), counter[0], of.refusal or refusal)


def refresh(tensor: Any) -> None:
    """Give a view its new node, if its base has been written to since it got the one it has."""
    view = tensor.viewed
    count = tensor.versions[0]
    if view.current == count:
        return
    view.current = count
    base = view.base
    if tensor.node is not None or base.needs_grad:
        tensor.node = AsStridedBackward0(base, view, tensor.array)
        tensor.needs_grad = True


def base_needs_grad(tensor: Any) -> bool:
    """Whether a tensor is a view of one that requires grad."""
    return tensor.viewed is not None and bool(tensor.viewed.base.needs_grad)


def refuse_inplace(tensor: Any) -> None:
    """RuntimeError in torch's words for a write that cannot be recorded."""
    if tensor.viewed is None:
        if tensor.needs_grad and tensor.node is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        return
    base = tensor.viewed.base
    if base.needs_grad and base.node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if tensor.viewed.refusal is not None:
        raise RuntimeError(tensor.viewed.refusal)


def rebase(tensor: Any, node: Node) -> None:
    """Put the node of an operator that wrote into `tensor` on the tape."""
    if tensor.viewed is None:
        tensor.node = node
        tensor.needs_grad = True
        return
    base, view = tensor.viewed.base, tensor.viewed
    base.node = CopySlices(gradient_edge(base) if base.needs_grad else None, node, view, base.array)
    base.needs_grad = True
    view.current = -1
    refresh(tensor)


class CopySlices(Node):
    """A base after a write into a part of it: `written` is the node of the operator that wrote."""

    __slots__ = ("view", "written")

    def __init__(self, base: Node | None, written: Node, view: View, array: Any) -> None:
        super().__init__((base, *written.edges[1:]), (), written.versions, array.shape, array.dtype)
        self.written = written
        self.view = View(None, view.steps, 0, None)  # without the base, which points at this node

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        part = self.view.of(g)
        inside = [self.written.edges[0], *edges[1:]]
        before, *others = self.written.pull(part.clone() if create_graph else part.copy(), inside, create_graph)
        if edges[0] is None:
            return [None, *others]
        outside = g.clone() if create_graph else g.copy()
        if create_graph:
            self.view.of(outside).copy_(before)
        else:
            self.view.of(outside)[...] = before
        return [outside, *others]

    def release(self) -> None:
        self.written.release()


class AsStridedBackward0(Node):
    """A view of a base that was written to: its steps, backwards, on the cotangent."""

    __slots__ = ("steps",)

    def __init__(self, base: Any, view: View, array: Any) -> None:
        super().__init__((gradient_edge(base),), (), (), array.shape, array.dtype)
        self.steps = []
        whole = base.array
        for row, rest in view.steps:
            part = row.forward(whole, *rest)
            frame = (part, whole, *rest, whole.shape)
            self.steps.append((row.rules[0], [frame[i] for i in row.reads[0]]))
            whole = part

    def pull(self, g: Any, edges: Sequence[Node | None], create_graph: bool) -> Sequence[Any]:
        for rule, values in reversed(self.steps):
            g = rule(g, *values)
        return (g,)

