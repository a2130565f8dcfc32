"""What assert_gradients says of functions that mislead a comparison, and of points without a derivative."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp.testing import GradientError, assert_gradients, check_gradients

WORLDS = (tinygrad_mlp, torch)
X = np.array([0.5, -1.25, 2.0])


def function(world, forward, backward):
    """A Function of one input."""
    return type(
        "Given", (world.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


# -- points without a derivative -------------------------------------------------------------------

KINKED = {
    "relu": (lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0) + 0.5 * g * (x == 0), "left 0, right 1, yours 0.5"),
    "abs": (np.abs, lambda g, x: g * np.sign(x), "left -1, right 1, yours 0"),
    "leaky": (lambda x: np.where(x > 0, x, 0.1 * x), lambda g, x: g * np.where(x > 0, 1, 0.1), "left 0.1, right 1"),
    "step": (lambda x: 1.0 * (x > 0), lambda g, x: 0 * g, "jumps or is infinitely steep"),
    "root of the size": (lambda x: np.abs(x) ** 0.5, lambda g, x: g, "jumps or is infinitely steep"),
    "cube root": (np.cbrt, lambda g, x: g, "jumps or is infinitely steep"),
    "root": (np.sqrt, lambda g, x: g, "defined on one side only"),
    "logarithm": (np.log, lambda g, x: g, "not finite"),
}


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("mode", ["every", "projections"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_derivative_exists(name, mode, dtype):
    forward, vjp, text = KINKED[name]
    report = check_gradients((forward, vjp), np.zeros(1, dtype), mode=mode)
    assert report.ok
    (row,) = report.rows
    assert row.verdict == "no derivative" and row.index == (0,)
    assert text in row.text
    with pytest.raises(GradientError):
        assert_gradients((lambda x: np.abs(x), lambda g, x: g), np.zeros(1, dtype), mode=mode, kinks="error")


@pytest.mark.parametrize("mode", ["every", "projections"])
def test_a_kink_does_not_hide_what_is_wrong_beside_it(mode):
    pair = (lambda x: np.maximum(x, 0), lambda g, x: g * (x < 0))
    report = check_gradients(pair, np.array([0.0, 1.0, 0.0, -1.0]), mode=mode)
    assert [row.verdict for row in report.rows] == ["wrong"]
    assert report.rows[0].index in ((1,), (3,))


@pytest.mark.parametrize("mode", ["every", "projections"])
def test_kinks_of_a_scalar_loss_are_left_out(mode):
    x = np.array([0.0, 1.0, 0.0, -1.0, 3.0])
    report = check_gradients((lambda x: np.maximum(x, 0).sum(), lambda g, x: g * (x > 0)), x, mode=mode)
    assert report.ok and report.rows[0].verdict == "no derivative"
    report = check_gradients((lambda x: np.maximum(x, 0).sum(), lambda g, x: g * (x > 1.5)), x, mode=mode)
    assert report.rows[0].verdict == "wrong" and report.rows[0].index == (1,)


@pytest.mark.parametrize("world", WORLDS)
def test_torch_issue_114234_a_kink_is_no_mismatch(world):
    """torch's gradcheck reports that relu at 0 has a Jacobian mismatch."""
    x = world.tensor([0.0], dtype=world.float64)
    report = check_gradients(world.relu, x)
    assert report.ok and report.rows[0].text == "a kink, no derivative exists here: left 0, right 1, yours 0"


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_kink_nearby_is_none_here(distance, dtype):
    x = np.array([distance, -distance], dtype)
    assert check_gradients((np.abs, lambda g, x: g * np.sign(x)), x).rows[0].verdict == "right"
    assert check_gradients((np.abs, lambda g, x: g), x).rows[0].verdict == "wrong"


@pytest.mark.parametrize("x", [1e-12, 1e-3, 0.5, 1e3, 1e8])
@pytest.mark.parametrize("against", ["differences", "complex"])
def test_functions_of_any_scale(x, against):
    x = np.array([x])
    for forward, slope in (
        (np.exp, np.exp),
        (np.log1p, lambda x: 1 / (1 + x)),
        (np.sin, np.cos),
        (np.square, lambda x: 2 * x),
    ):
        if forward is np.exp and x > 500:
            continue
        assert_gradients((forward, lambda g, x, slope=slope: g * slope(x)), x, against=against)
        wrong = check_gradients((forward, lambda g, x, slope=slope: g * slope(x) * 1.001), x, against=against)
        assert not wrong.ok


def test_a_function_that_is_not_finite_is_said():
    report = check_gradients((np.log, lambda g, x: g / x), np.array([1.0, 0.0]))
    assert report.ok
    assert any("the function is -inf at the output [1]" in finding.text for finding in report.findings)
    report = check_gradients((np.log, lambda g, x: -g / x), np.array([1.0, 0.0]))
    assert report.rows[0].verdict == "wrong" and report.rows[0].index == (0,)


