"""Makes functions of Python from machine code, without numba: a process that finds its loops on disk needs no more.

The code is a function in C that CPython calls like any of its built-in ones, `PyObject *f(self, args, count)`. It finds
the numbers of arrays and the values of floats where CPython and NumPy keep them, which costs a few nanoseconds each.

    step_loops(x, lr)  # jumps to the machine code with pointers to x and lr
"""

from __future__ import annotations

import ctypes
import functools
import pickle
from collections import OrderedDict
from collections.abc import Callable
from types import CellType
from typing import Any, NamedTuple

import numpy as np

from . import blas

SYMBOL = "tinygrad_mlp_loops"  # the function's name in the machine code
HEADER = object.__basicsize__  # so many bytes are before an array's pointer to its elements, and before a float's value
_POINTER = ctypes.sizeof(ctypes.c_void_p)
TYPE = HEADER - _POINTER  # an object's class
# An array's fields, of which the number of axes and the flags are only an int.
NUMBER_OF_AXES, SHAPE, STRIDES, BASE, DTYPE, FLAGS = (HEADER + (1 + i) * _POINTER for i in range(6))
WRITEABLE = 0x0400  # the flag NPY_ARRAY_WRITEABLE
ITEMS = HEADER + _POINTER  # a list's pointer to its items
SIZE_OF_SET = HEADER + _POINTER  # the number of a set's elements; that of a list or dict is at HEADER

# The first places of a function's table: what it calls to raise, None, the class ndarray, and what went wrong.
# Addresses of arrays follow.
FAIL, NONE, NDARRAY, PROBLEM, DETAIL, SIZE, FIRST = range(7)
# Problems; a positive one is the number of a check.
RAISED = -1  # an exception of Python, which is pickled at the address `DETAIL`
NO_ARRAY = -2  # an argument is not the array that it should be

_OF_PYTHON = (
    "PyEval_SaveThread", "PyEval_RestoreThread", "PyFloat_AsDouble", "PyLong_AsLongLong", "PyObject_CallObject",
    "PyType_IsSubtype", "PyDict_GetItem", "Py_IncRef",
)  # fmt: skip
_FASTCALL = 0x0080  # METH_FASTCALL of CPython's methodobject.h


class Code(NamedTuple):
    """Machine code: an object file for this processor, and the names that it does not define itself."""

    outside: tuple[str, ...]
    data: bytes


class _MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


def own(name: str) -> str:
    """The name under which machine code knows a function of BLAS or of Python."""
    return f"tinygrad_mlp_{name}"


