"""Views, and writing into tensors that are on the tape.

A view remembers its base and the steps that lead from the base to it. A recorded write into a view gives the *base* a
new node, `CopySlices`: outside the view the cotangent passes, inside it goes through the operator that wrote. Every
view of that base is then out of date; it gets its new node, which leads to the base, when it is used next. So a write
anywhere flows into the base and into all its views, at any depth. Rules and texts are torch's (variable.cpp).
"""

from __future__ import annotations

import contextlib
import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import tape
from ...messages import noted
from ...ops import TABLE
from ...ops.layout import strided_index
from ...tape import FREED, gradient_edge, state
from .. import hooks
from ..attached import attached_to, seen_at
from ..graph.names import short_name
from ..graph.node import AccumulateGrad, Node
from ..graph.refusals import ONE_OF_SEVERAL, stale
from ..modes import as_rule, modes
from ..outputs import Bundle, OutputNode, Unreachable
from .refusals import (
    LEAF,
    MADE_IN_INFERENCE,
    MADE_WITHOUT_GRAD,
    NO_LEAF_ANY_MORE,
    OVERLAPPING,
    PARTLY_THE_SAME,
    VIEW_OF_LEAF,
)


def memory_of(array: Any) -> Any:
    """The array that owns the memory of an array."""
    memory = getattr(array, "array", array)  # of a recording array, the one that it stands for
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    return memory


