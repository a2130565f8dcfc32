"""Torch's dtypes over NumPy's: the names, the default, and the promotion of mixed operands.

NumPy promotes `int64 + float32` to float64 and lets a 0-d array widen a larger one; torch does neither.
The rules here are torch's ("Type promotion", pytorch.org/docs/stable/tensor_attributes.html).
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .refusals import (
    DEFAULT_NOT_FLOATING,
    DTYPE_TYPE,
    NO_BFLOAT16,
    NO_COMPLEX,
    NO_COMPLEX_DTYPE,
    NO_DTYPE,
    NO_TORCH_DTYPE,
    NO_UNSIGNED,
)

Array = np.ndarray[Any, np.dtype[Any]]


_WORDS = {
    "float16": "c10::Half", "float32": "float", "float64": "double", "uint8": "unsigned char", "int8": "signed char",
    "int16": "short int", "int64": "long int", "int32": "int", "bfloat16": "c10::BFloat16",
    "complex32": "c10::complex<c10::Half>", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip
# NumPy's letters for the kinds of numbers. The package ml_dtypes gives its bfloat16 the letter V, because NumPy takes
# two dtypes of one letter and one size for the same.
FLOATING = "fV"
# The letters of float16 and bfloat16, in which torch stores numbers and computes with them in float32.
HALVES = frozenset("eE")


class dtype:
    """A torch data type: `name`, its NumPy counterpart `numpy`, and torch's properties.

    `numpy` of bfloat16, which NumPy itself lacks, is made when it is first asked for; ImportError without ml_dtypes.
    NotImplementedError for `numpy` of a complex dtype, of uint16, uint32 and uint64: these are names only.
    """

    __module__ = "tinygrad_mlp"  # as torch's own: where programs find the class, and what its text says
    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "tensor_type", "word")

    numpy: np.dtype[Any]

    def __init__(self, name: str, tensor_type: str, kind: str = "", itemsize: builtins.int = 0) -> None:
        self.name = name
        if not kind:  # of a dtype that NumPy has
            self.numpy = np.dtype(name)
            kind, itemsize = self.numpy.kind, self.numpy.itemsize
        self.itemsize = itemsize
        self.is_floating_point = kind in FLOATING
        self.is_complex = kind == "c"
        self.is_signed = kind not in "bu"
        # Torch's error messages use two more names: that of the tensors of this dtype, and that of the type in C++.
        self.tensor_type = tensor_type
        self.word = _WORDS.get(name, name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute != "numpy":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")
        if self is not bfloat16:
            text = NO_COMPLEX if self.is_complex else NO_UNSIGNED
            raise NotImplementedError(text.format(dtype=self))
        try:
            import ml_dtypes
        except ImportError:
            raise ImportError(NO_BFLOAT16) from None
        self.numpy = np.dtype(ml_dtypes.bfloat16)
        _OF_NUMPY[self.numpy] = self
        return self.numpy

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # there is one object for each dtype, so that it is pickled by its name in the package

    def to_real(self) -> dtype:
        """The dtype of the parts of complex numbers of this dtype; of any other, itself (torch.dtype.to_real)."""
        return next((real for real, pair in _COMPLEX_OF.items() if pair is self), self)

    def to_complex(self) -> dtype:
        """The complex dtype with parts of this dtype; RuntimeError for one of integers (torch.dtype.to_complex)."""
        found = self if self.is_complex else _COMPLEX_OF.get(self, complex64 if self is bfloat16 else None)
        if found is None:
            raise RuntimeError(NO_COMPLEX_DTYPE.format(dtype=self.tensor_type[:-6]))
        return found


float16 = half = dtype("float16", "HalfTensor")
float32 = float = dtype("float32", "FloatTensor")
float64 = double = dtype("float64", "DoubleTensor")
uint8 = dtype("uint8", "ByteTensor")
int8 = dtype("int8", "CharTensor")
int16 = short = dtype("int16", "ShortTensor")
int32 = int = dtype("int32", "IntTensor")
int64 = long = dtype("int64", "LongTensor")
bool_ = dtype("bool", "BoolTensor")
uint16 = dtype("uint16", "UInt16Tensor", "u", 2)
uint32 = dtype("uint32", "UInt32Tensor", "u", 4)
uint64 = dtype("uint64", "UInt64Tensor", "u", 8)
bfloat16 = dtype("bfloat16", "BFloat16Tensor", "f", 2)
complex32 = chalf = dtype("complex32", "ComplexHalfTensor", "c", 4)
complex64 = cfloat = dtype("complex64", "ComplexFloatTensor", "c", 8)
complex128 = cdouble = dtype("complex128", "ComplexDoubleTensor", "c", 16)

ALL = (float16, float32, float64, uint8, int8, int16, int32, int64, bool_)  # those that NumPy has
WITH_EXTRAS = (*ALL, bfloat16)  # those that a tensor can have
_COMPLEX_OF = {float16: complex32, float32: complex64, float64: complex128}
_OF_NUMPY = {d.numpy: d for d in ALL}
# Torch's categories: bool, integer, floating, complex.
RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2, "c": 3}

_default = float32


def of(numpy_dtype: Any) -> dtype:
    """The torch dtype of a NumPy dtype. TypeError for one that torch or this package lacks."""
    try:
        return _OF_NUMPY[numpy_dtype]
    except KeyError:
        if numpy_dtype.name == "bfloat16" and bfloat16.numpy == numpy_dtype:
            return bfloat16
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
    """The NumPy dtype of a `dtype=` argument: torch's dtypes, and Python's float, int, bool and complex.

    TypeError, in the name of the `function`, for anything else, and what `dtype.numpy` raises.
    """
    if isinstance(d, dtype):
        return d.numpy
    found = of_python(d)
    if found is None:
        raise TypeError(DTYPE_TYPE.format(function=function, found=type(d).__name__))
    return found.numpy


def of_python(kind: Any) -> dtype | None:
    """The dtype for which Python's float, int, bool or complex stands; None for anything else."""
    try:
        return _OF_PYTHON.get(kind)
    except TypeError:  # an object that cannot be hashed
        return None


def promote(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The NumPy dtype that holds both by torch's table: a floating type never widens for an integer."""
    if a.kind in FLOATING and b.kind not in FLOATING:
        return a
    if b.kind in FLOATING and a.kind not in FLOATING:
        return b
    try:
        return np.promote_types(a, b)
    except TypeError:  # float16 and bfloat16, neither of which holds the other
        return float32.numpy


def promoted(a: dtype, b: dtype) -> dtype:
    """The dtype that holds both by torch's table, also of those that are names only (torch.promote_types)."""
    if a.is_complex or b.is_complex:
        parts = [d.to_real() for d in (a, b) if d.is_complex or d.is_floating_point]
        return (promoted(*parts) if len(parts) == 2 else parts[0]).to_complex()
    if bfloat16 in (a, b):
        other = b if a is bfloat16 else a
        return bfloat16 if other is bfloat16 or not other.is_floating_point else promoted(other, float32)
    return of(promote(a.numpy, b.numpy))


def category(d: dtype) -> builtins.int:
    """Where torch's order of categories has a dtype: bool 0, integers 1, floating 2, complex 3."""
    return 3 if d.is_complex else 2 if d.is_floating_point else 0 if d is bool_ else 1


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
_OF_PYTHON = {builtins.float: float64, builtins.int: int64, builtins.bool: bool_, builtins.complex: complex128}
