"""Records what a program does with a framework, torch or this package: what both have in common of it.

A program's calls of functions and methods, calls of modules, steps of optimisers and backward passes are numbered as
they come. What intercepts them belongs to each framework (`ours.py`, `theirs.py`); what is noted is the same for both,
because both have tensors with the same methods.
"""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from .described import call_text, module_text, source_of, step_source
from .kept import Kept
from .leaves import Leaves
from .records import COTANGENT, INPUT, OUTPUT, Writer

Array = np.ndarray[Any, np.dtype[Any]]
MODULES = 100  # that are known by name at the end, at most

# Python's names for what an operator sign does, and torch's.
_SIGNS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add_", "__sub__": "sub", "__rsub__": "rsub", "__isub__": "sub_",
    "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul_", "__truediv__": "div", "__rtruediv__": "rdiv",
    "__itruediv__": "div_", "__div__": "div", "__rdiv__": "rdiv", "__idiv__": "div_", "__pow__": "pow",
    "__rpow__": "rpow", "__ipow__": "pow_", "__matmul__": "matmul", "__rmatmul__": "matmul", "__neg__": "neg",
    "__getitem__": "getitem", "__setitem__": "setitem_", "__lt__": "lt", "__le__": "le", "__gt__": "gt",
    "__ge__": "ge", "__eq__": "eq", "__ne__": "ne", "__abs__": "abs", "__invert__": "bitwise_not", "__and__": "and",
    "__or__": "or", "__xor__": "xor", "__floordiv__": "floor_divide", "__mod__": "remainder",
    "__rmod__": "remainder", "negative": "neg", "multiply": "mul", "subtract": "sub", "divide": "div",
    "true_divide": "div", "_softmax": "softmax", "absolute": "abs", "greater": "gt", "less": "lt",
}  # fmt: skip


@functools.cache
def common_name(name: str) -> str:
    """The name of a function or method that both frameworks have for it: `mul` for `torch.Tensor.__rmul__`."""
    name = name.rpartition(".")[2]
    return _SIGNS.get(name, name)


class StepsDone(SystemExit):
    """As many backward passes were recorded as were asked for: the program ends."""


