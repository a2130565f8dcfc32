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


def step_source(optimizer: Any, parameters: Sequence[Any], tensor: type) -> str | None:
    """The source text of a function that makes one step of an optimiser of the framework.

    Its arguments are the gradients, the parameters and the tensors in their state, its result the parameters. None for
    an optimiser that the program has defined, or one with an option that cannot be written down.
    """
    if not type(optimizer).__module__.partition(".")[2].startswith("optim"):
        return None
    count = len(parameters)
    places = {id(parameter): f"parameters[{i}]" for i, parameter in enumerate(parameters)}
    names = (f"x[{i}]" for i in range(2 * count, 10_000))
    states = []
    try:
        groups = ", ".join(_group(optimizer, group, places, tensor) for group in optimizer.param_groups)
        for parameter in parameters:
            if parameter in optimizer.state:
                own = _text(dict(optimizer.state[parameter]), tensor, names)
                states.append(f"    optimizer.state[{places[id(parameter)]}].update({own})")
    except CannotWrite:
        return None
    lines = [
        "def step(*x):",
        f"    gradients, parameters = x[:{count}], x[{count}:{2 * count}]",
        "    for parameter, gradient in zip(parameters, gradients):",
        "        parameter.requires_grad_().grad = gradient",
        f"    optimizer = torch.optim.{type(optimizer).__name__}([{groups}])",
        *states,
        "    optimizer.step()",
        "    return parameters",
    ]
    return "\n".join(lines) + "\n"


def _group(optimizer: Any, group: Mapping[str, Any], places: Mapping[int, str], tensor: type) -> str:
    """A group of parameters with the options that its optimiser's class takes and that differ from the default."""
    members = ", ".join(places[id(p)] for p in group["params"] if id(p) in places)
    options = {
        name: group[name]
        for name, parameter in inspect.signature(type(optimizer).__init__).parameters.items()
        if name in group and name != "params" and group[name] != parameter.default
    }
    texts = "".join(f", {name!r}: {_text(value, tensor, iter(()))}" for name, value in options.items())
    return f"{{'params': [{members}]{texts}}}"


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
