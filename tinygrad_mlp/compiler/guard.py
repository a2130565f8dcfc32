"""The guard: a function that checks at every call whether the program is still right, and then runs it.

It is generated as source, because it runs at every call: most of its conditions take only some nanoseconds.

    def check(args, kwargs):
        if not (len(args) == 2 and o1['model'] is o3 and ...): return MISS
        v0 = run(a0, a1); ...
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import dtypes
from ..autograd.hooks.anomaly import mode as anomaly
from ..autograd.modes import modes
from ..tape import state as mode
from ..tensor import Tensor, wrap
from .places import UNSET, Place, is_same

MISS = object()  # what a guard returns if the program does not fit the call


class Guard:
    """Conditions and statements as text, and the objects that their names stand for."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.statements: list[str] = []
        self.namespace: dict[str, Any] = {
            "MISS": MISS, "mode": mode, "modes": modes, "anomaly": anomaly, "dtypes": dtypes, "is_same": is_same,
            "wrap": wrap, "asarray": np.asarray, "id": id, "type": type, "len": len, "vars": vars,
        }  # fmt: skip
        self._names: dict[int, str] = {}

    def name(self, x: Any) -> str:
        """The name of an object in the text."""
        if id(x) not in self._names:
            self._names[id(x)] = f"o{len(self._names)}"
            self.namespace[self._names[id(x)]] = x
        return self._names[id(x)]

    def require(self, condition: str) -> None:
        """Add a condition, unless it is there already."""
        if condition not in self.conditions:
            self.conditions.append(condition)

    def equals(self, expression: str, value: Any) -> None:
        """Require that an expression gives this same object or, for numbers and strings, an equal one."""
        if value is None or value is True or value is False:
            self.require(f"{expression} is {value}")
        elif type(value) in (int, float, str, bytes):
            name = self.name(value)
            self.require(f"({expression} is {name} or is_same({expression}, {name}))")
        else:
            self.require(f"{expression} is {self.name(value)}")

    def expression(self, place: Place) -> str:
        """The expression that gives the value of a place."""
        holder = self.name(place.holder)
        if place.kind == "cell":
            return f"{holder}.cell_contents"
        if place.kind == "slot":
            return f"{holder}.{place.key}"
        if place.kind == "context":
            return f"{holder}.get({self.name(UNSET)})"
        key = repr(place.key) if isinstance(place.key, (str, int)) else self.name(place.key)
        return f"len({holder})" if place.kind == "len" else f"{holder}[{key}]"

    def place(self, place: Place) -> None:
        """Require that a place of the user's state holds the value that it held."""
        if place.kind == "contents":
            self.require(f"{self.name(place.holder)} == {self.name(place.value)}")
            return
        self.equals(self.expression(place), place.value)

    def tensor(self, name: str, tensor: Tensor, array: Any, needs_grad: bool) -> None:
        """Require that a tensor from outside, which `name` gives, is as it was; its elements may differ."""
        self.require(f"{name}.array is {self.name(array)}")
        self.require(f"{name}.needs_grad is {needs_grad}")
        if tensor.viewed is None:
            self.require(f"{name}.viewed is None")
        if needs_grad:
            self.require(f"{name}.node is None")
            hooks = tensor._leaf_hooks
            if hooks is None:
                self.require(f"{name}._leaf_hooks is None")
            else:
                ids = tuple(hooks.of_outputs.get(0, ())), tuple(hooks.accumulated)
                self.require(f"tuple({name}._leaf_hooks.of_outputs.get(0, ())) == {ids[0]}")
                self.require(f"tuple({name}._leaf_hooks.accumulated) == {ids[1]}")

    def function(self, tail: list[str]) -> Any:
        """The function `check(args, kwargs)`: MISS unless all conditions hold, else what `tail` returns."""
        conditions = " and\n        ".join(self.conditions) or "True"
        text = [
            "def check(args, kwargs):",
            "    try:",
            *(f"        {line}" for line in self.statements),
            f"        holds = ({conditions})",
            "    except (KeyError, IndexError, ValueError, AttributeError):",
            "        return MISS",
            "    if not holds:",
            "        return MISS",
            *(f"    {line}" for line in tail),
        ]
        scope = dict(self.namespace)
        exec(compile("\n".join(text), "<guard of a compiled step>", "exec"), scope)
        return scope["check"]