class Recorder:
    """Notes the calls of a program.

    `packages` are the folders of the framework: a call whose caller is in there is not the program's own, unless it
    is the file of the `program`, which may be one of the examples. `array_of` gives the array of a tensor. `kept` has
    the calls whose arrays are kept whole. After `steps` backward passes the next one ends the program. `unseen` gives
    a function whose own calls of the framework do not come here.
    """

    def __init__(
        self,
        writer: Writer,
        kept: Kept,
        packages: Sequence[str],
        array_of: Callable[[Any], Array],
        program: str = "",
        steps: int | None = None,
        unseen: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function,
    ) -> None:
        self.writer = writer
        self.array_of = array_of
        self.kept = kept
        self.tensor = kept.package.Tensor
        self.packages = ("<frozen", *packages)
        self.program = os.path.abspath(program)
        self.limit = steps
        self.step = 0
        self.modules: dict[int, Any] = {}  # the outermost that were called, by id, in order
        self.optimizers: dict[int, Any] = {}
        self._unseen = unseen
        self.leaves = Leaves(unseen(self._leaf_gradient))
        self._of_leaf: dict[int, int] = {}  # the last summary of each
        self._open: list[int] = []  # modules that are being called
        self._backward = -1  # the last backward pass
        self._known: dict[int, tuple[Any, int, int]] = {}
        self._frameworks: dict[str, bool] = {}  # whether a file is the framework's

    # -- what is called ----------------------------------------------------------------------------

    def function(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any, frame: FrameType) -> Any:
        """Run a call of a function or method of the program, and note it if tensors come out or are written to."""
        common = common_name(name)
        in_place = common.endswith("_") and not common.endswith("__")
        inputs = self.tensors((args, kwargs) if kwargs else args)
        before = self._seen(self.writer.calls, inputs, frame)
        if self.writer.calls in self.kept.calls:
            number = self.writer.calls
            self.kept.descriptions[number] = {"text": call_text(name, args, kwargs, self.tensor)}
            self.kept.judge(number, function, args, kwargs, self.tensors, in_place)
        result = function(*args, **kwargs)
        outputs = self.tensors(result) or (inputs[:1] if in_place else [])
        if outputs:
            call = self._begin(common, "function", frame)
            self._link(call, INPUT, before)
            self._outputs(call, outputs)
        return result

    def applied(self, function: Any, apply: Callable[..., Any], args: Any, kwargs: Any, frame: FrameType) -> Any:
        """Run a Function of the program, and note it by the name of its class."""
        call = self._begin(function.__name__, "function", frame)
        inputs = self.tensors((args, kwargs) if kwargs else args)
        self._link(call, INPUT, self._seen(call, inputs, frame))
        if call in self.kept.calls:
            text = call_text(f"{function.__name__}.apply", args, kwargs, self.tensor)
            self.kept.descriptions[call] = {"text": text, "source": source_of(function)}
            self.kept.judge(call, apply, args, kwargs, self.tensors)
        result = apply(*args, **kwargs)
        self._outputs(call, self.tensors(result))
        return result

    def backward(self, name: str, losses: Any, run: Callable[[], Any], frame: FrameType) -> Any:
        """Run a backward pass of the program, and note it with its losses and what it adds to gradients."""
        if self.limit is not None and self.step >= self.limit:
            raise StepsDone(0)
        call = self._backward = self._begin(name, "backward", frame)
        losses = self.tensors(losses)
        self._link(call, INPUT, self._seen(call, losses, frame))
        for loss in losses[:1]:
            array = self._array(loss)
            if array is not None and array.size == 1:
                self.writer.add_loss(float(array.reshape(())))
        if call in self.kept.calls:
            for slot, gradient in self.leaves.gradients():
                self._keep(call, INPUT, len(losses) + slot, gradient)
        try:
            result = run()
        finally:
            self.step += 1
        if result is not None:  # of autograd.grad, which adds to no gradient
            self._outputs(call, self.tensors(result))
            return result
        for slot, gradient in self.leaves.gradients():
            self._link(call, OUTPUT, {slot: self._summary(gradient)})
            self._keep(call, OUTPUT, slot, gradient)
        return None

    def enter(self, module: Any, args: Any) -> None:
        """Note that a module is called. Its own parameters and buffers go in, too."""
        frame = None if self.kept.judging else self.program_frame(sys._getframe(1))
        if frame is None:
            self._open.append(-1)
            return
        if not self._open and len(self.modules) < MODULES:
            self.modules.setdefault(id(module), module)
        call = self._begin(type(module).__name__, "module", frame)
        own = [*module._parameters.values(), *module._buffers.values()]
        inputs = [*self.tensors(args), *(tensor for tensor in own if tensor is not None)]
        self._link(call, INPUT, self._seen(call, inputs, frame))
        if call in self.kept.calls:
            self.kept.descriptions[call] = {"text": module_text(module, args, self.tensor)}
            self.kept.judge_module(call, module, args, self.tensors)
        self._open.append(call)

    def leave(self, module: Any, args: Any, result: Any) -> None:
        """Note what a module has given."""
        call = self._open.pop() if self._open else -1
        if call >= 0:
            self._outputs(call, self.tensors(result))

    def step_begins(self, optimizer: Any) -> int:
        """Note that an optimiser makes a step: gradients and parameters go in, and its state where that is kept."""
        self.optimizers.setdefault(id(optimizer), optimizer)
        frame = self.program_frame(sys._getframe(1))
        if frame is None:
            return -1
        call = self._begin(f"{type(optimizer).__name__}.step", "optimizer", frame)
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        inputs = [*(p.grad for p in parameters), *parameters]
        if call in self.kept.calls:
            states = (optimizer.state[p] for p in parameters if p in optimizer.state)
            inputs += [value for state in states for value in state.values() if isinstance(value, self.tensor)]
        self._link(call, INPUT, self._seen(call, inputs, frame))
        if call in self.kept.calls:
            text = f"step({', '.join(f'x{i}' for i in range(len(inputs)))})"
            source = step_source(optimizer, parameters, self.tensor)
            self.kept.descriptions[call] = {"text": text, "source": source}
            self.kept.judge_step(call, optimizer)
        return call

    def step_ends(self, optimizer: Any, call: int) -> None:
        """Note the parameters after the step."""
        if call >= 0:
            self._outputs(call, [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None])

    # -- what is noted -----------------------------------------------------------------------------

    def _begin(self, name: str, kind: str, frame: FrameType) -> int:
        return self.writer.add_call(name, kind, _shown(frame.f_code.co_filename), frame.f_lineno, self.step)

    def _seen(self, call: int, inputs: list[Any], frame: FrameType) -> dict[int, int | None]:
        """The summaries of what goes into a call; of one that is kept, the other run's arrays are put in then."""
        found = {}
        for slot, tensor in enumerate(inputs):
            leaf = self.leaves.number(tensor, frame) if tensor.requires_grad and tensor.is_leaf else None
            found[slot] = number = self._summary(tensor)
            if leaf is not None and number is not None and self._of_leaf.get(leaf) != number:
                self._of_leaf[leaf] = number
                self.writer.add_leaf(leaf, number)
            self._keep(call, INPUT, slot, tensor)
        return found

    def _keep(self, call: int, role: int, slot: int, tensor: Any) -> None:
        """Keep the array of a call that is to be kept; what goes in is then given the other run's numbers."""
        if call in self.kept.calls:
            array = self._array(tensor)
            if array is not None:
                self.kept.keep(call, role, slot, array)
                if role == INPUT:
                    self.kept.put(call, role, slot, array)

    def _link(self, call: int, role: int, summaries: dict[int, int | None]) -> None:
        for slot, summary in summaries.items():
            if summary is not None:
                self.writer.link(call, role, slot, summary)

    def _outputs(self, call: int, outputs: list[Any]) -> None:
        for slot, tensor in enumerate(outputs):
            self._link(call, OUTPUT, {slot: self._summary(tensor)})
            self._keep(call, OUTPUT, slot, tensor)
            if tensor.requires_grad and not tensor.is_leaf:
                tensor.register_hook(self._cotangent(call, slot))

    def _cotangent(self, call: int, slot: int) -> Callable[[Any], Any]:
        def note(g: Any) -> Any:
            if isinstance(g, self.tensor) and not self.kept.judging:
                return self._came(call, slot, g)
            return None

        return self._unseen(note)

    def _leaf_gradient(self, slot: int, g: Any) -> Any:
        if isinstance(g, self.tensor) and self._backward >= 0 and not self.kept.judging:
            return self._came(self._backward, slot, g)
        return None

    def _came(self, call: int, slot: int, g: Any) -> Any:
        """Note what backward has brought; of a call that is kept, the other run's numbers go on from here."""
        array = self._array(g)
        if array is None:
            return None
        self.writer.link(call, COTANGENT, slot, self.writer.add_array(array))
        if call not in self.kept.calls:
            return None
        self.kept.keep(call, COTANGENT, slot, array)
        other = self.kept.handed_back(call, slot, g)
        self.kept.judge_backward(call, slot, array if other is None else other.numpy())
        return other

    def _summary(self, tensor: Any) -> int | None:
        """The number of the summary of a tensor as it is now; that of a tensor that has not changed is known."""
        known = self._known.get(id(tensor))
        version = tensor._version
        if known is not None and known[0]() is tensor and known[1] == version:
            return known[2]
        array = self._array(tensor)
        if array is None:
            return None
        number = self.writer.add_array(array)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[id(tensor)] = (weakref.ref(tensor), version, number)
        return number

    def _array(self, tensor: Any) -> Array | None:
        """The numbers of a tensor; None where it has none: on the meta device, inside torch.func, of no NumPy dtype."""
        try:
            return self.array_of(tensor)
        except (RuntimeError, TypeError, NotImplementedError):
            return None

    def tensors(self, value: Any) -> list[Any]:
        """The tensors in arguments or results, those in lists, tuples and dicts, too."""
        if isinstance(value, self.tensor):
            return [value]
        found: list[Any] = []
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
            if isinstance(each, self.tensor):
                found.append(each)
            elif isinstance(each, (list, tuple, dict)):
                found += self.tensors(each)
        return found

    # -- where -------------------------------------------------------------------------------------

    def is_inside(self, frame: FrameType) -> bool:
        """Whether a call is not noted: from a frame of the framework, or while a call is judged."""
        if self.kept.judging:
            return True
        file = frame.f_code.co_filename
        known = self._frameworks.get(file)
        if known is None:
            known = self._frameworks[file] = file.startswith(self.packages) and file != self.program
        return known

    def program_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the program from a frame on outwards."""
        while frame is not None and self.is_inside(frame):
            frame = frame.f_back
        return frame


@functools.cache
def _shown(path: str) -> str:
    """How a file of the program is called in a trace: from the current folder on, so that traces can be compared."""
    if path.startswith("<"):
        return path
    relative = os.path.relpath(path)
    return os.path.basename(path) if relative.startswith("..") else relative
