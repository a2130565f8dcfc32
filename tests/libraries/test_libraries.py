"""Libraries made for torch, or used beside it, run on this package as they are: what programs with them print.

Each program runs in a process of its own under `tinygrad-mlp run`, or makes this package torch itself. What torch
prints for all of them comes from one process.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import COMMAND, environment
from support.printed import assert_same_output

FOLDER = Path(__file__).parent
TOLERANCES = {  # what training makes of rounding; the others are printed with all digits that agree
    "deepxde_poisson": 2e-2,
    "einops_patches": 1e-4,
    "ignite_trainer": 1e-3,
    "installed": 1e-3,
    "plots_and_tables": 1e-3,
    "safetensors_files": 0.0,
    "skorch_search": 1e-2,
    "torchinfo_summary": 0.0,
}
INSTALLED = "import tinygrad_mlp\n\ntinygrad_mlp.install_as_torch()\n"
DURATION = re.compile(r"took \S+ s")

ALL_UNDER_TORCH = """
import contextlib, runpy, sys

for name in sys.argv[1:]:
    with open(name + ".txt", "w") as file, contextlib.redirect_stdout(file):
        runpy.run_path(name + ".py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def under_torch(tmp_path_factory) -> Path:
    """A folder with what each program prints under torch."""
    folder = tmp_path_factory.mktemp("torch")
    for name in TOLERANCES:
        source = FOLDER.joinpath(f"{name}.py").read_text()
        folder.joinpath(f"{name}.py").write_text(source.replace(INSTALLED, ""))
    command = [sys.executable, "-c", ALL_UNDER_TORCH, *sorted(TOLERANCES, reverse=True)]  # DeepXDE last: it sets dtypes
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_each_program_is_in_the_table() -> None:
    assert sorted(TOLERANCES) == sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("test_"))


@pytest.mark.parametrize("name", TOLERANCES)
def test_the_output_is_torchs(name: str, under_torch: Path, tmp_path: Path) -> None:
    program = FOLDER / f"{name}.py"
    command = [sys.executable] if INSTALLED in program.read_text() else [*COMMAND, "run"]
    done = subprocess.run([*command, str(program)], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ours, theirs = (DURATION.sub("", text) for text in (done.stdout, under_torch.joinpath(f"{name}.txt").read_text()))
    assert_same_output(ours, theirs, TOLERANCES[name])
