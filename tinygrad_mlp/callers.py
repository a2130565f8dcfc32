"""The Python source of what runs for a row: its caller, on Tensors, and the `pull` of its nodes.

The general caller (dispatch.py) and `Node.pull` say all that is to be done, with loops over what a row declares. But a
row's signature settles most of it beforehand. So here the same is written as a person would write it for this one row,
for the usual case: plain arrays, of one floating dtype where several must agree. Everything else the written caller
hands to the general one. `print(tinygrad_mlp.ops.source("linear"))` shows what comes out.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from textwrap import indent
from typing import Any

from .ops import Operator


def compiled(name: str, text: str, namespace: dict[str, Any], given: dict[str, Any]) -> Callable[..., Any]:
    """The function `name` that a text defines: it sees the namespace, and what is given as variables around it.

    Tracebacks show its lines, as they do for functions from a file.
    """
    filename = f"<tinygrad_mlp.callers {given['row'].name} {name}>"
    whole = f"def make({', '.join(given)}):\n{indent(text, '    ')}    return {name}\n"
    linecache.cache[filename] = (len(whole), None, whole.splitlines(keepends=True), filename)
    made: dict[str, Any] = {}
    exec(compile(whole, filename, "exec"), namespace, made)
    return made["make"](**given)  # type: ignore[no-any-return]


# -- the caller ------------------------------------------------------------------------------------


class _Caller:
    """What the lines of a row's caller are made of. The array of the Tensor `x` is called `x_array` in them."""

    def __init__(self, row: Operator) -> None:
        self.row = row
        self.tensors = [row.parameters[i] for i in row.tensors]
        self.optional = row.parameters[len(row.parameters) - len(row.defaults) :]
        self.alike = [p for p in self.tensors if p != row.unpromoted]  # those that must be of one dtype
        self.differentiable = [row.parameters[i] for i in row.differentiable]
        self.agree = bool(row.promotion is not None or row.check)  # where arrays must have one dtype
        self.numbers: list[str] = []  # those for which a Python number may stand
        if row.numbers and "f" in (row.kinds or "f"):
            self.numbers = [p for p in self.alike[1:] if row.promotion or (p in self.differentiable and not row.check)]
        self.looks_at_views = bool(row.rules)
        self.several = len(row.outputs) > 1
        self.outputs = [f"{name}_array" for name in row.outputs] if self.several else ["out"]
        self.arguments = ", ".join(row.parameters)

    def text(self) -> str:
        """The whole function."""
        row = self.row
        lines = [f"def {row.name}({self.arguments}):", *self.unwrap(), *self.compute()]
        if row.rules:
            lines += [f"    if {self.recorded()}:", *indented(self.record()), *indented(self.attach())]
        if row.rules and not self.several:
            lines += ["    else:", "        tensor.node = None", "        tensor.needs_grad = False"]
        elif not self.several:
            lines += ["    tensor.node = None", "    tensor.needs_grad = False"]
        if row.view:
            lines += [
                "    if is_view:",
                f"        note_view(tensor, {self.tensors[0]}, row, {as_tuple(row.parameters[1:])})",
            ]
        result = f"result({', '.join(row.outputs)})" if self.several else "tensor"
        return "\n".join([*lines, f"    return {result}", ""])

    def array(self, p: str) -> str:
        """A parameter, as the forward and the rules take it."""
        return f"{p}_array" if p in self.tensors else p

    def given(self, p: str) -> str:
        """The condition that an argument is a Tensor; empty where it must be one."""
        return f"{p} is not {p}_array" if p in self.numbers else f"{p} is not None" if p in self.optional else ""

    def needs(self, p: str) -> str:
        """The condition that a gradient is wanted for an argument."""
        if self.row.listed:
            return f"any(x.needs_grad for x in {p})"
        return " and ".join(filter(None, (self.given(p), f"{p}.needs_grad")))

    def recorded(self) -> str:
        """The condition that a node is written."""
        needed = " or ".join(map(grouped, map(self.needs, self.differentiable)))
        return f"{grouped(needed) if ' or ' in needed else needed} and state.recording"

    # -- from Tensors to arrays ----------------------------------------------------------------------

    def unwrap(self) -> list[str]:
        """The arrays of the arguments, and the test for the usual case."""
        certain = [p for p in self.tensors if not self.given(p)]
        general = f"        return general({self.arguments})"
        if self.row.listed:
            arrays = f"    {certain[0]}_array = [x.array for x in {certain[0]}]"
            return [f"    if not are_alike({certain[0]}):", general, arrays]
        lines = [f"        {p}_array = {self.unwrapped(p)}" for p in self.tensors]
        tests = [test for p in self.tensors for test in self.unusual(p)]
        if any("common" in test for test in tests):
            lines.append(f"        common = {self.alike[0]}_array.dtype")
        if self.looks_at_views:
            views = [grouped(" and ".join(filter(None, (self.given(p), f"{p}.viewed")))) for p in self.tensors]
            lines.append(f"        view = {' or '.join(views)}")
            tests += self.unusual_views()
        else:
            tests = [*(f"not isinstance({p}, Tensor)" for p in certain), *tests]
        condition = f"    if {' or '.join(tests)}:"
        split = ["    if (", *indented([tests[0], *(f"or {test}" for test in tests[1:])]), "    ):"]
        return [
            "    try:", *lines, "    except AttributeError:  # one is no Tensor", general,
            *([condition] if len(condition) < 100 else split), general,
        ]  # fmt: skip

    def unusual_views(self) -> list[str]:
        return [f"(view and lead_nowhere({', '.join(self.tensors)}))"]

    def unwrapped(self, p: str) -> str:
        if p in self.numbers:
            return f"{p}.array if isinstance({p}, Tensor) else {p}"
        return f"None if {p} is None else {p}.array" if p in self.optional else f"{p}.array"

    def unusual(self, p: str) -> list[str]:
        """The tests that send an argument to the general caller."""
        row, array = self.row, f"{p}_array"
        kinds = row.kinds or ("f" if row.promotion == "float" or row.check else "")
        first = p == self.alike[0]
        other = [f"{array}.dtype is not common"] if self.agree and p in self.alike and not first else []
        if p in self.numbers:
            values = "numbers_or_none" if p in self.optional else "numbers"
            if not other:
                return [f"(type({array}) is not ndarray and type({array}) not in {values})"]
            floating = "" if kinds else 'common.kind != "f" or '
            number = f"else {floating}type({array}) not in {values}"
            return [
                f"(\n            {other[0]}\n            if type({array}) is ndarray\n            {number}\n        )"
            ]
        tests = [f"type({array}) is not ndarray", *other]
        if first and kinds:
            tests.append('common.kind != "f"' if "f" in kinds else f'common.kind not in "{kinds}"')
        return [f"({p} is not None and {grouped(' or '.join(tests))})"] if p in self.optional else tests

    # -- from arrays to Tensors ----------------------------------------------------------------------

    def compute(self) -> list[str]:
        """The forward, and Tensors over what it gives."""
        row = self.row
        lines = [f"    {', '.join(self.outputs)} = forward({', '.join(map(self.array, row.parameters))})"]
        if len(self.tensors) > 1:
            arrays = as_tuple(map(self.array, self.tensors))
            error = ["    except ValueError as error:", f"        raise as_torch(error, {arrays}) from None"]
            lines = ["    try:", *indented(lines, 1), *error]
        if self.several:
            return [*lines, *(f"    {name} = wrap(as_array({name}_array))" for name in row.outputs)]
        lines += ["    if type(out) is not ndarray:", "        out = as_array(out)"]
        if row.view:
            first = f"{self.tensors[0]}_array"
            part = f"(base is not None and (base is {first} or base is {first}.base))"
            lines += ["    base = out.base", f"    is_view = out is {first} or {part}"]
        made = ["tensor = new(Tensor)", "tensor.array = out", "tensor.versions = [0]", "tensor.viewed = None"]
        return lines + indented(made, 1)

    # -- the node ------------------------------------------------------------------------------------

    def record(self) -> list[str]:
        """The edges of the node, what its rules read, and the versions of that."""
        if self.row.listed:
            edges = f"[edge_of(x) if x.needs_grad else None for x in {self.tensors[0]}]"
            return [f"edges = {edges}", f"saved = ({self.saved(0)},)", "versions = ()"]
        if len(self.row.rules) == 1:
            p, versions = self.differentiable[0], self.versions(0)
            always = [v for v, given in versions if not given]
            lines = [f"edges = ({edge(p)},)", f"saved = ({self.saved(0)},)"]
            lines.append(f"versions = [{', '.join(always)}]" if versions else "versions = ()")
            return [*lines, *(line for v in versions if v[1] for line in noted(*v))]
        lines = ["versions = []"]
        for j, p in enumerate(self.differentiable):
            lines += [f"to_{p} = for_{p} = None", f"if {self.needs(p)}:"]
            lines += [f"    to_{p}, for_{p} = {edge(p)}, {self.saved(j)}"]
            lines += [f"    {line}" for v in self.versions(j) for line in noted(*v)]
        edges, saved = (as_tuple(f"{word}_{p}" for p in self.differentiable) for word in ("to", "for"))
        return [*lines, f"edges, saved = {edges}, {saved}"]

    def attach(self) -> list[str]:
        """The node."""
        if self.several:
            return [f"attach(node_class(edges, saved, versions, None, None), {as_tuple(self.row.outputs)})"]
        kind = "node_class if is_view else copying_class" if self.row.view else "node_class"
        return [
            f"tensor.node = {grouped(kind)}(edges, saved, versions, out.shape, out.dtype)", "tensor.needs_grad = True",
        ]  # fmt: skip

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
        holders = [*(self.row.outputs if self.several else ["tensor"]), *self.row.parameters]
        places = [(holders[k], k) for k in holding(self.row, self.row.reads[j])]
        return [(f"({x}.versions, {x}.versions[0], {k})", self.given(x)) for x, k in places]


