"""Writes the loops of a program as functions, and the program as calls of them and of NumPy.

np.dot(x, w, out=h); h += b; np.maximum(h, 0, out=h); order = np.argsort(h)   # lines of a program, and afterwards:
step_loops(x, w, b, h); order = np.argsort(h)                                 # the first three are one function
"""

from __future__ import annotations

import functools
import itertools
import keyword
import linecache
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..emit import Row, Source
from ..lines import Line, Program, Value
from .elementwise import stays_in_numpy
from .forms import Product, numbers_of
from .groups import Group, Groups
from .nests import Nest
from .origins import attributed
from .places import Places
from .products import text_of
from .trial import choose

# What the text of loops calls (`functions`), and the words that it uses, or the file does in which it is saved.
HELPERS = (
    "gemm", "mkl_gemm", "mkl_gemm_one_thread", "plus", "added", "maximum", "minimum", "logaddexp", "divided",
    "raised", "pointer", "flat",
)  # fmt: skip
_OF_FILES = ("ctypes", "jit", "blas", "sgemm", "dgemm", "checked", "start", "Path")
WORDS = frozenset(
    ("np", "math", "numba", "range", "abs", "min", "table", *HELPERS, *_OF_FILES, *keyword.kwlist)
)  # fmt: skip


class LoopsFunction:
    """A function of loops: its `text`, and the values that are its parameters. It is the function of a line.

    `checks` are the axes and lengths that its indices are checked for; it returns the number of the check that failed
    and the index.
    """

    def __init__(self, name: str, parameters: list[Value], names: list[str]) -> None:
        self.__name__ = name
        self.parameters = parameters
        self.names = names
        self.text = ""
        self.rows: list[
            tuple[str, list[Line]]
        ] = []  # the lines of the text, each with the lines of the program it does
        self.checks: list[tuple[int, int]] = []
        self.writes_inputs = False  # whether it writes into arguments of the step

    def __call__(self, *args: Any) -> Any:
        raise TypeError(f"{self.__name__} is not compiled")


def is_static(value: Value) -> bool:
    """Whether a parameter is found by its address: an array that is the same at every call, in one piece of memory."""
    if value.kind not in ("captured", "constant", "buffer") or not isinstance(value.array, np.ndarray):
        return False
    flags = value.array.flags
    return bool(flags.aligned and (flags.c_contiguous or flags.f_contiguous))


class Shown(NamedTuple):
    """The text of a program with its functions; `rows` are its lines, each with those of the program that it does."""

    text: str
    rows: list[Row]


@dataclass
class Written:
    """A program whose loops are written: its lines call the `functions`. `left` are the lines that stay NumPy's."""

    program: Program
    functions: list[LoopsFunction]
    left: list[Line]
    groups: Groups
    names: dict[Any, str]
    title: str
    executed: str = ""  # the source that calls the compiled functions, and what it takes from outside
    namespace: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The source of the functions."""
        return "\n\n".join(function.text for function in self.functions)

    @property
    def is_whole(self) -> bool:
        """Whether all is in loops but for checks of the arguments, random numbers, and what NumPy computes faster."""

        def belongs_to_numpy(line: Line) -> bool:
            has_result = line.out is not None or line.target is not None
            return not has_result or getattr(line.function, "draws", False) or stays_in_numpy(line)

        return all(map(belongs_to_numpy, self.left))

    @property
    def is_silent(self) -> bool:
        """Whether no call of NumPy is left that could warn of a nan or an infinity."""
        return not self.left

    def shown(self, source: Source) -> Shown:
        """The functions and the program that calls them, whose source is given, as they are shown to the user."""
        rows: list[Row] = []
        for function in self.functions:
            rows += [*function.rows, ("", []), ("", [])]
        for text, lines in source.rows:
            rows.append((text, [line for line in lines if line.calls and not isinstance(line.function, LoopsFunction)]))
        return Shown(f"{self.text}\n\n{source.text}", rows)

    def short(self) -> Program:
        """The program as it is executed: the functions find by themselves what is the same at every call."""
        lines = []
        for line in self.program.lines:
            if isinstance(line.function, LoopsFunction):
                of = zip(line.args, line.function.parameters, strict=True)
                line = replace(line, args=tuple(x for x, parameter in of if not is_static(parameter)))
            elif line.function is np.empty and not line.reads():
                line = replace(line, function=self._maker(line), args=(), kwargs={})
            lines.append(line)
        return replace(self.program, lines=lines)

    def _maker(self, line: Line) -> Any:
        """A function that makes a line's new array: it need not look up its dtype at each call."""
        maker: Any = functools.partial(np.empty, *line.args, **line.kwargs)
        taken = {*self.names.values(), *WORDS, self.title, *(function.__name__ for function in self.functions)}
        names = (f"new_{self.names[line.out]}{'' if i == 1 else f'_{i}'}" for i in itertools.count(1))
        maker.__name__ = next(name for name in names if name not in taken)
        return maker


def write(program: Program, names: dict[Any, str], title: str) -> Written:
    """Write the loops of a program, which is changed; `names` are those of its values."""
    calls: frozenset[Line] = frozenset()
    while True:
        groups = Groups(program, calls)
        places = Places(program, groups)
        crossing = places.crossing_numbers()
        if not crossing:
            break
        calls |= {line for line in program.lines if line.out in crossing}
    places.buffers(groups.listed)
    choose([form for group in groups.listed for form in group.forms if isinstance(form, Product)])
    return _Writer(program, groups, places, names, title).written()


