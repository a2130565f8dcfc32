"""The compiled step: what `compile` returns and the user calls in place of the step.

A call runs a program that was recorded earlier if one fits, and otherwise records the step:

    step = compile(step)
    step(x, y)  # the first two calls run the step itself and record it
    step(x, y)  # this one, and those after it, run the NumPy program
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import os
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..alias import is_torch
from ..autograd.grad_mode import inference_mode, set_grad_enabled
from ..autograd.modes import modes
from ..nn.modules.module import Module
from ..tape import state as mode
from . import loops
from .arguments import Arguments
from .build import Compiled
from .changed import check_state
from .emit import identifier
from .guard import MISS
from .places import is_same
from .recording import CannotRecord
from .refusals import (
    ALL_IN_NUMPY,
    DIFFERENT_PROGRAMS,
    NEVER_SETTLES,
    NO_NUMBA,
    NOT_ASKED,
    NOTHING_RECORDED,
    OTHER_STATE,
    RECURSIVE,
    RUNS_EAGERLY,
    TOO_MANY_PLACES,
    UNKNOWN_BLAS,
)
from .session import Session, current
from .standalone import save
from .state import State

MOST_PROGRAMS = 16
BACKENDS = ("loops", "numpy")
DEFAULT_BACKEND = "auto"
WARM_UPS = 3  # so many calls in turn may leave new optimiser state, which an optimiser makes in its first step


class CompiledStep:
    """A step together with the programs that were recorded from its calls; it is called like the step itself.

    `programs` holds one program for each signature that was seen, at most 16: beyond that the oldest is dropped.
    `source` is the Python source of the newest, `backend` what it is written in. With `exact` the programs are NumPy's,
    whatever `blas` and `backend` say, and give the numbers of the step bit for bit.
    """

    def __init__(
        self, function: Callable[..., Any], fallback: bool = False, blas: str = "numpy", backend: Any = None,
        exact: bool = False,
    ) -> None:  # fmt: skip
        if blas not in ("numpy", "scipy"):
            raise ValueError(UNKNOWN_BLAS.format(blas=blas))
        self.function = function
        self.fallback = fallback
        self.blas = "numpy" if exact else blas
        self.exact = exact
        self._asked = backend if backend in BACKENDS else "numpy" if blas != "numpy" else None
        if exact:
            self._asked = "numpy"
        if self._asked == "loops" and not loops.is_available():
            raise ImportError(NO_NUMBA)
        if self._asked != "numpy" and loops.is_available():
            loops.library_asked()  # raises for one that is not known, or not there
        self._programs: list[Compiled] = []
        self._usual: Compiled | None = None  # the program that ran last, if its calls are not counted
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
            return self.function(*args, **kwargs)  # inside another recording its calls become part of that program
        with self._lock:
            usual = self._usual  # whichever confirmed program fits is right, so the likeliest is asked first
            if usual is not None:
                result = usual.call(args, kwargs)
                if result is not MISS:
                    return result
            return self._run(args, kwargs, usual)

    def _is_on_tape(self) -> bool:
        """Whether the outputs of the module are put on the tape now, because a parameter requires grad."""
        return mode.recording and any(p.requires_grad for p in self.function.parameters())  # type: ignore[attr-defined]

    @property
    def programs(self) -> tuple[Compiled, ...]:
        """The recorded programs, the oldest first."""
        return tuple(self._programs)

    @property
    def source(self) -> str:
        """The Python source of the newest program. RuntimeError before the first call."""
        if not self._programs:
            raise RuntimeError(NOTHING_RECORDED)
        return self._programs[-1].source

    @property
    def backend(self) -> str:
        """What the newest program is written in: "loops" or "numpy", which may become loops later (see `compile`).

        Before the first call it is what was asked for, or "auto".
        """
        return self._programs[-1].backend if self._programs else self._asked or DEFAULT_BACKEND

    def explain(self) -> None:
        """Print what runs where in the newest program: loops, BLAS's products, and calls of NumPy with the reason.

        RuntimeError before the first call.
        """
        if not self._programs:
            raise RuntimeError(NOTHING_RECORDED)
        program = self._programs[-1]
        if program.written is not None:
            print(loops.explanation(program.written))
        else:
            print(ALL_IN_NUMPY.format(reason=program.not_in_loops or NOT_ASKED))

    def save(self, path: str | Path, steps: int = 10) -> None:
        """Write the newest program to a Python file that needs only NumPy (SciPy for a few functions, numba for loops).

        The arrays that it starts from go to a .npz file of the same name. When the file is run it does `steps` steps
        with the arguments of the recorded call and prints the losses. RuntimeError before the first call, ValueError
        for a program that cannot run without this package.
        """
        if not self._programs:
            raise RuntimeError(NOTHING_RECORDED)
        save(path, self._programs[-1], steps)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The newest program beside the step's tape, as a page: an HTML text; with a path it is written there, too.

        Each line of the program is shown with the operators from which it came, and each recorded call that has no
        line with the reason. The step runs once more for it, with the arguments of the recorded call and the values of
        now; what it changes is put back, as after a refusal. RuntimeError before the first call; CannotRecord if the
        step cannot be recorded any more; ImportError without graphlay, as of `Tape.to_html`.
        """
        # The page belongs to a floor above, which a step need not know otherwise.
        shown = importlib.import_module(f"{__name__.partition('.')[0]}.viz.compiled_page")
        text: str = shown.page_of_step(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @contextlib.contextmanager
    def recorded_again(
        self, watching: Callable[[Session], contextlib.AbstractContextManager[Any]]
    ) -> Iterator[Compiled]:
        """The newest program, recorded once more; when the block ends, all that the step has changed is put back.

        The step runs within `watching(session)`, which sees it run, and may note things with the recorded lines.
        """
        if not self._programs:
            raise RuntimeError(NOTHING_RECORDED)
        with self._lock:
            if self._inside or current() is not None:
                raise CannotRecord(RECURSIVE.format(title=self._title))
            args, kwargs, grad, inference, called_from = self._programs[-1].example
            arguments = Arguments(args, kwargs, self._names)
            state = State(self.function, [x for x, _, _ in arguments.others])
            session = Session(state, [tensor for tensor, _, _ in arguments.tensors], True, self._changing)
            session.asked_from, session.called_from = session.called_from, called_from
            self._inside = True
            try:
                with inference_mode(inference), set_grad_enabled(grad), session.recording(), watching(session):
                    result = self.function(*args, **kwargs)
                if not check_state(state, session):
                    raise CannotRecord(OTHER_STATE)
                backend = self._programs[-1].backend
                yield Compiled(session, arguments, result, self._title, self.blas, backend, self.exact)
            finally:
                self._inside = False
                session.undo()
                session.forget()

    def __getattr__(self, name: str) -> Any:
        if "function" not in self.__dict__:
            raise AttributeError(name)  # copy and pickle ask before __init__ has run
        if name == "_orig_mod" and self._is_module:
            return self.function  # under this name libraries look for the module that torch.compile was given
        return getattr(self.function, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        # A copy records its own programs.
        return CompiledStep, (self.function, self.fallback, self.blas, self._asked, self.exact)

    def __repr__(self) -> str:
        return f"<compiled {self._title}, programs: {len(self._programs)}>"

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], missed: Compiled | None) -> Any:
        """Run the newest program that fits, other than the one that does not, or record the step."""
        expected = due = None
        for program in reversed(self._programs):
            if program is missed:
                continue
            if not program.confirmed:
                if expected is None and program.fits(args, kwargs) is True:
                    expected = program
                continue
            if program.remaining == 0:
                if due is None and program.fits(args, kwargs) is True:
                    due = program
                continue
            result = program.call(args, kwargs)
            if result is not MISS:
                if program.remaining:
                    program.remaining -= 1
                else:
                    self._usual = program
                return result
        return self._record(args, kwargs, expected) if due is None else self._take(due, args, kwargs, expected)

    # -- recording ---------------------------------------------------------------------------------

    def _take(self, due: Compiled, args: tuple[Any, ...], kwargs: dict[str, Any], expected: Compiled | None) -> Any:
        """Record once more a program that has run often enough, to have it in loops; if need be it goes on."""
        try:
            result = self._record(args, kwargs, expected, due)
        except CannotRecord:
            due.remaining = None
            return due.call(args, kwargs)
        if expected is not None and expected.confirmed:
            self._programs.remove(due)
        return result

    def _record(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], expected: Compiled | None, due: Compiled | None = None
    ) -> Any:
        if self._inside:
            raise CannotRecord(RECURSIVE.format(title=self._title))
        self._usual = None  # it may be dropped
        try:
            arguments = Arguments(args, kwargs, self._names)
        except CannotRecord as refusal:
            if not self.fallback or due is not None:
                raise
            return self._run_eagerly(str(refusal), self.function(*args, **kwargs))
        state = State(self.function, [x for x, _, _ in arguments.others])
        changing = self._note_floats(state)
        fallback = self.fallback and due is None
        session = Session(state, [tensor for tensor, _, _ in arguments.tensors], not fallback, changing)
        modes_now = mode.recording, modes.inference
        self._inside = True
        try:
            with session.recording():
                result = self.function(*args, **kwargs)
            if session.recorder.failed is not None:
                raise CannotRecord(session.recorder.failed)
            example = (args, kwargs, *modes_now, session.called_from)
            self._keep(session, arguments, result, expected, example, self._backend_now(expected, due))
        except CannotRecord as refusal:
            if fallback:
                return self._run_eagerly(str(refusal), result)
            session.undo()
            raise
        finally:
            self._inside = False
            session.forget()
        return result

    def _note_floats(self, state: State) -> set[Any]:
        """The places of floats whose values differ between recordings, such as an annealed factor of a loss.

        A program takes these as arguments, so that another value does not ask for another program.
        """
        for place in () if state.asks_for_types else state.places:
            if (
                type(place.value) is float
                and place.can_be_put
                and not is_same(self._floats.setdefault(place.id, place.value), place.value)
            ):
                self._changing.add(place.id)
        return self._changing

    def _run_eagerly(self, reason: str, result: Any) -> Any:
        self._eager = True
        warnings.warn(RUNS_EAGERLY.format(title=self._title, reason=reason), stacklevel=5)  # who calls the step
        return result

    def _backend_now(self, expected: Compiled | None, due: Compiled | None) -> str:
        """What a program is to be written in: the second recording of one as the first."""
        wanted = self._asked or DEFAULT_BACKEND
        if wanted != "auto":
            return wanted
        if expected is not None:
            return "whole" if expected.backend == "loops" else "numpy"
        return "auto" if due is None else "whole"

    def _keep(
        self, session: Session, arguments: Arguments, result: Any, expected: Compiled | None, example: Any, backend: str
    ) -> None:
        """Make a program of the recording, or confirm the `expected` one that an earlier call recorded.

        Only a confirmed program is run: if a value had been frozen in it, the second recording would differ.
        """
        if session.state.overflow:
            raise CannotRecord(TOO_MANY_PLACES)
        if not check_state(session.state, session):
            self._warm_ups += 1
            if self._warm_ups > WARM_UPS:
                raise CannotRecord(NEVER_SETTLES)
            return
        self._warm_ups = 0
        program = Compiled(session, arguments, result, self._title, self.blas, backend, self.exact)
        if expected is not None:
            parted = program.same_as(expected)
            if parted:
                self._programs.remove(expected)
                raise CannotRecord(DIFFERENT_PROGRAMS.format(title=self._title, where=parted))
            expected.confirmed = True
            return
        session.kept = True
        program.example = example
        self._programs.append(program)
        del self._programs[:-MOST_PROGRAMS]


