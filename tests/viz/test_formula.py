"""The formulas of rules: what an expression means, in the usual notation."""

import ast

import numpy as np
import pytest

from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.ops.docstring import rule_source
from tinygrad_mlp.viz.formula import formula


def text(tree):
    """A formula in one line; what would stand above or below something is in braces."""
    if len(tree) == 2 and isinstance(tree[1], str):
        return tree[1]
    parts = [text(child) for child in tree[1:]]
    if tree[0] in ("mfrac", "msup"):
        return ("/" if tree[0] == "mfrac" else "^").join(f"{{{part}}}" for part in parts)
    return f"√{{{parts[0]}}}" if tree[0] == "msqrt" else " ".join(parts)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("g", "g"),
        ("-g", "− g"),
        ("g * other", "g · other"),
        ("g * (1 - out * out)", "g · ( 1 − {out}^{2} )"),
        ("g - (out - input)", "g − ( out − input )"),
        ("g - out - input", "g − out − input"),
        ("-(g - out)", "− ( g − out )"),
        ("g * -out", "g · ( − out )"),
        ("(g + out) * (g - out)", "( g + out ) · ( g − out )"),
        ("g / (2 * out)", "{g}/{2 · out}"),
        ("(g / input) * other", "{g}/{input} · other"),
        ("(g + 1) ** 2", "{( g + 1 )}^{2}"),
        ("-input ** 2", "− {input}^{2}"),
        ("input ** (exponent - 1)", "{input}^{exponent − 1}"),
        ("g @ mat2.T", "g  {mat2}^{T}"),
        ("(g + out) @ (mat1 @ mat2)", "( g + out )  ( mat1  mat2 )"),
        ("g * np.exp(-input * input)", "g · {e}^{− input · input}"),
        ("g * np.cos(input)", "g · cos ( input )"),
        ("g / np.sqrt(1 - input * input)", "{g}/{√{1 − {input}^{2}}}"),
        ("g * sign(input)", "g · sgn ( input )"),
        ("g / (input * math.log(2))", "{g}/{input · log ( 2 )}"),
        ("np.where(input < other, 0, g)", "{ 0 if  input < other g otherwise"),
        (
            "np.where(input == other, g / 2, np.where(input < other, 0, g))",
            "{ {g}/{2} if  input = other 0 if  input < other g otherwise",
        ),
        ("(input > -3) & (input < 3)", "input > − 3 ∧ input < 3"),
        ("a & (b | (c == 0))", "a ∧ ( b ∨ c = 0 )"),
        ("keep(g, input >= min)", "g · [ input ≥ min ]"),
        ("keep(g, np.logical_not(condition))", "g · [ ¬ condition ]"),
        ("threshold_backward(g, out)", "g · [ out > 0 ]"),
        ("threshold_backward(g, out, threshold)", "g · [ out > threshold ]"),
        ("total(g * out, dim, True) * out", "( ∑ g · out ) · out"),
        ("total(g + out, 0)", "∑ ( g + out )"),
        ("product(g, weight) if g.ndim == 2 else g @ weight", "g  weight"),  # two ways to the same
        ("g if beta == 1 else g * beta", "{ g if  beta = 1 g · beta otherwise"),
        ("def rule(g, out):\n    return g * out", "g · out"),
        ('    def rule(g, out):\n        """Said."""\n        return g * out', "g · out"),
    ],
)
def test_an_expression_becomes_a_formula(rule, shown):
    assert text(formula(rule)) == shown


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "unslice(g, input_shape, index)",
        "g[index]",
        "[g, g]",
        "g.reshape(input_shape)",
        "np.argsort(g)",
        "g if True else None",
        "g ** 'a'",
        "g // 2",
        "g is None",
        "lambda x: x",
        "def rule(g):\n    h = g\n    return h",
        "def rule(g):\n    raise RuntimeError",
        "def (",
        "np.exp()",
    ],
)
def test_what_has_no_usual_notation_has_no_formula(rule):
    assert formula(rule) is None


def numbers(tree):
    """A formula as a Python expression again, of the parts that rules of single elements are made of."""
    tag, *children = tree
    if tag == "mfrac":
        return f"(({numbers(children[0])}) / ({numbers(children[1])}))"
    if tag == "msup":
        return f"(({numbers(children[0])}) ** ({numbers(children[1])}))"
    if tag == "msqrt":
        return f"np.sqrt({numbers(children[0])})"
    if tag == "mrow":
        return "".join(map(numbers, children))
    words = {"·": "*", "−": "-", "π": "np.pi", "e": "np.e", "σ": "sigmoid", "sgn": "np.sign"}
    return words.get(children[0], f"np.{children[0]}" if hasattr(np, children[0]) else children[0])


def pieces(tree):
    return {tree} if isinstance(tree, str) else set().union(*map(pieces, tree))


NOT_OF_ELEMENTS = {"mtable", "∑", "T", "[", "𝟏", "mspace", "count"}
ELEMENTWISE = [  # without the rules that ask for a shape: zeros, for example
    (name, row.parameters[i], rule)
    for name, row in TABLE.items()
    for i, rule in zip(row.differentiable, row.rules, strict=True)
    if not rule.__code__.co_varnames[rule.__code__.co_argcount - 1].endswith("_shape")
    and not NOT_OF_ELEMENTS & pieces(formula(rule_source(rule)) or ["mtable"])
]


@pytest.mark.parametrize(("name", "parameter", "rule"), ELEMENTWISE, ids=[f"{n}-{p}" for n, p, _ in ELEMENTWISE])
def test_a_formula_has_the_value_of_its_rule(name, parameter, rule):
    # Of the rules that compute element by element: the signs, the order and the parentheses are right if it has.
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    least = 1.2 if name == "acosh" else 0.2  # which only has values from 1 on
    values = {each: np.float64(least + 0.11 * i) for i, each in enumerate(names)}
    known = {"np": np, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}
    expected = rule(*map(np.asarray, values.values()))
    shown = numbers(formula(rule_source(rule)))
    ast.parse(shown)
    np.testing.assert_allclose(eval(shown, known, values), expected, rtol=1e-12)


def test_most_rules_of_single_elements_have_a_formula():
    assert len(ELEMENTWISE) > 70
