"""The guard: a function that checks at every call whether the program is still right, and then runs it.

It is generated as source, because it runs at every call: most of its conditions take only some nanoseconds.

    def check(args, kwargs):
        if not (len(args) == 2 and o1['model'] is o3 and ...): return MISS
        v0 = run(a0, a1); ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..arrays import dtypes
from ..arrays.silence import silent
from ..autograd.hooks.anomaly import mode as anomaly
from ..autograd.modes import modes
from ..tape import state as mode
from ..tensor import Tensor, wrap
from .places import UNSET, Place, is_same

MISS = object()  # what a guard returns if the program does not fit the call


class Identity(NamedTuple):
    """A condition that holds if the same object is still in a place: of a place's kind, or a tensor's "slot".

    For the kind "len" the value is a number, and the container must have as many items.
    """

    condition: str
    holder: Any
    key: Any
    kind: str
    value: Any


class Gradient(NamedTuple):
    """Conditions on a tensor and its array, plain ones, which the text has bound to names: that they are as described.

    The tensor is a leaf that needs no gradient, the array has memory of its own, whose first bytes are 0, and is none
    of the guard's `apart`.
    """

    conditions: tuple[str, ...]
    tensor: str
    array: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: Any
    is_writeable: bool  # whether it must be
    zeros: int  # so many bytes


class Guard:
    """Conditions and statements as text, and the objects that their names stand for.

    `identities` and `gradients` say of those conditions for which this is enough how they can be answered without the
    text; `distinct` is the condition that no two of the gradients have the same array, `apart` has the ids of arrays
    that none of them may have.
    """

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.statements: list[str] = []
        self.identities: list[Identity] = []
        self.gradients: list[Gradient] = []
        self.distinct = ""
        self.apart: list[int] = []
        self.namespace: dict[str, Any] = {
            "MISS": MISS, "mode": mode, "modes": modes, "anomaly": anomaly, "dtypes": dtypes, "is_same": is_same,
            "silent": silent, "wrap": wrap, "asarray": np.asarray, "id": id, "type": type, "len": len, "vars": vars,
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

    def equals(self, expression: str, value: Any) -> str:
        """Require that an expression gives this same object or, for numbers and strings, an equal one."""
        if value is None or value is True or value is False:
            condition = f"{expression} is {value}"
        elif type(value) in (int, float, str, bytes):
            name = self.name(value)
            condition = f"({expression} is {name} or is_same({expression}, {name}))"
        else:
            condition = f"{expression} is {self.name(value)}"
        self.require(condition)
        return condition

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
        if place.kind == "len":
            self.require(condition := f"{self.expression(place)} == {place.value}")
        else:
            condition = self.equals(self.expression(place), place.value)
        self.identities.append(Identity(condition, place.holder, place.key, place.kind, place.value))

    def tensor(self, name: str, tensor: Tensor, array: Any, needs_grad: bool) -> None:
        """Require that a tensor from outside, which `name` gives, is as it was; its elements may differ."""
        self._slot(name, tensor, "array", array)
        self._slot(name, tensor, "needs_grad", needs_grad)
        if tensor.viewed is None:
            self._slot(name, tensor, "viewed", None)
        if needs_grad:
            self._slot(name, tensor, "node", None)
            hooks = tensor._leaf_hooks
            if hooks is None:
                self.require(f"{name}._leaf_hooks is None")
            else:
                ids = tuple(hooks.of_outputs.get(0, ())), tuple(hooks.accumulated)
                self.require(f"tuple({name}._leaf_hooks.of_outputs.get(0, ())) == {ids[0]}")
                self.require(f"tuple({name}._leaf_hooks.accumulated) == {ids[1]}")

    def _slot(self, name: str, tensor: Tensor, slot: str, value: Any) -> None:
        """Require that a tensor, which `name` gives, has this same object in a slot."""
        condition = self.equals(f"{name}.{slot}", value)
        if self.namespace.get(name) is tensor:
            self.identities.append(Identity(condition, tensor, slot, "slot", value))

    def function(self, tail: list[str], same: Callable[..., bool] | None = None, answered: Any = ()) -> Any:
        """The function `check(args, kwargs)`: MISS unless all conditions hold, else what `tail` returns.

        `same`, if given, is called with the gradients and their arrays, and is True only if the `answered` ones among
        the conditions hold; else they are asked one by one.
        """
        rest = [condition for condition in self.conditions if condition not in answered]
        if same is not None:
            slow = " and\n        ".join(condition for condition in self.conditions if condition in answered)
            named = ", ".join(f"{gradient.tensor}, {gradient.array}" for gradient in self.gradients)
            rest.append(f"(same({named}) or ({slow}))")
            self.namespace["same"] = same
        conditions = " and\n        ".join(rest) or "True"
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
