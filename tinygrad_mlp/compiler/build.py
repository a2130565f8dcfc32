"""Makes a program that can be called from a finished recording.

The lines alone are not enough: a program also needs its inputs (the arrays of the arguments, gradients that were there
before, learning rates) and must leave what the step left: its result, the `.grad` of the leaves, version counters.

    recorded: lines of NumPy calls, the tensor that the step returned
    built:    def step(x, y, lr): ...    and around it: v0 = run(a0, a1, lr); r0 = wrap(asarray(v0)); return r0
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import dtypes
from ..tensor import NamedResult, Size, Tensor
from . import buffers, loops, passes
from .arguments import Arguments
from .conditions import Conditions
from .emit import Source
from .lines import Program, Value
from .names import name_values, wish_names
from .number import Number
from .places import is_same
from .recording import CannotRecord, memory_of
from .refusals import (
    DIFFERENT_LINES,
    GRADIENT_WITH_GRAPH,
    LATER,
    MORE_LINES,
    OTHER_ARRAY,
    OTHER_RESULTS,
    RESULTS_NOT_ALIKE,
    RETURNS_LEARNING_RATE,
    RETURNS_OBJECT,
    RETURNS_ON_TAPE,
    RETURNS_TENSOR_WITH_GRAD,
    WITHOUT_NUMBA,
)
from .session import Session


class Compiled:
    """The program for one signature: its `source`, `fits`, which checks whether a call may run it, and `call`.

    It is `confirmed`, and may be run, once a second recording has given the same program.
    """

    def __init__(
        self, session: Session, arguments: Arguments, result: Any, title: str, blas: str, backend: str = "numpy",
        exact: bool = False,
    ) -> None:  # fmt: skip
        self.session: Any = session
        self.arguments: Any = arguments
        self.recorder: Any = session.recorder
        self.confirmed = False
        self.example: Any = None  # what records it again: the recorded call's arguments, its grad modes, its line
        self._results: list[Any] = []
        self._patterns: dict[int, str] = {}
        self._template = self._pattern(result)
        self._grads = self._final_grads()
        outputs = [value for value in self._results if isinstance(value, Value)]
        outputs += [value for _, value in self._grads if value is not None]
        unique = list({id(value): value for value in outputs}.values())
        self.numbers = [number.node for number in session.numbers]
        self._grads_in = self._grads_to_read()
        recorded = Program(self.recorder.lines, self._inputs(), self.numbers, unique, self._zeros())
        passes.start(recorded, self.recorder.before_write, exact)
        self.recorded, self.title = recorded, title
        wish_names(session, {id(t): name for t, _, name in arguments.tensors})
        for value in self.recorder.values.values():  # before the passes copy the values
            value.forget()
        self.blas = blas
        self.exact = exact
        self.written: loops.Written | None = None  # the loops, if it is written in them
        self.not_in_loops = ""  # why it is not, where that was asked for
        self.remaining: int | None = None  # so many calls it is to run before it is compiled in loops, if it is
        program, source = self._in_loops(backend) if backend != "numpy" else self.emitted(blas)
        self._take(source)
        conditions = Conditions(session, arguments, program, self._grads_in)
        self._checks = conditions.guard
        self._steps = {"numpy": self._tail(conditions, program, [])}
        if self.backend == "loops":  # unless numba refuses it
            new = [line.out for line in program.lines if line.function is np.empty]
            self._steps["loops"] = self._tail(conditions, program, new)
        for value in program.inputs:
            value.array = None
        self.session = self.recorder = self.arguments = None

    @functools.cached_property
    def fits(self) -> Callable[..., Any]:
        """`fits(args, kwargs)` is True if a call with these arguments may run the program, else MISS."""
        check: Callable[..., Any] = self._checks.function(["return True"])
        return check

    @functools.cached_property
    def call(self) -> Callable[..., Any]:
        """`call(args, kwargs)` runs the program and returns what the step returns, or MISS if it does not fit."""
        functions = self._compiled_loops()
        text, more = (self.source, {}) if self.written is None else (self.written.executed, self.written.namespace)
        # the package's name, for which NumPy's warnings are off
        scope = {"__name__": __name__, **self.namespace, **more, **functions}
        exec(compile(text, f"<compiled {self.title}>", "exec"), scope)
        self._checks.namespace["run"] = scope[self.title]
        silent = self.written is not None and self.written.is_silent  # it makes no call of NumPy that could warn
        steps = self._steps[self.backend]
        if not silent:
            steps = ["with silent():", *(f"    {line}" for line in steps)]
        same, answered = (None, set[str]()) if self.written is None else loops.same(self._checks)
        check: Callable[..., Any] = self._checks.function(steps, same, answered)
        return check

    def _take(self, source: Source) -> None:
        """Make a source the program's own."""
        self.source = source.text if self.written is None else self.written.shown(source).text
        self.namespace, self.kinds = source.namespace, source.kinds

    @property
    def backend(self) -> str:
        """How it is written out: "loops" or "numpy"."""
        return "numpy" if self.written is None else "loops"

    def _compiled_loops(self) -> dict[str, Any]:
        """The compiled functions by their names; where numba refuses one, the program is written in NumPy again."""
        if self.written is None:
            return {}
        try:
            return {function.__name__: loops.compiled(function) for function in self.written.functions}
        except Exception as problem:
            self.not_in_loops = f"{type(problem).__name__}: {problem}"
            self.written = None
            self._take(self.emitted(self.blas)[1])
            return {}

    def _in_loops(self, backend: str) -> tuple[Program, Source]:
        """The program in loops and its source, or in NumPy if it cannot be, or should not be.

        For the backend "whole" no part of it may stay NumPy's; for "auto" it is not time yet.
        """
        if backend == "auto":
            return self._waiting() if loops.is_available() else self._in_numpy(WITHOUT_NUMBA)
        program, source, written = self.emitted_loops()
        if not written.functions or (backend == "whole" and not written.is_whole):
            return self._in_numpy(loops.WITHOUT if not written.functions else loops.NOT_WHOLE)
        self.written = written
        return program, source

    def emitted_loops(self) -> tuple[Program, Source, loops.Written]:
        """The program as calls of functions of loops, its source, and the functions."""
        program, names, parameters = self._named(self._shortened(_for_loops), loops.WORDS)
        written = loops.write(program, names, self.title)
        buffers.assign(program)
        executed = Source(written.short(), names, self.title, parameters)
        written.executed, written.namespace = executed.text, executed.namespace
        return program, Source(program, names, self.title, parameters), written

    def shown(self) -> tuple[Program, Source | loops.Shown]:
        """The program after all passes, written anew, and its text."""
        if self.written is None:
            return self.emitted(self.blas)
        program, source, written = self.emitted_loops()
        return program, written.shown(source)

    def _in_numpy(self, reason: str) -> tuple[Program, Source]:
        self.not_in_loops = reason
        return self.emitted(self.blas)

    def _waiting(self) -> tuple[Program, Source]:
        """The program in NumPy, until it has run for about as long as compiling it takes: no run pays much in vain."""
        self.remaining = loops.calls_until_worth_it(self.recorded)
        return self._in_numpy(LATER)

    def emitted(self, blas: str | None) -> tuple[Program, Source]:
        """The program as NumPy calls after all passes, and its source; `blas` as in passes.finish."""
        shortened = self._shortened(lambda program: passes.finish(program, blas, self.exact))
        program, names, parameters = self._named(shortened)
        return program, Source(program, names, self.title, parameters)

    def _shortened(self, finish: Callable[[Program], None]) -> Program:
        """A copy of the recorded program after passes."""
        program = self.recorded.copy()
        finish(program)
        for value in program.outputs:
            if value.kind == "constant":  # who made the recorded call has the original, and may write to it
                value.array = value.array.copy()
        self._drop_unused(program)
        return program

    def _named(
        self, program: Program, reserved: frozenset[str] = frozenset()
    ) -> tuple[Program, dict[Any, str], list[str]]:
        """A program with the names of its values, none of them reserved, and those of its parameters."""
        names = name_values(program, self.title, reserved)
        return program, names, [names[value] for value in (*program.inputs, *program.numbers)]

    def same_as(self, other: Compiled) -> str:
        """An empty text if two recordings gave the same program, else the first place where they differ."""
        for a, b in zip(self.source.splitlines(), other.source.splitlines(), strict=False):
            if a != b:
                return DIFFERENT_LINES.format(first=b.strip(), second=a.strip())
        if self.source.count("\n") != other.source.count("\n"):
            return MORE_LINES
        for name, x in self.namespace.items():
            y = other.namespace.get(name)
            kind = self.kinds.get(name)
            if x is y or kind not in ("captured", "constant"):
                continue
            if kind == "captured" and _is_same_memory(x, y):
                continue
            if kind == "captured" or not isinstance(y, np.ndarray) or x.tobytes() != y.tobytes():
                return OTHER_ARRAY.format(name=name)
        if self._template != other._template:
            return RESULTS_NOT_ALIKE
        for a, b in zip(self._results, other._results, strict=True):
            both = isinstance(a, Value) and isinstance(b, Value)
            if not (both or is_same(a, b) or (type(a) is type(b) is Size and a == b)):
                return OTHER_RESULTS.format(first=a, second=b)
        return ""

    # -- what a step leaves ------------------------------------------------------------------------

    def _pattern(self, x: Any) -> str:
        """The step's result as an expression in the call's arguments and in `r0`, `r1`, ..., the `_results`."""
        if isinstance(x, Tensor):
            if id(x) not in self._patterns:
                self._patterns[id(x)] = self._tensor_pattern(x)
            return str(self._patterns[id(x)])
        if isinstance(x, Number):
            raise CannotRecord(RETURNS_LEARNING_RATE)
        if isinstance(x, tuple) and (isinstance(x, NamedResult) or hasattr(x, "_fields")):
            self._results.append(type(x))
            kind = f"r{len(self._results) - 1}"
            parts = ", ".join(map(self._pattern, x))
            return f"{kind}(({parts},))" if isinstance(x, NamedResult) else f"{kind}({parts})"
        if type(x) in (tuple, list):
            parts = ", ".join(map(self._pattern, x))
            return f"[{parts}]" if type(x) is list else f"({parts},)" if x else "()"
        if type(x) is dict:
            return "{" + ", ".join(f"{key!r}: {self._pattern(part)}" for key, part in x.items()) + "}"
        if not (isinstance(x, _FIXED) or self.session.state.has(x)):
            raise CannotRecord(RETURNS_OBJECT.format(kind=type(x).__name__))
        self._results.append(x)
        return f"r{len(self._results) - 1}"

    def _tensor_pattern(self, x: Tensor) -> str:
        session = self.session
        for tensor, expression, _ in self.arguments.tensors:
            if tensor is x:
                return str(expression)
        if id(x) in session.before:
            session.touched.setdefault(id(x), session.before[id(x)])
            self._results.append(x)
            return f"r{len(self._results) - 1}"
        if x.node is not None and not _is_done(x.node, session):
            raise CannotRecord(RETURNS_ON_TAPE)
        if vars(x).get("_grad") is not None:
            raise CannotRecord(RETURNS_TENSOR_WITH_GRAD)
        self._results.append(self.recorder.of(x.array))
        return f"r{len(self._results) - 1}"

    def _final_grads(self) -> list[tuple[Tensor, Any]]:
        """The tensors whose `.grad` the step replaced, each with the value of the new one, or None."""
        found = []
        for tensor, before in self.session.grads_before.values():
            grad = vars(tensor).get("_grad")
            if id(tensor) not in self.session.grads_set or (grad is before and grad is not None):
                continue
            if (
                grad is not None
                and before is not None
                and grad.array is before.array
                and grad.versions is before.versions
            ):
                continue
            if grad is not None and (grad.node is not None or grad.needs_grad):
                raise CannotRecord(GRADIENT_WITH_GRAPH)
            found.append((tensor, None if grad is None else self.recorder.of(grad.array)))
        return found

    def _inputs(self) -> list[Any]:
        values = self.recorder.values
        found: dict[int, Any] = {}
        for tensor, _, _ in self.arguments.tensors:
            value = values.get(id(tensor.array))
            if value is not None and value.kind == "input":
                found.setdefault(id(value), value)
        return [*found.values(), *(value for _, _, value in self._grads_in)]

    def _grads_to_read(self) -> list[tuple[Tensor, Tensor, Any]]:
        """The gradients that were there before the step and that it reads, each with its tensor and its value.

        They are arguments of the program, as another tensor may be there at each call. A gradient whose memory the step
        reaches in a second way is none: the other way would still lead to the old memory.
        """
        session, found = self.session, []
        ways = Counter(id(grad) for _, grad in session.grads_before.values())
        memories = Counter(id(memory_of(seen.array)) for seen in session.before.values())
        memories.update(id(memory_of(array)) for array, _ in session.state.arrays.values())
        for key in session.grads_read:
            tensor, grad = session.grads_before[key]
            if grad is None or id(grad) not in session.touched or id(grad) in session.state.tensors:
                continue
            value = self.recorder.values.get(id(grad.array))
            own = value is not None and value.root is value and value.kind == "captured"
            alone = ways[id(grad)] == memories[id(grad.array)] == 1
            if own and alone and id(grad) not in session.arguments:
                value.kind = "input"
                found.append((tensor, grad, value))
        return found

    def _zeros(self) -> set[Any]:
        """The values of those gradients that were all 0 before the step, and that the step wrote to."""
        found = set()
        for _, grad in self.session.grads_before.values():
            before = None if grad is None else self.recorder.before_write.get(id(grad.array))
            if before is not None and not before[1].view(f"u{before[1].itemsize}").any():
                found.add(self.recorder.values[id(grad.array)])
        return found

    def _drop_unused(self, program: Program) -> None:
        """Remove the numbers and gradients that no line uses from the program's arguments."""
        used = {
            id(x)
            for line in program.lines
            for value in (*line.reads(), line.target)
            if value
            for x in (value, value.root)
        }
        used |= {id(value.root) for value in program.outputs}
        program.numbers = [number for number in program.numbers if id(number) in used]
        arguments = len(program.inputs) - len(self._grads_in)
        program.inputs = [x for i, x in enumerate(program.inputs) if i < arguments or id(x) in used]

    # -- the call ----------------------------------------------------------------------------------

    def _tail(self, conditions: Conditions, program: Program, new: list[Value]) -> list[str]:
        """The statements of a call after its conditions: run the program, and leave what the step leaves.

        The `new` outputs are certain to be arrays, where NumPy may have given a scalar.
        """
        guard = conditions.guard
        arrays = {
            id(tensor.array): f"a{i}"
            for i, (tensor, _, _) in enumerate(self.arguments.tensors)
            if id(tensor) not in self.session.state.tensors
        }
        arrays |= {id(grad.array): conditions.of_grad(tensor) for tensor, grad, _ in self._grads_in}
        inputs = [arrays[id(value.array)] for value in program.inputs]
        inputs += [guard.expression(number.source) for number in program.numbers]
        lines = []
        for tensor, _ in self._grads:
            if id(tensor) not in self.session.grads_read:
                lines.append(f"{conditions.of_tensor(tensor)}._grad = None")
        names = {id(value): f"v{i}" for i, value in enumerate(self.recorded.outputs)}
        call = f"run({', '.join(inputs)})"
        left = ", ".join(names.values())
        lines.append(f"{left} = {call}" if names else call)
        lines += self._versions(conditions)
        wrapped = {
            id(value): f"wrap({name})" if output in new else f"wrap(asarray({name}{_copied(value)}))"
            for value, output, name in zip(self.recorded.outputs, program.outputs, names.values(), strict=True)
        }
        for tensor, value in self._grads:
            grad = "None" if value is None else wrapped[id(value)]
            lines.append(f"{conditions.of_tensor(tensor)}._grad = {grad}")
        for i, x in enumerate(self._results):
            if isinstance(x, Value):
                lines.append(f"r{i} = {wrapped[id(x)]}")
            else:
                lines.append(f"r{i} = {guard.name(x)}")
        for place, now in self.session.switched:
            lines.append(f"{guard.expression(place)} = {now}")
        return [*lines, f"return {self._template}"]

    def _versions(self, conditions: Conditions) -> list[str]:
        """Statements that raise the version counters of tensors by as many writes as the step made."""
        lines, seen = [], set()
        for touched in self.session.touched.values():
            counter = touched.tensor.versions
            writes = counter[0] - touched.version
            if writes and id(counter) not in seen:
                seen.add(id(counter))
                lines.append(f"{conditions.of_tensor(touched.tensor)}.versions[0] += {writes}")
        return lines


# What a step may return besides tensors; the program returns the same object at every call.
_FIXED = (type(None), bool, int, float, complex, str, bytes, Size, type, np.dtype, dtypes.dtype, np.generic)


def _for_loops(program: Program) -> None:
    """The passes for a program in loops."""
    passes.shorten(program, "scipy")
    loops.lower(program)


def _is_same_memory(x: Any, y: Any) -> bool:
    """Whether two arrays have the same elements of the same memory."""
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray) or memory_of(x) is not memory_of(y):
        return False
    return (x.ctypes.data, x.shape, x.strides, x.dtype) == (y.ctypes.data, y.shape, y.strides, y.dtype)


def _copied(value: Value) -> str:
    """The call that copies a constant before it is returned, so that the caller cannot change it; else nothing."""
    return ".copy()" if value.root.kind == "constant" else ""


def _is_done(node: Any, session: Session) -> bool:
    """Whether backward has run through a node."""
    return any(visited is node for visited, _ in session.cotangents)