class _CallerInPlace(_Caller):
    """The same for the row in place: what it computes is written into the first argument."""

    def __init__(self, row: Operator) -> None:
        super().__init__(row)
        self.looks_at_views = True

    def text(self) -> str:
        row, first = self.row, self.tensors[0]
        arrays = ", ".join(map(self.array, row.parameters))
        write = [f"write(row, {first}_array, [{arrays}])", f"{first}.versions[0] = count + 1"]
        lines = [f"def {row.name}_({self.arguments}):", *self.unwrap()]
        if not row.rules:
            return "\n".join(
                [*lines, f"    count = {first}.versions[-1]", *indented(write, 1), f"    return {first}", ""]
            )
        copied = [f"before = {first}_array.copy()"] if any(1 in read for read in row.reads) else []
        return "\n".join([
            *lines,
            f"    recorded = {self.recorded()}",
            f"    if recorded and {first}.needs_grad and {first}.node is None:",
            f"        return general({self.arguments})",
            f"    count = {first}.versions[-1]  # an inference tensor refuses here, before the write",
            "    if not recorded:",
            *indented([*write, f"return {first}"]),
            *indented([*copied, *self.record(), *write], 1),
            f"    rebase({first}, node_class()(edges, saved, versions, {first}_array.shape, {first}_array.dtype))",
            f"    return {first}",
            "",
        ])  # fmt: skip

    def unusual_views(self) -> list[str]:
        return ["view", f"not {self.tensors[0]}_array.flags.writeable"]

    def place(self, k: int) -> str:
        return f"{self.tensors[0]}_array" if k == 0 else "before" if k == 1 else super().place(k)

    def versions(self, j: int) -> list[tuple[str, str]]:
        first = self.tensors[0]
        own = [(f"({first}.versions, count + 1, 0)", "")] if 0 in self.row.reads[j] else []
        places = [(self.row.parameters[k - 1], k) for k in holding(self.row, self.row.reads[j]) if k > 1]
        return [*own, *((f"({x}.versions, {x}.versions[0], {k})", self.given(x)) for x, k in places)]


def holding(row: Operator, read: tuple[int, ...]) -> tuple[int, ...]:
    """Which places of a frame that a rule reads may hold the array of a Tensor."""
    arguments = len(row.outputs)
    return tuple(k for k in read if k < arguments or k - arguments in row.tensors)


def edge(p: str) -> str:
    return f"{p}.node or edge_of({p})"


def noted(version: str, given: str) -> list[str]:
    """The lines that note a version counter, if there is one."""
    append = f"versions.append({version})"
    return [f"if {given}:", f"    {append}"] if given else [append]


def as_tuple(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def grouped(condition: str) -> str:
    """A condition as a part of another."""
    return f"({condition})" if any(word in condition for word in (" and ", " or ", " if ")) else condition


def indented(lines: Iterable[str], steps: int = 2) -> list[str]:
    return [f"{'    ' * steps}{line}" for line in lines]


def caller_of(row: Operator) -> str:
    """The source of a row's caller."""
    return _Caller(row).text()


def inplace_caller_of(row: Operator) -> str:
    """The source of the caller of a row in place."""
    return _CallerInPlace(row).text()


# -- pull ------------------------------------------------------------------------------------------


def pull_of(row: Operator) -> str:
    """The source of the `pull` of a row's nodes."""
    names = [row.parameters[i] for i in row.differentiable]
    lines = ["def pull(self, g, edges, create_graph):"]
    if len(row.outputs) > 1:
        lines.append(f"    g = g.parts[0]  # of `{row.outputs[0]}`, which alone is differentiable")
    lines += ["    saved = self.saved"]
    if row.listed:
        lines += [
            "    if saved is None:",
            "        raise RuntimeError(FREED)",
            f"    return {names[0]}_rule(g, *saved[0])",
        ]
        return "\n".join([*lines, ""])
    lines += [
        "    if type(g) is not ndarray or saved is None:",
        "        return Node.pull(self, g, edges, create_graph)",
        "    for counter, count, _ in self.versions:",
        "        if counter[0] != count:",
        "            raise RuntimeError(self.modified())",
    ]
    if len(names) == 1:
        arguments = "g, *saved[0]" if row.reads[0] else "g"
        return "\n".join([*lines, f"    return ({names[0]}_rule({arguments}),)", ""])
    lines += [
        f"    {', '.join(f'{word}_{p}' for p in names)} = {what}" for word, what in (("to", "edges"), ("for", "saved"))
    ]
    lines += ["    return ("]
    for p, reads in zip(names, row.reads, strict=True):
        lines.append(f"        None if to_{p} is None else {p}_rule(g{f', *for_{p}' if reads else ''}),")
    return "\n".join([*lines, "    )", ""])
