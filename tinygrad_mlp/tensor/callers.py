"""The Python source of what runs for a row: its caller, on Tensors, and the `pull` of its nodes.

The general caller (dispatch.py) and `Node.pull` do this for any row, with loops over what the row declares. That takes
time on every call, although a row's signature settles most of it beforehand. So here the same is written out for one
row, as a person would write it, for the usual case: plain arrays, of one floating dtype where several must agree. All
other calls are passed on to the general caller. `print(tinygrad_mlp.ops.source("linear"))` shows what is written.

In the templates a line that is one name in braces stands for any number of lines.
"""

from __future__ import annotations

import linecache
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..ops import Operator
from .arguments import holding
from .kinds import kinds_of

CALLER = """\
def {name}({arguments}):
    {unwrap}
    {compute}
    {make}
    {node}
    {note}
    return {result}
"""
UNWRAP = """\
try:
    {arrays}
except AttributeError:  # one is no Tensor
    return general({arguments})
{usual}
    return general({arguments})
"""
MAKE = """\
if type(out) is not ndarray:
    out = as_array(out)
{share}
tensor = new(Tensor)
tensor.array = out
tensor.versions = [0]
tensor.viewed = None
"""
IN_PLACE = """\
def {name}_({arguments}):
    {unwrap}
    {recorded}
    if recorded and {first}.needs_grad and {first}.node is None:
        return general({arguments})
    count = {first}.versions[-1]  # an inference tensor refuses here, before the write
    if not recorded:
        {write}
        return {first}
    {copy}
    {record}
    {write}
    rebase({first}, node_class()(edges, saved, versions, {first}_array.shape, {first}_array.dtype))
    return {first}
"""
PULL = """\
def pull(self, g, edges, create_graph):
    {part}
    saved = self.saved
    if type(g) is not ndarray or saved is None:
        return Node.pull(self, g, edges, create_graph)
    for counter, count, _ in self.versions:
        if counter[0] != count:
            raise RuntimeError(self.modified())
    {hand_on}
"""
PULL_OF_LIST = """\
def pull(self, g, edges, create_graph):
    saved = self.saved
    if saved is None:
        raise RuntimeError(FREED)
    return as_rule({name}_rule, g, *saved[0]) if create_graph else {name}_rule(g, *saved[0])
"""


def filled(template: str, **parts: Any) -> list[str]:
    """The lines of a template with its names replaced, each by a text or, where it is a line of its own, by lines."""
    lines: list[str] = []
    for line in template.splitlines():
        part = parts.get(line.strip()[1:-1]) if line.strip().startswith("{") else None
        if part is None:
            lines.append(line.format(**parts))
        else:
            lines += [line[: line.index("{")] + each for each in part]
    return lines


def compiled(name: str, text: str, namespace: dict[str, Any], given: dict[str, Any]) -> Callable[..., Any]:
    """The function `name` that a text defines: it sees the namespace, and what is given as variables around it.

    Tracebacks show its lines, as they do for functions from a file.
    """
    filename = f"<tinygrad_mlp.callers {given['row'].name} {name}>"
    whole = f"def make({', '.join(given)}):\n{textwrap.indent(text, '    ')}    return {name}\n"
    linecache.cache[filename] = (len(whole), None, whole.splitlines(keepends=True), filename)
    made: dict[str, Any] = {}
    exec(compile(whole, filename, "exec"), namespace, made)
    return made["make"](**given)  # type: ignore[no-any-return]


