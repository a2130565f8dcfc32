"""From a recording to a program that runs: what it takes, what it leaves, and under which conditions it is right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.modes import state as mode
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from . import passes
from .emit import Source
from .guard import Guard
from .lines import Program, Value
from .names import name_values, wish_names
from .number import Number
from .recording import CannotRecord, memory_of
from .session import Session
from .state import State, is_same, random_states

MOST_BYTES = 1 << 16  # of a NumPy array that is compared at each call


class Arguments:
    """What a call was given: the tensors, each with the expression that finds it, and everything else."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str]) -> None:
        self.tensors: list[tuple[Tensor, str, str]] = []  # with its expression and its name
        self.others: list[tuple[Any, str, str]] = []
        self.sizes: list[str] = [f"len(args) == {len(args)}", f"len(kwargs) == {len(kwargs)}"]
        for i, x in enumerate(args):
            self._add(x, f"args[{i}]", names[i] if i < len(names) else f"input_{i}")
        for key, x in kwargs.items():
            self._add(x, f"kwargs[{key!r}]", key)

    def _add(self, x: Any, expression: str, name: str) -> None:
        if isinstance(x, Tensor):
            self.tensors.append((x, expression, name))
        elif type(x) in (tuple, list):
            self.sizes += [f"type({expression}) is {type(x).__name__}", f"len({expression}) == {len(x)}"]
            for i, part in enumerate(x):
                self._add(part, f"{expression}[{i}]", f"{name}_{i}")
        elif type(x) is dict:
            if not all(type(key) in (str, int) for key in x):
                raise CannotRecord(f"the argument `{name}` is a dict whose keys are not all texts or integers")
            self.sizes += [f"type({expression}) is dict", f"[*{expression}] == {[*x]!r}"]  # in this order
            for key, part in x.items():
                self._add(part, f"{expression}[{key!r}]", f"{name}_{key}")
        else:
            self.others.append((x, expression, name))


class Compiled:
    """A program for one signature: its `source`, and the functions that check whether it fits, and run it."""

    def __init__(self, session: Session, arguments: Arguments, result: Any, title: str, blas: str) -> None:
        self.session: Any = session
        self.arguments: Any = arguments
        self.recorder: Any = session.recorder
        self.confirmed = False
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
        passes.start(recorded, self.recorder.before_write)
        self.recorded, self.title = recorded, title
        wish_names(session, {id(t): name for t, _, name in arguments.tensors})
        for value in self.recorder.values.values():  # before the passes copy them
            value.forget()
        program, source = self.emitted(blas)
        self.source = source.text
        self.namespace, self.kinds = source.namespace, source.kinds
        self._checks = self._guard(program)
        self._steps = self._tail(self._checks, program)
        for value in program.inputs:
            value.array = None
        self.session = self.recorder = self.arguments = None

    @functools.cached_property
    def fits(self) -> Callable[..., Any]:
        """`fits(args, kwargs)`: True where a call may run the program, else MISS."""
        check: Callable[..., Any] = self._checks.function(["return True"])
        return check

    @functools.cached_property
    def call(self) -> Callable[..., Any]:
        """`call(args, kwargs)`: what the step returns, or MISS where the program does not fit."""
        scope = {"__name__": __name__, **self.namespace}  # so that inf and nan come in silence here, too
        exec(compile(self.source, f"<compiled {self.title}>", "exec"), scope)
        self._checks.namespace["run"] = scope[self.title]
        check: Callable[..., Any] = self._checks.function(self._steps)
        return check

    def emitted(self, blas: str | None) -> tuple[Program, Source]:
        """The program after all passes, and its source; `blas` as in passes.finish."""
        program = self.recorded.copy()
        passes.finish(program, blas)
        for value in program.outputs:
            if value.kind == "constant":  # whoever has it from the recorded call may write to it
                value.array = value.array.copy()
        self._drop_unused(program)
        names = name_values(program, self.title)
        parameters = [names[value] for value in (*program.inputs, *program.numbers)]
        return program, Source(program, names, self.title, parameters)

    def same_as(self, other: Compiled) -> str:
        """Empty if another recording gave the same program, else the first place where they part."""
        for a, b in zip(self.source.splitlines(), other.source.splitlines(), strict=False):
            if a != b:
                return f"{b.strip()!r}, then {a.strip()!r}"
        if self.source.count("\n") != other.source.count("\n"):
            return "one has more lines than the other"
        for name, x in self.namespace.items():
            y = other.namespace.get(name)
            kind = self.kinds.get(name)
            if x is y or kind not in ("captured", "constant"):
                continue
            if kind == "captured" and _is_same_memory(x, y):
                continue
            if kind == "captured" or not isinstance(y, np.ndarray) or x.tobytes() != y.tobytes():
                return f"`{name}` is another array"
        if self._template != other._template:
            return "what they return is not alike"
        for a, b in zip(self._results, other._results, strict=True):
            both = isinstance(a, Value) and isinstance(b, Value)
            if not (both or is_same(a, b) or (type(a) is type(b) is Size and a == b)):
                return f"they return {a!r} and {b!r}"
        return ""

    # -- what a step leaves ------------------------------------------------------------------------

    def _pattern(self, x: Any) -> str:
        """The result as an expression: of the call's arguments, and of `r0`, `r1`, ..., the `_results`."""
        if isinstance(x, Tensor):
            if id(x) not in self._patterns:
                self._patterns[id(x)] = self._tensor_pattern(x)
            return str(self._patterns[id(x)])
        if isinstance(x, Number):
            raise CannotRecord("the step returns a learning rate, which is read at each call: return the tensors alone")
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            self._results.append(type(x))
            kind = f"r{len(self._results) - 1}"
            return f"{kind}({', '.join(map(self._pattern, x))})"
        if type(x) in (tuple, list):
            parts = ", ".join(map(self._pattern, x))
            return f"[{parts}]" if type(x) is list else f"({parts},)" if x else "()"
        if type(x) is dict:
            return "{" + ", ".join(f"{key!r}: {self._pattern(part)}" for key, part in x.items()) + "}"
        if not (isinstance(x, _FIXED) or self.session.state.has(x)):
            raise CannotRecord(
                f"the step returns a {type(x).__name__}, which a program would not make anew: return tensors, numbers "
                "and texts in tuples, lists and dicts"
            )
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
            raise CannotRecord(
                "the step returns a tensor that is still on the tape: have it return x.detach(), or run it under "
                "torch.no_grad()"
            )
        if vars(x).get("_grad") is not None:
            raise CannotRecord("the step returns a tensor that has a .grad: have it return the gradient by itself")
        self._results.append(self.recorder.of(x.array))
        return f"r{len(self._results) - 1}"

    def _final_grads(self) -> list[tuple[Tensor, Any]]:
        """The tensors whose `.grad` is another one after the step, with its value, or None."""
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
                raise CannotRecord(
                    "a gradient that has a graph of its own outlives the step: backward(create_graph=True)"
                )
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
        """The gradients that the step begins with, of their tensors: arguments too, as each may be another one."""
        session, found = self.session, []
        for key in session.grads_read:
            tensor, grad = session.grads_before[key]
            if grad is None or id(grad) not in session.touched or id(grad) in session.state.tensors:
                continue
            value = self.recorder.values.get(id(grad.array))
            own = value is not None and value.root is value and value.kind == "captured"
            if own and id(grad) not in session.arguments:
                value.kind = "input"
                found.append((tensor, grad, value))
        return found

    def _zeros(self) -> set[Any]:
        """The gradients that were all 0 when the step began, and that it wrote to."""
        found = set()
        for _, grad in self.session.grads_before.values():
            before = None if grad is None else self.recorder.before_write.get(id(grad.array))
            if before is not None and not before[1].view(f"u{before[1].itemsize}").any():
                found.add(self.recorder.values[id(grad.array)])
        return found

    def _drop_unused(self, program: Program) -> None:
        """Numbers and gradients that no line mentions are no arguments."""
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

    # -- the conditions ----------------------------------------------------------------------------

    def _guard(self, program: Program) -> Guard:
        session, guard = self.session, Guard()
        guard.require(f"mode.recording is {mode.recording}")
        guard.require("engine.watch is None")
        guard.require(f"mode.inference is {mode.inference}")
        guard.require(f"dtypes._default is {guard.name(dtypes.get_default_dtype())}")
        for size in self.arguments.sizes:
            guard.require(size)
        read = {number.source.id for number in session.numbers}
        for place in session.state.places:
            if place.id not in read:
                guard.place(place)
        for number in self.numbers:
            expression = guard.expression(number.source)
            guard.require(f"type({expression}) in {guard.name((int, float))}")
        for fixed in (number for number in session.numbers if number.fixed):
            guard.place(fixed.source)
        for x, expression, _ in self.arguments.others:
            guard.equals(expression, x)
        self._guard_grads(guard)
        self._guard_inputs(guard, program)
        grads_in = {id(grad) for _, grad, _ in self._grads_in}
        for key, seen in session.before.items():
            if key in grads_in:
                continue
            if key in session.touched and (key not in session.arguments or key in session.state.tensors):
                name = self._tensor_expression(guard, seen.tensor)
                guard.tensor(name, seen.tensor, seen.array, seen.needs_grad)
            elif key in session.state.tensors:  # its shape or its flag may have decided something
                guard.require(f"{guard.name(seen.tensor)}.array is {guard.name(seen.array)}")
                guard.require(f"{guard.name(seen.tensor)}.needs_grad is {seen.needs_grad}")
        for array, path in session.state.arrays.values():
            self._guard_array(guard, array, path)
        for key in session.grads_read:
            tensor, grad = session.grads_before[key]
            if id(grad) in grads_in:
                continue
            expression = f"{self._tensor_expression(guard, tensor)}._grad"
            if grad is None:
                guard.require(f"{expression} is None")
            elif id(grad) not in session.touched:
                guard.require(f"{expression} is not None")
            else:  # another tensor may stand for the same memory: zero_grad(set_to_none=False) detaches it
                guard.tensor(expression, grad, grad.array, grad.needs_grad)
        expressions = {id(grad.array): self._grad_expression(guard, tensor) for tensor, grad, _ in self._grads_in}
        for value in program.zeros:
            guard.require(_is_zero(guard, value.array, expressions.get(id(value.array)) or guard.name(value.array)))
        return guard

    def _grad_expression(self, guard: Guard, tensor: Tensor) -> str:
        return f"{self._tensor_expression(guard, tensor)}._grad.array"

    def _guard_grads(self, guard: Guard) -> None:
        """That each gradient that the step begins with is one like it, and no two are the same."""
        arrays = []
        for tensor, grad, _ in self._grads_in:
            expression = f"{self._tensor_expression(guard, tensor)}._grad"
            guard.require(f"{expression} is not None and type({expression}) is {guard.name(type(grad))}")
            guard.require(f"not {expression}.needs_grad and {expression}.node is None and {expression}.viewed is None")
            arrays.append(array := f"{expression}.array")
            guard.require(f"{array}.shape == {grad.array.shape} and {array}.strides == {grad.array.strides}")
            guard.require(f"{array}.dtype is {guard.name(grad.array.dtype)} and {array}.base is None")
        if len(arrays) > 1:
            guard.require(f"len({{{', '.join(f'id({array})' for array in arrays)}}}) == {len(arrays)}")

    def _guard_array(self, guard: Guard, array: Any, path: str) -> None:
        """That a NumPy array holds what it held, unless it is a tensor's: its elements may have been read by NumPy."""
        value = self.recorder.values.get(id(array)) or self.recorder.values.get(id(memory_of(array)))
        if value is not None and value.root.kind == "captured":
            return
        if array.nbytes > MOST_BYTES or array.dtype == object:
            raise CannotRecord(
                f"the step can see `{path}`, a NumPy array of {array.nbytes} bytes, which it may read at each call: "
                "make it a tensor"
            )
        guard.require(f"{guard.name(array)}.tobytes() == {guard.name(array.tobytes())}")

    def _guard_inputs(self, guard: Guard, program: Program) -> None:
        roots = {id(v.root.array) for v in self.recorder.values.values() if v.kind == "captured"}
        found = {
            id(memory_of(t.array)): path
            for key, (t, path) in self.session.state.tensors.items()
            if key in self.session.touched
        }
        seen: dict[int, str] = {}
        writes = any(line.target is not None and line.target.root.kind == "input" for line in program.lines)
        for i, (tensor, expression, _) in enumerate(self.arguments.tensors):
            if id(tensor) in self.session.state.tensors:
                guard.require(f"{expression} is {guard.name(tensor)}")
                continue
            if tensor.node is not None:
                raise CannotRecord(
                    "an argument is not a leaf of the tape: its gradient would flow out of the program; pass x.detach()"
                )
            if tensor._leaf_hooks is not None:
                raise CannotRecord("an argument has hooks, which a program would not call")
            array = tensor.array
            path = found.get(id(memory_of(array)))
            if path is not None:
                raise CannotRecord(
                    f"an argument shares its memory with `{path}`, which the step finds by itself: pass that one, or "
                    "a copy"
                )
            t, a = f"t{i}", f"a{i}"
            guard.require(f"type(({t} := {expression})) is {guard.name(type(tensor))}")
            if self.session.state.tensors:
                guard.require(f"id({t}) not in {guard.name(frozenset(self.session.state.tensors))}")
            guard.require(f"({a} := {t}.array).shape == {array.shape}")
            guard.require(f"{a}.dtype is {guard.name(array.dtype)}")
            guard.require(f"{a}.strides == {array.strides}")
            guard.require(f"{t}.needs_grad is {tensor.needs_grad}")
            guard.require(
                f"({t}.viewed is None or not {t}.requires_grad)" if not tensor.needs_grad else f"{t}.node is None"
            )
            guard.require(f"{t}._leaf_hooks is None" if tensor.needs_grad else "True")
            base = f"({a}.base is None or id({a}.base) not in {guard.name(roots)})" if roots else "True"
            guard.require(f"id({a}) not in {guard.name(roots)} and {base}" if roots else "True")
            for owner, _, _ in self._grads_in:
                grad = self._grad_expression(guard, owner)
                guard.require(f"{a} is not {grad} and {a}.base is not {grad}")
            for other, name in seen.items():
                guard.require(f"{a} is {name}" if other == id(array) else f"{a} is not {name}")
                if other != id(array) and writes:
                    memory = guard.name(memory_of)
                    guard.require(f"{memory}({a}) is not {memory}({name})")
            seen[id(array)] = a

    def _tensor_expression(self, guard: Guard, tensor: Tensor) -> str:
        for i, (argument, _, _) in enumerate(self.arguments.tensors):
            if argument is tensor and id(tensor) not in self.session.state.tensors:
                return f"t{i}"
        if id(tensor) not in self.session.state.tensors:
            for owner, grad in self.session.grads_before.values():
                if grad is tensor:
                    return f"{self._tensor_expression(guard, owner)}._grad"
        return guard.name(tensor)

    # -- the call ----------------------------------------------------------------------------------

    def _tail(self, guard: Guard, program: Program) -> list[str]:
        arrays = {
            id(tensor.array): f"a{i}"
            for i, (tensor, _, _) in enumerate(self.arguments.tensors)
            if id(tensor) not in self.session.state.tensors
        }
        arrays |= {id(grad.array): self._grad_expression(guard, tensor) for tensor, grad, _ in self._grads_in}
        inputs = [arrays[id(value.array)] for value in program.inputs]
        inputs += [guard.expression(number.source) for number in program.numbers]
        lines = []
        for tensor, _ in self._grads:
            if id(tensor) not in self.session.grads_read:
                lines.append(f"{self._tensor_expression(guard, tensor)}._grad = None")
        names = {id(value): f"v{i}" for i, value in enumerate(self.recorded.outputs)}
        call = f"run({', '.join(inputs)})"
        left = ", ".join(names.values())
        lines.append(f"{left} = {call}" if names else call)
        lines += self._versions(guard)
        for tensor, value in self._grads:
            new = "None" if value is None else f"wrap(asarray({names[id(value)]}{_copied(value)}))"
            lines.append(f"{self._tensor_expression(guard, tensor)}._grad = {new}")
        for i, x in enumerate(self._results):
            if isinstance(x, Value):
                lines.append(f"r{i} = wrap(asarray({names[id(x)]}{_copied(x)}))")
            else:
                lines.append(f"r{i} = {guard.name(x)}")
        for place, now in self.session.switched:
            lines.append(f"{guard.expression(place)} = {now}")
        return [*lines, f"return {self._template}"]

    def _versions(self, guard: Guard) -> list[str]:
        """Count the writes as the step counted them."""
        lines, seen = [], set()
        for touched in self.session.touched.values():
            counter = touched.tensor.versions
            writes = counter[0] - touched.version
            if writes and id(counter) not in seen:
                seen.add(id(counter))
                lines.append(f"{self._tensor_expression(guard, touched.tensor)}.versions[0] += {writes}")
        return lines


def _is_zero(guard: Guard, array: Any, expression: str) -> str:
    """That an array, found by an expression, is all 0: by its bytes where it is small, else by the largest of them."""
    if array.nbytes <= 4096:
        return f"{expression}.tobytes() == {guard.name(bytes(array.nbytes))}"
    if not array.flags.forc:
        return f"not {expression}.any()"
    bits = (
        f"{expression}.ravel('K').view({guard.name(np.dtype('u8' if array.nbytes % 8 == 0 else f'u{array.itemsize}'))})"
    )
    return f"not {guard.name(np.maximum.reduce)}({bits})"


# What a step may return besides tensors: it is the same object at every call.
_FIXED = (type(None), bool, int, float, complex, str, bytes, Size, type, np.dtype, dtypes.dtype, np.generic)


def _is_same_memory(x: Any, y: Any) -> bool:
    """Whether two arrays are views alike of one memory."""
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray) or memory_of(x) is not memory_of(y):
        return False
    return (x.ctypes.data, x.shape, x.strides, x.dtype) == (y.ctypes.data, y.shape, y.strides, y.dtype)


def _copied(value: Value) -> str:
    """Of a constant a copy is handed out: the next call has the constant too."""
    return ".copy()" if value.root.kind == "constant" else ""


def _is_done(node: Any, session: Session) -> bool:
    """Whether backward has run from a node."""
    return any(visited is node for visited, _ in session.cotangents)


def check_state(state: State, session: Session) -> bool:
    """Whether the step left the Python state as it was, optimisers apart; CannotRecord for what it changed itself."""
    settled = True
    if session.random_states != random_states():
        raise CannotRecord(
            "the step draws from Python's or NumPy's own random numbers, which would be the same at each call: draw "
            "from torch's, or before the step"
        )
    for place in state.changes():
        if place.of_optimizer and place.key == "lr":
            raise CannotRecord(f"the step changes `{place.path}`: change learning rates between the calls")
        if place.of_optimizer:
            settled = False
            continue
        if type(place.value) is type(now := place.now()) is bool and place.can_be_put:
            session.switched.append((place, now))  # model.train() or model.eval(): a program can do it too
            continue
        raise CannotRecord(
            f"the step changes `{place.path}`{' (its length)' if place.kind == 'len' else ''}, which a program would "
            "not do: return the new value instead"
        )
    for touched in session.before.values():
        tensor = touched.tensor
        if tensor.array is not touched.array or tensor.needs_grad != touched.needs_grad:
            raise CannotRecord(
                f"the step gives a {'parameter' if isinstance(tensor, Parameter) else 'tensor'} of shape "
                f"{list(touched.array.shape)} other memory, or another requires_grad"
            )
    return settled
