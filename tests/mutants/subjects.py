"""What is broken: the forwards and rules of the rows, nn.functional and the optimisers, each with its syntax tree.

A changed tree is compiled by itself, and its code takes the place of the function's: so whoever holds the function, a
row, a written caller or a node, runs the changed one.
"""

from __future__ import annotations
import __future__

import ast
import functools
import importlib
import pkgutil
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tinygrad_mlp
from tinygrad_mlp import ops
from tinygrad_mlp.nn import functional
from tinygrad_mlp.ops import TABLE, Operator
from tinygrad_mlp.optim import adam, sgd

from .changes import Function

ROOT = Path(tinygrad_mlp.__file__).parent
NOT_MATHEMATICS = {"documentation", "docstring", "layout", "refusals", "table"}  # of the modules of ops


@dataclass
class Subject:
    """A function that is broken.

    `group` is the row, the function of nn.functional or the optimiser that it belongs to, `part` what it is there, and
    `users` are the names whose tests run it.
    """

    group: str
    part: str
    code: types.CodeType
    functions: list[types.FunctionType]
    users: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        return str(Path(self.code.co_filename).relative_to(ROOT))

    @functools.cached_property
    def tree(self) -> Function:
        return _tree_of(self.code)

    def compiled(self, tree: Function) -> types.CodeType:
        """The code of a changed tree, for the place of this function's; it takes the same variables from outside."""
        code = _compiled(tree, self.code)
        return code if code.co_freevars == self.code.co_freevars else _compiled(_naming_all(tree, self.code), self.code)

    def put(self, code: types.CodeType) -> None:
        """Have the function run other code."""
        for function in self.functions:
            function.__code__ = code


def subjects() -> list[Subject]:
    """All of them, those of the table first."""
    found: dict[types.CodeType, Subject] = {}
    for group, part, function, users in [*_of_table(), *_of_functional(), *_of_optimizers()]:
        function = plain(function)
        if function is None or not function.__code__.co_filename.startswith(str(ROOT)):
            continue
        subject = found.setdefault(function.__code__, Subject(group, part, function.__code__, []))
        if function not in subject.functions:
            subject.functions.append(function)
        subject.users += [user for user in users if user not in subject.users]
    return list(found.values())


def plain(function: Any) -> types.FunctionType | None:
    """The Python function that something callable runs; None for one in C."""
    if isinstance(function, Operator):
        function = function.forward
    function = getattr(function, "__wrapped__", function)
    return function if isinstance(function, types.FunctionType) else None


Found = tuple[str, str, Any, list[str]]


def _of_table() -> Iterator[Found]:
    modules = [
        importlib.import_module(f"{ops.__name__}.{module.name}")
        for module in pkgutil.iter_modules(ops.__path__)
        if module.name not in NOT_MATHEMATICS
    ]
    users: dict[types.CodeType, list[str]] = {}
    for row in TABLE.values():
        parts = parts_of(row)
        for part, function in parts.items():
            yield row.name, part, function, [row.name]
        for function in reached(parts.values(), f"{ops.__name__}."):
            users.setdefault(function.__code__, []).append(row.name)
    for row in TABLE.values():
        for part, function in parts_of(row).items():
            yield row.name, part, function, users.get(getattr(plain(function), "__code__", None), [])
    for module in modules:
        for function in functions_of(module):
            if function.__code__ in users:
                group = module.__name__.rpartition(".")[2]
                yield group, function.__name__, function, users[function.__code__]


def parts_of(row: Operator) -> dict[str, Any]:
    """The functions of a row: of its rules, the forward, the check and the write."""
    rules = {row.parameters[i]: rule for i, rule in zip(row.differentiable, row.rules, strict=True)}
    others = {"forward": row.forward, "check": row.check, "write": row.write}
    return rules | {name: function for name, function in others.items() if plain(function) is not None}


def functions_of(module: types.ModuleType) -> list[types.FunctionType]:
    found = [plain(value) for value in vars(module).values() if not isinstance(value, (Operator, type))]
    return [x for x in found if x is not None and x.__module__ == module.__name__ and x.__name__ != "<lambda>"]


def reached(functions: Iterable[Any], package: str) -> list[types.FunctionType]:
    """The functions of a package that some functions lead to, by the names in their code."""
    found: dict[types.CodeType, types.FunctionType] = {}
    waiting = [x for x in map(plain, functions) if x is not None]
    while waiting:
        function = waiting.pop()
        if function.__code__ in found:
            continue
        found[function.__code__] = function
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            others = parts_of(value).values() if isinstance(value, Operator) else [value]
            waiting += [x for x in map(plain, others) if x is not None and x.__module__.startswith(package)]
    return list(found.values())


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*inner)


