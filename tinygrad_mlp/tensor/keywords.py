"""NumPy's names for keyword arguments, such as `axis` for `dim`, which torch takes as well."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ..ops import NUMPY_KEYWORDS
from .refusals import UNEXPECTED_KEYWORD

Function = TypeVar("Function", bound=Callable[..., Any])


def numpy_names(function: Function) -> Function:
    """A function that takes NumPy's names of its parameters as well. (Those of rows do so without it: dispatch.py.)"""
    code = getattr(function, "__wrapped__", function).__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    other = {keyword: name for keyword, name in NUMPY_KEYWORDS.items() if name in names and keyword not in names}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in other.keys() & kwargs.keys() if kwargs else ():
            name = other[keyword]
            if name in kwargs or names.index(name) < len(args):
                raise TypeError(UNEXPECTED_KEYWORD.format(function=function.__name__, name=keyword))
            kwargs[name] = kwargs.pop(keyword)
        return function(*args, **kwargs)

    if hasattr(function, "as_method"):  # see kinds.checked
        call.as_method = numpy_names(function.as_method)  # type: ignore[attr-defined]
    return cast(Function, call)
