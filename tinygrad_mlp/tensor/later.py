"""Functions and methods that are made, and their files imported, when a program first asks for them."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .tensor import Tensor

Function = Callable[..., Any]


class Made(dict[str, Function]):
    """Functions by their names, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], Function], *names: str) -> None:
        self.make = make
        self.names = names

    def __missing__(self, name: str) -> Function:
        return self.setdefault(name, self.make(name))  # another thread may have made it meanwhile

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    keys, values, items, get = Mapping.keys, Mapping.values, Mapping.items, Mapping.get  # type: ignore[assignment]


def methods_in(module: str, *names: str) -> Made:
    """Those METHODS of a module; it is imported when the first of them is asked for."""
    return Made(lambda name: importlib.import_module(module).METHODS[name], *names)


class Later:
    """Stands on Tensor for a method until that is first asked for, and then puts what `find` gives in its place."""

    def __init__(self, name: str, find: Callable[[], Function]) -> None:
        self.name = name
        self.find = find

    def __get__(self, instance: Any, owner: type) -> Any:
        method = self.find()
        setattr(Tensor, self.name, method)
        return method.__get__(instance, owner)


def later(name: str, functions: dict[str, Function], key: str) -> None:
    """Give Tensor the method `functions[key]`, which is looked up when the method is first asked for."""
    setattr(Tensor, name, Later(name, functools.partial(functions.__getitem__, key)))


def alias(name: str, original: str) -> None:
    """Give Tensor one of its methods under another name."""
    method = vars(Tensor)[original]
    setattr(Tensor, name, Later(name, method.find) if isinstance(method, Later) else method)


def as_methods(*functions: Function) -> dict[str, Function]:
    """Functions as methods of Tensor, by their names."""
    return {function.__name__: getattr(function, "as_method", function) for function in functions}
