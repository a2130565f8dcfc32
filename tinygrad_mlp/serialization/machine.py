"""The stack machine that a pickle is a program for, as far as it makes numbers, text and containers.

It is a loop over the opcodes that torch.save writes, and the later ones of the same kind. The pickle lies in memory as
a whole, and the memo is a dict: no number in a file makes it take more memory than that.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from .making import Limits
from .refusals import BAD_VALUE, ENDED, NO_MEMO, NO_STACK, NOT_ADDED, NOT_APPENDED, NOT_SET, OPERAND

INVALID = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

_STEPS: dict[int, Callable[[Any], object]] = {}


def on(*opcodes: bytes) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    """Register a method as what an opcode does."""

    def register(step: Callable[[Any], object]) -> Callable[[Any], object]:
        _STEPS.update((opcode[0], step) for opcode in opcodes)
        return step

    return register


class Raised(Exception):
    """Carries what a function of the program raised, which is no fault of the pickle, past the loop."""


class Machine:
    """Makes what a pickle says. UnpicklingError, in one line, for one that is damaged, or has other opcodes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []  # the stacks below each mark
        self._memo: dict[int, Any] = {}
        self._limits = Limits(len(data))

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
        except Raised as raised:
            raise raised.args[0] from raised.args[0].__cause__
        except INVALID as error:
            raise UnpicklingError(BAD_VALUE.format(error=shown(f"{type(error).__name__}: {error}"))) from error

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

    @on(pickle.PROTO)
    def _proto(self) -> None:
        version = self._number(1)
        if version > pickle.HIGHEST_PROTOCOL:
            raise UnpicklingError(OPERAND.format(code=version))

    @on(pickle.FRAME)
    def _frame(self) -> None:
        self._take(8)

    @on(pickle.NONE)
    def _none(self) -> None:
        self._stack.append(None)

    @on(pickle.NEWTRUE)
    def _true(self) -> None:
        self._stack.append(True)

    @on(pickle.NEWFALSE)
    def _false(self) -> None:
        self._stack.append(False)

    @on(pickle.BININT)
    def _int(self) -> None:
        self._stack.append(struct.unpack("<i", self._take(4))[0])

    @on(pickle.BININT1)
    def _byte(self) -> None:
        self._stack.append(self._take(1)[0])

    @on(pickle.BININT2)
    def _two_bytes(self) -> None:
        self._stack.append(self._number(2))

    @on(pickle.LONG1)
    def _long(self) -> None:
        self._stack.append(int.from_bytes(self._take(self._number(1)), "little", signed=True))

    @on(pickle.BINFLOAT)
    def _float(self) -> None:
        self._stack.append(struct.unpack(">d", self._take(8))[0])

    @on(pickle.BINUNICODE)
    def _text(self) -> None:
        self._stack.append(str(self._take(self._number(4)), "utf-8", "surrogatepass"))

    @on(pickle.SHORT_BINUNICODE)
    def _short_text(self) -> None:
        self._stack.append(str(self._take(self._number(1)), "utf-8", "surrogatepass"))

    @on(pickle.SHORT_BINSTRING)
    def _text_of_python_2(self) -> None:
        self._stack.append(str(self._take(self._number(1)), "utf-8"))

    @on(pickle.BINBYTES)
    def _bytes(self) -> None:
        self._stack.append(self._take(self._number(4)))

    @on(pickle.SHORT_BINBYTES)
    def _short_bytes(self) -> None:
        self._stack.append(self._take(self._number(1)))

    @on(pickle.BYTEARRAY8)
    def _bytearray(self) -> None:
        self._stack.append(bytearray(self._take(self._number(8))))

    # -- the memo ----------------------------------------------------------------------------------

    @on(pickle.BINPUT)
    def _put(self) -> None:
        self._memo[self._number(1)] = self._top()

    @on(pickle.LONG_BINPUT)
    def _long_put(self) -> None:
        self._memo[self._number(4)] = self._top()

    @on(pickle.MEMOIZE)
    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self._top()

    @on(pickle.BINGET)
    def _get(self) -> None:
        self._recall(self._number(1))

    @on(pickle.LONG_BINGET)
    def _long_get(self) -> None:
        self._recall(self._number(4))

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise UnpicklingError(NO_MEMO.format(index=index))
        self._stack.append(self._memo[index])

    # -- containers --------------------------------------------------------------------------------

    @on(pickle.MARK)
    def _mark(self) -> None:
        self._outer.append(self._stack)
        self._stack = []

    @on(pickle.EMPTY_TUPLE)
    def _empty_tuple(self) -> None:
        self._stack.append(())

    @on(pickle.TUPLE1)
    def _tuple_of_1(self) -> None:
        self._stack.append((self._pop(),))

    @on(pickle.TUPLE2)
    def _tuple_of_2(self) -> None:
        second, first = self._pop(), self._pop()
        self._stack.append((first, second))

    @on(pickle.TUPLE3)
    def _tuple_of_3(self) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self._stack.append((first, second, third))

    @on(pickle.TUPLE)
    def _tuple(self) -> None:
        items = self._pop_mark()
        self._stack.append(tuple(items))

    @on(pickle.EMPTY_LIST)
    def _empty_list(self) -> None:
        self._stack.append([])

    @on(pickle.APPEND)
    def _append(self) -> None:
        item = self._pop()
        self._list().append(item)

    @on(pickle.APPENDS)
    def _appends(self) -> None:
        items = self._pop_mark()
        self._list().extend(items)

    def _list(self) -> list[Any]:
        found = self._top()
        if type(found) is not list:
            raise UnpicklingError(NOT_APPENDED.format(found=kind_of(found)))
        return found

    @on(pickle.EMPTY_SET)
    def _empty_set(self) -> None:
        self._stack.append(set())

    @on(pickle.ADDITEMS)
    def _add(self) -> None:
        items, found = self._pop_mark(), self._top()
        if type(found) is not set:
            raise UnpicklingError(NOT_ADDED.format(found=kind_of(found)))
        for item in items:
            self._limits.check(item)
            found.add(item)

    @on(pickle.EMPTY_DICT)
    def _empty_dict(self) -> None:
        self._stack.append({})

    @on(pickle.SETITEM)
    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    @on(pickle.SETITEMS)
    def _set_items(self) -> None:
        self._set(self._pop_mark())

    def _set(self, items: list[Any]) -> None:
        found = self._top()
        if type(found) not in (dict, OrderedDict, Counter):
            raise UnpicklingError(NOT_SET.format(found=kind_of(found)))
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._limits.check(key)
            found[key] = value


def kind_of(value: Any) -> str:
    """The class of a value, for a message."""
    return shown(str(type(value)))


def shown(text: str) -> str:
    """Text out of a file as it can stand in a line: without what moves the cursor, and not without end."""
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 200 else text[:200] + "..."
