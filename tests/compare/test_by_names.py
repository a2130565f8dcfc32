"""Two programs by the names of their variables: what is the same, the first value that differs, and its stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinygrad_mlp.compare.names.programs import ByNames, CannotStart, programs

BY_HAND = """\
import numpy as np

N, D_in, H, D_out = 16, 30, 20, 5
x = np.random.randn(N, D_in)
y = np.random.randn(N, D_out)
w1 = np.random.randn(D_in, H)
w2 = np.random.randn(H, D_out)
learning_rate = 1e-4
for t in range(5):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)
    loss = np.square(y_pred - y).sum()
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h_relu = grad_y_pred.dot(w2.T)
    grad_h = grad_h_relu.copy()
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)
    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2
"""
MODEL = """\
import torch

N, D_in, H, D_out = 16, 30, 20, 5
x = torch.randn(N, D_in)
y = torch.randn(N, D_out)
w1 = torch.randn(D_in, H, requires_grad=True)
w2 = torch.randn(H, D_out, requires_grad=True)
learning_rate = 1e-4
for t in range(5):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w1 -= learning_rate * w1.grad
        w2 -= learning_rate * w2.grad
        w1.grad.zero_()
        w2.grad.zero_()
"""


@pytest.fixture
def compared(tmp_path: Path) -> Any:
    """Compares two programs that are given as text, under this package unless torch is asked for."""

    def compare(first: str, second: str, **options: Any) -> ByNames:
        for name, text in (("by_hand.py", first), ("model.py", second)):
            (tmp_path / name).write_text(text)
        options = {"under": "tinygrad_mlp", **options}
        return programs(str(tmp_path / "by_hand.py"), str(tmp_path / "model.py"), **options)

    return compare


def changed(program: str, *changes: tuple[str, str]) -> str:
    """A program with a fault."""
    for old, new in changes:
        assert program.count(old) == 1
        program = program.replace(old, new)
    return program


@pytest.mark.parametrize("under", ["torch", "tinygrad_mlp"])
def test_the_tutorial_s_network_by_hand_is_that_of_autograd(compared: Any, under: str) -> None:
    sizes = ("N, D_in, H, D_out = 16, 30, 20, 5", "N, D_in, H, D_out = 64, 1000, 100, 10"), ("1e-4", "1e-6")
    result = compared(changed(BY_HAND, *sizes), changed(MODEL, *sizes), under=under, weights_from="first")
    assert result.same, str(result)
    result.assert_same()
    assert result.verdict.startswith("same ")
    names = [row.name for row in result.found.rows]
    gradients = ["grad_y_pred = y_pred.grad", "grad_w2 = w2.grad", "grad_w1 = w1.grad"]
    assert names == ["x", "y", "w1", "w2", "learning_rate", "y_pred", "loss", *gradients]
    assert [row.counts for row in result.found.rows] == [(1, 1), (1, 1), (6, 6), (6, 6), (1, 1), *[(5, 5)] * 5]
    assert all(row.largest is not None and row.largest < 1e-9 for row in result.found.rows)
    assert [each.shown for each in result.found.only[0]] == ["h", "h_relu", "grad_h_relu", "grad_h"]
    assert result.found.handed is not None
    assert result.found.handed.names == ("x", "y", "w1", "w2")
    assert "handed over from by_hand.py to model.py: x, y, w1, w2" in str(result)


def test_the_weights_of_the_second_program_in_the_first(compared: Any) -> None:
    result = compared(BY_HAND, MODEL, weights_from="second")
    assert result.same, str(result)
    assert result.found.handed is not None
    assert (result.found.handed.giver, result.found.handed.taker) == ("model.py", "by_hand.py")


# A fault in the first program or in the second; the stage, the step and the name that are blamed, the two lines, and
# what is said of it.
FAULTS: dict[str, tuple[Any, Any, str, int | None, str, tuple[int, int], str]] = {
    "the factor of the loss's gradient": (
        [("2.0 * (y_pred - y)", "(y_pred - y)")], [],
        "gradient", 1, "grad_y_pred = y_pred.grad", (14, 12), "model.py has 2 times the value of by_hand.py.",
    ),
    "no mask of the ReLU": (
        [("    grad_h[h < 0] = 0\n", "\n")], [], "gradient", 1, "grad_w1 = w1.grad", (19, 12), "",
    ),
    "another learning rate in one update": (
        [], [("learning_rate * w2.grad", "2 * learning_rate * w2.grad")],
        "update", 1, "w2", (21, 15),
        "The gradients before it are the same. model.py adds to w2: -0.0002 x the gradient.",
    ),
    "another learning rate": (
        [("learning_rate = 1e-4", "learning_rate = 2e-4")], [],
        "setting", None, "learning_rate", (8, 8), "by_hand.py has 2 times the value of model.py.",
    ),
    "momentum in one": (
        [("learning_rate = 1e-4", "learning_rate = 1e-4; v = 0"),
         ("w1 -= learning_rate * grad_w1", "v = 0.9 * v + grad_w1; w1 -= learning_rate * v")], [],
        "update", 2, "w1", (20, 14), "by_hand.py adds to w1: -0.0001 x the gradient + 0.9 x the change before.",
    ),
    "weight decay in one": (
        [], [("w1 -= learning_rate * w1.grad", "w1 -= learning_rate * (w1.grad + 3 * w1)")],
        "update", 1, "w1", (20, 14), "model.py adds to w1: -0.0001 x the gradient - 0.0003 x the weight.",
    ),
    "clipping in one": (
        [("    w1 -=", "    grad_w1 *= 1 / np.sqrt((grad_w1 ** 2).sum())\n    w1 -=")], [],
        "update", 1, "w1", (21, 14), "no longer the same (by_hand.py:20 and model.py:12), as after clipping.",
    ),
    "a forward without ReLU": (
        [("np.maximum(h, 0)", "h")], [], "forward", 1, "y_pred", (12, 10), "",
    ),
    "the mean of the loss and its sum": (
        [], [("pow(2).sum()", "pow(2).mean()")], "loss", 1, "loss", (13, 11),
        "That is the number of elements of y_pred: a sum in one, a mean in the other.",
    ),
    "a factor that comes late": (
        [], [("(y_pred - y).pow(2).sum()", "((y_pred - y).pow(2) * (1 if t < 3 else 1.001)).sum()")],
        "loss", 4, "loss", (13, 11), "model.py has 1.001 times the value of by_hand.py.",
    ),
    "an update is missing": (
        [], [("        w2 -= learning_rate * w2.grad\n", "\n")],
        "update", 1, "w2", (21, 7), "model.py does not change w2 here.",
    ),
    "the weights are updated before the backward of the other": (
        [("    w2 -= learning_rate * grad_w2\n", ""),
         ("    grad_h_relu =", "    w2 -= learning_rate * grad_w2\n    grad_h_relu =")], [],
        "gradient", 1, "grad_w1 = w1.grad", (20, 12), "",
    ),
    "a sign": (
        [("w2 -= learning_rate", "w2 += learning_rate")], [], "update", 1, "w2", (21, 15),
        "by_hand.py adds to w2: 0.0001 x the gradient.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_stage_and_lines(compared: Any, fault: str) -> None:
    first, second, stage, step, name, lines, hint = FAULTS[fault]
    result = compared(changed(BY_HAND, *first), changed(MODEL, *second), weights_from="first")
    found = result.found.difference
    assert found is not None, str(result)
    assert not result.same
    assert (found.stage, found.step, found.name) == (stage, step, name), str(result)
    assert tuple(place.line for place in found.places) == lines
    shown = str(result)
    text = changed(BY_HAND, *first).splitlines()[lines[0] - 1].strip()
    assert f"by_hand.py:{lines[0]}" in shown
    assert text in shown
    for sentence in hint.split(". "):
        assert sentence in " ".join(found.hints)
    with pytest.raises(AssertionError, match=name.replace(".", r"\.")):
        result.assert_same()


def test_other_initial_weights_and_other_data_without_handing_over(compared: Any) -> None:
    seeded = changed(BY_HAND, ("import numpy as np\n", "import numpy as np\nnp.random.seed(3)\n"))
    result = compared(BY_HAND, seeded)
    assert result.found.difference.stage == "data"
    assert result.verdict.startswith("they have other data: x differs by ")
    scaled = changed(BY_HAND, ("w1 = np.random.randn(D_in, H)", "w1 = np.random.randn(D_in, H)\nw1 *= 0.5"))
    result = compared(BY_HAND, scaled)
    assert result.verdict.startswith("they have other initial weights: w1 differs by ")
    assert [place.line for place in result.found.difference.places] == [6, 7]
    assert "by_hand.py has 2 times the value of model.py." in result.found.difference.hints
    assert compared(BY_HAND, scaled, weights_from="first").same


@pytest.mark.parametrize("program", [BY_HAND, MODEL])
def test_the_same_program_twice_is_the_same_to_the_last_bit(compared: Any, program: str) -> None:
    result = compared(program, program)
    assert result.verdict == "same to the last bit"
    assert result.same
    assert not result.found.only[0]
    assert not result.found.only[1]


def test_names_that_are_given_modules_and_transposes(compared: Any) -> None:
    model = """\
