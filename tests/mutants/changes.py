"""The changes that are made to a function: each is one place in its syntax tree, and what stands there instead."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple


class Change(NamedTuple):
    """One change: the node of the tree, what takes its place, the name of the change and that of its kind."""

    old: ast.AST
    new: ast.AST
    kind: str
    of: str = ""

    @property
    def group(self) -> str:
        """The kind, where it is not the name."""
        return self.of or self.kind


Changes = Iterator[Change]
Function = ast.FunctionDef | ast.Lambda

COMPARISONS = {
    ast.Gt: (">", (ast.GtE, ast.Lt)),
    ast.GtE: (">=", (ast.Gt, ast.LtE)),
    ast.Lt: ("<", (ast.LtE, ast.Gt)),
    ast.LtE: ("<=", (ast.Lt, ast.GtE)),
    ast.Eq: ("==", (ast.NotEq,)),
    ast.NotEq: ("!=", (ast.Eq,)),
    ast.Is: ("is", (ast.IsNot,)),
    ast.IsNot: ("is not", (ast.Is,)),
    ast.In: ("in", (ast.NotIn,)),
    ast.NotIn: ("not in", (ast.In,)),
}
OPERATIONS = {
    ast.Add: ("+", (ast.Sub,)),
    ast.Sub: ("-", (ast.Add,)),
    ast.Mult: ("*", (ast.Div,)),
    ast.Div: ("/", (ast.Mult,)),
    ast.BitAnd: ("&", (ast.BitOr,)),
    ast.BitOr: ("|", (ast.BitAnd,)),
    ast.FloorDiv: ("//", (ast.Mult,)),
}
SIGNS = {operation: sign for operation, (sign, _) in (COMPARISONS | OPERATIONS).items()}
ORDERED = (ast.Sub, ast.Div, ast.Pow, ast.MatMult, ast.FloorDiv, ast.Mod)  # whose operands may not be swapped
OPPOSITES = {
    "maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax",
    "amax": "amin", "amin": "amax", "sin": "cos", "cos": "sin", "any": "all", "all": "any", "floor": "ceil",
    "ceil": "floor", "ones_like": "zeros_like", "zeros_like": "ones_like", "zeros": "ones", "ones": "zeros",
    "logical_and": "logical_or", "logical_or": "logical_and", "add": "subtract", "subtract": "add",
}  # fmt: skip
SYMMETRIC = {
    "maximum", "minimum", "add", "multiply", "logical_and", "logical_or", "logical_xor", "hypot", "logaddexp", "max",
    "min", "isinstance", "getattr", "hasattr", "any", "all", "zip", "range",
}  # fmt: skip
# Calls of which the first argument does not stand for the whole.
KEPT = {"isinstance", "getattr", "hasattr", "len", "range", "zip", "enumerate", "type", "tuple", "list", "format"}
NO_MATHEMATICS = {"strict", "stacklevel", "copy"}  # keyword arguments
AXES = {"dim", "d", "axis"}
AXIS_PARAMETERS = {"dim", "axis", "dims"}


# What other changes are much like: only where a rule has fewer than ENOUGH changes without them.
ALIKE = {
    "zero", "plus 1 to the result", "less 1", "* to /", "/ to *", "dropped not", "and to or", "or to and",
    "other comparison",
}  # fmt: skip
# What in a forward, or in a function that checks its arguments, mostly only raises, so that any test notices.
FOR_RULES = {"factor 2", "transposed", "swapped arguments", "dropped call", "axis less 1"}
ENOUGH = 5


def changes(function: Function, is_rule: bool) -> Changes:
    """The changes of a function, in the order of its text; of a rule those of more kinds, and at least `ENOUGH`."""
    found, alike = [], []
    seen = set()
    for change in _changes(function):
        what = id(change.old), ast.dump(change.new)
        if what in seen or what[1] == ast.dump(change.old) or (not is_rule and change.group in FOR_RULES):
            continue
        seen.add(what)
        (alike if change.group in ALIKE else found).append(change)
    missing = max(0, ENOUGH - len(found)) if is_rule else 0
    yield from [*found, *alike[:missing]]


def _changes(function: Function) -> Changes:
    for result in _results(function):
        yield from _of_result(result)
    body = function.body if isinstance(function.body, list) else [function.body]
    for node in body:
        for part in _mutable(node):
            yield from _of_node(part)


def changed(function: Function, change: Change) -> Function:
    """A copy of a function with one change."""
    new = copy.deepcopy(function, {id(change.old): ast.copy_location(copy.copy(change.new), change.old)})
    return ast.fix_missing_locations(new)


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those below it, but for texts, annotations, and what is raised."""
    if isinstance(node, (ast.Raise, ast.JoinedStr, ast.arguments, ast.Import, ast.ImportFrom)):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.keyword) and node.arg in NO_MATHEMATICS:
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "ctx", "op", "ops", "decorator_list", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _mutable(child)


