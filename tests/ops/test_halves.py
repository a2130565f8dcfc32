"""float16 against torch: every row of the derivative table, and what is made of rows.

A result may be one unit in the last place from torch's. Torch's gradients are often the worse ones, because many of its
formulas round every step to float16 where a rule here runs in float32: so a result may also be as near to the truth,
which is torch's in float64, as torch's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp
from support import oracle
from support.row_calls import InTorch, Ours
from support.row_inputs import normal
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.testing import operator_inputs

LIMITS = np.finfo(np.float16)
SPECIAL = np.array([0.0, -0.0, 1, -1, 0.5, 2, np.inf, -np.inf, np.nan, 6e-8, -6e-8, LIMITS.max, LIMITS.min], np.float16)


def numbers(rng: Any, manner: str, n: int) -> Any:
    """Numbers of float16: normal, up to the largest, down to the smallest, or special ones among normal ones."""
    signs = rng.choice([-1.0, 1.0], n)
    found = {
        "normal": lambda: rng.normal(size=n),
        "large": lambda: signs * rng.uniform(1e4, 6e4, n),
        "tiny": lambda: signs * 10.0 ** rng.uniform(-7, -4, n),
        "special": lambda: np.where(rng.random(n) < 0.3, rng.choice(SPECIAL, n), rng.normal(size=n)),
    }[manner]()
    return found.astype(np.float16)


# -- how near --------------------------------------------------------------------------------------

FEW = 4  # units that a saved output, which is rounded, may add in a rule: to the cube of it in rsqrt's
# The exponential of what was saved: as many as its size, of which a logarithm of float16 numbers has up to 2**6 here.
OF_A_SAVED_LOGARITHM = 64


def unit(x: Any) -> Any:
    """The unit in the last place of each element."""
    return np.spacing(np.abs(np.where(np.isfinite(x), x, 0)).astype(np.float16)).astype(float)


def near(ours: Any, theirs: Any, truth: Callable[[], Any], what: str, units: float = 1.01, few: float = FEW) -> None:
    """AssertionError unless two arrays are alike; those of float16 by the units, or as near to the truth."""
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), what
    same = (ours == theirs) | ((ours != ours) & (theirs != theirs))
    if ours.dtype == np.float16 and not same.all():
        a, b = ours.astype(float), theirs.astype(float)
        finite = np.isfinite(a) & np.isfinite(b)
        distance = np.abs(np.where(finite, a, 0) - np.where(finite, b, 0))
        same |= finite & (distance <= units * np.maximum(unit(ours), unit(theirs)))
        if not same.all():
            same |= as_true(a, b, np.asarray(truth(), float), few)
    assert same.all(), f"{what}: {ours[~same].tolist()}, torch {theirs[~same].tolist()}, true {truth()[~same].tolist()}"


def as_true(ours: Any, theirs: Any, truth: Any, few: float) -> Any:
    """Where ours is true, or not much farther from it than torch's. Where torch itself overflows, ours may."""
    with np.errstate(all="ignore"):
        rounded = np.asarray(truth.astype(np.float16))
        allowed = np.maximum(few * unit(rounded), 2 * np.abs(theirs - truth))
        exact = (ours == rounded) | ((ours != ours) & (truth != truth))
        overflow = np.isfinite(truth) & ~np.isfinite(theirs)
        return exact | overflow | (np.abs(ours - truth) <= allowed)


