"""A restricted unpickler: it makes numbers, text, containers and tensors, and nothing else.

It is a loop over the opcodes that torch.save writes, and the later ones of the same kind. Classes and functions are
looked up in a list of names and never imported, and what is on the list is called with arguments that are checked. The
pickle lies in memory as a whole, and the memo is a dict: no number in a file makes it take more memory than that.
"""

from __future__ import annotations

import pickle
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from .making import MAKING, Keys
from .refusals import (
    BAD_STATE,
    BAD_VALUE,
    BLOCKED,
    ENDED,
    LACKING,
    NO_MEMO,
    NO_STACK,
    NOT_ADDED,
    NOT_ALLOWED,
    NOT_APPENDED,
    NOT_BUILT,
    NOT_CALLABLE,
    NOT_MADE,
    NOT_SET,
    OPERAND,
)
from .trust import ALLOWED, BLOCKED_MODULES, LACKED, trusted

_INVALID = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_STEPS: dict[int, Callable[[Unpickler], object]] = {}


def _on(*opcodes: bytes) -> Callable[[Callable[[Unpickler], object]], Callable[[Unpickler], object]]:
    """Register a method as what an opcode does."""

    def register(step: Callable[[Unpickler], object]) -> Callable[[Unpickler], object]:
        _STEPS.update((opcode[0], step) for opcode in opcodes)
        return step

    return register


class _Raised(Exception):
    """Carries what a function of the program raised, which is no fault of the pickle, past the loop."""


