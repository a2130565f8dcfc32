"""One recording: while the step runs, whoever asks a tensor for its array gets a recording array instead.

For that time, and in that thread, `Tensor.array` and `Tensor._grad` are replaced by descriptors, and the methods that
would read a value or draw a random number by others that refuse or record. The rules, modules and optimisers run
unchanged and know nothing of it. If something cannot be recorded, everything that the step changed is put back.

    x.mm(w)  # eager: NumPy multiplies x.array by w.array
    x.mm(w)  # in a session: the recording arrays of the two do the same, and note the call np.dot(x, w)
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Set
from types import FrameType
from typing import Any

import numpy as np

from ..alias import is_of_package
from ..autograd import engine
from ..autograd.graph import saved_tensors_hooks
from ..autograd.hooks import hooks_of
from ..random import Generator
from ..tape import AccumulateGrad, Node, reachable, run
from ..tensor import Tensor
from .emit import identifier
from .lines import Where
from .number import Number
from .places import Place
from .recording import Recorder, RecordingArray, memory_of
from .refusals import (
    ARGUMENT_SHARES_MEMORY,
    COMPUTED_BEFORE,
    READS_SEED,
    READS_TENSOR,
    READS_VERSION,
    SAVED_HOOKS,
    UNREACHABLE_TENSOR,
)
from .state import State, is_users, random_states

_lock = threading.RLock()
_slot = Tensor.__dict__["array"]
_current: Session | None = None


def current() -> Session | None:
    """The session that records in this thread, if one does."""
    return _current if _current is not None and _current.thread == threading.get_ident() else None


class Touched:
    """What a tensor that the step did not make itself was like when the step first used it."""

    __slots__ = ("array", "needs_grad", "tensor", "version")

    def __init__(self, tensor: Tensor, array: Any) -> None:
        self.tensor = tensor
        self.array = array
        self.version = tensor.versions[0]
        self.needs_grad = tensor.needs_grad


class Session:
    """One recording: its recorder, and what is known of the tensors, gradients and generators that the step used.

    `changing` holds the ids of places whose floats had other values at an earlier call; the program takes them as
    arguments. With `raises` a refusal is raised at the user's line, else it is noted and the step runs on.
    """

    def __init__(self, state: State, arguments: list[Tensor], raises: bool, changing: Set[Any] = frozenset()) -> None:
        self.thread = threading.get_ident()
        self.state = state
        self.recorder = Recorder(self.where, raises)
        tensors = [*arguments, *(tensor for tensor, _ in state.tensors.values())]
        self.before = {id(tensor): Touched(tensor, _slot.__get__(tensor)) for tensor in tensors}
        self.touched: dict[int, Touched] = {}
        self.grads_before: dict[int, tuple[Tensor, Tensor | None]] = {}  # before the step, by tensor
        self.grads_read: set[int] = set()  # tensors whose .grad it read before setting it
        self.grads_set: set[int] = set()
        self.frames: dict[int, FrameType] = {}
        self.cotangents: list[tuple[Any, Any]] = []  # a node of the tape and the cotangent of its output
        self.generators: dict[int, tuple[Generator, Any]] = {}
        self.changing = changing
        self.numbers: list[Number] = []
        self.made: set[int] = set()  # ids of the tensors that the step made itself
        self.arguments = {id(tensor) for tensor in arguments}
        self._optimizer_states = [(o, {p: dict(s) for p, s in o.state.items()}) for o, _ in state.optimizers]
        self._groups = [(group, dict(group)) for o, _ in state.optimizers for group in o.param_groups]
        self._drawing = False
        self.random_states = random_states()
        self.switched: list[tuple[Place, bool]] = []  # flags that the step changed, and their new values
        self.kept = False  # whether a program came out of it
        self.called_from = _line_of(_users_frame())  # the line that calls the step
        self.asked_from = self.called_from  # or that asks for its page, in which case the other is that of the call

    # -- the user's line ---------------------------------------------------------------------------

    def where(self) -> Where:
        """The line of the user's own code that runs now, in the innermost frame of it."""
        frame = _users_frame()
        if frame is not None:
            self.frames[id(frame)] = frame
        return _line_of(frame)

    # -- what the descriptors ask ------------------------------------------------------------------

    def array_of(self, tensor: Tensor) -> Any:
        """What `tensor.array` is during a recording: the recording array of the tensor's array."""
        array = _slot.__get__(tensor)
        recorder = self.recorder
        if not recorder.active:
            return array
        if id(tensor) not in self.touched and id(tensor) not in self.made:
            self._touch(tensor, array)
        return recorder.array(array)

    def _touch(self, tensor: Tensor, array: Any) -> None:
        if id(tensor) not in self.before:
            self.recorder.refuse(UNREACHABLE_TENSOR.format(shape=list(array.shape)))
        if tensor.node is not None:
            self.recorder.refuse(COMPUTED_BEFORE.format(shape=list(array.shape)))
        self.touched[id(tensor)] = self.before.get(id(tensor)) or Touched(tensor, array)
        is_input = id(tensor) in self.arguments and id(tensor) not in self.state.tensors
        value = self.recorder.of(array, "input" if is_input else "captured")
        if (value.root.kind == "input") is not is_input:
            self.refuse_shared(array)

    def refuse_shared(self, array: Any) -> None:
        """Refuse memory that the step finds both as an argument and by itself: at another call it may be two."""
        memory = memory_of(array)
        paths = [path for tensor, path in self.state.tensors.values() if memory_of(_slot.__get__(tensor)) is memory]
        paths += [path for x, path in self.state.arrays.values() if memory_of(x) is memory]
        self.recorder.refuse(ARGUMENT_SHARES_MEMORY.format(path=(*paths, "grad")[0]))

    def put_array(self, tensor: Tensor, array: Any) -> None:
        """Do what `tensor.array = array` does.

        A plain array, which is no recording one, depends on no recorded value: it is a constant of the program.
        """
        if id(tensor) not in self.before:
            self.made.add(id(tensor))
        if isinstance(array, RecordingArray):
            array = array.array
        elif self.recorder.active and isinstance(array, np.ndarray):
            owner = memory_of(array)
            outside = id(array) in self.state.arrays or id(owner) in self.state.arrays
            value = self.recorder.of(array, "captured" if outside else "constant")
            if value.root.kind == "input":
                self.refuse_shared(array)
        _slot.__set__(tensor, array)

    def grad_of(self, tensor: Tensor) -> Tensor | None:
        """What `tensor.grad` is, noted as read."""
        grad: Tensor | None = vars(tensor).get("_grad")
        if id(tensor) not in self.grads_before and id(tensor) not in self.made:
            if id(grad) in self.arguments and id(grad) not in self.state.tensors:
                self.refuse_shared(_slot.__get__(grad))
            self.grads_before[id(tensor)] = (tensor, grad)
            self.grads_read.add(id(tensor))
            if grad is not None and id(grad) not in self.made:
                self.before.setdefault(id(grad), Touched(grad, _slot.__get__(grad)))
        return grad

    def put_grad(self, tensor: Tensor, grad: Tensor | None) -> None:
        """Do what `tensor.grad = grad` does, noted as set."""
        if id(tensor) not in self.made:  # the gradients of others are not seen outside the step
            self.grads_before.setdefault(id(tensor), (tensor, vars(tensor).get("_grad")))
            self.grads_set.add(id(tensor))
        vars(tensor)["_grad"] = grad

    def draw(self, method: Any, generator: Generator, args: Any, kwargs: Any) -> Any:
        """Draw random numbers by a generator's method, and note it as a line of the program."""
        if self._drawing:
            return method(generator, *args, **kwargs)
        self._drawing = True
        try:
            if method.__name__ in ("seed", "initial_seed"):
                self.recorder.refuse(READS_SEED.format(method=method.__name__))
            if id(generator) not in self.generators:
                self.generators[id(generator)] = (generator, generator.state_array())
            if not self.recorder.active:
                return method(generator, *args, **kwargs)
            result = self.recorder.write(Draw(method, generator), args, kwargs)
            return generator if method.__name__ == "manual_seed" else result
        finally:
            self._drawing = False

    # -- the recording -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """A block within which the step that runs is recorded."""
        global _current
        with _lock:
            _current = self
            own = [(owner, name, vars(owner).get(name, _INHERITED)) for owner, name, _ in _PATCHES]
            accumulators: list[tuple[Tensor, Any]] = []
            try:
                for owner, name, patch in _PATCHES:
                    setattr(owner, name, patch)
                self._read_numbers()
                accumulators = self._put_accumulators_by()
                yield
            finally:
                for tensor, accumulator in accumulators:
                    tensor._accumulator = accumulator
                for number in self.numbers:
                    now = number.source.now()
                    if isinstance(now, Number):  # the same one, or one that the step computed from it
                        number.source.put(now.value)
                for owner, name, value in own:
                    if value is _INHERITED:
                        delattr(owner, name)
                    else:
                        setattr(owner, name, value)
                _current = None

    def _put_accumulators_by(self) -> list[tuple[Tensor, Any]]:
        """Take away the leaf nodes that are left from an earlier call; return them with their tensors.

        Nodes run in the order of their making, so each recording must begin alike to give the same program.
        """
        found = []
        for before in self.before.values():
            reference = before.tensor._accumulator
            node = None if reference is None else reference()
            if node is not None and hooks_of(node) is before.tensor._leaf_hooks:
                found.append((before.tensor, reference))
                before.tensor._accumulator = None
        return found

    def _read_numbers(self) -> None:
        """Replace the numbers that change between calls by recorded ones: they become arguments of the program."""
        for place in self.state.places:
            if place.is_learning_rate or (
                place.id in self.changing and type(place.value) is float and place.can_be_put
            ):
                name = "lr" if place.is_learning_rate else identifier(place.path.rpartition(".")[2])
                self.numbers.append(self.recorder.number(place.value, name, place))
                place.put(self.numbers[-1])

    def undo(self) -> None:
        """Put back every array that the step wrote to, and every variable and state that it changed."""
        for array, before in self.recorder.before_write.values():
            array[...] = before
        for touched in self.before.values():
            touched.tensor.versions[0] = touched.version
            touched.tensor.array = touched.array
            touched.tensor.needs_grad = touched.needs_grad
        for tensor, grad in self.grads_before.values():
            tensor._grad = grad
        for generator, state in self.generators.values():
            generator.continue_from(state)
        for optimizer, before in self._optimizer_states:
            optimizer.state.clear()
            optimizer.state.update(before)
        for group, before in self._groups:
            group.clear()
            group.update(before)
        self.state.put_back()

    def forget(self) -> None:
        """Drop the references to all arrays and tensors.

        The recorder and the session refer to each other, and would keep them until the garbage collector runs.
        """
        recorder = self.recorder
        if not self.kept:  # else the program still needs the arrays
            for value in recorder.values.values():
                value.array = None
        for kept in (
            self.frames, self.cotangents, self.touched, self.before, self.grads_before, self.numbers,
            recorder.values, recorder.arrays, recorder.before_write,
        ):  # fmt: skip
            kept.clear()
        recorder.lines = []


