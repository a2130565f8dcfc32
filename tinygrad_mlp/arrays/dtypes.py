"""Torch's dtypes over NumPy's: the names, the default, and the promotion of mixed operands.

NumPy promotes `int64 + float32` to float64 and lets a 0-d array widen a larger one; torch does neither.
The rules here are torch's ("Type promotion", pytorch.org/docs/stable/tensor_attributes.html).
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .refusals import DEFAULT_NOT_FLOATING, DTYPE_TYPE, NO_DTYPE, NO_TORCH_DTYPE

Array = np.ndarray[Any, np.dtype[Any]]


_WORDS = {
    "float16": "c10::Half", "float32": "float", "float64": "double", "uint8": "unsigned char", "int8": "signed char",
    "int16": "short int", "int64": "long int", "int32": "int",
}  # fmt: skip


class dtype:
    """A torch data type: `name`, its NumPy counterpart `numpy`, and torch's properties."""

    __module__ = "tinygrad_mlp"  # as torch's own: where programs find the class, and what its text says
    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "tensor_type", "word")

    def __init__(self, name: str, tensor_type: str) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = self.numpy.kind == "f"
        self.is_complex = self.numpy.kind == "c"
        self.is_signed = self.numpy.kind in "ifc"
        # Torch's error messages use two more names: that of the tensors of this dtype, and that of the type in C++.
        self.tensor_type = tensor_type
        self.word = _WORDS.get(name, name)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # there is one object for each dtype, so that it is pickled by its name in the package


float16 = half = dtype("float16", "HalfTensor")
float32 = float = dtype("float32", "FloatTensor")
float64 = double = dtype("float64", "DoubleTensor")
uint8 = dtype("uint8", "ByteTensor")
int8 = dtype("int8", "CharTensor")
int16 = short = dtype("int16", "ShortTensor")
int32 = int = dtype("int32", "IntTensor")
int64 = long = dtype("int64", "LongTensor")
bool_ = dtype("bool", "BoolTensor")

ALL = (float16, float32, float64, uint8, int8, int16, int32, int64, bool_)
_OF_NUMPY = {d.numpy: d for d in ALL}
RANK = {"b": 0, "u": 1, "i": 1, "f": 2}  # torch's categories: bool, integer, floating

_default = float32


def of(numpy_dtype: Any) -> dtype:
    """The torch dtype of a NumPy dtype. TypeError for one that torch or this package lacks."""
    try:
        return _OF_NUMPY[numpy_dtype]
    except KeyError:
        supported = ", ".join(d.name for d in ALL)
        raise TypeError(NO_TORCH_DTYPE.format(dtype=numpy_dtype, supported=supported)) from None


def get_default_dtype() -> dtype:
    """The floating dtype of new tensors made from Python floats (torch.get_default_dtype)."""
    return _default


def set_default_dtype(d: dtype, /) -> None:
    """Set the floating dtype of new tensors; TypeError for any but a floating dtype (torch.set_default_dtype)."""
    global _default
    if not isinstance(d, dtype):
        raise TypeError(NO_DTYPE.format(dtype=d))
    if not d.is_floating_point:
        raise TypeError(DEFAULT_NOT_FLOATING)
    _default = d


def given(d: Any, function: str) -> np.dtype[Any]:
    """The NumPy dtype of a `dtype=` argument: torch's dtypes, and Python's float, int and bool.

    TypeError, in the name of the `function`, for anything else.
    """
    if isinstance(d, dtype):
        return d.numpy
    try:
        return _OF_PYTHON[d].numpy
    except (KeyError, TypeError):  # TypeError: an object that cannot be hashed
        raise TypeError(DTYPE_TYPE.format(function=function, found=type(d).__name__)) from None


def promote(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The NumPy dtype that holds both by torch's table: a floating type never widens for an integer."""
    if a.kind == "f" and b.kind != "f":
        return a
    if b.kind == "f" and a.kind != "f":
        return b
    return np.promote_types(a, b)


def result_type(*operands: Any) -> np.dtype[Any]:
    """The dtype of an operation on arrays and Python numbers (torch.result_type).

    A 0-d array counts only where its category (bool < integer < floating) is above that of every array with
    dimensions, and a Python number only where it is above both.
    """
    groups: list[np.dtype[Any] | None] = [None, None, None]  # with dimensions, 0-d, Python numbers
    for operand in operands:
        if isinstance(operand, bool):
            priority, own = 2, bool_.numpy
        elif isinstance(operand, (_python_int, np.integer)):
            priority, own = 2, int64.numpy
        elif isinstance(operand, (_python_float, np.floating)):
            priority, own = 2, _default.numpy
        elif hasattr(operand, "ndim"):
            priority, own = (0 if operand.ndim else 1), operand.dtype
        else:  # one of compiler.number's objects, which have a Python number as their value
            priority, own = 2, (int64 if isinstance(operand.value, _python_int) else _default).numpy
        current = groups[priority]
        groups[priority] = own if current is None else promote(current, own)
    result: np.dtype[Any] | None = None
    for group in groups:
        if result is None:
            result = group
        elif group is not None and RANK[group.kind] > RANK[result.kind]:
            result = promote(result, group)
    assert result is not None
    return result


# The names `int` and `float` above are torch's dtypes; these are Python's.
_python_int = builtins.int
_python_float = builtins.float
_OF_PYTHON = {builtins.float: float64, builtins.int: int64, builtins.bool: bool_}
