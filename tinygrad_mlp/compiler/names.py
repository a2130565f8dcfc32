"""Names for the values of a program, so that its source reads like the user's.

The name is that of an argument, a parameter or a local variable of the step where there is one, `grad_` and a name for
a cotangent, and otherwise a word for the operation:

    h = x.mm(w1).clamp(min=0)  # product = np.dot(x, w1); h = np.maximum(0, product)
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.outputs import OutputNode
from ..tape import AccumulateGrad
from ..tensor import Tensor
from .emit import helper_name, identifier, is_helper
from .lines import Program, Value
from .recording import RecordingArray
from .session import Session


def wish_names(session: Session, arguments: dict[int, str]) -> None:
    """Note with each value the name that it should have. `arguments` are the argument tensors' names, by their ids."""
    wishes = _users_names(session, arguments)
    _name_cotangents(session, wishes)
    for value in session.recorder.values.values():
        value.name = wishes.get(id(value), "")


def name_values(program: Program, title: str, reserved: Iterable[str] = ()) -> dict[Any, str]:
    """A name for each value in the lines, all different, and different from `title`, the program's own."""
    names: dict[Any, str] = {}
    taken = {"np", "generator", title, *reserved, *keyword.kwlist, *helper_names(program)}

    def give(value: Any, wish: str) -> None:
        name, count = wish, 1
        while name in taken or keyword.iskeyword(name):
            count += 1
            name = f"{wish}_{count}"
        taken.add(name)
        names[value] = name

    for value in program.inputs:
        give(value, value.name or "input")
    for number in program.numbers:
        give(number, number.name)
    for line in program.lines:
        for value in (*line.reads(), line.out, line.target):
            if value is None or value in names or (value.kind == "constant" and not value.name):
                continue
            made = value is line.out and line.target is None
            if made and line.function in (np.ndarray.view, np.ndarray.item):
                give(value, f"{names[line.args[0]]}_{'bits' if line.function is np.ndarray.view else 'item'}")
            else:
                give(value, value.name or (_word(line.function, value) if made else "array"))
    for value in program.outputs:
        if value not in names and value.kind != "constant":
            give(value, value.name or "result")
    return names


def helper_names(program: Program) -> set[str]:
    """The names of those functions in a program that are neither NumPy's nor Python's operators."""
    return {helper_name(line.function) for line in program.lines if is_helper(line.function)}


def _users_names(session: Session, arguments: dict[int, str]) -> dict[int, str]:
    """The user's name for each value, by its id.

    In this order: an argument's, a parameter's, that of a variable of the step's, and of a frame's local variable.
    """
    wishes: dict[int, str] = {}
    recorded = session.recorder.values

    def wish(tensor: Any, name: str) -> None:
        value = recorded.get(id(tensor.array))
        if value is not None and name:
            wishes.setdefault(id(value), identifier(name))

    for touched in session.touched.values():
        if id(touched.tensor) in arguments:
            wish(touched.tensor, arguments[id(touched.tensor)])
    roots = [(m, path) for m, path in session.state.modules if "." not in path and any(True for _ in m.parameters())]
    several = len(roots) > 1
    parameters: dict[int, str] = {}
    for module, path in roots:
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            own = f"{path}.{name}" if several else name
            parameters.setdefault(id(tensor), own)
            wish(tensor, own)
    for tensor, path in session.state.tensors.values():
        if ".state[" not in path:
            wish(tensor, path)
            parameters.setdefault(id(tensor), path)
    for optimizer, _ in session.state.optimizers:
        for p, kept in optimizer.state.items():
            for key, value in kept.items():
                if isinstance(value, Tensor):
                    wish(value, f"{key}_{identifier(parameters.get(id(p), 'parameter'))}")
    for frame in session.frames.values():
        for name, value in frame.f_locals.items():
            if isinstance(value, Tensor):
                wish(value, name)
    for tensor, grad in session.grads_before.values():
        for g in (grad, vars(tensor).get("_grad")):
            if g is not None:
                wish(g, f"grad_{identifier(parameters.get(id(tensor), 'parameter'))}")
    for array_id in session.state.arrays:
        value = recorded.get(array_id)
        if value is not None:
            wishes.setdefault(id(value), "data")
    return wishes


def _name_cotangents(session: Session, wishes: dict[int, str]) -> None:
    """Name each cotangent after the value that it belongs to, with `grad_` before it."""
    of_node = {
        id(value.node): variable
        for frame in session.frames.values()
        for variable, value in frame.f_locals.items()
        if isinstance(value, Tensor) and value.node is not None
    }
    for node, g in session.cotangents:
        if not isinstance(g, RecordingArray):
            continue
        cotangent = session.recorder.values[id(g.array)]
        name = of_node.get(id(node))
        if name is None and isinstance(node, AccumulateGrad):
            name = wishes.get(id(session.recorder.values.get(id(node.variable.array))))
        if name is None:
            base = node.edges[0] if isinstance(node, OutputNode) else node
            name = "value" if base is None or base.row is None else base.row.name
        wishes.setdefault(id(cotangent), f"grad_{identifier(name)}")


def _word(function: Any, value: Value) -> str:
    """A name that tells the operation."""
    if value.kind == "number":
        return value.name
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return _WORDS.get(owner.__name__, owner.__name__) if function.__name__ == "reduce" else owner.__name__
    name = str(function.__name__).strip("_")
    return _CALLS.get(name, name)


_CALLS = {
    "add": "sum_", "subtract": "difference", "multiply": "product", "true_divide": "quotient", "divide": "quotient",
    "negative": "negated", "getitem": "part", "transpose": "transposed", "where": "chosen", "dot": "product",
    "matmul": "product", "maximum": "larger", "minimum": "smaller", "greater": "mask", "greater_equal": "mask",
    "less": "mask", "less_equal": "mask", "equal": "mask", "not_equal": "mask", "logical_not": "mask",
}  # fmt: skip
_WORDS = {"add": "total", "multiply": "product", "maximum": "largest", "minimum": "smallest"}
