"""Answers many conditions of a guard at once, in machine code: are the same objects in their places, gradients as said.

Most of what a guard asks is of this kind, a few hundred questions of a small network alone; here each takes some
nanoseconds. `same(...)` is True only if every one is answered by yes; what it does not know is left to the guard.

    holds = mode.recording is True and ... and (same() or (o11['training'] is True and o11['_buffers'] is o14 and ...))
    holds = ... and type((g0_array := g0.array)) is o5 and (same(g0, g0_array) or (g0_array.shape == (16, 4) and ...))
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...tensor import Tensor
from .loading import (
    BASE,
    DTYPE,
    FLAGS,
    HEADER,
    ITEMS,
    NUMBER_OF_AXES,
    SHAPE,
    SIZE_OF_SET,
    STRIDES,
    SYMBOL,
    WRITEABLE,
    Code,
    builtin,
    check_arrays,
    own,
    running,
    target_machine,
)

_KEY = ["checking"]
_FEW = 3  # so few conditions are asked one by one
_HASHES: tuple[Any, ...] = (str.__hash__, int.__hash__, object.__hash__)  # of keys for which no code of Python runs

# The table: True, False, None, the offsets of a tensor's slots, the numbers of rows of each kind, and the rows: an
# object's word, a list's item, a dict's value, an array that no gradient may have (in the order of addresses, 2 ** n of
# them), and what is said of a gradient. The first three have a holder, a position or key, and what is there.
_FIELDS, _ITEMS, _ENTRIES, _APART, _GRADIENTS = range(5)
_WIDTHS = (3, 3, 3, 1, 5)
_SLOTS = ("array", "needs_grad", "node", "viewed")
_FALSE, _NONE, _OFFSETS = 1, 2, 3
_COUNTS = _OFFSETS + len(_SLOTS)
_FIRST = _COUNTS + len(_WIDTHS)
_NOWHERE = np.iinfo(np.intp).max


def same(guard: Any) -> tuple[Callable[..., bool] | None, set[str]]:
    """A function that is True if objects are where a guard says, and gradients as it says; and what that answers.

    The function takes each gradient and its array; the answers are conditions of the guard. None in place of the
    function if it is not worth it, or cannot be made here.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None, set()
    rows: tuple[list[int], ...] = tuple([] for _ in _WIDTHS)
    answered = {guard.distinct} if guard.distinct else set()
    for x in guard.identities:
        row = _row(x)
        if row is not None:
            rows[row[0]].extend(row[1:])
            answered.add(x.condition)
    sizes = [_sizes(gradient) for gradient in guard.gradients]
    for gradient, at in zip(guard.gradients, sizes, strict=True):
        rows[_GRADIENTS].extend(_described(gradient, at))
        answered.update(gradient.conditions)
    if len(answered) <= _FEW:
        return None, set()
    rows[_APART].extend(sorted(guard.apart))
    rows[_APART].extend([_NOWHERE] * (2 ** len(guard.apart).bit_length() - len(guard.apart)))
    counts = [len(part) // width for part, width in zip(rows, _WIDTHS, strict=True)]
    head = [id(True), id(False), id(None), *(_offsets()[slot] for slot in _SLOTS), *counts]
    table = np.array([*head, *(word for part in rows for word in part)], np.intp)
    try:
        return builtin("same", _engine(), table, (guard.identities, guard.gradients, sizes)), answered
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


def _sizes(gradient: Any) -> Any:
    """The shape of a gradient's array, and after it the strides, as NumPy keeps them."""
    return np.array([*gradient.shape, *gradient.strides], np.intp)


def _described(gradient: Any, sizes: Any) -> tuple[int, int, int, int, int]:
    """The row for a gradient: axes, where their sizes are, dtype, the flags that are asked for, the number of zeros."""
    flags = WRITEABLE if gradient.is_writeable else 0
    return len(gradient.shape), sizes.ctypes.data, id(gradient.dtype), flags, gradient.zeros


@functools.cache
def _offsets() -> dict[str, int]:
    """Where tensors have their slots."""
    tensor, found = object.__new__(Tensor), {}
    for name in _SLOTS:
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

    check_arrays()
    code = found(_KEY)
    if code is not None:
        return running(code)
    code = _Writer().code()
    keep(_KEY, code)
    return running(code)


class _Writer:
    """Writes the machine code of `same`: a loop over the rows of each kind, left as soon as an answer is no."""

    def __init__(self) -> None:
        from llvmlite import ir

        self.ir = ir
        self.word, self.byte, self.half = ir.IntType(8 * ctypes.sizeof(ctypes.c_void_p)), ir.IntType(8), ir.IntType(32)
        self.size = self.word.width // 8
        self.pointer = self.byte.as_pointer()
        self.module = ir.Module()
        kind = ir.FunctionType(self.pointer, [self.pointer, self.pointer.as_pointer(), self.word])
        self.function = ir.Function(self.module, kind, SYMBOL)
        self.entry = self._outside(own("PyDict_GetItem"), self.pointer, self.pointer, self.pointer)
        self.increase = self._outside(own("Py_IncRef"), ir.VoidType(), self.pointer)
        self.compare = self._outside("memcmp", self.half, self.pointer, self.pointer, self.word)
        self.builder = ir.IRBuilder(self.function.append_basic_block())
        self.no = self.function.append_basic_block()
        self.table = self._as_pointer(self._field(self.function.args[0], HEADER))

    def code(self) -> Code:
        """The object file."""
        import llvmlite.binding as llvm

        values: tuple[Callable[[Any, Any], Any], ...] = (self._field, self._item, self._value)
        self._require("==", self.function.args[2], self._times(self._of_table(_COUNTS + _GRADIENTS), 2))
        first = apart = self.word(_FIRST)
        for kind, width in enumerate(_WIDTHS):
            count = self._of_table(_COUNTS + kind)
            if kind == _APART:
                apart = first
            else:
                with self._loop(count) as i:
                    start = self.builder.add(first, self._times(i, width))
                    row = [self._of_table(self.builder.add(start, self.word(k))) for k in range(width)]
                    if kind == _GRADIENTS:
                        self._gradient(i, apart, *row)
                    else:
                        self._require("==", values[kind](self._as_pointer(row[0]), row[1]), row[2])
            first = self.builder.add(first, self._times(count, width))
        for position, block in enumerate((self.builder.block, self.no)):
            self.builder.position_at_end(block)
            answer = self._as_pointer(self._of_table(position))
            self.builder.call(self.increase, [answer])
            self.builder.ret(answer)
        made: Any = llvm.parse_assembly(str(self.module))
        outside = tuple(x.name for x in (self.entry, self.increase, self.compare))
        return Code(outside, target_machine().emit_object(made))

    # -- what a row asks ---------------------------------------------------------------------------

    def _item(self, holder: Any, position: Any) -> Any:
        items = self._as_pointer(self._field(holder, ITEMS))
        return self._field(items, self._times(position, self.size))

    def _value(self, holder: Any, key: Any) -> Any:
        there = self.builder.call(self.entry, [holder, self._as_pointer(key)])
        return self.builder.ptrtoint(there, self.word)

    def _gradient(self, number: Any, apart: Any, axes: Any, sizes: Any, dtype: Any, flags: Any, zeros: Any) -> None:
        """The questions about a tensor and an array, which are arguments: two for each gradient."""
        builder, word = self.builder, self.word
        tensor, array = (self._argument(number, k) for k in range(2))
        expected = (builder.ptrtoint(array, word), *(self._of_table(k) for k in (_FALSE, _NONE, _NONE)))
        for k, value in enumerate(expected):
            self._require("==", self._field(tensor, self._of_table(_OFFSETS + k)), value)
        self._require("==", self._field(array, NUMBER_OF_AXES, self.half), builder.trunc(axes, self.half))
        self._require("==", self._field(array, DTYPE), dtype)
        self._require("==", self._field(array, BASE), word(0))
        flags = builder.trunc(flags, self.half)
        self._require("==", builder.and_(self._field(array, FLAGS, self.half), flags), flags)
        length = self._times(axes, self.size)
        self._require_alike(self._field(array, SHAPE), sizes, length)
        self._require_alike(self._field(array, STRIDES), builder.add(sizes, length), length)
        with self._loop(number) as other:
            self._require("!=", self._argument(other, 1), array)
        self._require_apart(apart, expected[0])
        with builder.if_then(builder.icmp_unsigned("!=", zeros, word(0))):
            # The first byte is 0, and each is as the one before.
            data = self._field(array, HEADER)
            self._require("==", self._field(self._as_pointer(data), 0, self.byte), self.byte(0))
            self._require_alike(data, builder.add(data, word(1)), builder.sub(zeros, word(1)))

    def _require_apart(self, first: Any, address: Any) -> None:
        """Go on if an address is none of those in the rows from a first one on; each look halves their number."""
        builder, before = self.builder, self.builder.block
        head, body, after = (self.function.append_basic_block() for _ in range(3))
        count = self._of_table(_COUNTS + _APART)
        builder.branch(head)
        builder.position_at_end(head)
        place, many = builder.phi(self.word), builder.phi(self.word)
        place.add_incoming(first, before)
        many.add_incoming(count, before)
        builder.cbranch(builder.icmp_unsigned(">", many, self.word(1)), body, after)
        builder.position_at_end(body)
        half = builder.lshr(many, self.word(1))
        middle = builder.add(place, half)
        is_below = builder.icmp_unsigned("<", address, self._of_table(middle))
        place.add_incoming(builder.select(is_below, place, middle), body)
        many.add_incoming(half, body)
        builder.branch(head)
        builder.position_at_end(after)
        self._require("!=", self._of_table(place), address)

    def _argument(self, number: Any, which: int) -> Any:
        position = self.builder.add(self._times(number, 2), self.word(which))
        return self.builder.load(self.builder.gep(self.function.args[1], [position]))

    # -- the language ------------------------------------------------------------------------------

    def _outside(self, name: str, result: Any, *of: Any) -> Any:
        return self.ir.Function(self.module, self.ir.FunctionType(result, of), name)

    def _as_pointer(self, x: Any) -> Any:
        return self.builder.inttoptr(x, self.pointer)

    def _field(self, of: Any, offset: Any, kind: Any = None) -> Any:
        """What is in memory, so many bytes after a pointer: a word, if no other kind is given."""
        place = self.builder.gep(of, [self.word(offset) if isinstance(offset, int) else offset])
        return self.builder.load(self.builder.bitcast(place, (kind or self.word).as_pointer()))

    def _of_table(self, position: Any) -> Any:
        if isinstance(position, int):
            return self._field(self.table, position * self.size)
        return self._field(self.table, self._times(position, self.size))

    def _times(self, x: Any, factor: int) -> Any:
        return self.builder.mul(x, self.word(factor))

    def _require(self, relation: str, a: Any, b: Any) -> None:
        """Go on if a relation holds between two numbers or pointers, else to the answer no."""
        after = self.function.append_basic_block()
        self.builder.cbranch(self.builder.icmp_unsigned(relation, a, b), after, self.no)
        self.builder.position_at_end(after)

    def _require_alike(self, a: Any, b: Any, length: Any) -> None:
        """Go on if the memory at two addresses is the same."""
        difference = self.builder.call(self.compare, [self._as_pointer(a), self._as_pointer(b), length])
        self._require("==", difference, self.half(0))

    @contextlib.contextmanager
    def _loop(self, count: Any) -> Iterator[Any]:
        """What is written within is done for each number below a count."""
        before = self.builder.block
        head, body, after = (self.function.append_basic_block() for _ in range(3))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        number = self.builder.phi(self.word)
        number.add_incoming(self.word(0), before)
        self.builder.cbranch(self.builder.icmp_unsigned("<", number, count), body, after)
        self.builder.position_at_end(body)
        yield number
        number.add_incoming(self.builder.add(number, self.word(1)), self.builder.block)
        self.builder.branch(head)
        self.builder.position_at_end(after)