import torch
torch.manual_seed(1)
data = torch.randn(16, 30)
y = torch.randn(16, 5)
net = torch.nn.Sequential(torch.nn.Linear(30, 20, bias=False), torch.nn.ReLU(), torch.nn.Linear(20, 5, bias=False))
optimizer = torch.optim.SGD(net.parameters(), lr=LR)
for t in range(5):
    optimizer.zero_grad()
    out = net(data)
    loss = torch.nn.functional.mse_loss(out, y, reduction="sum")
    loss.backward()
    optimizer.step()
"""
    names = (
        "x=data,y_pred=out,w1=net.0.weight.T,w2=net.2.weight.T,grad_w1=net.0.weight.grad.T,grad_w2=net.2.weight.grad.T"
    )
    right = compared(BY_HAND, model.replace("LR", "1e-4"), names=names, weights_from="first")
    assert right.same, str(right)
    assert {row.name for row in right.found.rows} >= {"w1 = net.0.weight.T", "grad_w2 = net.2.weight.grad.T"}
    assert all(row.largest is not None for row in right.found.rows)
    wrong = compared(BY_HAND, model.replace("LR", "1e-4, momentum=0.5"), names=names, weights_from="first")
    assert (wrong.found.difference.stage, wrong.found.difference.step) == ("update", 2)
    assert wrong.found.difference.places[1].line == 12
    assert "model.py adds to" in wrong.found.difference.hints[-1]
    assert "+ 0.5 x the change before" in wrong.found.difference.hints[-1]


def test_functions_and_dictionaries(compared: Any) -> None:
    program = """\
