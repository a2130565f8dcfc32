"""Operators with several outputs on the tape: each output has its name, its shape, its cotangent and its sum."""

from __future__ import annotations

import pytest

import tinygrad_mlp as torch
from support.browsing import said
from tinygrad_mlp import viz
from tinygrad_mlp.viz.births import births


def split_twice():
    w = torch.arange(6.0, requires_grad=True)
    a, b = w.split(3)
    return (a * a + a * b).sum()


def tape_of(program, watched=False):
    if not watched:
        loss = program()
        tape = loss.tape()
        loss.backward()
        return tape
    with viz.watching():
        loss = program()
        tape = loss.tape()
        loss.backward()
    return tape


def test_outputs_have_the_names_of_their_variables():
    w = torch.arange(6.0, requires_grad=True)
    a, b = w.split(3)
    values, places = w.reshape(2, 3).max(0)
    loss = (a * b).sum() + values.sum()
    rows = loss.tape().rows
    split, maximum = rows.step(1), next(step for step in rows.steps if step.operator == "max_dim")
    assert [(x.name, x.shape, x.dtype) for x in split.outputs] == [("a", (3,), "float32"), ("b", (3,), "float32")]
    assert split.name == "a, b" and maximum.name == "values"
    product = next(step for step in rows.steps if step.operator == "mul")
    assert [x.name for x in product.inputs] == ["a", "b"]
    assert places.shape == (3,)


@pytest.mark.parametrize("watched", [False, True])
def test_the_cotangents_of_outputs_are_their_own_and_sums_do_not_mix_them(watched):
    tape = tape_of(split_twice, watched)
    rows = tape.rows
    first, second = rows.step(1).outputs
    # d/da (a a + a b) = 2 a + b, and d/db = a, at a = 0 1 2, b = 3 4 5
    assert first.cotangent.values.tolist() == [3.0, 6.0, 9.0] and second.cotangent.values.tolist() == [0.0, 1.0, 2.0]
    (total,) = rows.sums_at(1)
    assert len(total.parts) == 3 and total.total.values.tolist() == [3.0, 6.0, 9.0]
    (part,) = rows.step(1).parts
    assert part.value.values.tolist() == [3.0, 6.0, 9.0, 0.0, 1.0, 2.0]
    assert f"w |{(9 + 36 + 81 + 1 + 4) ** 0.5:.3g}|" in str(tape) or "leaf |11.4|" in str(tape)


def test_in_slow_motion_each_output_has_its_sum():
    loss = split_twice()
    events = list(loss.backward_steps())
    sums = [event.sum for event in events if isinstance(event, viz.steps.PartsSummed)]
    assert [len(total.parts) for total in sums] == [3]
    assert sums[0].total.values.tolist() == [3.0, 6.0, 9.0]
    assert events[-1].after.values.tolist() == [3.0, 6.0, 9.0, 0.0, 1.0, 2.0]
    again = viz.steps.events_of(tape_of(split_twice, True).rows)
    assert [type(event) for event in again] == [type(event) for event in events]


def test_a_nan_that_comes_to_an_output_is_no_birth_where_it_is_handed_on():
    w = torch.tensor([0.0, 1.0], requires_grad=True)
    with viz.watching():
        a, b = w.split(1)
        loss = (a.sqrt() * 0).sum() + b.sum()
        tape = loss.tape()
        loss.backward()
    assert [birth.number for birth in births(tape.rows)] == [2]  # sqrt, not the split behind it


def test_the_page_shows_the_cotangent_of_each_output(opened):
    page = opened(tape_of(split_twice, watched=True), "#step=1&pass=backward")
    panel = page.locator("#panel").inner_text()
    assert "a is used 3 times" in panel or "[0] is used 3 times" in panel
    maps = page.locator("#panel .heat figcaption b").all_inner_texts()
    assert [name for name in maps if name.startswith("g of ")] != [] and len([n for n in maps if n[:5] == "g of "]) == 2
    assert "split" in said(page).lower()


def test_two_calls_of_a_module_in_a_row_have_two_frames():
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh())
    x = torch.randn(2, 3)
    with viz.watching():
        tape = net(net(x)).sum().tape()
    svg = tape.to_svg()
    assert svg.count('data-name="Sequential"') == 2 and svg.count('data-name="0"') == 2


def test_the_picture_says_where_nan_begins():
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    loss = torch.where(x > 0, x.sqrt(), x).sum()
    tape = loss.tape()
    loss.backward()
    svg = tape.to_svg()
    assert svg.count('class="birth"') == 1 and "! nan (1 of 2) begins in its backward" in svg
    assert "torch.where(ok, sqrt" in svg.split('id="step-1"')[1].split("</title>")[0]
    fine = (x + 1).sum().tape().to_svg()
    assert 'class="birth"' not in fine
