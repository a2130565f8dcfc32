"""Turn the arguments of an operator into the arrays that its forward computes on.

Tensors are replaced by their arrays, dtypes are promoted by torch's rules, and what torch refuses is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import dtypes
from ..arrays.dtypes import FLOATING, HALVES
from ..arrays.silence import silently
from ..autograd.inplace.views import refresh
from ..autograd.modes import modes
from ..ops import Operator
from ..ops.dims import dtype_word, mismatch
from .kinds import kinds_of, read, wrong_type
from .refusals import (
    BATCHES_DTYPES_DIFFER,
    DTYPES_DIFFER,
    ELEMENT_TYPE,
    NOT_IMPLEMENTED,
    SUM_DTYPES_DIFFER,
    VECTOR_DTYPES_DIFFER,
    VECTORS_DTYPES_DIFFER,
)
from .tensor import Tensor


def unwrap(row: Operator, args: tuple[Any, ...]) -> list[Any]:
    """Replace the Tensors among an operator's arguments by their arrays, in the dtype that torch computes in.

    TypeError for an argument that has to be a Tensor and is none (a rule may have an array in its place),
    NotImplementedError for a dtype that the operator does not compute in, RuntimeError for dtypes that differ where
    torch does not promote them.
    """
    arrays = list(args)
    for position in row.tensors:
        arg = args[position]
        if isinstance(arg, Tensor) and not (row.listed and position == 0):
            if arg.viewed is not None and row.rules:
                refresh(arg)
            arrays[position] = arg.array
        elif row.listed and position == 0:
            arrays[position] = [_listed(row, x, i) for i, x in enumerate(_sequence(row, arg))]
        elif isinstance(arg, np.generic):
            if position not in row.numbers:
                raise _not_a_tensor(row, position, arg)
            arrays[position] = np.asarray(arg) if isinstance(arg, np.bool_) else arg.item()
        elif isinstance(arg, (bool, int, float)):
            if position not in row.numbers:
                raise _not_a_tensor(row, position, arg)
        elif arg is None:
            if position < len(row.parameters) - len(row.defaults):
                raise _not_a_tensor(row, position, arg)
        elif not hasattr(arg, "__array_ufunc__") or (isinstance(arg, np.ndarray) and not modes.rules):
            raise _not_a_tensor(row, position, arg)
    if not isinstance(args[row.tensors[0]], Tensor) and not _has_tensor(row, args):
        raise _not_a_tensor(row, row.tensors[0], args[row.tensors[0]])
    for position, name, kind in kinds_of(row):
        arrays[position] = read(row.name, name, position + 1, kind, arrays[position])
    if row.check is not None:
        row.check(*arrays)
    if row.promotion is not None:
        arrays = _promoted(row, arrays)
    if row.kinds:
        _refuse_kind(row, arrays)
    return arrays


def _refuse_kind(row: Operator, arrays: list[Any]) -> None:
    """NotImplementedError for a dtype that the row does not take; torch looks at shapes and dimensions before that."""
    dtype = next(arrays[i].dtype for i in row.tensors if hasattr(arrays[i], "dtype"))
    if _CATEGORY.get(dtype.kind, dtype.kind) not in row.kinds:
        taken = np.float64 if "f" in row.kinds else np.int64
        try:
            silently(row.forward, *(silently(x.astype, taken) if hasattr(x, "dtype") else x for x in arrays))
        except ValueError as error:
            raise as_torch(error, arrays) from None
        except TypeError:
            pass  # a Python number that is as little taken
        except IndexError as error:
            if "used as indices" not in str(error):  # NumPy says so of indices, which have become floats
                raise
        raise NotImplementedError(NOT_IMPLEMENTED.format(function=row.name, dtype=dtypes.of(dtype).tensor_type[:-6]))


_CATEGORY = {"u": "i", "V": "f"}  # NumPy's letters of unsigned integers and bfloat16, as rows name the kinds


def _sequence(row: Operator, arg: Any) -> Any:
    if not isinstance(arg, (list, tuple)):
        raise wrong_type(row.name, row.parameters[0], 1, "tuple of Tensors", arg)
    return arg


def _listed(row: Operator, x: Any, i: int) -> Any:
    if isinstance(x, Tensor):
        if x.viewed is not None:
            refresh(x)
        return x.array
    raise TypeError(ELEMENT_TYPE.format(i=i, found=type(x).__name__))


def _has_tensor(row: Operator, args: tuple[Any, ...]) -> bool:
    return row.listed or any(isinstance(args[i], Tensor) for i in row.tensors)


def _not_a_tensor(row: Operator, position: int, arg: Any) -> TypeError:
    name = row.parameters[position]
    return wrong_type(row.name, name, position + 1, "Tensor", arg)


def _promoted(row: Operator, arrays: list[Any]) -> list[Any]:
    positions = [i for i in row.tensors if arrays[i] is not None and row.parameters[i] != row.unpromoted]
    operands = arrays[0] if row.listed else [arrays[i] for i in positions]
    if not operands:
        return arrays
    if row.promotion == "same":
        _refuse_mixed(row, operands)
        return arrays
    target = dtypes.result_type(*operands)
    if row.promotion == "float" and target.kind not in FLOATING:
        target = dtypes.get_default_dtype().numpy
    if target.kind in FLOATING and not all(map(is_plain_number, operands)):
        # Python's numbers may stay as they are: NumPy takes them in the dtype of the arrays.
        cast = [float(x) if type(x) is bool else x if type(x) in (int, float) else _cast(x, target) for x in operands]
        if target.char in HALVES:
            cast = [_beside_half(row, x, number, target) for x, number in zip(operands, cast, strict=True)]
    else:
        cast = [_cast(x, target) for x in operands]
    if row.listed:
        arrays[0] = cast
    else:
        for i, x in zip(positions, cast, strict=True):
            arrays[i] = x
    return arrays


# In these torch takes a number beside arrays of float16 or bfloat16 as float32 has it, in all others as they have it.
_BY_SINGLE = frozenset(("mul", "div", "div_rounded", "floor_divide", "lerp"))


def _beside_half(row: Operator, x: Any, cast: Any, kind: np.dtype[Any]) -> Any:
    """An operand beside arrays of such a `kind`, for a row that computes in float32; `cast` is what it would be."""
    if type(cast) in (int, float):
        return cast if row.name in _BY_SINGLE else silently(kind.type, cast).item()
    if row.name in ("mul", "div") and not x.ndim and x.dtype.kind in FLOATING and x.dtype != kind:
        return silently(x.astype, np.float32)  # a tensor of one number
    return cast


def is_in_single(row: Operator, arrays: Sequence[Any]) -> bool:
    """Whether a row computes with float16 or bfloat16 in float32, as torch does; not where it only moves elements.

    A row that promotes nothing decides itself what it makes of them beside another floating dtype.
    """
    moves = row.view or row.listed or "dtype" in row.parameters or row.write is not None
    if not any(map(is_half, arrays)) or moves or not row.halves:
        return False
    return row.promotion is not None or not any(getattr(x, "dtype", None) in (np.float32, np.float64) for x in arrays)


def is_half(x: Any) -> bool:
    """Whether this is an array of float16 or bfloat16."""
    return getattr(getattr(x, "dtype", None), "char", None) in HALVES and hasattr(x, "strides")


def is_plain_number(x: Any) -> bool:
    """Whether this is a Python number, and not a recorded one of `compile`, which isinstance calls a float, too."""
    return isinstance(x, (bool, int, float)) and not hasattr(type(x), "__array_ufunc__")


def _cast(x: Any, target: np.dtype[Any]) -> Any:
    """Convert an array or a Python number. A number becomes an array, as NumPy would choose a dtype for it itself."""
    if is_plain_number(x):
        return silently(np.asarray(x).astype, target)
    return silently(x.astype, target) if getattr(x, "dtype", target) != target else x


def _refuse_mixed(row: Operator, operands: list[Any]) -> None:
    """RuntimeError for several dtypes, in the words of the kernel that torch computes the product with."""
    if all(x.dtype == operands[0].dtype for x in operands[1:]):
        return
    a, b = operands[0], operands[1]
    kernel = _kernel(row, operands)
    if kernel == "addmm":
        added, a, b = operands if row.name == "addmm" else (operands[2], a, b)
        name, found = ("self", added) if added.dtype != b.dtype else ("mat1", a)
        raise RuntimeError(SUM_DTYPES_DIFFER.format(name=name, found=dtype_word(found), mat2=dtype_word(b)))
    words = [dtype_word(x) for x in (a, b)]
    if kernel == "mm":
        words = [_SCALAR_WORDS.get(x.dtype.name, x.dtype.name) for x in (a, b)]
    raise RuntimeError(_DTYPES_DIFFER[kernel].format(first=words[0], second=words[1]))


def _kernel(row: Operator, operands: list[Any]) -> str:
    """Torch's kernel for a product of these operands."""
    if row.name in ("addmm", "linear"):
        return "addmm" if len(operands) == 3 else "mm"
    if row.name != "matmul":
        return row.name if row.name in _DTYPES_DIFFER else "mm"
    dims = operands[1].ndim
    return "bmm" if dims > 2 else "mm" if dims == 2 else "mv" if operands[0].ndim > 1 else "dot"