# -- every row -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TABLE))
@given(data=st.data())
@settings(max_examples=settings().max_examples // 2)
@pytest.mark.filterwarnings("ignore")
def test_rows(name: str, data: Any) -> None:
    """Values and gradients, as arrays and recorded."""
    row = TABLE[name]
    args = data.draw(operator_inputs(row, "float16", tensors=False))
    needs = [True] * 9
    theirs, ours = InTorch(row, args, needs), Ours(row, args, needs)
    wide = theirs.changed(lambda x: x.astype(np.float64))
    expected = oracle.outcome(lambda: theirs.results)
    if isinstance(expected, Exception):  # torch has no kernel for float16, or refuses the arguments
        return
    nothing = any(isinstance(x, np.ndarray) and not x.size for x in args)
    if nothing and isinstance(oracle.outcome(lambda: ours.results), NotImplementedError):
        return  # where nothing is to be computed torch starts no kernel, and so misses none

    few = OF_A_SAVED_LOGARITHM if name == "logcumsumexp" else FEW

    def compare(what: str) -> None:
        for i, (mine, other) in enumerate(zip(getattr(ours, what), getattr(theirs, what), strict=True)):
            near(
                *map(oracle.to_numpy, (mine, other)), lambda i=i: oracle.to_numpy(getattr(wide, what)[i]), what, few=few
            )

    compare("results")
    if not theirs.roots or not theirs.arguments[1] or row.node_name == "NotImplemented":
        return
    theirs.cotangents = [data.draw(normal(tuple(x.shape))).astype(oracle.to_numpy(x).dtype) for x in theirs.roots]
    ours.cotangents, wide.cotangents = theirs.cotangents, [x.astype(np.float64) for x in theirs.cotangents]
    if isinstance(oracle.outcome(lambda: theirs.plain), RuntimeError):  # no derivative, or none for float16
        return
    for what in ("plain", "first"):
        compare(what)


# -- what is made of rows --------------------------------------------------------------------------

Program = Callable[..., Any]


def of_functional(name: str, **options: Any) -> Program:
    return lambda m, *xs: getattr(m.nn.functional, name)(*xs, **options)


def statistics(m: Any, x: Any) -> Any:
    norm = m.nn.BatchNorm1d(7).to(m.float16 if x.dtype == m.float16 else m.float64)
    norm(x)
    return m.cat([norm.running_mean, norm.running_var])


TARGET = [0, 1, 2, 3, 6]
LOSSES = {
    **{
        f"{name}, {reduction}": of_functional(name, reduction=reduction)
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
        for reduction in ("none", "mean", "sum")
    },
    **{
        f"cross_entropy, {reduction}": lambda m, x, y, reduction=reduction: m.nn.functional.cross_entropy(
            x, m.tensor(TARGET), m.abs(y[0]).detach(), reduction=reduction
        )
        for reduction in ("none", "mean", "sum")
    },
    "nll_loss": lambda m, x, y: m.nn.functional.nll_loss(x, m.tensor(TARGET)),
}
LAYERS = {
    "linear": lambda m, x, y: m.nn.functional.linear(x, y, x[:, 0]),
    "layer_norm": lambda m, x, y: m.nn.functional.layer_norm(x, (7,), y[0], y[1]),
    "the statistics of a batch": lambda m, x, y: statistics(m, x),
    "log_softmax of columns": lambda m, x, y: m.log_softmax(x, 0),
    "log_softmax of rows": lambda m, x, y: m.log_softmax(x, 1),
}
BESIDE = {
    **{
        f"{name}, {alpha}": lambda m, x, y, name=name, alpha=alpha: getattr(m, name)(x, y, alpha=alpha)
        for name in ("add", "sub", "rsub")
        for alpha in (0.1, 3)
    },
    "add in place": lambda m, x, y: x.clone().add_(y, alpha=-0.3),
    "sub in place": lambda m, x, y: x.clone().sub_(y, alpha=7),
    "mul and div in place": lambda m, x, y: x.clone().mul_(1e-9).mul_(7e4).div_(7e4),
    "remainder": lambda m, x, y: x % 3.3,
    "fmod": lambda m, x, y: m.fmod(x, 0.1),
    "power of a number": lambda m, x, y: 3.3**x,
    "power by nearly 0": lambda m, x, y: x.detach().abs() ** 1e-9,
    "number minus": lambda m, x, y: 0.1 - x,
    "plus more than it holds": lambda m, x, y: x + 7e4,
    "times more than it holds": lambda m, x, y: x * 7e4,
    "over more than it holds": lambda m, x, y: x / 7e4,
    "lerp": lambda m, x, y: m.lerp(x, y, 0.1),
    "a tensor of one number": lambda m, x, y: x * m.tensor(1e-9),
    "over a tensor of one number": lambda m, x, y: x / m.tensor(7e4, dtype=m.float64),
    "rms_norm": lambda m, x, y: m.nn.functional.rms_norm(x, (7,)),
    "rms_norm with a weight": lambda m, x, y: m.nn.functional.rms_norm(x, (7,), y[0], 0.125),
    "index_add": lambda m, x, y: x.index_add(0, m.tensor([1, 1, 1, 1, 0]), y),
    "index_select": lambda m, x, y: x.index_select(0, m.tensor([1, 1, 1, 1, 0])),
    "gather": lambda m, x, y: x.gather(0, m.zeros(5, 7, dtype=m.int64)),
    "scatter_add": lambda m, x, y: x.scatter_add(0, m.zeros(5, 7, dtype=m.int64), y),
    "as_strided": lambda m, x, y: x.as_strided((9, 7), (0, 1)),
    "indices": lambda m, x, y: x[[1, 1, 1, 1, 0]],
}
PROGRAMS: dict[str, Program] = {**LOSSES, **LAYERS, **BESIDE}


def run(m: Any, program: Program, arrays: Any, dtype: str) -> list[Any]:
    """The result of a program, and the gradients of what it is given."""
    xs = [m.tensor(x.tolist(), dtype=getattr(m, dtype)).requires_grad_() for x in arrays]
    result = program(m, *xs)
    g = np.random.default_rng(1).normal(size=tuple(result.shape)).astype(np.float16)
    found = []
    if result.requires_grad:
        found = m.autograd.grad(result, xs, m.tensor(g.tolist(), dtype=result.dtype), allow_unused=True)
    return [np.array(x.detach().numpy()) for x in (result, *found) if x is not None]


@pytest.mark.parametrize("manner", ["normal", "large", "tiny"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str, manner: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        arrays = [numbers(rng, manner, 35).reshape(5, 7) for _ in range(2)]
        ours, theirs, wide = (
            run(m, PROGRAMS[name], arrays, dtype)
            for m, dtype in ((tinygrad_mlp, "float16"), (torch, "float16"), (torch, "float64"))
        )
        assert len(ours) == len(theirs)
        for mine, other, true in zip(ours, theirs, wide, strict=True):
            near(mine, other, lambda true=true: true, name)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("number", [0.1, 1e-9, 7e4, -7e4])
def test_a_number_beside_float16_is_one_of_float16(name: str, number: float) -> None:
    x = [0.1, 0.0, -0.0, float("inf"), float("-inf"), 1e-7]
    ours, theirs = (getattr(m.tensor(x, dtype=m.float16), name)(number) for m in (tinygrad_mlp, torch))
    assert ours.tolist() == theirs.tolist()


OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.125}),
    "momentum": ("SGD", {"lr": 0.125, "momentum": 0.9}),
    "nesterov": ("SGD", {"lr": 0.125, "momentum": 0.9, "nesterov": True, "weight_decay": 0.125}),
    "dampening": ("SGD", {"lr": 0.125, "momentum": 0.9, "dampening": 0.5, "maximize": True}),
    "Adam": ("Adam", {"lr": 0.01, "eps": 1e-3}),
    "Adam, decay": ("Adam", {"lr": 0.01, "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.01, "eps": 1e-3}),
}


@pytest.mark.parametrize(
    "scale", [1, 100], ids=["", "large"]
)  # the square of a gradient of 300 is more than float16 holds
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str, scale: float) -> None:
    """Parameters and state after some steps. Torch rounds the learning rate to float16; here it is one already."""
    kind, options = OPTIMIZERS[name]

    def trained(m: Any) -> list[Any]:
        rng = np.random.default_rng(0)
        p = m.tensor((scale * rng.uniform(1, 2, 20)).astype(np.float16).tolist(), dtype=m.float16, requires_grad=True)
        optimizer = getattr(m.optim, kind)([p], **options)
        for _ in range(5):
            g = scale * rng.uniform(0.5, 3, 20)
            p.grad = m.tensor(g.astype(np.float16).tolist(), dtype=m.float16)
            optimizer.step()
        state = optimizer.state[p] if kind != "SGD" or "momentum" in options else {}
        return [np.array(x.detach().numpy()) for x in (p, *(state[key] for key in sorted(state)))]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = trained(tinygrad_mlp)
    theirs = trained(torch)
    for mine, other in zip(ours, theirs, strict=True):
        near(mine, other, lambda mine=mine: np.full(mine.shape, np.nan), name, units=4.01)