class Unpickler:
    """Makes what a pickle says; `persistent_load` is called with each persistent id.

    UnpicklingError, in one line, for a pickle that is damaged or wants what it may not have.
    """

    def __init__(self, data: bytes, persistent_load: Callable[[Any], Any]) -> None:
        self._data, self._at = data, 0
        self._persistent_load = persistent_load
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []  # the stacks below each mark
        self._memo: dict[int, Any] = {}
        self._keys = Keys()
        self._trusted = trusted()
        self._trusted_ids = {id(each) for each in self._trusted.values()}

    def load(self) -> Any:
        """Run the pickle to its end, and return what it made."""
        try:
            while True:
                code = self._take(1)[0]
                if code == pickle.STOP[0]:
                    return self._pop()
                step = _STEPS.get(code)
                if step is None:
                    raise UnpicklingError(OPERAND.format(code=code))
                step(self)
        except _Raised as raised:
            raise raised.args[0] from raised.args[0].__cause__
        except _INVALID as error:
            raise UnpicklingError(BAD_VALUE.format(error=_shown(f"{type(error).__name__}: {error}"))) from error

    # -- the bytes and the stack -------------------------------------------------------------------

    def _take(self, count: int) -> bytes:
        start = self._at
        self._at = end = start + count
        if end > len(self._data):
            raise UnpicklingError(ENDED)
        return self._data[start:end]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _line(self) -> str:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise UnpicklingError(ENDED)
        line = self._data[self._at : end].decode()
        self._at = end + 1
        return line

    def _pop(self) -> Any:
        if not self._stack:
            raise UnpicklingError(NO_STACK)
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            raise UnpicklingError(NO_STACK)
        return self._stack[-1]

    def _pop_mark(self) -> list[Any]:
        if not self._outer:
            raise UnpicklingError(NO_STACK)
        items, self._stack = self._stack, self._outer.pop()
        return items

    # -- values ------------------------------------------------------------------------------------

    @_on(pickle.PROTO)
    def _proto(self) -> None:
        version = self._number(1)
        if version > pickle.HIGHEST_PROTOCOL:
            raise UnpicklingError(OPERAND.format(code=version))

    @_on(pickle.FRAME)
    def _frame(self) -> None:
        self._take(8)

    @_on(pickle.NONE)
    def _none(self) -> None:
        self._stack.append(None)

    @_on(pickle.NEWTRUE)
    def _true(self) -> None:
        self._stack.append(True)

    @_on(pickle.NEWFALSE)
    def _false(self) -> None:
        self._stack.append(False)

    @_on(pickle.BININT)
    def _int(self) -> None:
        self._stack.append(struct.unpack("<i", self._take(4))[0])

    @_on(pickle.BININT1)
    def _byte(self) -> None:
        self._stack.append(self._take(1)[0])

    @_on(pickle.BININT2)
    def _two_bytes(self) -> None:
        self._stack.append(self._number(2))

    @_on(pickle.LONG1)
    def _long(self) -> None:
        self._stack.append(int.from_bytes(self._take(self._number(1)), "little", signed=True))

    @_on(pickle.BINFLOAT)
    def _float(self) -> None:
        self._stack.append(struct.unpack(">d", self._take(8))[0])

    @_on(pickle.BINUNICODE)
    def _text(self) -> None:
        self._stack.append(str(self._take(self._number(4)), "utf-8", "surrogatepass"))

    @_on(pickle.SHORT_BINUNICODE)
    def _short_text(self) -> None:
        self._stack.append(str(self._take(self._number(1)), "utf-8", "surrogatepass"))

    @_on(pickle.SHORT_BINSTRING)
    def _text_of_python_2(self) -> None:
        self._stack.append(str(self._take(self._number(1)), "utf-8"))

    @_on(pickle.BINBYTES)
    def _bytes(self) -> None:
        self._stack.append(self._take(self._number(4)))

    @_on(pickle.SHORT_BINBYTES)
    def _short_bytes(self) -> None:
        self._stack.append(self._take(self._number(1)))

    @_on(pickle.BYTEARRAY8)
    def _bytearray(self) -> None:
        self._stack.append(bytearray(self._take(self._number(8))))

    # -- the memo ----------------------------------------------------------------------------------

    @_on(pickle.BINPUT)
    def _put(self) -> None:
        self._memo[self._number(1)] = self._top()

    @_on(pickle.LONG_BINPUT)
    def _long_put(self) -> None:
        self._memo[self._number(4)] = self._top()

    @_on(pickle.MEMOIZE)
    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self._top()

    @_on(pickle.BINGET)
    def _get(self) -> None:
        self._recall(self._number(1))

    @_on(pickle.LONG_BINGET)
    def _long_get(self) -> None:
        self._recall(self._number(4))

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise UnpicklingError(NO_MEMO.format(index=index))
        self._stack.append(self._memo[index])

    # -- containers --------------------------------------------------------------------------------

    @_on(pickle.MARK)
    def _mark(self) -> None:
        self._outer.append(self._stack)
        self._stack = []

    @_on(pickle.EMPTY_TUPLE)
    def _empty_tuple(self) -> None:
        self._stack.append(())

    @_on(pickle.TUPLE1)
    def _tuple_of_1(self) -> None:
        self._stack.append((self._pop(),))

    @_on(pickle.TUPLE2)
    def _tuple_of_2(self) -> None:
        second, first = self._pop(), self._pop()
        self._stack.append((first, second))

    @_on(pickle.TUPLE3)
    def _tuple_of_3(self) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self._stack.append((first, second, third))

    @_on(pickle.TUPLE)
    def _tuple(self) -> None:
        items = self._pop_mark()
        self._stack.append(tuple(items))

    @_on(pickle.EMPTY_LIST)
    def _empty_list(self) -> None:
        self._stack.append([])

    @_on(pickle.APPEND)
    def _append(self) -> None:
        item = self._pop()
        self._list().append(item)

    @_on(pickle.APPENDS)
    def _appends(self) -> None:
        items = self._pop_mark()
        self._list().extend(items)

    def _list(self) -> list[Any]:
        found = self._top()
        if type(found) is not list:
            raise UnpicklingError(NOT_APPENDED.format(found=_kind(found)))
        return found

    @_on(pickle.EMPTY_SET)
    def _empty_set(self) -> None:
        self._stack.append(set())

    @_on(pickle.ADDITEMS)
    def _add(self) -> None:
        items, found = self._pop_mark(), self._top()
        if type(found) is not set:
            raise UnpicklingError(NOT_ADDED.format(found=_kind(found)))
        for item in items:
            self._keys.check(item)
            found.add(item)

    @_on(pickle.EMPTY_DICT)
    def _empty_dict(self) -> None:
        self._stack.append({})

    @_on(pickle.SETITEM)
    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    @_on(pickle.SETITEMS)
    def _set_items(self) -> None:
        self._set(self._pop_mark())

    def _set(self, items: list[Any]) -> None:
        found = self._top()
        if type(found) not in (dict, OrderedDict, Counter):
            raise UnpicklingError(NOT_SET.format(found=_kind(found)))
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._keys.check(key)
            found[key] = value

    # -- classes and functions ---------------------------------------------------------------------

    @_on(pickle.GLOBAL)
    def _global(self) -> None:
        module, name = self._line(), self._line()
        self._stack.append(self._named(module, name))

    @_on(pickle.STACK_GLOBAL)
    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError(NO_STACK)
        self._stack.append(self._named(module, name))

    def _named(self, module: str, name: str) -> Any:
        full = full_name(module, name)
        blocked = full.rpartition(".")[0]
        if blocked in BLOCKED_MODULES:
            raise UnpicklingError(BLOCKED.format(name=_shown(full), module=blocked))
        for names in (ALLOWED, self._trusted):
            if full in names:
                return names[full]
        raise UnpicklingError((LACKING if full in LACKED else NOT_ALLOWED).format(name=_shown(full)))

    @_on(pickle.REDUCE)
    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        if type(args) is not tuple or not self._is_called(function):
            raise UnpicklingError(NOT_CALLABLE.format(found=_shown(repr(function))))
        self._stack.append(self._made(function, args) if id(function) in MAKING else _outside(function, *args))

    @_on(pickle.NEWOBJ)
    def _new_object(self) -> None:
        args, cls = self._pop(), self._pop()
        if type(args) is not tuple or not isinstance(cls, type) or not self._is_called(cls):
            raise UnpicklingError(NOT_MADE.format(found=_shown(repr(cls))))
        self._stack.append(self._made(cls, args) if id(cls) in MAKING else _outside(cls.__new__, cls, *args))

    def _is_called(self, function: Any) -> bool:
        return id(function) in MAKING or id(function) in self._trusted_ids

    def _made(self, function: Any, args: tuple[Any, ...]) -> Any:
        try:
            return MAKING[id(function)](self._keys, *args)
        except RuntimeError as error:  # of a constructor that is given what it refuses
            if isinstance(error, (NotImplementedError, RecursionError)):
                raise
            raise UnpicklingError(BAD_VALUE.format(error=_shown(str(error)))) from error

    @_on(pickle.BUILD)
    def _build(self) -> None:
        state, instance = self._pop(), self._top()
        if type(instance) is OrderedDict:
            for name in state:
                if type(name) is not str or hasattr(OrderedDict, name):
                    raise UnpicklingError(BAD_STATE.format(name=name))
            vars(instance).update(state)
        elif id(type(instance)) in self._trusted_ids:
            _outside(_set_state, instance, state)
        else:
            raise UnpicklingError(NOT_BUILT.format(found=_kind(instance)))

    @_on(pickle.BINPERSID)
    def _persistent(self) -> None:
        self._stack.append(_outside(self._persistent_load, self._pop()))


def _outside(function: Callable[..., Any], *args: Any) -> Any:
    """Call what the program brings: a class that it trusts, or its `map_location`."""
    try:
        return function(*args)
    except _INVALID as error:
        raise _Raised(error) from None


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


def _kind(value: Any) -> str:
    return _shown(str(type(value)))


def _shown(text: str) -> str:
    """Text out of a file as it can stand in a line: without what moves the cursor, and not without end."""
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 200 else text[:200] + "..."
