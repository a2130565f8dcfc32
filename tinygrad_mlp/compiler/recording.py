"""The recording array: it computes as an ndarray does and notes every NumPy call that it takes part in.

The rules, modules and optimisers that run eagerly are given recording arrays without knowing it: NumPy's protocols
(NEP 13, NEP 18) and Python's operators bring each of their calls here. What would let a value out of the program (a
bool, a number, a printed text) is refused, as the program would otherwise keep the value of the recorded call.

    g * np.cos(x)  # in a rule; notes two lines: cos = np.cos(x); product = np.multiply(g, cos)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import Operator
from .calls import FUNCTIONS, WRITING, Part, name_of
from .lines import Line, Value, Where
from .number import Number
from .refusals import ATTRIBUTE, FUNCTION, MASKED_SHAPE, NO_ARRAY, NO_ATTRIBUTE, READS_ARRAY, UFUNC_METHOD

ndarray = np.ndarray


class CannotRecord(RuntimeError):
    """A step does something that a program cannot repeat. The text names the user's line."""


class Recorder:
    """The program so far: `lines` in the order in which they ran, and a value for each array that occurs in them.

    `where` returns the user's line that runs now. What cannot be recorded raises CannotRecord if `raises`; otherwise
    the reason is kept in `failed`, recording ends (`active` is false), and the step runs on.
    """

    def __init__(self, where: Callable[[], Where], raises: bool = True) -> None:
        self.lines: list[Line] = []
        self.values: dict[int, Value] = {}  # by the identity of the array
        self.arrays: dict[int, RecordingArray] = {}
        self.where = where
        self.raises = raises
        self.failed: str | None = None
        self.before_write: dict[int, tuple[Any, Any]] = {}  # arrays from outside, and what was in them
        self.active = True

    # -- values ------------------------------------------------------------------------------------

    def of(self, array: Any, kind: str = "constant") -> Value:
        """The value that stands for an array in the program, made when the array first occurs."""
        value = self.values.get(id(array))
        if value is None:
            value = self.values[id(array)] = Value(array, kind)
            owner = memory_of(array)
            if owner is not array:
                value.root = self.of(owner, kind).root
        return value

    def array(self, array: Any) -> RecordingArray:
        """The recording array of an array, the same one each time."""
        found = self.arrays.get(id(array))
        if found is None:
            found = self.arrays[id(array)] = RecordingArray(self, array)
        return found

    def number(self, value: Any, name: str, source: Any = None) -> Number:
        """A Python number that the program computes or, if it has a `source`, takes from there at each call."""
        return Number(self, value, name, source)

    # -- lines -------------------------------------------------------------------------------------

    def write(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, into: Any = None
    ) -> Any:
        """Call a function on the arrays, note the call and return its recorded result; `into` is what it writes to."""
        kwargs = kwargs or {}
        target = None
        if into is not None:
            into = self.array(into) if isinstance(into, ndarray) else into
            target = self.of(into.array)
            self._before_write(target)
        raw_kwargs = {key: _raw(x) for key, x in kwargs.items()}
        if into is not None and function not in WRITING:
            raw_kwargs["out"] = into.array
        result = function(*map(_raw, args), **raw_kwargs)
        if not self.active:
            return result
        args = tuple(map(self._value, args))
        kwargs = {key: self._value(x) for key, x in kwargs.items()}
        if into is not None:
            self.lines.append(Line(function, args, kwargs, target, target, self.where()))
            return into
        if result is None:
            self.lines.append(Line(function, args, kwargs, None, None, self.where()))
            return None
        if isinstance(result, tuple) and all(isinstance(part, (ndarray, np.generic)) for part in result):
            return tuple(self._result(x, Part(function, i), args, kwargs) for i, x in enumerate(result))
        if not isinstance(result, (ndarray, np.generic)):
            self.refuse(NO_ARRAY.format(function=name_of(function), kind=type(result).__name__))
            return result
        return self._result(result, function, args, kwargs)

    def _result(self, result: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RecordingArray:
        array = np.asarray(result)
        if id(array) in self.values:
            return self.array(array)  # the call returned one of its arguments
        value = self.values[id(array)] = Value(array, "made")
        owner = memory_of(array)
        if owner is not array and id(owner) in self.values:
            value.root = self.values[id(owner)].root
            value.kind = "view"
        elif owner is not array:  # the call made a copy and returned a view of it, as x.T.reshape(6) does
            self.values[id(owner)] = value
        self.lines.append(Line(function, args, kwargs, value, None, self.where()))
        return self.array(array)

    def write_number(self, function: Any, args: tuple[Any, ...], name: str) -> Number:
        """Call a function on Python numbers, note the call and return its recorded result."""
        value = function(*(x.value if isinstance(x, Number) else _raw(x) for x in args))
        number = Number(self, value, name)
        if self.active:
            self.lines.append(Line(function, tuple(map(self._value, args)), {}, number.node, None, self.where()))
        return number

    def _before_write(self, value: Value) -> None:
        root = value.root
        if root.kind == "made" and not root.shape:
            self._box(root)
        if root.kind != "made" and id(root.array) not in self.before_write:
            self.before_write[id(root.array)] = (root.array, root.array.copy(order="K"))

    def _box(self, root: Value) -> None:
        """Insert a line that makes a 0-d array of a NumPy scalar, because a scalar cannot be written to."""
        place, maker = next((i, line) for i, line in enumerate(self.lines) if line.out is root)
        if maker.function is not np.array:
            number = maker.out = Value(root.array.copy(), "made")  # the scalar before any write
            self.lines.insert(place + 1, Line(np.array, (number,), {}, root, None, maker.where))

    def _value(self, x: Any) -> Any:
        """An operand as a line has it: the value in place of the array."""
        if isinstance(x, RecordingArray):
            return self.of(x.array)
        if isinstance(x, Number):
            return x.node
        if isinstance(x, ndarray):
            return self.of(x)
        if isinstance(x, (tuple, list)):
            return type(x)(map(self._value, x)) if type(x) in (tuple, list) else x
        return x

    # -- refusals ----------------------------------------------------------------------------------

    def refuse(self, reason: str) -> None:
        """Raise CannotRecord with the user's line or, if the step shall run on, note the reason and stop recording."""
        if self.failed is not None and not self.raises:
            return
        text = f"{reason} ({self.where().text()})"
        self.failed = text  # kept, as the step may catch what is raised here
        if self.raises:
            raise CannotRecord(text)
        self.active = False


def memory_of(array: Any) -> Any:
    """The array that owns the memory of an array: its outermost base, or the array itself."""
    while isinstance(array.base, ndarray):
        array = array.base
    return array


def _raw(x: Any) -> Any:
    if isinstance(x, RecordingArray):
        return x.array
    if isinstance(x, Number):
        return x.value
    if isinstance(x, (tuple, list)):
        return type(x)(map(_raw, x)) if type(x) in (tuple, list) else x
    return x


def _operator(ufunc: np.ufunc) -> tuple[Any, Any, Any]:
    def forward(self: RecordingArray, other: Any) -> Any:
        return self._binary(ufunc, self, other)

    def reverse(self: RecordingArray, other: Any) -> Any:
        return self._binary(ufunc, other, self)

    def inplace(self: RecordingArray, other: Any) -> Any:
        return NotImplemented if _foreign(other) else self.recorder.write(ufunc, (self, other), into=self)

    return forward, reverse, inplace


def _foreign(x: Any) -> bool:
    """Whether an operand is a Tensor or of another foreign type, whose own operator shall be tried."""
    return not isinstance(x, (RecordingArray, Number, ndarray, np.generic, int, float, bool))


class Flags:
    """The flags of a recording array. Setting `writeable` is noted as a line of the program."""

    __slots__ = ("_of",)

    def __init__(self, array: RecordingArray) -> None:
        self._of = array

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of.array.flags, name)

    @property
    def writeable(self) -> bool:
        return bool(self._of.array.flags.writeable)

    @writeable.setter
    def writeable(self, value: bool) -> None:
        if value and not self.writeable:
            self._of.recorder.write(make_writable, (self._of,))