class _Caller:
    """Writes the lines of a row's caller. In them, `x_array` is the array of the Tensor `x`."""

    def __init__(self, row: Operator) -> None:
        self.row = row
        self.arguments = ", ".join(row.parameters)
        self.tensors = [row.parameters[i] for i in row.tensors]
        self.optional = row.parameters[len(row.parameters) - len(row.defaults) :]
        self.differentiable = [row.parameters[i] for i in row.differentiable]
        self.alike = [p for p in self.tensors if p != row.unpromoted]  # arguments that must have one dtype
        self.agree = bool(row.promotion is not None or row.check)  # where arrays must have one dtype
        self.numbers: list[str] = []  # arguments that may be a Python number
        if row.numbers and "f" in (row.kinds or "f"):
            allowed = [p for p in self.alike[1:] if row.parameters.index(p) in row.numbers]
            self.numbers = [p for p in allowed if row.promotion or (p in self.differentiable and not row.check)]
        self.kinds = row.kinds or (
            "f" if row.promotion == "float" or row.check else ""
        )  # the kinds of dtype in the usual case
        self.several = len(row.outputs) > 1
        self.outputs = [f"{name}_array" for name in row.outputs] if self.several else ["out"]
        self.holders = [*(row.outputs if self.several else ["tensor"]), *row.parameters]

    def text(self) -> str:
        """The whole function."""
        row, rest = self.row, as_tuple(self.row.parameters[1:])
        note = ["if is_view:", f"    note_view(tensor, {row.parameters[0]}, row, {rest})"]
        lines = filled(
            CALLER, name=row.name, arguments=self.arguments, unwrap=self.unwrap(), compute=self.compute(),
            make=self.make(), node=self.node(), note=note if row.view else [],
            result=f"result({as_tuple(row.outputs)})" if self.several else "tensor",
        )  # fmt: skip
        return "\n".join([*map(fitted, lines), ""])

    def array(self, p: str) -> str:
        """A parameter, as the forward and the rules take it."""
        return f"{p}_array" if p in self.tensors else p

    def given(self, p: str) -> str:
        """The condition that an argument is a Tensor; empty where it must be one."""
        return f"{p} is not {p}_array" if p in self.numbers else f"{p} is not None" if p in self.optional else ""

    def if_given(self, p: str, attribute: str) -> str:
        """An attribute of an argument, where it is a Tensor."""
        given = self.given(p)
        return f"{given} and {p}.{attribute}" if given else f"{p}.{attribute}"

    def needs(self, p: str) -> str:
        """The condition that a gradient is wanted for an argument."""
        return f"any([x.needs_grad for x in {p}])" if self.row.listed else self.if_given(p, "needs_grad")

    def recorded(self, start: str, end: str) -> list[str]:
        """A line with the condition that a node is written."""
        return any_of(start, map(grouped, map(self.needs, self.differentiable)), f" and state.recording{end}")

    # -- from Tensors to arrays ----------------------------------------------------------------------

    def unwrap(self) -> list[str]:
        """The arrays of the arguments, and the test for the usual case."""
        first, certain = self.tensors[0], [p for p in self.tensors if not self.given(p)]
        if self.row.listed:
            tests = [f"{first}_array is None", *self.unusual_kinds()]
            general = f"    return general({self.arguments})"
            return [f"{first}_array = arrays_alike({first})", f"if {' or '.join(tests)}:", general]
        lines = [f"{p}_array = {self.unwrapped(p)}" for p in self.tensors]
        tests = [test for p in self.tensors for test in self.unusual(p)]
        if any("common" in test for test in tests):
            lines.append(f"common = {self.alike[0]}_array.dtype")
        if self.row.rules:
            lines += any_of("view = ", [grouped(self.if_given(p, "viewed")) for p in self.tensors])
            tests += self.unusual_views()
        else:
            tests = [*(f"not isinstance({p}, Tensor)" for p in certain), *tests]
        tests += self.unusual_kinds()
        return filled(UNWRAP, arrays=lines, usual=any_of("if ", tests, ":"), arguments=self.arguments)

    def unusual_kinds(self) -> list[str]:
        return [f"type({p}) not in {kind.usual}" for _, p, kind in kinds_of(self.row)]

    def unusual_views(self) -> list[str]:
        return [f"(view and lead_nowhere({', '.join(self.tensors)}))"]

    def unwrapped(self, p: str) -> str:
        if p in self.numbers:
            return f"{p}.array if isinstance({p}, Tensor) else {p}"
        return f"None if {p} is None else {p}.array" if p in self.optional else f"{p}.array"

    def unusual(self, p: str) -> list[str]:
        """The tests that send an argument to the general caller."""
        kinds, array, first = self.kinds, f"{p}_array", p == self.alike[0]
        other = [f"{array}.dtype is not common"] if self.agree and p in self.alike and not first else []
        if p in self.numbers:
            no_number = f"type({array}) not in {'numbers_or_none' if p in self.optional else 'numbers'}"
            if not other:
                return [f"(({p} is {array} or type({array}) is not ndarray) and {no_number})"]
            no_number = no_number if kinds else f'common.char not in "fdg" or {no_number}'
            # Only a rule may call it with an array in place of a Tensor: that is left to the general caller.
            parts = (f"{p} is {array} or {other[0]}", f"if type({array}) is ndarray", f"else {no_number}")
            return ["\n".join(["(", *(f"            {part}" for part in parts), "        )"])]
        tests = [f"type({array}) is not ndarray", *other]
        if first and kinds:
            # float16 is left to the general caller, which computes it in float32.
            tests.append('common.char not in "fdg"' if "f" in kinds else f'common.kind not in "{kinds}"')
        return [f"({p} is not None and {grouped(' or '.join(tests))})"] if p in self.optional else tests

    # -- from arrays to Tensors ----------------------------------------------------------------------

    def compute(self) -> list[str]:
        """The forward."""
        given = ", ".join(self.outputs)
        arguments = ", ".join(map(self.array, self.row.parameters))
        if self.row.view:
            return [f"{given} = forward({arguments})"]
        arrays = as_tuple(map(self.array, self.tensors))
        refused = ["except ValueError as error:", f"    raise as_torch(error, {arrays}) from None"]
        return self.quiet(f"{given} = quietly(forward, {arguments})", refused if len(self.tensors) > 1 else [])

    def quiet(self, line: str, refused: Iterable[str] = ()) -> list[str]:
        """A line in which NumPy computes without a warning, with what follows where it raises."""
        entered = ["except RuntimeError as error:", "    if not is_entered(error):", "        raise"]
        return ["try:", f"    {line}", *refused, *entered, f"    return general({self.arguments})"]

    def make(self) -> list[str]:
        """Tensors over what the forward gave."""
        if self.several:
            return [f"{name} = wrap(as_array({name}_array))" for name in self.row.outputs]
        first = f"{self.tensors[0]}_array"
        part = f"(base is not None and (base is {first} or base is {first}.base))"
        share = ["base = out.base", f"is_view = out is {first} or {part}"]
        return filled(MAKE, share=share if self.row.view else [])

    # -- the node ------------------------------------------------------------------------------------

    def node(self) -> list[str]:
        """The node, if a gradient is wanted; else the output is a constant, as several outputs are from the start."""
        constant = [] if self.several else ["tensor.node = None", "tensor.needs_grad = False"]
        if not self.row.rules:
            return constant
        lines = [*self.recorded("if ", ":"), *indented([*self.record(), *self.attach()])]
        return [*lines, "else:", *indented(constant)] if constant else lines

    def record(self) -> list[str]:
        """The edges of the node, what its rules read, and the versions of that."""
        if self.row.listed:
            edges = f"[edge_of(x) if x.needs_grad else None for x in {self.tensors[0]}]"
            return [f"edges = {edges}", f"saved = ({self.saved(0)},)", "versions = ()"]
        if len(self.row.rules) == 1:
            versions = self.versions(0)
            always = ", ".join(v for v, given in versions if not given)
            return [
                f"edges = ({edge(self.differentiable[0])},)", f"saved = ({self.saved(0)},)",
                f"versions = [{always}]" if versions else "versions = ()",
                *(line for v in versions if v[1] for line in noted(*v)),
            ]  # fmt: skip
        lines = ["versions = []"]
        for j, p in enumerate(self.differentiable):
            lines += [f"to_{p} = for_{p} = None", f"if {self.needs(p)}:"]
            lines += [f"    to_{p} = {edge(p)}", f"    for_{p} = {self.saved(j)}"]
            lines += indented(line for v in self.versions(j) for line in noted(*v))
        edges, saved = (as_tuple(f"{word}_{p}" for p in self.differentiable) for word in ("to", "for"))
        return [*lines, f"edges, saved = {edges}, {saved}"]

    def attach(self) -> list[str]:
        """The node."""
        if self.several:
            return [f"attach(node_class(edges, saved, versions, None, None), {as_tuple(self.row.outputs)})"]
        kind = "(node_class if is_view else copying_class)" if self.row.view else "node_class"
        return [f"tensor.node = {kind}(edges, saved, versions, out.shape, out.dtype)", "tensor.needs_grad = True"]

    def saved(self, j: int) -> str:
        """What the j-th rule reads."""
        return as_tuple(map(self.place, self.row.reads[j]))

    def place(self, k: int) -> str:
        """A place of the frame that a row's rules read from: outputs, arguments, and the shapes of arrays."""
        frame = [*self.outputs, *map(self.array, self.row.parameters)]
        if k < len(frame):
            return frame[k]
        p = self.tensors[k - len(frame)]
        if self.row.listed:
            return f"[x.shape for x in {p}_array]"
        return f'getattr({p}_array, "shape", ())' if self.given(p) else f"{p}_array.shape"

    def versions(self, j: int) -> list[tuple[str, str]]:
        """The version counters of what the j-th rule reads, each with the condition that there is one."""
        return [self.version(k) for k in holding(self.row, self.row.reads[j])]

    def version(self, k: int) -> tuple[str, str]:
        x = self.holders[k]
        return f"({x}.versions, {x}.versions[0], {k})", self.given(x)


