"""What a call of a step is given."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .recording import CannotRecord


class Arguments:
    """What a call was given: the tensors, each with the expression that finds it, and everything else."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str]) -> None:
        self.tensors: list[tuple[Tensor, str, str]] = []  # with its expression and its name
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
                raise CannotRecord(f"the argument `{name}` is a dict whose keys are not all texts or integers")
            self.sizes += [f"type({expression}) is dict", f"[*{expression}] == {[*x]!r}"]  # in this order
            for key, part in x.items():
                self._add(part, f"{expression}[{key!r}]", f"{name}_{key}")
        else:
            self.others.append((x, expression, name))
