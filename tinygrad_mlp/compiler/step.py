"""compile: a training step that runs as the NumPy program that it is."""

from __future__ import annotations

import functools
import inspect
import threading
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..nn.modules.module import Module
from ..tape import state as mode
from .arguments import Arguments
from .build import Compiled, check_state
from .emit import identifier
from .guard import MISS
from .recording import CannotRecord
from .session import Session, current
from .standalone import save
from .state import State, is_same

MOST_PROGRAMS = 16
WARM_UPS = 3  # calls that may leave new optimiser state behind before a step counts as one that never settles


class CompiledStep:
    """A step, and the programs that its calls have written; called like the step itself.

    `programs` has one for each signature that was seen (at most 16, the oldest goes first), `source` the text of the
    newest.
    """

    def __init__(self, function: Callable[..., Any], fallback: bool = False, blas: str = "numpy") -> None:
        if blas not in ("numpy", "scipy"):
            raise ValueError(f"blas must be 'numpy' or 'scipy', but got {blas!r}")
        self.function = function
        self.fallback = fallback
        self.blas = blas
        self._programs: list[Compiled] = []
        self._lock = threading.RLock()
        self._eager = False
        self._warm_ups = 0
        self._inside = False
        self._floats: dict[Any, float] = {}
        self._changing: set[Any] = set()
        target = function.forward if isinstance(function, Module) else function
        functools.update_wrapper(self, target, updated=())
        self._is_module = isinstance(function, Module)
        self._names = _parameter_names(target)
        self._title = _title(getattr(target, "__name__", "step"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._eager or current() is not None or (self._is_module and self._is_on_tape()):
            return self.function(*args, **kwargs)  # in another step that is recorded, its lines are that one's
        with self._lock:
            expected = None
            for program in reversed(self._programs):
                if not program.confirmed:
                    if expected is None and program.fits(args, kwargs) is True:
                        expected = program
                    continue
                result = program.call(args, kwargs)
                if result is not MISS:
                    return result
            return self._record(args, kwargs, expected)

    def _is_on_tape(self) -> bool:
        """Whether what a module gives now can be differentiated with respect to its parameters."""
        return mode.recording and any(p.requires_grad for p in self.function.parameters())  # type: ignore[attr-defined]

    @property
    def programs(self) -> tuple[Compiled, ...]:
        """The programs, oldest first."""
        return tuple(self._programs)

    @property
    def source(self) -> str:
        """The newest program as Python source; RuntimeError before the first call."""
        if not self._programs:
            raise RuntimeError("nothing is recorded yet: call the step once")
        return self._programs[-1].source

    def save(self, path: str | Path, steps: int = 10) -> None:
        """Write the newest program as a file that needs NumPy alone, and its arrays to the .npz beside it.

        Run, it does `steps` steps with the arguments that were recorded and prints the losses. RuntimeError before the
        first call, ValueError for a program that needs this package.
        """
        if not self._programs:
            raise RuntimeError("nothing is recorded yet: call the step once")
        save(path, self._programs[-1], steps)

    def __getattr__(self, name: str) -> Any:
        if "function" not in self.__dict__:
            raise AttributeError(name)  # not while a copy is being put together
        return getattr(self.function, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        return CompiledStep, (self.function, self.fallback, self.blas)  # a copy records its own programs

    def __repr__(self) -> str:
        return f"<compiled {self._title}, programs: {len(self._programs)}>"

    # -- recording ---------------------------------------------------------------------------------

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], expected: Compiled | None) -> Any:
        if self._inside:
            raise CannotRecord(f"{self._title} calls itself, compiled")
        try:
            arguments = Arguments(args, kwargs, self._names)
        except CannotRecord as refusal:
            if not self.fallback:
                raise
            return self._run_eagerly(str(refusal), self.function(*args, **kwargs))
        state = State(self.function, [x for x, _, _ in arguments.others])
        changing = self._note_floats(state)
        session = Session(state, [tensor for tensor, _, _ in arguments.tensors], not self.fallback, changing)
        self._inside = True
        try:
            with session.recording():
                result = self.function(*args, **kwargs)
            if session.recorder.failed is not None:
                raise CannotRecord(session.recorder.failed)
            self._keep(session, arguments, result, expected)
        except CannotRecord as refusal:
            if self.fallback:
                return self._run_eagerly(str(refusal), result)
            session.undo()
            raise
        finally:
            self._inside = False
            session.forget()
        return result

    def _note_floats(self, state: State) -> set[Any]:
        """The places of floats that were others when a program was last recorded: those are read at each call."""
        for place in state.places:
            if (
                type(place.value) is float
                and place.can_be_put
                and not is_same(self._floats.setdefault(place.id, place.value), place.value)
            ):
                self._changing.add(place.id)
        return self._changing

    def _run_eagerly(self, reason: str, result: Any) -> Any:
        self._eager = True
        warnings.warn(f"{self._title} runs eagerly: {reason}", stacklevel=4)
        return result

    def _keep(self, session: Session, arguments: Arguments, result: Any, expected: Compiled | None) -> None:
        """Make a program of the recording; it runs once a second recording has given the same one."""
        if session.state.overflow:
            raise CannotRecord("the step can see more Python objects than a program can watch")
        if not check_state(session.state, session):
            self._warm_ups += 1
            if self._warm_ups > WARM_UPS:
                raise CannotRecord("the step leaves an optimiser with new state at every call")
            return
        self._warm_ups = 0
        program = Compiled(session, arguments, result, self._title, self.blas)
        if expected is not None:
            parted = program.same_as(expected)
            if parted:
                self._programs.remove(expected)
                raise CannotRecord(
                    f"two calls of {self._title} recorded different programs, so a number in it is not the same at "
                    f"each call: {parted}"
                )
            expected.confirmed = True
            return
        session.kept = True
        self._programs.append(program)
        del self._programs[:-MOST_PROGRAMS]


def compile(
    function: Callable[..., Any] | None = None, *, fallback: bool = False, blas: str = "numpy", disable: bool = False,
    fullgraph: bool = False, dynamic: bool | None = None, backend: Any = None, mode: str | None = None,
    options: Any = None,
) -> Any:  # fmt: skip
    """A step that runs as the NumPy program that it is: `step = compile(step)`, or as a decorator; or a module.

    The first two calls for a signature (the shapes, dtypes, strides and requires_grad of tensor arguments, other
    arguments by value, and the Python state that the step can see) record it, the later ones run the program. Tensors
    behind the step's variables are captured by identity and updated in place. CannotRecord, with the user's line and
    everything put back, for what a program cannot repeat; with `fallback` such a step runs eagerly, with one warning.
    A module runs eagerly while its outputs are put on the tape.

    `blas="scipy"` has SciPy's BLAS compute the products, which can add a plain descent to a weight as it multiplies:
    faster where nothing else multiplies between the calls, but its threads and those of NumPy's BLAS hinder each other
    where something does. With `disable` the step itself is returned; torch's other options make no difference.
    ValueError for another `blas`. Source: tinygrad_mlp's own; torch.compile has the name.
    """
    if function is None:
        return functools.partial(compile, fallback=fallback, blas=blas, disable=disable)
    return function if disable else CompiledStep(function, fallback, blas)


def _title(name: str) -> str:
    """The name of a function as that of its program: a lambda has none of its own."""
    return "step" if name == "<lambda>" else identifier(name)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []
