"""The conditions under which a program is right: what must be as it was when it was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import dtypes
from ..autograd.modes import modes
from ..tape import state as mode
from ..tensor import Tensor
from .arguments import Arguments
from .guard import Guard
from .lines import Program
from .recording import CannotRecord, memory_of
from .session import Session

MOST_BYTES = 1 << 16  # of a NumPy array that is compared at each call


class Conditions:
    """The guard of a program, and the expressions that find what it needs at a call.

    `grads_in` has the gradients that the program takes as arguments, each with its tensor and its value.
    """

    def __init__(
        self, session: Session, arguments: Arguments, program: Program, grads_in: list[tuple[Tensor, Tensor, Any]]
    ) -> None:
        self.session = session
        self.arguments = arguments
        self.grads_in = grads_in
        self.guard = Guard()
        self._all(program)

    def _all(self, program: Program) -> None:
        session, guard = self.session, self.guard
        guard.require(f"mode.recording is {mode.recording}")
        guard.require("anomaly.watch is None")
        guard.require(f"modes.inference is {modes.inference}")
        guard.require(f"dtypes._default is {guard.name(dtypes.get_default_dtype())}")
        for size in self.arguments.sizes:
            guard.require(size)
        read = {number.source.id for number in session.numbers}
        for place in session.state.places:
            if place.id not in read:
                guard.place(place)
        for number in session.numbers:
            expression = guard.expression(number.source)
            guard.require(f"type({expression}) in {guard.name((int, float))}")
        for fixed in (number for number in session.numbers if number.fixed):
            guard.place(fixed.source)
        for x, expression, _ in self.arguments.others:
            guard.equals(expression, x)
        self._grads()
        self._inputs(program)
        grads_in = {id(grad) for _, grad, _ in self.grads_in}
        for key, seen in session.before.items():
            if key in grads_in:
                continue
            if key in session.touched and (key not in session.arguments or key in session.state.tensors):
                name = self.of_tensor(seen.tensor)
                guard.tensor(name, seen.tensor, seen.array, seen.needs_grad)
            elif key in session.state.tensors:  # its shape or its flag may have decided something
                guard.require(f"{guard.name(seen.tensor)}.array is {guard.name(seen.array)}")
                guard.require(f"{guard.name(seen.tensor)}.needs_grad is {seen.needs_grad}")
        for array, path in session.state.arrays.values():
            self._array(array, path)
        for key in session.grads_read:
            tensor, grad = session.grads_before[key]
            if id(grad) in grads_in:
                continue
            expression = f"{self.of_tensor(tensor)}._grad"
            if grad is None:
                guard.require(f"{expression} is None")
            elif id(grad) not in session.touched:
                guard.require(f"{expression} is not None")
            else:  # another tensor may stand for the same memory: zero_grad(set_to_none=False) detaches it
                guard.tensor(expression, grad, grad.array, grad.needs_grad)
        expressions = {id(grad.array): self.of_grad(tensor) for tensor, grad, _ in self.grads_in}
        for value in program.zeros:
            guard.require(_is_zero(guard, value.array, expressions.get(id(value.array)) or guard.name(value.array)))

    def of_grad(self, tensor: Tensor) -> str:
        """The expression of the array of a tensor's gradient."""
        return f"{self.of_tensor(tensor)}._grad.array"

    def _grads(self) -> None:
        """That each gradient that the step begins with is one like it, and no two are the same."""
        guard = self.guard
        arrays = []
        for tensor, grad, _ in self.grads_in:
            expression = f"{self.of_tensor(tensor)}._grad"
            guard.require(f"{expression} is not None and type({expression}) is {guard.name(type(grad))}")
            guard.require(f"not {expression}.needs_grad and {expression}.node is None and {expression}.viewed is None")
            arrays.append(array := f"{expression}.array")
            guard.require(f"{array}.shape == {grad.array.shape} and {array}.strides == {grad.array.strides}")
            guard.require(f"{array}.dtype is {guard.name(grad.array.dtype)} and {array}.base is None")
        if len(arrays) > 1:
            guard.require(f"len({{{', '.join(f'id({array})' for array in arrays)}}}) == {len(arrays)}")

    def _array(self, array: Any, path: str) -> None:
        """That a NumPy array holds what it held, unless it is a tensor's: its elements may have been read by NumPy."""
        guard = self.guard
        value = self.session.recorder.values.get(id(array)) or self.session.recorder.values.get(id(memory_of(array)))
        if value is not None and value.root.kind == "captured":
            return
        if array.nbytes > MOST_BYTES or array.dtype == object:
            raise CannotRecord(
                f"the step can see `{path}`, a NumPy array of {array.nbytes} bytes, which it may read at each call: "
                "make it a tensor"
            )
        guard.require(f"{guard.name(array)}.tobytes() == {guard.name(array.tobytes())}")

    def _inputs(self, program: Program) -> None:
        guard = self.guard
        roots = {id(v.root.array) for v in self.session.recorder.values.values() if v.kind == "captured"}
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
            for owner, _, _ in self.grads_in:
                grad = self.of_grad(owner)
                guard.require(f"{a} is not {grad} and {a}.base is not {grad}")
            for other, name in seen.items():
                guard.require(f"{a} is {name}" if other == id(array) else f"{a} is not {name}")
                if other != id(array) and writes:
                    memory = guard.name(memory_of)
                    guard.require(f"{memory}({a}) is not {memory}({name})")
            seen[id(array)] = a

    def of_tensor(self, tensor: Tensor) -> str:
        """The expression that finds a tensor at a call."""
        for i, (argument, _, _) in enumerate(self.arguments.tensors):
            if argument is tensor and id(tensor) not in self.session.state.tensors:
                return f"t{i}"
        if id(tensor) not in self.session.state.tensors:
            for owner, grad in self.session.grads_before.values():
                if grad is tensor:
                    return f"{self.of_tensor(owner)}._grad"
        return self.guard.name(tensor)


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
