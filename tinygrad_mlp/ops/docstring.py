"""The text of a row's documentation, which documentation.py asks for when somebody reads it.

A row says in words what cannot be seen from it: one sentence, and where they are special the sections `Shapes`,
`Dtypes`, `Refuses`, `In place` and `As`. The rest follows from its fields, and the derivative is the source text of
its rules as it stands in the table.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
import textwrap
from types import CodeType
from typing import Any

from .table import Operator, Rule


def docstring(row: Operator) -> str:
    """The documentation of a row: a sentence, and sections on shapes, dtypes, refusals and the derivative."""
    said = _sections(row.notes)
    shapes = said.get("Shapes") or _shapes(row)
    sections = {
        "Shapes": shapes,
        "Dtypes": said.get("Dtypes") or _dtypes(row),
        "Refuses": " ".join(filter(None, (said.get("Refuses"), *_refusals(row, said)))),
        "Derivative": _derivative(row, broadcast="broadcast" in shapes),
        "In place": said.get("In place") or (f"`Tensor.{row.name}_`." if row.inplace else ""),
    }
    lines = [f"{row.doc}.", ""]
    if said[""]:
        lines += [*said[""].splitlines(), ""]
    lines += [_section(name, text) for name, text in sections.items() if text]
    return "\n".join([*lines, "", _counterpart(row, said)])


def _sections(notes: str) -> dict[str, str]:
    """The sections that a row itself says, by their names; what stands before the first one has the name ""."""
    parts = re.split(r"^(Shapes|Dtypes|Refuses|In place|As): ", inspect.cleandoc(notes), flags=re.MULTILINE)
    texts = [re.sub(r"\n\s*", " ", part.strip()) for part in parts[1:]]
    return {"": parts[0].strip(), **dict(zip(texts[::2], texts[1::2], strict=True))}


def _section(name: str, text: str) -> str:
    if name == "Derivative":
        return f"{name}: {text}"
    return textwrap.fill(f"{name}: {text}", 100, subsequent_indent="    ", break_on_hyphens=False)


def _counterpart(row: Operator, said: dict[str, str]) -> str:
    node = f", with the node {row.node_name}" if row.rules else ""
    name = re.sub("^(special|linalg)_", r"\1.", row.name)
    return f"As {said.get('As', f'torch.{name}').rstrip('.')}{node}."


def _shapes(row: Operator) -> str:
    if "keepdim" in row.parameters:
        return (
            "the result has the shape of `input` without the dimensions `dim`; with `keepdim` they stay, of size 1. "
            + ("Without `dim` all elements are put into one." if len(row.defaults) > 1 else "")
        )
    if len(row.tensors) > 1:
        return "any that broadcast together; the result has the shape that they broadcast to."
    return f"any; the result has the shape of `{row.parameters[row.tensors[0]]}`."


_KINDS = {
    "": "any",
    "f": "floating ones",
    "if": "floating ones and integers, but no bools",
    "bi": "integers and bools",
    "i": "integers",
}
_PROMOTIONS = {
    "arithmetic": "; different ones are promoted as torch.result_type says.",
    "float": "; different ones are promoted as torch.result_type says, and integers and bools to the default "
    "floating dtype.",
    "same": ", the same for all arrays.",
    None: ".",
}


def _dtypes(row: Operator) -> str:
    promotion = _PROMOTIONS[row.promotion]
    if len(row.tensors) == 1 and not row.listed and row.promotion:
        promotion = "; integers and bools are promoted to the default floating dtype."
    return _KINDS[row.kinds] + promotion


def _refusals(row: Operator, said: dict[str, str]) -> list[str]:
    """What follows from the row's fields and what its check says of itself."""
    refused = [(inspect.getdoc(row.check) or "").partition("\n\n")[0].replace("\n", " ")] if row.check else []
    if row.kinds:
        refused.append("NotImplementedError for other dtypes.")
    if row.promotion == "same" and len(row.tensors) > 1:
        refused.append("RuntimeError for arrays of different dtypes.")
    if len(row.numbers) < len(row.tensors) > 1:
        of = (
            "an array"
            if not row.numbers
            else " or ".join(f"`{row.parameters[i]}`" for i in row.tensors if i not in row.numbers)
        )
        refused.append(f"TypeError for a Python number in the place of {of}.")
    if len(row.tensors) > 1 and "Shapes" not in said:
        refused.append("RuntimeError for shapes that do not broadcast together.")
    if {"dim", "dims", "dim0", "dim1", "start_dim"} & set(row.parameters):
        refused.append("IndexError for a dimension that the input does not have.")
    return refused


# -- the derivative --------------------------------------------------------------------------------


def _derivative(row: Operator, broadcast: bool) -> str:
    """A line for each differentiable input; "" where the source of the rules is not at hand."""
    if not row.rules:
        return "none: the result is constant almost everywhere, or not floating."
    if row.node_name == "NotImplemented":
        return "none is implemented, in torch neither: backward raises RuntimeError."
    texts = [rule_source(rule) for rule in row.rules]
    if "" in texts:
        return ""
    summed = "; it is summed where the input was broadcast" if broadcast else ""
    lines = [f"the cotangent of each input, where g is that of `{row.outputs[0]}`, the result{summed}."]
    for position, text in zip(row.differentiable, texts, strict=True):
        lines += [f"{row.parameters[position]}:{text if text[0].isspace() else ' ' + text}"]
    return "\n".join(lines).replace("\n", "\n    ")


def rule_source(rule: Rule) -> str:
    """The source text of a rule: the formula of a lambda, or all lines of a function; "" where there is none."""
    code: CodeType = inspect.unwrap(rule).__code__
    source = "".join(linecache.getlines(code.co_filename, rule.__globals__))
    module = _parsed(source)
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = [node.lineno, *(decorator.lineno for decorator in node.decorator_list)]
            if code.co_firstlineno in lines:
                return "\n" + textwrap.indent(ast.get_source_segment(source, node) or "", "    ")
        elif isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno and _compiles_to(node, code, module):
            return _formula(source, node)
    return ""


@functools.lru_cache(maxsize=32)
def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # the file was changed since it was imported
        return ast.Module([], [])


def _compiles_to(node: ast.Lambda, code: CodeType, module: ast.Module) -> bool:
    """Whether a lambda has this code: of the several that may stand in one line, only the code tells which it is.

    It is compiled below the imports of its module, because for names that are imported Python writes other code.
    """
    imports: list[ast.stmt] = [part for part in module.body if isinstance(part, (ast.Import, ast.ImportFrom))]
    statements = ast.Module([*imports, ast.copy_location(ast.Expr(node), node)], [])
    compiled = compile(statements, code.co_filename, "exec")
    own = next(part for part in compiled.co_consts if isinstance(part, CodeType))
    return _contents(own) == _contents(code)


def _contents(code: CodeType) -> tuple[Any, ...]:
    constants = [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
    return code.co_varnames, code.co_names, code.co_code, constants


def _formula(source: str, node: ast.Lambda) -> str:
    """The text of what a lambda returns, its further lines moved to the margin."""
    first, newline, rest = (ast.get_source_segment(source, node.body) or "").partition("\n")
    return first + newline + textwrap.dedent(rest)
