"""The functions of rows as they stand in torch's namespace and its rooms `linalg` and `special`: with `out`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..ops import TABLE
from .functions import FUNCTIONS, named
from .kinds import of_one_tuple
from .out import write_row_into
from .signatures import function_of, function_with_out

NAMES = frozenset(name for name in named("function") if not name.endswith("_dim"))


@functools.cache
def function_of_torch(name: str) -> Callable[..., Any]:
    """The function of a row, by one of its names; each name is a function of its own, as classes know them apart."""
    own = TABLE.aliases.get(name, name)
    row = TABLE[own]
    if row.variadic:
        return of_one_tuple(row, FUNCTIONS[own])
    if not row.out and name == own:
        return FUNCTIONS[own]
    function = function_with_out(row, write_row_into) if row.out else function_of(row)
    function.__name__ = function.__qualname__ = name
    return function


def names_of_room(room: str) -> dict[str, str]:
    """The functions of a room of torch's namespace: their names there, and those of rows."""
    prefix = f"{room}_"
    return {name.removeprefix(prefix): name for name in FUNCTIONS if name.startswith(prefix)}
