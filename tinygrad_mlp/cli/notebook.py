"""Running a Jupyter notebook: its code cells one after the other in one namespace, with the text that Jupyter shows.

Lines that are for IPython (`%matplotlib inline`, `!pip install x`) are passed over, with a note. Source: the notebook
format 4 (nbformat.readthedocs.io), and 3.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import linecache
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .refusals import NO_CELLS, NOT_JSON, OTHER_LANGUAGE, PASSED_OVER
from .shown import shown

__all__ = ["NotANotebook", "Notebook"]

# A line for IPython: a magic, a shell command, help, or the assignment of what one of these gives.
_SPECIAL = re.compile(r"\s*([%!?]|[\w.]+\?{1,2}\s*$|[\w, ]+=\s*[%!])")
_TIMED = ("%%time", "%%timeit", "%%capture", "%%prun")  # magics for a cell of Python, which is run without them


class NotANotebook(Exception):
    """A file is no notebook that can be run; the message says why."""


@dataclass(frozen=True)
class Notebook:
    """The code cells of a notebook, each with the name by which tracebacks call it."""

    name: str
    cells: list[tuple[str, str]]

    @classmethod
    def read(cls, name: str, content: bytes) -> Notebook:
        """Read a notebook; NotANotebook for what is none, or in another language than Python."""
        try:
            found = json.loads(content)
        except ValueError as error:
            raise NotANotebook(NOT_JSON.format(error=error)) from error
        cells = _cells(found)
        if cells is None:
            raise NotANotebook(NO_CELLS)
        info = found.get("metadata", {})
        language = info.get("kernelspec", {}).get("language") or info.get("language_info", {}).get("name") or "python"
        if not str(language).lower().startswith(("python", "ipython")):
            raise NotANotebook(OTHER_LANGUAGE.format(language=language))
        return cls(name, [(f"{name}, cell {i}", text) for i, text in enumerate(cells, start=1)])

    @property
    def files(self) -> dict[str, str]:
        """The names of the cells in tracebacks, and how they are shown."""
        return {name: name for name, _ in self.cells}

    def run(self, namespace: dict[str, Any]) -> None:
        """Run all cells in a namespace; the value of a last expression is shown, unless a semicolon ends the cell."""
        namespace.setdefault("display", _display)
        loop = asyncio.new_event_loop()
        try:
            for name, text in self.cells:
                _run_cell(name, text, namespace, loop)
        finally:
            loop.close()


def _cells(found: Any) -> list[str] | None:
    """The sources of the code cells, of format 4 or 3; None where there are no cells at all."""
    if not isinstance(found, Mapping):
        return None
    cells = found.get("cells")
    if cells is None and isinstance(found.get("worksheets"), list):
        cells = [cell for sheet in found["worksheets"] for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        return None
    sources = [cell.get("source", cell.get("input", "")) for cell in cells if cell.get("cell_type") == "code"]
    return ["".join(source) if isinstance(source, list) else str(source) for source in sources]


def _run_cell(name: str, text: str, namespace: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
    text = _plain(name, text)
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)  # for tracebacks
    tree = compile(text, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    _evaluate(tree, name, "exec", namespace, loop)
    if last is not None:
        value = _evaluate(ast.Expression(last.value), name, "eval", namespace, loop)
        if value is not None:
            namespace["_"] = value
            if not _ends_with_semicolon(text, last):
                _display(value)


def _evaluate(tree: Any, name: str, mode: str, namespace: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Any:
    code = compile(tree, name, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    value = eval(code, namespace)
    if code.co_flags & inspect.CO_COROUTINE:  # there is an `await` outside of functions
        value = loop.run_until_complete(value)
    return value


def _plain(name: str, text: str) -> str:
    """The text of a cell without what is for IPython alone; the lines keep their numbers."""
    first = text.lstrip().split("\n", 1)[0]
    if first.startswith("%%"):
        if not first.startswith(_TIMED):
            print(PASSED_OVER.format(cell=name, line=first), file=sys.stderr)
            return ""
        text = text.replace(first, "", 1)
    try:
        compile(text, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return text
    except SyntaxError:
        pass  # perhaps because of such lines
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if _SPECIAL.match(line):
            print(PASSED_OVER.format(cell=name, line=line.strip()), file=sys.stderr)
            lines[i] = line[: len(line) - len(line.lstrip())] + "pass"
    return "\n".join(lines)


def _ends_with_semicolon(text: str, last: ast.Expr) -> bool:
    lines = text.split("\n")
    rest = lines[(last.end_lineno or 1) - 1].encode()[last.end_col_offset or 0 :].decode()
    return rest.lstrip().startswith(";")


def _display(*values: Any) -> None:
    """Show values as Jupyter shows them where it has text alone."""
    for value in values:
        print(shown(value))
