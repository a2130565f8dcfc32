"""What an operator takes for its arguments that are no Tensors: integers, bools, numbers, dimensions.

The annotation of the parameter, in the row's forward or in a composite function, says which. Python would take a bool
for an integer, and NumPy an array of one element; torch refuses them, because they are rarely what was meant.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from ..ops import Operator
from .refusals import ARGUMENT_TYPE
from .tensor import Tensor


def wrong_type(function: str, name: str, position: int, wanted: str, value: Any) -> TypeError:
    """Torch's TypeError for an argument of another type than the function takes."""
    return TypeError(
        ARGUMENT_TYPE.format(function=function, name=name, position=position, wanted=wanted, found=type(value).__name__)
    )


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
    "float": Kind("numbers", "float", _number),
    "float | None": Kind("numbers_or_none", "float", _or_none(_number)),
    "Sequence[int]": Kind("sequence_types", "tuple of ints", _integers),
    "Dims": Kind("dim_types", "tuple of ints", _dims),
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
}


def read(function: str, name: str, position: int, kind: Kind, value: Any) -> Any:
    """An argument as its kind takes it; TypeError in torch's words for another kind of value."""
    try:
        return kind.read(value)
    except TypeError:
        raise wrong_type(function, name, position, kind.word, value) from None


def checked(function: Function) -> Function:
    """A composite function whose arguments are looked at first, by the annotations of its parameters."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    kinds = {name: KINDS.get(function.__annotations__.get(name, "")) for name in names}
    positional = [(i, kind) for i, kind in enumerate(map(kinds.get, names[: code.co_argcount])) if kind is not None]
    called = function.__name__

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        values = list(args)
        for i, kind in positional:
            if i >= len(values):
                break
            values[i] = read(called, names[i], i + 1, kind, values[i])
        for name in kwargs:
            named = kinds.get(name)
            if named is not None:
                kwargs[name] = read(called, name, names.index(name) + 1, named, kwargs[name])
        return function(*values, **kwargs)

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