def _results(function: Function) -> Iterator[ast.expr]:
    if isinstance(function, ast.Lambda):
        yield function.body
        return
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def _of_result(result: ast.expr) -> Changes:
    """Changes of what a function returns, if that may be an array."""
    if isinstance(result, (ast.Tuple, ast.Constant, ast.Compare, ast.BoolOp, ast.List, ast.ListComp, ast.JoinedStr)):
        return
    if isinstance(result, ast.Call) and _name(result) in {"bool", "tuple", "list", *KEPT}:
        return
    if isinstance(result, ast.Call) and _name(result) == "zeros_like":  # which no sign and no factor changes
        yield Change(result, _binary(result, ast.Add(), ast.Constant(1)), "plus 1 to the result")
        return
    yield Change(result, ast.UnaryOp(ast.USub(), result), "sign")
    yield Change(result, _binary(result, ast.Mult(), ast.Constant(2)), "factor 2")
    yield Change(result, _binary(result, ast.Mult(), ast.Constant(0)), "zero")
    yield Change(result, _binary(result, ast.Add(), ast.Constant(1)), "plus 1 to the result")
    has_two = ast.Compare(ast.Attribute(result, "ndim", ast.Load()), [ast.Gt()], [ast.Constant(1)])
    yield Change(result, ast.IfExp(has_two, ast.Attribute(result, "T", ast.Load()), result), "transposed")


def _of_node(node: ast.AST) -> Changes:
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        yield from handler(node)


# -- operations ------------------------------------------------------------------------------------


def _binary(left: ast.expr, operation: ast.operator, right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, operation, right)


def _of_operation(node: ast.BinOp) -> Changes:
    kind = type(node.op)
    sign, others = OPERATIONS.get(kind, ("", ()))
    for other in others:
        yield Change(node, _binary(node.left, other(), node.right), f"{sign} to {SIGNS[other]}")
    if not isinstance(node.left, ast.Constant) or kind not in (ast.Div, ast.Pow):
        only = ast.UnaryOp(ast.USub(), node.right) if kind is ast.Sub else node.right
        yield Change(node, only, "dropped left side")
    yield Change(node, node.left, "dropped right side")
    if kind in ORDERED:
        yield Change(node, _binary(node.right, node.op, node.left), "swapped")
    if kind is ast.MatMult:
        for side in ("left", "right"):
            operands = {"left": node.left, "right": node.right}
            operands[side] = ast.Attribute(operands[side], "T", ast.Load())
            yield Change(node, _binary(operands["left"], node.op, operands["right"]), f"transposed {side} side")
    if kind is ast.Pow and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add):
        yield Change(node, _outside(node.left, _binary(node.left.left, node.op, node.right)), "term outside the root")


def _outside(total: ast.BinOp, root: ast.expr) -> ast.BinOp:
    return _binary(root, ast.Add(), total.right)


def _of_sign(node: ast.UnaryOp) -> Changes:
    names = {ast.USub: "dropped sign", ast.Not: "dropped not", ast.Invert: "dropped ~"}
    if type(node.op) in names:
        yield Change(node, node.operand, names[type(node.op)])


def _of_comparison(node: ast.Compare) -> Changes:
    if len(node.ops) != 1:
        return
    sign, others = COMPARISONS[type(node.ops[0])]
    for i, other in enumerate(others):
        group = "other comparison" if i or sign in ("is", "is not", "in", "not in") else ""
        yield Change(node, ast.Compare(node.left, [other()], node.comparators), f"{sign} to {SIGNS[other]}", group)


def _of_condition(node: ast.BoolOp) -> Changes:
    other, name = (ast.Or(), "and to or") if isinstance(node.op, ast.And) else (ast.And(), "or to and")
    yield Change(node, ast.BoolOp(other, node.values), name)
    for i in range(len(node.values)):
        rest = [*node.values[:i], *node.values[i + 1 :]]
        yield Change(node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), f"dropped condition {i + 1}")


# -- calls -----------------------------------------------------------------------------------------


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else "call"


def _with_arguments(call: ast.Call, *args: ast.expr) -> ast.Call:
    return ast.Call(call.func, [*args], call.keywords)


