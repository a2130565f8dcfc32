"""The arguments of a call, sorted into tensors, which are inputs of the program, and values, which must stay equal.

Containers are taken apart, and each part gets the Python expression that finds it again at a later call:

    step({"x": x, "y": y}, 0.5)
    # tensors: x as args[0]['x'], y as args[0]['y']; others: 0.5 as args[1]
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .recording import CannotRecord
from .refusals import DICT_KEYS


class Arguments:
    """The arguments of one call: `tensors` and `others`, each with its expression and its name.

    `sizes` holds the conditions on the containers: their types, lengths and keys. `names` are the names of the step's
    parameters.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str]) -> None:
        self.tensors: list[tuple[Tensor, str, str]] = []
        self.others: list[tuple[Any, str, str]] = []
        self.sizes: list[str] = [f"len(args) == {len(args)}", f"len(kwargs) == {len(kwargs)}"]
        for i, x in enumerate(args):
            self._add(x, f"args[{i}]", names[i] if i < len(names) else f"input_{i}")
        for key, x in kwargs.items():
            self._add(x, f"kwargs[{key!r}]", key)

    def _add(self, x: Any, expression: str, name: str) -> None:
        if isinstance(x, Tensor):
            self.tensors.append((x, expression, name))
        elif type(x) in (tuple, list):
            self.sizes += [f"type({expression}) is {type(x).__name__}", f"len({expression}) == {len(x)}"]
            for i, part in enumerate(x):
                self._add(part, f"{expression}[{i}]", f"{name}_{i}")
        elif type(x) is dict:
            if not all(type(key) in (str, int) for key in x):
                raise CannotRecord(DICT_KEYS.format(name=name))
            self.sizes += [f"type({expression}) is dict", f"[*{expression}] == {[*x]!r}"]  # keys in order
            for key, part in x.items():
                self._add(part, f"{expression}[{key!r}]", f"{name}_{key}")
        else:
            self.others.append((x, expression, name))
