"""Complex tensors, as Fourier transforms give them: a pair of Tensors, the real and the imaginary parts.

The tape knows real numbers alone. So a complex tensor is no Tensor here, and the gradients of its real and imaginary
parts are those of ordinary functions of real numbers. It has the shapes, the arithmetic and the parts that programs
need between a transform and its inverse; torch's functions take it where it has a method of their name.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import dtype as _dtype
from ..tensor import FUNCTIONS, Tensor, wrap
from ..tensor.composite.conversion import to
from .refusals import NOT_OF_COMPLEX, PRODUCT_DTYPES

__all__ = ["ComplexTensor", "parts_of"]

_f = FUNCTIONS


def parts_of(x: Any) -> tuple[Any, Any]:
    """The real and the imaginary part of a number, a Tensor or a complex tensor; the latter is None for a real one."""
    if isinstance(x, ComplexTensor):
        return x.real, x.imag
    return (x.real, x.imag) if isinstance(x, builtins.complex) else (x, None)


class ComplexTensor:
    """A tensor of complex numbers, given by its parts, which have the same shape and dtype.

    NotImplementedError for functions that it has no method for.
    """

    __slots__ = ("imag", "real")
    __module__ = "tinygrad_mlp.fft"
    is_cuda = is_sparse = False
    real: Tensor
    imag: Tensor

    def __init__(self, real: Tensor, imag: Tensor) -> None:
        self.real = real
        self.imag = imag

    @classmethod
    def __torch_function__(cls, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.__name__
        method = getattr(cls, name, None) if not name.startswith("_") else None
        if not callable(method) or not isinstance(args[0], cls):
            reflected = _REFLECTED.get(name)
            if reflected is None or len(args) < 2 or not isinstance(args[1], cls):
                raise NotImplementedError(NOT_OF_COMPLEX.format(function=name))
            return getattr(args[1], reflected)(args[0])
        return method(*args, **(kwargs or {}))

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        return self.real.shape

    @property
    def ndim(self) -> int:
        return self.real.ndim

    @property
    def device(self) -> Any:
        return self.real.device

    @property
    def dtype(self) -> _dtype:
        return self.real.dtype.to_complex()

    @property
    def requires_grad(self) -> bool:
        return self.real.requires_grad or self.imag.requires_grad

    def size(self, dim: int | None = None) -> Any:
        return self.real.size() if dim is None else self.real.size(dim)

    def dim(self) -> int:
        return self.real.ndim

    ndimension = dim

    def numel(self) -> int:
        return self.real.numel()

    def is_complex(self) -> bool:
        return True

    def is_floating_point(self) -> bool:
        return False

    def __len__(self) -> int:
        return len(self.real)

    def __repr__(self) -> str:
        return f"ComplexTensor({self.tolist()})"

    def numpy(self) -> Any:
        """A NumPy array of the complex numbers, a copy (torch.Tensor.numpy, which shares the memory)."""
        return np.asarray(self.real.numpy() + 1j * self.imag.numpy())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def tolist(self) -> Any:
        return self.detach().numpy().tolist()

    def item(self) -> complex:
        """The only number (torch.Tensor.item); RuntimeError if there are others."""
        return complex(self.real.item(), self.imag.item())

    __complex__ = item

    def to(self, *args: Any, **kwargs: Any) -> ComplexTensor:
        """In another complex dtype, which may be given in any way that torch.Tensor.to knows."""
        args = tuple(_real_dtype(x) for x in args)
        kwargs = {name: _real_dtype(x) for name, x in kwargs.items()}
        return ComplexTensor(to(self.real, *args, **kwargs), to(self.imag, *args, **kwargs))

    # -- parts ---------------------------------------------------------------------------------------

    def conj(self) -> ComplexTensor:
        return ComplexTensor(self.real, -self.imag)

    conj_physical = conj

    def resolve_conj(self) -> ComplexTensor:
        return self

    resolve_neg = resolve_conj

    def abs(self) -> Tensor:
        """The absolute value; its gradient is 0 at 0, as torch's."""
        return _f["linalg_vector_norm"](_f["stack"]([self.real, self.imag], -1), 2, -1)

    absolute = __abs__ = abs

    def angle(self) -> Tensor:
        return _f["atan2"](self.imag, self.real)

    # -- arithmetic ----------------------------------------------------------------------------------

    def __neg__(self) -> ComplexTensor:
        return ComplexTensor(-self.real, -self.imag)

    neg = __neg__

    def add(self, other: Any) -> ComplexTensor:
        a, b = parts_of(other)
        return _alike(self.real + a, self.imag if b is None else self.imag + b)

    def sub(self, other: Any) -> ComplexTensor:
        a, b = parts_of(other)
        return _alike(self.real - a, self.imag if b is None else self.imag - b)

    def mul(self, other: Any) -> ComplexTensor:
        a, b = parts_of(other)
        if b is None:
            return ComplexTensor(self.real * a, self.imag * a)
        return ComplexTensor(self.real * a - self.imag * b, self.real * b + self.imag * a)

    def div(self, other: Any) -> ComplexTensor:
        a, b = parts_of(other)
        if b is None:
            return ComplexTensor(self.real / a, self.imag / a)
        return self.mul(_conjugate(other)).div(a * a + b * b)

    def matmul(self, other: Any) -> ComplexTensor:
        """The matrix product of two complex tensors (torch.matmul); RuntimeError for another factor."""
        if not isinstance(other, ComplexTensor):
            raise RuntimeError(PRODUCT_DTYPES.format(a=self.dtype.word, b=other.dtype.word))
        a, b = other.real, other.imag
        return ComplexTensor(self.real @ a - self.imag @ b, self.real @ b + self.imag @ a)

    def _rsub(self, other: Any) -> ComplexTensor:
        return self.__neg__().add(other)

    def _rdiv(self, other: Any) -> ComplexTensor:
        return self.conj().mul(other).div(self.real * self.real + self.imag * self.imag)

    def _rmatmul(self, other: Any) -> ComplexTensor:
        raise RuntimeError(PRODUCT_DTYPES.format(a=other.dtype.word, b=self.dtype.word))

    multiply, subtract, divide, true_divide = mul, sub, div, div
    __add__ = __radd__ = add
    __sub__, __rsub__ = sub, _rsub
    __mul__ = __rmul__ = mul
    __truediv__, __rtruediv__ = div, _rdiv
    __matmul__, __rmatmul__ = matmul, _rmatmul

    def _put(self, result: ComplexTensor) -> ComplexTensor:
        self.real.copy_(result.real)
        self.imag.copy_(result.imag)
        return self

    def copy_(self, other: Any) -> ComplexTensor:
        a, b = parts_of(other)
        self.real.copy_(a)
        self.imag.copy_(b) if b is not None else self.imag.zero_()
        return self

    def add_(self, other: Any) -> ComplexTensor:
        return self._put(self.add(other))

    def sub_(self, other: Any) -> ComplexTensor:
        return self._put(self.sub(other))

    def mul_(self, other: Any) -> ComplexTensor:
        return self._put(self.clone().mul(other))  # of a copy, which backward reads

    def div_(self, other: Any) -> ComplexTensor:
        return self._put(self.clone().div(other))

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_

    # -- comparison ----------------------------------------------------------------------------------

    def eq(self, other: Any) -> Any:
        a, b = parts_of(other)
        return (self.real == a) & (self.imag == (0 if b is None else b))

    def ne(self, other: Any) -> Any:
        return ~self.eq(other)

    __eq__, __ne__ = eq, ne
    __hash__ = object.__hash__

    def equal(self, other: Any) -> bool:
        return self.shape == other.shape and bool(self.eq(other).all())

    # -- shapes --------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> ComplexTensor:
        return ComplexTensor(self.real[index], self.imag[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        a, b = parts_of(value)
        self.real[index] = a
        self.imag[index] = 0 if b is None else b

    @property
    def mT(self) -> ComplexTensor:
        return ComplexTensor(self.real.mT, self.imag.mT)

    @property
    def T(self) -> ComplexTensor:
        return ComplexTensor(self.real.T, self.imag.T)

    def expand_as(self, other: Any) -> ComplexTensor:
        return self.expand(*other.shape)  # type: ignore[no-any-return]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the methods below


def _conjugate(other: Any) -> Any:
    return other.conjugate() if isinstance(other, builtins.complex) else other.conj()


def _alike(real: Tensor, imag: Tensor) -> ComplexTensor:
    """The pair of two parts of which the first may have been broadcast and widened."""
    return ComplexTensor(real, to(imag, real.dtype).expand(real.shape))


def _real_dtype(x: Any) -> Any:
    return x.to_real() if isinstance(x, _dtype) else x


def _of_both(name: str) -> Callable[..., ComplexTensor]:
    """The method of that name of both parts: one that is linear and does not mix elements with numbers."""

    def method(self: ComplexTensor, *args: Any, **kwargs: Any) -> ComplexTensor:
        return ComplexTensor(getattr(self.real, name)(*args, **kwargs), getattr(self.imag, name)(*args, **kwargs))

    method.__name__ = method.__qualname__ = name
    return method


for _name in (
    "clone", "contiguous", "cpu", "cumsum", "detach", "diagonal", "expand", "flatten", "flip", "index_select", "mean",
    "movedim", "narrow", "permute", "repeat", "reshape", "roll", "select", "squeeze", "sum", "swapaxes", "t",
    "transpose", "tril", "triu", "unflatten", "unsqueeze", "view",
):  # fmt: skip
    setattr(ComplexTensor, _name, _of_both(_name))

# The functions of two arguments that a complex tensor takes over as the second, by its methods.
_REFLECTED = {
    "add": "__radd__", "mul": "__rmul__", "multiply": "__rmul__", "sub": "__rsub__", "subtract": "__rsub__",
    "div": "__rtruediv__", "divide": "__rtruediv__", "true_divide": "__rtruediv__", "matmul": "__rmatmul__",
    "eq": "__eq__", "ne": "__ne__",
}  # fmt: skip


def as_complex(x: Tensor) -> ComplexTensor:
    """A complex tensor without imaginary parts."""
    return ComplexTensor(x, wrap(np.zeros_like(x.array)))
