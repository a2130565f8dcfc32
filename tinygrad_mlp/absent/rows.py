"""The words of the table: each makes some names of a module, when it is imported.

A row is a function of the module's name, such as "cuda.amp". It gives a dictionary of names and what they stand for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import GenericAlias
from typing import Any, NoReturn

__all__ = [
    "NOT_HERE", "NotHere", "Row", "answers", "classes", "errors", "functions", "gives_back", "holds",
    "is_only_a_name", "layers", "refusing_class", "taken",
]  # fmt: skip

PACKAGE = __name__.partition(".")[0]
Row = Callable[[str], dict[str, Any]]
Refusal = tuple[type[Exception], str]  # the text may name {name}, the full name in torch, and {short}, the last part

NOT_HERE = "{name} is not in tinygrad_mlp: {why}"  # NotHere; a row of the table gives the reason


class NotHere(NotImplementedError):
    """What is raised where something is used of which there is only the name; `name` has it, as "torch.fx.Node"."""

    def __init__(self, text: str, name: str = "") -> None:
        super().__init__(text)
        self.name = name


def functions(names: str, refusal: str | Refusal) -> Row:
    """Functions that refuse when they are called, with a reason, or with an exception and a text of torch's."""
    return lambda module: {short: _refusing_function(module, short, refusal) for short in names.split()}


def classes(names: str, refusal: str | Refusal, **attributes: Any) -> Row:
    """Classes without instances: they can be named, subclassed and asked for, and refuse when they are called."""
    return lambda module: {short: refusing_class(module, short, refusal, **attributes) for short in names.split()}


def layers(names: str, refusal: str) -> Row:
    """Classes of modules without instances: that a module is none of them can be asked."""

    def row(module: str) -> dict[str, Any]:
        bases = (importlib.import_module(f"{PACKAGE}.nn").Module,)
        return {short: refusing_class(module, short, refusal, bases) for short in names.split()}

    return row


def errors(names: str, base: type[Exception]) -> Row:
    """Classes of exceptions, for `except`; nothing raises them."""
    return lambda module: {short: type(short, (base,), _place(module)) for short in names.split()}


def answers(answer: Any, names: str) -> Row:
    """Functions that always give one answer; a type stands for a new object of it."""
    return lambda module: {short: _answering(module, short, answer) for short in names.split()}


def gives_back(names: str) -> Row:
    """Functions that give back their argument; without one, a decorator that does."""
    return lambda module: {short: _giving_back(module, short) for short in names.split()}


def holds(**values: Any) -> Row:
    """Values; settings can be set, and change nothing."""
    return lambda module: dict(values)


def taken(source: str, names: str = "") -> Row:
    """Names of a module of this package, or of the package itself for ""; all public ones, if none are given."""

    def row(module: str) -> dict[str, Any]:
        found = importlib.import_module(f"{PACKAGE}.{source}" if source else PACKAGE)
        return {short: getattr(found, short) for short in names.split() or found.__all__}

    return row


def refusing_class(
    module: str, short: str, refusal: str | Refusal, bases: tuple[type, ...] = (), **attributes: Any
) -> Any:
    """A class that refuses to make instances of itself or of its subclasses."""

    def __new__(cls: type, *args: Any, **kwargs: Any) -> NoReturn:
        raise _refused(module, short, refusal)

    own = _place(module) | {"__new__": __new__, "__class_getitem__": classmethod(GenericAlias)}
    return _marked(type(short, bases, own | attributes), refusal)


def _place(module: str) -> dict[str, Any]:
    return {"__module__": f"{PACKAGE}.{module}"}


def _refusing_function(module: str, short: str, refusal: str | Refusal) -> Any:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise _refused(module, short, refusal)

    return _marked(_named(function, module, short), refusal)


def is_only_a_name(found: object) -> bool:
    """Whether something would raise NotHere if it were called, for those who look through a program beforehand."""
    return hasattr(found, "__dict__") and _MARK in vars(found)


_MARK = "_only_a_name"


def _marked(found: Any, refusal: str | Refusal) -> Any:
    if isinstance(refusal, str):  # torch itself raises the others
        setattr(found, _MARK, True)
    return found


def _refused(module: str, short: str, refusal: str | Refusal) -> Exception:
    name = ".".join(filter(None, ("torch", module, short)))
    if isinstance(refusal, str):
        return NotHere(NOT_HERE.format(name=name, why=refusal), name)
    kind, text = refusal
    return kind(text.format(name=name, short=short))


def _answering(module: str, short: str, answer: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        return answer() if isinstance(answer, type) else answer

    return _named(function, module, short)


def _giving_back(module: str, short: str) -> Callable[..., Any]:
    def function(given: Any = None, *args: Any, **kwargs: Any) -> Any:
        return function if given is None or isinstance(given, bool) else given  # a bool is an option of a decorator

    return _named(function, module, short)


def _named(function: Callable[..., Any], module: str, short: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = short
    function.__module__ = f"{PACKAGE}.{module}"
    return function