def geometry(array: Any) -> tuple[Any, ...]:
    """Shape, strides and offset of an array in its memory, and the size of that, all in elements."""
    memory, array = memory_of(array), getattr(array, "array", array)
    start = array.ctypes.data - memory.ctypes.data
    strides = tuple(s // array.itemsize for s in array.strides)
    return array.shape, strides, start // array.itemsize, memory.size


def place(whole: Any, part: Any) -> tuple[Any, ...]:
    """The arguments of the row `as_strided` that give `part` of `whole`, which share memory."""
    return (*geometry(part)[:3], geometry(whole))


class View:
    """What a view is of: `base`, and `steps`, pairs of a row and its arguments after the first.

    `current` is the count of the base's versions at which the view's node was right; `refusal` is why a recorded
    write into it is refused, if it is; `own` says that the view was itself told to require grad.
    """

    __slots__ = ("base", "current", "own", "refusal", "steps")

    def __init__(self, base: Any, steps: tuple[Any, ...], current: int, refusal: str | None) -> None:
        self.base = base
        self.steps = steps
        self.current = current
        self.refusal = refusal
        self.own = False

    def steps_now(self, array: Any) -> tuple[Any, ...]:
        """The steps, or one by place in memory where they no longer lead to `array`: the base was itself transposed."""
        whole, part = self.base.array, None
        if not any(row is TABLE["as_strided"] for row, _ in self.steps):  # which may have left the view before it
            with contextlib.suppress(IndexError, RuntimeError, ValueError):
                part = self.of(whole)
        if part is not None and geometry(part) == geometry(array) and memory_of(part) is memory_of(array):
            return self.steps
        return ((TABLE["as_strided"], place(whole, array)),)

    def of(self, whole: Any) -> Any:
        """The same part of another array, or Tensor, of the base's shape."""
        for row, rest in self.steps:
            whole = row(whole, *rest)
        return whole


def note_view(tensor: Any, source: Any, row: Any, rest: tuple[Any, ...]) -> None:
    """Make `tensor`, whose array is a part of the source's, a view of it."""
    tensor.versions = counter = source.versions
    if type(counter) is not list:
        return  # an inference tensor: what shares its memory is one too
    refusal = None if state.recording else MADE_IN_INFERENCE if modes.inference else MADE_WITHOUT_GRAD
    of = source.viewed
    if of is None:
        base = source
        tensor.viewed = View(base, ((row, rest),), counter[0], refusal)
    else:
        base = of.base
        tensor.viewed = View(base, (*of.steps, (row, rest)), counter[0], refusal or of.refusal)
    if base.needs_grad:
        tensor.needs_grad = True  # even if it was made without grad, and leads nowhere
    if tensor.node is None:
        tensor._leaf_node = Unreachable


def refresh(tensor: Any) -> None:
    """Bring a view up to date before it is used: its base may have been written to, or told to require grad."""
    view = tensor.viewed
    tensor.needs_grad = needs = view.own or tensor.node is not None or view.base.needs_grad
    if needs and state.recording and view.current != tensor.versions[0]:
        renew(tensor)


def renew(tensor: Any) -> None:
    """Give a view the node that leads to its base as it is now, if the base was written to since it got its own."""
    view = tensor.viewed
    if view.current == tensor.versions[0] or (tensor.node is None and not view.base.needs_grad):
        return
    if view.refusal is not None:
        raise RuntimeError(stale(_refusal(tensor)))
    old, tensor.node = tensor.node, AsStridedBackward0(view, tensor.array)
    tensor.needs_grad = True
    view.current = tensor.versions[0]
    hooks.move_retained(tensor, old)


def leaf_of_its_own(tensor: Any, requires_grad: bool) -> None:
    """Note that `requires_grad` was set on a view itself: gradients are accumulated in it, or end there."""
    if tensor.viewed.own and requires_grad:
        return  # as it was: what has been recorded leads to the node that it has
    tensor.viewed.own = requires_grad
    vars(tensor).pop("_accumulator", None)
    if not requires_grad:
        tensor._leaf_node = Unreachable
    else:
        tensor._leaf_node = CheckedLeaf if tensor._leaf_hooks is None else hooks.watched(CheckedLeaf)


class CheckedLeaf(AccumulateGrad):
    """The node of a leaf that may have been written to, and be no leaf any more, when backward comes to it."""

    __slots__ = ()
    waits = False

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        self.refuse_changed()
        return super().pull(g, edges, create_graph)

    def refuse_changed(self) -> None:
        """RuntimeError in torch's words if the tensor is no leaf any more, or a view that cannot follow a write."""
        if self.variable.needs_grad and self.variable.grad_fn is not None:
            raise RuntimeError(NO_LEAF_ANY_MORE)


CheckedLeaf.__name__ = "AccumulateGrad"  # as torch calls it


def _leaf_no_more(tensor: Any) -> None:
    """Note that a write made a leaf a computed tensor: a backward on an older graph refuses to accumulate in it."""
    node = None if tensor._accumulator is None else tensor._accumulator()
    if isinstance(node, AccumulateGrad):
        node.__class__ = hooks.watched(CheckedLeaf) if hooks.is_watched(type(node)) else CheckedLeaf  # type: ignore[assignment]


def refuse_inplace(tensor: Any) -> None:
    """RuntimeError in torch's words for a write that cannot be recorded."""
    view = tensor.viewed
    if view is not None:
        if view.refusal is not None:
            raise RuntimeError(_refusal(tensor))
        if tensor.requires_grad and view.base.node is None:
            raise noted(RuntimeError(VIEW_OF_LEAF))
    if tensor.requires_grad and tensor.node is None:
        raise noted(RuntimeError(LEAF))


def _refusal(tensor: Any) -> str:
    """Why a view may not be written to."""
    text, node = tensor.viewed.refusal, tensor.node
    maker: Any
    index, maker = (node.index, node.edges[0]) if isinstance(node, OutputNode) else (0, node)
    name = "" if maker is None else short_name(maker.name())
    if text is MADE_WITHOUT_GRAD and name:
        text = text.replace("A view was created", f"Output {index} of {name} is a view of a view which was created", 1)
    elif text is ONE_OF_SEVERAL and not name:
        start = "A view was created in no_grad mode and is being modified inplace with grad mode enabled."
        text = text.replace("Output {index} of {name} is a view and is being modified inplace.", start)
    else:
        text = text.format(index=index, name=name)
    return str(text)


def refuse_overlap(tensor: Any, sources: Sequence[Any], *, with_itself: bool = True) -> None:
    """RuntimeError in torch's words where two elements of a write are one place in memory, as far as torch can see."""
    target = tensor.array
    if not target.size:
        return
    if with_itself and any(stride == 0 for _, stride in _walk(target)):
        raise RuntimeError(OVERLAPPING)
    for source in sources:
        array = getattr(source, "array", None)
        if array is None or source is tensor or not array.size or not (_dense(target) and _dense(array)):
            continue
        begin, end = (x.ctypes.data for x in (target, array))
        if begin < end + array.nbytes and end < begin + target.nbytes:
            same = begin == end and target.nbytes == array.nbytes
            if not same or _walk(target) != _walk(array):
                raise RuntimeError(PARTLY_THE_SAME)


def _walk(array: Any) -> list[tuple[int, int]]:
    """The sizes and strides of the dimensions of more than one element."""
    return [(n, s) for n, s in zip(array.shape, array.strides, strict=True) if n != 1]


def _dense(array: Any) -> bool:
    """Whether the elements fill a stretch of memory, each once."""
    if array.flags.forc:
        return True
    expected = array.itemsize
    for stride, size in sorted((s, n) for s, n in zip(array.strides, array.shape) if n != 1):  # noqa: B905
        if stride != expected:
            return False
        expected *= size
    return True


def rebase(tensor: Any, node: tape.Node) -> None:
    """Put the node of an operator that wrote into `tensor` on the tape."""
    view, old = tensor.viewed, tensor.node
    if view is None:
        tensor.node = node
        tensor.needs_grad = True
        if old is not None:
            note_writer(old, node)
        else:
            _leaf_no_more(tensor)
        hooks.move_retained(tensor, old)
        return
    base = view.base
    before = base.node
    view.steps = view.steps_now(tensor.array)
    base.node = CopySlices(gradient_edge(base) if base.needs_grad else None, node, view, base.array)
    base.needs_grad = True
    if before is not None:
        note_writer(before, base.node)
    else:
        _leaf_no_more(base)
    hooks.move_retained(base, before)
    view.current = -1
    renew(tensor)
    attached_to(node).output = weakref.ref(tensor.node)
    if node.row is not None:
        node.__class__ = _written(type(node))


def note_writer(old: tape.Node, node: tape.Node) -> None:
    """Note which node wrote last into a tensor: nodes that saved the old values name it when they refuse to run."""
    writers = seen_at(old).writers
    if writers is None:
        writers = attached_to(old).writers = [None]
    writers[0] = (weakref.ref(node), type(node))
    attached_to(node).writers = writers


def _written(node_class: type[tape.Node]) -> type[tape.Node]:
    """The class of nodes of operators that wrote into a view; the node of the output is that of the view, not these."""
    if "written_class" not in vars(node_class):

        def _place_of_output(self: Node, index: int, value: Any) -> tape.Node:
            return seen_at(self).output() or self

        added = {"__slots__": (), "_place_of_output": _place_of_output}
        node_class.written_class = type(node_class.__name__, (node_class,), added)  # type: ignore[attr-defined]
    return node_class.written_class  # type: ignore[attr-defined, no-any-return]


class CopySlices(Node):
    """A base after a write into a part of it: `written` is the node of the operator that wrote, until it is freed.

    `operator` is its class, which says what edges there are.
    """

    __slots__ = ("operator", "view", "written")

    def __init__(self, base: tape.Node | None, written: Any, view: View, array: Any) -> None:
        super().__init__((base, *written.edges[1:]), (), written.versions, array.shape, array.dtype)
        self.written: Any = written
        self.operator = type(written)
        self.view = View(None, view.steps, 0, None)  # without the base, which points at this node

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        written = self.written
        if written is None:
            raise RuntimeError(FREED)
        if isinstance(g, np.generic):
            g = np.asarray(g)  # what NumPy makes of 0-d arrays, which has no part to write into
        inside = [written.edges[0], *edges[1:]]
        if self.view.steps[0][0] is TABLE["as_strided"]:
            # Not a part of the cotangent itself, which is not laid out in memory as the base was.
            flat, index = g.reshape(-1), (self._positions(),)
            before, *others = written.pull(flat[index], inside, create_graph)
            return [None if edges[0] is None else TABLE["put"](flat, index, before).reshape(self.shape), *others]
        part = self.view.of(g)
        before, *others = written.pull(part.clone() if create_graph else part.copy(), inside, create_graph)
        if edges[0] is None:
            return [None, *others]
        outside = g.clone() if create_graph else g.copy()
        target = self.view.of(outside)
        if create_graph:
            target.copy_(before)
        else:
            target.flags.writeable = True  # NumPy's expand and diagonal are not
            target[...] = before
        return [outside, *others]

    def _name_of_operator(self) -> str:
        return self.operator.__name__.replace("ClampBackward0", "ClampBackward1")

    def refuse_detached(self) -> None:
        """Refuse as the node of the operator that wrote does."""
        if self.written is not None:
            self.written.refuse_detached()

    def _positions(self) -> Any:
        """Which elements of the base, counted in C order, those of the view are."""
        (_, (size, stride, offset, own)), *steps = self.view.steps
        numbers = np.zeros(own[3], np.int64)
        numbers[strided_index(*own[:3]).reshape(-1)] = np.arange(math.prod(self.shape))
        index = numbers[strided_index(size, stride, offset)]
        for row, rest in steps:
            index = row(index, *rest)
        return index

    def release(self) -> None:
        self.written = None  # even one that saved nothing: torch's runs once


class AsStridedBackward0(Node):
    """A view of a base that was written to: its steps, backwards, on the cotangent."""

    __slots__ = ("steps",)
    gives_view = True

    def __init__(self, view: View, array: Any) -> None:
        base = view.base
        super().__init__((gradient_edge(base) if base.needs_grad else None,), (), (), array.shape, array.dtype)
        self.steps = []
        whole = base.array
        for row, rest in view.steps_now(array):
            part = row.forward(whole, *rest)
            frame = (part, whole, *rest, whole.shape)
            self.steps.append((row.rules[0], [frame[i] for i in row.reads[0]]))
            whole = part

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        for rule, values in reversed(self.steps):
            g = as_rule(rule, g, *values) if create_graph else rule(g, *values)
        return (g,)


class SeveralViews(Node):
    """The node of an operator that gives several views: `steps` has the row and the arguments that give each."""

    __slots__ = ("outer", "steps")
    gives_several_views = True
    outer: tuple[int, ...]  # the shape of the input
    steps: Sequence[Any]

    @property
    def outputs_count(self) -> int:
        """How many views there are."""
        return len(self.steps)

    def pull(self, g: Any, edges: Sequence[tape.Node | None], create_graph: bool) -> Sequence[Any]:
        assert isinstance(g, Bundle)
        total: Any = None
        for index, part in g.parts.items():
            row, rest = self.steps[index]
            frame = (None, None, *rest, self.outer)  # output, input, arguments, shape of the input
            whole = as_rule(row.rules[0], part, *(frame[i] for i in row.reads[0]))
            total = whole if total is None else total + whole
        return (total,)


def note_several(tensors: Sequence[Any], source: Any, steps: Sequence[Any], name: str) -> None:
    """Make tensors that one operator gave together views of its input; recorded writes into them are refused."""
    if state.recording and source.needs_grad:
        node = _several_class(name)((gradient_edge(source),), (), (), None, None)
        node.outer, node.steps = source.array.shape, steps
        for i in reversed(range(len(tensors))):  # the first output is the youngest: its hooks run first
            tensor = tensors[i]
            tensor.node = OutputNode(node, i, tensor.array.shape, tensor.array.dtype)
            tensor.needs_grad = True
    counter, of = source.versions, source.viewed
    if type(counter) is not list or not state.recording or of is not None:
        for tensor, (row, rest) in zip(tensors, steps, strict=True):
            note_view(tensor, source, row, rest)
            if state.recording and tensor.viewed is not None:
                tensor.viewed.refusal = ONE_OF_SEVERAL
        return
    # The usual case in a shorter loop: there may be a view for every row of a data set.
    count, needs_grad = counter[0], source.needs_grad
    for tensor, step in zip(tensors, steps, strict=True):
        tensor.versions = counter
        tensor.viewed = View(source, (step,), count, ONE_OF_SEVERAL)
        tensor.needs_grad = needs_grad
        if tensor.node is None:
            tensor._leaf_node = Unreachable


def _several_class(name: str) -> type[SeveralViews]:
    if name not in _classes:
        _classes[name] = type(name, (SeveralViews,), {"__slots__": ()})
    return _classes[name]


_classes: dict[str, type[SeveralViews]] = {}
