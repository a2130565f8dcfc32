"""The rules of the derivative table as formulas: from the Python expression of a rule to MathML.

A formula is a tree of plain lists, `[tag, child, ...]`, whose leaves are `[tag, text]`; the page builds its elements
from it, so that no text of a program is ever read as markup. Expressions that have no usual notation have no formula.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from typing import Any

Tree = list[Any]


class _NoFormula(Exception):
    """An expression has no usual notation."""


def formula(source: str) -> Tree | None:
    """The formula of a rule's source: an expression, or a function that only returns one. None where there is none."""
    body = _expression(source)
    if body is None:
        return None
    try:
        return _row(_of(body))
    except _NoFormula:
        return None


def _expression(source: str) -> ast.expr | None:
    try:
        module = ast.parse(textwrap.dedent(source.strip("\n")))
    except SyntaxError:
        try:
            module = ast.parse(f"({source})")  # an expression over several lines
        except SyntaxError:
            return None
    if len(module.body) != 1:
        return None
    statement = module.body[0]
    if isinstance(statement, ast.FunctionDef):
        said = [s for s in statement.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
        returned = said[0] if len(said) == 1 else None
        return returned.value if isinstance(returned, ast.Return) else None
    return statement.value if isinstance(statement, ast.Expr) else None


# -- the parts of a formula ------------------------------------------------------------------------


def _mi(name: str) -> Tree:
    return ["mi", name]


def _mo(operator: str) -> Tree:
    return ["mo", operator]


def _mn(number: str) -> Tree:
    return ["mn", number]


def _row(*parts: Tree) -> Tree:
    return parts[0] if len(parts) == 1 else ["mrow", *parts]


def _fenced(part: Tree, left: str = "(", right: str = ")") -> Tree:
    return ["mrow", _mo(left), part, _mo(right)]


def _applied(function: str, *arguments: Tree) -> Tree:
    inside: list[Tree] = []
    for argument in arguments:
        inside += [_mo(","), argument] if inside else [argument]
    return _row(_mi(function), _fenced(_row(*inside)))


_CASES: Tree = ["mrow", _mo("{")]


def _cases(*cases: tuple[Tree, Tree]) -> Tree:
    rows = [["mtr", ["mtd", value], ["mtd", condition]] for value, condition in cases]
    return [*_CASES, ["mtable", *rows]]


def _where(condition: Tree, value: Tree, other: Tree) -> Tree:
    first = (value, _row(["mtext", "if "], condition))
    if other[:2] == _CASES:  # a choice within a choice is one more line
        further = [(row[1][1], row[2][1]) for row in other[2][1:]]
        return _cases(first, *further)
    return _cases(first, (other, ["mtext", "otherwise"]))


def _bracket(condition: Tree) -> Tree:
    """Iverson's bracket: 1 where the condition holds, else 0."""
    return _fenced(condition, "[", "]")


# -- operators -------------------------------------------------------------------------------------

# How tightly an expression binds: what binds less tightly than what it stands in is put in parentheses.
_LOGIC, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "≠",
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
}


