"""assert_gradients: each kind of function, each judge, both modes, right and wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import tinygrad_mlp
from tinygrad_mlp.testing import GradientError, assert_gradients, check_gradients

WORLDS = (tinygrad_mlp, torch)
X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.375]])
W = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.125]])


def halves(world):
    """A Function that is right, of either framework."""

    class Halves(world.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x @ w / 2

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g @ w.t() / 2, x.t() @ g / 2

    return Halves


def twice_wrong(world):
    """The same, with a backward that is wrong in the second input."""

    class Wrong(halves(world)):
        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g @ w.t() / 2, x.t() @ g

    return Wrong


# -- what is checked -------------------------------------------------------------------------------


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["every", "projections"])
def test_right_gradients_pass(world, dtype, mode):
    x, w = (world.tensor(a, dtype=getattr(world, dtype)) for a in (X, W))
    assert_gradients(lambda x, w: (x @ w).softmax(1), x, w, mode=mode)
    assert_gradients(halves(world), x, w, mode=mode)
    assert_gradients(world.nn.functional.mse_loss, x, x * 2, mode=mode)
    assert_gradients(world.nn.Linear(3, 2, dtype=x.dtype), x, mode=mode)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["every", "projections"])
def test_wrong_gradient_of_a_function(world, dtype, mode):
    x, w = (world.tensor(a, dtype=getattr(world, dtype)) for a in (X, W))
    report = check_gradients(twice_wrong(world), x, w, mode=mode)
    assert report.kinds == ["factor"]
    verdicts = {row.input: row.verdict for row in report.rows}
    assert verdicts == {"x": "right", "w": "wrong"}
    assert "twice too large" in str(report)


def test_pair_of_numpy_functions():
    assert_gradients((np.matmul, lambda g, x, w: (g @ w.T, x.T @ g)), X, W)
    with pytest.raises(GradientError, match="the sign is wrong") as caught:
        assert_gradients((np.sin, lambda g, x: -g * np.cos(x)), X)
    row = caught.value.report.rows[0]
    assert (row.input, row.verdict, row.wrong, row.entries) == ("x", "wrong", 6, 6)
    assert row.given == pytest.approx(-row.right)
    assert row.index in np.ndindex(X.shape)


def test_numpy_pair_with_several_outputs_and_constants():
    def forward(x, n, scale):
        return x[n], np.exp(x) * scale

    def vjp(g, x, n, scale):
        dx = g[1] * np.exp(x) * scale
        np.add.at(dx, n, g[0])
        return dx

    n = np.array([1, 0, 1])
    assert_gradients((forward, vjp), X, n, 3)
    report = check_gradients((forward, lambda g, x, n, scale: g[1] * np.exp(x) * scale), X, n, 3)
    assert [row.input for row in report.rows if row.verdict == "wrong"] == ["x"]


@pytest.mark.parametrize("world", WORLDS)
def test_parameters_of_a_module_are_inputs(world):
    class Scaled(world.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = world.nn.Parameter(world.tensor([2.0, -1.0]))
            self.fixed = world.nn.Parameter(world.tensor([1.0]), requires_grad=False)

        def forward(self, x, w):
            return twice_wrong(world).apply(x, w) * self.scale + self.fixed

    x, w = (world.tensor(a, dtype=world.float32) for a in (X, W))
    module = Scaled()
    report = check_gradients(module, x, w)
    assert [(row.input, row.verdict) for row in report.rows] == [("x", "right"), ("w", "wrong"), ("scale", "right")]
    assert module.scale.grad is None and module.scale.dtype is world.float32


@pytest.mark.parametrize("world", WORLDS)
def test_buffers_of_a_module_are_left_alone(world):
    norm = world.nn.BatchNorm1d(3)
    before = norm.running_mean.tolist()
    assert_gradients(norm, world.tensor(X, dtype=world.float32))
    assert norm.running_mean.tolist() == before


def test_what_requires_grad_is_checked_and_the_rest_constant():
    x, w = tinygrad_mlp.tensor(X, requires_grad=True), tinygrad_mlp.tensor(W)
    assert [row.input for row in check_gradients(halves(tinygrad_mlp), x, w, order=1).rows] == ["x"]
    assert x.grad is None


def test_indices_are_constants():
    def picked(x, index):
        return x[:, index]

    report = check_gradients(picked, tinygrad_mlp.tensor(X), tinygrad_mlp.tensor([2, 0]), order=1)
    assert [(row.input, row.verdict) for row in report.rows] == [("x", "right")]


# -- names -----------------------------------------------------------------------------------------


def test_names_of_the_inputs():
    def of(f, *inputs, **options):
        return [row.input for row in check_gradients(f, *inputs, order=1, **options).rows]

    assert of(lambda a, b: a * b, tinygrad_mlp.tensor(X), tinygrad_mlp.tensor(X)) == ["a", "b"]
    assert of(torch.mul, torch.tensor(X), torch.tensor(X)) == ["input 0", "input 1"]
    assert of(lambda *xs: xs[0], tinygrad_mlp.tensor(X)) == ["input 0"]
    assert of(halves(torch), torch.tensor(X), torch.tensor(W)) == ["x", "w"]
    assert of(torch.sin, torch.tensor(X), names=["angle"]) == ["angle"]
    assert of(tinygrad_mlp.nn.Linear(3, 2), tinygrad_mlp.tensor(X).float()) == ["input", "weight", "bias"]


# -- judges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("against", [None, "differences", "complex", "exact"])
def test_judges_of_numpy_functions(against):
    def right(g, x):
        return g * (1 - np.tanh(x) ** 2)

    def wrong(g, x):
        return g * (1 - np.tanh(x))

    report = check_gradients((np.tanh, right), X, against=against)
    assert report.ok
    names = {None: "complex steps", "complex": "complex steps", "exact": "the exact derivative"}
    assert report.judge == names.get(against, "differences")
    report = check_gradients((np.tanh, wrong), X, against=against)
    assert [row.verdict for row in report.rows] == ["wrong"]
    row = report.rows[0]
    assert row.right == pytest.approx(float(row.right), rel=1e-9)


def test_functions_that_are_not_analytic_are_judged_by_differences():
    pair = (lambda x: np.abs(x) * x, lambda g, x: 2 * g * np.abs(x))
    report = check_gradients(pair, X)
    assert report.ok and report.judge == "differences"
    with pytest.raises(ValueError, match="complex"):
        check_gradients(pair, X, against="complex")


@pytest.mark.parametrize("world", WORLDS)
def test_exact_judge_of_a_function(world):
    x, w = world.tensor(X), world.tensor(W)
    assert_gradients(halves(world), x, w, against="exact")
    report = check_gradients(twice_wrong(world), x, w, against="exact")
    assert report.kinds == ["factor"] and report.judge == "the exact derivative"
    with pytest.raises(TypeError, match="forward apart from the gradient"):
        check_gradients(world.sin, x, against="exact")


def test_exact_judge_of_a_forward_that_leaves_the_tape():
    class Leaves(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.from_numpy(np.sin(x.detach().numpy()))

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(TypeError, match="leaves the tape"):
        check_gradients(Leaves, torch.tensor(X), against="exact")


def test_torch_as_the_judge():
    assert_gradients(tinygrad_mlp.nn.functional.gelu, tinygrad_mlp.tensor(X), against="torch")
    assert_gradients(tinygrad_mlp.relu, tinygrad_mlp.tensor([0.0, 1.0]), against="torch")
    assert_gradients(
        halves(tinygrad_mlp), tinygrad_mlp.tensor(X), tinygrad_mlp.tensor(W), against=lambda x, w: x @ w / 2
    )
    report = check_gradients(tinygrad_mlp.relu, tinygrad_mlp.tensor(X), against=F.silu)
    assert not report.ok and report.judge == "torch"
    assert "import tinygrad_mlp, torch\n" in report.snippet
    assert "torch.autograd.grad(torch.nn.functional.silu(" in report.snippet
    with pytest.raises(ValueError, match="torch has no function named nonesuch"):

        def nonesuch(x):
            return x

        check_gradients(nonesuch, tinygrad_mlp.tensor(X), against="torch")


# -- the second order ------------------------------------------------------------------------------


def second(world, *, detached=False, once=False):
    """sin with a backward whose own gradient is wrong, missing or refused."""

    class Sine(world.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            slope = x.detach().cos() if detached else Cosine.apply(x)
            return g * slope

    if once:
        Sine.backward = staticmethod(world.autograd.function.once_differentiable(Sine.backward))

    class Cosine(world.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.cos()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x.sin()

    return Sine


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("mode", [None, "every", "projections"])
def test_wrong_second_gradient(world, mode):
    x = world.tensor(X)
    assert_gradients(second(world), x, order=1, mode=mode)
    report = check_gradients(second(world), x, mode=mode)
    wrong = [row for row in report.rows if row.verdict == "wrong"]
    assert [(row.input, row.order, row.kind) for row in wrong] == [("x", 2, "wrong sign")]
    assert "(second gradient)" in str(report)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("mode", [None, "every", "projections"])
def test_second_gradient_of_what_is_detached(world, mode):
    report = check_gradients(second(world, detached=True), world.tensor(X), mode=mode)
    wrong = [row for row in report.rows if row.verdict == "wrong"]
    assert [(row.input, row.order, row.kind) for row in wrong] == [("x", 2, "no gradient")]
    assert "cannot be differentiated again" in str(report)


@pytest.mark.parametrize("world", WORLDS)
def test_refused_second_gradient_is_only_noted(world):
    report = check_gradients(second(world, once=True), world.tensor(X))
    assert report.ok
    assert any("once_differentiable" in finding.text for finding in report.findings)


def test_numpy_functions_have_no_second_order():
    report = check_gradients((np.sin, lambda g, x: g * np.cos(x)), X)
    assert report.ok and [row.order for row in report.rows] == [1]
    assert any("second order was not checked" in finding.text for finding in report.findings)


# -- what is refused -------------------------------------------------------------------------------


def test_refusals():
    sine = (np.sin, lambda g, x: g * np.cos(x))
    for options in ({"order": 3}, {"against": "luck"}, {"mode": "some"}, {"kinks": "ignore"}, {"names": ["a", "b"]}):
        with pytest.raises(ValueError):
            check_gradients(sine, X, **options)
    with pytest.raises(ValueError, match="no floating input"):
        check_gradients(sine, np.arange(3))
    with pytest.raises(ValueError, match="no floating input"):
        check_gradients(tinygrad_mlp.abs, tinygrad_mlp.tensor([1, 2]))
    with pytest.raises(ValueError, match="returns no floating"):
        check_gradients(lambda x: x.argmax(), tinygrad_mlp.tensor(X))
    with pytest.raises(TypeError, match="can be checked"):
        check_gradients("sin", X)


def test_an_exception_of_the_function_at_the_point_is_passed_on():
    with pytest.raises(np.linalg.LinAlgError):
        check_gradients((np.linalg.inv, lambda g, x: g), np.zeros((2, 2)))


# -- the report ------------------------------------------------------------------------------------


def test_the_report_as_json():
    facts = json.loads(check_gradients((np.sin, lambda g, x: g * np.inf), X).to_json())
    assert facts["ok"] is False and facts["judge"] == "complex steps"
    (row,) = facts["rows"]
    assert row["input"] == "x" and row["kind"] == "nan" and row["given"] in ("inf", "-inf")


def test_an_empty_input_is_right():
    for mode in ("every", "projections"):
        assert_gradients(tinygrad_mlp.sin, tinygrad_mlp.zeros(0, 3, dtype=tinygrad_mlp.float64), mode=mode)
    assert_gradients((np.sin, lambda g, x: g * np.cos(x)), np.zeros((2, 0)))


def test_a_single_number():
    assert_gradients((np.sin, lambda g, x: g * np.cos(x)), np.float64(0.5))
    assert_gradients(torch.sin, torch.tensor(0.5))
