"""The tape as a table: what it says before a backward and after it, under which names, in which clothes."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.functions_of_ones_own import function, twice
from tinygrad_mlp import nn, viz


def network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    return model, torch.randn(8, 4), torch.randn(8, 1)


def lines_of(text):
    return [line.rstrip() for line in str(text).splitlines()]


def test_before_backward_names_shapes_and_what_is_saved():
    model, x, y = network()
    h = model(x)
    loss = ((h - y) ** 2).mean()
    headings, *lines = lines_of(torch.autograd.tape(loss))
    assert headings.split() == ["#", "operator", "inputs", "output", "saved"]
    assert len(lines) == 6
    for part in ("%1", "linear", "x (8, 4), model.0.weight (16, 4), model.0.bias (16,)", "(8, 16) float32"):
        assert part in lines[0]
    assert "input: 128 B" in lines[0]  # x, which the gradient of the weight reads: 32 numbers of 4 bytes
    assert "h (8, 1) float32" in lines[2]
    assert "loss () float32" in lines[5]


def test_after_backward_cotangents_and_where_they_went():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    doubled = w * 2
    loss = (doubled * doubled + doubled).sum()
    tape = loss.tape()
    loss.backward()
    rows = tape.rows
    assert [step.operator for step in rows.steps] == ["mul", "mul", "add", "sum"]
    np.testing.assert_array_equal(rows.steps[0].cotangent.values, [5, 9])  # 2 * doubled + 1
    (total,) = rows.sums
    assert (total.name, total.number) == ("doubled", 1)
    assert [number for number, _ in total.parts] == [3, 2, 2]
    np.testing.assert_array_equal(sum(part.values for _, part in total.parts), total.total.values)
    (leaf,) = rows.leaves
    assert leaf.name == "w"
    np.testing.assert_array_equal(leaf.grad.values, w.grad.numpy())
    text = str(tape)
    assert "sum" in text and "of what reaches doubled: %3" in text and "freed" in text


def test_watched_lines_modules_and_values():
    model, x, y = network()
    with viz.watching():
        h = model(x)
        loss = nn.functional.mse_loss(h, y)
        loss.backward()
    rows = loss.tape().rows
    assert [step.modules[-1] for step in rows.steps[:3]] == ["0", "1", "2"]
    assert rows.steps[3].modules == ()
    assert all(step.place.file == __file__ for step in rows.steps)
    assert rows.steps[0].place.text == "h = model(x)"
    assert [step.name for step in rows.steps] == ["%1", "%2", "h", "loss"]
    np.testing.assert_array_equal(rows.steps[2].value.values, h.detach().numpy())
    np.testing.assert_array_equal(rows.steps[0].inputs[0].value.values, x.numpy())
    np.testing.assert_array_equal(rows.leaves[0].grad.values, model[0].weight.grad.numpy())


def test_watching_keeps_what_was_there_before_a_write():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with viz.watching():
        loss = (w * 3).sum()
        loss.backward()
        with torch.no_grad():
            w -= w.grad
    (leaf,) = loss.tape().rows.leaves
    assert leaf.value.values.tolist() == [1, 2] and w.tolist() == [-2, -1]


def test_watching_ends_with_its_block():
    from tinygrad_mlp.tensor.dispatch import Caller

    torch.ones(2, requires_grad=True).exp()
    calls = [caller.call for caller in Caller.all]
    with pytest.raises(ZeroDivisionError), viz.watching():
        assert [caller.call for caller in Caller.all] != calls
        _ = 1 / 0
    assert [caller.call for caller in Caller.all] == calls
    assert (torch.ones(2, requires_grad=True) * 2).sum().tape().rows.steps[0].place is None


def test_what_is_computed_is_the_same_when_watched():
    def gradients():
        model, x, y = network()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return [loss.item(), *(p.grad.numpy().tobytes() for p in model.parameters())]

    plain = gradients()
    with viz.watching():
        assert gradients() == plain


def test_only_the_last_operator_of_a_call_has_the_name_that_the_call_is_assigned_to():
    w = torch.ones(2, requires_grad=True)

    def made(x):
        return (x * 2).exp()

    def rows():
        y = made(w)
        return y.sum().tape().rows

    with viz.watching():
        assert [step.name for step in rows().steps][:2] == ["%1", "y"]


def test_large_arrays_are_sampled_and_their_figures_are_of_the_whole():
    x = torch.arange(20000.0).reshape(200, 100)
    x[7, 3] = float("nan")
    x[8, 3] = float("-inf")
    w = torch.ones(100, requires_grad=True)
    with viz.watching():
        loss = (x @ w).sum()
    value = loss.tape().rows.steps[0].inputs[0].value
    assert not value.is_whole and value.shape == (200, 100) and value.values.shape == (64, 64)
    figures = value.figures
    assert (figures.count, figures.nan, figures.infinite, figures.zero) == (20000, 1, 1, 1)
    assert (figures.minimum, figures.maximum) == (0, 19999)


def test_clothes():
    w = torch.tensor([1.0], requires_grad=True)
    names = {"<script>": w * 2}
    loss = names["<script>"].sum()
    tape = loss.tape()
    page = tape._repr_html_()
    assert page.startswith("<table>") and "<script>" not in page
    parsed = json.loads(tape.to_json())
    assert [step["operator"] for step in parsed["steps"]] == ["mul", "sum"]
    assert tape.__rich__().row_count == 2
    assert repr(tape) == str(tape)


def test_several_outputs_lists_and_functions():
    double = function(torch, twice, twice).apply
    w = torch.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    values, indices = w.sort(1)
    loss = torch.cat([values, double(w)]).sum()
    tape = loss.tape()
    loss.backward()
    rows = tape.rows
    assert {step.operator for step in rows.steps} == {"sort", "Foo", "cat", "sum"}
    assert w.grad.tolist() == [[3, 3, 3]]
    (total,) = rows.sums
    assert total.name == "w" and total.number is None
    assert indices.tolist() == [[1, 2, 0]]


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: torch.ones(2), RuntimeError, "the tensor has no tape"),
        (lambda: torch.ones(2, requires_grad=True), RuntimeError, "the tensor has no tape"),
        (lambda: torch.ones(2).sum(), RuntimeError, "the tensor has no tape"),
        (lambda: 1.5, TypeError, "tape(): argument 'tensor' must be Tensor, not float"),
    ],
)
def test_refusals(make, kind, text):
    with pytest.raises(kind) as caught:
        torch.autograd.tape(make())
    assert str(caught.value).startswith(text)
