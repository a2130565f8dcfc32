"""The recorded Python number: a learning rate that is read at each call, or a number that the program computes.

Arithmetic with it is noted as lines:

    lr / (1 - beta**count)  # in an optimiser; notes power = beta ** count, then the difference and the quotient

A comparison, float(), a format, a key of a dict: all else asks for its value. If the number is read from outside, the
value is given out, and the program is then right for this value only, which its guard checks. If the program computes
the number, it is refused.

For isinstance it is what it stands for. Only `type(x)` tells it from a float, and so a step that asks for types is
recorded for each value (`State.asks_for_types`).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .lines import Value
from .refusals import READS_NUMBER

_OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv, "pow": operator.pow,
    "floordiv": operator.floordiv, "mod": operator.mod,
}  # fmt: skip
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


_OF_FLOATS = frozenset(name for name in dir(float) if not name.startswith("_"))  # is_integer, hex, real, ...


class Number:
    """A recorded number. `source` is the place where it is read at each call, None if the program computes it."""

    __slots__ = ("fixed", "name", "node", "recorder", "source", "value")
    __array_priority__ = 2000

    def __init__(self, recorder: Any, value: Any, name: str, source: Any = None) -> None:
        self.recorder = recorder
        self.value = value
        self.name = name
        self.source = source
        self.node = Value(value, "number", name, source)
        self.fixed = False  # whether its value was asked for

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if method != "__call__" or any(hasattr(type(x), "needs_grad") for x in inputs):
            return NotImplemented
        return self.recorder.write(ufunc, inputs, kwargs, out[0] if isinstance(out, tuple) else out)

    def _known(self) -> Any:
        """The value, on which the program depends from now on; refused for a number that is computed."""
        if self.source is None:
            self.recorder.refuse(READS_NUMBER)
        self.fixed = True
        return self.value

    @property  # type: ignore[misc] # by which isinstance(number, float) holds
    def __class__(self) -> type:
        return type(self.value)

    def __neg__(self) -> Any:
        return self.recorder.write_number(operator.neg, (self,), self.name)

    def __pos__(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_FLOATS:
            raise AttributeError(name)
        return getattr(self._known(), name)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return type(self.value), (self._known(),)

    def __bool__(self) -> bool:
        return bool(self._known())

    def __float__(self) -> float:
        return float(self._known())

    def __int__(self) -> int:
        return int(self._known())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._known(), dtype)

    def __hash__(self) -> int:
        return hash(self._known())

    def __repr__(self) -> str:
        return repr(self._known())

    def __format__(self, spec: str) -> str:
        return format(self._known(), spec)


def _arithmetic(function: Any, *, reverse: bool) -> Any:
    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, (int, float, Number)) or isinstance(other, bool):
            return NotImplemented
        args = (other, self) if reverse else (self, other)
        return self.recorder.write_number(function, args, self.name)

    return method


def _comparison(name: str) -> Any:
    function = getattr(operator, name)

    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, Number) and hasattr(type(other), "__array_priority__"):
            return NotImplemented
        return function(self._known(), other._known() if isinstance(other, Number) else other)

    return method


def _asking(name: str) -> Any:
    def method(self: Number, *args: Any) -> Any:
        return getattr(self._known(), name)(*args)

    return method


for _name in ("__abs__", "__round__", "__trunc__", "__floor__", "__ceil__", "__divmod__", "__rdivmod__"):
    setattr(Number, _name, _asking(_name))
for _name, _function in _OPERATORS.items():
    setattr(Number, f"__{_name}__", _arithmetic(_function, reverse=False))
    setattr(Number, f"__r{_name}__", _arithmetic(_function, reverse=True))
for _name in _COMPARISONS:
    setattr(Number, f"__{_name}__", _comparison(_name))
