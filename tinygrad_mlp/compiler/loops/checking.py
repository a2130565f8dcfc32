"""Answers many conditions of a guard at once, in machine code: whether the same objects are still in their places.

Most of what a guard asks is of this kind, a few hundred questions of a small network alone; here each takes some
nanoseconds. `same()` is True only if every one is answered by yes; what it does not know is left to the guard.

    holds = mode.recording is True and ... and (same() or (o11['training'] is True and o11['_buffers'] is o14 and ...))
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...tensor import Tensor
from .loading import HEADER, ITEMS, SIZE_OF_SET, SYMBOL, Code, builtin, own, running, target_machine

_KEY = ["checking"]
_FEW = 8  # so few conditions are asked one by one
_HASHES: tuple[Any, ...] = (str.__hash__, int.__hash__, object.__hash__)  # of keys for which no code of Python runs

# The table: True, False, the numbers of rows of each kind, and rows of a holder, a position or key, and what is there.
_FIELDS, _ITEMS, _ENTRIES = range(3)  # an object's word, a list's item, a dict's value
_FIRST, _WIDTH = 5, 3


def same(identities: Iterable[Any]) -> tuple[Callable[[], bool] | None, set[str]]:
    """A function that is True if the objects are where they were, and the conditions that it answers.

    `identities` are those of a guard. None in place of the function if it is not worth it, or cannot be made here.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None, set()
    rows: tuple[list[Any], ...] = ([], [], [])
    answered = set()
    listed = list(identities)
    for x in listed:
        row = _row(x)
        if row is not None:
            rows[row[0]].extend(row[1:])
            answered.add(x.condition)
    if len(answered) <= _FEW:
        return None, set()
    counts = [len(part) // _WIDTH for part in rows]
    table = np.array([id(True), id(False), *counts, *(word for part in rows for word in part)], np.intp)
    try:
        return builtin("same", _engine(), table, listed), answered
    except ImportError:
        return None, set()


def _row(x: Any) -> tuple[int, int, int, int] | None:
    """The kind of row and the row for an identity, or None if it is left to the guard."""
    holder, kind = x.holder, type(x.holder)
    is_dict = isinstance(holder, dict) and kind.__getitem__ is dict.__getitem__ and kind.__len__ is dict.__len__
    is_list = isinstance(holder, list) and kind.__getitem__ is list.__getitem__ and kind.__len__ is list.__len__
    if x.kind == "len":
        offset = HEADER if is_dict or is_list else SIZE_OF_SET if kind in (set, frozenset) else None
        return None if offset is None else (_FIELDS, id(holder), offset, x.value)
    if x.kind == "cell":
        return _FIELDS, id(holder), HEADER, id(x.value)
    if x.kind == "slot" and isinstance(holder, Tensor):
        return _FIELDS, id(holder), _offsets()[x.key], id(x.value)
    if x.kind == "item" and is_list and type(x.key) is int:
        return _ITEMS, id(holder), x.key, id(x.value)
    if x.kind == "item" and is_dict and type(x.key).__hash__ in _HASHES:
        return _ENTRIES, id(holder), id(x.key), id(x.value)
    return None


@functools.cache
def _offsets() -> dict[str, int]:
    """Where tensors have their slots."""
    tensor, found = object.__new__(Tensor), {}
    for name in ("array", "needs_grad", "node", "viewed"):
        mark: Any = object()
        setattr(tensor, name, mark)
        found[name] = next(
            offset
            for offset in range(HEADER, Tensor.__basicsize__, ctypes.sizeof(ctypes.c_void_p))
            if ctypes.c_void_p.from_address(id(tensor) + offset).value == id(mark)
        )
    return found


@functools.cache
def _engine() -> Any:
    from .cache import found, keep

    code = found(_KEY)
    if code is not None:
        return running(code)
    code = _made()
    keep(_KEY, code)
    return running(code)


def _made() -> Code:
    """The machine code of `same`: three loops over the rows of the table."""
    import llvmlite.binding as llvm
    from llvmlite import ir

    word, pointer = ir.IntType(8 * ctypes.sizeof(ctypes.c_void_p)), ir.IntType(8).as_pointer()
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(pointer, [pointer, pointer.as_pointer(), word]), SYMBOL)
    entry = ir.Function(module, ir.FunctionType(pointer, [pointer, pointer]), own("PyDict_GetItem"))
    builder = ir.IRBuilder(function.append_basic_block())
    no = function.append_basic_block()

    def field(of: Any, offset: Any) -> Any:
        return builder.load(builder.bitcast(builder.gep(of, [offset]), word.as_pointer()))

    def as_pointer(x: Any) -> Any:
        return builder.inttoptr(x, pointer)

    size = word.width // 8
    table = as_pointer(field(function.args[0], word(HEADER)))
    values = {
        _FIELDS: lambda holder, key: field(holder, key),
        _ITEMS: lambda holder, key: field(as_pointer(field(holder, word(ITEMS))), builder.mul(key, word(size))),
        _ENTRIES: lambda holder, key: builder.ptrtoint(builder.call(entry, [holder, as_pointer(key)]), word),
    }
    row: Any = builder.add(builder.ptrtoint(table, word), word(_FIRST * size))
    for kind, value in values.items():
        count = field(table, word((2 + kind) * size))
        end = builder.add(row, builder.mul(count, word(_WIDTH * size)))
        before = builder.block
        head, body, after = (function.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        now = builder.phi(word)
        now.add_incoming(row, before)
        builder.cbranch(builder.icmp_unsigned("<", now, end), body, after)
        builder.position_at_end(body)
        holder, key, expected = (field(as_pointer(now), word(i * size)) for i in range(_WIDTH))
        there = value(as_pointer(holder), key)  # type: ignore[no-untyped-call]
        now.add_incoming(builder.add(now, word(_WIDTH * size)), builder.block)
        builder.cbranch(builder.icmp_unsigned("==", there, expected), head, no)
        builder.position_at_end(after)
        row = now
    increase = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer]), own("Py_IncRef"))
    for position, block in enumerate((builder.block, no)):
        builder.position_at_end(block)
        answer = as_pointer(field(table, word(position * size)))
        builder.call(increase, [answer])
        builder.ret(answer)
    made: Any = llvm.parse_assembly(str(module))
    return Code((entry.name, increase.name), target_machine().emit_object(made))
