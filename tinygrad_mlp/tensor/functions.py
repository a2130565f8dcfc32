"""The functions and methods on Tensors that are made from the derivative table, one for each row.

A program uses few of them. So each is made, and the file of its row imported, when it is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd.modes import modes
from ..ops import IN_PLACE, METHODS, ROWS, TABLE, Operator, by_numpy
from .dispatch import function_of
from .inplace import inplace_of, reshaped_in_place
from .kinds import of_one_tuple
from .refusals import NO_PROTOCOL, NO_ROW
from .tensor import Tensor, wrap

Function = Callable[..., Any]


class _Made(dict[str, Callable[..., Tensor]]):
    """Functions by their names, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], Callable[..., Tensor]], names: Iterable[str]) -> None:
        self.make = make
        self.names = dict.fromkeys(names)

    def __missing__(self, name: str) -> Callable[..., Tensor]:
        return self.setdefault(name, self.make(name))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    keys, values, items = Mapping.keys, Mapping.values, Mapping.items  # type: ignore[assignment]


def methods_in(module: str, names: Iterable[str]) -> dict[str, Function]:
    """Those METHODS of a module: it is imported when one of them is first asked for."""
    return _Made(lambda name: importlib.import_module(module).METHODS[name], names)


def _in_place(name: str) -> Callable[..., Tensor]:
    if name == "fill_with_tensor_":
        return inplace_of(TABLE["fill"], "FillBackward3")
    row = TABLE[name[:-1]]
    return reshaped_in_place(row) if name in _RESHAPED else inplace_of(row)


_RESHAPED = ("t_", "transpose_", "squeeze_", "unsqueeze_", "as_strided_")
FUNCTIONS = _Made(lambda name: function_of(TABLE[name]), ROWS)
INPLACE = _Made(_in_place, (*IN_PLACE, *_RESHAPED, "fill_with_tensor_"))


def function_of_torch(name: str) -> Function:
    """The function of a row as it stands in torch's namespace."""
    return of_one_tuple(TABLE[name], FUNCTIONS[name]) if TABLE[name].variadic else FUNCTIONS[name]


class Later:
    """Stands on Tensor for a method until that is first asked for: `functions[name]`, which then takes its place."""

    def __init__(self, functions: dict[str, Function], name: str) -> None:
        self.functions = functions
        self.name = name

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    def __get__(self, instance: Any, owner: type) -> Any:
        function = self.functions[self.name]
        setattr(Tensor, self.attribute, function)
        return function.__get__(instance, owner)


def later(attribute: str, functions: dict[str, Function], name: str) -> None:
    """Give Tensor the method `functions[name]`, which is looked up when it is first asked for."""
    method = Later(functions, name)
    method.__set_name__(Tensor, attribute)
    setattr(Tensor, attribute, method)


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
    if function in (np.zeros_like, np.ones_like, np.empty_like):
        return wrap(np.asarray(function(args[0].array, *args[1:], **kwargs)))
    row = by_numpy(function)
    if row is not None:
        return FUNCTIONS[row.name](*args, **kwargs)
    raise TypeError(NO_ROW.format(function=getattr(function, "__name__", function)))


_REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


def call_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Run the row that stands for a NumPy ufunc, or for its `reduce`, which a rule calls on Tensors (NEP 13)."""
    if method == "reduce" and ufunc in _REDUCTIONS:
        return call_numpy(self, _REDUCTIONS[ufunc], (), inputs, kwargs)
    return call_numpy(self, ufunc, (), inputs, kwargs) if method == "__call__" else NotImplemented


def _reversed(name: str) -> Function:
    return lambda self, other: FUNCTIONS[name](other, self)


def _comparison(name: str) -> Function:
    def compare(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return FUNCTIONS[name](self, other)

    return compare


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
    for name in METHODS:
        later(name, FUNCTIONS, name)
    for name in INPLACE:
        later(name, INPLACE, name)
    for operator, name in _OPERATORS.items():
        later(f"__{operator}__", FUNCTIONS, name)
        later(f"__i{operator}__", INPLACE, name + "_")
        setattr(Tensor, f"__r{operator}__", _reversed(name))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", _comparison(name))
    for attribute, name in {
        "__radd__": "add",  # a + b is b + a, to the last bit
        "__rmul__": "mul",
        "__rsub__": "rsub",
        "__neg__": "neg",
        "__abs__": "abs",
        "__invert__": "bitwise_not",
    }.items():
        later(attribute, FUNCTIONS, name)
    for name, special in {
        "__rtruediv__": lambda self, other: FUNCTIONS["mul"](FUNCTIONS["reciprocal"](self), other),
        "__row_call__": call_row,
        "__array_function__": _InRules(call_numpy),
        "__array_ufunc__": _InRules(call_ufunc),
        "__pos__": lambda self: self,
    }.items():
        setattr(Tensor, name, special)


install()
