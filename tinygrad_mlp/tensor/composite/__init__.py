"""Torch functions that need no row of their own: each is a few lines that call functions of rows.

There is a module for each kind. Functions that are methods of Tensor as well are listed in its METHODS.
"""

from __future__ import annotations

from ..functions import FUNCTIONS, INPLACE, later
from ..tensor import Tensor
from . import arithmetic, conversion, elements, joining, shapes
from .arithmetic import add, argsort, div, index_add, matmul, max, min, norm, outer, rsub, std, sub, var
from .elements import allclose, equal, is_floating_point, is_tensor, isclose, nonzero, numel, result_type, where
from .joining import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_shapes,
    broadcast_tensors,
    broadcast_to,
    column_stack,
    dstack,
    hstack,
    row_stack,
    tile,
    vstack,
)  # fmt: skip
from .shapes import (
    adjoint,
    as_strided,
    chunk,
    detach,
    diag,
    diagflat,
    flatten,
    moveaxis,
    movedim,
    ravel,
    split,
    split_with_sizes,
    swapaxes,
    swapdims,
    tensor_split,
    unbind,
    unflatten,
)  # fmt: skip


def install() -> None:
    """Give Tensor these functions as methods."""
    for function in (*arithmetic.METHODS, *conversion.METHODS, *elements.METHODS, *joining.METHODS, *shapes.METHODS):
        setattr(Tensor, function.__name__, function)
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
        **shapes.OTHERS,
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
    "add", "adjoint", "allclose", "argsort", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d",
    "broadcast_shapes", "broadcast_tensors", "broadcast_to", "chunk", "column_stack", "detach", "diag", "diagflat",
    "div", "dstack", "equal", "flatten", "hstack", "index_add", "is_floating_point", "is_tensor", "isclose",
    "matmul", "max", "min",
    "moveaxis", "movedim", "nonzero", "norm", "numel", "outer", "ravel", "result_type", "row_stack", "rsub", "split",
    "split_with_sizes", "std", "sub", "swapaxes", "swapdims", "tensor_split", "tile", "unbind", "unflatten", "var",
    "vstack", "where",
]  # fmt: skip
