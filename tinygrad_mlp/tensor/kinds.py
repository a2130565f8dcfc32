"""What an operator takes for its arguments that are no Tensors: integers, bools, numbers, dimensions.

The annotation of the parameter, in the row's forward or in a composite function, says which. Python would take a bool
for an integer, and NumPy an array of one element; torch refuses them, because they are rarely what was meant.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from inspect import CO_VARARGS
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from ..arrays import dtypes
from ..ops import Operator
from .overriding import named_in_torch, take_over, takers
from .refusals import ARGUMENT_TYPE, FIRST_ELEMENT, LATER_ELEMENT, NO_SUCH_CALL
from .tensor import Tensor


def wrong_type(function: str, name: str, position: int | None, wanted: str, value: Any) -> TypeError:
    """Torch's TypeError for an argument of another type than the function takes; of a keyword, without a position."""
    place = "" if position is None else f" (position {position})"
    function = function.removesuffix("_dim").removesuffix("_all")  # torch has one name for what are several rows here
    return TypeError(
        ARGUMENT_TYPE.format(function=function, name=name, place=place, wanted=wanted, found=type(value).__name__)
    )


def wrong_element(function: str, name: str, position: int | None, place: int, value: Any) -> TypeError:
    """The same for an element of a sequence that has to be of integers."""
    found = type(value).__name__
    if place:
        return TypeError(LATER_ELEMENT.format(function=function, name=name, found=found, place=place + 1))
    argument = "" if position is None else f" (position {position})"
    return TypeError(FIRST_ELEMENT.format(function=function, name=name, argument=argument, found=found))


def no_such_call(function: str, *args: Any, **options: Any) -> TypeError:
    """Torch's TypeError for arguments that fit none of a function's forms."""
    got = [type(x).__name__ for x in args] + [f"{name}={type(x).__name__}" for name, x in options.items()]
    return TypeError(NO_SUCH_CALL.format(function=function, found=", ".join(got)))


ABSENT: Any = object()  # stands for an argument that is not given, where None is refused


