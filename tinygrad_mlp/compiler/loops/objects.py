"""Compiles functions of loops to machine code by numba and LLVM.

Numba compiles a function of addresses and numbers; around it a function is put that CPython can call (see `loading`).
What comes out is an object file, which can be kept.
"""

# numba has no types to check against.
# mypy: ignore-errors

from __future__ import annotations

import math
import warnings

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba.core import types

from . import functions
from .loading import (
    DETAIL,
    FAIL,
    HEADER,
    NDARRAY,
    NO_ARRAY,
    NONE,
    PROBLEM,
    RAISED,
    SIZE,
    STRIDES,
    SYMBOL,
    TYPE,
    Code,
    own,
    target_machine,
)
from .regions import HELPERS

_WORD = ir.IntType(types.intp.bitwidth)
_BYTES = ir.IntType(8).as_pointer()
_EXCEPTION = ir.LiteralStructType([_BYTES, ir.IntType(32), _BYTES, _BYTES, ir.IntType(32)])  # numba's, pickled
_PLACES = {"problem": PROBLEM, "detail": DETAIL, "size": SIZE}
_NUMBERS = {"float": types.float64, "int": types.int64}


def made(text: str, name: str, kinds: tuple[str, ...]) -> Code:
    """The machine code of a function of a table and of parameters of these kinds.

    The kinds are "array", "strided" (an array, of which the function takes the strides, too), "float" and "int".
    """
    scope = {"np": np, "math": math, "numba": numba, **{name: getattr(functions, name) for name in HELPERS}}
    exec(compile(text, "<loops>", "exec"), scope)
    given = [part for kind in kinds for part in _taken(kind)]
    signature = types.UniTuple(types.int64, 2)(types.CPointer(types.intp), *given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = numba.njit(
            signature, error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
        )(scope[name])
    (result,) = function.overloads.values()
    inner = result.fndesc.llvm_func_name
    module = llvm.parse_assembly(function.inspect_llvm(function.signatures[0]))
    if len(list(module.get_function(inner).arguments)) != 3 + len(given):
        raise TypeError("numba calls functions in another way than is known")
    module.link_in(llvm.parse_assembly(str(_entry(inner, kinds, module.triple))))
    module.verify()
    outside = [x.name for x in module.functions if x.is_declaration and not x.name.startswith("llvm.")]
    return Code(tuple(outside), target_machine().emit_object(module))


def _taken(kind):
    """What numba's function takes for a parameter of a kind."""
    if kind in _NUMBERS:
        return [_NUMBERS[kind]]
    return [types.intp] if kind == "array" else [types.intp, types.intp]


def _entry(inner, kinds, triple):
    """The function that CPython calls, as a module of LLVM; it calls the `inner` one without Python's lock."""
    module = ir.Module()
    module.triple = triple
    start = ir.Function(module, ir.FunctionType(_BYTES, [_BYTES, _BYTES.as_pointer(), _WORD]), SYMBOL)
    builder = ir.IRBuilder(start.append_basic_block())
    itself, args, _ = start.args

    def outside(name, result, *of):
        return ir.Function(module, ir.FunctionType(result, of), own(name))

    def at(base, position):
        return builder.gep(base, [ir.IntType(32)(position)])

    def field(of, offset):
        return builder.load(builder.bitcast(at(of, offset), _WORD.as_pointer()))

    table = builder.inttoptr(field(itself, HEADER), _WORD.as_pointer())
    call = outside("PyObject_CallObject", _BYTES, _BYTES, _BYTES)

    def stored(place):
        return builder.inttoptr(builder.load(at(table, place)), _BYTES)

    def fail(**details):
        for place, value in details.items():
            builder.store(value, at(table, _PLACES[place]))
        builder.ret(builder.call(call, [stored(FAIL), _BYTES(None)]))

    values = {
        "float": outside("PyFloat_AsDouble", ir.DoubleType(), _BYTES),
        "int": outside("PyLong_AsLongLong", ir.IntType(64), _BYTES),
    }
    is_subtype = outside("PyType_IsSubtype", ir.IntType(32), _BYTES, _BYTES)
    given = []
    for position, kind in enumerate(kinds):
        x = builder.load(at(args, position))
        if kind in values:
            given.append(builder.call(values[kind], [x]))
            continue
        is_array = builder.call(is_subtype, [builder.inttoptr(field(x, TYPE), _BYTES), stored(NDARRAY)])
        with builder.if_then(builder.icmp_signed("==", is_array, is_array.type(0)), likely=False):
            fail(problem=_WORD(NO_ARRAY))
        given += [field(x, offset) for offset in ((HEADER,) if kind == "array" else (HEADER, STRIDES))]
    returned, raised = (builder.alloca(x) for x in (ir.ArrayType(ir.IntType(64), 2), _EXCEPTION.as_pointer()))
    passed = [returned, raised, table, *given]
    function = ir.Function(module, ir.FunctionType(ir.IntType(32), [x.type for x in passed]), inner)
    thread = builder.call(outside("PyEval_SaveThread", _BYTES), [])
    status = builder.call(function, passed)
    builder.call(outside("PyEval_RestoreThread", ir.VoidType(), _BYTES), [thread])

    with builder.if_then(builder.icmp_signed("!=", status, status.type(0)), likely=False):
        exception = builder.load(builder.load(raised))
        data, size = (builder.extract_value(exception, i) for i in range(2))
        fail(problem=_WORD(RAISED), detail=builder.ptrtoint(data, _WORD), size=builder.zext(size, _WORD))
    check, index = (builder.extract_value(builder.load(returned), i) for i in range(2))
    with builder.if_then(builder.icmp_signed("!=", check, check.type(0)), likely=False):
        fail(problem=check, detail=index)
    none = stored(NONE)
    builder.call(outside("Py_IncRef", ir.VoidType(), _BYTES), [none])
    builder.ret(none)
    return module