class _CallerInPlace(_Caller):
    """Writes the caller of a row in place, which writes the result into the first argument."""

    def __init__(self, row: Operator) -> None:
        super().__init__(row)
        self.first = row.parameters[0]
        self.at_once = isinstance(row.forward, np.ufunc) and row.write is None
        if self.at_once:
            self.kinds = self.kinds or "f"

    def text(self) -> str:
        """The whole function."""
        row, first = self.row, self.first
        arrays = ", ".join(map(self.array, row.parameters))
        lines = filled(
            IN_PLACE, name=row.name, arguments=self.arguments, first=first, unwrap=self.unwrap(),
            recorded=self.recorded("recorded = ", ""), record=self.record(),
            copy=[f"before = {first}_array.copy()"] if any(1 in read for read in row.reads) else [],
            write=[*self.write(arrays), f"{first}.versions[0] = count + 1"],
        )  # fmt: skip
        return "\n".join([*lines, ""])

    def write(self, arrays: str) -> list[str]:
        general = f"write, row, {self.first}_array, [{arrays}]"
        if not self.at_once:
            return self.quiet(f"quietly({general})")
        refused = ["except ValueError:", f"    silently({general})  # which says what is wrong"]
        return self.quiet(f"quietly(forward, {arrays}, out={self.first}_array)", refused)

    def unusual_views(self) -> list[str]:
        return [
            f"(view and are_entangled({', '.join(self.tensors)}))",
            f"not {self.first}_array.flags.writeable",
            "running",
        ]

    def place(self, k: int) -> str:
        return f"{self.first}_array" if k == 0 else "before" if k == 1 else super().place(k)

    def versions(self, j: int) -> list[tuple[str, str]]:
        return [self.version(k) for k in holding(self.row, self.row.reads[j]) if k != 1]  # nobody can change a copy

    def version(self, k: int) -> tuple[str, str]:
        return super().version(k) if k else (f"({self.first}.versions, count + 1, 0)", "")


