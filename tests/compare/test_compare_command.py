"""`tinygrad-mlp compare` as a process: its exit codes, its files, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.commands import COMMAND, environment

SCRIPT = """
import sys
import torch
import torch.nn.functional as F
wrong = "tinygrad" in torch.__version__ and sys.argv[1:] == ["wrong"]
x = torch.randn(6, 3)
w = torch.randn(3, 4, requires_grad=True)
for i in range(5):
    h = torch.exp(x @ w * (0.5 if wrong and i == 3 else 1.0))
    loss = torch.log1p(h).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
    print(i, loss.item())
"""


def compare(folder: Path, *args: str, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = environment(*([before] if before else []))
    command = [*COMMAND, "compare", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=200, input="")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script, and three recorded runs: of both frameworks, and a wrong one."""
    place = tmp_path_factory.mktemp("compare")
    place.joinpath("script.py").write_text(SCRIPT)
    for name, under, args in (
        ("ours", "tinygrad_mlp", []),
        ("theirs", "torch", []),
        ("bad", "tinygrad_mlp", ["wrong"]),
    ):
        done = compare(place, "--record", f"{name}.npz", "--under", under, "script.py", *args)
        assert done.returncode == 0 and done.stdout.startswith(f"{name}.npz: 5 steps, "), done.stderr
    return place


@pytest.fixture(scope="module")
def wrong(folder: Path) -> dict:
    """The report of the wrong run as JSON; a case was written."""
    done = compare(folder, "--json", "--write-case", "case", "script.py", "wrong")
    assert done.returncode == 1, done.stderr
    assert "a case for a bug report" in done.stderr
    return json.loads(done.stdout)


def test_the_report_as_json(wrong: dict) -> None:
    assert wrong["schema"] == 1 and wrong["same"] is False and wrong["exact"] is False
    parting = wrong["parting"]
    assert (parting["call"], parting["step"], parting["line"], parting["what"]) == ("mul", 4, 9, "result")
    assert parting["text"] == "torch.Tensor.__mul__(x0, 0.5)" and parting["occurrence"] == 1
    ours, theirs = parting["values"]
    assert theirs == pytest.approx(2 * ours) and parting["difference"] == pytest.approx(abs(ours - theirs))
    assert len(wrong["losses"]["torch"]) == len(wrong["losses"]["tinygrad_mlp"]) == 5
    assert wrong["runs"]["torch"]["steps"] == 5 and wrong["runs"]["torch"]["exit"] == 0
    assert wrong["verdict"].startswith("they part at step 4: the 1st call of `mul`, script.py:9, differs by ")


def test_the_case_runs_under_either(wrong: dict, folder: Path) -> None:
    case = folder / "case" / "case.py"
    assert len(case.read_text().splitlines()) <= 10
    for under, version in (("torch", "2.13.0"), ("tinygrad_mlp", "tinygrad_mlp")):
        command = [sys.executable, str(case), under]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
        assert version in done.stdout, done.stderr
        assert float(done.stdout.split()[-1]) == pytest.approx(wrong["parting"]["values"][0])


def test_two_recorded_runs_are_compared_without_torch(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "torch"
    broken.mkdir()
    broken.joinpath("__init__.py").write_text("raise ImportError('no torch here')")
    done = compare(folder, "ours.npz", "theirs.npz", before=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("same "), done.stderr
    done = compare(folder, "bad.npz", "theirs.npz", before=tmp_path)
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith("they part at step 4: the 1st call of `mul`, script.py:9, differs by "), done.stdout
    assert "A trace keeps no arrays of calls" in done.stdout


def test_a_recorded_run_is_compared_with_the_script(folder: Path) -> None:
    assert compare(folder, "ours.npz", "script.py").stdout.startswith("same to the last bit")
    assert compare(folder, "theirs.npz", "script.py").returncode == 0
    done = compare(folder, "theirs.npz", "script.py", "wrong")
    assert done.returncode == 1 and "`mul`, script.py:9" in done.stdout.splitlines()[0]


def test_a_trace_has_no_paths_of_the_machine(folder: Path) -> None:
    with np.load(folder / "ours.npz") as file:
        head = bytes(file["head"]).decode()
    assert str(folder) not in head and "script.py" in head


def test_steps_and_dtype(folder: Path) -> None:
    done = compare(folder, "--record", "short.npz", "--steps", "2", "--dtype", "float64", "script.py")
    assert done.stdout.startswith("short.npz: 2 steps, ")
    with np.load(folder / "short.npz") as file:
        assert len(file["losses"]) == 2 and json.loads(bytes(file["head"]))["dtypes"][0] == "float64"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nothing.py"], "nothing.py"),
        (["script.npz", "script.py"], "script.npz: No such file or directory"),
        (["ours.npz"], "there is no program to compare"),
        (["--seed", "1"], "there is no program to compare"),
        (["--rtol", "-1", "script.py"], "must be a number that is not negative"),
        (["--dtype", "float16", "script.py"], "invalid choice"),
        (["script.py/x.npz", "script.py"], "script.py/x.npz: Not a directory"),
        (["--record", "no/folder.npz", "script.py"], "no/folder.npz: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(folder: Path, args: list[str], said: str) -> None:
    done = compare(folder, *args)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


def test_without_torch_it_says_how_to_install_it(folder: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'torch' else real(name, *a)\n"
    )
    done = compare(folder, "script.py", before=tmp_path)
    assert done.returncode == 2 and 'pip install "tinygrad_mlp[compare]"' in done.stderr


BY_HAND = """
import numpy as np
rng = np.random.default_rng(1)
x, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
for step in range(3):
    y = x @ w
    loss = (y * y).sum()
    grad_w = x.T @ (3 * y)
    w = w - 0.1 * grad_w
"""
MODEL = """
import torch
x, w = torch.randn(5, 3), torch.randn(3, 2, requires_grad=True)
for step in range(3):
    y = x @ w
    loss = (y * y).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
"""


@pytest.mark.parametrize("order", ["behind", "before"])
def test_two_programs_are_held_by_the_names_of_their_variables(tmp_path: Path, order: str) -> None:
    tmp_path.joinpath("by_hand.py").write_text(BY_HAND)
    tmp_path.joinpath("model.py").write_text(MODEL)
    options = ["--with", "model.py", "--weights-from", "first", "--under", "tinygrad_mlp"]
    done = compare(tmp_path, *(["by_hand.py", *options] if order == "behind" else [*options, "by_hand.py"]))
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("they part in step 1 at the gradient: grad_w = w.grad differs by "), done.stdout
    assert "by_hand.py:8" in done.stdout and "model.py:7" in done.stdout


def test_the_training_of_the_command_is_compared(tmp_path: Path) -> None:
    done = compare(tmp_path, "train", "--epochs", "1", "--hidden", "4", "--batch-size", "256")
    assert done.returncode == 0 and done.stdout.startswith("same "), done.stdout + done.stderr
    assert "parameter Sequential.0.weight" in done.stdout and "Adam" in done.stdout
