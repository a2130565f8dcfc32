"""What a row of the derivative table is: a forward in NumPy, and one rule for each differentiable input.

A rule is a vector-Jacobian product (VJP) written in NumPy. Its first parameter is the cotangent `g` of the output; the
names of its other parameters say what the tape saves for it, and nothing else is kept alive:

    an input or argument of the forward    `input`, `other`, `dim`, ...
    the shape of an array input            `input_shape`, ...
    an output                              `out`, or the names given as `outputs`

Where several outputs are differentiable, the first parameter is `gs`, a tuple: the cotangent of each, None where none
came.

    tanh = unary("tanh", np.tanh, lambda g, out: g * (1 - out * out))

A rule knows no Tensor and no tape. What its arrays are decides what the same line does (NEP 13 and NEP 18): on
ndarrays it computes, on Tensors it is recorded and can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from .contents import Table
from .refusals import (
    ARGUMENT_TWICE,
    MISSING_ARGUMENTS,
    NO_DERIVATIVE,
    NO_DERIVATIVE_OF,
    TOO_MANY_ARGUMENTS,
    UNEXPECTED_KEYWORD,
)

Array = Any  # an ndarray, or whatever implements NumPy's protocols
Arrays = Sequence[Any]
Rule = Callable[..., Any]
Number = Any  # a Python number of any type: the annotation of a parameter that takes one
DType = Any  # a dtype: the annotation of a parameter that takes one
SomeDims = Any  # a dimension or a sequence of them: the annotation of a parameter that takes these
Dims = Any  # a dimension, a sequence of them, or None for all: the annotation of a parameter that takes these

TABLE = Table()
_by_numpy: dict[Callable[..., Any], Operator] = {}


def by_numpy(function: Callable[..., Any]) -> Operator | None:
    """The row that a NumPy function, or a forward, stands for in a rule that runs on Tensors: tanh for np.tanh."""
    if function not in _by_numpy:
        TABLE.all()  # it may be that of a row whose file was not asked for yet
    return _by_numpy.get(function)


_PLAIN = frozenset((np.ndarray, np.float32, np.float64, int, float, bool, str, tuple, list, type(None)))


class Operator:
    """One row of the table. Called with arrays it runs the forward; another array type may define what it does.

    doc         a sentence without its full stop, and below it what the documentation cannot read from the row: sections
                "Shapes: ...", "Dtypes: ...", "Refuses: ...", "In place: ...", "As: ..." (see documentation.py)
    outputs     the names of the outputs, where there are several
    promotion   what happens to mixed dtypes: "arithmetic" (torch.result_type), "float" (the same, and integers become
                the default floating dtype), "same" (refused unless equal) or None (left as they are)
    unpromoted  an array parameter that promotion leaves out
    kinds       the NumPy kinds of dtype ("f", "i", "b") that are taken; "" for all
    check       raises for arguments that torch refuses by their dtypes; its docstring says which. `kinds` and `check`
                are asked only where not all arrays are floating
    halves      whether float16 and bfloat16 are computed in float32; otherwise the forward sees them, and refuses them
    numbers     whether a Python number may stand for an array; or the names of those for which it may
    casts       whether there is a last argument `dtype`, to which the input is cast first
    variadic    whether the last argument may be given as separate integers
    listed      whether the first argument is a list of arrays; its rule gives a list of cotangents
    view        whether the output may share memory with the first input
    method      whether Tensor has the operator as a method
    function    whether torch's namespace has it as a function; as `method`, where this is not said. Rows whose names
                begin with `special_` or `linalg_` are functions of these rooms
    out         which dtype the argument `out` of the function may have: "cast" (any that can hold the result), "exact"
                (that of the result), or "" where there is no such argument. Without a word it is "cast" for rows with
                a promotion and "" for those that give views
    aliases     other names of the operator, separated by spaces: of the function, the method, and in place; one that
                begins with `special_` or `linalg_` is a function of that room
    inplace     whether Tensor has it in place, as `mul_`
    flat        in place, where the result is floating again, the derivative is 0 (comparisons)
    write       does it in place, where there is a quicker way than copying a result
    overlap     which writes into memory that overlaps itself torch refuses: "refused" (all), "allowed" (none) or
                "number" (those of a tensor)
    node_name   torch's name of the node
    numpy       a NumPy function that stands for the row when it is called on Tensors; the forward is one anyway
    saves       whether backward frees the node, where that is not as it follows from the rules: if they read an array
    sample      draws valid arguments for a test, given a sampler; without it they follow from the parameters
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        parameters: tuple[str, ...],
        defaults: tuple[Any, ...],
        tensors: tuple[str, ...],
        rules: dict[str, Rule],
        *,
        doc: str,
        outputs: tuple[str, ...] = ("out",),
        promotion: str | None = None,
        node_name: str | None = None,
        numpy: Callable[..., Any] | None = None,
        view: bool = False,
        variadic: bool = False,
        inplace: bool = False,
        flat: bool = False,
        method: bool = True,
        function: bool | None = None,
        out: str | None = None,
        aliases: str = "",
        listed: bool = False,
        numbers: bool | tuple[str, ...] = True,
        casts: bool = False,
        kinds: str = "",
        halves: bool = True,
        check: Callable[..., None] | None = None,
        write: Callable[..., Any] | None = None,
        saves: bool | None = None,
        unpromoted: str = "",
        overlap: str = "refused",
        sample: Callable[[Any], tuple[Any, ...]] | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.parameters = parameters
        self.defaults = defaults
        self.tensors = tuple(parameters.index(t) for t in tensors)
        sentence, _, self.notes = doc.partition("\n")
        self.doc = sentence.removesuffix(".")
        self.outputs = outputs
        self.promotion = promotion
        self.node_name = node_name or "".join(part.capitalize() for part in name.split("_")) + "Backward0"
        self.view = view
        self.variadic = variadic
        self.inplace = inplace
        self.flat = flat
        self.method = method
        self.function = method if function is None else function
        self.out = ("" if view else "cast" if promotion in ("arithmetic", "float") else "exact") if out is None else out
        self.aliases = tuple(aliases.split())
        self.listed = listed
        named = tensors if numbers is True else numbers or ()
        self.numbers = frozenset(parameters.index(t) for t in named if promotion != "same")
        self.casts = casts
        self.kinds = kinds
        self.halves = halves
        self.check = check
        self.write = write
        self.saves = saves
        self.unpromoted = unpromoted
        self.overlap = overlap
        self.sample = sample

        # What the annotations of the forward say of its other parameters: only this is taken from a program.
        self.annotations: dict[str, str] = getattr(getattr(forward, "__wrapped__", forward), "__annotations__", {})
        self.rules = tuple(rules.values())
        self.differentiable = tuple(parameters.index(t) for t in rules)
        self.several = any(_parameter_names(rule)[0] == "gs" for rule in self.rules)
        frame = (*outputs, *parameters, *(f"{t}_shape" for t in tensors))
        self.reads = tuple(tuple(frame.index(n) for n in _parameter_names(rule)[1:]) for rule in self.rules)

        TABLE[name] = self
        for called in (self, forward, numpy):
            if called is not None:
                _by_numpy.setdefault(called, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            kind = type(arg)
            if kind not in _PLAIN and hasattr(kind, "__row_call__"):
                return arg.__row_call__(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<operator {self.name}({', '.join(self.parameters)})>"

    def complete(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call in the order of the parameters, with defaults; TypeError for a wrong call."""
        names = self.parameters
        if self.casts:
            args = self._cast(args, kwargs)
        separate = self.variadic and len(args) > 1 and not isinstance(args[1], bool)
        if separate and all(hasattr(a, "__index__") and not getattr(a, "ndim", 0) for a in args[1:]):
            args = (args[0], tuple(map(index, args[1:])))
        if len(args) > len(names):
            raise TypeError(TOO_MANY_ARGUMENTS.format(name=self.name, count=len(names), given=len(args)))
        values = dict(zip(names, args, strict=False))
        for keyword, value in kwargs.items():
            name = keyword if keyword in names else NUMPY_KEYWORDS.get(keyword, keyword)
            if name not in names:
                raise TypeError(UNEXPECTED_KEYWORD.format(name=self.name, keyword=keyword))
            if name in values:
                raise TypeError(ARGUMENT_TWICE.format(name=self.name, keyword=keyword))
            values[name] = value
        required = len(names) - len(self.defaults)
        for name, default in zip(names[required:], self.defaults, strict=True):
            values.setdefault(name, default)
        missing = [name for name in names if name not in values]
        if missing:
            raise TypeError(MISSING_ARGUMENTS.format(name=self.name, count=len(missing), missing=", ".join(missing)))
        return tuple(values[name] for name in names)

    def _cast(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call with the first one cast to `dtype`, which is taken out of them."""
        dtype = kwargs.pop("dtype", None)
        if len(args) == len(self.parameters) + 1:
            *args, dtype = args  # type: ignore[assignment]
        if dtype is not None and args:
            args = (args[0].to(dtype=dtype), *args[1:])
        elif dtype is not None:
            kwargs["input"] = kwargs["input"].to(dtype=dtype)
        return tuple(args)


# torch takes NumPy's keyword names too, and rules call NumPy with them.
NUMPY_KEYWORDS = {
    "axis": "dim",
    "keepdims": "keepdim",
    "a": "input",
    "x": "input",
    "x1": "input",
    "x2": "other",
}


def by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of arrays that looks at their values, to refuse some or to choose a formula.

    A recording array has no values and cannot run such a function line by line. A type of arrays with a way of its own
    to run it as a whole has a method `__one_call__` for that.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if hasattr(type(arg), "__one_call__"):
                return arg.__one_call__(function, args, kwargs)
        return function(*args, **kwargs)

    functools.update_wrapper(call, function)
    call.__defaults__ = function.__defaults__  # a row reads them, and its parameters, off the function
    return call


def check_of_each(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function by value that only refuses some numbers, each for itself: the shape makes no difference."""
    function.of_each = True  # type: ignore[attr-defined]
    return by_value(function)


def not_implemented(name: str) -> Rule:
    """A rule for an operator that has no derivative in torch: it raises RuntimeError in torch's words."""

    def rule(g: Array) -> Array:
        raise RuntimeError(NO_DERIVATIVE.format(name=name))

    return rule


def no_gradient(name: str) -> Rule:
    """The same where torch says so in other words: the rule raises NotImplementedError."""

    def rule(g: Array) -> Array:
        raise NotImplementedError(NO_DERIVATIVE_OF.format(name=name))

    return rule


def unary(name: str, forward: Callable[..., Any], rule: Rule | None = None, **options: Any) -> Operator:
    """A row for an elementwise function of one array."""
    options.setdefault("doc", f"`{getattr(forward, '__name__', name)}` of every element")
    options.setdefault("inplace", True)
    rules = {} if rule is None else {"input": rule}
    return Operator(name, forward, ("input",), (), ("input",), rules, **options)


def binary(
    name: str,
    forward: Callable[..., Any],
    first: Rule | None = None,
    second: Rule | None = None,
    *,
    names: tuple[str, str] = ("input", "other"),
    **options: Any,
) -> Operator:
    """A row for a function of two arrays (broadcast together, where it is elementwise)."""
    options.setdefault("promotion", "arithmetic")
    options.setdefault("doc", f"`{getattr(forward, '__name__', name)}` of the elements of two arrays, broadcast")
    options.setdefault("inplace", True)
    rules = {key: rule for key, rule in zip(names, (first, second), strict=True) if rule is not None}
    return Operator(name, forward, names, (), names, rules, **options)


def operator(
    rules: dict[str, Rule] | None = None,
    *,
    tensors: tuple[str, ...] = ("input",),
    name: str | None = None,
    **options: Any,
) -> Callable[[Rule], Operator]:
    """Make a row of the NumPy function below; `tensors` names its array parameters, and `rules` those with a rule."""

    def row(forward: Any) -> Operator:
        options.setdefault("doc", (forward.__doc__ or "").strip())
        parameters = _parameter_names(forward)
        return Operator(
            name or forward.__name__, forward, parameters, forward.__defaults__ or (), tensors, rules or {}, **options
        )

    return row


def _parameter_names(function: Any) -> tuple[str, ...]:
    # inspect.signature costs 20 times as much, at import, for every row
    code = getattr(function, "__wrapped__", function).__code__
    return tuple(code.co_varnames[: code.co_argcount])


# -- what is made of a row, to be read ---------------------------------------------------------------

_writers: list[Callable[[Operator, bool], str]] = []


def write_sources_with(writer: Callable[[Operator, bool], str]) -> None:
    """Say how the source of a row's function is written: Tensors stand on a floor above, which the table cannot see."""
    _writers.append(writer)


def source(name: str) -> str:
    """The Python source of what runs on Tensors, in the usual case, for a row: "mul", or in place "mul_"."""
    return _writers[-1](TABLE[name.removesuffix("_")], name.endswith("_"))