@pytest.mark.parametrize("world", WORLDS)
def test_nan_where_a_gradient_should_be(world):
    def f(x):
        return world.where(x > 0, x.sqrt(), x * 0)

    report = check_gradients(f, world.tensor([4.0, -1.0], dtype=world.float64))
    assert report.kinds == ["nan"] and report.rows[0].index == (1,)


# -- functions that are not what they should be ----------------------------------------------------


@pytest.mark.parametrize("world", WORLDS)
def test_not_deterministic(world):
    report = check_gradients(lambda x: world.nn.functional.dropout(x, 0.5), world.tensor(X.repeat(20)))
    assert report.kinds == ["not deterministic"]
    numbers = itertools.count()
    report = check_gradients((np.sin, lambda g, x: g * next(numbers)), X)
    assert report.kinds == ["not deterministic"] and "its backward" in str(report)


def changing(who):
    """A Function that writes into an input in its forward, or into an input or the cotangent in its backward."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        result = x * 2
        if who == "forward":
            x.data.mul_(3)
        return result

    def backward(ctx, g):
        if who == "backward":
            ctx.saved_tensors[0].data.mul_(3)
        if who == "cotangent":
            return g.mul_(2)
        return g * 2

    return forward, backward


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("forward", "x was changed in place by the forward"),
        ("backward", "x was changed in place by the backward"),
        ("cotangent", "the cotangent was changed in place by the backward"),
    ],
)
def test_changed_in_place(world, who, text):
    report = check_gradients(function(world, *changing(who)), world.tensor(X), order=1)
    assert report.kinds == ["changed in place"] and text in str(report)


@pytest.mark.parametrize("who", ["forward", "backward", "cotangent"])
def test_numpy_functions_that_change_arrays_in_place(who):
    def forward(x):
        y = x * 2
        if who == "forward":
            x *= 3
        return y

    def vjp(g, x):
        if who == "backward":
            x *= 3
        if who == "cotangent":
            g *= 2
            return g
        return g * 2

    x = X.copy()
    report = check_gradients((forward, vjp), x)
    assert report.kinds == ["changed in place"] and np.array_equal(x, X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.float().sin(),
        lambda x: x.float().sin().double() * 1.5,
        lambda x: x * 0.7 + (x.float() ** 2).double(),
    ],
    ids=["at the end", "in the middle", "in a part"],
)
@pytest.mark.parametrize("world", WORLDS)
def test_float32_inside(world, f):
    report = check_gradients(f, world.tensor(X + 0.1))
    assert report.kinds == ["float32 inside"]
    assert check_gradients(f, world.tensor(X + 0.1, dtype=world.float32)).ok


def test_float32_inside_is_not_said_of_steps_and_kinks():
    x = np.array([0.5, 1.3, -0.7])
    for forward, vjp in (
        (np.round, lambda g, x: 0 * g),
        (lambda x: np.maximum(x, 0.5), lambda g, x: g * (x > 0.5)),
        (lambda x: np.floor(x * 8) / 8 + x, lambda g, x: g),
    ):
        assert check_gradients((forward, vjp), x).ok


@pytest.mark.parametrize("world", WORLDS)
def test_functions_that_take_float32_only(world):
    weight = world.tensor([[0.5], [-1.0], [2.0]], dtype=world.float32)
    x = world.tensor([X.tolist()], dtype=world.float32)
    assert check_gradients(lambda x: (x @ weight).tanh(), x).ok
    factor = function(world, lambda ctx, x: x @ weight, lambda ctx, g: 1.01 * g @ weight.t())
    assert [row.verdict for row in check_gradients(factor, x).rows] == ["wrong"]


# -- memory and shapes -----------------------------------------------------------------------------


@pytest.mark.parametrize("world", WORLDS)
def test_kornia_issue_503_elements_that_share_memory(world):
    """torch's gradcheck perturbs an expanded input in place, and reports a wrong gradient."""
    x = world.tensor([[0.5], [2.0]], dtype=world.float64).expand(2, 3)
    report = check_gradients(lambda x: (x**2).sum(0), x)
    assert report.ok
    assert [f.text for f in report.findings] == [
        "x has elements that share memory: checked on a copy of its own, each element for itself"
    ]


def test_overlapping_windows_and_arrays_given_twice():
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(5.0), 3)
    report = check_gradients((np.sin, lambda g, x: g * np.cos(x)), windows)
    assert report.ok and "share memory" in report.findings[0].text
    report = check_gradients((np.multiply, lambda g, a, b: (g * b, g * a)), X, X, names=["a", "b"])
    assert report.ok and "a and b share memory" in report.findings[0].text
    assert not check_gradients((np.sin, lambda g, x: g * np.cos(x)), np.ones((3, 4)).T[::-1, ::2]).findings[:-1]