def caller_of(row: Operator, inplace: bool = False) -> str:
    """The source of a row's caller. (In place, a row without rules is left to the general caller.)"""
    return (_CallerInPlace if inplace else _Caller)(row).text()


def pull_of(row: Operator) -> str:
    """The source of the `pull` of a row's nodes."""
    names = [row.parameters[i] for i in row.differentiable]
    if row.listed:
        return "\n".join([*filled(PULL_OF_LIST, name=names[0]), ""])
    part = [f"g = g.parts[0]  # of `{row.outputs[0]}`, which alone is differentiable"] if len(row.outputs) > 1 else []
    if len(names) == 1:
        hand_on = [f"return ({names[0]}_rule(g{', *saved[0]' if row.reads[0] else ''}),)"]
    else:
        to, saved = (", ".join(f"{word}_{p}" for p in names) for word in ("to", "for"))
        rules = [f"{p}_rule(g{f', *for_{p}' if reads else ''})" for p, reads in zip(names, row.reads, strict=True)]
        results = [f"    None if to_{p} is None else {rule}," for p, rule in zip(names, rules, strict=True)]
        hand_on = [f"{to} = edges", f"{saved} = saved", "return (", *results, ")"]
    return "\n".join([*filled(PULL, part=part, hand_on=hand_on), ""])


# -- pieces of lines -------------------------------------------------------------------------------


def fitted(line: str) -> str:
    """A line broken where it is too long: those that may be have their later blanks in brackets."""
    indent = line[: len(line) - len(line.lstrip())] + 8 * " "
    return textwrap.fill(line, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def edge(p: str) -> str:
    return f"{p}.node or edge_of({p})"


def noted(version: str, given: str) -> list[str]:
    """The lines that note a version counter, if there is one."""
    append = f"versions.append({version})"
    return [f"if {given}:", f"    {append}"] if given else [append]


def as_tuple(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def any_of(start: str, conditions: Iterable[str], end: str = "") -> list[str]:
    """A line that asks whether any of some conditions holds; over several lines, one a condition, where it is long."""
    conditions = list(conditions)
    line = " or ".join(conditions)
    whole = f"{start}{grouped(line) if len(conditions) > 1 and ' and ' in end else line}{end}"
    if len(whole) < 96:
        return [whole]
    return [f"{start}(", *(f"    {'or ' if i else ''}{each}" for i, each in enumerate(conditions)), f"){end}"]


def grouped(condition: str) -> str:
    """A condition as a part of another."""
    return f"({condition})" if any(word in condition for word in (" and ", " or ", " if ")) else condition
