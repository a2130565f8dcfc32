"""Torch functions that need no row of their own: each is a few lines in terms of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .dtypes import dtype as _dtype
from .functions import FUNCTIONS, INPLACE
from .tensor import Size, Tensor, device, wrap

_f = FUNCTIONS

# -- arithmetic ------------------------------------------------------------------------------------


def _scaled(other: Any, alpha: Any) -> Any:
    return other if isinstance(alpha, (int, float)) and alpha == 1 else other * alpha


def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other (torch.add)."""
    return _f["add"](input, _scaled(other, alpha))


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other (torch.sub)."""
    return _f["sub"](input, _scaled(other, alpha))


def add_(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input += alpha * other (torch.Tensor.add_)."""
    return INPLACE["add_"](input, _scaled(other, alpha))


def sub_(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input -= alpha * other (torch.Tensor.sub_)."""
    return INPLACE["sub_"](input, _scaled(other, alpha))


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, rounded towards 0 ("trunc") or down ("floor") if asked (torch.div)."""
    if rounding_mode is None:
        return _f["div"](input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return _f["div_rounded"](input, other, rounding_mode)


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, Tensor) else x


# -- products --------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product of vectors, matrices or batches of matrices (torch.matmul)."""
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        name = _PRODUCTS.get((input.array.ndim, other.array.ndim))
        if name is not None and input.array.shape[-1] == other.array.shape[0]:
            return _f[name](input, other)
    return _f["matmul"](input, other)


_PRODUCTS = {(2, 2): "mm", (1, 1): "dot", (2, 1): "mv"}


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2) (torch.addmm)."""
    product = _f["mm"](mat1, mat2)
    return add(input if beta == 1 else input * beta, product, alpha=alpha)


def addmm_(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """addmm, written into `input` (torch.Tensor.addmm_)."""
    if beta == 1:
        return add_(input, _f["mm"](mat1, mat2), alpha=alpha)
    return copy_(input, addmm(input, mat1, mat2, beta=beta, alpha=alpha))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products of two vectors (torch.outer)."""
    return _f["reshape"](input, (-1, 1)) * vec2


# -- reductions ------------------------------------------------------------------------------------


def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; with `dim` (values, indices) along it; with a tensor, elementwise (torch.max)."""
    return _extreme("max", "maximum", input, dim, keepdim)


def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; with `dim` (values, indices) along it; with a tensor, elementwise (torch.min)."""
    return _extreme("min", "minimum", input, dim, keepdim)


