"""Compiles functions of loops, or finds their machine code on disk.

Arrays that are the same at every call (parameters, buffers, constants) are not handed over at each call: the compiled
function finds them by their addresses, in one table.

    def step_loops(x, weight, product): ...                        # as it is written
    def step_loops(table, x): weight = carray(pointer(table[6]), (16, 4), np.float32); ...   # as it is compiled
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

from ..lines import Value
from .forms import kind_of_number
from .regions import LoopsFunction, is_static


@functools.cache
def is_available() -> bool:
    """Whether numba is installed, on a processor with the order of bytes that `blas` counts on."""
    return sys.byteorder == "little" and importlib.util.find_spec("numba") is not None


def compiled(function: LoopsFunction) -> Callable[..., Any]:
    """The compiled function; it is called with those parameters that are not static, in their order.

    It is the same machine code whether it is compiled now or was found on disk.
    """
    from .cache import found, keep
    from .loading import loaded

    text, kinds = _as_compiled(function)
    static = [x.array for x in function.parameters if is_static(x)]
    key = _key(text, kinds)
    code = found(key)
    if code is not None:
        try:
            return loaded(code, function.__name__, static, function.checks)
        except ImportError:  # it calls what is not there in this process
            pass
    from .objects import made

    code = made(text, function.__name__, kinds)
    keep(key, code)
    return loaded(code, function.__name__, static, function.checks)


def _as_compiled(function: LoopsFunction) -> tuple[str, tuple[str, ...]]:
    """The text of a function that finds arrays by addresses, and the kinds of its parameters but for the table."""
    from .loading import FIRST

    _, body = function.text.split("\n", 1)
    made: list[str] = []
    words, kinds = ["table"], []
    static = 0
    for value, name in zip(function.parameters, function.names, strict=True):
        if is_static(value):
            address = f"table[{FIRST + static}]"
            static += 1
        else:
            kinds.append(_kind(value))
            address = name if kinds[-1] in ("float", "int") else f"{name}_address"
            words += [address, f"{name}_strides"] if kinds[-1] == "strided" else [address]
            if address == name:
                continue
        made.append(f"    {name} = {_array(value, name, address)}\n")
    end = "" if function.checks else "    return 0, 0\n"
    return f"def {function.__name__}({', '.join(words)}):\n{''.join(made)}{body}{end}", tuple(kinds)


def _key(text: str, kinds: tuple[str, ...]) -> list[str]:
    """What the machine code depends on: not on the comments, which tell the user's lines."""
    return ["\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")), *kinds]


def _array(value: Value, name: str, address: str) -> str:
    """The expression that makes an array of memory."""
    dtype = f"np.{'bool_' if value.dtype.kind == 'b' else value.dtype.name}"
    if value.in_c_order or value.in_f_order:
        return f"numba.{'carray' if value.in_c_order else 'farray'}(pointer({address}), {value.shape}, {dtype})"
    strides = f"numba.carray(pointer({name}_strides), ({len(value.shape)},), np.intp)"
    listed = ", ".join(f"{strides}[{axis}]" for axis in range(len(value.shape)))
    base = f"numba.carray(pointer({address}), (1,), {dtype})"
    return f"np.lib.stride_tricks.as_strided({base}, {value.shape}, ({listed},))"


def _kind(value: Value) -> str:
    if value.kind == "number":
        return "float" if kind_of_number(value) is float else "int"
    return "array" if value.in_c_order or value.in_f_order else "strided"
