"""Python's operators on Tensors: `x + y`, `x += y`, `x < y`.

For an operand of a type that they do not know they return NotImplemented, so that Python asks the operand. That is how
NumPy's arrays take part, as with torch's tensors: NumPy makes an array of the tensor, computes, and what it gets is
made a tensor again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import FLOATING
from ..messages import noted
from .functions import FUNCTIONS, INPLACE, Function
from .later import Made, later
from .refusals import INVERT_FLOAT, NO_DELETION, REFLECTED_OF_OTHER
from .tensor import Tensor, wrap

# The row that each of them calls.
_ARITHMETIC = {
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
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
_COMPARISONS = ("ne", "lt", "le", "gt", "ge")
_COMMUTATIVE = frozenset(("add", "mul", "and", "or", "xor"))  # a + b is b + a, to the last bit


def _operator(function: Any) -> Function:
    """The function of a row as an operator."""
    caller = function.caller

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return caller.call(self, other)
        except TypeError:
            return NotImplemented
        except Exception as error:
            noted(error)
            raise

    return operator


def _commuted(name: str) -> Function:
    """The reflected operator of one that is commutative. It is refused where it is called on what is no Tensor."""
    function = _operator(FUNCTIONS[_ARITHMETIC[name]])

    def reflected(self: Tensor, other: Any) -> Any:
        if not isinstance(self, Tensor):
            raise TypeError(REFLECTED_OF_OTHER.format(name=name, found=type(self).__name__))
        return function(self, other)

    return reflected


def _swapped(name: str) -> Function:
    function = _operator(FUNCTIONS[_ARITHMETIC[name]])
    return lambda self, other: function(other, self)


def _divided(self: Tensor, other: Any) -> Any:
    """The other divided by this tensor (torch.Tensor.__rtruediv__)."""
    reciprocal = self.reciprocal()
    try:
        return reciprocal * other
    except TypeError:
        return NotImplemented


def _equality() -> Function:
    """Which elements are equal to those of a tensor or a number, and here alone to those of an array, too."""
    operator = _operator(FUNCTIONS["eq"])

    def equal(self: Tensor, other: Any) -> Any:
        result = operator(self, other)
        if result is NotImplemented and isinstance(other, np.ndarray) and other.dtype.kind in "fiub":
            return operator(self, wrap(other))
        return result

    return equal


def _inverted(self: Tensor) -> Tensor:
    if self.array.dtype.kind in FLOATING:
        raise TypeError(INVERT_FLOAT)
    return FUNCTIONS["bitwise_not"](self)


def _undeletable(self: Tensor, index: Any) -> None:
    """TypeError: elements cannot be taken out of a tensor."""
    raise TypeError(NO_DELETION)


def _made(name: str) -> Function:
    """The operator of a name: one of arithmetic ("add"), the same reflected ("radd") or in place ("iadd")."""
    if name in _ARITHMETIC or name in _COMPARISONS:
        return _operator(FUNCTIONS[_ARITHMETIC.get(name, name)])
    if name == "eq":
        return _equality()
    way, name = name[0], name[1:]
    if way == "i":
        return _operator(INPLACE[f"{_ARITHMETIC[name]}_"])
    if name == "sub":
        return _operator(FUNCTIONS["rsub"])
    return _commuted(name) if name in _COMMUTATIVE else _swapped(name)


OPERATORS = Made(_made, *(f"{way}{name}" for way in ("", "r", "i") for name in _ARITHMETIC), "eq", *_COMPARISONS)


def install() -> None:
    """Give Tensor its operators."""
    for name in OPERATORS:
        later(f"__{name}__", OPERATORS, name)
    for attribute, name in {"__neg__": "neg", "__abs__": "abs"}.items():
        later(attribute, FUNCTIONS, name)
    for name, special in {
        "__rtruediv__": _divided,
        "__rdiv__": _divided,
        "__delitem__": _undeletable,
        "__reversed__": lambda self: FUNCTIONS["flip"](self, (0,)) if self.array.ndim else self,
        "__invert__": _inverted,
    }.items():
        setattr(Tensor, name, special)


install()
