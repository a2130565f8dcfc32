"""Writes a program as Python source, in the NumPy that a person would write.

    Line(np.subtract, (product, y), ..., out=difference)
    difference = product - y                    # its source, or, if it is computed into a buffer:
    np.subtract(product, y, out=difference)

A comment with the user's line stands before the lines that come from it.
"""

from __future__ import annotations

import itertools
import linecache
import operator
import os
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .lines import Block, Line, Program, Value
from .recording import CannotRecord
from .refusals import BFLOAT16

ndarray = np.ndarray
Row = tuple[str, list[Line]]  # a line of the text, and the lines of the program that it does

_INFIX = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/", np.power: "**", np.greater: ">",
    np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==", np.not_equal: "!=",
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**",
    operator.floordiv: "//", operator.mod: "%",
}  # fmt: skip
_DEFAULTS = (("dtype", None), ("keepdims", False), ("out", None))
_METHODS = (ndarray.reshape, ndarray.astype, ndarray.view, ndarray.item, ndarray.fill)


class Source:
    """The source of a program: `text` defines its function, `namespace` holds the objects that it takes from outside.

    `names` are the names of the values, `title` is the function's name, `parameters` are those of its arguments. `rows`
    are the lines of the text.
    """

    def __init__(self, program: Program, names: dict[Any, str], title: str, parameters: list[str]) -> None:
        self.program = program
        self.names = names
        self.namespace: dict[str, Any] = {"np": np}
        self.helpers: dict[str, Any] = {}  # the functions in it that are not NumPy's
        self.kinds: dict[str, str] = {}  # of the arrays in the namespace, as `Value.kind`
        self._constants: dict[int, str] = {}
        self._inline = _inlined(program)
        self._written: list[Line] = []  # the inlined lines that have been written into the present text
        self._parts: dict[Any, str] = {}  # in a loop over blocks, the names of the blocks
        self._owners: dict[Any, Any] = {}  # a buffer has the name of the first value in it
        for line in program.lines:
            if line.buffer is not None and line.buffer not in names:
                names[line.buffer] = names[line.out]
                self._owners[line.out] = line.buffer
        body = list(self._body())
        results = ", ".join(self._operand(v) for v in program.outputs)
        head = f"def {title}({', '.join(parameters)}):"
        if results:
            body.append((f"return {results}", []))
        self.rows: list[Row] = [(head, []), *((f"    {text}", lines) for text, lines in body or [("pass", [])])]
        self.text = "\n".join(text for text, _ in self.rows) + "\n"

    # -- lines -------------------------------------------------------------------------------------

    def _body(self) -> Iterable[Row]:
        last: Any = None
        lines = [line for line in self.program.lines if line.out not in self._inline]
        for block, together in itertools.groupby(lines, key=lambda line: line.block):
            listed = list(together)
            if block is not None:
                last = listed[0].where
                yield from self._comment(listed[0])
                yield from self._loop(block, listed)
                continue
            for line in listed:
                if line.where != last:
                    last = line.where
                    yield from self._comment(line)
                yield self._row(line)

    def _row(self, line: Line, indent: str = "") -> Row:
        """A line as text, with the lines that it does: itself, and those that are written inside of it."""
        self._written = [line]
        text = self.line(line)
        if line.comment:
            text += f"  # {line.comment.format(*map(self._about, line.about))}"
        return indent + text, self._written

    def _loop(self, block: Block, lines: list[Line]) -> Iterable[Row]:
        """A loop over blocks; within it the i-th block of an array has the array's name with `_i`."""
        whole: dict[Any, str] = {}  # the arrays that are cut into blocks, and their names
        scratch: dict[Any, str] = {}
        for line in lines:
            for value in (*line.reads(), line.out):
                if value.shape and value not in block.local:
                    whole.setdefault(value, self._operand(value))
            if line.buffer is not None:
                (scratch if line.out in block.local else whole).setdefault(line.buffer, self._operand(line.buffer))
        for text in dict.fromkeys(whole.values()):
            yield f"{text}_flat = {text}.reshape(-1)", []
        step = block.elements
        yield f"for i in range(0, {block.size}, {step}):", []
        for text in dict.fromkeys(whole.values()):
            yield f"    {text}_i = {text}_flat[i:i + {step}]", []
        size = f"{next(iter(whole.values()))}_i.size"
        for text in dict.fromkeys(scratch.values()):
            yield f"    {text}_i = {text}[:{size}]" if block.size % step else f"    {text}_i = {text}", []
        self._parts = {value: f"{text}_i" for value, text in (*whole.items(), *scratch.items())}
        for line in lines:
            if line.out in block.local:
                self._parts[line.out] = f"{self.names[line.out]}_i"
            yield self._row(line, "    ")
        self._parts = {}

    def _comment(self, line: Line) -> Iterable[Row]:
        filename, number, _ = line.where
        text = linecache.getline(filename, number).strip()
        yield f"# {os.path.basename(filename)}:{number}" + (f"  {text}" if text else ""), []

    def line(self, line: Line) -> str:
        """A line of the program as a statement."""
        function, args = line.function, line.args
        text = self._operand
        if function is operator.setitem:
            return f"{text(args[0])}[{self._index(args[1])}] = {self._beside(args[2], args[:1])}"
        if line.target is None:
            if line.buffer is not None and line.buffer is self._owned(line.out):
                return self.call(line, out=text(line.out))
            expression = self.call(line, out=None if line.buffer is None else text(line.buffer))
            if line.gemm is not None:
                expression += ".T"  # gemm returns the transpose
            return expression if line.out is None else f"{text(line.out)} = {expression}"
        if not line.takes_out:
            return self.call(line)
        # `+=` makes a name local to the function, which a captured array's must not be.
        local = line.target.kind in ("made", "view", "input") and self._owned(line.target) is None
        if function in _IN_PLACE and args[0] is line.target and local and not line.kwargs:
            return f"{text(args[0])} {_IN_PLACE[function]}= {self._beside(args[1], args)}"
        return self.call(line, out=text(line.target))

    def _about(self, x: Any) -> str:
        """A value as it is named in a comment; a tuple of one value stands for its transpose."""
        return f"{self._operand(x[0])}.T" if isinstance(x, tuple) else self._operand(x)

    def _owned(self, value: Any) -> Any:
        """The buffer that is named after this value, if there is one."""
        return self._owners.get(value)

    def call(self, line: Line, out: str | None = None) -> str:
        """The call of a line as an expression, with `out` for its result if that is given."""
        function, args, kwargs = line.function, line.args, line.kwargs
        if line.gemm is not None:
            return self._gemm(line, out)
        if function is operator.getitem:
            return f"{self._operand(args[0])}[{self._index(args[1])}]"
        if function is ndarray.transpose and len(args) == 1:
            return f"{self._operand(args[0])}.T"
        if is_helper(function):  # a helper may ask for its operand's shape
            operands = [self._named(x.array, "constant") if _is_number(x) else self._operand(x) for x in args]
        else:
            operands = [self._beside(x, args) for x in args]
        if function in _INFIX and out is None and not kwargs:
            return f"{operands[0]} {_INFIX[function]} {operands[1]}"
        if function in (np.negative, operator.neg) and out is None:
            return f"-{operands[0]}"
        words = operands + [f"{key}={self._operand(x)}" for key, x in kwargs.items() if (key, x) not in _DEFAULTS]
        if out is not None:
            words.append(f"out={out}")
        if function in _METHODS:
            return f"{words[0]}.{function.__name__}({', '.join(words[1:])})"
        return f"{self.function(function)}({', '.join(words)})"

    def _gemm(self, line: Line, out: str | None) -> str:
        """A matrix product by gemm, on the transposes.

        BLAS has Fortran's order of memory, in which an array in C order is its transpose: (a @ b).T = b.T @ a.T.
        """
        (second, turned_second), (first, turned_first) = map(self._for_gemm, line.args)
        into = f", 0.0, {out}.T, {turned_first}, {turned_second}, True" if out else (
            f", trans_a={turned_first}, trans_b={turned_second}"
        )  # fmt: skip
        return f"{self.function(line.gemm)}(1.0, {first}, {second}{into})"

    def _for_gemm(self, x: Value) -> tuple[str, int]:
        """A matrix in Fortran order for gemm, and 1 if gemm has to transpose it, else 0."""
        text = self._operand(x)
        return (f"{text}.T", 0) if x.in_c_order else (text, 1)

    def function(self, function: Any) -> str:
        """The name of a function; if it is not NumPy's, the namespace gets it."""
        name = str(function.__name__)
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"{self.function(owner)}.{name}"
        if getattr(function, "draws", False):
            generator = self._named(function.generator, "generator")
            return f"{generator}.{name}"
        if getattr(np, name, None) is function:
            return f"np.{name}"
        if function is np.linalg.norm:
            return "np.linalg.norm"
        name = helper_name(function)
        while self.helpers.setdefault(name, function) is not function:
            name += "_"
        self.namespace[name] = function
        return name

    # -- operands ----------------------------------------------------------------------------------

    def _beside(self, x: Any, others: Iterable[Any]) -> str:
        """An operand; a constant number is written without its dtype if another operand has the same dtype."""
        if _is_number(x):
            value = x.array.item()
            alike = any(
                isinstance(y, Value) and y is not x and y.dtype == x.dtype and not _is_number(y) for y in others
            )
            short = float(str(x.array[()])) if x.dtype.kind == "f" else value
            if alike and (x.dtype.kind != "f" or x.dtype.type(short) == x.array or value != value):
                return _literal(short)
            return f"np.{x.dtype.name if x.dtype != bool else 'bool_'}({_literal(short)})"
        return self._operand(x)

    def _operand(self, x: Any) -> str:
        """An operand as an expression."""
        if isinstance(x, Value):
            if x in self._parts:
                return self._parts[x]
            if x.kind == "constant" and x not in self.names:
                return self._beside(x, ()) if not x.shape else self._named(x.array, "constant")
            if x in self._inline:
                self._written.append(self._inline[x])
                text = self.call(self._inline[x])
                return f"({text})" if _is_compound(text) else text
            name = self.names[x]
            if x.kind in ("captured", "constant", "buffer"):
                self.namespace[name] = x.array
                self.kinds[name] = x.kind
            elif x in self._owners:
                self.namespace[name] = self._owners[x].array
            return name
        if isinstance(x, (tuple, list)):
            parts = ", ".join(self._operand(part) for part in x)
            comma = "," if len(x) == 1 and isinstance(x, tuple) else ""
            return f"({parts}{comma})" if isinstance(x, tuple) else f"[{parts}]"
        if isinstance(x, np.dtype):
            if x.kind == "V":
                raise CannotRecord(BFLOAT16)
            return f"np.{x.name}" if x.kind != "b" else "np.bool_"
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        if isinstance(x, np.generic):
            return f"np.{x.dtype.name}({_literal(x.item())})"
        if isinstance(x, slice):
            return f"slice({self._operand(x.start)}, {self._operand(x.stop)}, {self._operand(x.step)})"
        if x is None or x is Ellipsis or isinstance(x, (bool, int, float, str)):
            return _literal(x)
        return self._named(x, "object")

    def _index(self, index: Any) -> str:
        """An index as it is written between brackets."""
        parts = index if isinstance(index, tuple) else (index,)
        if not parts:
            return "()"
        words = [self._slice(part) if isinstance(part, slice) else self._operand(part) for part in parts]
        return ", ".join(words) + ("," if isinstance(index, tuple) and len(parts) == 1 else "")

    def _slice(self, x: slice) -> str:
        start, stop, step = ("" if part is None else self._operand(part) for part in (x.start, x.stop, x.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def _named(self, x: Any, word: str) -> str:
        """A name in the namespace for an object that has no literal, such as an array."""
        if id(x) not in self._constants:
            name, taken = word, {*self.names.values(), *self.namespace}
            count = 1
            while name in taken:
                count += 1
                name = f"{word}_{count}"
            self._constants[id(x)] = name
            self.namespace[name] = x
            self.kinds[name] = "constant"
        return self._constants[id(x)]


_IN_PLACE = {np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/", np.bitwise_and: "&"}


def _inlined(program: Program) -> dict[Value, Line]:
    """The lines that are written inside the expression that uses them: transposes, and numbers that are used once."""
    uses = Counter(value for line in program.lines for value in line.reads())
    uses.update(program.outputs)
    uses.update(
        value for line in program.lines if line.block for value in line.reads()
    )  # a loop computes it once for each block
    return {
        line.out: line
        for line in program.lines
        if line.out is not None
        and line.target is None
        and line.out not in program.outputs
        and (
            (line.function is ndarray.transpose and len(line.args) == 1)
            or (line.out.kind == "number" and line.function is not ndarray.item and uses[line.out] == 1)
        )
    }


def function_name(function: Any) -> str:
    """The function of a line as a person names it: np.dot, np.add.reduce, .reshape, or the name of a helper."""
    name, owner = str(function.__name__), getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    if function in (operator.getitem, operator.setitem):
        return "indexing"
    if getattr(function, "__module__", "") == "_operator":
        return f"a {_INFIX[function]} b" if function in _INFIX else "-a"
    if getattr(np, name, None) is function:
        return f"np.{name}"
    return f".{name}" if getattr(function, "__objclass__", None) is ndarray else helper_name(function)


def _is_number(x: Any) -> bool:
    return isinstance(x, Value) and x.kind == "constant" and not x.shape


def _literal(x: Any) -> str:
    if isinstance(x, float) and x != x:
        return "np.nan"
    if isinstance(x, float) and x in (float("inf"), -float("inf")):
        return "np.inf" if x > 0 else "-np.inf"
    return "..." if x is Ellipsis else repr(x)


def is_helper(function: Any) -> bool:
    """Whether a function is neither NumPy's, nor a Python operator, nor a generator's method."""
    of = getattr(function, "__self__", getattr(function, "__objclass__", None))
    module = getattr(function, "__module__", None) or ""
    return not (
        isinstance(of, np.ufunc)
        or of is ndarray
        or module.startswith(("numpy", "_operator"))
        or hasattr(function, "draws")
    )


def helper_name(function: Any) -> str:
    """The name in a program of a function that is not NumPy's (SciPy calls its own 'function sgemm')."""
    return str(function.__name__).removeprefix("function ").strip("_")


def identifier(text: str) -> str:
    """A Python identifier from a text: `linear1.weight` gives linear1_weight, `0.2.weight` gives weight_0_2."""
    parts = [part for part in re.split(r"[^0-9A-Za-z]+", text) if part]
    numbers = list(itertools.takewhile(lambda part: part[0].isdigit(), parts))
    parts = [*(parts[len(numbers) :] or [""] * bool(parts)), *numbers]
    return "_".join(parts) or "value"


def _is_compound(text: str) -> bool:
    """Whether an expression needs parentheses as an operand: it has an operator outside of its own parentheses."""
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == " " and not depth:
            return True
    return text.startswith("-")
