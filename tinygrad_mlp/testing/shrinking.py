"""The smallest inputs that show a fault: shorter axes first, then plainer numbers, as long as the fault stays."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .subject import Array, array_of, is_floating, is_tensor

SECONDS = 2.0
MOST_ENTRIES = 12  # of an array whose numbers are made plain one by one
LONGEST = 400  # characters of an array that is written out

Kinds = Callable[[Sequence[Any]], list[str]]


def smallest_inputs(inputs: Sequence[Any], kind: str, kinds: Kinds) -> list[Any]:
    """Smaller inputs for which `kinds` still begins with `kind`; what raises an exception is not smaller."""
    best = list(inputs)
    deadline = time.monotonic() + SECONDS

    def shows(tried: list[Any]) -> bool:
        try:
            return kinds(tried)[:1] == [kind]
        except Exception:
            return False

    for candidates in (_shorter, _plainer):
        found = True
        while found:
            found = False
            for tried in candidates(best):
                if time.monotonic() > deadline:
                    return best
                if shows(tried):
                    best, found = tried, True
                    break
    return best


# -- shorter axes ----------------------------------------------------------------------------------


def _shorter(inputs: list[Any]) -> Iterator[list[Any]]:
    """Each axis cut by itself, and all axes of one length together, as a batch or the inner axes of a product are."""
    arrays = [array_of(x) for x in inputs]
    axes = [(i, axis) for i, x in enumerate(arrays) if isinstance(x, np.ndarray) for axis in range(x.ndim)]
    for length in sorted({arrays[i].shape[axis] for i, axis in axes}, reverse=True):
        same = [(i, axis) for i, axis in axes if arrays[i].shape[axis] == length]
        for size in sorted({1, 2, length // 2, length - 1}):
            if 0 < size < length:
                yield from _cut(inputs, arrays, same, size)
                if len(same) > 1:
                    for one in same:
                        yield from _cut(inputs, arrays, [one], size)


def _cut(inputs: list[Any], arrays: list[Any], axes: list[tuple[int, int]], size: int) -> Iterator[list[Any]]:
    short = list(arrays)
    for i, axis in axes:
        short[i] = np.take(short[i], range(size), axis)
    yield _rebuilt(inputs, arrays, short)
    integers = [i for i, x in enumerate(short) if isinstance(x, np.ndarray) and x.dtype.kind in "iu"]
    if integers:  # indices into an axis that has become shorter
        yield _rebuilt(inputs, arrays, [x % size if i in integers else x for i, x in enumerate(short)])


# -- plainer numbers -------------------------------------------------------------------------------


def _plainer(inputs: list[Any]) -> Iterator[list[Any]]:
    """Whole arrays of plain numbers, and then single ones."""
    arrays = [array_of(x) for x in inputs]
    for i, x in enumerate(arrays):
        if not is_floating(x):
            continue
        now = _effort(x)
        ramp = np.arange(1, x.size + 1, dtype=x.dtype).reshape(x.shape)
        for plain in (np.zeros_like(x), np.ones_like(x), np.full_like(x, 2), ramp, np.round(x), np.round(x, 1)):
            if _effort(plain) < now:
                yield _rebuilt(inputs, arrays, [plain if k == i else y for k, y in enumerate(arrays)])
        if x.size <= MOST_ENTRIES:
            for place in range(x.size):
                for number in (0.0, 1.0, 2.0, -1.0, np.round(x.reshape(-1)[place], 1)):
                    plain = np.array(x)
                    plain.reshape(-1)[place] = number
                    if _effort(plain) < now:
                        yield _rebuilt(inputs, arrays, [plain if k == i else y for k, y in enumerate(arrays)])


def _effort(x: Array) -> int:
    """How much there is to read in the numbers."""
    known = {0.0: 0, 1.0: 1, 2.0: 2, -1.0: 3}
    return sum(known[v] if v in known else 2 + len(repr(v)) for v in x.reshape(-1).tolist())


def _rebuilt(inputs: list[Any], arrays: list[Any], changed: list[Any]) -> list[Any]:
    """The inputs with other arrays in them: tensors of the same framework, where they were tensors."""
    return [x if new is old else like(x, new) for x, old, new in zip(inputs, arrays, changed, strict=True)]


def like(x: Any, array: Array) -> Any:
    """A tensor or an array, as `x` is, with other numbers."""
    if not is_tensor(x):
        return array
    tensor = x.detach().new_tensor(array.tolist(), dtype=x.dtype).reshape(array.shape)
    return tensor.requires_grad_() if x.requires_grad else tensor


# -- as text ---------------------------------------------------------------------------------------


def written(inputs: Sequence[Any], names: Sequence[str]) -> str:
    """A line for each input, by its name."""
    return "\n".join(f"{name} = {_text(array_of(x), 'array')}" for name, x in zip(names, inputs, strict=False))


def _text(x: Any, maker: str) -> str:
    if not isinstance(x, np.ndarray):
        return repr(x)
    numbers = repr(x.tolist()).replace("nan", "float('nan')").replace("inf", "float('inf')")
    if len(numbers) > LONGEST or 0 in x.shape:
        return f"... an array of {x.dtype} of the shape {x.shape}"
    return f"{maker}({numbers}, dtype={{}}{x.dtype})" if maker != "array" else f"{numbers} ({x.dtype})"


def snippet(f: Any, inputs: Sequence[Any], names: Sequence[str], order: int, against: Any) -> str:
    """Lines that reproduce the fault: the imports, the inputs, the call; and what torch says, if torch is the judge."""
    torch = any(is_tensor(x) and type(x).__module__.startswith("torch") for x in inputs)
    tensors = any(is_tensor(x) for x in inputs)
    first = "import torch" if torch else "import tinygrad_mlp as torch" if tensors else "import numpy as np"
    function, origin = _call(f)
    variables = [_variable(name, i) for i, name in enumerate(names)]
    values = [_value(x) for x in inputs]
    options = "" if order == 2 else f", order={order}"
    if isinstance(against, str):
        options += f", against={against!r}"
    lines = [
        first,
        "from tinygrad_mlp.testing import assert_gradients" + origin,
        f"{', '.join(variables)} = {', '.join(values)}",
        f"assert_gradients({', '.join([function, *variables])}{options})",
    ]
    if callable(against):
        lines += _under_torch(against, inputs, variables)
    return "\n".join(lines)


def _under_torch(against: Any, inputs: Sequence[Any], variables: list[str]) -> list[str]:
    values = ", ".join(_value(x, tensor=True, grad=True) for x in inputs)
    checked = [v for v, x in zip(variables, inputs, strict=False) if is_floating(array_of(x))]
    name = _call(against)[0]
    call = f"{name}({', '.join(variables)}).sum()"
    return [
        "import torch",
        f"{', '.join(variables)} = {values}",
        f"print(torch.autograd.grad({call}, [{', '.join(checked)}]))",
    ]


def _value(x: Any, tensor: bool = False, grad: bool = False) -> str:
    array = array_of(x)
    if tensor or is_tensor(x):
        text = _text(array, "torch.tensor")
        asks = (grad and is_floating(array)) or getattr(x, "requires_grad", False)
        return (
            text.format("torch.")[:-1] + ", requires_grad=True)"
            if asks and text.endswith(")")
            else text.format("torch.")
        )
    return _text(array, "np.array").format("np.")


def _variable(name: str, place: int) -> str:
    return name if name.isidentifier() else f"x{place}"


def _call(f: Any) -> tuple[str, str]:
    """How a program says the function, and the import for that or where it is."""
    if isinstance(f, tuple):
        (first, origin), (second, _) = map(_call, f)
        return f"({'forward' if first == 'f' else first}, {'vjp' if second == 'f' else second})", origin
    name = getattr(f, "__qualname__", None)
    module = getattr(f, "__module__", None)
    if name and module and module != "__main__" and name.isidentifier():
        return name, f"; from {module} import {name}"
    if not name:
        return type(f).__name__.lower(), f"  # of {type(f).__qualname__}"
    try:
        place = f"{inspect.getsourcefile(f)}:{inspect.getsourcelines(f)[1]}"
    except (OSError, TypeError):
        place = str(module)
    return name.rpartition(".")[2].replace("<lambda>", "f"), f"  # {name.rpartition('.')[2]} of {place}"
