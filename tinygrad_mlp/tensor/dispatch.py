"""How a row of the derivative table becomes a function on Tensors: unwrap, run the forward, write the node.

The general caller does this for any row and any arguments, and is the definition of what is right. A row that is
called gets a caller of its own, written from its signature (callers.py), for the usual case.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..arrays.dtypes import FLOATING
from ..arrays.silence import is_entered, quietly, silently  # noqa: F401 (written callers use them)
from ..autograd import making
from ..autograd.graph.node import Node
from ..autograd.graph.saved import saved_attributes
from ..autograd.inplace.views import note_view, refresh
from ..autograd.modes import as_rule
from ..autograd.outputs import OutputNode, Unreachable
from ..batching import begun
from ..ops import Operator
from ..tape import FREED, state  # noqa: F401 (written callers use it)
from ..tape import gradient_edge as edge_of
from .arguments import as_array, as_torch, holding, is_in_single, unwrap
from .batches import batches_of, on_batch, run_over_batch, run_rule, share_among
from .halves import half_class, in_single
from .kinds import USUAL
from .named import result_class
from .tensor import Tensor, new, wrap  # noqa: F401 (written callers use it)

Function = Callable[..., Any]
Observer = Callable[[Operator, tuple[Any, ...], Function], Any]
ndarray = np.ndarray
SEQUENCES = frozenset((tuple, list))
globals().update(USUAL)  # the written callers use these sets of types


making.make_with(globals())


@functools.cache
def caller_for(row: Operator) -> Caller:
    """The one caller of a row, whose functions share it."""
    return Caller(row, functools.partial(_written, row))


class Caller:
    """What a row's function calls. The first call writes the row's caller; later calls go to that at once."""

    __slots__ = ("call", "row", "write", "written")
    all: ClassVar[list[Caller]] = []
    observer: ClassVar[Observer | None] = None

    def __init__(self, row: Operator, write: Callable[[], Function]) -> None:
        self.row = row
        self.write = write
        self.written: Function | None = None
        self.call: Function = self._write_and_call
        with _writing:
            self.all.append(self)
            self.observe(Caller.observer)

    def _write_and_call(self, *args: Any) -> Any:
        with _writing:  # several threads may call at the same time
            if self.written is None:
                self.written = self.write()
                if self.call == self._write_and_call:
                    self.call = self.written
        return self.written(*args)

    def observe(self, observer: Observer | None) -> None:
        """Have `observer(row, arguments, call)` called in place of every call; with None, no longer."""
        if observer is None:
            self.call = self.written or self._write_and_call
            return

        def call(*args: Any) -> Any:
            return observer(self.row, args, self.written or self._write_and_call)

        self.call = call


def observe_calls(observer: Observer | None) -> None:
    """Have `observer(row, arguments, call)` called for every operator that runs on Tensors; None ends it.

    The observer returns what `call(*arguments)` returns, which runs the operator.
    The functions that rows stand for are replaced while somebody observes, so that nothing is asked for otherwise.
    """
    with _writing:
        Caller.observer = observer  # of those, too, that are made meanwhile
        for caller in Caller.all:
            caller.observe(observer)


_writing = threading.RLock()
_classes: dict[Operator, type[Node]] = {}


def _written(row: Operator) -> Function:
    """Write and compile the caller of a row."""
    from . import callers  # when the first row is called; a module that is long to compile

    given: dict[str, Any] = {
        "row": row,
        "forward": row.forward,
        "general": _general(row),
        "node_class": node_class(row),
    }
    if row.view:
        given["copying_class"] = _copying_class(row)
    if len(row.outputs) > 1:
        given["result"] = result_class(row.name, row.outputs)
    return callers.compiled(row.name, callers.caller_of(row), globals(), given)


def node_class(row: Operator) -> type[Node]:
    """The class of the nodes that a row writes, named as torch names it."""
    found = _classes.get(row)
    if found is None:
        with _writing:
            found = _classes.get(row) or _classes.setdefault(row, _new_class(row))
    return found


def _new_class(row: Operator) -> type[Node]:
    read = [place for reads in row.reads for place in holding(row, reads)]
    shares = bool(row.saves) or len(set(read)) < len(read)
    saves = bool(row.reads) and all(holding(row, read) for read in row.reads) if row.saves is None else row.saves
    own: dict[str, Any] = {"__slots__": (), "row": row, "saves": saves, "shares": shares, **saved_attributes(row)}
    if row.several:
        own |= {"pull": _pull_of_several, "_place_of_output": _place_among_several}
    elif row.rules:
        rules = {f"{row.parameters[i]}_rule": rule for i, rule in zip(row.differentiable, row.rules, strict=True)}
        from . import callers

        own["pull"] = callers.compiled("pull", callers.pull_of(row), globals(), {"row": row, **rules})
    return type(row.node_name, (Node,), own)


def _pull_of_several(self: Any, g: Any, edges: Any, create_graph: bool) -> list[Any]:
    """`Node.pull` for an operator of which several outputs are differentiable."""
    self.refuse_changed()
    row = self.row
    gs = tuple(map(g.parts.get, range(len(row.outputs))))
    saved = self._differentiable_saved(Tensor) if create_graph else self.saved

    def handed() -> list[Any]:
        each = zip(edges, row.rules, saved, strict=False)
        if begun:
            return [None if e is None else run_rule(rule, create_graph, gs, *values) for e, rule, values in each]
        return [None if edge is None else rule(gs, *values) for edge, rule, values in each]

    return as_rule(handed) if create_graph else handed()


def _place_among_several(self: Any, index: int, value: Any) -> OutputNode:
    return OutputNode(self, index, value.shape, value.dtype)


@functools.cache
def _copying_class(row: Operator) -> type[Node]:
    """The class of the nodes of a row that gives views, where strides did not allow one and it gave a copy."""
    if row.node_name != "ViewBackward0":
        return node_class(row)
    return type("UnsafeViewBackward0", (node_class(row),), {"__slots__": ()})  # torch makes a copy, and a view of that


# -- the general caller -----------------------------------------------------------------------------


def _general(row: Operator) -> Function:
    """The general caller of a row, for all arguments that it may have, also for a list of Tensors."""
    forward, outputs = row.forward, row.outputs
    row_class: Any = node_class(row)
    copying_class = _copying_class(row)

    def call(*args: Any) -> Any:
        batches = batches_of(args) if begun else None
        if batches and state.recording:
            args = share_among(row, args, batches)
        arrays = unwrap(row, args)
        half = is_in_single(row, arrays)
        try:
            if half:
                result = silently(in_single, row, arrays)
            else:
                result = silently(run_over_batch, forward, *arrays) if batches else silently(forward, *arrays)
        except ValueError as error:
            raise as_torch(error, arrays) from None
        if len(outputs) > 1:
            tensors = tuple(wrap(part if type(part) is ndarray else as_array(part)) for part in result)
            if state.recording and _needs_grad(row, args):
                several = on_batch(row_class) if batches else row_class
                several = half_class(several) if half else several
                _record_outputs(row, several, args, (*result, *arrays), tensors)
            return result_class(row.name, outputs)(tensors)
        if type(result) is not ndarray:
            result = as_array(result)
        tensor = wrap(result)
        is_view = row.view and (result is arrays[0] or shares_memory(result, arrays[0]))
        if state.recording and _needs_grad(row, args):
            kind: Any = row_class if is_view or half else copying_class
            kind = on_batch(kind) if batches else kind
            kind = half_class(kind) if half else kind
            _record(row, kind, args, (result, *arrays), tensor)
        if is_view:
            note_view(tensor, args[0], row, args[1:])
        return tensor

    return call


# -- what the written callers ask -------------------------------------------------------------------


def lead_nowhere(*arguments: Any) -> bool:
    """Bring views up to date, and say whether one of them requires grad only because its base does.

    Such a view was made without being recorded, so that no gradient gets from it to its base.
    """
    nowhere = False
    for x in arguments:
        if isinstance(x, Tensor) and x.viewed is not None:
            refresh(x)
            nowhere = nowhere or (x.needs_grad and x.node is None and not x.viewed.own)
    return nowhere


def arrays_alike(tensors: Any) -> list[Any] | None:
    """The arrays of a list or tuple of Tensors; None unless they are plain arrays of one dtype.

    Views are brought up to date. A list may be long: so it is gone through by comprehensions and `list.count`.
    """
    if type(tensors) not in SEQUENCES or not tensors:
        return None
    try:
        arrays = [x.array for x in tensors]
        views = [x.viewed for x in tensors]
    except AttributeError:  # one is no Tensor
        return None
    count = len(arrays)
    if list(map(type, arrays)).count(ndarray) != count:
        return None
    dtypes = [x.dtype for x in arrays]
    if dtypes.count(dtypes[0]) != count or (views.count(None) != count and lead_nowhere(*tensors)):
        return None
    return arrays


def attach(node: Node, tensors: tuple[Tensor, ...]) -> None:
    """Connect the floating ones of an operator's several outputs to its node; the others are constants."""
    for i, tensor in enumerate(tensors):
        if tensor.array.dtype.kind in FLOATING:
            tensor.node = OutputNode(node, i, tensor.array.shape, tensor.array.dtype)
            tensor.needs_grad = True


