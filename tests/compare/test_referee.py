"""Who is wrong: by exact arithmetic, by both frameworks in float64, by differences of the forward."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from support.commands import environment
from tinygrad_mlp.compare import scripts
from tinygrad_mlp.compare.blame import Parting, Reader
from tinygrad_mlp.compare.case import NoCase, write_case
from tinygrad_mlp.compare.parting import Event
from tinygrad_mlp.compare.records import COTANGENT, OUTPUT, Call
from tinygrad_mlp.compare.referee import ROUNDING, exactly, judge

NAMES = ("tinygrad_mlp", "torch")


def parting(name: str, ours: Any, theirs: Any, *inputs: Any, text: str | None = None, **more: Any) -> Parting:
    """A parting at the first element of a result of a function."""
    call = Call(7, name, "function", "script.py", 3, 0)
    event = Event(call, call, OUTPUT, 0, (0, 0))
    theirs = np.asarray(theirs, np.float32)
    index = (0,) * theirs.ndim
    described = {"text": text or f"torch.{name}(x0)"}
    arrays = [np.asarray(x, np.float32) for x in inputs]
    more = {"described": described, **more}
    return Parting(event, np.asarray(ours, np.float32), theirs, index, 1.0, arrays, 1, **more)


FUNCTIONS = """exp exp2 expm1 log log1p log2 log10 sqrt rsqrt sin cos tan atan sinh cosh tanh asinh sigmoid erf erfc
    reciprocal square neg abs lgamma""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", FUNCTIONS)
def test_exact_arithmetic_says_what_torch_says(name: str) -> None:
    for x in (0.3, 0.7, 2.5):
        right = getattr(torch, name)(torch.tensor(x, dtype=torch.float32).double()).item()
        found = exactly(parting(name, [x], [x], [x]))
        assert found == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize("name", ["relu", "softplus", "logsigmoid", "gelu", "silu"])
def test_exact_activations_say_what_torch_says(name: str) -> None:
    for x in (-1.5, 0.25, 3.0):
        right = getattr(torch.nn.functional, name)(torch.tensor(x, dtype=torch.float64)).item()
        text = f"torch.nn.functional.{name}(x0)"
        assert exactly(parting(name, [x], [x], [x], text=text)) == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow", "atan2", "maximum", "minimum"])
def test_exact_functions_of_two_arrays_are_broadcast(name: str) -> None:
    x, y = np.array([[1.25, 2.0]], np.float32), np.array([[0.75], [3.0]], np.float32)
    right = getattr(torch, name)(torch.from_numpy(x).double(), torch.from_numpy(y).double())[0, 0].item()
    p = parting(name, np.zeros((2, 2)), np.ones((2, 2)), x, y, text=f"torch.{name}(x0, x1)")
    assert exactly(p) == pytest.approx(right, rel=1e-14)


def test_arguments_that_change_the_function_are_not_overlooked() -> None:
    assert exactly(parting("add", [1], [2], [1], [1], text="torch.add(x0, x1, alpha=2)")) is None
    assert exactly(parting("gelu", [1], [2], [1], text="torch.nn.functional.gelu(x0, approximate='tanh')")) is None
    assert exactly(parting("add", [1], [2], [1], text="torch.add(x0, 1)")) is None


def test_the_one_that_is_off_is_named() -> None:
    right = np.exp(np.float64(np.float32(1.1)))
    found = judge(parting("exp", [right * 1.001], [right], [1.1]), NAMES)
    assert found is not None and found.by == "mpmath" and found.sentence == "tinygrad_mlp is wrong."
    assert found.ulps[0] > 1000 and found.ulps[1] <= 1 and not found.is_rounding
    found = judge(parting("exp", [right], [right * 0.999], [1.1]), NAMES)
    assert found is not None and found.sentence == "torch is wrong."
    found = judge(parting("exp", [np.nan], [np.inf], [1.1]), NAMES)
    assert found is not None and found.sentence == "tinygrad_mlp and torch are wrong."


def test_what_is_off_by_an_ulp_is_rounding() -> None:
    right = np.float32(np.exp(1.1))
    found = judge(parting("exp", [np.nextafter(right, np.float32(9))], [right], [1.1]), NAMES)
    assert found is not None and found.sentence == ROUNDING and found.is_rounding