@functools.cache
def define_symbols() -> None:
    """Tell LLVM where the functions of BLAS and of Python are."""
    import llvmlite.binding as llvm

    for name in ("sgemm", "dgemm"):
        llvm.add_symbol(own(name), blas.address_of(name))
    for name in _OF_PYTHON:
        llvm.add_symbol(own(name), ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    if llvm.address_of_symbol("NRT_MemInfo_call_dtor") is None:  # numba's, for arrays that own memory: here none does
        llvm.add_symbol("NRT_MemInfo_call_dtor", llvm.address_of_symbol(own("Py_IncRef")))


@functools.cache
def define_mkl() -> None:
    """Tell LLVM where the functions of oneMKL are, which loads it. ImportError if that cannot be done."""
    import llvmlite.binding as llvm

    try:
        addresses = blas.mkl_addresses()
    except OSError as problem:
        raise ImportError(str(problem)) from problem
    for name, address in addresses.items():
        llvm.add_symbol(own(f"mkl_{name}"), address)


@functools.cache
def processor() -> tuple[str, str]:
    """The processor's name and features, as LLVM knows them."""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target_machine() -> Any:
    """What makes machine code for this processor, to be run in this process; an engine needs one of its own."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    target = llvm.Target.from_default_triple()
    reloc = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(
        cpu=name, features=features, opt=3, reloc=reloc, codemodel="jitdefault", jit=True
    )


def loaded(code: Code, name: str, static: list[Any], checks: list[tuple[int, int]]) -> Callable[..., Any]:
    """The function in machine code, whose table has the addresses of the static arrays.

    `checks` are the axes and sizes of which an IndexError tells. ImportError if the code calls what is not there.
    """
    engine = running(code)
    table = np.array([0] * FIRST + [x.ctypes.data for x in static], np.intp)

    def fail() -> None:
        problem, detail, size = table[PROBLEM:FIRST].tolist()
        if problem == RAISED:
            error, args, *_ = pickle.loads(ctypes.string_at(detail, size))
            raise error(*args)
        if problem == NO_ARRAY:
            raise TypeError("an array was expected")
        axis, length = checks[problem - 1]
        raise IndexError(f"index {detail} is out of bounds for axis {axis} with size {length}")

    table[FAIL], table[NONE], table[NDARRAY] = id(fail), id(None), id(np.ndarray)
    return builtin(name, engine, table, (fail, static))


def running(code: Code) -> Any:
    """An engine with the machine code in it. ImportError if the code calls what is not there."""
    import llvmlite.binding as llvm

    _check_layout()
    define_symbols()
    if any(symbol.startswith(own("mkl_")) for symbol in code.outside):
        define_mkl()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())  # finds C's functions from now on
    for symbol in code.outside:
        if llvm.address_of_symbol(symbol) is None:  # LLVM would end the process
            raise ImportError(f"no {symbol}")
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code.data))
    engine.finalize_object()
    return engine


def builtin(name: str, engine: Any, table: Any, alive: Any) -> Callable[..., Any]:
    """The function SYMBOL of an engine as a built-in function of Python, with a table; it keeps alive what it needs."""
    definition = _MethodDef(name.encode(), engine.get_function_address(SYMBOL), _FASTCALL, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    kept = (definition, engine, alive)  # a built-in function keeps what is said to be its module
    function: Callable[..., Any] = make(ctypes.addressof(definition), table, kept)
    return function


@functools.cache
def _check_layout() -> None:
    """ImportError unless arrays and floats are where machine code looks for them."""
    array, number = np.arange(3.0), 0.1
    pointer = ctypes.c_void_p.from_address(id(array) + HEADER).value
    value = ctypes.c_double.from_address(id(number) + HEADER).value
    strides = ctypes.c_void_p.from_address(id(array) + STRIDES).value
    kind = ctypes.c_void_p.from_address(id(array) + TYPE).value
    if (pointer, value, kind) != (array.ctypes.data, number, id(np.ndarray)) or (
        ctypes.c_ssize_t.from_address(strides or 0).value != 8
    ):
        raise ImportError("arrays are not laid out as expected")
    others = set(range(38))
    others.remove(0)
    for container in (list(range(37)), dict.fromkeys(range(37)), OrderedDict.fromkeys(range(37)), others):
        place = SIZE_OF_SET if container is others else HEADER
        if ctypes.c_ssize_t.from_address(id(container) + place).value != 37:
            raise ImportError("lists, dicts and sets are not laid out as expected")
    cell, items = CellType(number), [array, number]
    if ctypes.c_void_p.from_address(id(cell) + HEADER).value != id(number):
        raise ImportError("cells are not laid out as expected")
    first = ctypes.c_void_p.from_address(id(items) + ITEMS).value
    if [ctypes.c_void_p.from_address((first or 0) + _POINTER * i).value for i in range(2)] != [*map(id, items)]:
        raise ImportError("lists are not laid out as expected")


@functools.cache
def check_arrays() -> None:
    """ImportError unless those fields of arrays that describe them are where machine code looks for them."""
    owner = np.arange(6.0, dtype=np.float32)
    flags = []
    for array in (owner, owner.reshape(2, 3)[:, 1:], np.zeros(())):
        axes = [x for place in (SHAPE, STRIDES) for x in _words(_word(id(array) + place), array.ndim)]
        facts = (ctypes.c_int.from_address(id(array) + NUMBER_OF_AXES).value, _word(id(array) + DTYPE), axes)
        base = 0 if array.base is None else id(array.base)
        if facts != (array.ndim, id(array.dtype), [*array.shape, *array.strides]) or _word(id(array) + BASE) != base:
            raise ImportError("arrays are not laid out as expected")
    for owner.flags.writeable in (True, False):
        flags.append(ctypes.c_int.from_address(id(owner) + FLAGS).value)
    if not flags[0] & WRITEABLE or flags[0] ^ flags[1] != WRITEABLE:
        raise ImportError("the flags of arrays are not as expected")


def _word(address: int) -> int:
    return ctypes.c_ssize_t.from_address(address).value


def _words(address: int, count: int) -> list[int]:
    return [_word(address + _POINTER * i) for i in range(count)]
