"""Torch functions that need no row of their own: each is a few lines that call functions of rows.

There is a module for each kind. Functions that are methods of Tensor as well are listed in its METHODS.
"""

from __future__ import annotations

from typing import Any

from ..functions import FUNCTIONS, INPLACE, later, methods_in
from ..tensor import Tensor
from . import arithmetic, conversion, elements
from .arithmetic import add, argsort, div, index_add, matmul, max, min, norm, outer, rsub, std, sub, var
from .elements import allclose, equal, is_floating_point, is_tensor, isclose, nonzero, numel, result_type, where

# Of these files a program needs few functions, if any: a file is imported when one of its names is first asked for.
LATER = {
    "joining": (
        "atleast_1d atleast_2d atleast_3d broadcast_shapes broadcast_tensors broadcast_to column_stack dstack hstack "
        "row_stack tile vstack"
    ),
    "shapes": (
        "adjoint as_strided chunk detach diag diagflat flatten moveaxis movedim ravel split split_with_sizes swapaxes "
        "swapdims tensor_split unbind unflatten"
    ),
}
_METHODS = {  # their methods of Tensor
    "joining": "tile broadcast_to",
    "shapes": (
        "diag diagflat adjoint view flatten view_as reshape_as expand_as ravel swapaxes swapdims movedim moveaxis "
        "unbind split split_with_sizes tensor_split chunk unflatten as_strided as_strided_"
    ),
}


def _transposed(name: str) -> Any:
    shapes = methods_in(f"{__name__}.shapes", (name,))
    return lambda self: shapes[name](self)


def install() -> None:
    """Give Tensor these functions as methods."""
    for function in (*arithmetic.METHODS, *conversion.METHODS, *elements.METHODS):
        setattr(Tensor, function.__name__, function)
    for file, names in _METHODS.items():
        methods = methods_in(f"{__name__}.{file}", names.split())
        for name in names.split():
            later(name, methods, name)
    for name, function in conversion.CASTERS.items():
        setattr(Tensor, name, function)
    for name, original in {
        "absolute": "abs",
        "negative": "neg",
        "multiply": "mul",
        "copy": "clone",  # NumPy's name for it, which rules use
    }.items():
        later(name, FUNCTIONS, original)
    for name, original in {
        "absolute_": "abs_", "negative_": "neg_", "divide_": "div_", "multiply_": "mul_",
        "swapaxes_": "transpose_", "swapdims_": "transpose_",
    }.items():  # fmt: skip
        later(name, INPLACE, original)
    for name, attribute in {
        "__matmul__": matmul,
        "__rmatmul__": lambda self, other: matmul(other, self),
        **{name: property(_transposed(name)) for name in ("T", "H", "mH", "mT")},
        "where": lambda self, condition, other: FUNCTIONS["where"](condition, self, other),
        "divide": arithmetic.div,
        "subtract": arithmetic.sub,
        "subtract_": arithmetic.sub_,
    }.items():
        setattr(Tensor, name, attribute)
        if isinstance(attribute, property):  # as in a class statement: an error then says which attribute it was
            attribute.__set_name__(Tensor, name)  # type: ignore[attr-defined]


install()

__all__ = [
    "add", "allclose", "argsort", "div", "equal", "index_add", "is_floating_point", "is_tensor", "isclose", "matmul",
    "max", "min", "nonzero", "norm", "numel", "outer", "result_type", "rsub", "std", "sub", "var", "where",
]  # fmt: skip