import numpy as np
def gradients(params, x):
    h = np.tanh(x @ params["W"])
    return {"W": x.T @ (1 - h * h)}
params = {"W": np.random.randn(3, 2)}
x = np.random.randn(4, 3)
for _ in range(3):
    grads = gradients(params, x)
    params["W"] -= 0.1 * grads["W"]
"""
    same = compared(program, changed(program, ("np.tanh(x @", "np.tanh( x @")))
    assert same.same
    assert [row.name for row in same.found.rows] == ["params.W", "x", "gradients:h", "grads.W"]
    assert [row.counts for row in same.found.rows] == [(4, 4), (1, 1), (3, 3), (3, 3)]
    wrong = compared(program, changed(program, ("(1 - h * h)", "(1 - h)")))
    assert wrong.found.difference.name == "grads.W"
    assert wrong.found.difference.stage == "gradient"
    autograd = """\
import torch
W = torch.randn(3, 2, requires_grad=True)
x = torch.randn(4, 3)
for _ in range(3):
    h = torch.tanh(x @ W)
    h.sum().backward()
    with torch.no_grad():
        W -= 0.1 * W.grad
        W.grad = None
"""
    both = compared(program, autograd, weights_from="first")
    assert both.same, str(both)
    assert [row.name for row in both.found.rows] == ["params.W = W", "x", "h", "grads.W = W.grad"]


LAYERS = """\
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(64, 8)), rng.normal(size=(64, 1))