def _binding(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return _SUM
        if isinstance(node.op, (ast.Mult, ast.MatMult)):
            return _PRODUCT
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return _LOGIC
        return _POWER if isinstance(node.op, ast.Pow) else _ATOM
    if isinstance(node, ast.UnaryOp):
        return _SIGN if isinstance(node.op, ast.USub) else _ATOM
    if isinstance(node, ast.Call):
        return _calls_bind(node)
    return _LOGIC if isinstance(node, (ast.Compare, ast.IfExp, ast.BoolOp)) else _ATOM


def _inside(node: ast.expr, least: int) -> Tree:
    """A part of an expression, in parentheses where it binds less tightly than what it stands in."""
    tree = _of(node)
    return tree if _binding(node) >= least else _fenced(tree)


def _of(node: ast.expr) -> Tree:
    if isinstance(node, ast.Name):
        return _mi(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return _mn(f"{node.value:g}")
    if isinstance(node, ast.BinOp):
        return _binary(node)
    if isinstance(node, ast.UnaryOp):
        return _unary(node)
    if isinstance(node, ast.Compare):
        return _comparison(node)
    if isinstance(node, ast.BoolOp) and ast.unparse(node).startswith("count("):
        return _of(node.values[0])  # `count(shape, dim) or 1` is another number only where there are no elements
    if isinstance(node, ast.IfExp):
        value, other = _of(node.body), _of(node.orelse)
        return value if value == other else _where(_of(node.test), value, other)  # two ways to the same
    if isinstance(node, ast.Attribute):
        return _attribute(node)
    if isinstance(node, ast.Call):
        return _call(node)
    raise _NoFormula


def _binary(node: ast.BinOp) -> Tree:
    operator = node.op
    if isinstance(operator, ast.Div):
        return ["mfrac", _of(node.left), _of(node.right)]
    if isinstance(operator, ast.Pow):
        return ["msup", _inside(node.left, _ATOM), _of(node.right)]
    if isinstance(operator, ast.Mult):
        if ast.dump(node.left) == ast.dump(node.right):
            return ["msup", _inside(node.left, _ATOM), _mn("2")]
        return _row(_inside(node.left, _PRODUCT), _mo("·"), _inside(node.right, _POWER))
    if isinstance(operator, ast.MatMult):
        return _matrix_product(node.left, node.right)
    if isinstance(operator, (ast.Add, ast.Sub)):
        sign = "+" if isinstance(operator, ast.Add) else "−"
        return _row(_of(node.left), _mo(sign), _inside(node.right, _PRODUCT))
    if isinstance(operator, (ast.BitAnd, ast.BitOr)):
        return _row(_held(node.left), _mo("∧" if isinstance(operator, ast.BitAnd) else "∨"), _held(node.right))
    raise _NoFormula


def _held(node: ast.expr) -> Tree:
    """A condition that is joined to another one: a comparison needs no parentheses there."""
    return _of(node) if isinstance(node, ast.Compare) else _inside(node, _SUM)


def _matrix_product(left: ast.expr, right: ast.expr) -> Tree:
    return _row(_inside(left, _PRODUCT), ["mspace", ""], _inside(right, _POWER))


def _unary(node: ast.UnaryOp) -> Tree:
    if isinstance(node.op, ast.USub):
        return _row(_mo("−"), _inside(node.operand, _PRODUCT))
    if isinstance(node.op, (ast.Not, ast.Invert)):
        return _row(_mo("¬"), _inside(node.operand, _ATOM))
    raise _NoFormula


def _comparison(node: ast.Compare) -> Tree:
    parts = [_of(node.left)]
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if type(operator) not in _COMPARISONS:
            raise _NoFormula
        parts += [_mo(_COMPARISONS[type(operator)]), _of(right)]
    return _row(*parts)


def _attribute(node: ast.Attribute) -> Tree:
    if node.attr in ("T", "mT"):
        return ["msup", _inside(node.value, _ATOM), _mi("T")]
    if node.attr == "ndim":
        return _applied("dim", _of(node.value))
    if ast.unparse(node) in ("math.pi", "np.pi"):
        return _mi("π")
    raise _NoFormula


# -- calls -----------------------------------------------------------------------------------------


def _above(x: Tree, bound: Tree) -> Tree:
    return _row(x, _mo(">"), bound)


def _between(low: Tree, x: Tree, high: Tree) -> Tree:
    return _row(low, _mo("<"), x, _mo("<"), high)


def _power_below(x: Tree, exponent: Tree) -> Tree:
    """x to the power exponent - 1."""
    return x if exponent == _mn("2") else ["msup", x, _row(exponent, _mo("−"), _mn("1"))]


# What NumPy's functions and those that rules are made of are in a formula: of their arguments, those that come first.
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Tree]]] = {
    "np.exp": (1, _ATOM, lambda x: ["msup", _mi("e"), x]),
    "np.sqrt": (1, _ATOM, lambda x: ["msqrt", x]),
    "np.abs": (1, _ATOM, lambda x: _fenced(x, "|", "|")),
    "np.zeros_like": (1, _ATOM, lambda x: _mn("0")),
    "np.where": (3, _LOGIC, _where),
    "np.logical_not": (1, _SIGN, lambda x: _row(_mo("¬"), x)),
    "np.add.reduce": (1, _SUM, lambda x: _row(_mo("∑"), x)),
    "math.sqrt": (1, _ATOM, lambda x: ["msqrt", x]),
    "sigmoid": (1, _ATOM, lambda x: _applied("σ", x)),
    # The functions that several rules share, by what they do.
    "keep": (2, _PRODUCT, lambda x, mask: _row(x, _mo("·"), _bracket(mask))),
    "leaky_relu_backward": (3, _LOGIC, lambda g, x, slope: _where(_above(x, _mn("0")), g, _row(g, _mo("·"), slope))),
    "hardtanh_backward": (4, _PRODUCT, lambda g, x, low, high: _row(g, _mo("·"), _bracket(_between(low, x, high)))),
    "pow_input": (3, _PRODUCT, lambda g, x, n: _row(g, _mo("·"), n, _mo("·"), _power_below(x, n))),
    "count": (1, _ATOM, lambda shape: _mi("count")),
    "total": (1, _SUM, lambda x: _row(_mo("∑"), x)),
    "sum_to": (1, _SUM, lambda x: _row(_mo("∑"), x)),
    "spread": (1, _PRODUCT, lambda g: _row(g, _mo("·"), _mn("𝟏"))),
    "_rows": (1, _ATOM, lambda x: x),
}
_WORDS = {
    "np.log": "log",
    "np.sin": "sin",
    "np.cos": "cos",
    "np.tan": "tan",
    "np.sinh": "sinh",
    "np.cosh": "cosh",
    "np.tanh": "tanh",
    "np.sign": "sgn",
    "math.log": "log",
    "sign": "sgn",
}
_FENCED_ARGUMENT = ("np.add.reduce", "np.logical_not", "total", "sum_to", "spread", "keep")


def _calls_bind(node: ast.Call) -> int:
    known = _FUNCTIONS.get(ast.unparse(node.func))
    return known[1] if known else _PRODUCT if ast.unparse(node.func) in ("product", "threshold_backward") else _ATOM


def _call(node: ast.Call) -> Tree:
    name = ast.unparse(node.func)
    if name == "product" and len(node.args) == 2:
        return _matrix_product(*node.args)
    if name in _WORDS and len(node.args) == 1:
        return _applied(_WORDS[name], _of(node.args[0]))
    if name == "threshold_backward":
        g, result, *threshold = node.args
        bound = _of(threshold[0]) if threshold else _mn("0")
        return _row(_inside(g, _PRODUCT), _mo("·"), _bracket(_above(_of(result), bound)))
    if name not in _FUNCTIONS or len(node.args) < _FUNCTIONS[name][0]:
        raise _NoFormula
    count, _, form = _FUNCTIONS[name]
    first, *others = node.args[:count]
    head = _inside(first, _PRODUCT) if name in _FENCED_ARGUMENT else _of(first)
    return form(head, *map(_of, others))
