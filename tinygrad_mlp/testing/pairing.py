"""Which gradient, written by hand, belongs to which tensor or array of a program: by name, or as a pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .frameworks import array_of, is_tensor
from .refusals import NO_GRADIENT, NO_PAIR, NOTHING_TO_CHECK


class Pair(NamedTuple):
    """A gradient and what it is the gradient of, with their names; `of_name` is "" where it has none."""

    name: str
    given: Any
    of_name: str
    of: Any


PATTERNS = ("d{}", "d_{}", "grad_{}", "{}_grad", "g{}")  # the names of the gradient of a variable


def numbers(value: Any) -> Any:
    """The array of a tensor; what NumPy reads of a number, a list or an array. None stays None.

    TypeError for what has no numbers.
    """
    if value is None:
        return None
    return array_of(value) if is_tensor(value) else np.asarray(value)


def is_numbers(value: Any) -> bool:
    """Whether it is a tensor, an array or a number that may be a gradient, or have one: a floating one."""
    if is_tensor(value):
        return bool(value.dtype.is_floating_point)
    return isinstance(value, float) or (isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f")


def pairs_by_name(
    variables: Mapping[str, Any], has_gradient: Callable[[str, Any], bool]
) -> tuple[list[Pair], list[str]]:
    """The variables that have a gradient beside them, and the names of gradients without a variable.

    The gradient of a gradient is not looked for. ValueError if there is no pair.
    """
    found = []
    for of_name, value in variables.items():
        if has_gradient(of_name, value):
            for pattern in PATTERNS:
                name = pattern.format(of_name)
                if name in variables and (is_numbers(variables[name]) or variables[name] is None):
                    found.append(Pair(name, variables[name], of_name, value))
    gradients = {pair.name for pair in found}
    found = [pair for pair in found if pair.of_name not in gradients]
    if not found:
        raise ValueError(NO_PAIR.format(patterns=", ".join(pattern.format("x") for pattern in PATTERNS)))
    return found, [name for name in variables if _is_left_over(name, variables, gradients)]


def _is_left_over(name: str, variables: Mapping[str, Any], gradients: set[str]) -> bool:
    """Whether a name reads like that of a gradient, but there is nothing that it would be the gradient of."""
    of_name = of_gradient(name)
    whole = is_numbers(variables[name]) and np.ndim(variables[name]) > 0
    return bool(whole and of_name and of_name not in variables and name not in gradients)


def of_gradient(name: str) -> str:
    """The name of the variable whose gradient has this name, by all patterns but the last; "" if none fits."""
    for pattern in sorted(PATTERNS[:-1], key=len, reverse=True):
        before, after = pattern.split("{}")
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
            return name[len(before) : len(name) - len(after)]
    return ""


def pairs_as_given(named: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Pair]:
    """The pairs of `name=tensor`, where the gradient is the variable of that name, and of `name=(gradient, tensor)`.

    NameError where there is no variable of that name; TypeError if nothing is given.
    """
    if not named:
        raise TypeError(NOTHING_TO_CHECK)
    found = []
    for name, value in named.items():
        if isinstance(value, tuple) and len(value) == 2:
            given, of = value
        elif name in variables:
            given, of = variables[name], value
        else:
            raise NameError(NO_GRADIENT.format(name=name), name=name)
        own = next((n for n, v in variables.items() if v is of and not n.startswith("_")), of_gradient(name))
        found.append(Pair(name, given, own, of))
    return found