def _users_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _line_of(frame: FrameType | None) -> Where:
    return (
        Where("?", 0, "?") if frame is None else Where(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    )


class Draw:
    """A method of a generator with that generator, to be the function of a line."""

    draws = True

    def __init__(self, method: Any, generator: Generator) -> None:
        self.method = method
        self.generator = generator
        self.__name__ = method.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.method(self.generator, *args, **kwargs)
        return None if result is self.generator else result


# -- what replaces attributes of the classes while a step is recorded ------------------------------


class _Arrays:
    """`Tensor.array` while a step is recorded."""

    def __get__(self, tensor: Any, owner: Any) -> Any:
        if tensor is None:
            return self
        session = current()
        return _slot.__get__(tensor) if session is None else session.array_of(tensor)

    def __set__(self, tensor: Any, array: Any) -> None:
        session = current()
        if session is None:
            _slot.__set__(tensor, array)
        else:
            session.put_array(tensor, array)


class _Grads:
    """`Tensor._grad` while a step is recorded."""

    def __get__(self, tensor: Any, owner: Any) -> Any:
        if tensor is None:
            return None
        session = current()
        return vars(tensor).get("_grad") if session is None else session.grad_of(tensor)

    def __set__(self, tensor: Any, grad: Any) -> None:
        session = current()
        if session is None:
            vars(tensor)["_grad"] = grad
        else:
            session.put_grad(tensor, grad)


def _refusing(name: str) -> Any:
    """A method of Tensor that refuses during a recording, because it would let a value out of the program."""
    plain = getattr(Tensor, name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        session = current()
        if session is not None and session.recorder.active:
            how = f"{name.strip('_')}()" if name != "__repr__" else "printing"
            session.recorder.refuse(READS_TENSOR.format(how=how))
        return plain(self, *args, **kwargs)

    return method


def _drawn(plain: Any) -> Any:
    """A method of Generator that is recorded as a line of the program."""

    def method(self: Generator, *args: Any, **kwargs: Any) -> Any:
        session = current()
        if session is None or not session.recorder.active:
            return plain(self, *args, **kwargs)
        return session.draw(plain, self, args, kwargs)

    method.__name__ = plain.__name__
    return method


def _running(plain: Any) -> Any:
    """A backward: its roots are done when it ends, and what it starts from may be written into."""

    def running(roots: Any, **options: Any) -> Any:
        session = current()
        if session is None or not session.recorder.active:
            return plain(roots, **options)
        array = session.recorder.array
        roots = [(node, array(np.asarray(g)) if isinstance(g, (np.ndarray, np.generic)) else g) for node, g in roots]
        session.cotangents += [(node, g.array if isinstance(g, Tensor) else g) for node, g in roots]
        for node in reachable([node for node, _ in roots]):
            node.__class__ = _noting(type(node))
        return plain(roots, **options)

    return running


def _noting(node_class: type[Node]) -> type[Node]:
    """A class of nodes that note the cotangents which come to them, for the names in the program."""
    if hasattr(node_class, "notes"):
        return node_class
    if "noting" not in vars(node_class):

        def note(self: Node, g: Any) -> None:
            session = current()
            if session is not None:
                session.cotangents.append((self, g.array if isinstance(g, Tensor) else g))

        def pull(self: Node, g: Any, edges: Any, create_graph: bool) -> Any:
            note(self, g)
            return node_class.pull(self, g, edges, create_graph)

        def accumulate(self: Any, g: Any, create_graph: bool) -> None:
            note(self, g)
            node_class.accumulate(self, g, create_graph)  # type: ignore[attr-defined]

        methods = {"accumulate": accumulate} if issubclass(node_class, AccumulateGrad) else {"pull": pull}
        name, module = node_class.__name__, node_class.__module__
        node_class.noting = type(  # type: ignore[attr-defined]
            name, (node_class,), {"__slots__": (), "__module__": module, "notes": True, **methods}
        )
    return node_class.noting  # type: ignore[attr-defined, no-any-return]


_READING = (
    "item", "tolist", "numpy", "__array__", "__bool__", "__int__", "__float__", "__index__", "__repr__", "__format__",
    "__contains__", "__dlpack__", "data_ptr",
)  # fmt: skip


def _version(tensor: Tensor) -> int:
    session = current()
    if session is not None:
        session.recorder.refuse(READS_VERSION)
    return int(tensor.versions[0])


_enter_saved_hooks = saved_tensors_hooks.__enter__


def _saved_hooks(hooks: Any) -> None:
    """Entering a block of hooks on what is saved; only the package's own leave the values as they are."""
    session = current()
    if session is not None and (type(hooks) is saved_tensors_hooks or not is_of_package(type(hooks))):
        session.recorder.refuse(SAVED_HOOKS)
    _enter_saved_hooks(hooks)


_TENSORS = ("get_state", "set_state")  # they call state_array and continue_from, which are recorded
_DRAWS = tuple(
    name
    for name in dir(Generator)
    if not name.startswith("_") and name not in _TENSORS and callable(getattr(Generator, name))
)
_INHERITED = object()
_PATCHES: list[tuple[Any, str, Any]] = [
    (Tensor, "array", _Arrays()),
    (Tensor, "_grad", _Grads()),
    (Tensor, "_version", property(_version)),
    *((Tensor, name, _refusing(name)) for name in _READING),
    *((Generator, name, _drawn(getattr(Generator, name))) for name in _DRAWS),
    (engine, "run", _running(run)),
    (saved_tensors_hooks, "__enter__", _saved_hooks),
]
