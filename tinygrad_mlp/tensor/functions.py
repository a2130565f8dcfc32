"""The functions and methods on Tensors that are made from the derivative table, one for each row.

A program uses few of them. So each is made, and the file of its row imported, when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.modes import modes
from ..ops import TABLE, Operator, by_numpy, write_sources_with
from .arguments import as_array
from .later import Made, later
from .refusals import NO_PROTOCOL, NO_ROW
from .signatures import function_of
from .tensor import Tensor, wrap

Function = Callable[..., Any]

ROOMS = ("special_", "linalg_")  # how the names of rows begin that are functions of these rooms alone

_RESHAPED = ("t_", "transpose_", "squeeze_", "unsqueeze_", "as_strided_")


def _function(name: str) -> Function:
    return FUNCTIONS[TABLE.aliases[name]] if name in TABLE.aliases else function_of(TABLE[name])


def _in_place(name: str) -> Function:
    if name[:-1] in TABLE.aliases:
        return INPLACE[f"{TABLE.aliases[name[:-1]]}_"]
    from .inplace import inplace_of, reshaped_in_place  # when a program first writes in place

    if name == "fill_with_tensor_":
        return inplace_of(TABLE["fill"], "FillBackward3")
    row = TABLE[name[:-1]]
    return reshaped_in_place(row) if name in _RESHAPED else inplace_of(row)


def named(what: str) -> list[str]:
    """The names of rows that are `what` ("method", "inplace", ...), with aliases, but not those of rooms."""
    found = [(name, entry) for name, entry in TABLE.contents.items() if getattr(entry, what)]
    return [n for name, entry in found for n in (name, *entry.aliases) if not n.startswith(ROOMS)]


FUNCTIONS: dict[str, Callable[..., Tensor]] = Made(_function, *TABLE.contents, *TABLE.aliases)
INPLACE: dict[str, Callable[..., Tensor]] = Made(
    _in_place,
    *(f"{name}_" for name in named("inplace")),
    *_RESHAPED,
    "fill_with_tensor_",
)


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
        return wrap(as_array(function(args[0].array, *args[1:], **kwargs)))
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


def install() -> None:
    """Give Tensor its methods."""
    for name in named("method"):
        later(name, FUNCTIONS, name)
    for name in INPLACE:
        later(name, INPLACE, name)
    for name, special in {
        "__row_call__": call_row,
        "__array_function__": _InRules(call_numpy),
        "__array_ufunc__": _InRules(call_ufunc),
    }.items():
        setattr(Tensor, name, special)


def _source(row: Operator, inplace: bool) -> str:
    from .inplace import source

    return source(row, inplace)


install()
write_sources_with(_source)