def on_a_tensor(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of Tensor as a function: TypeError where its first argument is no Tensor."""

    @functools.wraps(method)
    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise wrong_type(method.__name__, "input", 1, "Tensor", input)
        return method(input, *args, **kwargs)

    return call


Function = TypeVar("Function", bound=Callable[..., Any])


class Kind(NamedTuple):
    """A kind of argument.

    `usual` is the name of the set of types, in USUAL, that are taken as they are; `word` is torch's for the kind;
    `read` gives the argument as the forward takes it, and raises TypeError for what is not of the kind.
    """

    usual: str
    word: str
    read: Callable[[Any], Any]


def _integer(value: Any) -> int:
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, Tensor) and value.array.dtype.kind not in "iu"):
        raise TypeError
    return value if isinstance(value, int) else operator.index(value)


def _is_integer(value: Any) -> bool:
    try:
        return _integer(value) is not None
    except TypeError:
        return False


def _bool(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError
    return bool(value)


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Tensor) and not value.array.ndim and not value.requires_grad:
        return value.item()
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    raise TypeError


def _integers(value: Any) -> Any:
    if not isinstance(value, (tuple, list)):
        raise TypeError
    return tuple(map(_integer, value))


def _dims(value: Any) -> Any:
    return value if value is None else _integers(value) if isinstance(value, (tuple, list)) else _integer(value)


def _some_dims(value: Any) -> Any:
    return _integers(value) if isinstance(value, (tuple, list)) else _integer(value)


def _dtype(value: Any) -> Any:
    return dtypes.of(dtypes.given(value, ""))


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _tensor(value: Any) -> Any:
    if not isinstance(value, Tensor):
        raise TypeError
    return value


# By the annotation.
KINDS = {
    "int": Kind("int_types", "int", _integer),
    "int | None": Kind("int_types_or_none", "int", _or_none(_integer)),
    "bool": Kind("bool_types", "bool", _bool),
    "Number": Kind("numbers", "Number", _number),
    "float": Kind("numbers", "float", _number),
    "float | None": Kind("numbers_or_none", "float", _or_none(_number)),
    "Sequence[int]": Kind("sequence_types", "tuple of ints", _integers),
    "Dims": Kind("dim_types", "tuple of ints", _dims),
    "SomeDims": Kind("some_dim_types", "tuple of ints", _some_dims),
    "DType | None": Kind("dtype_types", "torch.dtype", _or_none(_dtype)),
    "Tensor": Kind("", "Tensor", _tensor),
}
_NONE = type(None)
USUAL = {
    "int_types": frozenset((int,)),
    "int_types_or_none": frozenset((int, _NONE)),
    "bool_types": frozenset((bool,)),
    "numbers": frozenset((int, float)),  # without bool, which is promoted by other rules
    "numbers_or_none": frozenset((int, float, _NONE)),
    "sequence_types": frozenset((tuple, list)),
    "dim_types": frozenset((int, tuple, list, _NONE)),
    "some_dim_types": frozenset((int, tuple, list)),
    "dtype_types": frozenset((dtypes.dtype, _NONE)),
}


def read(function: str, name: str, position: int | None, kind: Kind, value: Any) -> Any:
    """An argument as its kind takes it; TypeError in torch's words for another kind of value."""
    try:
        return kind.read(value)
    except TypeError:
        if kind.word == "tuple of ints" and isinstance(value, (tuple, list)):
            place, found = next((i, x) for i, x in enumerate(value) if not _is_integer(x))
            raise wrong_element(function, name, position, place, found) from None
        raise wrong_type(function, name, position, kind.word, value) from None


def checked(function: Function) -> Function:
    """A composite function whose arguments are looked at first, by the annotations of its parameters.

    Its attribute `as_method` is the same function as a method of Tensor, whose positions are counted without `self`.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    kinds = {name: KINDS.get(function.__annotations__.get(name, "")) for name in names}
    positions = names[: code.co_argcount]
    positional = [(i, kind) for i, kind in enumerate(map(kinds.get, positions)) if kind is not None]
    called = function.__name__
    takes_more = bool(code.co_flags & CO_VARARGS)

    def counted(first: int) -> Any:
        """The function that counts its positions from `first` on."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                if len(args) > len(positions) and not takes_more:
                    return function(*args, **kwargs)  # which Python refuses
                values = list(args)
                for i, kind in positional:
                    if i >= len(values):
                        break
                    values[i] = read(called, names[i], i + first, kind, values[i])
                for name in kwargs:
                    named = kinds.get(name)
                    if named is not None:
                        place = names.index(name) + first
                        known = place < len(positions) + first
                        kwargs[name] = read(called, name, place if known else None, named, kwargs[name])
                return function(*values, **kwargs)
            except Exception:
                if takers((*args, *kwargs.values())):
                    return take_over(named_in_torch(function), (*args, *kwargs.values()), args, kwargs)
                raise

        return call

    call = counted(1)
    call.as_method = counted(0)
    return cast(Function, call)


def of_one_tuple(row: Operator, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a row without the form of several integers, which torch has for the method alone."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 1 and not isinstance(args[1], (tuple, list)):
            raise wrong_type(row.name, row.parameters[1], 2, "tuple of ints", args[1])
        return function(*args, **kwargs)

    return call


def kinds_of(row: Operator) -> list[tuple[int, str, Kind]]:
    """The parameters of a row that are looked at: their positions, names and kinds."""
    found = _found.get(row.name)
    if found is None or found[0] is not row:
        named = [(i, p, row.annotations.get(p, "")) for i, p in enumerate(row.parameters) if i not in row.tensors]
        found = _found[row.name] = (row, [(i, p, KINDS[a]) for i, p, a in named if a in KINDS])
    return found[1]


_found: dict[str, tuple[Operator, list[tuple[int, str, Kind]]]] = {}