def test_float64_decides_where_both_frameworks_agree_in_it() -> None:
    x = np.ones((4, 100), np.float32)
    wide = (np.full(4, 2.0), np.full(4, 2.0))
    p = parting("logsumexp", [2.5] * 4, [2.0] * 4, x, text="torch.logsumexp(x0, 1)", float64=wide)
    found = judge(p, NAMES)
    assert found is not None and (found.by, found.right) == ("float64", 2.0)
    assert found.sentence == "tinygrad_mlp is wrong."
    p = parting("logsumexp", [2.5] * 4, [2.0] * 4, x, float64=(np.full(4, 2.5), np.full(4, 2.0)))
    found = judge(p, NAMES)
    assert found is not None and found.right is None
    assert found.sentence == "In float64 tinygrad_mlp and torch differ as much: it is no rounding."


def test_differences_of_the_forward_decide_on_a_gradient() -> None:
    x, g = np.array([0.4, -1.0], np.float32), np.array([2.0, 3.0], np.float32)
    right = 2 * g * x
    call = Call(7, "Square", "function", "script.py", 3, 0)
    p = Parting(
        Event(call, call, COTANGENT, 0, (0, 0)), right * np.float32(1.5), right, (1,), 1.0, [x], 1,
        (Reader(call, call, 1, 0),), (right * 1.5, right), {"text": "torch.square(x0)"}, True, g,
    )  # fmt: skip
    found = judge(p, NAMES)
    assert found is not None and found.right == pytest.approx(right[1], rel=1e-7)
    assert found.sentence == "tinygrad_mlp is wrong."


def test_there_is_no_judgement_of_integers_and_other_shapes() -> None:
    assert judge(parting("exp", [[1.0]], [1.0], [1.0]), NAMES) is None
    p = parting("sign", [1], [2], [1])
    integers = Parting(p.event, np.array([1]), np.array([2]), (0,), 1.0, [], 1)
    assert judge(integers, NAMES) is None


def test_what_cannot_be_reproduced_is_said(tmp_path: Any) -> None:
    nothing: Any = SimpleNamespace(parting=None)
    with pytest.raises(NoCase, match="no call is to blame"):
        write_case(nothing, tmp_path)
    unwritten: Any = SimpleNamespace(parting=parting("exp", [1], [2], [1], described={"text": None}))
    with pytest.raises(NoCase, match="the call of `exp` cannot be written down"):
        write_case(unwritten, tmp_path)
    assert list(tmp_path.iterdir()) == []


def said_by(case: Path, under: str) -> list[str]:
    """The words that a case prints under a framework."""
    command = [sys.executable, str(case), under]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


STEPS = """
import torch
first, second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
groups = [{{"params": first.parameters(), "lr": 0.02}}, {{"params": second.parameters(), "weight_decay": 0.1}}]
optimizer = torch.optim.{}
x = torch.randn(5, 3)
for i in range(4):
    if "tinygrad" in torch.__version__ and i == 3:
        optimizer.param_groups[1]["lr"] = 0.3
    optimizer.zero_grad()
    second(torch.tanh(first(x))).square().mean().backward()
    optimizer.step()
"""


@pytest.mark.parametrize("optimizer", ["Adam(groups, betas=(0.8, 0.99))", "SGD(groups, lr=0.1, momentum=0.9)"])
def test_a_step_of_an_optimiser_is_judged_and_reproduced(optimizer: str, tmp_path: Path) -> None:
    tmp_path.joinpath("script.py").write_text(STEPS.format(optimizer))
    comparison = scripts(str(tmp_path / "script.py"))
    found = comparison.parting
    assert found is not None and (found.call.step, found.call.line) == (4, 12)
    assert found.call.name == f"{optimizer.partition('(')[0]}.step"
    assert "In float64 tinygrad_mlp and torch differ as much: it is no rounding." in str(comparison)
    case = write_case(comparison, tmp_path / "case")
    assert len(case.read_text().splitlines()) <= 10
    for under in ("torch", "tinygrad_mlp"):
        assert float(said_by(case, under)[-1]) == pytest.approx(found.ours[found.index], rel=1e-6)


@pytest.mark.parametrize("under", ["torch", "tinygrad_mlp"])
def test_the_case_shows_the_one_of_several_results_that_differs(under: str, tmp_path: Path) -> None:
    found = parting("sort", [1.0], [2.0], [4.0, 2.0, 3.0], text="torch.sort(x0)")
    found = replace(found, event=replace(found.event, slot=1))
    several: Any = SimpleNamespace(parting=found, ours=SimpleNamespace(arrays_of=lambda call, role: {0: 0, 1: 1}))
    assert said_by(write_case(several, tmp_path), under)[1:3] == ["torch.int64", "(3,)"]
