"""Where nan was born: the step, whether value or cotangent, and the reason."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import viz
from tinygrad_mlp.viz.births import births

INF, NAN = float("inf"), float("nan")


def leaf(*numbers):
    return torch.tensor(numbers, requires_grad=True)


# A program, and for each birth: the step, its kind, the name of the input, nan or inf, and words of the reason.
PROGRAMS = {
    "where": (
        lambda x: torch.where(x > 0, x.sqrt(), x),
        (0.0, 4.0),
        [(1, "cotangent", "x", "nan (1 of 2)", "where (%2) did not take")],
    ),
    "where, a negative": (
        lambda x: torch.where(x > 0, x.log(), x),
        (-1.0, 4.0),
        [(1, "value", "x", "nan (1 of 2)", "logarithm of a negative")],
    ),
    "masked_fill": (
        lambda x: (x + 0).sqrt().masked_fill(x == 0, 0.0),
        (0.0, 4.0),
        [(2, "cotangent", "%1", "nan (1 of 2)", "masked_fill (%3) did not take")],
    ),
    "a mask that multiplies": (
        lambda x: x.sqrt() * (x > 0),
        (0.0, 4.0),
        [(1, "cotangent", "x", "nan (1 of 2)", "0 times inf: the derivative of sqrt at 0")],
    ),
    "sqrt at 0": (lambda x: x.sqrt(), (0.0, 4.0), [(1, "cotangent", "x", "inf (1 of 2)", "derivative of sqrt at 0")]),
    "sqrt of a negative": (lambda x: x.sqrt(), (-1.0,), [(1, "value", "x", "nan (1 of 1)", "square root of a neg")]),
    "pow at 0": (lambda x: x**0.5, (0.0, 4.0), [(1, "cotangent", "x", "inf (1 of 2)", "derivative of")]),
    "pow of a negative": (lambda x: x**0.5, (-2.0,), [(1, "value", "x", "nan (1 of 1)", "negative number to a power")]),
    "a negative pow of 0": (lambda x: x**-1.0, (0.0,), [(1, "value", "x", "inf (1 of 1)", "0 to a negative power")]),
    "log of 0": (
        lambda x: x.log(),
        (0.0, 1.0),
        [
            (1, "value", "x", "inf (1 of 2)", "logarithm of 0"),
            (1, "cotangent", "x", "inf (1 of 2)", "derivative of log at 0"),
        ],
    ),
    "division by 0": (
        lambda x: 1 / x,
        (0.0, 1.0),
        [(1, "value", "x", "inf (1 of 2)", "divides by 0"), (1, "cotangent", "x", "inf (1 of 2)", "divides by 0")],
    ),
    "0 / 0": (
        lambda x: x / (x * 2),
        (0.0, 1.0),
        [
            (2, "value", "%1", "nan (1 of 2)", "0 divided by 0"),
            (2, "cotangent", "x", "inf (1 of 2)", "division by 0"),
            (2, "cotangent", "%1", "nan (1 of 2)", "division by 0"),
        ],
    ),
    "overflow in exp": (
        lambda x: (x * 2).exp(),
        (50.0, 1.0),
        [
            (2, "value", "%1", "inf (1 of 2)", "exponential overflows"),
            (2, "cotangent", "%1", "inf (1 of 2)", "exponential overflows"),
        ],
    ),
    "a softmax by hand": (
        lambda x: x.exp() / x.exp().sum(),
        (100.0, 1.0),
        [(1, "value", "x", "inf (1 of 2)", "exponential overflows"), (4, "value", "%1", "nan (1 of 2)", "inf divided")],
    ),
    "nan in the input": (lambda x: x * 2, (NAN, 1.0), [(1, "value", "x", "nan (1 of 2)", "It is in x")]),
    "inf in the input": (lambda x: x * 2, (INF, 1.0), [(1, "value", "x", "inf (1 of 2)", "It is in x")]),
    "inf - inf": (
        lambda x: x.exp() - x.exp(),
        (100.0, 1.0),
        [(1, "value", "x", "inf (1 of 2)", "exponential"), (3, "value", "%1", "nan (1 of 2)", "inf - inf")],
    ),
    "0 * inf": (
        lambda x: x.exp() * (x * 0),
        (100.0, 1.0),
        [(1, "value", "x", "inf (1 of 2)", "exponential"), (3, "value", "%1", "nan (1 of 2)", "0 * inf")],
    ),
    "overflow of a product": (lambda x: x * x, (1e30, 1.0), [(1, "value", "x", "inf (1 of 2)", "It overflows")]),
    "acos at 1": (lambda x: x.acos(), (1.0, 0.5), [(1, "cotangent", "x", "inf (1 of 2)", "at -1 and 1 is infinite")]),
    "acos outside": (lambda x: x.acos(), (2.0, 0.5), [(1, "value", "x", "nan (1 of 2)", "from -1 to 1")]),
    "a norm at 0, which is finite": (lambda x: x.norm(), (0.0, 0.0), []),
    "nothing": (lambda x: (x * x).exp(), (1.0, 2.0), []),
    "where applied twice": (
        lambda x: torch.where(x > 0, torch.where(x > 0, x, 1.0).sqrt(), x),
        (0.0, 4.0),
        [],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_births(name):
    program, numbers, expected = PROGRAMS[name]
    with viz.watching():
        x = leaf(*numbers)
        loss = program(x).sum()
    tape = loss.tape()
    loss.backward()
    found = births(tape.rows)
    kinds = {kind for _, kind, *_ in expected}
    found = [birth for birth in found if birth.kind in kinds] if expected else found
    told = [(b.number, b.kind, b.name, b.what) for b in found]
    assert told == [entry[:4] for entry in expected], found
    for birth, (*_, why) in zip(found, expected, strict=True):
        assert why in birth.why
        assert birth.instead
        assert birth.place is not None and birth.place.line > 0
    if expected:
        assert f"! {found[0]}" in str(tape)
    else:
        assert "!" not in str(tape)


def test_of_a_program_that_was_not_watched_the_cotangents_are_told():
    x = leaf(0.0, 4.0)
    loss = torch.where(x > 0, x.sqrt(), x).sum()
    tape = loss.tape()
    loss.backward()
    (birth,) = births(tape.rows)
    assert (birth.number, birth.kind, birth.name, birth.place) == (1, "cotangent", "x", None)
    assert "did not take" in birth.why and "torch.where twice" in birth.instead


def test_a_gradient_that_was_given():
    x = leaf(1.0, 4.0)
    y = x * 2
    tape = y.tape()
    y.backward(torch.tensor([INF, 1.0]))
    (birth,) = births(tape.rows)
    assert (birth.number, birth.kind, birth.name, birth.what) == (1, "cotangent", "y", "inf (1 of 2)")
    assert "given" in birth.why


def test_a_sum_of_opposite_infinities():
    x = leaf(0.0, 4.0)
    y = x * 1
    loss = (y.sqrt() - y.sqrt()).sum()
    tape = loss.tape()
    loss.backward()
    first, second = births(tape.rows)
    assert first.what == "inf (1 of 2)" and "sqrt at 0" in first.why
    assert second.what == "nan (1 of 2)" and second.name == "y" and "inf and -inf" in second.why


def test_large_arrays_are_told_by_their_figures():
    with viz.watching():
        x = torch.zeros(100, 100, requires_grad=True)
        loss = x.log().sum()
    tape = loss.tape()
    loss.backward()
    assert [(b.number, b.kind) for b in births(tape.rows)] == [(1, "value"), (1, "cotangent")]