_DTYPES_DIFFER = {
    "mm": DTYPES_DIFFER, "bmm": BATCHES_DTYPES_DIFFER, "mv": VECTOR_DTYPES_DIFFER, "dot": VECTORS_DTYPES_DIFFER,
    "vdot": VECTORS_DTYPES_DIFFER,
}  # fmt: skip
_SCALAR_WORDS = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long int", "int32": "int",
    "bfloat16": "c10::BFloat16",
    "int16": "short int", "int8": "signed char", "uint8": "unsigned char",
}  # fmt: skip


def as_array(result: Any) -> Any:
    """Make a 0-d array of a NumPy scalar, which ufuncs return instead of one; return anything else as it is."""
    return np.asarray(result) if isinstance(result, np.generic) else result


def as_torch(error: ValueError, arrays: Sequence[Any]) -> Exception:
    """Torch's RuntimeError where NumPy says that shapes do not broadcast; any other error is returned as it is."""
    shapes = [x.shape for x in arrays if hasattr(x, "shape")]
    if not str(error).startswith("operands could not be broadcast"):
        return error
    refusals = (mismatch(a, b) for a, b in itertools.pairwise(shapes))
    return next((refusal for refusal in refusals if refusal is not None), error)


def holding(row: Operator, read: tuple[int, ...]) -> tuple[int, ...]:
    """Which places of a frame that a rule reads may hold the array of a Tensor."""
    arguments = len(row.outputs)
    return tuple(k for k in read if k < arguments or k - arguments in row.tensors)
