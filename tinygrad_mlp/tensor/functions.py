"""The functions and methods on Tensors that are made from the derivative table, one for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.modes import modes
from ..ops import BY_NUMPY, TABLE, Operator
from .dispatch import function_of
from .inplace import inplace_of, reshaped_in_place
from .refusals import INVERT_FLOAT, NO_PROTOCOL, NO_ROW, PLUS_BOOL
from .tensor import Tensor, wrap

Function = Callable[..., Any]

FUNCTIONS: dict[str, Callable[..., Tensor]] = {name: function_of(row) for name, row in TABLE.items()}
INPLACE: dict[str, Callable[..., Tensor]] = {name + "_": inplace_of(row) for name, row in TABLE.items() if row.inplace}
INPLACE["fill_with_tensor_"] = inplace_of(TABLE["fill"], "FillBackward3")
INPLACE |= {
    name + "_": reshaped_in_place(TABLE[name]) for name in ("t", "transpose", "squeeze", "unsqueeze", "as_strided")
}


class _InRules:
    """A method that Tensor has while rules of the derivative table run on Tensors, and not otherwise.

    So the lines of a rule, which call NumPy, are recorded when a gradient is itself differentiated; and the NumPy
    functions that a program calls find no protocol and make arrays of Tensors, as they do with torch's.
    """

    def __init__(self, method: Function) -> None:
        self.method = method

    def __get__(self, instance: Any, owner: type) -> Any:
        if not modes.rules:
            raise AttributeError(NO_PROTOCOL)
        return self.method if instance is None else self.method.__get__(instance)


def call_row(self: Tensor, row: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the function of a row that was called on Tensors."""
    return FUNCTIONS[row.name](*args, **kwargs)


def call_numpy(self: Tensor, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the row that stands for a NumPy function which a rule calls on Tensors (NEP 18).

    TypeError for a function that no row stands for.
    """
    row = BY_NUMPY.get(function)
    if row is not None:
        return FUNCTIONS[row.name](*args, **kwargs)
    if function in (np.zeros_like, np.ones_like, np.empty_like):
        return wrap(np.asarray(function(args[0].array, *args[1:], **kwargs)))
    raise TypeError(NO_ROW.format(function=getattr(function, "__name__", function)))


_REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


def call_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Run the row that stands for a NumPy ufunc, or for its `reduce`, which a rule calls on Tensors (NEP 13)."""
    if method == "reduce" and ufunc in _REDUCTIONS:
        return call_numpy(self, _REDUCTIONS[ufunc], (), inputs, kwargs)
    return call_numpy(self, ufunc, (), inputs, kwargs) if method == "__call__" else NotImplemented


def _reversed(name: str) -> Function:
    function = FUNCTIONS[name]
    return lambda self, other: function(other, self)


def _comparison(name: str) -> Function:
    function = FUNCTIONS[name]

    def compare(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return function(self, other)

    return compare


def _positive(self: Tensor) -> Tensor:
    if self.array.dtype == np.bool_:
        raise RuntimeError(PLUS_BOOL)
    return self


def _inverted(self: Tensor) -> Tensor:
    if self.array.dtype.kind == "f":
        raise TypeError(INVERT_FLOAT)
    return FUNCTIONS["bitwise_not"](self)


# Python's operators, and the row that each of them calls.
_OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}


def install() -> None:
    """Give Tensor its methods and operators."""
    for name, row in TABLE.items():
        if row.method:
            setattr(Tensor, name, FUNCTIONS[name])
    for name, function in INPLACE.items():
        setattr(Tensor, name, function)
    for operator, name in _OPERATORS.items():
        setattr(Tensor, f"__{operator}__", FUNCTIONS[name])
        setattr(Tensor, f"__r{operator}__", _reversed(name))
        setattr(Tensor, f"__i{operator}__", INPLACE[name + "_"])
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", _comparison(name))
    for name, special in {
        "__radd__": FUNCTIONS["add"],  # a + b is b + a, to the last bit
        "__rmul__": FUNCTIONS["mul"],
        "__rsub__": FUNCTIONS["rsub"],
        "__rtruediv__": lambda self, other: FUNCTIONS["mul"](FUNCTIONS["reciprocal"](self), other),
        "__row_call__": call_row,
        "__array_function__": _InRules(call_numpy),
        "__array_ufunc__": _InRules(call_ufunc),
        "__neg__": FUNCTIONS["neg"],
        "__pos__": _positive,
        "__reversed__": lambda self: FUNCTIONS["flip"](self, (0,)) if self.array.ndim else self,
        "__abs__": FUNCTIONS["abs"],
        "__invert__": _inverted,
    }.items():
        setattr(Tensor, name, special)


install()
