"""Which conditions a program has: what must be as it was when the step was recorded.

They concern the modes (recording, inference), the variables that the step can read, the arguments, the tensors from
outside and the gradients that are there. The guard collects them as expressions:

    recorded: x is a float32 Tensor of shape (64, 100); the global `model` is this module
    required: (a0 := t0.array).shape == (64, 100) and a0.dtype is o7 and ... and o1['model'] is o3
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import dtypes
from ..autograd.modes import modes
from ..tape import state as mode
from ..tensor import Tensor
from .arguments import Arguments
from .guard import Gradient, Guard
from .lines import Program
from .recording import CannotRecord, memory_of
from .refusals import ARGUMENT_HAS_HOOKS, ARGUMENT_ON_TAPE, ARGUMENT_SHARES_MEMORY, LARGE_ARRAY
from .session import Session

MOST_BYTES = 1 << 16  # a NumPy array of more bytes is too large to be compared at each call


class Conditions:
    """Fills the `guard` of a program, and knows the expressions that find its tensors at a call.

    `grads_in` holds the gradients that the program takes as arguments, each with its tensor and its value.
    """

    def __init__(
        self, session: Session, arguments: Arguments, program: Program, grads_in: list[tuple[Tensor, Tensor, Any]]
    ) -> None:
        self.session = session
        self.arguments = arguments
        self.grads_in = grads_in
        self._grad_names: dict[int, str] = {}  # the names of their tensors, by tensor
        self._captured = {id(v.root.array) for v in session.recorder.values.values() if v.kind == "captured"}
        self.guard = Guard()
        # NumPy refuses to write into a read-only array; loops would write.
        self._written_in_loops = any(getattr(line.function, "writes_inputs", False) for line in program.lines)
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
            guard.require(f"type({expression}) is {guard.name(type(number.value))}")  # an int gives other dtypes
        for fixed in (number for number in session.numbers if number.fixed):
            guard.place(fixed.source)
        for x, expression, _ in self.arguments.others:
            guard.equals(expression, x)
        for i, (tensor, expression, _) in enumerate(self.arguments.tensors):  # the conditions below name them
            if id(tensor) not in session.state.tensors:
                guard.require(f"type((t{i} := {expression})) is {guard.name(type(tensor))}")
        self._grads({id(value.array) for value in program.zeros})
        self._inputs(program)
        grads_in = {id(grad) for _, grad, _ in self.grads_in}
        for key, seen in session.before.items():
            if key in grads_in:
                continue
            if key in session.touched and (key not in session.arguments or key in session.state.tensors):
                name = self.of_tensor(seen.tensor)
                guard.tensor(name, seen.tensor, seen.array, seen.needs_grad)
            elif key in session.state.tensors:  # the step may depend on its shape or flag
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
            else:  # another tensor of the same memory will do: zero_grad(set_to_none=False) makes one
                guard.tensor(expression, grad, grad.array, grad.needs_grad)
        arrays_in = {id(grad.array) for _, grad, _ in self.grads_in}
        for array in (value.array for value in program.zeros):
            if id(array) not in arrays_in:
                guard.require(_is_zero(guard, array, guard.name(array)))

    def of_grad(self, tensor: Tensor) -> str:
        """The name of the array of a tensor's gradient."""
        return f"{self._grad_names[id(tensor)]}_array"

    def _grads(self, zeros: set[int]) -> None:
        """Require gradients like those that were there before the step, no two with the same memory.

        Nor may it be that of a captured array. `zeros` are the ids of the arrays that must be all 0.
        """
        guard = self.guard
        guard.apart = [*self._captured]
        for i, (tensor, grad, _) in enumerate(self.grads_in):
            name = self._grad_names[id(tensor)] = f"g{i}"
            guard.require(f"type(({name} := {self.of_tensor(tensor)}._grad)) is {guard.name(type(grad))}")
            guard.require(f"type(({self.of_grad(tensor)} := {name}.array)) is {guard.name(type(grad.array))}")
            self._grad(name, self.of_grad(tensor), grad, id(grad.array) in zeros)
        if len(self.grads_in) > 1:
            arrays = ", ".join(f"id({self.of_grad(tensor)})" for tensor, _, _ in self.grads_in)
            guard.require(condition := f"len({{{arrays}}}) == {len(self.grads_in)}")
            if len(guard.gradients) == len(self.grads_in):
                guard.distinct = condition

    def _grad(self, name: str, array_name: str, grad: Tensor, is_zero: bool) -> None:
        """Require that a gradient, which `name` gives, is a leaf with an array like that of `grad`."""
        guard, array = self.guard, grad.array
        conditions = [
            f"not {name}.needs_grad and {name}.node is None and {name}.viewed is None",
            f"{array_name}.shape == {array.shape}",
            f"{array_name}.strides == {array.strides}",
            f"{array_name}.dtype is {guard.name(array.dtype)} and {array_name}.base is None",
        ]
        if self._captured:
            conditions.append(f"id({array_name}) not in {guard.name(self._captured)}")
        if self._written_in_loops:
            conditions.append(f"{array_name}.flags.writeable")
        zeros = 0
        if is_zero and not array.flags.forc:
            guard.require(_is_zero(guard, array, array_name))
        elif is_zero:
            conditions.append(_is_zero(guard, array, array_name))
            zeros = array.nbytes
        if type(grad) is Tensor and type(array) is np.ndarray:
            facts = array.shape, array.strides, array.dtype, self._written_in_loops, zeros
            guard.gradients.append(Gradient(tuple(conditions), name, array_name, *facts))
        for condition in conditions:
            guard.require(condition)

    def _array(self, array: Any, path: str) -> None:
        """Require the same elements of a NumPy array that the step can see, as the step may have read them.

        An array that shares memory with a captured tensor is part of the program, and may change.
        """
        guard = self.guard
        value = self.session.recorder.values.get(id(array)) or self.session.recorder.values.get(id(memory_of(array)))
        if value is not None and value.root.kind == "captured":
            return
        if array.nbytes > MOST_BYTES or array.dtype == object:
            raise CannotRecord(LARGE_ARRAY.format(path=path, nbytes=array.nbytes))
        guard.require(f"{guard.name(array)}.tobytes() == {guard.name(array.tobytes())}")

    def _inputs(self, program: Program) -> None:
        """Require tensor arguments like those of the recorded call, with memory of their own."""
        guard = self.guard
        roots = self._captured
        found = {
            id(memory_of(t.array)): path
            for key, (t, path) in self.session.state.tensors.items()
            if key in self.session.touched
        }
        seen: dict[int, str] = {}
        writes = self._written_in_loops or any(
            line.target is not None and line.target.root.kind == "input" for line in program.lines
        )
        for i, (tensor, expression, _) in enumerate(self.arguments.tensors):
            if id(tensor) in self.session.state.tensors:
                guard.require(f"{expression} is {guard.name(tensor)}")
                continue
            if tensor.node is not None:
                raise CannotRecord(ARGUMENT_ON_TAPE)
            if tensor._leaf_hooks is not None:
                raise CannotRecord(ARGUMENT_HAS_HOOKS)
            array = tensor.array
            path = found.get(id(memory_of(array)))
            if path is not None:
                raise CannotRecord(ARGUMENT_SHARES_MEMORY.format(path=path))
            t, a = f"t{i}", f"a{i}"
            if self.session.state.tensors:
                guard.require(f"id({t}) not in {guard.name(frozenset(self.session.state.tensors))}")
            guard.require(f"({a} := {t}.array).shape == {array.shape}")
            guard.require(f"{a}.dtype is {guard.name(array.dtype)}")
            guard.require(f"{a}.strides == {array.strides}")
            if self._written_in_loops:
                guard.require(f"{a}.flags.writeable")
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
                    return self._grad_names.get(id(owner)) or f"{self.of_tensor(owner)}._grad"
        return self.guard.name(tensor)


def _is_zero(guard: Guard, array: Any, expression: str) -> str:
    """The condition that the array that an expression finds is all 0, in every bit.

    A small array is compared by its bytes, a large one by the largest of them, read as integers: one quick pass.
    """
    if array.nbytes <= 4096:
        return f"{expression}.tobytes() == {guard.name(bytes(array.nbytes))}"
    if not array.flags.forc:
        return f"not {expression}.any()"
    bits = (
        f"{expression}.ravel('K').view({guard.name(np.dtype('u8' if array.nbytes % 8 == 0 else f'u{array.itemsize}'))})"
    )
    return f"not {guard.name(np.maximum.reduce)}({bits})"
