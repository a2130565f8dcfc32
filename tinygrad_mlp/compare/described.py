"""How a call is written in Python, with the names x0, x1, ... for its tensors: what a reproduction runs."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


class CannotWrite(Exception):
    """An argument has no short text that gives it again."""


def call_text(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], tensor: type) -> str | None:
    """`torch.clamp(x0, min=0)` for the call of a function by its name; None if an argument cannot be written."""
    names = (f"x{i}" for i in range(10_000))
    try:
        texts = [_text(value, tensor, names) for value in args]
        texts += [f"{key}={_text(value, tensor, names)}" for key, value in kwargs.items()]
    except CannotWrite:
        return None
    return f"{name}({', '.join(texts)})"


def module_text(module: Any, args: Sequence[Any], tensor: type) -> str | None:
    """The call of a layer of the framework: its parameters and buffers are x1, x2, ... after its arguments."""
    layer = type(module)
    if not layer.__module__.partition(".")[2].startswith("nn."):
        return None
    names = (f"x{i}" for i in range(10_000))
    try:
        inputs = "".join(f"{_text(value, tensor, names)}, " for value in args)
        made = f"torch.nn.{layer.__name__}({', '.join(_options(module, tensor))})"
    except CannotWrite:
        return None
    mode = "" if module.training else ".eval()"
    own = [*module._parameters.items(), *module._buffers.items()]
    given = ", ".join(f"{key!r}: {next(names)}" for key, value in own if value is not None)
    return f"torch.func.functional_call({made}{mode}, {{{given}}}, ({inputs}))"


def source_of(function: type) -> str | None:
    """The source text of a Function that the program has defined; None where it is not to be had."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None


def _options(module: Any, tensor: type) -> Iterator[str]:
    """The arguments of a layer's class: those that are kept as attributes and differ from the default."""
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = getattr(module, name, parameter.default)
        if isinstance(value, tensor) or (name in module._parameters and value is None):
            value = value is not None  # `bias` is a question to the class, and a tensor in the layer
        if value is parameter.empty:
            raise CannotWrite
        if value != parameter.default:
            yield f"{name}={_text(value, tensor, iter(()))}"


def _text(value: Any, tensor: type, names: Iterator[str]) -> str:
    if isinstance(value, tensor):
        return next(names)
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value, lambda each: _text(each, tensor, names))
    if type(value).__name__ in ("dtype", "device") and hasattr(tensor, "backward"):
        return f"torch.{str(value).rpartition('.')[2]}" if type(value).__name__ == "dtype" else repr(str(value))
    raise CannotWrite


def _number(value: Any, _: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)


def _slice(value: slice, text: Callable[[Any], str]) -> str:
    return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"


def _tuple(value: Any, text: Callable[[Any], str]) -> str:
    return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"


_WRITERS: dict[Any, Callable[[Any, Callable[[Any], str]], str]] = {
    bool: _number,
    int: _number,
    float: _number,
    str: _number,
    type(None): _number,
    type(...): lambda value, text: "...",
    slice: _slice,
    tuple: _tuple,
    list: lambda value, text: f"[{', '.join(map(text, value))}]",
    dict: lambda value, text: f"{{{', '.join(f'{key!r}: {text(each)}' for key, each in value.items())}}}",
}
