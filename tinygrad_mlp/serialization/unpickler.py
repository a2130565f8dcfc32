"""A restricted unpickler: it makes numbers, text, containers and tensors, and nothing else.

Classes and functions are looked up in a list of names and never imported, and what is on the list is called with
arguments that are checked.
"""

from __future__ import annotations

import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from types import BuiltinFunctionType, FunctionType
from typing import Any

from .machine import INVALID, Machine, Raised, kind_of, on, shown
from .making import MAKING
from .refusals import (
    BAD_STATE,
    BAD_VALUE,
    BLOCKED,
    LACKING,
    NO_STACK,
    NOT_ALLOWED,
    NOT_BUILT,
    NOT_CALLABLE,
    NOT_MADE,
)
from .trust import ALLOWED, BLOCKED_MODULES, LACKED, trusted


class Unpickler(Machine):
    """Makes what a pickle says; `persistent_load` is called with each persistent id.

    UnpicklingError, in one line, for a pickle that is damaged or wants what it may not have.
    """

    def __init__(self, data: bytes, persistent_load: Callable[[Any], Any]) -> None:
        super().__init__(data)
        self._persistent_load = persistent_load
        self._trusted = trusted()
        self._trusted_ids = {id(each) for each in self._trusted.values()}

    @on(pickle.GLOBAL)
    def _global(self) -> None:
        module, name = self._line(), self._line()
        self._stack.append(self._named(module, name))

    @on(pickle.STACK_GLOBAL)
    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError(NO_STACK)
        self._stack.append(self._named(module, name))

    def _named(self, module: str, name: str) -> Any:
        full = full_name(module, name)
        blocked = full.rpartition(".")[0]
        if blocked in BLOCKED_MODULES:
            raise UnpicklingError(BLOCKED.format(name=shown(full), module=blocked))
        for names in (ALLOWED, self._trusted):
            if full in names:
                return names[full]
        raise UnpicklingError((LACKING if full in LACKED else NOT_ALLOWED).format(name=shown(full)))

    @on(pickle.REDUCE)
    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        if type(args) is not tuple or not self._is_called(function):
            raise UnpicklingError(NOT_CALLABLE.format(found=_callable(function)))
        self._stack.append(self._made(function, args) if id(function) in MAKING else _outside(function, *args))

    @on(pickle.NEWOBJ)
    def _new_object(self) -> None:
        args, cls = self._pop(), self._pop()
        if type(args) is not tuple or not isinstance(cls, type) or not self._is_called(cls):
            raise UnpicklingError(NOT_MADE.format(found=_callable(cls)))
        self._stack.append(self._made(cls, args) if id(cls) in MAKING else _outside(cls.__new__, cls, *args))

    def _is_called(self, function: Any) -> bool:
        return id(function) in MAKING or id(function) in self._trusted_ids

    def _made(self, function: Any, args: tuple[Any, ...]) -> Any:
        try:
            return MAKING[id(function)](self._limits, *args)
        except RuntimeError as error:  # of a constructor that is given what it refuses
            if isinstance(error, (NotImplementedError, RecursionError)):
                raise
            raise UnpicklingError(BAD_VALUE.format(error=shown(str(error)))) from error

    @on(pickle.BUILD)
    def _build(self) -> None:
        state, instance = self._pop(), self._top()
        if type(instance) is OrderedDict:
            for name in state:
                if type(name) is not str or hasattr(OrderedDict, name):
                    raise UnpicklingError(BAD_STATE.format(name=shown(name) if type(name) is str else kind_of(name)))
            vars(instance).update(state)
        elif id(type(instance)) in self._trusted_ids:
            _outside(_set_state, instance, state)
        else:
            raise UnpicklingError(NOT_BUILT.format(found=kind_of(instance)))

    @on(pickle.BINPERSID)
    def _persistent(self) -> None:
        self._stack.append(_outside(self._persistent_load, self._pop()))


def _callable(value: Any) -> str:
    """A class or function for a message; of anything else its class, as a list may hold itself many times over."""
    return shown(repr(value)) if isinstance(value, (type, FunctionType, BuiltinFunctionType)) else kind_of(value)


def _outside(function: Callable[..., Any], *args: Any) -> Any:
    """Call what the program brings: a class that it trusts, or its `map_location`."""
    try:
        return function(*args)
    except INVALID as error:
        raise Raised(error) from None


def full_name(module: str, name: str) -> str:
    """The dotted name of a class or function, in Python 3, as protocol 2 has the names of Python 2."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def names_in(data: bytes) -> set[str]:
    """The names of all classes and functions in a pickle, which is not run."""
    import pickletools  # which nothing else needs

    found: set[str] = set()
    texts, memo, last = ["", ""], dict[Any, str](), ""
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            found.add(full_name(*str(argument).split(" ", 1)))
        elif opcode.name == "STACK_GLOBAL":
            found.add(full_name(*texts[-2:]))
        elif opcode.name == "MEMOIZE" or "PUT" in opcode.name:
            memo[len(memo) if argument is None else argument] = last
            continue
        last = memo.get(argument, "") if "GET" in opcode.name else argument if isinstance(argument, str) else ""
        texts += [last] if last else []
    return found


def _set_state(instance: Any, state: Any) -> None:
    """What BUILD does, of an object whose class the program trusts."""
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        vars(instance).update(attributes)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)
