"""Ten programs as people write them, under torch and under `tinygrad-mlp run`: what they print is compared.

Words must be the same, and numbers agree within a hundredth: float32 rounds otherwise in the two, and some steps of
training make that grow.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import warm_torch
from support.commands import COMMAND, environment
from support.printed import assert_same_output

FOLDER = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("test_"))


def ours(path: Path, folder: Path) -> Any:
    return subprocess.run([*COMMAND, "run", str(path)], cwd=folder, env=environment(), capture_output=True, text=True)


def theirs(path: Path, folder: Path) -> Any:
    return warm_torch.python(str(path), cwd=folder, env=environment())


def printed(run: Callable[[Path, Path], Any], name: str, folder: Path) -> str:
    """What a program prints; it must end without an error, and say nothing on stderr."""
    done = run(FOLDER / f"{name}.py", folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_there_are_ten() -> None:
    assert len(PROGRAMS) == 10


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_output_is_torchs(name: str, tmp_path: Path) -> None:
    assert_same_output(printed(ours, name, tmp_path), printed(theirs, name, tmp_path), tolerance=1e-2)
