"""Compiles functions of loops by numba, and keeps what it compiles on disk.

Arrays that are the same at every call (parameters, buffers, constants) are not handed over at each call, which takes
0.2 microseconds for each: the compiled function finds them by their addresses, in one table.

    def step_loops(x, weight, product): ...                        # as it is written
    def step_loops(table, x): weight = carray(pointer(table[0]), (16, 4), np.float32); ...   # as it is compiled
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lines import Value
from .cache import kept
from .forms import kind_of_number
from .regions import HELPERS, LoopsFunction, is_static


@functools.cache
def is_available() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def compiled(function: LoopsFunction) -> Callable[..., Any]:
    """The compiled function; it is called with those parameters that are not static, in their order."""
    import numba

    helpers = _helpers()
    static = [x for x in function.parameters if is_static(x)]
    table = np.array([x.array.ctypes.data for x in static] or [0], np.intp)
    text, types = _as_compiled(function)
    signature = numba.void(*types) if not function.checks else None
    if signature is None:
        signature = numba.types.UniTuple(numba.int64, 2)(*types)
    entry = kept(text, function.__name__, helpers, signature)
    return _bound(entry, table, static, function)


def _bound(entry: Any, table: Any, static: list[Value], function: LoopsFunction) -> Callable[..., Any]:
    alive = [x.array for x in static]  # their memory is used by address

    if not function.checks:

        def run(*args: Any, entry: Any = entry, table: Any = table, alive: Any = alive) -> None:
            entry(table, *args)

    else:

        def run(*args: Any, entry: Any = entry, table: Any = table, alive: Any = alive) -> None:
            failed, index = entry(table, *args)
            if failed:
                axis, size = function.checks[failed - 1]
                raise IndexError(f"index {index} is out of bounds for axis {axis} with size {size}")

    return run


def _helpers() -> dict[str, Any]:
    from . import functions

    return {name: getattr(functions, name) for name in HELPERS}


def _as_compiled(function: LoopsFunction) -> tuple[str, list[Any]]:
    """The text of a function whose static parameters come from a table, and the types of the others."""
    import numba

    _, body = function.text.split("\n", 1)
    found: list[str] = []
    words, types = ["table"], [numba.types.Array(numba.intp, 1, "C")]
    for value, name in zip(function.parameters, function.names, strict=True):
        if is_static(value):
            make = "carray" if value.array.flags.c_contiguous else "farray"
            address = f"pointer(table[{len(found)}])"
            found.append(f"    {name} = numba.{make}({address}, {value.shape}, np.{_dtype_name(value.dtype)})\n")
        else:
            words.append(name)
            types.append(_type_of(value))
    return f"def {function.__name__}({', '.join(words)}):\n{''.join(found)}{body}", types


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name


def _type_of(value: Value) -> Any:
    import numba

    if value.kind == "number":
        return numba.float64 if kind_of_number(value) is float else numba.int64
    layout = "C" if value.in_c_order else "F" if value.in_f_order else "A"
    return numba.types.Array(numba.from_dtype(value.dtype), len(value.shape), layout)