class Linear:
    def __init__(self, n, m):
        self.W = rng.normal(size=(n, m)) * 0.3
        self.b = np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(0)
        return g @ self.W.T

fc1, fc2 = Linear(8, 16), Linear(16, 1)

def main():
    for epoch in range(2):
        perm = rng.permutation(64)
        for i in range(0, 64, 16):
            xb, yb = X[perm[i:i + 16]], Y[perm[i:i + 16]]
            h = fc1.forward(xb)
            a = np.maximum(h, 0)
            out = fc2.forward(a)
            loss = ((out - yb) ** 2).mean()
            dout = 2 * (out - yb) / out.size
            da = fc2.backward(dout)
            dh = da * (h > 0)
            fc1.backward(dh)
            for layer in (fc1, fc2):
                layer.W -= 0.1 * layer.dW
                layer.b -= 0.1 * layer.db

if __name__ == "__main__":
    main()
"""
NET = """\
import torch
import torch.nn.functional as F
from torch import nn

X, Y = torch.randn(64, 8, dtype=torch.float32), torch.randn(64, 1, dtype=torch.float32)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 1)

    def forward(self, x):
        h = self.fc1(x)
        a = F.relu(h)
        return self.fc2(a)

net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(2):
    perm = torch.randperm(64)
    for i in range(0, 64, 16):
        xb, yb = X[perm[i:i + 16]], Y[perm[i:i + 16]]
        out = net(xb)
        loss = F.mse_loss(out, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
"""


def test_layers_by_hand_in_batches_and_a_module(compared: Any) -> None:
    """All of the first program's batches are handed over; float32 stays, because the second program asks for it."""
    layers = [
        f"{each}.{own}" for each in ("fc1", "fc2") for own in ("W=%s.weight.T", "dW=%s.weight.grad.T", "b=%s.bias")
    ]
    names = [each % f"net.{each[:3]}" for each in layers]
    same = compared(LAYERS, NET, names=names, weights_from="first")
    assert same.same, str(same)
    stages = {row.name: row.stage for row in same.found.rows}
    assert stages["perm"] == stages["xb"] == "data"
    assert stages["h"] == stages["a"] == stages["out"] == "forward"
    assert stages["dout = out.grad"] == stages["dh = h.grad"] == stages["fc1.dW = net.fc1.weight.grad.T"] == "gradient"
    assert stages["fc1.W = net.fc1.weight.T"] == "weights"
    assert {"float64", "float32"} == set(next(row.dtypes for row in same.found.rows if row.name == "h"))
    fault = changed(LAYERS, ("dh = da * (h > 0)", "dh = da * (h > 0) if i else da"))
    wrong = compared(fault, NET, names=names, weights_from="first").found.difference
    assert (wrong.name, wrong.stage, wrong.step) == ("dh = h.grad", "gradient", 1)
    assert any("They are all 0 in model.py, and not in by_hand.py" in hint for hint in wrong.hints)


def test_a_program_that_goes_on_has_more_values(compared: Any) -> None:
    result = compared(BY_HAND, changed(BY_HAND, ("range(5)", "range(3)")))
    assert not result.same
    assert result.verdict == "other numbers of values: w1 has 6 in by_hand.py and 4 in model.py"
    assert result.found.difference is None


def test_a_program_that_raises_is_compared_until_then(compared: Any) -> None:
    stops = changed(BY_HAND, ("    w2 -= learning_rate", "    w2 -= (1 / (t - 2)) * 0 + learning_rate"))
    result = compared(BY_HAND, stops)
    assert not result.same
    assert result.verdict == "model.py stops at model.py:21: ZeroDivisionError: division by zero"
    assert "w2 -= (1 / (t - 2)) * 0 + learning_rate * grad_w2" in str(result)
    assert result.found.ended[1].place.line == 21


def test_rounding_in_float32_is_judged_in_float64(compared: Any) -> None:
    program = """\
import torch
x = torch.rand(1000)
total = x.sum()
small = total - {}
"""
    one, other = program.format("x.sum()"), program.format("x.flip(0).cumsum(0)[-1]")
    result = compared(one + "big = small * 10\n", other + "big = small * 10\n", rtol=1e-9, atol=1e-10)
    assert result.same, str(result)
    assert result.found.in_float32 is not None
    assert "In float32 they differ, by rounding alone:" in str(result)


def test_shapes_dtypes_and_whole_numbers(compared: Any) -> None:
    first = "import numpy as np\nlabels = np.arange(5)\nb = np.ones((1, 3))\nmask = labels > 2\n"
    assert compared(first, first.replace("np.arange(5)", "np.arange(5, dtype=np.int32)")).same
    assert compared(first, first.replace("np.ones((1, 3))", "np.ones(3)")).same
    shape = compared(first, first.replace("np.ones((1, 3))", "np.ones((2, 3))"))
    assert shape.found.difference.name == "b"
    assert "the shapes are not the same" in str(shape)
    assert shape.verdict == "they have other data: b has the shapes (1, 3) and (2, 3) (by_hand.py:3 and model.py:3)"
    label = compared(first, first.replace("np.arange(5)", "np.array([0, 1, 2, 3, 5])"))
    assert (label.found.difference.name, label.found.difference.index) == ("labels", (4,))
    nan = compared(first, first.replace("np.ones((1, 3))", "np.array([[1, np.nan, 1]])"))
    assert nan.found.difference.index == (0, 1)
    assert "1 of the 3 elements in model.py are nan or infinite." in nan.found.difference.hints


def test_the_report_for_programs(compared: Any) -> None:
    result = compared(BY_HAND, changed(MODEL, ("2.0", "2.0")) if "2.0" in MODEL else MODEL, weights_from="first")
    plain = json.loads(result.to_json())
    assert plain["same"] is True
    assert plain["difference"] is None
    assert plain["programs"] == ["by_hand.py", "model.py"]
    assert plain["handed_over"]["names"] == ["x", "y", "w1", "w2"]
    assert plain["only"][0] == ["h", "h_relu", "grad_h_relu", "grad_h"]
    wrong = json.loads(compared(BY_HAND, MODEL).to_json())
    assert wrong["difference"]["name"] == "x"
    assert wrong["difference"]["places"][0] == {
        "file": "by_hand.py", "line": 4, "text": "x = np.random.randn(N, D_in)"
    }  # fmt: skip


def test_what_cannot_be_compared(compared: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the second program assigns no numbers to 'weight'; it has: x, y, w1, w2"):
        compared(BY_HAND, MODEL, names="w1=weight")
    with pytest.raises(ValueError, match="'w1=' is neither a name nor two names"):
        compared(BY_HAND, MODEL, names=["w1="])
    with pytest.raises(ValueError, match=r"by_hand.py and model.py have no names in common"):
        compared("a = 1.0\n", "b = 1.0\n")
    with pytest.raises(ValueError, match="weights_from is 'first', 'second' or None"):
        compared(BY_HAND, MODEL, weights_from="third")
    with pytest.raises(CannotStart, match="No such file"):
        programs(str(tmp_path / "missing.py"), str(tmp_path / "model.py"), under="tinygrad_mlp")
    with pytest.raises(CannotStart, match="ZeroDivisionError"):
        compared("1 / 0\n", "b = 1.0\n")
    with pytest.raises(CannotStart, match="torch is not installed: pip install"):
        compared("raise ModuleNotFoundError(\"No module named 'torch'\")\n", "b = 1.0\n")
    with pytest.raises(CannotStart, match="invalid syntax"):
        compared("a = = 1\n", "b = 1.0\n")


def test_a_long_run_with_a_fault_late_in_it(compared: Any) -> None:
    program = """\
import numpy as np
w = np.ones(50)
for step in range(3000):
    loss = (w * w).sum()
    grad_w = 2 * w
    w = w - 1e-4 * grad_w
"""
    result = compared(program, changed(program, ("2 * w", "2 * w * (1 + 1e-5 * (step == 2345))")))
    found = result.found.difference
    assert (found.name, found.step, found.number) == ("grad_w", 2346, 2346), str(result)
