"""Watching a program while it records: the line, the module and the values of every operator, and its cotangents.

A tape by itself knows which operators ran and what they saved, not on which line nor what they gave. While a program
is watched, each new node gets a `Note` with that. Nodes whose notes are wanted get a subclass of their own class whose
`pull` notes what comes and what goes on; so a program that is not watched pays nothing.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..autograd.attached import attached_to, seen_at
from ..autograd.graph import node as graph_node
from ..autograd.hooks.running import running
from ..autograd.outputs import OutputNode, source
from ..messages import caller
from ..ops import Operator
from ..tape import AccumulateGrad, Node
from ..tensor import Tensor
from ..tensor.dispatch import observe_calls
from .model import Place
from .names import assigned_name, variables_of_callers
from .snapshot import Snapshot, ndarray_of


class Note:
    """What was seen of a node: where it was made, from what, what it gave, and what came and went in backward."""

    __slots__ = ("before", "call", "calls", "cotangent", "inputs", "modules", "output", "parts", "place", "target")

    def __init__(self) -> None:
        self.place: Place | None = None
        self.target: str | None = None
        self.call: tuple[int, int] | None = (
            None  # the frame of the program and its instruction, which assigns to target
        )
        self.modules: tuple[str, ...] = ()
        self.calls: tuple[int, ...] = ()  # the number of the call of each of these modules
        self.inputs: dict[str, tuple[Any, Snapshot]] = {}  # the array of each argument that is a Tensor
        self.output: Snapshot | None = None
        self.cotangent: Snapshot | None = None
        self.before: Snapshot | None = None  # of a leaf: its `.grad` before the cotangent was added
        self.parts: list[Snapshot | None] = []


def note_of(node: Node) -> Note | None:
    """What was seen of a node, if anything."""
    return seen_at(node).note  # type: ignore[no-any-return]


# -- backward --------------------------------------------------------------------------------------


class _Listening(threading.local):
    """Who is told, in this thread, when a cotangent has come to a noted node and when the node has run."""

    came: Callable[[Node], None] | None = None
    ran: Callable[[Node], None] | None = None


listening = _Listening()


def note_backward(node: Node) -> None:
    """Have a node note what comes to it and what it hands on."""
    if note_of(node) is None:
        attached_to(node).note = Note()
    _listen(node)


def _listen(node: Node) -> None:
    if not getattr(type(node), "is_noted", False):
        node.__class__ = _noted(type(node))  # type: ignore[arg-type] # mypy 1.x: a class is hashable


@functools.cache
def _noted(node_class: type[Node]) -> type[Node]:
    """The class of nodes of a class that note what comes and goes."""

    def pull(self: Node, g: Any, edges: Sequence[Any], create_graph: bool) -> Sequence[Any]:
        if _watches:
            _watches[-1].see_backward(self)
        note = seen_at(self).note
        if note is not None:
            note.cotangent = _seen(g)
        if listening.came is not None:
            listening.came(self)
        parts = node_class.pull(self, g, edges, create_graph)
        if note is not None:
            note.parts = [_seen(part) for part in parts]
        if listening.ran is not None:
            listening.ran(self)
        return parts

    own: dict[str, Any] = {"__slots__": (), "__module__": node_class.__module__, "is_noted": True, "pull": pull}
    if issubclass(node_class, AccumulateGrad):

        def accumulate(self: AccumulateGrad, g: Any, create_graph: bool) -> None:
            note = seen_at(self).note
            if note is not None:
                note.cotangent = _seen(g)
                note.before = _seen(self.variable._grad)
            if listening.came is not None:
                listening.came(self)
            node_class.accumulate(self, g, create_graph)
            if listening.ran is not None:
                listening.ran(self)

        own |= {"accumulate": accumulate}
        del own["pull"]  # a leaf hands nothing on
    return type(node_class.__name__, (node_class,), own)


def _seen(g: Any) -> Snapshot | None:
    """A cotangent as it is now; None for what is no array: that of several outputs, or of none."""
    if type(g) is np.ndarray:
        return Snapshot(g)
    array = ndarray_of(g)
    return Snapshot(np.asarray(array)) if isinstance(array, (np.ndarray, np.generic)) else None


# -- the forward -----------------------------------------------------------------------------------


class Watch:
    """What a watched program is doing: the modules it is in, the backwards it ran, the values that were seen already.

    `root` is the node at which the backward number `step` began, or else the last one, and `variables` are those of the
    frames that called it. `backwards` counts them. `in_compiled` says whether a compiled step was recorded there.
    """

    def __init__(self, step: int | None = None) -> None:
        self.step = step
        self.backwards = 0
        self.root: Node | None = None
        self.variables: list[dict[str, Any]] = []
        self.in_compiled = False
        self.modules: list[tuple[Any, str, int]] = []  # with its name and the number of its call
        self._calls = itertools.count()
        self._sites: dict[tuple[int, int], tuple[Place, str | None, CodeType]] = {}  # by code and instruction
        self._started: Any = None
        self._values: dict[int, tuple[Any, int, Snapshot]] = {}

    def note(self, node: Node) -> None:
        """Note a new node: the line of the program and the modules that it stands in."""
        if note_of(node) is not None:
            return
        if isinstance(node, OutputNode):
            note_backward(node)
            return
        note = Note()
        frame = caller()
        if frame is not None:
            note.place, note.target, _ = self._site(frame)
            note.call = (id(frame), frame.f_lasti)
        note.modules = tuple(name for _, name, _ in self.modules)
        note.calls = tuple(call for _, _, call in self.modules)
        attached_to(node).note = note
        _listen(node)
        for edge in node.edges:
            if isinstance(edge, AccumulateGrad):
                note_backward(edge)

    def _site(self, frame: FrameType) -> tuple[Place, str | None, CodeType]:
        """The line at which a frame is, what is assigned to there, and the code, so that its id stays its own."""
        code = frame.f_code
        site = self._sites.get((id(code), frame.f_lasti))
        if site is None:
            line = frame.f_lineno
            text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
            site = Place(code.co_filename, line, code.co_name, text), assigned_name(frame), code
            self._sites[id(code), frame.f_lasti] = site
        return site

    def run(self, row: Operator, args: tuple[Any, ...], call: Callable[..., Any]) -> Any:
        """Run an operator, and note its values if it was recorded."""
        result = call(*args)
        tensor = result[0] if isinstance(result, tuple) else result
        node = tensor.node if isinstance(tensor, Tensor) and type(ndarray_of(tensor.array)) is np.ndarray else None
        if node is None:
            return result
        node = source(node)[0]
        note = seen_at(node).note
        if note is None or note.output is not None or node.row is None or node.row.name != row.name:
            return result
        for name, value in zip(row.parameters, args, strict=False):
            if isinstance(value, Tensor):
                note.inputs[name] = self._value(value)
            elif isinstance(value, (list, tuple)):
                for i, each in enumerate(value):
                    if isinstance(each, Tensor):
                        note.inputs[f"{name}[{i}]"] = self._value(each)
        note.output = self._value(tensor)[1]
        return result

    def _value(self, tensor: Tensor) -> tuple[Any, Snapshot]:
        """The array of a tensor, and a snapshot of it."""
        array, count = ndarray_of(tensor.array), tensor.versions[0]
        known = self._values.get(id(array))
        if known is not None and known[0]() is array and known[1] == count:
            return array, known[2]
        if len(self._values) > 10_000:
            self._values.clear()
        snapshot = Snapshot(array)
        self._values[id(array)] = (weakref.ref(array), count, snapshot)
        return array, snapshot

    def see_backward(self, node: Node) -> None:
        """Note where a backward begins: at the first node that runs in it."""
        if running.depth or running.started is self._started:  # one inside of another is a part of it
            return
        self._started = running.started
        self.backwards += 1
        if self.step in (None, self.backwards):
            self.root, self.variables = node, variables_of_callers()
            self.in_compiled = _is_recording()

    def enter(self, module: Any, args: Any) -> None:
        """Note that a module is called, by the name that the outermost module has for it."""
        if not self.modules:
            self._known = {id(m): name for name, m in module.named_modules()}
        own = self._known.get(id(module)) or type(module).__name__
        self.modules.append((module, own, next(self._calls)))

    def leave(self, module: Any, args: Any, output: Any) -> None:
        """Note that a module is done, also after an exception."""
        while self.modules and self.modules.pop()[0] is not module:
            pass


def _is_recording() -> bool:
    """Whether a compiled step is recorded now."""
    session = sys.modules.get(f"{__name__.partition('.')[0]}.compiler.session")
    return session is not None and session.current() is not None


_watches: list[Watch] = []


def _note(node: Node) -> None:
    if _watches:
        _watches[-1].note(node)


@contextmanager
def watching(step: int | None = None) -> Iterator[Watch]:
    """In this block every operator that is recorded is noted with its line, its module and its values.

    The object that it gives knows the root of the last backward, or of the one with the number `step` (from 1).

    A step takes up to three times as long. `torch.autograd.tape` of a tensor that was computed in the block shows what
    was noted; the notes live as long as the tape does.
    """
    from ..nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

    watch = Watch(step)
    graph_node.observe_nodes(_note)
    handles = [
        register_module_forward_pre_hook(watch.enter),
        register_module_forward_hook(watch.leave, always_call=True),
    ]
    _watches.append(watch)
    observe_calls(watch.run)
    try:
        yield watch
    finally:
        _watches.remove(watch)
        observe_calls(_watches[-1].run if _watches else None)
        for handle in handles:
            handle.remove()