def _of_call(node: ast.Call) -> Changes:
    name, args = _name(node), node.args
    if any(isinstance(x, ast.Starred) for x in args):
        return
    if name == "where" and len(args) == 3:
        yield Change(node, _with_arguments(node, args[0], args[2], args[1]), "swapped branches")
        yield Change(node, args[1], "always the first")
        yield Change(node, args[2], "always the second")
        return
    if name in OPPOSITES:
        other = ast.Call(_renamed(node.func, OPPOSITES[name]), args, node.keywords)
        yield Change(node, other, f"{name} to {OPPOSITES[name]}")
    if len(args) > 1 and name not in SYMMETRIC:
        yield Change(node, _with_arguments(node, args[1], args[0], *args[2:]), "swapped arguments")
    if args and name not in KEPT and not _is_method_of_value(node):
        yield Change(node, args[0], f"dropped {name}", "dropped call")
    if isinstance(node.func, ast.Attribute) and _is_method_of_value(node) and name not in KEPT:
        yield Change(node, node.func.value, f"dropped {name}", "dropped call")
    if name == "sqrt" and args and isinstance(args[0], ast.BinOp) and isinstance(args[0].op, ast.Add):
        yield Change(node, _outside(args[0], _with_arguments(node, args[0].left)), "term outside the root")
    for i, x in enumerate(args):
        if isinstance(x, ast.Name) and x.id in AXES:
            other = _with_arguments(node, *args[:i], _less_1(x), *args[i + 1 :])
            yield Change(node, other, f"{x.id} less 1", "axis less 1")
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in AXIS_PARAMETERS and not isinstance(keyword.value, ast.Constant):
            less = ast.keyword(keyword.arg, _less_1(keyword.value))
            keywords = [*node.keywords[:i], less, *node.keywords[i + 1 :]]
            yield Change(node, ast.Call(node.func, args, keywords), f"{keyword.arg} less 1", "axis less 1")


def _less_1(x: ast.expr) -> ast.expr:
    return _binary(x, ast.Sub(), ast.Constant(1))


def _is_method_of_value(call: ast.Call) -> bool:
    """Whether this is a method of an array, x.sum(), and not a function of a module, np.sum(x), or a row's forward."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr in ("forward", "reduce", "accumulate"):
        return False
    value = function.value
    return not (isinstance(value, ast.Name) and value.id in ("np", "math", "warnings", "dtypes"))


def _renamed(function: ast.expr, name: str) -> ast.expr:
    if isinstance(function, ast.Attribute):
        return ast.Attribute(function.value, name, ast.Load())
    return ast.Name(name, ast.Load())


# -- values ----------------------------------------------------------------------------------------


def _of_constant(node: ast.Constant) -> Changes:
    value = node.value
    if isinstance(value, bool):
        yield Change(node, ast.Constant(not value), str(not value))
    elif isinstance(value, (int, float)):
        yield Change(node, ast.Constant(value + 1), "plus 1")
        yield Change(node, ast.Constant(value - 1), "less 1")


def _of_attribute(node: ast.Attribute) -> Changes:
    if node.attr in ("T", "mT"):
        yield Change(node, node.value, "dropped transpose")
    ufunc = node.value
    if isinstance(ufunc, ast.Attribute) and ufunc.attr in OPPOSITES and node.attr in ("reduce", "accumulate"):
        other = OPPOSITES[ufunc.attr]
        yield Change(node, ast.Attribute(_renamed(ufunc, other), node.attr, ast.Load()), f"{ufunc.attr} to {other}")


# -- statements ------------------------------------------------------------------------------------


def _of_if(node: ast.If) -> Changes:
    yield Change(node.test, ast.Constant(False), "never")
    if not all(isinstance(x, ast.Raise) for x in node.body):
        yield Change(node.test, ast.Constant(True), "always")


def _of_choice(node: ast.IfExp) -> Changes:
    yield Change(node, node.body, "always the first")
    yield Change(node, node.orelse, "always the second")


def _of_update(node: ast.AugAssign) -> Changes:
    sign, others = OPERATIONS.get(type(node.op), ("", ()))
    for other in others:
        yield Change(node, ast.AugAssign(node.target, other(), node.value), f"{sign}= to {SIGNS[other]}=")
    yield Change(node, ast.Pass(), "dropped statement")


def _of_statement(node: ast.Expr) -> Changes:
    yield Change(node, ast.Pass(), "dropped statement")


def _of_assignment(node: ast.Assign) -> Changes:
    """Dropped, where the target has a value before: an element, or a name that is read in the new value."""
    target = node.targets[0]
    read = {x.id for x in ast.walk(node.value) if isinstance(x, ast.Name)}
    if isinstance(target, (ast.Subscript, ast.Attribute)) or (isinstance(target, ast.Name) and target.id in read):
        yield Change(node, ast.Pass(), "dropped statement")


_HANDLERS = {
    ast.BinOp: _of_operation,
    ast.UnaryOp: _of_sign,
    ast.Compare: _of_comparison,
    ast.BoolOp: _of_condition,
    ast.Call: _of_call,
    ast.Constant: _of_constant,
    ast.Attribute: _of_attribute,
    ast.If: _of_if,
    ast.IfExp: _of_choice,
    ast.AugAssign: _of_update,
    ast.Expr: _of_statement,
    ast.Assign: _of_assignment,
}