def _of_functional() -> Iterator[Found]:
    users: dict[types.CodeType, list[str]] = {}
    found: dict[types.CodeType, types.FunctionType] = {}
    package = f"{functional.__name__}."
    names = [module.name for module in pkgutil.iter_modules(functional.__path__)]
    for module in [importlib.import_module(package + name) for name in names]:
        for function in functions_of(module):
            found[function.__code__] = function
            if not function.__name__.startswith("_"):
                for other in reached([function], package):
                    users.setdefault(other.__code__, []).append(f"F.{function.__name__}")
    for code, function in found.items():
        yield f"F.{function.__name__}", "function", function, users.get(code, [])


def _of_optimizers() -> Iterator[Found]:
    for kind in (sgd.SGD, adam.Adam, adam.AdamW):
        for name, function in vars(kind).items():
            if isinstance(function, types.FunctionType):
                yield kind.__name__, name.strip("_"), function, [kind.__name__]
    yield "SGD", "as", sgd._as, ["SGD"]


# -- syntax trees ----------------------------------------------------------------------------------


@functools.cache
def _functions_in(file: str) -> list[Function]:
    return [node for node in ast.walk(_parsed(file)) if isinstance(node, (ast.FunctionDef, ast.Lambda))]


@functools.cache
def _imports_in(file: str) -> list[ast.stmt]:
    return [node for node in _parsed(file).body if isinstance(node, (ast.Import, ast.ImportFrom))]


@functools.cache
def _parsed(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def _tree_of(code: types.CodeType) -> Function:
    """The tree of a function, found by its line, and among several lambdas in a line by what they are compiled to."""
    for node in _functions_in(code.co_filename):
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        line = min([node.lineno, *(x.lineno for x in decorators)])
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        if (line, name) == (code.co_firstlineno, code.co_name) and _alike(_compiled(node, code), code):
            return node
    raise LookupError(f"no function in {code.co_filename} is that of line {code.co_firstlineno}")


def _alike(a: types.CodeType, b: types.CodeType) -> bool:
    def known(code: types.CodeType) -> Any:
        # Before Python 3.11 the name of a comprehension is among them, which tells where it stands.
        constants = [x for x in code.co_consts if not isinstance(x, types.CodeType) and "<locals>" not in str(x)]
        return code.co_code, code.co_names, code.co_varnames, constants

    return bool(known(a) == known(b))


def _compiled(tree: Function, like: types.CodeType) -> types.CodeType:
    """A function's tree, compiled inside of another function that has the variables which it takes from outside.

    The imports stand above it, because a call of an imported module's function is compiled in another way.
    """
    if isinstance(tree, ast.FunctionDef):
        arguments = _without_defaults(tree.args)
        inner: ast.stmt = ast.FunctionDef("inner", arguments, tree.body, [], None, None)
    else:
        inner = ast.Expr(tree)
    names = [ast.arg(name) for name in like.co_freevars]
    outer = ast.FunctionDef("outer", ast.arguments([], names, None, [], [], None, []), [inner], [], None, None)
    imports = [x for x in _imports_in(like.co_filename) if getattr(x, "module", "") != "__future__"]
    module = ast.fix_missing_locations(ast.Module([*imports, ast.copy_location(outer, tree)], []))
    flags = __future__.annotations.compiler_flag
    code = compile(module, like.co_filename, "exec", flags=flags, dont_inherit=True)
    return _code_in(_code_in(code)).replace(co_name=like.co_name)


def _naming_all(tree: Function, code: types.CodeType) -> Function:
    """The same tree, in which all variables from outside are named, though nothing is done with them."""
    names = ast.Tuple([ast.Name(name, ast.Load()) for name in code.co_freevars], ast.Load())
    if isinstance(tree, ast.Lambda):
        return ast.Lambda(tree.args, ast.IfExp(ast.Constant(True), tree.body, names))
    return ast.FunctionDef(tree.name, tree.args, [ast.If(ast.Constant(False), [ast.Expr(names)], []), *tree.body], [])


def _code_in(code: types.CodeType) -> types.CodeType:
    return next(c for c in code.co_consts if isinstance(c, types.CodeType))


def _without_defaults(arguments: ast.arguments) -> ast.arguments:
    no_defaults = [None] * len(arguments.kwonlyargs)
    return ast.arguments(
        arguments.posonlyargs, arguments.args, arguments.vararg, arguments.kwonlyargs, no_defaults, arguments.kwarg, []
    )
