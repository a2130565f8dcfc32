"""What a note tells of: the operator that refused, its operands, their names, and where they come from."""

from __future__ import annotations

from types import FrameType
from typing import Any

from ..autograd.outputs import source
from ..nn import Module, Parameter
from ..ops import Operator
from ..optim import Optimizer
from ..tensor import Tensor
from .frames import arguments_of, variables_of
from .names import Names, is_a
from .texts import DOTS, FROM, GIVEN_TO_MODULE, LEAF, NO_HISTORY, PARAMETER, THIS, UNNAMED, VIEW

CALLERS = "<tinygrad_mlp.callers"  # where the callers that are written for rows say that they stand
_OF_METHODS = ("self", "tensors", "outputs")  # parameters for which a program writes no name: `(a * b).backward()`


class Operand:
    """A tensor that an operator was called on: what it is called, its shape and dtype, and where it comes from.

    The attributes are read past those of a subclass, which may be properties of the user's.
    """

    def __init__(self, tensor: Any, names: Names, role: str, description: str) -> None:
        self.tensor, self.role = tensor, role
        array = Tensor.__dict__["array"].__get__(tensor)
        self.array = array
        self.shape: tuple[int, ...] = tuple(map(int, array.shape))
        self.dtype: str = array.dtype.name
        self.node = Tensor.__dict__["node"].__get__(tensor)
        self.needs_grad: bool = Tensor.__dict__["needs_grad"].__get__(tensor)
        self.versions = Tensor.__dict__["versions"].__get__(tensor)
        self.name = names.of(tensor)
        self._description = description
        view = Tensor.__dict__["viewed"].__get__(tensor)
        self._base = None if view is None or self.name is not None else names.of(view.base)

    @property
    def code(self) -> str:
        """How it is written in the user's program, or else the name of the parameter that it was given for."""
        return self.name or (DOTS if self.role in _OF_METHODS else self.role)

    @property
    def what(self) -> str:
        """How a sentence speaks of it."""
        return self._description if self.name is None else f"`{self.name}`"

    def __str__(self) -> str:
        """Such as: `hidden` (8, 4) float32, from clamp."""
        return f"{self.what} {self.shape} {self.dtype}, {self.origin}"

    @property
    def origin(self) -> str:
        """Where it comes from, as far as the tape knows."""
        if self._base is not None:
            return VIEW.format(base=self._base)
        if self.node is not None:
            return FROM.format(operator=operator_of(self.node))
        if is_a(self.tensor, Parameter):
            return PARAMETER
        return LEAF if self.needs_grad else NO_HISTORY


def operator_of(node: Any) -> str:
    """The name of the operator that a node was written for."""
    maker: Any = source(node)[0]
    return str(maker.row.name) if maker.row is not None else type(maker).__name__.removesuffix("Backward")


class Scene:
    """The frames of a refusal, read once. `values` are those that torch's text tells, as it has them."""

    def __init__(self, program: FrameType, way: list[FrameType], values: dict[str, str]) -> None:
        self.values = values
        self.way = way
        self.names = Names(program)
        self.module = self._innermost_module()
        self.name_of_module = None if self.module is None else self.names.of(self.module)
        self.operands = self._operands()
        self.row = self._row()

    def operand(self, tensor: Any, role: str = "") -> Operand:
        """A tensor as an operand, for one that is not among the arguments."""
        of_module = self.name_of_module is not None and role == "input"
        description = THIS if role in _OF_METHODS else UNNAMED.format(role=role)
        if of_module:
            description = GIVEN_TO_MODULE.format(module=self.name_of_module)
        return Operand(tensor, self.names, role, description)

    def find(self, name: str) -> Any:
        """The value of a local variable of this name in the innermost of the package's frames that has one, or None."""
        for frame in reversed(self.way):
            value = variables_of(frame).get(name)
            if value is not None:
                return value
        return None

    def _innermost_module(self) -> Any:
        """The module that was called last, or None."""
        for frame in reversed(self.way):
            called = next(iter(arguments_of(frame).values()), None)
            if is_a(called, Module):
                return called
        return None

    def _operands(self) -> list[Operand]:
        """The tensors among the arguments of the first function that was called on tensors, past the modules."""
        for frame in self.way:
            arguments = _with_roles(arguments_of(frame), variables_of(frame).get("row"))
            first = next(iter(arguments.values()), None)
            if is_a(first, Module) or is_a(first, Optimizer):
                continue
            tensors = list(_tensors(arguments))
            if tensors:
                return [self.operand(tensor, role) for role, tensor in tensors]
        return []

    def _row(self) -> str:
        """The name of the operator that refused."""
        for frame in reversed(self.way):
            row: Any = variables_of(frame).get("row")
            if is_a(row, Operator):
                return str(row.name)
            if frame.f_code.co_filename.startswith(CALLERS):
                return frame.f_code.co_filename.split()[1]
        return ""


def _with_roles(arguments: dict[str, Any], row: Any) -> dict[str, Any]:
    """The arguments by the names that the row has for them, where the function has taken them as `*args`."""
    if not is_a(row, Operator):
        return arguments
    return dict(zip(row.parameters, arguments.values(), strict=False))


def _tensors(arguments: dict[str, Any]) -> Any:
    for role, value in arguments.items():
        if is_a(value, Tensor):
            yield role, value
        elif type(value) in (list, tuple):
            yield from ((f"{role}[{i}]", x) for i, x in enumerate(value) if is_a(x, Tensor))