def make_writable(view: Any) -> None:
    """Allow writing to a view that NumPy makes read-only: of a diagonal, or of a broadcast array."""
    view.flags.writeable = True


class RecordingArray:
    """An array during a recording. `array` is the ndarray that it stands for; `recorder` notes its calls."""

    __slots__ = ("array", "recorder")
    __array_priority__ = 2000

    def __init__(self, recorder: Recorder, array: Any) -> None:
        self.recorder = recorder
        self.array = array

    # -- what does not depend on values ------------------------------------------------------------

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)
    strides = property(lambda self: self.array.strides)
    ndim = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)
    itemsize = property(lambda self: self.array.itemsize)
    nbytes = property(lambda self: self.array.nbytes)
    flags = property(lambda self: Flags(self))
    ctypes = property(lambda self: self.array.ctypes)

    @property
    def base(self) -> Any:
        root = self.recorder.of(self.array).root.array
        return None if root is self.array else self.recorder.array(root)

    def __len__(self) -> int:
        return len(self.array)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(ndarray, name):  # NumPy looks for protocols here
            raise AttributeError(NO_ATTRIBUTE.format(name=name))
        self.recorder.refuse(ATTRIBUTE.format(name=name))
        return getattr(self.array, name)

    # -- NumPy's protocols -------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if any(hasattr(type(x), "needs_grad") for x in inputs):
            return NotImplemented  # one is a Tensor, which has its own operators
        write = self.recorder.write
        into = out[0] if isinstance(out, tuple) else out
        if method == "__call__":
            return write(ufunc, inputs, kwargs, into)
        if method == "at":
            return write(ufunc.at, inputs, kwargs, inputs[0])
        if method in ("reduce", "accumulate"):
            return write(getattr(ufunc, method), inputs, kwargs, into)
        self.recorder.refuse(UFUNC_METHOD.format(ufunc=ufunc.__name__, method=method))
        return NotImplemented

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(hasattr(x, "needs_grad") for x in types):
            return NotImplemented  # one is a Tensor, for which the function is a row
        if function is np.copyto:
            return self.recorder.write(function, args, kwargs, args[0])
        if function not in FUNCTIONS:
            self.recorder.refuse(FUNCTION.format(function=name_of(function)))
            return function(*map(_raw, args), **{key: _raw(x) for key, x in kwargs.items()})
        into = kwargs.pop("out", None) if kwargs else None
        if into is None or function is np.dot:
            return self.recorder.write(function, args, kwargs, into)
        return self.recorder.write(np.copyto, (into, self.recorder.write(function, args, kwargs)), None, into)

    def __row_call__(self, row: Operator, args: Any, kwargs: Any) -> Any:
        """Run the lines of a row's forward, each of which is recorded; Tensors call the row's function."""
        other = next((x for x in args if hasattr(type(x), "needs_grad")), None)
        return row.forward(*args, **kwargs) if other is None else other.__row_call__(row, args, kwargs)

    def __one_call__(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Note a function that looks at values as one line, without looking into it (ops.table.by_value)."""
        return self.recorder.write(function, args, kwargs)

    def _binary(self, ufunc: np.ufunc, a: Any, b: Any) -> Any:
        return NotImplemented if _foreign(a) or _foreign(b) else self.recorder.write(ufunc, (a, b))

    def __pow__(self, other: Any) -> Any:
        function = self._special_power(other)
        return self._binary(np.power, self, other) if function is None else self.recorder.write(function, (self,))

    def __rpow__(self, other: Any) -> Any:
        return self._binary(np.power, other, self)

    def __ipow__(self, other: Any) -> Any:
        if _foreign(other):
            return NotImplemented
        function = self._special_power(other)
        operands = (self, other) if function is None else (self,)
        return self.recorder.write(function or np.power, operands, into=self)

    def _special_power(self, exponent: Any) -> np.ufunc | None:
        """The function that NumPy's `**` calls for this exponent; before NumPy 2.3 np.power rounds otherwise."""
        if self.dtype.kind == "f" and isinstance(exponent, (int, float)):
            return np.sqrt if exponent == 0.5 else np.reciprocal if exponent == -1 else None
        return None

    def __neg__(self) -> Any:
        return self.recorder.write(np.negative, (self,))

    def __abs__(self) -> Any:
        return self.recorder.write(np.absolute, (self,))

    def __invert__(self) -> Any:
        return self.recorder.write(np.invert, (self,))

    # -- methods -----------------------------------------------------------------------------------

    @property
    def T(self) -> Any:
        return self.recorder.write(ndarray.transpose, (self,))

    @property
    def mT(self) -> Any:
        return self.recorder.write(np.swapaxes, (self, -2, -1))

    def reshape(self, *shape: Any) -> Any:
        shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return self.recorder.write(ndarray.reshape, (self, shape))

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        return self if not copy and self.dtype == dtype else self.recorder.write(ndarray.astype, (self, dtype))

    def copy(self, order: Any = "C") -> Any:
        return self.recorder.write(np.copy, (self,), {} if order == "K" else {"order": order})

    def sum(self, axis: Any = None, **kwargs: Any) -> Any:
        return self.recorder.write(np.add.reduce, (self,), {"axis": axis, **kwargs})

    def any(self, axis: Any = None) -> Any:
        return self.recorder.write(np.any, (self,), {"axis": axis})

    def all(self, axis: Any = None) -> Any:
        return self.recorder.write(np.all, (self,), {"axis": axis})

    def view(self, dtype: Any) -> Any:
        return self.recorder.write(ndarray.view, (self, dtype))

    def fill(self, value: Any) -> None:
        self.recorder.write(ndarray.fill, (self, value), into=self)

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if any(getattr(part, "dtype", None) == np.bool_ and part.ndim for part in parts):
            self.recorder.refuse(MASKED_SHAPE)
        return self.recorder.write(operator.getitem, (self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.write(operator.setitem, (self, index, value), into=self)

    def transpose(self, *axes: Any) -> Any:
        if not axes:
            return self.T
        axes = tuple(axes[0]) if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return self.recorder.write(np.transpose, (self, axes))

    def squeeze(self, axis: Any = None) -> Any:
        return self.recorder.write(np.squeeze, (self, axis))

    def ravel(self) -> Any:
        return self.reshape(-1)

    # -- reading values, which is refused ----------------------------------------------------------

    def item(self) -> Any:
        """The element as a recorded Python number."""
        return self.recorder.write_number(ndarray.item, (self,), "number")

    def _read(self, how: str) -> Any:
        self.recorder.refuse(READS_ARRAY.format(how=how))
        return self.array

    def __bool__(self) -> bool:
        return bool(self._read("bool()"))

    def __float__(self) -> float:
        return float(self._read("float()"))

    def __int__(self) -> int:
        return int(self._read("int()"))

    def __index__(self) -> int:
        return operator.index(self._read("an index").item())

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return np.array(self._read("NumPy"), *args, **{key: x for key, x in kwargs.items() if x is not None})

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def tolist(self) -> Any:
        return self._read("tolist()").tolist()

    def __str__(self) -> str:
        return str(self._read("printing"))

    def __format__(self, spec: str) -> str:
        return format(self._read("printing"), spec)

    def __repr__(self) -> str:
        return f"<recorded {self.dtype.name}{list(self.shape)}>"


for _symbol, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "matmul": np.matmul, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor,
}.items():  # fmt: skip
    for _prefix, _method in zip(("", "r", "i"), _operator(_ufunc), strict=True):
        setattr(RecordingArray, f"__{_prefix}{_symbol}__", _method)
for _symbol, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(RecordingArray, f"__{_symbol}__", _operator(_ufunc)[0])
RecordingArray.__hash__ = object.__hash__  # type: ignore[method-assign]
