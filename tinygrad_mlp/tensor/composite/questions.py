"""Questions about tensors and dtypes that a look at the data type, the shape or the memory answers."""

from __future__ import annotations

from typing import Any, cast

from ...arrays import dtype as _dtype
from ...arrays import dtypes
from ..kinds import checked, wrong_type
from ..later import as_methods
from ..tensor import Tensor

__all__ = [
    "_assert", "can_cast", "conj", "conj_physical", "get_device", "imag", "is_complex", "is_conj", "is_distributed",
    "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage", "isreal", "promote_types", "real",
    "resolve_conj", "resolve_neg", "typename",
]  # fmt: skip


def _assert(condition: Any, message: str) -> None:
    """Raise AssertionError with a message unless a bool, or a tensor of one element, is true (torch._assert)."""
    if not condition:
        raise AssertionError(message)


@checked
def is_complex(input: Tensor) -> bool:
    """Whether a tensor is of complex numbers: never (torch.is_complex)."""
    return False


@checked
def is_conj(input: Tensor) -> bool:
    """Whether a tensor is a view of conjugates: never, as there are no complex numbers here (torch.is_conj)."""
    return False


@checked
def is_neg(input: Tensor) -> bool:
    """Whether a tensor is a view of negatives, as the imaginary part of conjugates is: never (torch.is_neg)."""
    return False


@checked
def is_distributed(input: Tensor) -> bool:
    """Whether the elements of a tensor lie on several machines: never (torch.is_distributed)."""
    return False


@checked
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero; RuntimeError for several elements, or none (torch.is_nonzero)."""
    return bool(input)


@checked
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape (torch.is_same_size)."""
    return bool(input.array.shape == other.array.shape)


@checked
def is_signed(input: Tensor) -> bool:
    """Whether the dtype of a tensor has negative numbers (torch.is_signed)."""
    return input.dtype.is_signed


@checked
def get_device(input: Tensor) -> int:
    """The number of the tensor's device, which is -1 for the CPU (torch.get_device)."""
    return -1


def is_storage(obj: object) -> bool:
    """Whether an object is the memory of a tensor, as `storage` and `untyped_storage` give it (torch.is_storage)."""
    from ..memory.storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def typename(obj: Any) -> str:
    """The type of an object as text, of a Tensor with its dtype: "torch.FloatTensor" (torch.typename)."""
    if isinstance(obj, Tensor):
        return f"torch.{obj.dtype.tensor_type}"
    if not isinstance(obj, type):
        own = getattr(obj, "__qualname__", None)  # of a function; other objects are called as their class is
        obj = obj if own else type(obj)
    module = getattr(obj, "__module__", "") or ""
    return obj.__qualname__ if module in ("", "builtins") else f"{module}.{obj.__qualname__}"


# -- complex numbers, of which there are none: functions that libraries call on any tensor ------------


@checked
def real(input: Tensor) -> Tensor:
    """The real part: the tensor itself (torch.real)."""
    return input


@checked
def imag(input: Tensor) -> Tensor:
    """The imaginary part: refused with a RuntimeError, as for every tensor of real numbers (torch.imag)."""
    return input.imag  # type: ignore[no-any-return]


@checked
def conj(input: Tensor) -> Tensor:
    """The conjugate numbers: the tensor itself (torch.conj)."""
    return input


@checked
def conj_physical(input: Tensor) -> Tensor:
    """The conjugate numbers: the tensor itself (torch.conj_physical)."""
    return input


@checked
def resolve_conj(input: Tensor) -> Tensor:
    """The numbers of a view of conjugates: the tensor itself (torch.resolve_conj)."""
    return input


@checked
def resolve_neg(input: Tensor) -> Tensor:
    """The numbers of a view of negated ones: the tensor itself (torch.resolve_neg)."""
    return input


@checked
def isreal(input: Tensor) -> Tensor:
    """Which elements are real numbers: all of them, as bools of the input's shape (torch.isreal)."""
    return cast(Tensor, input.eq(input).logical_or(input.ne(input)))  # `ne` for nan


# -- dtypes ----------------------------------------------------------------------------------------


def promote_types(type1: Any, type2: Any) -> _dtype:
    """The smallest dtype, by torch's table, that holds the numbers of both (torch.promote_types)."""
    given = [
        _given("promote_types", name, place, d) for place, (name, d) in enumerate((("type1", type1), ("type2", type2)))
    ]
    return dtypes.promoted(*given)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a cast keeps the kind of numbers: from bool to integer, floating, complex (torch.can_cast)."""
    given = [_given("can_cast", name, place, d) for place, (name, d) in enumerate((("from_", from_), ("to", to)))]
    return dtypes.category(given[0]) <= dtypes.category(given[1])


def _given(function: str, name: str, place: int, d: Any) -> _dtype:
    if isinstance(d, _dtype):
        return d
    found = dtypes.of_python(d)
    if found is None:
        raise wrong_type(function, name, place + 1, "torch.dtype", d)
    return found


METHODS = as_methods(
    conj, conj_physical, get_device, is_complex, is_conj, is_distributed, is_neg, is_nonzero, is_same_size, is_signed,
    isreal, resolve_conj, resolve_neg,
)  # fmt: skip