def _extreme(name: str, pairwise: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        return _f[name + "_all"](input)
    if isinstance(dim, Tensor):
        return _f[pairwise](input, dim)
    return _f[name + "_dim"](input, dim, keepdim)


def var(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """The variance (torch.var)."""
    return _deviation("var", input, dim, unbiased, keepdim, correction)


def std(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """The standard deviation (torch.std)."""
    return _deviation("std", input, dim, unbiased, keepdim, correction)


def _deviation(name: str, input: Tensor, dim: Any, unbiased: bool, keepdim: bool, correction: float | None) -> Tensor:
    if isinstance(dim, bool):  # torch.var(x, False)
        dim, unbiased = None, dim
    return _f[name](input, dim, int(unbiased) if correction is None else correction, keepdim)


def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: _dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over `dim`; the subgradient at 0 is 0 (torch.norm)."""
    if dtype is not None:
        input = to(input, dtype)
    if p in (2, "fro", None):
        return _f["euclidean_norm"](input, dim, keepdim)
    size = _f["abs"](input)
    if p == 1:
        return _f["sum"](size, dim, keepdim)
    if p in (float("inf"), float("-inf")):
        return _f["amax" if p > 0 else "amin"](size, dim, keepdim)
    if p == 0:
        return _f["sum"](to(_f["ne"](input, 0), input.dtype), dim, keepdim)
    return _f["pow"](_f["sum"](_f["pow"](size, p), dim, keepdim), 1.0 / p)


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along a dimension (torch.argsort)."""
    indices: Tensor = _f["sort"](input, dim, descending)[1]
    return indices


# -- elements --------------------------------------------------------------------------------------


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; alone, the indices where it holds (torch.where)."""
    if input is None and other is None:
        return tuple(wrap(part) for part in np.nonzero(condition.array))
    return _f["where"](condition, input, other)


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero (torch.nonzero)."""
    found = np.nonzero(input.array if input.array.ndim else input.array.reshape(1))
    if as_tuple:
        return tuple(wrap(part) for part in found)
    return wrap(np.stack(found, 1)[:, : input.array.ndim])


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are within atol + rtol * abs(other) of each other (torch.allclose)."""
    return bool(np.allclose(input.array, other.array, rtol, atol, equal_nan))


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Which elements are within atol + rtol * abs(other) of each other (torch.isclose)."""
    return wrap(np.asarray(np.isclose(input.array, other.array, rtol, atol, equal_nan)))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements (torch.equal)."""
    return bool(np.array_equal(input.array, other.array))


def numel(input: Tensor) -> int:
    """The number of elements (torch.numel)."""
    return input.numel()


def is_tensor(obj: object) -> bool:
    """Whether an object is a Tensor (torch.is_tensor)."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor's dtype is a floating one (torch.is_floating_point)."""
    return input.is_floating_point()


def result_type(tensor1: Any, tensor2: Any) -> _dtype:
    """The dtype of an operation on both (torch.result_type)."""
    return dtypes.of(dtypes.result_type(_raw(tensor1), _raw(tensor2)))


# -- dtype and memory ------------------------------------------------------------------------------


def to(self: Tensor, *args: Any, dtype: _dtype | None = None, copy: bool = False, **other: Any) -> Tensor:
    """This tensor in another dtype (or on a device: the CPU); itself where nothing changes (torch.Tensor.to)."""
    for arg in args:
        if isinstance(arg, _dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, (str, device)):
            device(arg)  # refuses any but the CPU
    if dtype is not None and dtype.numpy != self.array.dtype:
        return _f["cast"](self, dtype.numpy)
    return _f["clone"](self) if copy else self


def _caster(name: str, target: _dtype) -> Any:
    def cast(self: Tensor) -> Tensor:
        return to(self, target)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"This tensor as {target} (torch.Tensor.{name})."
    return cast


CASTERS = {
    name: _caster(name, target)
    for name, target in {
        "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "long": dtypes.int64,
        "int": dtypes.int32, "short": dtypes.int16, "byte": dtypes.uint8, "char": dtypes.int8, "bool": dtypes.bool_,
    }.items()
}  # fmt: skip


def type(self: Tensor, dtype: Any = None) -> Any:
    """Torch's name of the tensor's type; with a dtype, the tensor cast to it (torch.Tensor.type)."""
    if dtype is not None:
        return to(self, dtype)
    return f"torch.{self.dtype.tensor_type}"


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of another."""
    return to(self, other.dtype)


def cpu(self: Tensor) -> Tensor:
    """The tensor itself, which is on the CPU."""
    return self


def contiguous(self: Tensor) -> Tensor:
    """The tensor itself if it lies in C order, else a copy that does."""
    return self if self.array.flags.c_contiguous else _f["contiguous_clone"](self)


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Write the elements of `src`, broadcast and cast, into this tensor (torch.Tensor.copy_)."""
    return INPLACE["assign_"](self, src)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Write one value into every element (torch.Tensor.fill_)."""
    number = isinstance(value, (int, float))
    if number and self.viewed is None and not self.needs_grad and self.array.flags.writeable:  # nothing to record
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        self.array.fill(value)
        self.versions[0] = count + 1
        return self
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
        )
    return INPLACE["fill_with_tensor_" if isinstance(value, Tensor) else "fill_"](self, value)


def zero_(self: Tensor) -> Tensor:
    """Write 0 into every element (torch.Tensor.zero_)."""
    if self.viewed is None and not self.needs_grad and self.array.flags.writeable:
        count = self.versions[-1]  # an inference tensor refuses here, before the write
        self.array.fill(0)
        self.versions[0] = count + 1
        return self
    return INPLACE["zero_"](self)


_METHODS = (
    add, sub, add_, sub_, div, matmul, addmm, addmm_, outer, max, min,
    var, std, norm, argsort,
    nonzero, allclose, isclose, equal, to, type, type_as, cpu, contiguous, copy_, fill_, zero_,
)  # fmt: skip


def install() -> None:
    """Give Tensor these functions as methods."""
    for function in _METHODS:
        setattr(Tensor, function.__name__, function)
    for name, function in CASTERS.items():
        setattr(Tensor, name, function)
    for name, original in {
        "absolute": "abs",
        "negative": "neg",
        "divide": "div",
        "multiply": "mul",
        "subtract": "sub",
    }.items():
        setattr(Tensor, name, getattr(Tensor, original))
    for name, original in {
        "absolute_": "abs_", "negative_": "neg_", "divide_": "div_", "multiply_": "mul_", "subtract_": "sub_",
    }.items():  # fmt: skip
        setattr(Tensor, name, getattr(Tensor, original))
    for name, attribute in {
        "__matmul__": matmul,
        "__rmatmul__": lambda self, other: matmul(other, self),
        "where": lambda self, condition, other: _f["where"](condition, self, other),
        "copy": _f["clone"],  # NumPy's name, for rules
    }.items():
        setattr(Tensor, name, attribute)


install()

__all__ = [
    "Size", "add", "addmm", "allclose", "argsort", "div", "equal", "is_floating_point", "is_tensor", "isclose",
    "matmul", "max", "min", "nonzero", "norm", "numel", "outer", "result_type", "std", "sub", "var", "where",
]  # fmt: skip
