"""`by_hand` on the network of a course: every gradient of the backward by hand, right, and then broken one at a time.

The network is that of "Becoming a Backprop Ninja" (A. Karpathy, makemore): a linear layer, a batch norm in steps, tanh,
a linear layer and a cross entropy in steps, with a gradient by hand for each step.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp
from tinygrad_mlp.testing import ByHand, GradientError, by_hand

FORWARD = """
hprebn = emb @ W1 + b1
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bndiff2 = bndiff ** 2
bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = m.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdim=True)
counts_sum_inv = counts_sum ** -1
probs = counts * counts_sum_inv
logprobs = probs.log()
loss = -logprobs[rows, y].mean()
"""

BACKWARD = """
dlogprobs = m.zeros_like(logprobs)
dlogprobs[rows, y] = -1.0 / n
dprobs = (1.0 / probs) * dlogprobs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
dcounts_sum = (-counts_sum ** -2) * dcounts_sum_inv
dcounts = counts_sum_inv * dprobs + m.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts
dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
dlogits = dnorm_logits.clone()
dlogits[rows, logits.max(1).indices] += dlogit_maxes.reshape(-1)
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h ** 2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
dbnbias = dhpreact.sum(0, keepdim=True)
dbnraw = bngain * dhpreact
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
dbndiff2 = (1.0 / (n - 1)) * m.ones_like(bndiff2) * dbnvar
dbndiff = bnvar_inv * dbnraw + (2 * bndiff) * dbndiff2
dbnmeani = (-dbndiff).sum(0, keepdim=True)
dhprebn = dbndiff + 1.0 / n * (m.ones_like(hprebn) * dbnmeani)
demb = dhprebn @ W1.T
dW1 = emb.T @ dhprebn
db1 = dhprebn.sum(0)
"""
GRADIENTS = 24

FRAMEWORKS = pytest.mark.parametrize("m", [tinygrad_mlp, torch], ids=["ours", "torch"])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def network(m: Any, dtype: str = "float64", n: int = 6, seed: int = 0) -> dict[str, Any]:
    """The variables after forward and backward."""
    rng = np.random.default_rng(seed)
    shapes = {"emb": (n, 5), "W1": (5, 4), "b1": (4,), "bngain": (1, 4), "bnbias": (1, 4), "W2": (4, 3), "b2": (3,)}
    v: dict[str, Any] = {"m": m, "n": n, "rows": m.arange(n), "y": m.tensor(rng.integers(0, 3, n))}
    for name, shape in shapes.items():
        v[name] = m.tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)
    exec(FORWARD + BACKWARD, v)
    return v


def row_of(found: ByHand, name: str) -> Any:
    return next(row for row in found.rows if row.name == name)


# -- right -----------------------------------------------------------------------------------------


SHORT = """
dlogits = probs.detach().clone()
dlogits[rows, y] -= 1
dlogits = dlogits / n
dhpreact = (1 - h) * dh * (1 + h)
dhprebn = bngain * bnvar_inv / n * (
    n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0)
)
db1 = dhprebn.sum(0)
db2 = (h * 0 + 1).T[0] @ dlogits
"""


@FRAMEWORKS
@DTYPES
@settings(max_examples=settings.default.max_examples // 5)
@given(n=st.integers(2, 20), seed=st.integers(0, 2**32 - 1))
def test_every_gradient_of_the_network_is_right(m, dtype, n, seed):
    v = network(m, dtype, n, seed)
    found = by_hand(v["loss"], v)
    assert found.ok, found
    assert len(found.rows) == GRADIENTS
    assert {row.verdict for row in found.rows} <= {"exact", "equal within rounding"}
    found.assert_right()
    if n < 4:
        return  # the batch norm of two rows subtracts numbers thousands of times what is left, in other formulas only
    exec(SHORT, v)  # other formulas for the same gradients
    found = by_hand(v["loss"], v)
    assert found.ok, found


@FRAMEWORKS
def test_arrays_lists_and_numbers_are_gradients_too(m):
    v = network(m)
    v["dW2"], v["db2"] = v["dW2"].detach().numpy(), v["db2"].detach().numpy().tolist()
    x = m.tensor(2.0, requires_grad=True)
    y = x * x
    assert by_hand(v["loss"], dW2=(v["dW2"], v["W2"]), db2=(v["db2"], v["b2"])).ok
    assert by_hand(y * y, dy=(8.0, y), dx=(32, x)).ok


@FRAMEWORKS
@given(numbers=st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_a_network_of_single_numbers(m, numbers):
    """As in micrograd; (1 - f * f) cancels where tanh saturates, and another formula for it does not."""
    a, b, c = (m.tensor(x, dtype=m.float64, requires_grad=True) for x in numbers)
    e = a * b
    d = e + c
    f = m.tanh(d)
    loss = f * f * a
    df = 2 * f * a
    dd = df / m.cosh(d) ** 2
    db = a * dd
    da = f * f + b * dd
    found = by_hand(loss, df=f, dd=d, de=(dd, e), da=a, db=b, dc=(dd, c))
    assert found.ok, found
    assert da is not db


@FRAMEWORKS
def test_a_function_without_a_second_derivative(m):
    class Double(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @m.autograd.function.once_differentiable
        def backward(ctx, g):
            return g * 2

    x = m.tensor([1.0, 2.0], requires_grad=True)
    h = Double.apply(x)
    loss = (h * h).sum()
    assert by_hand(loss, dh=(2 * h, h), dx=(8 * x, x)).ok


@FRAMEWORKS
def test_gradients_in_float32_of_a_network_in_float64(m):
    v = network(m)
    for name in ("dW1", "dh", "dlogits"):
        v[name] = v[name].float()
    found = by_hand(v["loss"], v)
    assert found.ok
    assert row_of(found, "dh").verdict == "equal within rounding"


# -- wrong -----------------------------------------------------------------------------------------

FAULTS = [
    ("dlogprobs", "dlogprobs = dlogprobs * n", "factor", "6 times too large, where 6 is the length of axis 0"),
    ("dlogprobs", "dlogprobs = dlogprobs / n", "factor", "6 times too small, where 6 is the length of axis 0"),
    ("dprobs", "dprobs = dlogprobs", "scaled by an input", "multiplied by probs once too often"),
    ("dcounts", "dcounts = counts_sum_inv * dprobs", "missing term", "a term is missing: dcounts_sum"),
    ("dcounts_sum", "dcounts_sum = counts_sum ** -2 * dcounts_sum_inv", "wrong sign", "the sign is wrong"),
    ("dW2", "dW2 = dlogits.T @ h", "transposed", "transposed: its shape is (3, 4) where (4, 3) is right"),
    ("db2", "db2 = dlogits", "not summed over a broadcast axis", "the broadcast axis 0 is not summed"),
    ("db2", "db2 = dlogits.sum(0, keepdim=True)", "wrong shape", "the numbers are right"),
    ("db2", "db2 = dlogits.mean(0)", "factor", "6 times too small"),
    ("dlogits", "dlogits = dlogits[:2]", "wrong shape", "its shape is (2, 3) where (6, 3) is right"),
    ("dhpreact", "dhpreact = dh", "missing term", "a term is missing: -dh * h**2"),
    ("dhpreact", "dhpreact = (1 + h ** 2) * dh", "extra term", "has dh * h**2 the wrong sign?"),
    ("dhpreact", "dhpreact = 1 - h ** 2", "scaled by an input", "it should be multiplied by dh"),
    ("dbndiff", "dbndiff = bnvar_inv * dbnraw", "missing term", "a term is missing: 2 * bndiff * dbndiff2"),
    ("dbndiff", "dbndiff = dbndiff - bndiff * dbndiff2", "missing term", "a term is missing: bndiff * dbndiff2"),
    ("dbnvar", "dbnvar = 2 * dbnvar", "factor", "twice too large: is a term counted twice?"),
    ("dbnvar", "dbnvar = dbnvar / 2", "factor", "half of what it should be: is a factor 2 missing?"),
    ("dbnvar", "dbnvar = -0.3 * dbnvar", "factor", "-0.3 times what it should be, in every entry"),
    ("dhprebn", "dhprebn = dbndiff", "missing term", "a term is missing: 0.166667 * dbnmeani"),
    ("dhprebn", "dhprebn = dbndiff + dbnmeani", "extra term", "there is a term too many: 0.833333 * dbnmeani"),
    ("dh", "dh = m.zeros_like(h)", "zero", "zero where a gradient should be"),
    ("dh", "dh = None", "zero", "there is none where a gradient should be"),
    ("dbngain", "dbngain = dbnbias", "swapped", "it equals the gradient of bnbias"),
    ("dW1", "dW1 = dW1 / 0", "nan", "infinite where a number should be"),
    ("dW1", "dW1 = dW1 * 0 / 0", "nan", "nan where a number should be"),
    ("demb", "demb = demb[[5, 0, 1, 2, 3, 4]]", "shifted", "off by one along axis 0"),
    ("dW1", "dW1 = dW1.clone(); dW1[1, 2] = 9", "one entry", "only entry (1, 2) is wrong (1 of 20 entries)"),
    ("dW1", "dW1 = dW1.clone(); dW1[1] = 0", "one row or column", "only row 1 is wrong: zero where"),
    ("dW1", "dW1 = dW1.clone(); dW1[:, 3] *= 2", "one row or column", "only column 3 is wrong: twice too large"),
    ("dh", "dh = dh ** 3", "other", "no simple reason is seen in the numbers"),
]


@pytest.mark.parametrize(("name", "line", "kind", "text"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_one_gradient_is_wrong_and_its_fault_is_named(name, line, kind, text):
    v = network(tinygrad_mlp)
    with np.errstate(all="ignore"):
        exec(line, v)
    found = by_hand(v["loss"], v)
    assert [row.name for row in found.rows if row.verdict == "wrong"] == [name]
    row = row_of(found, name)
    assert (row.kind, text in row.text) == (kind, True), row
    assert not found.ok
    with pytest.raises(GradientError) as caught:
        found.assert_right()
    assert str(caught.value) == str(found)
    assert caught.value.report is found


def at_once(faults: list[tuple[str, str, str, str]]) -> list[list[tuple[str, str, str, str]]]:
    """The faults in groups in which each is that of another gradient."""
    groups: list[list[tuple[str, str, str, str]]] = []
    for fault in faults:
        free = [group for group in groups if fault[0] not in {other[0] for other in group}]
        if free:
            free[0].append(fault)
        else:
            groups.append([fault])
    return groups


@FRAMEWORKS
@pytest.mark.parametrize("group", at_once(FAULTS))
def test_several_gradients_are_wrong_in_float32(m, group):
    v, right = network(m, "float32"), network(m, "float32")
    for name, line, _, _ in group:
        each = dict(right)
        with np.errstate(all="ignore"):
            exec(line, each)
        v[name] = each[name]
    found = by_hand(v["loss"], v)
    assert {row.name: row.kind for row in found.rows if row.verdict == "wrong"} == {f[0]: f[2] for f in group}
    assert all(text in row_of(found, name).text for name, _, _, text in group)


@FRAMEWORKS
def test_float32_inside(m):
    v = network(m)
    v["dW1"] = v["dW1"].float().double()
    assert row_of(by_hand(v["loss"], v), "dW1").kind == "float32 inside"


@FRAMEWORKS
@pytest.mark.parametrize(("dtype", "part"), [("float32", 1e-4), ("float64", 1e-12)])
def test_what_is_more_than_rounding_is_wrong(m, dtype, part):
    v = network(m, dtype, 20)
    names = ("dW1", "dbnvar", "dh", "db2", "dhprebn")
    for name in names:
        g = v[name].detach().clone()
        g[-1] += part * float(g.abs().max())
        v[name] = g
    assert {row.name for row in by_hand(v["loss"], v).rows if row.verdict == "wrong"} == set(names)


@FRAMEWORKS
def test_the_bound_is_a_few_roundings(m):
    eps = {"float32": 2.0**-23, "float64": 2.0**-52}
    for dtype in eps:
        v = network(m, dtype, 20)
        for row in by_hand(v["loss"], v).rows:
            largest = float(v[row.name].abs().max())
            if row.name not in ("db1", "dlogit_maxes", "dbnmeani"):  # which are 0, and nothing but rounding
                assert eps[dtype] * largest <= row.allowed <= 200 * eps[dtype] * largest, row


# -- which are checked -----------------------------------------------------------------------------


@FRAMEWORKS
@pytest.mark.parametrize("name", ["dx", "d_x", "grad_x", "x_grad", "gx"])
def test_the_names_of_a_gradient(m, name):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    variables: dict[str, Any] = {"x": x, name: 2 * x, "loss": (x * x).sum()}
    found = by_hand(variables["loss"], variables)
    assert [(row.name, row.of, row.verdict) for row in found.rows] == [(name, "x", "exact")]


@FRAMEWORKS
def test_names_and_pairs(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    loss = (h * 3).sum()
    dh, right = m.tensor([3.0, 3.0]), [6.0, 12.0]
    found = by_hand(loss, dh=h, upstream=(right, x))
    assert [(row.name, row.of) for row in found.rows] == [("dh", "h"), ("upstream", "x")]
    assert found.ok
    dx = m.tensor([6.0, -12.0])
    both = by_hand(loss, {"x": x, "dx": np.array(right)}, dh=h)
    assert [row.name for row in both.rows] == ["dx", "dh"]
    assert both.ok
    assert not by_hand(loss, dx=x).ok  # the variable of this function
    assert dh is not dx


dglobal = np.array([2.0, 4.0])


@FRAMEWORKS
def test_a_gradient_may_be_a_global_variable(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    assert by_hand((x * x).sum(), dglobal=x).ok


@FRAMEWORKS
def test_what_reads_like_a_gradient_and_has_no_partner_is_said(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    variables = {"x": x, "dx": 2 * x, "dlogits": x.detach(), "grad_h": np.ones(2), "data": 3.0, "dim": 1, "deep": "?"}
    found = by_hand((x * x).sum(), variables)
    assert found.ok
    assert found.without_partner == ("dlogits", "grad_h")
    assert str(found).endswith("without a variable that they would be the gradients of: dlogits, grad_h")


@FRAMEWORKS
def test_the_gradient_of_a_gradient_is_not_looked_for(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    variables = {"x": x, "dx": (2 * x).detach(), "ddx": m.tensor([2.0, 2.0])}
    assert [row.name for row in by_hand((x * x).sum(), variables).rows] == ["dx"]


# -- what cannot be judged, or not asked -----------------------------------------------------------


@FRAMEWORKS
def test_a_tensor_on_which_the_loss_does_not_depend(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    loss = (h * h).sum()
    h = x * 2  # computed again, after the loss
    found = by_hand(loss, dh=(2 * h, h))
    assert found.rows[0].kind == "not used"
    assert found.rows[0].text == "the loss does not depend on h: is it the one that was used?"
    assert by_hand(loss, dh=([0.0, 0.0], h)).rows[0].verdict == "exact"
    assert by_hand(loss, dh=(None, h)).ok


@FRAMEWORKS
def test_a_tensor_that_requires_no_grad_is_not_judged(m):
    x, w = m.tensor([1.0, 2.0]), m.tensor([3.0, 4.0], requires_grad=True)
    found = by_hand((x * w).sum(), dx=(w, x), dw=(x, w))
    assert [row.verdict for row in found.rows] == ["not judged", "exact"]
    assert found.rows[0].text == "x requires no grad, so that the tape does not lead to it"
    assert not found.ok


@FRAMEWORKS
def test_a_freed_tape(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="call backward\\(retain_graph=True\\)"):
        by_hand(loss, dx=(2 * x, x))


@FRAMEWORKS
def test_what_is_asked_wrongly(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    other = tinygrad_mlp if m is torch else torch
    with pytest.raises(NameError, match="there is no variable dxx where by_hand is called"):
        by_hand(loss, dxx=x)
    with pytest.raises(ValueError, match="no variable has a gradient beside it"):
        by_hand(loss, {"x": x, "dy": 2 * x})
    with pytest.raises(TypeError, match="nothing to check"):
        by_hand(loss)
    with pytest.raises(TypeError, match="ndarray is no tensor"):
        by_hand(loss, dx=([2.0, 4.0], np.ones(2)))
    with pytest.raises(TypeError, match="is not a tensor of the loss's framework"):
        by_hand(loss, dx=([2.0, 4.0], other.tensor([1.0, 2.0])))
    with pytest.raises(TypeError, match="it has no numbers"):
        by_hand(loss, dx=("two", x))
    with pytest.raises(TypeError, match="float has no tape"):
        by_hand(loss.item(), dx=(2 * x, x))
    with pytest.raises(RuntimeError, match="scalar outputs"):
        by_hand(x * x, dx=(2 * x, x))
    with pytest.raises(RuntimeError, match="does not require grad"):
        by_hand(loss.detach(), dx=(2 * x, x))


# -- what stays as it is ---------------------------------------------------------------------------


@FRAMEWORKS
def test_gradients_that_backward_left_stay(m):
    x = m.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    k = h.exp()
    h.retain_grad()
    k.retain_grad()
    loss = (k * h).sum()
    loss.backward(retain_graph=True)
    before = [(t, t.grad, t.grad.tolist()) for t in (x, h, k)]
    assert by_hand(loss, dh=(k * (1 + h), h), dx=(2 * x * k * (1 + h), x)).ok
    assert all(t.grad is g and g.tolist() == numbers for t, g, numbers in before)


@FRAMEWORKS
def test_nothing_is_left_on_the_tape_and_no_generator_moves(m):
    v = network(m)
    leaves = [v["W1"], v["b2"]]
    before = [g.tolist() for g in m.autograd.grad(v["loss"], leaves, retain_graph=True)]
    states = (np.random.get_state()[1].tolist(), m.get_rng_state().tolist())
    assert by_hand(v["loss"], v).ok
    assert states == (np.random.get_state()[1].tolist(), m.get_rng_state().tolist())
    assert before == [g.tolist() for g in m.autograd.grad(v["loss"], leaves, retain_graph=True)]


def test_torch_and_hypothesis_are_not_imported():
    program = """
import sys
import tinygrad_mlp as m
import tinygrad_mlp.testing
assert not {"torch", "hypothesis", "pytest", "numpy.testing", "tinygrad_mlp.testing.handwritten"} & set(sys.modules)
x = m.tensor([1.0, 2.0], requires_grad=True)
dx = 2 * x
print(tinygrad_mlp.testing.by_hand((x * x).sum(), locals()).ok)
assert not {"torch", "hypothesis", "pytest"} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("True\n", "")