# -- writing the node ------------------------------------------------------------------------------


def _frame(row: Operator, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """All values that a rule may read: outputs, arguments, and then the shapes of the array arguments."""
    arrays = values[len(row.outputs) :]
    shapes = (
        [x.shape for x in arrays[i]] if row.listed and i == 0 else getattr(arrays[i], "shape", ()) for i in row.tensors
    )
    return (*values, *shapes)


def edges_and_saved(
    row: Operator, args: tuple[Any, ...], values: tuple[Any, ...], holders: tuple[Any, ...]
) -> tuple[list[Node | None], list[Any], list[Any]]:
    """What a new node keeps: its edges, what its rules read, and the version counters of the tensors that hold that.

    `values` are outputs and arguments as arrays; `holders` are the same as the Tensors that hold these arrays.
    """
    frame = _frame(row, values)
    edges: list[Node | None] = []
    saved: list[Any] = []
    versions: list[Any] = []

    def save(read: tuple[int, ...]) -> tuple[Any, ...]:
        for k in holding(row, read):
            if isinstance(holders[k], Tensor):
                counter = holders[k].versions
                versions.append((counter, counter[0], k))
        return tuple(frame[k] for k in read)

    for position, read in zip(row.differentiable, row.reads, strict=True):
        arg = args[position]
        if isinstance(arg, Tensor) and arg.needs_grad:
            edge = edge_of(arg)
            lost = type(edge) is Unreachable
            edges.append(None if lost else edge)
            unread = lost and len(row.rules) > 1 and not node_class(row).shares
            saved.append(None if unread else save(read))
        elif row.listed and position == 0:
            edges.extend(edge_of(x) if isinstance(x, Tensor) and x.needs_grad else None for x in arg)
            saved.append(save(read))
        else:
            edges.append(None)
            saved.append(None)
    return edges, saved, versions


def _record(
    row: Operator, row_class: type[Node], args: tuple[Any, ...], values: tuple[Any, ...], tensor: Tensor
) -> None:
    edges, saved, versions = edges_and_saved(row, args, values, (tensor, *args))
    tensor.node = row_class(edges, saved, versions, values[0].shape, values[0].dtype)
    tensor.needs_grad = True


def _record_outputs(
    row: Operator, row_class: type[Node], args: tuple[Any, ...], values: tuple[Any, ...], tensors: tuple[Tensor, ...]
) -> None:
    edges, saved, versions = edges_and_saved(row, args, values, (*tensors, *args))
    attach(row_class(edges, saved, versions, None, None), tensors)


def _needs_grad(row: Operator, args: tuple[Any, ...]) -> bool:
    for position in row.differentiable:
        arg = args[position]
        if isinstance(arg, Tensor):
            if arg.needs_grad:
                return True
        elif row.listed and position == 0 and any(isinstance(x, Tensor) and x.needs_grad for x in arg):
            return True
    return False


def shares_memory(part: Any, whole: Any) -> bool:
    """Whether an array is a view of another. NumPy's reshape, for one, copies where strides cannot express a view."""
    memory = getattr(part, "base", None)
    return memory is not None and (memory is whole or memory is getattr(whole, "base", None))
