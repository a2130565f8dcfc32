"""Records what a program does with a framework, torch or this package: what both have in common of it.

A program's calls of functions and methods, calls of modules, steps of optimisers and backward passes are numbered as
they come. What intercepts them belongs to each framework (`ours.py`, `theirs.py`); what is noted is the same for both,
because both have tensors with the same methods.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import numpy as np

from .records import COTANGENT, INPUT, OUTPUT, Writer
from .summary import summarise

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


def common_name(name: str) -> str:
    """The name of a function or method that both frameworks have for it: `mul` for `torch.Tensor.__rmul__`."""
    name = name.rpartition(".")[2]
    return _SIGNS.get(name, name)


class Recorder:
    """Notes the calls of a program.

    `packages` are the folders of the framework: a call whose caller is in there is not the program's own, unless it
    is the file of the `program`, which may be one of the examples. `tensor` is the class of tensors. `keep` are the
    numbers of the calls whose arrays are to be kept whole, in `arrays`.
    """

    def __init__(
        self, writer: Writer, tensor: type, packages: Sequence[str], program: str = "", keep: Sequence[int] = ()
    ) -> None:
        self.writer = writer
        self.tensor = tensor
        self.packages = ("<frozen", *packages)
        self.program = os.path.abspath(program)
        self.keep = frozenset(keep)
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.step = 0
        self.modules: dict[int, Any] = {}  # the outermost that were called, by id, in order
        self.optimizers: dict[int, Any] = {}
        self._open: list[int] = []  # modules that are being called
        self._known: dict[int, tuple[Any, int, int]] = {}

    # -- what is called ----------------------------------------------------------------------------

    def function(self, name: str, args: Any, kwargs: Any, run: Callable[[], Any], frame: FrameType) -> Any:
        """Run a call of a function or method of the program, and note it if tensors come out or are written to."""
        inputs = list(self.tensors((args, kwargs)))
        written = inputs[:1] if name.endswith("_") and not name.endswith("__") else []
        before = [(tensor, self._summary(tensor)) for tensor in inputs]
        result = run()
        outputs = list(self.tensors(result)) or written
        if outputs:
            call = self._add(name, "function", frame)
            self._note(call, INPUT, before)
            self._outputs(call, outputs)
        return result

    def applied(self, function: Any, args: Any, run: Callable[[], Any], frame: FrameType) -> Any:
        """Run a Function of the program, and note it by the name of its class."""
        return self.function(function.__name__, args, {}, run, frame)

    def backward(self, loss: Any, run: Callable[[], Any], frame: FrameType) -> Any:
        """Run a backward pass of the program, and note it with its loss."""
        call = self._add("backward", "backward", frame)
        self._note(call, INPUT, [(loss, self._summary(loss))])
        if self._array(loss).size == 1:
            self.writer.add_loss(float(self._array(loss).reshape(())))
        try:
            return run()
        finally:
            self.step += 1

    def enter(self, module: Any, args: Any) -> None:
        """Note that a module is called."""
        frame = self.program_frame(sys._getframe(1))
        if frame is None:
            self._open.append(-1)
            return
        if not self._open and len(self.modules) < 100:
            self.modules.setdefault(id(module), module)
        call = self._add(type(module).__name__, "module", frame)
        self._note(call, INPUT, [(tensor, self._summary(tensor)) for tensor in self.tensors(args)])
        self._open.append(call)

    def leave(self, module: Any, args: Any, result: Any) -> None:
        """Note what a module has given."""
        call = self._open.pop() if self._open else -1
        if call >= 0:
            self._outputs(call, list(self.tensors(result)))

    def stepped(self, optimizer: Any) -> None:
        """Note that an optimiser has made a step: the gradients that it has used, and the parameters after it."""
        self.optimizers.setdefault(id(optimizer), optimizer)
        frame = self.program_frame(sys._getframe(1))
        if frame is None:
            return
        call = self._add(f"{type(optimizer).__name__}.step", "optimizer", frame)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        self._note(call, INPUT, [(g, self._summary(g)) for g in gradients])
        self._outputs(call, parameters)

    # -- what is noted -----------------------------------------------------------------------------

    def _add(self, name: str, kind: str, frame: FrameType) -> int:
        return self.writer.add_call(name, kind, _shown(frame.f_code.co_filename), frame.f_lineno, self.step)

    def _note(self, call: int, role: int, noted: list[tuple[Any, int]]) -> None:
        for slot, (tensor, summary) in enumerate(noted):
            self.writer.link(call, role, slot, summary)
            if call in self.keep:
                self.arrays[f"{call}:{role}:{slot}"] = self._array(tensor).copy()

    def _outputs(self, call: int, outputs: list[Any]) -> None:
        self._note(call, OUTPUT, [(tensor, self._summary(tensor)) for tensor in outputs])
        for slot, tensor in enumerate(outputs):
            if tensor.requires_grad and not tensor.is_leaf:
                tensor.register_hook(self._cotangent(call, slot))

    def _cotangent(self, call: int, slot: int) -> Callable[[Any], None]:
        def note(g: Any) -> None:
            if isinstance(g, self.tensor):
                self.writer.link(call, COTANGENT, slot, self.writer.add_summary(summarise(self._array(g))))
                if call in self.keep:
                    self.arrays[f"{call}:{COTANGENT}:{slot}"] = self._array(g).copy()

        return note

    def _summary(self, tensor: Any) -> int:
        """The number of the summary of a tensor as it is now; that of a tensor that has not changed is known."""
        known = self._known.get(id(tensor))
        version = tensor._version
        if known is not None and known[0]() is tensor and known[1] == version:
            return known[2]
        number = self.writer.add_summary(summarise(self._array(tensor)))
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[id(tensor)] = (weakref.ref(tensor), version, number)
        return number

    def _array(self, tensor: Any) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = tensor.detach().numpy()
        return array

    def tensors(self, value: Any) -> Iterator[Any]:
        """The tensors in arguments or results, those in lists, tuples and dicts, too."""
        if isinstance(value, self.tensor):
            yield value
        elif isinstance(value, dict):
            for each in value.values():
                yield from self.tensors(each)
        elif isinstance(value, (list, tuple)):
            for each in value:
                yield from self.tensors(each)

    # -- where -------------------------------------------------------------------------------------

    def is_inside(self, frame: FrameType) -> bool:
        """Whether a frame is one of the framework's, or of what was compiled from text."""
        file = frame.f_code.co_filename
        return file.startswith(self.packages) and file != self.program

    def program_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the program from a frame on outwards."""
        while frame is not None and self.is_inside(frame):
            frame = frame.f_back
        return frame


def _shown(path: str) -> str:
    """How a file of the program is called in a trace: from the current folder on, so that traces can be compared."""
    if path.startswith("<"):
        return path
    relative = os.path.relpath(path)
    return os.path.basename(path) if relative.startswith("..") else relative