class _Writer:
    def __init__(self, program: Program, groups: Groups, places: Places, names: dict[Any, str], title: str) -> None:
        self.program = program
        self.groups = groups
        self.places = places
        self.names = names
        self.title = title
        self.functions: list[LoopsFunction] = []
        self._viewed: set[Value] = set()

    def written(self) -> Written:
        lines: list[Line] = []
        left: list[Line] = []
        begun: set[Value] = set()
        done: set[int] = set()
        for group in self.groups.listed:
            if group.is_numpy:
                for line in group.forms:
                    lines += [*self._views(line.reads()), line]
                left += group.forms
                continue
            number = self.places.region_of[group]
            if number not in done:
                done.add(number)
                region = self.places.regions[number]
                lines += self._new_arrays(region, begun)
                lines.append(self._call(region, number))
        lines += self._views(self.program.outputs)
        self.program.lines = lines
        return Written(self.program, self.functions, left, self.groups, self.names, self.title)

    def _views(self, values: list[Value]) -> Iterator[Line]:
        """The lines that make the views which a call of NumPy reads, or which are returned."""
        for value in values:
            line = self.groups.view_lines.get(value)
            if line is not None and value not in self._viewed:
                self._viewed.add(value)
                yield from self._views(line.reads())
                yield line

    def _new_arrays(self, region: list[Group], begun: set[Value]) -> Iterator[Line]:
        for group in region:
            for root, maker in self.places.maker.items():
                if maker is group and root in self.places.fresh and root not in begun:
                    begun.add(root)
                    args = (root.shape, root.dtype)
                    order = {} if root.in_c_order else {"order": "F"}
                    yield Line(np.empty, args, order, root, None, _where(group))

    # -- a function --------------------------------------------------------------------------------

    def _call(self, region: list[Group], number: int) -> Line:
        taken = {*self.names.values(), *WORDS}
        name = f"{self.title}_loops" if len(self.places.regions) == 1 else f"{self.title}_loops_{number + 1}"
        while name in taken:
            name += "_"
        parameters = self._parameters(region)
        words = [self._name(x, taken) for x in parameters]
        function = LoopsFunction(name, parameters, words)
        taken |= {*words}
        body: list[tuple[str, list[Line]]] = [
            (
                f"{self._name(x, taken)} = {self._name(self.groups.aliases[x], taken)}.reshape({x.shape})",
                [self.groups.view_lines[x]],
            )
            for x in self._aliases(region)
        ]
        last: Any = None
        for group in region:
            where = _where(group)
            if where != last:
                last = where
                body += [(text, []) for text in _comment(where)]
            body += attributed(self._group(group, taken, function), group, self.names, self.groups.view_lines)
        if function.checks:
            body.append(("return 0, 0", []))
        function.rows = [(f"def {name}({', '.join(words)}):", []), *((f"    {text}", of) for text, of in body)]
        function.text = "\n".join(text for text, _ in function.rows) + "\n"
        self.functions.append(function)
        arguments = tuple(self._argument(x) for x in parameters)
        written = (access.base.root for group in region for form in group.forms for access in form.writes())
        function.writes_inputs = any(root.kind == "input" for root in written)
        calls = tuple(call for group in region for form in group.forms for call in form.line.calls)
        return Line(function, arguments, {}, None, None, _where(region[0]), calls=calls)

    def _name(self, value: Value, taken: set[str]) -> str:
        """The name of a parameter; an array of constants has none before."""
        if value not in self.names:
            name, count = "constant", 1
            while name in taken:
                count += 1
                name = f"constant_{count}"
            taken.add(name)
            self.names[value] = name
        return self.names[value]

    def _argument(self, value: Value) -> Value:
        """A parameter as the program hands it over: as an array, where NumPy may have given a scalar."""
        if value.kind != "made" or value.shape or value in self.places.maker:
            return value
        array = Value(None, "made")
        array.shape, array.dtype = value.shape, value.dtype
        self.names[array] = f"np.asarray({self.names[value]})"
        return array

    def _parameters(self, region: list[Group]) -> list[Value]:
        """The arrays and numbers that a region takes from outside, in the order of their use."""
        made = {number for group in region for number in group.made}
        found: dict[Value, None] = {}
        for group in region:
            for form in group.forms:
                for access in (*form.reads(), *form.writes()):
                    base = access.base
                    while base in self.groups.aliases:
                        base = self.groups.aliases[base]
                    if base not in self.places.locals_ and base not in self.places.scalars:
                        found.setdefault(base)
                for number in numbers_of(form):
                    if number not in made:
                        found.setdefault(number)
        return list(found)

    def _aliases(self, region: list[Group]) -> list[Value]:
        """The arrays that a region reads or writes in another shape than theirs; what they are made of comes first."""
        found: dict[Value, None] = {}
        for group in region:
            for form in group.forms:
                for access in (*form.reads(), *form.writes()):
                    chain = [access.base]
                    while chain[-1] in self.groups.aliases:
                        chain.append(self.groups.aliases[chain[-1]])
                    found |= dict.fromkeys(reversed(chain[:-1]))
        return list(found)

    def _group(self, group: Group, taken: set[str], function: LoopsFunction) -> list[str]:
        if isinstance(group.forms[0], Product):
            return text_of(group.forms[0], self.names, taken)
        nest = Nest(group, self.places, self.names, taken)
        lines: list[str] = []
        for element, loops, axis, size in nest.checks:
            function.checks.append((axis, size))
            outer = loops.splitlines()
            indent = "    " * len(outer)
            lines += [*outer, f"{indent}if not -{size} <= {element} < {size}:"]
            lines.append(f"{indent}    return {len(function.checks)}, {element}  # not an index of the axis {axis}")
        return lines + nest.lines()


def _where(group: Group) -> Any:
    return group.forms[0].line.where


def _comment(where: Any) -> list[str]:
    text = linecache.getline(where.filename, where.number).strip()
    return [f"# {os.path.basename(where.filename)}:{where.number}" + (f"  {text}" if text else "")]
