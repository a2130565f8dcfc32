"""What a second run keeps of the calls under suspicion: their arrays, what they are in float64, and how to write them.

A second run of this package is also given the arrays that went into these calls under torch. From the same inputs, a
call that is right gives what torch's gave but for its own rounding, however far the runs have drifted apart by then.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .records import COTANGENT

Array = np.ndarray[Any, np.dtype[Any]]
FLOAT64 = 3  # the role of a result as it is in float64, after those of `records`
GRADIENT64 = 4  # the role of the gradient of an input in float64


def place(call: int, role: int, slot: int) -> str:
    """How the array of a call is called in the trace."""
    return f"{call}:{role}:{slot}"


@dataclass
class Kept:
    """The calls whose arrays are kept, the arrays that are given to them, and what has been kept of them.

    Those of `judged` are run once more in float64. That is left to a run of its own, because a program may count its
    calls.
    `package` is the framework, whose random stream is put back after a call was run once more.
    """

    package: Any
    calls: Collection[int] = frozenset()
    judged: Collection[int] = frozenset()
    given: Mapping[str, Array] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    descriptions: dict[int, Any] = field(default_factory=dict)
    judging: bool = False  # while a call is run once more in float64
    _judged: dict[int, tuple[list[Any], list[Any]]] = field(default_factory=dict)

    def keep(self, call: int, role: int, slot: int, array: Array) -> None:
        """Keep an array of a call."""
        self.arrays.setdefault(place(call, role, slot), array.copy())

    def put(self, call: int, role: int, slot: int, array: Array) -> None:
        """Write what the other run had here into an array, if it is given and fits."""
        other = self.given.get(place(call, role, slot))
        if other is not None and other.shape == array.shape and other.dtype == array.dtype and array.flags.writeable:
            np.copyto(array, other)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """In this block a call is run once more: it is not noted, and draws no random numbers from the program's."""
        state = self.package.get_rng_state()
        numpy_state = np.random.get_state()
        self.judging = True
        try:
            yield
        finally:
            self.judging = False
            self.package.set_rng_state(state)
            np.random.set_state(numpy_state)

    def judge(
        self, call: int, function: Callable[..., Any], args: Any, kwargs: Any, tensors: Any, in_place: bool = False
    ) -> None:
        """Run a call in float64 on copies of its arguments, and keep its results; nothing where that cannot be done."""
        if call not in self.judged:
            return
        wide = _Widened(self.package, in_place)
        try:
            with self.alone(), self.package.enable_grad():
                result = function(*wide.of(args), **wide.of(kwargs))
                outputs = list(tensors(result))
        except Exception:  # whatever it raises: it has no float64, or would write to a leaf
            return
        for slot, output in enumerate(outputs):
            self.arrays[place(call, FLOAT64, slot)] = output.detach().numpy().copy()
        self._judged[call] = (wide.leaves, outputs)

    def judge_module(self, call: int, module: Any, args: Any, tensors: Any) -> None:
        """The same for a call of a module: a copy of it is run, and its parameters are inputs, too."""
        if call not in self.judged:
            return
        try:
            with self.alone():
                wide = copy.deepcopy(module).double()
                own = [parameter for parameter in wide._parameters.values() if parameter is not None]
        except Exception:
            return
        self.judge(call, wide, args, {}, tensors)
        if call in self._judged:
            self._judged[call][0].extend(own)

    def judge_step(self, call: int, optimizer: Any) -> None:
        """The same for a step of an optimiser: a copy of it makes the step, with copies of the parameters."""
        if call not in self.judged:
            return
        try:
            with self.alone():
                parameters = _widened_step(self.package, optimizer)
        except Exception:
            return
        for slot, parameter in enumerate(parameters):
            self.arrays[place(call, FLOAT64, slot)] = parameter.detach().numpy()

    def judge_backward(self, call: int, slot: int, cotangent: Array) -> None:
        """Keep the gradients in float64 of a call that was judged, from the cotangent of a result; they add up."""
        if call not in self._judged:
            return
        inputs, outputs = self._judged[call]
        wanted = [(i, x) for i, x in enumerate(inputs) if x.requires_grad]
        if slot >= len(outputs) or not outputs[slot].requires_grad or not wanted:
            return
        try:
            with self.alone():
                seed = self.package.tensor(cotangent.astype(outputs[slot].detach().numpy().dtype))
                found = self.package.autograd.grad(
                    outputs[slot], [x for _, x in wanted], seed, retain_graph=True, allow_unused=True
                )
        except Exception:
            return
        for (i, _), g in zip(wanted, found, strict=True):
            if g is not None:
                key = place(call, GRADIENT64, i)
                self.arrays[key] = self.arrays.get(key, 0.0) + g.detach().numpy()

    def handed_back(self, call: int, slot: int, g: Any) -> Any:
        """The cotangent with the other run's numbers, if they are given; None leaves it as it is."""
        other = self.given.get(place(call, COTANGENT, slot))
        if other is None or g.requires_grad or other.shape != tuple(g.shape):
            return None
        new = g.detach().clone()
        np.copyto(new.numpy(), other)
        return new


def _widened_step(package: Any, optimizer: Any) -> list[Any]:
    """The parameters in float64 after a step of an optimiser, of which neither it nor its parameters know."""
    twin = copy.deepcopy(optimizer)
    stepped = []
    for group, own in zip(optimizer.param_groups, twin.param_groups, strict=True):
        for parameter, new in zip(group["params"], own["params"], strict=True):
            new.grad = None
            new.data = new.data.double()
            if parameter.grad is not None:
                new.grad = parameter.grad.detach().double()
                stepped.append(new)
    for state in twin.state.values():
        for name, value in state.items():
            if isinstance(value, package.Tensor) and value.is_floating_point():
                state[name] = value.double()
    twin.step()
    return stepped


class _Widened:
    """Copies of arguments in which floating-point tensors are of float64; `leaves` has the tensors in order."""

    def __init__(self, package: Any, in_place: bool) -> None:
        self.package = package
        self.recorded = not in_place  # a leaf of which a gradient is wanted is not written to
        self.leaves: list[Any] = []

    def of(self, value: Any) -> Any:
        """The copy of one argument, or of several."""
        if isinstance(value, self.package.Tensor):
            new = value.detach().clone()
            if new.is_floating_point():
                new = new.double().requires_grad_(value.requires_grad and self.recorded)
            self.leaves.append(new)
            return new
        if isinstance(value, dict):
            return {name: self.of(each) for name, each in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        if isinstance(value, self.package.dtype) and value.is_floating_point:
            return self.package.float64
        return value
