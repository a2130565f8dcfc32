"""What a program calls: NumPy's functions that can be lines of it, their names, and one of several results."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def name_of(function: Any) -> str:
    """The name of a function, as a refusal says it."""
    return str(getattr(function, "__name__", function))


# Functions that write into their first argument, and take no `out`.
WRITING = (
    operator.setitem, np.ndarray.fill, np.copyto, np.add.at, np.multiply.at, np.maximum.at, np.minimum.at,
)  # fmt: skip

# NumPy's functions whose result is an array of a shape that does not depend on values.
FUNCTIONS = frozenset(
    getattr(np, name)
    for name in (
        "where", "dot", "copy", "zeros_like", "ones_like", "empty_like", "full_like", "concatenate", "stack", "take",
        "take_along_axis", "broadcast_to", "swapaxes", "transpose", "expand_dims", "squeeze", "flip", "roll", "tile",
        "triu", "tril", "diagonal", "argsort", "argmax", "argmin", "all", "any", "clip", "mean", "var", "moveaxis",
        "reshape", "ravel", "sum", "prod", "max", "min", "cumsum", "cumprod", "sort", "outer", "trace", "nan_to_num",
        "rot90",
    )
) | {np.linalg.norm}  # fmt: skip


class Part:
    """One of the results of a function that gives several, for which a program calls the function once more."""

    def __init__(self, function: Any, index: int) -> None:
        self.function = function
        self.index = index
        self.__name__ = f"{name_of(function)}_{index}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)[self.index]
