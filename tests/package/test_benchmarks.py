"""The benchmarks end to end, at `tiny`, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS as CONTENDERS_BY_NAME
from benchmarks.contenders import missing
from benchmarks.files import DEEDS
from benchmarks.imports import own_import_ratio
from benchmarks.optimizers import OPTIMIZERS
from benchmarks.things import THINGS
from support import ROOT

CONTENDERS = ["numpy", "torch", "tinygrad_mlp"]
OUTSIDERS = {
    "hasty": """
from benchmarks.contenders import numpy_step
def build(package, size):
    return numpy_step.build(package, size._replace(lr=2 * size.lr))
""",
    "double": """
import numpy as np
from benchmarks.contenders import numpy_step
def build(package, size):
    step = numpy_step.build(package, size)
    return lambda: np.float64(step())
""",
    "broken": """
def build(package, size):
    raise ValueError("no step today")
""",
}


def run_benchmarks(*arguments: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """One run with everyone: its exit code, its tables, and its figures at `tiny`."""
    folder = tmp_path_factory.mktemp("outsiders")
    for name, source in OUTSIDERS.items():
        (folder / f"{name}_step.py").write_text(source)
    everyone = [*CONTENDERS, *(f"{name}={name}_step" for name in OUTSIDERS), "ghost=no_such_package"]
    figures = folder / "figures.json"
    command = ["--sizes", "tiny", "--contenders", ",".join(everyone), "--rounds", "2", "--json", str(figures)]
    done = run_benchmarks(*command, path=folder)
    assert figures.exists(), done.stderr
    return done.returncode, done.stdout, json.loads(figures.read_text())


@pytest.mark.parametrize("name", CONTENDERS)
def test_contender_is_timed(outcome, name):
    _, tables, figures = outcome
    run = figures["sizes"]["tiny"][name]
    assert run["state"] == "timed", run["detail"]
    assert len(run["blocks"]) == 2
    assert run["median_seconds"] > 0 and run["peak_bytes"] > 0
    assert set(run["ratio_to"]) == {"numpy", "torch"}
    assert run["ratio_to"]["numpy"]["low"] <= run["ratio_to"]["numpy"]["high"]
    assert f"| {name} " in tables


def test_contenders_agree_with_numpy(outcome):
    runs = outcome[2]["sizes"]["tiny"]
    for name in CONTENDERS:
        assert runs[name]["losses"] == pytest.approx(runs["numpy"]["losses"], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "state", "detail"),
    [
        ("hasty=hasty_step", "wrong", "loss 1892."),
        ("double=double_step", "wrong", "float64"),
        ("broken=broken_step", "failed", "ValueError: no step today"),
        ("ghost=no_such_package", "absent", "not installed"),
    ],
)
def test_contender_is_reported_and_not_timed(outcome, name, state, detail):
    _, tables, figures = outcome
    run = figures["sizes"]["tiny"][name]
    assert run["state"] == state and detail in run["detail"]
    assert not run["blocks"]
    assert f"{name}: {state}" in tables


def test_a_contender_without_its_compiler_is_absent(monkeypatch):
    assert missing(CONTENDERS_BY_NAME["torch_compile"]) in ("", "not available, as there is none of c++, g++, clang++")
    monkeypatch.setenv("PATH", "")
    assert missing(CONTENDERS_BY_NAME["torch_compile"]) == "not available, as there is none of c++, g++, clang++"


def test_wrong_and_failed_show_in_the_exit_code(outcome):
    assert outcome[0] == 1


def test_environment_and_imports(outcome):
    figures = outcome[2]
    assert figures["environment"]["cores"] and figures["environment"]["numpy_blas"]
    assert set(figures["environment"]["versions"]) == set(figures["imports"]) == set(CONTENDERS)
    assert figures["imports"]["numpy"]["ratio_to_numpy"] == 1


def test_json_on_stdout_is_all_there_is():
    done = run_benchmarks("--sizes", "tiny", "--contenders", "numpy", "--rounds", "1", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sizes"]["tiny"]["numpy"]["ratio_to"]["numpy"]["median"] == 1


@pytest.mark.parametrize("arguments", [("--sizes", "huge"), ("--contenders", "troch"), ("--rounds", "0")])
def test_unknown_names_get_one_line(arguments):
    done = run_benchmarks(*arguments)
    assert done.returncode == 2
    assert f"error: argument {arguments[0]}" in done.stderr.splitlines()[-1]


def test_small_things_are_a_table_of_ratios():
    done = run_benchmarks("small", "--rounds", "1", "--only", "x[i]")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["x[i]", "x[i] = v", "geometric mean"]
    theirs, ours, ratio = (float(cell) for cell in lines[2].split("|")[2:5])
    assert ratio == pytest.approx(ours / theirs, rel=0.05)


def test_every_small_thing_runs_in_both_packages():
    done = run_benchmarks("small", "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout)["seconds"]
    assert set(seconds) == set(THINGS)
    assert all(times[package][0] > 0 for times in seconds.values() for package in ("torch", "tinygrad_mlp"))


def test_gradients_are_a_table_of_ratios():
    done = run_benchmarks("gradients", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    lines = [line.split("|")[1:4] for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 7 and lines[2][0].strip() == "torch.autograd.gradcheck(fast_mode=True)"
    assert float(lines[2][2]) == 1 and all(float(line[1]) > 0 for line in lines[2:])


def test_files_are_a_table_of_ratios():
    done = run_benchmarks("files", "--rounds", "1", "--megabytes", "1")
    assert done.returncode == 0, done.stderr
    lines = [line.split("|")[1:5] for line in done.stdout.splitlines() if line.startswith("|")][2:]
    assert [line[0].strip() for line in lines] == list(DEEDS)
    assert all(float(cell) > 0 for line in lines for cell in line[1:])


def test_the_import_is_measured_with_and_without_bytecode():
    # In several rounds, because what else runs on the machine can make one import take longer than another.
    assert own_import_ratio(5, bytecode=True) > 0
    assert own_import_ratio(5, bytecode=False) > 0


def test_an_epoch_of_a_loader():
    done = run_benchmarks("loader", "--rounds", "1", "--samples", "300", "--workers", "0,1")
    assert done.returncode == 0, done.stderr
    lines = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [line[0].strip() for line in lines[2:]] == ["0", "1"]
    assert all(float(figure) >= 0 for line in lines[2:] for figure in line)


def test_a_step_of_an_optimiser():
    done = run_benchmarks("optimizers", "--rounds", "1", "--sizes", "100 thousand")
    assert done.returncode == 0, done.stderr
    lines = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [line[0].strip() for line in lines[2:]] == [f"100 thousand: {name}" for name in OPTIMIZERS]
    assert all(float(figure) > 0 for line in lines[2:] for figure in line[1:])