def compile(
    function: Callable[..., Any] | None = None, *, fallback: bool | None = None, blas: str = "numpy",
    disable: bool = False, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = None,
    mode: str | None = None, options: Any = None,
) -> Any:  # fmt: skip
    """Return a function that does what `function`, a training step or a module, does, as one NumPy program.

    Use it as `step = compile(step)` or as a decorator. The first two calls for a signature run the step and record it,
    later calls run the program. A signature is made of the shapes, dtypes, strides and requires_grad of the tensor
    arguments, the values of the other arguments, and the Python variables that the step can read. Tensors in these
    variables, such as parameters, are part of the program, which updates them in place. A module runs eagerly while
    its outputs are put on the tape.

    CannotRecord, which names the user's line, is raised for what a program cannot repeat, and all that the step has
    changed is put back; with `fallback` the step runs eagerly from then on, after one warning. While `torch` is a name
    of this package that is the default, because torch.compile refuses no program.

    With `blas="scipy"` matrix products are computed by SciPy's BLAS, which can add a product to a weight in one call.
    This is faster, unless NumPy computes products between the calls: then the threads of the two libraries compete
    for the cores. ValueError for any other `blas` than "numpy" and "scipy".

    With `backend="loops"` the program is written in loops that numba compiles: lines that compute element by element
    and the sums that follow them in one pass, products by the BLAS that NumPy has loaded, whatever `blas` says. Lines
    that have no loop stay calls of NumPy, and results differ from the NumPy program's by rounding alone. The first call
    of a program takes seconds to compile; what is compiled is kept in the user's cache directory. ImportError without
    numba. Where oneMKL is installed (the extra `mkl`), a trial decides whose product is faster, with how many threads,
    unless the environment variable TINYGRAD_MLP_BLAS is "openblas" or "mkl"; ValueError if it is anything else.

    With `backend="numpy"` the program stays one of NumPy. Without a backend, or with one of torch's, it runs in NumPy
    at first where numba is installed, and in loops from the call on by which compiling is expected to pay: an estimate
    that is made from the program alone, so that two runs with the same seed change over at the same call. That is for
    programs that can be written in loops whole, and for `blas="numpy"`; `step.backend` says which it is now.

    With `disable` the step itself is returned. The other options are torch's and make no difference. Source: the
    design is this package's own, the name and the signature are those of torch.compile.
    """
    if fallback is None:
        fallback = is_torch()
    if function is None:
        return functools.partial(compile, fallback=fallback, blas=blas, disable=disable, backend=backend)
    return function if disable else CompiledStep(function, fallback, blas, backend)


def _title(name: str) -> str:
    """The name of the program for a function of this name; a lambda's is called `step`."""
    return "step" if name == "<lambda>" else identifier(name)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []
