"""Which names of torch a program, and what it imports, will miss: read from their source, which is not executed.

`run` stops at the first name that the package lacks; these are the others. An attribute of a module or of a class
counts (`torch.nn.LSTM`); a method of an object does not, because the source does not tell what the object is. Neither
does a name that the program asks about before it uses it: by `hasattr`, by the version, or within `try`.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from ..absent.rows import is_only_a_name
from ..alias import within

__all__ = ["missing_names"]

_CAUGHT = frozenset(["AttributeError", "BaseException", "Exception", "ImportError", "ModuleNotFoundError"])
# Packages whose imports are not followed. Some of them import torch, for arrays that are its tensors, and need none.
_WITHOUT_TORCH = sys.stdlib_module_names | {"matplotlib", "numpy", "pandas", "scipy", "sklearn"}
_IMPORTS_TORCH = re.compile(rb"^( {4})?(import|from)\s+torch\b", re.MULTILINE)


def missing_names(source: str, file: str, package: str) -> dict[str, str]:
    """Return the names of torch that `package` lacks, and for each the first place that uses it, as FILE:LINE.

    `source` is the text of the program, and `file` its name as it is shown. Modules that it imports at its own top
    level, and that import torch, are read as well, wherever they are found on `sys.path`. The names of the program come
    first, then those of the modules in the order of their imports.
    """
    found: dict[str, str] = {}
    for name, program in _reached(source, file):
        for dotted, line, called in program.used:
            missing = _first_missing(dotted, package, called)
            if missing is not None:
                found.setdefault(missing, f"{name}:{line}")
    return found


# -- one file --------------------------------------------------------------------------------------


class _Program(ast.NodeVisitor):
    """What the source of one module imports, and which names of torch it uses, with their lines."""

    def __init__(self, source: str, package: str) -> None:
        self.package = package  # in which relative imports are found
        self.imported: list[str] = []  # at the level of the module
        self.used: list[tuple[str, int, bool]] = []  # the name, the line, and whether it is called there
        self._in_function = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old escape sequences, which the import has said
            tree = ast.parse(source)
        self._names = _names_of_torch(tree)
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add_import(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self.package.split(".")[: len(self.package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            self._add_import(module if alias.name == "*" else f"{module}.{alias.name}", node)

    def _add_import(self, name: str, node: ast.stmt) -> None:
        if within(name, "torch"):
            self.used.append((name, node.lineno, False))
        elif not self._in_function:
            self.imported.append(name)

    def visit_Call(self, node: ast.Call) -> None:
        self._use(node.func, called=True)
        self._visit_all([*node.args, *node.keywords])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._use(node, called=False)

    def _use(self, node: ast.expr, called: bool) -> None:
        """Note a name of torch, with its attributes; or go on into another expression."""
        parts: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            if inner.id in self._names:
                self.used.append((".".join([self._names[inner.id], *reversed(parts)]), node.lineno, called))
        else:
            self.visit(inner)

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(_catches_missing(handler) for handler in node.handlers)
        self._visit_all([*([] if guarded else node.body), *node.handlers, *node.orelse, *node.finalbody])

    def visit_If(self, node: ast.If) -> None:
        test = ast.dump(node.test)
        if "version" not in test.lower():
            asked = "'hasattr'" in test or "'TYPE_CHECKING'" in test
            self._visit_all([node.test, *([] if asked else node.body), *node.orelse])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._in_function = self._in_function, True
        self.generic_visit(node)
        self._in_function = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _names_of_torch(tree: ast.Module) -> dict[str, str]:
    """The variables that hold a module or a name of torch, and which; without those that are assigned to as well."""
    names: dict[str, str] = {}
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if within(alias.name, "torch"):
                    names[alias.asname or "torch"] = alias.name if alias.asname else "torch"
        elif isinstance(node, ast.ImportFrom) and not node.level and within(str(node.module), "torch"):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return {name: meaning for name, meaning in names.items() if name not in bound}


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    """Whether an `except` clause is for a name that is missing."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id in _CAUGHT for each in types)


# -- the files that a program reaches --------------------------------------------------------------


def _reached(source: str, file: str) -> Iterator[tuple[str, _Program]]:
    """The program and the modules that it imports, those that they import, and so on; each with its file."""
    folder = os.path.dirname(os.path.abspath(file))
    waiting: list[tuple[str, Callable[[], str], str]] = [(file, lambda: source, "")]
    seen: set[str] = set()
    find, asks = cache(_find), cache(_imports_torch)
    while waiting:
        name, read, package = waiting.pop(0)
        try:
            program = _Program(read(), package)
        except (SyntaxError, ValueError, OSError):  # which its import would say, too
            continue
        yield name, program
        for module in _with_parents(program.imported):
            if module in seen or module.partition(".")[0] in _WITHOUT_TORCH:
                continue
            seen.add(module)
            spec = find(module)
            if spec is None or not str(spec.origin).endswith(".py"):
                continue
            path = Path(str(spec.origin))
            if path.is_relative_to(folder) or asks(module.partition(".")[0]):
                inside = module if spec.submodule_search_locations else module.rpartition(".")[0]
                waiting.append((str(path), path.read_text, inside))


def _with_parents(modules: Sequence[str]) -> Iterator[str]:
    """`a`, `a.b` and `a.b.c` for `a.b.c`: an import runs all of them."""
    for module in modules:
        parts = module.split(".")
        yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def _find(module: str) -> ModuleSpec | None:
    """Where a module lies, found without importing its parents."""
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for count in range(len(parts)):
        inside = spec.submodule_search_locations if spec else None
        if count and inside is None:
            return None
        # A list, because the search path of a package without __init__.py asks for its parent in `sys.modules`.
        spec = PathFinder.find_spec(".".join(parts[: count + 1]), inside and list(inside))
        if spec is None:
            return None
    return spec


def _imports_torch(package: str) -> bool:
    """Whether any file of a package imports torch, other than within a function."""
    spec = _find(package)
    if spec is None:
        return False
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [file for folder in folders for file in folder.rglob("*.py")] or [Path(str(spec.origin))]
    return any(_IMPORTS_TORCH.search(file.read_bytes()) for file in files)


# -- what the package has --------------------------------------------------------------------------


def _first_missing(dotted: str, package: str, called: bool) -> str | None:
    """Return the part of a dotted name of torch up to the first that the package lacks; None if it has all.

    What is only a name (tinygrad_mlp.absent) is missing where it is called: in `isinstance` it gives an answer.
    """
    held: object = importlib.import_module(package)
    name = "torch"
    for part in dotted.split(".")[1:]:
        if not isinstance(held, ModuleType | type) or part == "*":
            return None
        name += f".{part}"
        try:
            held = getattr(held, part)
        except AttributeError:
            if not isinstance(held, ModuleType):
                return name
            try:
                held = importlib.import_module(f"{held.__name__}.{part}")
            except ImportError:
                return name
    return name if called and is_only_a_name(held) else None
