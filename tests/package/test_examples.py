"""The five programs end to end: each is a short script, and under one seed each torch program gives torch's losses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support import ROOT
from tinygrad_mlp import examples

FOLDER = Path(examples.__file__).parent
IMPORT = "import tinygrad_mlp as torch"
TORCH_PROGRAMS = ["tensors", "sequential", "optimizer", "custom_module"]
STEPS = 500
# One core each: with two, waiting for one that another test keeps busy takes most of the time.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def python(*args: str, stdin: str = "") -> str:
    """Run the interpreter in a process of its own, which must succeed without a word on stderr; its stdout."""
    done = subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=ENVIRONMENT, input=stdin, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def losses(output: str) -> np.ndarray:
    """The losses that a program printed, after a check of the format that all of them share."""
    lines = [line.split(" ") for line in output.splitlines()]
    assert [step for step, _ in lines] == [str(step) for step in range(STEPS)]
    return np.array([float(loss) for _, loss in lines])


def torch_source(name: str) -> str:
    """The program with its one import changed."""
    source = (FOLDER / f"{name}.py").read_text()
    assert source.count(IMPORT) == source.count("tinygrad_mlp") == 1
    return source.replace(IMPORT, "import torch")


# One process runs all programs under torch: most of its time is the import.
TORCH_SIDE = """
import contextlib, io, json, sys, torch
outputs = {}
for name, source in json.load(sys.stdin).items():
    for dtype in ("float32", "float64"):
        torch.set_default_dtype(getattr(torch, dtype))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(source, name, "exec"), {"__name__": "__main__"})
        outputs[f"{name} {dtype}"] = out.getvalue()
print(json.dumps(outputs))
"""


@pytest.fixture(scope="module")
def torch_outputs() -> dict[str, str]:
    sources = json.dumps({name: torch_source(name) for name in TORCH_PROGRAMS})
    return json.loads(python("-c", TORCH_SIDE, stdin=sources))


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    """What each program prints as it is, in float32."""
    return {name: python("-m", f"tinygrad_mlp.examples.{name}") for name in TORCH_PROGRAMS}


def test_every_example_is_tested() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert names == {"numpy_by_hand", *TORCH_PROGRAMS}


@pytest.mark.parametrize("name", TORCH_PROGRAMS)
def test_float32_losses_are_torchs(name: str, outputs: dict[str, str], torch_outputs: dict[str, str]) -> None:
    ours, theirs = losses(outputs[name]), losses(torch_outputs[f"{name} float32"])
    np.testing.assert_allclose(ours[:100], theirs[:100], rtol=1e-4)
    np.testing.assert_allclose(ours[-1], theirs[-1], rtol=0.05)
    assert ours[-1] < ours[0]


FLOAT64 = """
import runpy, tinygrad_mlp
tinygrad_mlp.set_default_dtype(tinygrad_mlp.float64)
runpy.run_module("tinygrad_mlp.examples.{name}", run_name="__main__")
"""


@pytest.mark.parametrize("name", TORCH_PROGRAMS)
def test_float64_losses_are_torchs(name: str, torch_outputs: dict[str, str]) -> None:
    ours = losses(python("-c", FLOAT64.format(name=name)))
    np.testing.assert_allclose(ours, losses(torch_outputs[f"{name} float64"]), rtol=1e-9)


@pytest.mark.parametrize("name", TORCH_PROGRAMS)
def test_run_gives_the_torch_program_the_same_numbers(name: str, outputs: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(torch_source(name))
    assert python("-m", "tinygrad_mlp", "run", str(script)) == outputs[name]


def test_the_optimizer_does_what_the_loop_over_the_parameters_does(outputs: dict[str, str]) -> None:
    by_hand, optimizer = losses(outputs["sequential"]), losses(outputs["optimizer"])
    np.testing.assert_allclose(optimizer[:100], by_hand[:100], rtol=1e-4)


def test_numpy_by_hand_learns() -> None:
    found = losses(python("-m", "tinygrad_mlp.examples.numpy_by_hand"))
    assert found[-1] < 1e-3 < 1e7 < found[0]
    assert (np.diff(found[::50]) < 0).all()  # at this learning rate the first steps overshoot


# The numbers that the tensors' program draws, handed to the program that knows no tensors.
SAME_NUMBERS = """
import runpy, types, numpy, tinygrad_mlp
tinygrad_mlp.set_default_dtype(tinygrad_mlp.float64)
tinygrad_mlp.manual_seed(1)
draw = types.SimpleNamespace(standard_normal=lambda shape: tinygrad_mlp.randn(shape).numpy())
numpy.random.default_rng = lambda seed: draw
runpy.run_module("tinygrad_mlp.examples.numpy_by_hand", run_name="__main__")
"""


def test_numpy_by_hand_and_tensors_are_the_same_program() -> None:
    by_hand, tensors = python("-c", SAME_NUMBERS), python("-c", FLOAT64.format(name="tensors"))
    np.testing.assert_allclose(losses(by_hand), losses(tensors), rtol=1e-9)
