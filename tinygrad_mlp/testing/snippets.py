"""Inputs as text, and lines of Python that reproduce a fault."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .subject import array_of, is_floating, is_tensor

LONGEST = 400  # characters of an array that is written out

# Where functions of a framework are looked for, to be called by their public names.
_PLACES = ("torch", "torch.nn.functional", "torch.special", "tinygrad_mlp", "tinygrad_mlp.nn.functional")


def written(inputs: Sequence[Any], names: Sequence[str]) -> str:
    """A line for each input, by its name."""
    return "\n".join(f"{name} = {_plain(array_of(x))}" for name, x in zip(names, inputs, strict=False))


def _plain(x: Any) -> str:
    if not isinstance(x, np.ndarray):
        return repr(x)
    return f"{_numbers(x)} ({x.dtype})" if _is_short(x) else f"an array of {x.dtype} of the shape {x.shape}"


def _is_short(x: Any) -> bool:
    return x.size <= LONGEST and len(repr(x.tolist())) <= LONGEST and 0 not in x.shape


def _numbers(x: Any) -> str:
    return repr(x.tolist()).replace("nan", "float('nan')").replace("inf", "float('inf')")


def snippet(f: Any, inputs: Sequence[Any], names: Sequence[str], order: int, against: Any) -> str:
    """Lines that reproduce a fault: the imports, the inputs, the call; and what torch says, if torch is the judge."""
    theirs = any(is_tensor(x) and type(x).__module__.startswith("torch") for x in inputs)
    ours = not theirs and any(is_tensor(x) for x in inputs)
    world = "torch" if theirs else "tinygrad_mlp" if callable(against) else "torch"
    first = {(True, False): "import torch", (False, True): "import tinygrad_mlp as torch"}.get((theirs, ours), "")
    if callable(against):
        first = "import tinygrad_mlp, torch"
    if not theirs and not ours:
        first = ", ".join([first or "import numpy as np", *(["numpy as np"] if first else [])])
    function, origin = _called(f, world)
    variables = [name if name.isidentifier() else f"x{i}" for i, name in enumerate(names)]
    options = "" if order == 2 else f", order={order}"
    if against is not None:
        options += f", against={_called(against, 'torch')[0] if callable(against) else repr(against)}"
    lines = [
        first,
        "from tinygrad_mlp.testing import assert_gradients" + origin,
        f"{', '.join(variables)} = {', '.join(_value(x, world) for x in inputs)}",
        f"assert_gradients({', '.join([function, *variables])}{options})",
    ]
    return "\n".join(lines + (_under_torch(against, inputs, variables) if callable(against) else []))


def _under_torch(against: Any, inputs: Sequence[Any], variables: list[str]) -> list[str]:
    """The call of the judge, and its gradients."""
    values = ", ".join(_tensor(array_of(x), "torch", is_floating(array_of(x))) for x in inputs)
    checked = [v for v, x in zip(variables, inputs, strict=False) if is_floating(array_of(x))]
    call = f"{_called(against, 'torch')[0]}({', '.join(variables)}).sum()"
    return [f"{', '.join(variables)} = {values}", f"print(torch.autograd.grad({call}, [{', '.join(checked)}]))"]


def _value(x: Any, world: str) -> str:
    array = array_of(x)
    if is_tensor(x):
        return _tensor(array, world, x.requires_grad)
    if not isinstance(array, np.ndarray):
        return repr(x)
    return f"np.array({_numbers(array)}, dtype=np.{array.dtype})" if _is_short(array) else f"... # {_plain(array)}"


def _tensor(array: Any, world: str, requires_grad: bool) -> str:
    if not isinstance(array, np.ndarray):
        return repr(array)
    if not _is_short(array):
        return f"... # {_plain(array)}"
    more = ", requires_grad=True" if requires_grad else ""
    return f"{world}.tensor({_numbers(array)}, dtype={world}.{array.dtype}{more})"


def _called(f: Any, world: str) -> tuple[str, str]:
    """How a program calls the function, and the import that it needs or, as a comment, where the function is."""
    if isinstance(f, tuple):
        (first, origin), (second, _) = (_called(x, world) for x in f)
        return f"({'forward' if first == 'f' else first}, {'vjp' if second == 'f' else second})", origin
    name, module = getattr(f, "__qualname__", None), getattr(f, "__module__", None)
    if not name:
        known = getattr(f, "__name__", None)  # of a ufunc
        if known and getattr(np, known, None) is f:
            return f"np.{known}", ""
        return type(f).__name__.lower(), f"  # of {type(f).__qualname__}"
    last = name.rpartition(".")[2]
    for place in (p for p in _PLACES if p.split(".")[0] in sys.modules):
        if getattr(importlib.import_module(place), last, None) is f:
            return f"{place.replace('tinygrad_mlp', world)}.{last}", ""
    if module and module != "__main__" and name.isidentifier():
        return name, f"; from {module} import {name}"
    try:
        place = f"{inspect.getsourcefile(f)}:{inspect.getsourcelines(f)[1]}"
    except (OSError, TypeError):
        place = str(module)
    return last.replace("<lambda>", "f"), f"  # {last} of {place}"
