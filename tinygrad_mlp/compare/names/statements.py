"""What a program's text says: the names in each statement, what each instruction stores, what depends on what."""

from __future__ import annotations

import ast
import dis
import functools
import linecache
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

_NO_FRAMES_OF_THEIR_OWN = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"))
_OPTIMIZED = 0x1  # CO_OPTIMIZED, the flag of code whose variables are fast locals: that of functions


class Statement(NamedTuple):
    """The names that occur in a statement, or in the head of a loop or a condition, and whether it calls anything."""

    names: frozenset[str]
    calls: bool


_NOTHING = Statement(frozenset(), False)


@functools.lru_cache(maxsize=1000)
def statements(file: str) -> dict[int, Statement]:
    """For each line of a file, what is said of the statements on it; the lines of one statement are alike."""
    found: dict[int, Statement] = {}
    for node in ast.walk(parsed(file)):
        if not isinstance(node, ast.stmt):
            continue
        parts, last = _own_parts(node)
        inner = [each for part in parts for each in ast.walk(part)]
        names = frozenset(each.id for each in inner if isinstance(each, ast.Name))
        calls = any(isinstance(each, ast.Call) for each in inner)
        for line in range(node.lineno, last + 1):
            before = found.get(line, _NOTHING)
            found[line] = Statement(before.names | names, before.calls or calls)
    return found


def _own_parts(node: ast.stmt) -> tuple[list[ast.AST], int]:
    """The parts of a statement without the statements in it, and its last line."""
    body = getattr(node, "body", None)
    if not body:
        return [node], node.end_lineno or node.lineno
    parts: list[ast.AST] = [each for each in ast.iter_child_nodes(node) if isinstance(each, (ast.expr, ast.withitem))]
    return parts, max(node.lineno, body[0].lineno - 1)


def parsed(file: str) -> ast.Module:
    """The syntax tree of a file; an empty one where there is none."""
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def source_text(file: str, line: int) -> str:
    """The line of a file, without the spaces around it."""
    return linecache.getline(file, line).strip()


# -- what instructions store -----------------------------------------------------------------------


class Stores(NamedTuple):
    """The variables that a function or module assigns to: by the offset of the instruction; and those that follow."""

    at: dict[int, tuple[str, ...]]
    following: frozenset[int]
    in_module: frozenset[str]  # the names that are stored to as globals


@functools.lru_cache(maxsize=10_000)
def stores(code: CodeType) -> Stores:
    """The stores of a code object to variables."""
    at: dict[int, tuple[str, ...]] = {}
    following: set[int] = set()
    in_module: set[str] = set()
    instructions = [each for each in dis.get_instructions(code) if each.opname != "CACHE"]
    inner = _comprehension_variables(code.co_filename)
    for each, after in zip(instructions, [*instructions[1:], None], strict=True):
        names = _stored(each)
        if names and _position(each) not in inner:
            at[each.offset] = names
            if after is not None:
                following.add(after.offset)
            if each.opname == "STORE_GLOBAL" or code.co_name == "<module>":
                in_module.update(names)
    return Stores(at, frozenset(following), frozenset(in_module))


def _stored(instruction: dis.Instruction) -> tuple[str, ...]:
    name = instruction.opname
    if name in ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF"):
        return (str(instruction.argval),)
    if name == "STORE_FAST_STORE_FAST":
        return tuple(instruction.argval)
    return (instruction.argval[0],) if name == "STORE_FAST_LOAD_FAST" else ()


@functools.lru_cache(maxsize=1000)
def _comprehension_variables(file: str) -> frozenset[tuple[int, int]]:
    """Where the variables of comprehensions are stored to, which since Python 3.12 is done like others' (PEP 709).

    At its end a comprehension gives a variable of the same name its old value back: that has the comprehension's place.
    """
    nodes = list(ast.walk(parsed(file)))
    targets = [each.target for each in nodes if isinstance(each, ast.comprehension)]
    found: list[ast.expr] = [each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    found += [each for each in nodes if isinstance(each, (ast.ListComp, ast.SetComp, ast.DictComp))]
    return frozenset((each.lineno, each.col_offset) for each in found)


def _position(instruction: dis.Instruction) -> Any:
    """The line and column of what an instruction was made from; None before Python 3.11, which does not know it."""
    positions = getattr(instruction, "positions", None)
    return None if positions is None else (positions.lineno, positions.col_offset)


def has_variables(code: CodeType) -> bool:
    """Whether what runs is a module or a function: what a comprehension, a lambda or a class assigns is its own."""
    return code.co_name == "<module>" or (
        bool(code.co_flags & _OPTIMIZED) and code.co_name not in _NO_FRAMES_OF_THEIR_OWN
    )


def scope_of(code: CodeType) -> str:
    """The function whose local variables these are, with the class or function that it stands in; "" for a module."""
    if code.co_name == "<module>":
        return ""
    return str(getattr(code, "co_qualname", code.co_name)).replace(".<locals>", "")


# -- what depends on what --------------------------------------------------------------------------


def dependencies(files: list[str]) -> dict[str, set[str]]:
    """For each variable and function of some files, the names in what is assigned to it, or in what it does."""
    found: dict[str, set[str]] = {}
    for file in files:
        for node in ast.walk(parsed(file)):
            for targets, values in _assignments(node):
                read = {each.id for value in values for each in ast.walk(value) if isinstance(each, ast.Name)}
                for target in targets:
                    found.setdefault(target, set()).update(read)
    return found


def _assignments(node: ast.AST) -> Iterator[tuple[list[str], list[ast.AST]]]:
    """What a node assigns to, and what it reads for that."""
    if isinstance(node, ast.Assign):
        yield [name for target in node.targets for name in _roots(target)], [node.value]
    elif isinstance(node, ast.AugAssign):
        yield list(_roots(node.target)), [node.value, node.target]
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield list(_roots(node.target)), [node.value]
    elif isinstance(node, ast.For):
        yield list(_roots(node.target)), [node.iter]
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield [node.name], list(node.body)


def _roots(target: ast.expr) -> Iterator[str]:
    """The variables to whose values a target belongs: w for `w`, `w[0]` and `w.data`."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        yield from _roots(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _roots(each)


def depending(on: set[str], reads: dict[str, set[str]]) -> set[str]:
    """The names that depend on some names, directly or through others; those themselves only where they do, too."""
    found: set[str] = set()
    more = True
    while more:
        more = False
        for name, read in reads.items():
            if name not in found and read & (on | found):
                found.add(name)
                more = True
    return found
