"""Classes that take over torch's functions by a method `__torch_function__`, without being Tensors.

Torch asks such an object before it runs a function (torch.overrides). Here a function that is called with one fails,
because it needs Tensors, and the object is asked only then: so nobody else pays for the question.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from .tensor import Tensor

__all__ = ["asking", "hand_over", "named_in_torch", "take_over", "takers"]

# TypeError where all of the objects that were asked answer NotImplemented.
NO_IMPLEMENTATION = (
    "Multiple dispatch failed for 'torch.{function}'; all __torch_function__ handlers returned NotImplemented: {types}"
)

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = __name__.partition(".")[0]
_ROOMS = ("linalg", "special")


def takers(values: Iterable[Any]) -> list[Any]:
    """The objects that take functions over among some values, and in the lists among these; one of each class.

    They are in the order in which they are asked: as they come, but a subclass before its base classes.
    """
    found: list[Any] = []
    for value in values:
        for each in value if isinstance(value, (list, tuple)) else (value,):
            kind = type(each)
            if not hasattr(kind, "__torch_function__") or isinstance(each, Tensor) or kind in map(type, found):
                continue
            place = next((i for i, other in enumerate(found) if issubclass(kind, type(other))), len(found))
            found.insert(place, each)
    return found


def take_over(
    function: Callable[..., Any], relevant: Iterable[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """What the first of some objects gives that takes a call over; TypeError if none does."""
    asked = takers(relevant)
    types = tuple(map(type, asked))
    for each in asked:
        result = type(each).__torch_function__(function, types, args, dict(kwargs))
        if result is not NotImplemented:
            return result
    raise TypeError(NO_IMPLEMENTATION.format(function=function.__name__, types=", ".join(map(str, types))))


def asking(function: Function) -> Function:
    """A function that hands a call on that fails, if an argument is of a class that takes functions over.

    It is for those that are neither of rows nor `checked`, which do it themselves.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            relevant = (*args, *kwargs.values())
            if takers(relevant):
                return take_over(call, relevant, args, kwargs)
            raise

    return cast(Function, call)


def hand_over(function: Any, values: tuple[Any, ...], more: Mapping[str, Any]) -> Any:
    """Hand a call on, given the values of all parameters of the function of a row: without those that are defaults."""
    defaults = function.__defaults__ or ()
    names = function.__code__.co_varnames[: len(values)]
    required = len(values) - len(defaults)
    optional = zip(names[required:], values[required:], defaults, strict=True)
    kwargs = {name: value for name, value, default in optional if value is not default}
    return take_over(named_in_torch(function), values, values[:required], {**kwargs, **more})


def named_in_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that torch's namespace has under the name of a row: a class compares it with those that it knows."""
    torch, name = importlib.import_module(_PACKAGE), function.__name__
    for room in _ROOMS:
        if name.startswith(f"{room}_"):
            return getattr(getattr(torch, room), name.removeprefix(f"{room}_"), function)
    return getattr(torch, name.removesuffix("_all").removesuffix("_dim"), function)  # of max_all and max_dim it is max