@pytest.mark.parametrize("mode", ["every", "projections"])
def test_torch_issue_65244_a_gradient_that_is_too_large(mode):
    """torch sums a gradient that is too large down to its input without a word."""

    def forward(ctx, y):
        return torch.tensor(1.0)

    def backward(ctx, g):
        return (torch.ones([4, 3]),)

    report = check_gradients(function(torch, forward, backward), torch.randn(3), names=["y"], mode=mode)
    assert report.kinds[0] == "summed down"
    assert "Given.backward returns a gradient of the shape (4, 3) for y of the shape (3,)" in str(report)
    assert any(row.given == 4 and row.verdict == "wrong" for row in report.rows)


@pytest.mark.parametrize("world", WORLDS)
def test_a_gradient_that_is_summed_down_rightly_is_only_noted(world):
    """The framework lets a backward of broadcasting leave the sum to it."""
    scaled = type(
        "Scaled",
        (world.autograd.Function,),
        {
            "forward": staticmethod(lambda ctx, x, w: (ctx.save_for_backward(x, w), x * w)[1]),
            "backward": staticmethod(lambda ctx, g: (g * ctx.saved_tensors[1], g * ctx.saved_tensors[0])),
        },
    )
    report = check_gradients(scaled, world.tensor([X.tolist(), X.tolist()]), world.tensor(X.tolist()))
    assert report.ok
    assert any(f.kind == "summed down" and not f.fault and "Scaled.backward" in f.text for f in report.findings)
    report = check_gradients(
        lambda x, w: scaled.apply(x, w).tanh(), world.tensor([X.tolist()]), world.tensor(X.tolist())
    )
    assert report.ok and any("Scaled.backward" in f.text for f in report.findings)


@pytest.mark.parametrize("mode", ["every", "projections"])
def test_numpy_gradients_of_another_shape(mode):
    add = (np.add, lambda g, a, b: (g, g))
    report = check_gradients(add, np.ones((2, 3)), X, names=["a", "b"], mode=mode)
    assert report.kinds == ["not summed over a broadcast axis"]
    report = check_gradients((np.sin, lambda g, x: (g * np.cos(x))[:, None]), X, mode=mode)
    assert report.kinds == ["wrong shape"]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("mode", ["every", "projections"])
def test_none_where_a_gradient_should_be(world, mode):
    two = type(
        "Two",
        (world.autograd.Function,),
        {"forward": staticmethod(lambda ctx, x, w: x * w), "backward": staticmethod(lambda ctx, g: (g, None))},
    )
    ones = world.ones(3, dtype=world.float64)
    report = check_gradients(two, world.tensor(X), ones, mode=mode)
    assert [row.input for row in report.rows if row.kind == "no gradient"] == ["w"]
    assert check_gradients(lambda x, y: x * 2 + y.detach() * 0, world.tensor(X), ones, mode=mode).ok
    assert check_gradients(lambda x: x.detach() * 2, world.tensor(X), mode=mode).kinds == ["no gradient"]


@pytest.mark.parametrize("world", WORLDS)
def test_a_backward_that_raises(world):
    def backward(ctx, g):
        raise KeyError("scale")

    report = check_gradients(function(world, lambda ctx, x: x * 2, backward), world.tensor(X))
    assert report.kinds == ["raised"] and "KeyError: 'scale'" in str(report)
    report = check_gradients(function(world, lambda ctx, x: x * 2, lambda ctx, g: g[:2]), world.tensor(X))
    assert report.kinds == ["wrong shape"] and "invalid gradient" in str(report)


@pytest.mark.parametrize("world", WORLDS)
def test_several_outputs_one_by_one(world):
    """A backward that is wrong only when the other output has no cotangent."""

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, first, second):
        return first * 2 if second is None else second * 3 + (0 if first is None else first * 2)

    assert check_gradients(function(world, forward, backward), world.tensor(X), order=1).ok

    def wrong(ctx, first, second):
        return first * 2 + (0 if second is None else second * 4)

    report = check_gradients(function(world, forward, wrong), world.tensor(X), order=1)
    assert [row.verdict for row in report.rows] == ["wrong"]


def test_marked_outputs_are_left_out():
    def forward(ctx, x):
        rounded = x.round()
        ctx.mark_non_differentiable(rounded)
        return x * 2, rounded * 1.0 if False else rounded

    report = check_gradients(function(torch, forward, lambda ctx, g, _: g * 2), torch.tensor(X))
    assert report.ok
